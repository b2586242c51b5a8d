"""A trip must fill its days, keep its appointments and take direct flights only."""

from __future__ import annotations

import pytest

from agot.thought import Solution, Task
from agot.verifiers.planning.trips import TripCheck, exact, valid
from tests.bounded import bounded

PROMPT = """You plan to visit 3 European cities for 10 days in total. You only take direct flights to commute between cities. You want to spend 4 days in Rome. You would like to visit Nice for 3 days. You have to attend a workshop in Nice between day 4 and day 6. You plan to stay in Oslo for 5 days. You want to meet a friend in Oslo between day 9 and day 10.

Here are the cities that have direct flights:
Rome and Nice, from Nice to Oslo.

Find a trip plan of visiting the cities for 10 days by taking direct flights to commute between them."""
GOLDEN = """Here is the trip plan for visiting the 3 European cities for 10 days:

**Day 1-4:** Arriving in Rome and visit Rome for 4 days.
**Day 4:** Fly from Rome to Nice.
**Day 4-6:** Visit Nice for 3 days.
**Day 6:** Fly from Nice to Oslo.
**Day 6-10:** Visit Oslo for 5 days."""


def test_golden_plan_is_valid_and_exact() -> None:
    assert valid(PROMPT, GOLDEN) is True and exact(GOLDEN, GOLDEN)


@pytest.mark.parametrize("lines", range(6))
def test_truncated_plan_is_neither(lines: int) -> None:
    plan = "\n".join(GOLDEN.split("\n")[: lines + 1])
    assert valid(PROMPT, plan) is False and not exact(plan, GOLDEN)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Day 1-4", "Day 1-5"),
        ("Day 6-10", "Day 6-9"),
        ("Day 4-6", "Day 5-6"),
        ("Visit Nice", "Visit Bern"),
        ("**Day 6:** Fly from Nice to Oslo", "**Day 5:** Fly from Nice to Oslo"),
        ("Fly from Rome to Nice", "Fly from Oslo to Nice"),
    ],
)
def test_perturbed_plan_is_not_valid(old: str, new: str) -> None:
    assert old in GOLDEN
    assert valid(PROMPT, GOLDEN.replace(old, new)) is False


def test_flight_in_one_direction_and_appointments_bind() -> None:
    back = GOLDEN.replace("Rome", "X").replace("Oslo", "Rome").replace("X", "Oslo")
    assert valid(PROMPT, back) is False
    assert valid(PROMPT.replace("from Nice to Oslo", "from Oslo to Nice"), GOLDEN) is False
    assert valid(PROMPT.replace("between day 4 and day 6", "between day 3 and day 5"), GOLDEN) is False
    assert valid(PROMPT.replace("between day 9 and day 10", "between day 1 and day 6"), GOLDEN) is True
    assert valid(PROMPT.replace("between day 9 and day 10", "between day 1 and day 5"), GOLDEN) is False


@pytest.mark.parametrize(
    "wish",
    [
        "During day 4 and day 6, you have to attend a conference in Nice.",
        "From day 4 to day 6, there is a annual show you want to attend in Nice.",
        "You plan to visit relatives in Nice between day 4 and day 6.",
    ],
)
def test_appointments_in_all_wordings(wish: str) -> None:
    prompt = PROMPT.replace("You have to attend a workshop in Nice between day 4 and day 6.", wish)
    assert valid(prompt, GOLDEN) is True
    assert valid(prompt.replace("day 4", "day 3"), GOLDEN) is False


def test_wish_that_is_not_understood_leaves_the_plan_open() -> None:
    assert valid(PROMPT.replace("You have to", "You must not fly on day 4. You have to"), GOLDEN) is None


def test_verifier_is_silent_on_other_questions() -> None:
    check = TripCheck()
    verdict = check(Task(question=PROMPT), Solution(answer="Stay at home"))
    assert verdict.reward == 0.0 and not verdict.conclusive and verdict.feedback
    assert check(Task(question="Where to?"), Solution(answer=GOLDEN)).reward is None


@pytest.mark.parametrize(
    "unit", ["Day 1-2: ", "Day 1: Visit A ", "A and B, ", "from ", "A B ", "Day 1: Arriving in a ", "1-2"]
)
def test_no_text_takes_long(unit: str) -> None:
    with bounded():
        text = unit * (39_000 // len(unit))
        valid(PROMPT, text)
        valid(PROMPT[:200] + text, text)
        exact(text, GOLDEN)
