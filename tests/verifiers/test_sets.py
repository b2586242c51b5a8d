"""Questions after what lists have in common are worked out; others are left alone."""

from __future__ import annotations

import pytest

from agot.thought import Solution, Task
from agot.verifiers.sets import SetCheck, asked

BOTH = "Which numbers are in both lists [11, 60, 1, 49, 21, 33, 14, 56] and [31, 11, 4, 63, 49, 58, 14]?"


def _verdict(question: str, answer: str) -> tuple[float | None, bool]:
    verdict = SetCheck()(Task(question=question), Solution(answer=answer, strategy="chain"))
    return verdict.reward, verdict.conclusive


@pytest.mark.parametrize(
    ("question", "right"),
    [
        (BOTH, {"11", "14", "49"}),
        ("Find the intersection of the sets {a, b, C} and {c, d, B}.", {"b", "c"}),
        ("What elements do [1.0, -2, +3] and [1, -2.50, 3] share?", {"1", "3"}),
        ("List the union of [3, 1] and [2, 3]", {"1", "2", "3"}),
        ("Which numbers are in the first list but not in the second: [1, 2, 3], [2]?", {"1", "3"}),
        ("Which numbers are in the second list and not in the first? [1, 2] [2, 5]", {"5"}),
        ("Give the symmetric difference of [1, 2] and [2, 3].", {"1", "3"}),
        ("What words are common to ['red', 'sky blue'], ['sky blue', 'green'] and ['sky blue']?", {"sky blue"}),
        ("Which numbers are in both [1] and [2]?", set()),
    ],
)  # fmt: skip
def test_what_is_asked_of_lists_is_worked_out(question: str, right: set[str]) -> None:
    found = asked(question)
    assert found is not None and found.right == right


@pytest.mark.parametrize(
    "question",
    ["How many numbers are in both [1, 2] and [2, 3]?", "What is the largest number in both [1, 2] and [2]?",
     "Which even numbers are in both [1, 2] and [2]?", "What is 3 times what [1] and [2] have in common?", "Which of [1, 2] is in both?",
     "Write a Python function that finds what [1] and [2] have in common.", "Which numbers are in both [[1], 2] and [2]?",
     "Which numbers below 20 are in both [1, 30] and [30, 1]?", "Which letters and numbers are in both [a, 1] and [1]?",
     "In what countries is [1] used, and [2]?"],
)  # fmt: skip
def test_other_questions_are_left_alone(question: str) -> None:
    assert asked(question) is None


@pytest.mark.parametrize(
    ("question", "answer", "verdict"),
    [
        (BOTH, "270", (0.0, True)), (BOTH, "[49, 11, 14]", (1.0, True)), (BOTH, "11, 14 and 49", (1.0, True)), (BOTH, "11, 14", (0.0, True)),
        (BOTH, "The numbers in both lists are 11, 14, 49.", (1.0, True)), (BOTH, "none", (0.0, True)),
        (BOTH, "There are 3 of them: 11, 14, 49", (0.3, False)), (BOTH, "I cannot tell", (None, False)),
        ("Which numbers are in both [1] and [2]?", "None", (1.0, True)), ("Which numbers are in both [1] and [2]?", "[]", (1.0, True)),
        ("Which words are in both [red, blue] and [blue]?", "Blue", (1.0, True)), ("Which words are in both [red, blue] and [blue]?", "red", (0.0, True)),
        ("Which words are in both [red, blue] and [blue]?", "It is blue", (1.0, True)),
    ],
)  # fmt: skip
def test_answers_are_proved_refuted_or_left_open(
    question: str, answer: str, verdict: tuple[float | None, bool]
) -> None:
    assert _verdict(question, answer) == verdict


def test_long_lists_are_read_at_once() -> None:
    numbers = ", ".join(map(str, range(1500)))
    found = asked(f"Which numbers are in both [{numbers}] and [{numbers}]?")
    assert found is not None and len(found.right) == 1500
    assert asked("[" * 19_000) is None and asked("which in both " + "[1,2" * 4_000) is None
