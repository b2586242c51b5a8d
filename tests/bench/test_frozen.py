"""The problems that ship with the package."""

from collections import Counter
from pathlib import Path

import pytest

import agot.bench
from agot.bench import frozen
from agot.bench.scoring import is_right
from agot.bench.twenty_four import makes, numbers_of
from agot.errors import SetupError

FOLDER = Path(agot.bench.__file__).parent / "problems"
NEEDED = {"countdown", "arithmetic", "lists", "strings", "word_problems", "dates", "comparing", "facts"}


def test_all_families_are_there_and_small() -> None:
    assert set(frozen.families()) >= NEEDED
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) <= 400_000


@pytest.mark.parametrize("family", sorted(NEEDED))
def test_reference_answers_are_right_and_splits_are_apart(family: str) -> None:
    problems = frozen.problems(family)
    assert Counter(problem.split for problem in problems) == {"validation": 120, "test": 120}
    assert len({problem.question.casefold() for problem in problems}) == len(problems)
    assert len({problem.id for problem in problems}) == len(problems)
    for problem in problems:
        assert problem.family == family
        assert is_right(problem, problem.answer)
        assert not is_right(problem, "") and not is_right(problem, f"{problem.answer} or not, 7")


def test_every_game_of_24_has_numbers_of_its_own() -> None:
    seen = set()
    for problem in frozen.problems("countdown"):
        numbers = numbers_of(problem.answer)
        assert numbers is not None and numbers.total() == 4 and max(numbers) <= 13
        assert makes(problem.answer, numbers, 24)
        seen.add(tuple(sorted(numbers.elements())))
    assert len(seen) == 240


def test_word_problems_are_short_enough_for_one_chain() -> None:
    assert max(problem.operations for problem in frozen.problems("word_problems")) <= 6


def test_chosen_takes_the_first_of_each_family_once() -> None:
    picked = frozen.chosen("test", ["dates", "lists", "dates"], 2)
    assert [(problem.family, problem.split) for problem in picked] == [("dates", "test")] * 2 + [
        ("lists", "test")
    ] * 2


@pytest.mark.parametrize("family", ["nothing", "../../settings", ""])
def test_refuses_an_unknown_family(family: str) -> None:
    with pytest.raises(SetupError, match="There is no family"):
        frozen.chosen("test", [family])
