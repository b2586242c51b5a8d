"""A proposed meeting is checked against what the prompt says, and beside it by the official exact match."""

from __future__ import annotations

import pytest

from agot.thought import Solution, Task
from agot.verifiers.planning.calendars import CalendarCheck, exact, valid

PROMPT = """You are an expert at scheduling meetings. Here are a few example tasks and solutions:

TASK: You need to schedule a meeting for Ann, Bob and Cleo for half an hour between the work hours of 9:00 to 17:00 on either Monday or Tuesday. \n
Here are the existing schedules for everyone during the days: \nAnn has meetings on Monday during 9:00 to 10:30, 11:00 to 12:00, Tuesday during 9:00 to 9:30; \nBob has blocked their calendar on Monday during 12:00 to 16:00; \nCleohas no meetings the whole week.

{wishes}Find a time that works for everyone's schedule and constraints. \nSOLUTION: """
PLAIN = PROMPT.format(wishes="")


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("Here is the proposed time: Monday, 10:30 - 11:00 ", True),
        ("Here is the proposed time: **Tuesday, 9:30 - 10:00**", True),
        ("Monday, 16:30 to 17:00", True),
        ("Monday, 10:00 - 10:30", False),
        ("Monday, 15:30 - 16:00", False),
        ("Monday, 10:30 - 11:30", False),
        ("Monday, 10:30 - 10:45", False),
        ("Monday, 17:00 - 17:30", False),
        ("Monday, 8:30 - 9:00", False),
        ("Wednesday, 10:30 - 11:00", False),
        ("Monday at some time", False),
        ("", False),
    ],
)
def test_time_must_fit_all_calendars(answer: str, right: bool) -> None:
    assert valid(PLAIN, answer) is right


@pytest.mark.parametrize(
    ("wishes", "answer", "right"),
    [
        ("Bob can not meet on Monday. ", "Monday, 10:30 - 11:00", False),
        ("Bob can not meet on Monday. ", "Tuesday, 9:30 - 10:00", True),
        ("Cleo would like to avoid more meetings on Monday after 16:00. ", "Monday, 16:00 - 16:30", False),
        ("Cleo would rather not meet on Monday before 11:00. ", "Monday, 10:30 - 11:00", False),
        ("Cleo do not want to meet on Monday. Tuesday before 10:00. ", "Tuesday, 9:30 - 10:00", False),
        ("Cleo do not want to meet on Monday. Tuesday before 10:00. ", "Tuesday, 10:00 - 10:30", True),
        ("The group would like to meet at their earlist availability. ", "Monday, 10:30 - 11:00", True),
        ("The group would like to meet at their earlist availability. ", "Monday, 16:00 - 16:30", False),
    ],
)
def test_wishes_are_read_from_the_prompt(wishes: str, answer: str, right: bool) -> None:
    assert valid(PROMPT.format(wishes=wishes), answer) is right


def test_exact_match_is_stricter_than_validity() -> None:
    golden = "Here is the proposed time: Monday, 10:30 - 11:00 "
    assert exact("Monday, 10:30 - 11:00", golden)
    assert not exact("Tuesday, 9:30 - 10:00", golden) and valid(PLAIN, "Tuesday, 9:30 - 10:00")
    assert not exact("", golden)


def test_verifier_names_the_conflict_and_is_silent_on_other_questions() -> None:
    solution = Solution(answer="Monday, 10:00 - 10:30")
    verdict = CalendarCheck()(Task(question=PLAIN), solution)
    assert verdict.reward == 0.0 and verdict.conclusive and "9:00 to 10:30 is taken" in verdict.feedback
    other = CalendarCheck()(Task(question="When shall we meet?"), solution)
    assert other.reward is None


def test_wish_that_is_not_understood_leaves_the_answer_open() -> None:
    for wish in ("Bob prefers mornings. ", "Ann needs to be gone by 11:00. "):
        assert valid(PROMPT.format(wishes=wish), "Monday, 10:30 - 11:00") is None
