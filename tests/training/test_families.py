"""The generators: true equations, plans that recompose, right scoring, disjoint and repeatable streams."""

from __future__ import annotations

import ast
import datetime
import itertools
import random
import re
from collections import Counter
from fractions import Fraction

import pytest

from agot.bench.scoring import is_right
from agot.question import split_material
from agot.thought import Plan, PlannedThought, Task
from agot.verifiers import plans as engine_plans
from training import corrupt, mixture
from training.example import MODES, Problem
from training.families import calendars, countdown
from training.families.common import Planned, between, chunk_sizes
from training.families.plans import check_plan, subproblems
from training.families.registry import FAMILIES

SEEDS = 200
EQUATION = re.compile(r"(?<![\w.#])([-+*/()\d]*\d\)?[-+*/][-+*/()\d]*\d\)*)=(-?\d+)")


def value(text: str) -> Fraction:
    """Return the exact value of compact arithmetic."""

    def of(node: ast.expr) -> Fraction:
        if isinstance(node, ast.Constant):
            assert type(node.value) is int
            return Fraction(node.value)
        if isinstance(node, ast.UnaryOp):
            assert isinstance(node.op, ast.USub)
            return -of(node.operand)
        assert isinstance(node, ast.BinOp)
        a, b = of(node.left), of(node.right)
        if isinstance(node.op, ast.Add):
            return a + b
        if isinstance(node.op, ast.Sub):
            return a - b
        return a * b if isinstance(node.op, ast.Mult) else a / b

    return of(ast.parse(text, mode="eval").body)


def levels(family: str) -> range:
    known = FAMILIES[family]
    return range(known.chain[0], max(known.chain[1], known.plan[1]) + 1)


def every(split: mixture.Split = "test") -> list[object]:
    return [
        pytest.param(family, operations, split, id=f"{family}-{operations}")
        for family in FAMILIES
        for operations in levels(family)
    ]


@pytest.mark.parametrize(("family", "operations", "split"), every())
def test_problems_are_consistent(family: str, operations: int, split: mixture.Split) -> None:
    for index in range(SEEDS):
        problem = mixture.problem_for(split, family, operations, index)
        assert problem.family == family
        assert problem.question.strip() and problem.answer
        assert is_right(problem, problem.answer)
        assert problem.steps and not any("\n" in line or not line.strip() for line in problem.steps)
        assert "\n" not in problem.answer
        for line in problem.steps:
            for left, right in EQUATION.findall(line):
                assert value(left) == int(right), line
        if problem.calc:
            assert value(problem.calc) == int(problem.answer), problem
        check_plan(problem)


