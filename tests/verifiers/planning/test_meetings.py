"""A day of meetings is carried out step by step; no better one may exist."""

from __future__ import annotations

import pytest

from agot.thought import Solution, Task
from agot.verifiers.planning.meetings import MeetingCheck, day, exact, met, most, valid
from tests.bounded import bounded

PROMPT = """You are visiting San Francisco for the day and want to meet as many friends as possible.

Travel distances (in minutes):
Old Pier to Fisher's Hill: 10.
Old Pier to The Park: 30.
Fisher's Hill to Old Pier: 11.
Fisher's Hill to The Park: 20.
The Park to Old Pier: 30.
The Park to Fisher's Hill: 21.

CONSTRAINTS: You arrive at Old Pier at 9:00AM. Ann will be at Fisher's Hill from 9:30AM to 11:00AM. You'd like to meet Ann for a minimum of 60 minutes. Bob will be at The Park from 10:00AM to 12:30PM. You'd like to meet Bob for a minimum of 90 minutes. Cleo will be at The Park from 10:00AM to 11:30AM. You'd like to meet Cleo for a minimum of 75 minutes.

Your response should start with 'SOLUTION:'."""
GOLDEN = [
    "You start at Old Pier at 9:00AM.",
    "You travel to Fisher's Hill in 10 minutes and arrive at 9:10AM.",
    "You wait until 9:30AM.",
    "You meet Ann for 60 minutes from 9:30AM to 10:30AM.",
    "You travel to The Park in 20 minutes and arrive at 10:50AM.",
    "You meet Bob for 90 minutes from 10:50AM to 12:20PM.",
]
PLAN = "SOLUTION:" + " ".join(GOLDEN)


def test_possible_and_best_plan_is_valid() -> None:
    assert valid(PROMPT, PLAN) is True
    assert valid(PROMPT, "\n".join(GOLDEN)) is True
    asked = day(PROMPT)
    assert asked is not None and most(asked) == 2


@pytest.mark.parametrize("place", range(1, len(GOLDEN)))
def test_truncated_plan_or_plan_without_a_step_is_not_valid(place: int) -> None:
    assert valid(PROMPT, " ".join(GOLDEN[:place])) is False
    assert valid(PROMPT, " ".join(GOLDEN[:place] + GOLDEN[place + 1 :])) is False


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("in 10 minutes", "in 9 minutes"),
        ("arrive at 9:10AM", "arrive at 9:05AM"),
        ("wait until 9:30AM", "wait until 9:00AM"),
        ("Ann for 60 minutes from 9:30AM to 10:30AM", "Ann for 50 minutes from 9:30AM to 10:20AM"),
        ("from 10:50AM to 12:20PM", "from 10:50AM to 12:30PM"),
        ("Bob for 90 minutes from 10:50AM to 12:20PM", "Bob for 120 minutes from 10:50AM to 12:50PM"),
        ("Ann", "Zoe"),
        ("Bob", "Ann"),
        ("The Park in 20", "The Moon in 20"),
        ("start at Old Pier at 9:00AM", "start at Old Pier at 8:00AM"),
    ],
)
def test_perturbed_plan_is_not_valid(old: str, new: str) -> None:
    assert old in PLAN
    assert valid(PROMPT, PLAN.replace(old, new)) is False


def test_official_match_counts_the_meetings() -> None:
    assert met(PROMPT, PLAN) == 2 and exact(PROMPT, PLAN, PLAN) is True
    assert met(PROMPT, " ".join(GOLDEN[:4])) == 1 and exact(PROMPT, " ".join(GOLDEN[:4]), PLAN) is False
    # What the official grader overlooks: an impossible step behind the last meeting.
    assert exact(PROMPT, PLAN + " You travel to The Moon in 5 minutes and arrive at 1:00PM.", PLAN) is True
    assert valid(PROMPT, PLAN + " You travel to The Moon in 5 minutes and arrive at 1:00PM.") is False


def test_verifier_is_silent_on_other_questions() -> None:
    check = MeetingCheck()
    verdict = check(Task(question=PROMPT), Solution(answer=" ".join(GOLDEN[:4])))
    assert verdict.reward == 0.0 and verdict.conclusive and "2 can be met" in verdict.feedback
    assert check(Task(question="Whom?"), Solution(answer=PLAN)).reward is None


@pytest.mark.parametrize(
    "unit", ["You meet ", "You start at ", "You travel to A ", "A to B: 1.\n", "Aa will be at Aa ", "A "]
)
def test_no_text_takes_long(unit: str) -> None:
    with bounded():
        text = unit * (39_000 // len(unit))
        valid(text, text)
        valid(PROMPT, text)
        valid(text[:19_000] + PROMPT, text)
