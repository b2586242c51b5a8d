"""A model's reasoning is told apart from its answer, whole and however a stream cuts it."""

from __future__ import annotations

import random

import pytest

from agot.models.thinking import ThinkingStream, answering, no_answer, separated
from agot.protocols import Completion, TokenLogprob

MARKED = [
    ("<think>\nLet me see\n</think>\n\n63", "63"),
    ("◁think▷21*3 ◁/think▷63", "63"),
    ("[THINK]maybe 64? no.[/THINK]63", "63"),
    ("<unused94>thought\nmaybe 64<unused95>63", "63"),
    ("<thought>x</thought>63", "63"),
    ("<seed:think>x</seed:think>63", "63"),
    ("<think duration=3>\nx\n</think>\n63", "63"),
    ("<reasoning>x</reasoning>\n63", "63"),
    ("<|channel|>analysis<|message|>64?<|end|><|start|>assistant<|channel|>final<|message|>63", "63"),
    (
        "<|channel|>analysis<|message|>a<|start|>assistant<|channel|>commentary<|message|>b<|end|>"
        "<|start|>assistant<|channel|>final<|message|>63",
        "63",
    ),
    ("analysisWe need 63.assistantfinal63", "63"),
    ("<|channel>thought\nabc<channel|>63", "63"),
    ("I will.\n<think>21</think>\nThe answer is 63.", "I will.\nThe answer is 63."),
    ("<think>\nnever closed", ""),
]
PLAIN = [
    "63", "", "  with space ", "[1, 2, 3]", "- [x] a\n- [ ] b\n[link](u)", "<div>\n<p>a</p>\n</div>", "a < b",
    "Use `</think>` here", "analysis of x", "<b>bold</b>", "so\n<",
]  # fmt: skip


@pytest.mark.parametrize(("text", "answer"), [*MARKED, *((text, text) for text in PLAIN)])
def test_whole_and_streamed_texts_give_the_same_answer(text: str, answer: str) -> None:
    parts = separated(text)
    assert parts.answer == answer
    assert "".join(text[begin:end] for begin, end in parts.spans) == answer
    rng = random.Random(7)
    for _ in range(50):
        stream, shown, at = ThinkingStream(), "", 0
        while at < len(text):
            more = rng.randint(1, 6)
            shown += stream.feed(text[at : at + more])
            at += more
        assert shown + stream.finish() == answer


def test_what_comes_before_a_closing_mark_without_an_opening_one_is_reasoning() -> None:
    parts = separated("Okay, so it is 63.\n</think>\n\n63")
    assert (parts.answer, parts.reasoning, parts.lost_opening) == ("63", "Okay, so it is 63.", True)


def test_a_stream_that_begins_as_reasoning_does_is_held_and_another_is_not() -> None:
    held, free = ThinkingStream(watch=True), ThinkingStream(watch=True)
    assert held.feed("Okay, let me") + held.feed(" see.\n</think>\n") + held.feed("63") == ""
    assert held.finish() == "63"
    assert free.feed("It") == "It"


def test_marks_around_the_answer_itself_go() -> None:
    assert separated("<think>x</think><answer>63</answer>").answer == "63"
    wrapped = "<|START_THINKING|>x<|END_THINKING|><|START_RESPONSE|>63<|END_RESPONSE|>"
    assert separated(wrapped).answer == "63"


def test_the_log_probabilities_left_are_those_of_the_answer() -> None:
    tokens = tuple(
        TokenLogprob(token=one, logprob=-0.1) for one in ("<think>", "no", "</think>", "\n", "Yes", ".")
    )
    got = answering(Completion(text="<think>no</think>\nYes.", logprobs=tokens))
    assert (got.text, got.reasoning) == ("Yes.", "no")
    assert [token.token for token in got.logprobs or ()] == ["Yes", "."]


def test_why_there_is_no_answer_is_told() -> None:
    thinker = Completion(text="", reasoning="The answer is 63")
    assert "only reasoned" in no_answer([thinker])
    assert "max_tokens" in no_answer([thinker.model_copy(update={"finish_reason": "length"})])
    assert "called a tool" in no_answer([Completion(text="", finish_reason="tool_calls")])
    assert no_answer([Completion(text="63")]) == no_answer([]) == ""
