"""Tools with side effects in real runs: a person at a real terminal is asked, and nobody else is."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agot.cli.approval import Asker
from agot.cli.ask import approver_for
from agot.cli.view import View
from tests.cli.conftest import Agot
from tests.cli.terminal import ROOT, Terminal
from tests.servers.loopback import Loopback, Reply

pytest.importorskip("mcp")

SERVER = ROOT / "tests" / "tools" / "mcp_server.py"
QUESTION = "[y/N/a]"


class Model:
    """Asks for the texts of each round to be written, and then answers.

    Attributes:
        told: What it was last told of its calls; "" if it never was.
    """

    def __init__(self) -> None:
        self.rounds = [["one"]]
        self.told = ""

    def __call__(self, request: dict[str, Any]) -> Reply:
        said = str(request["messages"][-1]["content"])
        if "help of the tools" not in said:
            return Reply("Yes")
        self.told, done = said, said.count("An earlier call")
        for texts in self.rounds:
            if done == 0:
                calls = [{"name": "small_write", "arguments": {"text": text}} for text in texts]
                return Reply(json.dumps({"thought": "", "calls": calls, "answer": ""}))
            done -= len(texts)
        return Reply(json.dumps({"thought": "", "calls": [], "answer": "ready"}))


@pytest.fixture
def model(home: Path) -> Iterator[Model]:
    """Serve the model, and name it and the server of tools in the settings."""
    model = Model()
    with Loopback(model).in_thread() as server:
        home.mkdir(parents=True)
        (home / "config.toml").write_text(
            f'[roles.fast]\nmodel = "hosted_vllm/test-model"\nbase_url = "{server.base_url}"\n'
            f'[tools.mcp.small]\ncommand = "{sys.executable}"\nargs = ["{SERVER}", "stdio"]\n'
        )
        yield model


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "agot", *arguments]


ASK = ("ask", "Write it.", "--strategy", "tools")


@pytest.mark.slow
def test_a_yes_lets_the_call_be_made_and_the_call_cannot_steer_the_terminal(model: Model) -> None:
    model.rounds = [["\x1b[2Jgone\x9b1mx\u202e\u2028Yes\x7f" + "z" * 9000]]
    terminal = Terminal(command(*ASK))
    terminal.read_until(QUESTION)
    terminal.child.sendline("maybe")
    terminal.read_until("maybe")
    terminal.child.sendline("y")
    assert terminal.read_all() == 0
    assert "wrote" in model.told
    seen = terminal.raw.decode().replace("\r\n", "")
    assert seen.count(QUESTION) == 2 and seen.count("Call small_write") == 1, "asked again in short"
    assert "\\u001b[2Jgone\\u009b1mx[U+202E]\\u2028Yes\\u007fzzz" in seen and "[cut: 8,000 of 9,0" in seen
    assert "\x1b[2J" not in seen and "\x9b" not in seen
    assert "ready" in seen and "Traceback" not in seen
    assert terminal.raw.rindex(b"\x1b[?25h") > terminal.raw.rindex(b"\x1b[?25l")


@pytest.mark.slow
def test_no_answer_is_a_no_and_what_was_typed_before_is_none(model: Model) -> None:
    model.rounds = [["one"], ["two"]]
    terminal = Terminal(command(*ASK))
    terminal.child.sendline("y")
    terminal.read_until(QUESTION)
    terminal.child.sendline("")
    terminal.read_until('"two"')
    terminal.read_until(QUESTION)
    terminal.child.sendeof()
    assert terminal.read_all() == 0
    assert model.told.count("did not approve") == 2 and "wrote" not in model.told


@pytest.mark.slow
def test_always_is_asked_once(model: Model) -> None:
    model.rounds = [["one", "two"], ["three"]]
    terminal = Terminal(command(*ASK))
    terminal.read_until(QUESTION)
    terminal.child.sendline("a")
    assert terminal.read_all() == 0
    assert terminal.raw.count(QUESTION.encode()) == 1
    assert all(f"wrote {text}" in model.told for text in ("one", "two", "three"))


@pytest.mark.slow
def test_ctrl_c_at_the_question_stops_and_a_resume_asks_only_what_is_open(model: Model) -> None:
    model.rounds = [["one"], ["two"]]
    terminal = Terminal(command(*ASK))
    terminal.read_until(QUESTION)
    terminal.child.sendline("y")
    terminal.read_until('"two"')
    terminal.child.sendintr()
    assert terminal.read_all() == 130
    text = "\n".join(terminal.lines())
    assert "Continue: agot resume" in text and "Traceback" not in text
    resumed = Terminal(command("resume", text.rpartition("agot resume ")[2].split()[0]))
    resumed.read_until(QUESTION)
    resumed.child.sendline("y")
    assert resumed.read_all() == 0
    again = "\n".join(resumed.lines())
    assert again.count(QUESTION) == 1 and '"two"' in again and '"one"' not in again
    assert "wrote one" in model.told and "wrote two" in model.told


def test_in_a_pipe_the_call_is_refused_with_the_reason_and_the_run_goes_on(agot: Agot, model: Model) -> None:
    ended = agot(*ASK, stdin=b"y\n")
    assert (ended.code, ended.out) == (0, "ready\n")
    assert ended.err.count("'small_write' has side effects and nobody is here to approve it") == 1
    assert "nobody is here to approve it" in model.told


def test_only_a_person_who_reads_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (sys.stdin, sys.stdout):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    assert isinstance(approver_for("text", View()), Asker)
    assert approver_for("json", View()) is None and approver_for("jsonl", View()) is None
    monkeypatch.setattr(sys, "stdin", None)
    assert approver_for("text", View()) is None
