"""Answers as blocks: nothing lost, nothing twice, formulas as they are; drafts out of unfinished replies."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from agot.cli.answer import Draft, blocks, print_answer
from agot.events import CallFinished, CallStarted, PlanProposed, TextStreamed
from agot.ids import ROOT, ThoughtId
from agot.thought import Usage


def printed(text: str, *, encoding: str = "utf-8") -> str:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, errors="backslashreplace", newline="\n")
    print_answer(Console(file=stream, width=80, markup=False, emoji=False, highlight=False), text)
    stream.flush()
    return raw.getvalue().decode()


def test_code_between_fences_is_one_block() -> None:
    text = "One\nline\n\n```py\na\n\nb\n```\n\n\nlast\n~~~~\nopen\n\n~~~\nstill"
    assert blocks(text) == ["One\nline", "```py\na\n\nb\n```", "last\n~~~~\nopen\n\n~~~\nstill"]


@given(st.text(alphabet="ab\n`~ ", max_size=200))
def test_no_letter_is_lost_and_a_finished_block_stays_as_it_is(text: str) -> None:
    assert "".join("".join(blocks(text)).split()) == "".join(text.split())
    for end in range(0, len(text), 7):
        earlier = blocks(text[:end])
        assert blocks(text)[: max(0, len(earlier) - 1)] == earlier[:-1]


@pytest.mark.parametrize(
    "text",
    [
        "(8-4)*(7-1)*1",
        "a<b and b>c",
        "2**3**4",
        "1984. It rained.",
        "- 5",
        "snake_case_name",
        "[1, 2](3)",
        "x * y * z",
        "~~~",
    ],
)
def test_what_is_no_markup_is_printed_letter_by_letter(text: str) -> None:
    assert printed(text).strip() == text


def test_markup_is_rendered_and_its_text_kept() -> None:
    shown = printed("# Title\n\n- one `a*b*c`\n- two 3*4*5 2**3**4 [1](2) <b> **bold**")
    assert "Title" in shown and "#" not in shown and "•" in shown
    assert all(word in shown for word in ("a*b*c", "3*4*5", "2**3**4", "[1](2)", "<b>", "bold"))
    assert "**bold" not in shown


def test_other_encodings_get_plain_text() -> None:
    assert printed("- one\n- two €", encoding="ascii").split("\n")[:2] == ["- one", "- two \\u20ac"]


def started(purpose: str = "think", thought: ThoughtId = ROOT) -> CallStarted:
    return CallStarted(thought=thought, call="c", purpose=purpose, role="fast", model="m")


def said(text: str, purpose: str = "think", thought: ThoughtId = ROOT) -> TextStreamed:
    return TextStreamed(thought=thought, purpose=purpose, text=text)


@given(st.text(max_size=60), st.integers(min_value=0, max_value=200))
def test_the_answer_of_an_unfinished_reply_is_a_beginning_of_it(text: str, end: int) -> None:
    reply = json.dumps({"kind": "answer", "steps": ['"answer": "no"'], "answer": text})
    draft = Draft()
    draft.apply(started())
    draft.apply(said(reply[:end]))
    got = draft.text()
    # Half of a surrogate pair may be there before the other.
    assert text.startswith((got, got[:-1]))
    draft.apply(said(reply[end:]))
    assert draft.text() == text


def test_only_the_question_itself_is_drafted_and_mixed_texts_are_not() -> None:
    draft = Draft()
    for event in (
        started(),
        said("judged", "judge"),
        said("part", thought=ThoughtId("0.1")),
        said("plain text"),
    ):
        draft.apply(event)
    assert draft.text() == "plain text"
    draft.apply(started("solve"))
    draft.apply(said("mixed"))
    assert draft.text() == ""
    for _ in range(2):
        draft.apply(
            CallFinished(thought=ROOT, call="c", purpose="think", model="m", usage=Usage(), latency_ms=1.0)
        )
    draft.apply(started("solve"))
    draft.apply(said("<think>hm"))
    assert draft.text() == ""
    draft.apply(said("</think> 42"))
    assert draft.text() == "42"


def test_a_plan_is_no_draft_of_an_answer() -> None:
    draft = Draft()
    draft.apply(started())
    for piece in ("**PLAN", "**\n", "1. Who?\n\n", "2. When did #1 live?"):
        draft.apply(said(piece))
        assert "1." not in draft.text()
    draft = Draft()
    draft.apply(started())
    draft.apply(said("1. Who?\n\n2. When?"))
    draft.apply(PlanProposed(graph=ROOT, round=0, count=2))
    assert draft.text() == ""
