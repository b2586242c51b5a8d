"""`agot chat` in real terminals and pipes: answers once, stops as asked, nothing lost, nothing steered."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from agot.stores.database import SqlStore
from tests.cli.conftest import Agot
from tests.cli.terminal import ROOT, Terminal
from tests.servers.loopback import Loopback, Reply

CHAT = [sys.executable, "-m", "agot", "chat"]
SIZES = [(24, 80), (50, 200)]
LONG = "Compute (65+17-(8+5)+7+10*(65+(3+7))-15*(16+1)+(13-6+(24+8))+(6/3+9)-(65-(1+1))+(8*10+(248-2)))*9+9/9"


class Model:
    """Replies by purpose, which is read off the prompt; each may be replaced by a test."""

    def __init__(self) -> None:
        self.understand: Callable[[], Reply] = lambda: Reply("SAME")
        self.think: Callable[[], Reply] = lambda: answer("forty-two")
        self.seen: list[str] = []
        self.base_url = ""

    def __call__(self, request: dict[str, Any]) -> Reply:
        said = str(request["messages"][-1]["content"])
        purpose = (
            "understand"
            if "newest message of a conversation" in said
            else "judge"
            if "Is the proposed solution right?" in said
            else "think"
        )
        self.seen.append(purpose)
        if purpose == "judge":
            return Reply("Yes")
        return self.understand() if purpose == "understand" else self.think()


def answer(text: str, **how: Any) -> Reply:
    return Reply(text, **how)


@pytest.fixture
def model(home: Path) -> Iterator[Model]:
    """Serve the model, and name it in the settings."""
    model = Model()
    with Loopback(model).in_thread() as server:
        model.base_url = server.base_url
        home.mkdir(parents=True)
        (home / "config.toml").write_text(
            f'[roles.fast]\nmodel = "hosted_vllm/test-model"\nbase_url = "{server.base_url}"\nretries = 0\n'
        )
        yield model


async def seen_to_plan(home: Path, base_url: str) -> None:
    """Keep that the served model was seen to write plans."""
    async with await SqlStore.open(f"sqlite:///{home / 'agot.db'}") as store:
        await store.keep_facts(base_url.removesuffix("/v1"), "test-model", {"plans": True})


def text_of(terminal: Terminal) -> str:
    return "\n".join(terminal.lines())


def ready(terminal: Terminal) -> None:
    """Read until the cursor stands at an empty prompt."""
    terminal.read_while(lambda: terminal.screen.display[terminal.screen.cursor.y].strip() not in ("›", ">"))


def say(terminal: Terminal, message: str, until: str) -> None:
    """Type a message at the prompt, and read until something is told of it and the next prompt is there."""
    before = len(terminal.raw)
    terminal.child.send(message + "\r")
    terminal.read_while(
        lambda: until not in _ESCAPES.sub("", terminal.raw[before:].decode("utf-8", "replace"))
    )
    ready(terminal)


_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\r|\n")


def exported(*arguments: str) -> str:
    """Return the last conversation as `agot chat --export` writes it."""
    return subprocess.run(
        [*CHAT, "--export", "", *arguments], capture_output=True, text=True, check=True, cwd=ROOT
    ).stdout


def leave(terminal: Terminal) -> str:
    """Press Ctrl-D at the prompt; return all that could be scrolled back to."""
    terminal.child.send("\x04")
    assert terminal.read_all() == 0
    return text_of(terminal)


@pytest.mark.parametrize("size", SIZES)
def test_each_answer_stands_in_the_scrollback_once(home: Path, size: tuple[int, int]) -> None:
    terminal = Terminal(CHAT, size=size)
    ready(terminal)
    for message in ("What is 6 + 7?", LONG, "What is (17 + 4) * 3?"):
        say(terminal, message, "verified")
    lines = leave(terminal).splitlines()
    turns = json.loads(exported("--output", "json"))["turns"]
    assert len(turns) == 3 and turns[0]["answer"] == "13"
    for turn in turns:
        assert lines.count(turn["answer"]) == 1
    text = "\n".join(lines)
    assert text.count("embedded model answers") == 1 and "agot models add" in text.replace("\n", " ")
    assert " open / " not in text, "no status line is left behind"
    assert text.count("What is 6 + 7?") == 1 and "done " in text and "Traceback" not in text
    assert terminal.raw.rindex(b"\x1b[?25h") > terminal.raw.rindex(b"\x1b[?25l")


@pytest.mark.parametrize("size", SIZES)
def test_a_long_marked_up_answer_is_printed_once_while_it_streams(
    model: Model, size: tuple[int, int]
) -> None:
    parts = [f"Paragraph {n} tells **part {n}** of it." for n in range(40)]
    model.think = lambda: answer(
        "\n\n".join([*parts, "- one\n- two", "```py\nx = 1 < 2 * 3\n```"]), chunk_delay_s=0.002
    )
    for message in ("Tell me all.", "hi"):
        terminal = Terminal(CHAT, size=size)
        ready(terminal)
        say(terminal, message, "x = 1 < 2 * 3")
        ready(terminal)
        text = leave(terminal)
        for n in range(40):
            assert text.count(f"Paragraph {n} tells part {n} of it.") == 1
        assert text.count("x = 1 < 2 * 3") == 1 and " • one" in text
        assert "judged" not in text and "verified" not in text


def test_a_follow_up_is_shown_as_it_was_understood(model: Model) -> None:
    terminal = Terminal(CHAT)
    ready(terminal)
    say(terminal, "Who wrote Hamlet?", "forty-two")
    model.understand = lambda: Reply("Who wrote \x1b]0;owned\x07Faust\u202e?")
    model.think = lambda: answer("Goethe")
    say(terminal, "And Faust?", "Goethe")
    text = leave(terminal)
    assert text.count("understood as: Who wrote Faust[U+202E]?") == 1
    assert model.seen == ["think", "understand", "think"]


def test_one_ctrl_c_ends_the_turn_and_not_the_conversation(model: Model) -> None:
    model.think = lambda: Reply(fault="hang")
    terminal = Terminal(CHAT)
    ready(terminal)
    terminal.child.send("Who wrote Hamlet?\r")
    terminal.read_until("solving")
    terminal.child.sendintr()
    terminal.read_until("/resume goes on")
    ready(terminal)
    model.think = lambda: answer("Shakespeare")
    say(terminal, "/resume", "Shakespeare")
    text = leave(terminal)
    assert text.count("The run was stopped") == 1 and "Traceback" not in text


def test_one_ctrl_c_while_understanding_ends_the_turn(model: Model) -> None:
    terminal = Terminal(CHAT)
    ready(terminal)
    say(terminal, "Who wrote Hamlet?", "forty-two")
    model.understand = lambda: Reply(fault="hang")
    terminal.child.send("And Faust?\r")
    terminal.read_until("understanding")
    terminal.child.sendintr()
    terminal.read_until("/resume goes on")
    ready(terminal)
    assert model.seen.count("think") == 1
    assert "Traceback" not in leave(terminal)


def test_one_ctrl_c_gives_what_is_verified_so_far_as_partial(model: Model, home: Path) -> None:
    asyncio.run(seen_to_plan(home, model.base_url))
    replies = [Reply("PLAN\n1. First?\n2. Then #1?"), answer("the first part"), Reply(fault="hang")]
    model.think = lambda: replies.pop(0) if len(replies) > 1 else replies[0]
    terminal = Terminal(CHAT)
    ready(terminal)
    terminal.child.send("Both, please?\r")
    terminal.read_until("the first part")
    terminal.read_until("thinking")
    terminal.child.sendintr()
    terminal.read_until("partial")
    ready(terminal)
    text = leave(terminal)
    assert re.search(r"^the first part$", text, re.MULTILINE)
    turn = json.loads(exported("--output", "json"))["turns"][0]
    assert (turn["status"], turn["answer"]) == ("interrupted", "the first part")


def test_two_ctrl_c_stop_at_once_and_the_log_is_kept(model: Model) -> None:
    model.think = lambda: Reply(fault="hang")
    terminal = Terminal(CHAT)
    ready(terminal)
    terminal.child.send("Who wrote Hamlet?\r")
    terminal.read_until("solving")
    terminal.child.send("\x03\x03")
    ready(terminal)
    say(terminal, "/cost", "all")
    text = leave(terminal)
    assert "stop" in text and "Traceback" not in text


def test_ctrl_c_at_the_prompt_clears_then_hints_then_leaves(home: Path) -> None:
    terminal = Terminal(CHAT)
    ready(terminal)
    terminal.child.send("half a mess")
    terminal.read_until("half a mess")
    terminal.child.send("\x03")
    ready(terminal)
    terminal.child.send("\x03")
    terminal.read_until("Ctrl-C again leaves")
    ready(terminal)
    terminal.child.send("\x03")
    assert terminal.read_all() == 130
    assert text_of(terminal).count("Ctrl-C again leaves") == 1 and "Traceback" not in text_of(terminal)


def test_ctrl_c_on_a_dumb_terminal_warns_and_then_leaves(home: Path) -> None:
    terminal = Terminal(CHAT, TERM="dumb")
    terminal.read_until("> ")
    terminal.child.sendintr()
    terminal.read_until("Ctrl-C again leaves")
    terminal.child.sendline("What is 6 + 7?")
    terminal.read_while(lambda: not re.search(rb"\n13\r\n.*\n> $", terminal.raw, re.DOTALL))
    terminal.child.sendintr()
    terminal.read_while(lambda: text_of(terminal).count("Ctrl-C again leaves") < 2)
    terminal.child.sendintr()
    assert terminal.read_all() == 130
    assert "Fatal" not in text_of(terminal) and "Traceback" not in text_of(terminal)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_a_pipe_is_silent_ends_quietly(home: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        CHAT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        process.stdin.write("What is 6 + 7?\n")
        process.stdin.flush()
        assert process.stdout.readline() == "13\n"
        time.sleep(0.5)
        process.send_signal(number)
        assert process.wait(timeout=60) == 130
        told = process.stderr.read()
    assert "Fatal" not in told and "Traceback" not in told


@pytest.mark.parametrize("name", ["@1", "abc@", "abc@x"])
def test_what_is_forked_has_to_be_named(agot: Agot, name: str) -> None:
    ended = agot("chat", "--fork", name)
    assert ended.code == 2 and "Write ID, or ID@3" in ended.err


def test_conversations_are_listed_as_json(agot: Agot) -> None:
    agot("chat", stdin=b"What is 6 + 7?\n")
    (listed,) = json.loads(agot("chat", "--list", "--output", "json").out)
    assert listed["title"] == "What is 6 + 7?" and listed["turns"] == 1


def test_a_command_that_is_like_no_other_is_not_guessed_at(agot: Agot) -> None:
    assert "Did you mean /tree?" in agot("chat", stdin=b"/tre\n").err
    assert "Did you mean" not in agot("chat", stdin=b"/xyz\n").err


def test_sigterm_at_the_prompt_leaves_the_terminal_usable(home: Path) -> None:
    terminal = Terminal(CHAT)
    ready(terminal)
    terminal.child.kill(signal.SIGTERM)
    assert terminal.read_all() == 130
    assert "Traceback" not in text_of(terminal) and b"\x1b[?2004l" in terminal.raw


def test_lines_can_be_added_and_history_outlives_the_conversation(model: Model, home: Path) -> None:
    terminal = Terminal(CHAT)
    ready(terminal)
    terminal.child.send("One\\\rtwo\x1b\rthree")
    terminal.read_until("  three")
    terminal.child.send("\r")
    terminal.read_until("forty-two")
    ready(terminal)
    leave(terminal)
    again = Terminal(CHAT)
    ready(again)
    again.child.send("\x1b[A")
    again.read_until("three")
    again.child.send("\x03")
    ready(again)
    again.child.send("\x04")
    assert again.read_all() == 0
    assert (home / "chat_history").stat().st_mode & 0o077 == 0


def test_commands_tell_and_change(model: Model, home: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("Tea at five.")
    terminal = Terminal(CHAT, size=(50, 200))
    ready(terminal)
    say(terminal, "Who wrote Hamlet?", "forty-two")
    say(terminal, "/why", "strategy think: the model is asked as it would be without checks")
    say(terminal, "/why", "the model wrote (solve):")
    say(terminal, "/why 9.9", "There is no thought '9.9'")
    say(terminal, "/evidence", "no part, no tool and no check stands behind the answer")
    say(terminal, "/tree", "Who wrote Hamlet?")
    say(terminal, "/open", "http://127.0.0.1:8765/#01")
    say(terminal, "/strateg", "Did you mean /strategy?")
    say(terminal, "/strategy chain", "strategy: chain")
    say(terminal, "/strategy guess", "There is no strategy 'guess'")
    say(terminal, "/strategy auto", "strategy: auto")
    say(terminal, "/budget calls=9 usd=0.5", "Each message: calls 9, usd 0.5")
    say(terminal, "/budget calls=x", "has no number")
    say(terminal, "/budget off", "no limit")
    say(terminal, "/model", "judge: hosted_vllm/test-model")
    say(terminal, f"/attach {notes}", "next message: notes.txt (12 characters)")
    say(terminal, "/attach /none", "There is no file")
    say(terminal, "/cost", "1 call")
    say(terminal, f"/export {tmp_path / 'talk.json'}", "Written to")
    say(terminal, f"/export {tmp_path / 'talk.json'}", "exists")
    say(terminal, "/fork", "Now in")
    say(terminal, "/undo", "Taken away: Who wrote Hamlet?")
    say(terminal, "/undo", "nothing to take away")
    say(terminal, "/model embedded/pico", "fast: embedded/pico")
    say(terminal, "/help", "/evidence")
    terminal.child.send("/exit\r")
    assert terminal.read_all() == 0
    assert "Traceback" not in text_of(terminal)
    assert json.loads((tmp_path / "talk.json").read_text())["turns"][0]["answer"] == "forty-two"


def test_commands_that_look_at_a_run_say_so_where_there_is_none(agot: Agot) -> None:
    assert "Nothing was said yet" in agot("chat", stdin=b"/why\n").err
    agot("chat", stdin=b"What is 6 + 7?\n")
    run = json.loads(agot("runs", "list", "--output", "json").out)[0]["run_id"]
    agot("runs", "delete", run, "--yes")
    for command in (b"/why", b"/tree", b"/evidence", b"/open"):
        assert "No message has a run" in agot("chat", "--resume", stdin=command).err


def test_a_killed_conversation_is_gone_on_with(model: Model) -> None:
    terminal = Terminal(CHAT)
    ready(terminal)
    say(terminal, "Who wrote Hamlet?", "forty-two")
    model.understand = lambda: Reply("Who wrote Faust?")
    model.think = lambda: Reply(fault="hang")
    terminal.child.send("And Faust?\r")
    terminal.read_until("solving")
    terminal.child.kill(signal.SIGKILL)
    terminal.child.wait()
    model.think = lambda: answer("Goethe")
    model.seen.clear()
    resumed = Terminal([*CHAT, "--resume"])
    resumed.read_until("Turn 2 was not finished")
    ready(resumed)
    say(resumed, "/resume", "Goethe")
    assert "understand" not in model.seen, "what was paid for is not asked again"
    assert leave(resumed).count("Goethe") == 1


@pytest.mark.parametrize(
    ("size", "environment"),
    [
        ((24, 20), {}),
        ((6, 20), {}),
        ((24, 80), {"TERM": "dumb"}),
        ((24, 80), {"NO_COLOR": "1"}),
        ((24, 80), {"LANG": "C", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}),
    ],
    ids=["narrow", "tiny", "dumb", "no colour", "C locale"],
)  # fmt: skip
def test_any_terminal_will_do(model: Model, size: tuple[int, int], environment: dict[str, str]) -> None:
    model.think = lambda: answer("# Über\n\n- größe €\n- 2")
    terminal = Terminal(CHAT, size=size, **environment)
    ready(terminal)
    say(terminal, "Was?", "2")
    say(terminal, "/tree", "Was?")
    terminal.child.send("\x04")
    assert terminal.read_all() == 0
    assert "Traceback" not in text_of(terminal)
    if "TERM" in environment:
        assert b"\x1b[" not in terminal.raw
    if "NO_COLOR" in environment:
        assert re.findall(rb"\x1b\[(?:[\d;]*;)?(?:3[0-7]|9[0-7]|38)[\d;]*m", terminal.raw) == []
    if "LANG" in environment:
        terminal.raw.decode("ascii")


HOSTILE = (
    "A \x1b[2J\x1b]0;owned\x07\x9b31m b \u202egnp.exe\u202c \u2028 [link](http://x.example/\x1b) c\r\x08 ok"
)


@pytest.mark.parametrize("message", ["Who?", "hi"])
def test_a_model_cannot_steer_the_terminal(model: Model, message: str) -> None:
    model.think = lambda: answer(f"{HOSTILE}\n\n# {HOSTILE}\n\nend")
    terminal = Terminal(CHAT)
    ready(terminal)
    say(terminal, message, "end")
    say(terminal, "/why", "think")
    leave(terminal)
    raw = terminal.raw.decode()
    for steering in ("\x1b[2J", "\x1b]0;", "\x9b", "\u202e", "\u2028", "\x08 ok", "\x1b]8;"):
        assert steering not in raw
    assert "[U+202E]gnp.exe" in raw.replace("\r\n", "")


def test_a_pipe_holds_the_answers_and_nothing_else(agot: Agot, model: Model) -> None:
    replies = [answer("one"), answer("two\nlines"), answer("three")]
    model.think = lambda: replies.pop(0)
    ended = agot("chat", stdin=b"Who is it?\n/cost\n\n/tre\nWho wrote Hamlet?\nTell me who\\\nwrote Faust.")
    assert (ended.code, ended.out) == (2, "one\ntwo\nlines\nthree\n")
    assert "Did you mean" in ended.err and "1 call" not in ended.out


def test_a_message_that_cannot_be_asked_gives_an_empty_line_and_the_next_is_answered(
    agot: Agot, model: Model
) -> None:
    ended = agot("chat", stdin=b"a\xff\nWho is it?\nRead @none.txt\n//etc is what?\n")
    assert (ended.code, ended.out) == (2, "\nforty-two\n\nforty-two\n")
    assert "not valid UTF-8" in ended.err and "There is no file 'none.txt'" in ended.err


@pytest.mark.parametrize("times", [1, 2])
def test_a_stop_in_a_pipe_ends_it(model: Model, times: int) -> None:
    model.think = lambda: Reply(fault="hang")
    process = subprocess.Popen(
        [*CHAT, "--verbose"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdin is not None and process.stderr is not None
    process.stdin.write("Who wrote Hamlet?\nWho wrote Faust?\n")
    process.stdin.flush()
    assert process.stderr.readline().startswith("run ")
    for _ in range(times):
        process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "\n")
    assert "Traceback" not in err and model.seen.count("think") <= 1


def test_what_is_not_answered_decides_the_exit_code(agot: Agot) -> None:
    ended = agot("chat", stdin=b"Who wrote Hamlet?\nWhat is 6 + 7?\n")
    assert (ended.code, ended.out) == (3, "\n13\n")
    assert "The embedded model answers" in ended.err
    assert agot("chat", stdin=b"").code == 0


def test_list_resume_fork_and_export(agot: Agot, model: Model) -> None:
    assert agot("chat", "--list").out == ""
    agot("chat", stdin=b"Who is it?\nWho wrote Hamlet?\n")
    listed = agot("chat", "--list").out.splitlines()
    conversation, _, turns, begins, _ = listed[1].split("\t")
    assert (len(listed), turns, begins) == (2, "2", "Who is it?")
    assert agot("chat", "--fork", f"{conversation}@1", stdin=b"Who wrote Faust?\n").out == "forty-two\n"
    assert agot("chat", "--resume", conversation, stdin=b"What is 3 plus 4?\n").out == "forty-two\n"
    told = json.loads(agot("chat", "--export", conversation, "--output", "json").out)
    assert [turn["said"] for turn in told["turns"]] == [
        "Who is it?",
        "Who wrote Hamlet?",
        "What is 3 plus 4?",
    ]
    rows = [line.split("\t") for line in agot("chat", "--list").out.splitlines()[1:]]
    assert sorted(row[2] for row in rows) == ["2", "3"] and f"{conversation}@1" in [row[4] for row in rows]
    assert "> Who wrote Hamlet?" in agot("chat", "--export", conversation).out


@pytest.mark.parametrize(
    "arguments",
    [("hello",), ("--resume", "--list"), ("--fork", "x@y"), ("--strategy", "guess"), ("--resume", "zz"), ("--export", "zz")],
)  # fmt: skip
def test_what_cannot_begin_is_refused_with_words(agot: Agot, arguments: tuple[str, ...]) -> None:
    ended = agot("chat", *arguments, stdin=b"x\n")
    assert ended.code in (1, 2) and ended.out == "" and ended.err.startswith("agot: ")


def test_a_reader_that_goes_away_ends_it_silently(model: Model) -> None:
    program = " ".join(CHAT)
    piped = subprocess.run(
        ["bash", "-c", f"(echo 'Who is it?'; echo 'Who wrote Hamlet?') | {program} | true; echo code ${{PIPESTATUS[1]}}"],
        capture_output=True, text=True, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, timeout=60, check=True,
    )  # fmt: skip
    assert piped.stderr == "" and piped.stdout.startswith("code 1")


def test_a_tool_with_side_effects_is_asked_for_inline(home: Path) -> None:
    pytest.importorskip("mcp")
    told: list[str] = []

    def reply(request: dict[str, Any]) -> Reply:
        said = str(request["messages"][-1]["content"])
        if "help of the tools" not in said:
            return Reply("Yes")
        told.append(said)
        calls = [] if "An earlier call" in said else [{"name": "small_write", "arguments": {"text": "one"}}]
        return Reply(json.dumps({"thought": "", "calls": calls, "answer": "" if calls else "ready"}))

    with Loopback(reply).in_thread() as server:
        home.mkdir(parents=True)
        (home / "config.toml").write_text(
            f'[roles.fast]\nmodel = "hosted_vllm/test-model"\nbase_url = "{server.base_url}"\n'
            f'[tools.mcp.small]\ncommand = "{sys.executable}"\n'
            f'args = ["{ROOT / "tests" / "tools" / "mcp_server.py"}", "stdio"]\n'
        )
        terminal = Terminal([*CHAT, "--strategy", "tools"])
        ready(terminal)
        terminal.child.send("Write it down.\r")
        terminal.read_until("[y/N/a]")
        terminal.child.sendline("y")
        terminal.read_until("unchecked")
        ready(terminal)
        text = leave(terminal)
    assert "wrote" in told[-1] and text.count("[y/N/a]") == 1 and text.splitlines().count("ready") == 1
