"""`agot runs show RUN THOUGHT` and `/why THOUGHT`: how a thought came to its answer, and what the model wrote."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

import agot
from agot.cli.account import explained
from agot.cli.reply import MOST_LINES, WIDTH, Reply, reply_lines
from agot.protocols import ModelRequest
from agot.settings import RoleSettings, Settings
from agot.stores.database import SqlStore
from tests.cli.conftest import Agot
from tests.cli.terminal import Terminal
from tests.scripted import Script, ScriptedModels

SPLIT = (
    "Start with [18, 3, 14, 8]. (1) put 4 at the end. (2) arrange the list in increasing order. (3) put 14 at the end. "
    "(4) flip the first 2 elements. (5) drop the last item. (6) put 9 at the end. (7) delete the first item. "
    "(8) put 11 at the end. (9) reverse the list. (10) drop the first item. (11) put 5 at the end. What is the result?"
)
"""Split by the embedded model, and nothing but a judge can tell whether the parts are right."""


def answer(text: str, *steps: str) -> str:
    return "\n".join((*steps, f"Answer: {text}"))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    async with await SqlStore.open(f"sqlite:///{tmp_path / 'agot.db'}") as store:
        yield store


async def why(
    store: SqlStore, script: Script, thought: str = "root", question: str = "Who wrote Hamlet?", **engine: Any
) -> list[str]:
    """Ask a model by script, and return what is told of a thought."""
    models = ScriptedModels(script, dialect="standard", native_n=True)
    settings = Settings.model_validate(
        {"roles": {"fast": RoleSettings(model="scripted/model")}, "engine": engine}
    )
    async with agot.Reasoner(settings, models=models, store=store) as reasoner:
        result = await reasoner.ask(question)
    return await explained(store, result.run_id, thought)


# -- with the embedded model -----------------------------------------------------------------------


def test_a_run_whose_parts_were_judged_is_told_so_everywhere(agot: Agot) -> None:
    run = json.loads(agot("ask", SPLIT, "--output", "json").out)["run_id"]
    nodes = json.loads(agot("runs", "show", run, "--output", "json").out)["graph"]["nodes"]
    parts = {node["id"]: node["reward"] for node in nodes if node["parent_graph"] == "root"}
    weak = min(parts, key=lambda name: parts[name])
    words = f"every part judged, weakest {weak}: {parts[weak]:.2f}"
    shown = agot("runs", "show", run).out
    assert shown.count(words) == 2 and "verified" not in shown
    lines = agot("runs", "show", run, "root").out.splitlines()
    assert f"  composition: {words}" in lines
    listed = [line.strip() for line in lines if line.startswith("    ")]
    assert [line.partition(" ")[0] for line in listed] == list(parts)
    assert [line.startswith(f"{weak} ({parts[weak]:.2f}, judged, the weakest): ") for line in listed] == [
        name == weak for name in parts
    ]
    last = list(parts)[-1]
    assert lines[-1] == f"  the answer is that of {last}: look there for what the model wrote"
    last_lines = agot("runs", "show", run, last).out.splitlines()
    given = next(node["answer"] for node in nodes if node["id"] == last)
    assert "  strategy think, answered as chain" in last_lines
    assert "  the model wrote (think):" in last_lines and last_lines[-1] == f"    answer: {given}"


@pytest.mark.parametrize("kind", ["xterm-256color", "dumb"])
def test_the_line_below_an_answer_says_how_its_parts_were_checked(kind: str) -> None:
    terminal = Terminal([sys.executable, "-m", "agot", "ask", SPLIT], size=(50, 120), TERM=kind)
    assert terminal.read_all() == 0
    text = "\n".join(terminal.lines())
    assert re.search(r"^every part judged, weakest 0\.\d: 0\.\d\d · run \w+$", text, re.MULTILINE)
    assert "verified" not in text


def test_a_chat_tells_the_same_and_looks_past_a_message_without_a_run(agot: Agot) -> None:
    said = f"{SPLIT}\n/why 0.1\n/why\nAnd then reverse it?\n/why 0.1\n/tree\n/evidence 0.1\n/open 0.1\n"
    told = agot("chat", stdin=said.encode()).err
    run = json.loads(agot("runs", "list", "--output", "json").out)[0]["run_id"]
    which = f"The last message has no run; this is of message 1, {SPLIT[:39] + '…'!r}, run {run}:"
    before, declined, after = told.partition("No answer was good enough")
    assert declined and which not in before and after.count(which) == 4
    for thought in ("root", "0.1"):
        lines = [f"agot: {line}" for line in agot("runs", "show", run, thought).out.splitlines()]
        assert "\n".join(lines) in before
        assert ("\n".join(lines) in after) == (thought == "0.1")
    assert f"http://127.0.0.1:8765/#{run}/0.1" in after
    assert after.count("composition: every part judged") == 1, "the tree"


def test_recomputed_parts_are_verified(agot: Agot) -> None:
    question = "Compute (65+17-(8+5)+7+10*(65+(3+7))-15*(16+1)+(13-6+(24+8)))*9+9/9"
    run = json.loads(agot("ask", question, "--output", "json").out)["run_id"]
    shown = agot("runs", "show", run).out
    assert shown.count("verified: ") == 1 and "judged" not in shown
    listed = [line for line in agot("runs", "show", run, "root").out.splitlines() if line.startswith("    ")]
    assert len(listed) > 1 and all(" (1.00, verified): " in line for line in listed)


@pytest.mark.parametrize("thought", ["0.9", "nonsense \x1b[2J"])
def test_an_unknown_thought_is_told_with_those_that_there_are(agot: Agot, thought: str) -> None:
    run = json.loads(agot("ask", "What is 6 + 7?", "--output", "json").out)["run_id"]
    ended = agot("runs", "show", run, thought)
    assert (ended.code, ended.out) == (2, "") and "\x1b" not in ended.err
    assert ended.err.startswith("agot: There is no thought") and "There are: root." in ended.err
    refused = agot("runs", "show", run, "root", "--output", "json")
    assert (refused.code, refused.out) == (2, "") and f"agot runs export {run}" in refused.err


# -- the reply -------------------------------------------------------------------------------------


async def test_the_reply_is_that_of_the_answer_and_not_of_one_that_was_rejected(store: SqlStore) -> None:
    replies = ["7 + 5 = 13\nAnswer: 13", "I count on.\n**It** is more.\nAnswer: 12"]

    def script(request: ModelRequest) -> str:
        return replies.pop(0) if len(replies) > 1 else replies[0]

    lines = await why(store, script, question="What is 7 + 5?", strategy="chain")
    assert any("tried again" in line for line in lines)
    assert lines[-4:] == [
        "  the model wrote (solve):", "    I count on.", "    **It** is more.", "    Answer: 12",
    ]  # fmt: skip


async def test_of_several_samples_the_one_that_gave_the_answer_is_told(store: SqlStore) -> None:
    def script(request: ModelRequest) -> str | list[str]:
        if request.purpose == "judge":
            return "Yes"
        return [f"{n}: not [-5, 3].\n**Answer:** {'[-5, 3]' if n else '7'}" for n in range(request.n)]

    lines = await why(store, script, strategy="vote")
    assert lines[-2:] == ["    1: not [-5, 3].", "    **Answer:** [-5, 3]"]


async def test_the_reply_of_an_answer_put_together_by_a_model_is_that_of_putting_together(
    store: SqlStore,
) -> None:
    await store.keep_facts("", "scripted", {"plans": True})

    def script(request: ModelRequest) -> str:
        if request.purpose == "final":
            return answer("both", "First and second.")
        if request.messages[-1].content.startswith("Who wrote Hamlet?"):
            return "PLAN\n1. What is 3 + 4?\n2. What is 8 - 5?"
        return answer("7" if "3 + 4" in request.messages[-1].content else "3")

    lines = await why(store, script)
    assert lines[-3:] == ["  the model wrote (final):", "    First and second.", "    Answer: both"]
    assert "    0.0 (1.00, verified): What is 3 + 4? -> 7" in lines


async def test_a_run_without_an_answer_ends_without_a_reply(store: SqlStore) -> None:
    lines = await why(store, lambda request: "13", question="What is 7 + 5?", strategy="chain", retries=0)
    assert "the model wrote" not in str(lines) and "abstained" in str(lines)


async def test_a_hostile_reply_is_told_harmlessly(store: SqlStore) -> None:
    hostile = "A \x1b[2J\x1b]0;owned\x07\x9b31m b \u202egnp.exe\u202c \u2028 c\r\x08 ok"
    lines = await why(store, lambda request: "Yes" if request.purpose == "judge" else answer("x", hostile))
    text = "\n".join(lines)
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2028]", text)
    assert "[U+202E]gnp.exe" in text


@pytest.mark.parametrize(("count", "rest"), [(3, ""), (10, ""), (11, "1 more line"), (500, "490 more lines")])
def test_a_long_reply_is_cut_and_says_where_all_of_it_is(count: int, rest: str) -> None:
    lines = reply_lines(Reply("solve", "\n\n".join(f"step {n}" for n in range(count))), "01aaaa")
    assert lines[1:11] == [f"  step {n}" for n in range(min(count, MOST_LINES))]
    assert lines[11:] == (
        [f"  [{rest}; all of it: agot runs export 01aaaa, or the page: agot serve]"] if rest else []
    )


def test_long_lines_are_wrapped_and_count_as_what_they_take() -> None:
    lines = reply_lines(Reply("solve", "word " * 1000), "01aaaa")
    assert len(lines) == MOST_LINES + 2 and all(len(line) <= WIDTH + 2 for line in lines[:-1])
    assert re.search(r"\[\d\d more lines; ", lines[-1])


def test_what_a_model_thought_before_its_reply_is_counted_and_not_shown() -> None:
    lines = reply_lines(Reply("think", "<think>hm\nwell</think>\nsteps\nanswer: 5"), "01aaaa")
    assert lines[1:3] == ["  steps", "  answer: 5"] and lines[3].startswith("  [2 more lines; ")
