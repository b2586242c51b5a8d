"""The live screen in a 24x80 terminal: nothing twice, nothing too tall, a usable end."""

from __future__ import annotations

import re

import pytest

from tests.cli.fake import RUN, command
from tests.cli.terminal import Terminal


@pytest.mark.parametrize("count", [3, 30])
def test_each_thought_is_printed_once_and_folds_when_there_are_many(count: int) -> None:
    terminal = Terminal(command("ask", f"grow {count}"))
    assert terminal.read_all() == 0
    text = "\n".join(terminal.lines())
    for index in range(count):
        assert text.count(f"part-0.{index} of it") <= 1
    if count == 3:
        assert text.count("part-0.2 of it") == 1
    assert text.count("verified: arithmetic recomputed, judge 0.93") == 1
    assert text.count(RUN) == 1
    assert "planning ·" not in text and "solving ·" not in text, "the status line is left behind"


def test_live_rows_stay_below_the_limit() -> None:
    terminal = Terminal(command("ask", "grow 40"))
    terminal.read_until("open /")
    shown = [line for line in terminal.screen.display if line.strip()]
    assert len(shown) <= 13
    assert terminal.read_all() == 0


def test_one_ctrl_c_says_so_and_gives_the_partial_answer() -> None:
    terminal = Terminal(command("ask", "wait"))
    terminal.read_until("open /")
    terminal.child.sendintr()
    assert terminal.read_all() == 130
    text = "\n".join(terminal.lines())
    assert "partly" in text and "partial" in text and "Traceback" not in text
    assert b"\x1b[?25h" in terminal.raw, "the cursor is shown again"


def test_two_ctrl_c_leave_the_cursor_visible() -> None:
    terminal = Terminal(command("ask", "stubborn"))
    terminal.read_until("open /")
    terminal.child.sendintr()
    terminal.read_until("stops at once")
    terminal.child.sendintr()
    assert terminal.read_all() == 130
    assert terminal.raw.rindex(b"\x1b[?25h") > terminal.raw.rindex(b"\x1b[?25l")


def test_no_color_is_honoured() -> None:
    terminal = Terminal(command("ask", "grow 3"), NO_COLOR="1")
    assert terminal.read_all() == 0
    colours = re.findall(rb"\x1b\[(?:[\d;]*;)?(?:3[0-7]|9[0-7]|38)[\d;]*m", terminal.raw)
    assert colours == []


def test_a_model_cannot_steer_the_terminal() -> None:
    terminal = Terminal(command("ask", "answer \x1b]0;owned\x07\x1b[2Jgone"))
    assert terminal.read_all() == 0
    assert b"\x1b]0;owned" not in terminal.raw and b"\x1b[2J" not in terminal.raw


def test_a_dumb_terminal_gets_lines() -> None:
    terminal = Terminal(command("ask", "grow 3"), TERM="dumb")
    assert terminal.read_all() == 0
    assert b"\x1b[" not in terminal.raw
    assert b"0.2: done -> value-0.2" in terminal.raw
