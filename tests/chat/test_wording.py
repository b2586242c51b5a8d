"""What the words of a message tell by themselves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.chat.wording import is_small_talk, needs_what_was_said, refers_back, stands_alone


@pytest.mark.parametrize(
    "message", ["hi", "Hello!", "thank you :)", "How's it going?", "good morning", "Danke schön."]
)
def test_greetings_are_small_talk(message: str) -> None:
    assert is_small_talk(message)


@pytest.mark.parametrize(
    "message",
    [
        "",
        "hi 2",
        "thanks, and why?",
        "hello world program in C",
        "ok=1",
        "What is 2+2?",
        "bye the way",
        "hi " * 9,
    ],
)
def test_what_asks_something_is_no_small_talk(message: str) -> None:
    assert not is_small_talk(message)


@pytest.mark.parametrize(
    "message",
    ["And in Bergen?", "why", "What is its capital?", "What is the capital?", "What about them instead?", "Wie groß ist er?",
     "Was kostet das Buch heute?", "Wie viele Einwohner hat es denn?", "How much is that in euros?", "17", "", "What is 1 more than before?"],
)  # fmt: skip
def test_what_may_lean_on_what_was_said_never_stands_alone(message: str) -> None:
    assert not stands_alone(message)


def test_what_holds_everything_stands_alone() -> None:
    assert stands_alone("What is 17 * 23 + 4?")
    assert stands_alone("How many people live in Oslo?")


def test_leaning_words_are_seen() -> None:
    assert refers_back("And times 2?") and needs_what_was_said("And times 2?")
    assert refers_back("Now reverse [1, 2, 3]") and not needs_what_was_said("Now reverse [1, 2, 3]")
    assert not refers_back("Reverse the list [1, 2, 3].")


@given(st.text(max_size=2000))
def test_any_text_is_judged(message: str) -> None:
    assert not (stands_alone(message) and refers_back(message))
    is_small_talk(message)
