"""Everyday problems: right work in every wording, wordings kept apart, questions that lack a number."""

import random
import re
from fractions import Fraction

import pytest

from agot.bench.scoring import is_right
from training import corrupt, mixture
from training.everyday import near, registry
from training.everyday.wording import Speaker, Wordings, in_words, nth
from training.everyday.work import Work, is_worked, shown, slip
from training.families.common import Planned

_EQUATION = re.compile(r"(?<![-+*/.\d])(-?[\d.]+)([-+*/])\(?(-?[\d.]+)\)?=(-?[\d.]+)")


@pytest.mark.parametrize("kind", registry.KINDS)
def test_everyday_problems_are_worded_and_worked_out(kind: str) -> None:
    for index in range(150):
        problem = mixture.everyday_for("test", kind, index)
        assert problem.family == registry.KINDS[kind][0]
        assert problem.question.strip() and not re.search(r"[{}\x01\x02|]", problem.question), (
            problem.question
        )
        assert problem.answer and is_right(problem, problem.answer)
        assert problem.steps and all(line.strip() and "\n" not in line for line in problem.steps)
        for line in problem.steps:
            for a, sign, b, c in _EQUATION.findall(line):
                left, right = Fraction(a), Fraction(b)
                value = {"+": left + right, "-": left - right, "*": left * right}.get(sign)
                assert Fraction(c) == (left / right if value is None else value), line


def test_no_held_out_wording_is_trained_on() -> None:
    bank = Wordings("\n".join(f"wording {number}" for number in range(40)))
    sides = [set(bank.train), set(bank.judged), set(bank.held)]
    assert sum(map(len, sides)) == 40 and all(sides)
    assert not sides[0] & sides[1] and not sides[0] & sides[2] and not sides[1] & sides[2]


def test_brackets_are_alternatives_that_may_be_nested() -> None:
    bank = Wordings("[How many|What [number|amount] of] {o}[ now|]?")
    s = Speaker(random.Random(1))
    told = {s.say(bank, o="apples") for _ in range(200)}
    heads = ("How many", "What number of", "What amount of")
    assert told == {f"{head} apples{tail}?" for head in heads for tail in ("", " now")}


def test_a_bracket_left_open_is_refused() -> None:
    with pytest.raises(ValueError, match="not closed"):
        Wordings("[How many|What")


def test_an_outside_story_lacks_one_of_its_numbers() -> None:
    s = Speaker(random.Random(2))
    s.spelled = 0.0
    text = f"Ana has {s.n(14)} apples and buys {s.n(9)}."
    told = s.finish(text, missing=True, dress=False)
    assert told is not None and ("14" in told) != ("9" in told)
    assert s.finish("Ana has apples.", missing=True) is None


def test_near_questions_are_filled_in() -> None:
    for index in range(2000):
        text = near.declined(Speaker(random.Random(index)))
        assert text.strip() and not re.search(r"\{\w", text.replace("{l}", "{")), text


def test_a_slip_is_carried_to_the_answer() -> None:
    work = Work()
    both = work.add("apples", 14, "+", 9)
    work.add("apples", both, "-", 5)
    rng = random.Random(3)
    made = [wrong for wrong in (work.slipped(rng) for _ in range(100)) if wrong is not None]
    assert len(made) > 50 and all(wrong.last != work.last for wrong in made)
    assert work.expression() == "14+9-5" and shown(work.last) == "18"


def test_wrong_chains_of_everyday_problems_differ_from_the_right_one() -> None:
    rng, worked = random.Random(4), 0
    for index in range(600):
        problem = registry.problem(random.Random(index), "train")
        wrong = corrupt.wrong_chain(rng, problem)
        assert wrong != problem.chain()
        if is_worked(problem):
            lines = slip(problem, rng)
            worked += lines is not None
            assert lines is None or lines[-1] != f"answer: {problem.answer}"
    assert worked > 150


def test_names_for_numbers() -> None:
    assert (in_words(7), in_words(40), in_words(85), in_words(312)) == (
        "seven",
        "forty",
        "eighty-five",
        "three hundred and twelve",
    )
    assert [nth(number) for number in (1, 2, 3, 11, 12, 22, 30)] == [
        "1st",
        "2nd",
        "3rd",
        "11th",
        "12th",
        "22nd",
        "30th",
    ]


def test_everyday_chains_are_short_enough_to_be_chosen() -> None:
    problems = [registry.problem(random.Random(index), "held") for index in range(300)]
    assert all(isinstance(problem, Planned) and problem.operations <= 8 for problem in problems)