@pytest.mark.parametrize(("family", "operations", "split"), every())
def test_the_engine_accepts_the_plans(family: str, operations: int, split: mixture.Split) -> None:
    for index in range(SEEDS // 4):
        problem = mixture.problem_for(split, family, operations, index)
        for planned in (problem, *subproblems(problem)):
            if not planned.plan:
                continue
            question, material = split_material(planned.question)
            thoughts = tuple(
                PlannedThought(key=str(k), question=line) for k, line in enumerate(planned.plan, 1)
            )
            task = Task(question=question, material=material, overall=question)
            verdict = engine_plans.check_plan(
                task, Plan(thoughts=thoughts, final=str(len(thoughts))), verbatim=True
            )
            assert verdict.reward != 0.0, (verdict.feedback, planned)


@pytest.mark.parametrize("family", [name for name, family in FAMILIES.items() if family.plan[1] > 8])
def test_plans_keep_to_their_sizes(family: str) -> None:
    for operations in range(9, FAMILIES[family].plan[1] + 1):
        problem = mixture.problem_for("test", family, operations, 0)
        sizes = [part.operations for part in subproblems(problem)]
        assert len(sizes) >= 2
        assert max(sizes) <= (5 if problem.operations <= 20 and family != "compound" else 12), (
            sizes,
            operations,
        )


def test_chunks_add_up() -> None:
    for total in range(4, 31):
        sizes = chunk_sizes(total)
        assert sum(sizes) == total
        if total > 20:
            assert all(7 <= size <= 12 for size in sizes)
        elif total > 8:
            assert all(3 <= size <= 5 for size in sizes)


def test_generation_is_repeatable() -> None:
    for family in FAMILIES:
        first, second = (mixture.problem_for("test", family, 4, 3) for _ in range(2))
        assert first == second
    one, two = (list(itertools.islice(mixture.examples(5, "train"), 400)) for _ in range(2))
    assert one == two
    assert one != list(itertools.islice(mixture.examples(6, "train"), 400))


def test_splits_do_not_meet() -> None:
    seen: dict[str, set[str]] = {}
    for split in ("train", "validation", "test"):
        seen[split] = {
            mixture.fingerprint(mixture.problem_for(split, family, operations, index).question)
            for family in FAMILIES
            for operations in levels(family)
            if operations > 4
            for index in range(20)
        }
    assert not seen["train"] & seen["test"]
    assert not seen["train"] & seen["validation"]
    assert not seen["validation"] & seen["test"]


def test_fingerprints_ignore_case_and_spacing() -> None:
    assert mixture.fingerprint("What is  3+4?") == mixture.fingerprint("what is 3+4")
    assert mixture.fingerprint("What is 3+4?") != mixture.fingerprint("What is 3+5?")


def test_the_mixture_has_its_shares() -> None:
    total = 6000
    modes: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    for example in itertools.islice(mixture.examples(1, "train"), total):
        modes["value" if mixture.VALUE_SEPARATOR in example.user else example.mode] += 1
        if example.mode == "verify":
            answers[example.output] += 1
        elif example.mode == "decline":
            assert example.chosen and not example.output
        elif example.mode == "plan":
            lines = example.output.split("\n")
            assert [line.split(":")[0] for line in lines] == [
                str(number) for number in range(1, len(lines) + 1)
            ]
        else:
            assert example.output
        assert example.user.strip()
    assert set(modes) == {*MODES, "value"}
    for mode, share in mixture.SHARES.items():
        assert abs(modes[mode] / total * 100 - share) < 4
    assert 0.4 < answers["yes"] / (modes["verify"] + modes["value"]) < 0.6


def test_countdown_knows_what_can_still_be_reached() -> None:
    assert countdown.reachable((1, 4, 7, 8), 24)
    assert countdown.reachable((3, 3, 8, 8), 24)  # 8/(3-8/3): only by way of fractions
    assert not countdown.reachable((1, 1, 1, 1), 24)
    problem = mixture.problem_for("train", "countdown", 3, 0)
    assert countdown.reachable(tuple(sorted(countdown.numbers_of(problem))), countdown.target_of(problem))
    lines, left = countdown.wander(random.Random(1), problem)
    assert len(left) == 4 - len(lines) and str(left[-1]) in lines[-1]


def test_held_out_texts_are_not_trained_on() -> None:
    train = {mixture.outside_for("train", index) for index in range(3000)}
    test = {mixture.outside_for("test", index) for index in range(1000)}
    assert len(test) > 800
    assert len(train & test) < 25


def test_wrong_chains_are_wrong() -> None:
    rng = random.Random(3)
    made = 0
    for family in FAMILIES:
        for index in range(100):
            problem = mixture.problem_for("train", family, min(5, FAMILIES[family].chain[1]), index)
            wrong = corrupt.wrong_chain(rng, problem)
            if wrong is not None:
                made += 1
                assert wrong != problem.chain()
    assert made > 80 * len(FAMILIES)


def test_slips_are_carried_forward() -> None:
    slip = FAMILIES["arithmetic"].slip
    assert slip is not None
    rng = random.Random(4)
    for index in range(200):
        problem = mixture.problem_for("train", "arithmetic", 6, index)
        assert isinstance(problem, Planned)
        lines = slip(problem, rng)
        if lines is None:
            continue
        wrong = [
            line
            for line in lines
            for left, right in EQUATION.findall(line.split(" -> ")[0])
            if value(left) != int(right)
        ]
        assert len(wrong) == 1, lines


def test_dates_agree_with_the_standard_library() -> None:
    rng = random.Random(5)
    for _ in range(2000):
        day = calendars.random_day(rng)
        date = datetime.date(*day)
        assert calendars.weekday(day)[0] == (date.weekday() + 1) % 7
        days = between(rng, -200, 200)
        after = date + datetime.timedelta(days=days)
        assert calendars.shift(day, days, 0)[0] == (after.year, after.month, after.day)
        minutes, start = between(rng, -700, 700) or 1, between(rng, 0, 1439)
        assert calendars.add_clock(start, minutes, 0)[0] == (start + minutes) % 1440


@pytest.mark.parametrize(
    ("family", "answer", "given", "right"),
    [
        ("arithmetic", "1234", "1,234", True),
        ("arithmetic", "12", "12.0", True),
        ("arithmetic", "12", "13", False),
        ("lists", "[1, 7, 4]", "[1,7,4]", True),
        ("lists", "[cat, dog]", "cat, dog", True),
        ("lists", "[1, 7, 4]", "[1, 4, 7]", False),
        ("strings", "abc", "ABC ", True),
        ("dates", "March 5, 2024", "5 March 2024", True),
        ("dates", "March 5, 2024", "2024-03-05", True),
        ("dates", "March 5, 2024", "2024-03-06", False),
        ("dates", "14:05", "2:05 PM", True),
        ("dates", "14:05", "2:05 AM", False),
        ("dates", "1 h 5 min", "65 minutes", True),
        ("dates", "Monday", "monday", True),
        ("countdown", "(8-2)*4", "4*(8-2)", True),
        ("countdown", "(8-2)*4", "(8-2)*4=24", True),
        ("countdown", "(8-2)*4", "8*3", False),
        ("countdown", "(8-2)*4", "8*4-2", False),
        ("countdown", "(8-2)*4", "__import__('os')", False),
        ("countdown", "(8-2)*4", "4*(8-2", False),
        ("facts", "Rome", "", False),
    ],
)
def test_scoring(family: str, answer: str, given: str, right: bool) -> None:
    assert is_right(Problem(family, "?", answer, ()), given) is right
