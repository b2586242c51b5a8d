"""The training mixture: an endless deterministic stream of examples, and problems for evaluation.

Splits draw from disjoint seed spaces: the generator state of every stream is seeded with a string
that begins with the name of the split (hashed with SHA-512 by `random.seed`), so no training stream
can start from a state of a validation or test problem. Short questions (one or two operations) come
from a small space and can still coincide; `fingerprint` lets an evaluation drop those.
"""

from __future__ import annotations

import hashlib
import random
import re
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Literal

from training import corrupt, outside
from training.everyday import registry as everyday
from training.everyday.wording import Side
from training.example import Example, Problem
from training.families import countdown
from training.families.common import PLAN_ABOVE, between
from training.families.plans import subproblems
from training.families.registry import CHAIN_LIMIT, FAMILIES

Split = Literal["train", "validation", "test"]

SHARES = {
    "chain": 60, "plan": 8, "decline": 11, "verify": 11, "value": 4, "direct": 3, "synth": 2, "calc": 1,
}  # fmt: skip
"""Percent of the examples per mode; "value" is the verify mode asked about the first lines of a chain."""
EVERYDAY = 0.55
"""Share of the problems answered by chains that come in everyday wording."""
NEAR = 0.45
"""Share of the questions to decline whose wording is close to the everyday problems."""
FORCED_PLAN = 0.3
"""Share of the plan examples with 4 to 8 operations, where the caller forces the plan."""
SUB_QUESTION = 0.15
"""Share of the chain examples which are sub-questions of plans."""
CHAIN_OPERATIONS = (0, 11, 11, 14, 14, 14, 12, 10, 10, 5, 5)
"""Weight of each number of operations among chains (index = operations)."""
VERIFY_SEPARATOR = "\nProposed:\n"
VALUE_SEPARATOR = "\nProposed so far:\n"
KNOWN_SEPARATOR = "\nKnown:\n"

_MODES = tuple(SHARES)
_MODE_CUMULATIVE = list(accumulate(SHARES.values()))
_FAMILY_NAMES = tuple(FAMILIES)
_FAMILY_CUMULATIVE = list(accumulate(family.weight for family in FAMILIES.values()))
_PLANNERS = tuple(name for name in FAMILIES if FAMILIES[name].plan[1] > PLAN_ABOVE)
_PLAN_CUMULATIVE = list(accumulate(FAMILIES[name].weight for name in _PLANNERS))
_FORCED = tuple(name for name in FAMILIES if FAMILIES[name].plan[1] >= 4)
_FORCED_CUMULATIVE = list(accumulate(FAMILIES[name].weight for name in _FORCED))
_OPERATION_CUMULATIVE = list(accumulate(CHAIN_OPERATIONS))


def _weighted(rng: random.Random, cumulative: Sequence[float]) -> int:
    return bisect(cumulative, rng.random() * cumulative[-1])


def _short(rng: random.Random) -> Problem:
    """Return a problem that a chain answers."""
    if rng.random() < EVERYDAY:
        return everyday.problem(rng, "train")
    family = FAMILIES[_FAMILY_NAMES[_weighted(rng, _FAMILY_CUMULATIVE)]]
    low, high = family.chain
    operations = _weighted(rng, _OPERATION_CUMULATIVE)
    if not low <= operations <= high:
        operations = low + int(rng.random() * (high - low + 1))
    return _trained(family.generate, rng, operations)


def _trained(
    generate: Callable[[random.Random, int], Problem], rng: random.Random, operations: int
) -> Problem:
    """Return a problem that is not kept for evaluation."""
    while True:
        problem = generate(rng, operations)
        if problem.family != "countdown" or not countdown.held_out(problem):
            return problem


def _long(rng: random.Random) -> Problem:
    """Return a problem that the model should choose to plan."""
    while True:
        family = FAMILIES[_PLANNERS[_weighted(rng, _PLAN_CUMULATIVE)]]
        low, high = max(PLAN_ABOVE + 1, family.plan[0]), family.plan[1]
        operations = low + int(rng.random() ** 1.3 * (high - low + 1))
        problem = family.generate(rng, operations)
        if problem.plan and problem.operations > PLAN_ABOVE:
            return problem


def _middle(rng: random.Random) -> Problem:
    """Return a problem with a plan that only a caller would force."""
    while True:
        family = FAMILIES[_FORCED[_weighted(rng, _FORCED_CUMULATIVE)]]
        low, high = max(2, family.plan[0]), min(PLAN_ABOVE, family.plan[1])
        if low > high:
            continue
        problem = family.generate(rng, low + int(rng.random() * (high - low + 1)))
        if problem.plan and problem.operations <= PLAN_ABOVE:
            return problem


def _leaf(rng: random.Random, problem: Problem) -> Problem:
    """Return a random sub-question of a plan, at the level where chains answer."""
    while problem.operations > PLAN_ABOVE:
        parts = subproblems(problem)
        if not parts:
            break
        problem = parts[int(rng.random() * len(parts))]
    return problem


def _chain(rng: random.Random) -> Example:
    if rng.random() < SUB_QUESTION:
        parts = subproblems(_middle(rng) if rng.random() < 0.3 else _long(rng))
        problem = _leaf(rng, parts[int(rng.random() * len(parts))])
    else:
        problem = _short(rng)
    if problem.operations > CHAIN_LIMIT:
        return _plan_example(problem, True)
    return Example(problem.question, "chain", problem.chain(), problem.operations <= PLAN_ABOVE)


def _plan_example(problem: Problem, chosen: bool) -> Example:
    return Example(problem.question, "plan", problem.plan_text(), chosen)


def _plan(rng: random.Random) -> Example:
    if rng.random() < FORCED_PLAN:
        return _plan_example(_middle(rng), False)
    problem = _long(rng)
    if problem.operations > 20 and rng.random() < 0.4:
        parts = [part for part in subproblems(problem) if part.plan and part.operations > PLAN_ABOVE]
        if parts:
            problem = parts[int(rng.random() * len(parts))]
    return _plan_example(problem, True)


def _verify(rng: random.Random) -> Example:
    problem = _short(rng)
    wrong = corrupt.wrong_chain(rng, problem) if rng.random() < 0.5 else None
    text = problem.chain() if wrong is None else wrong
    return Example(f"{problem.question}{VERIFY_SEPARATOR}{text}", "verify", "yes" if wrong is None else "no")


def value_example(question: str, lines: Sequence[str], promising: bool) -> Example:
    """Return the question whether a chain that begins with these lines can still end in the right answer."""
    user = f"{question}{VALUE_SEPARATOR}" + "\n".join(lines)
    return Example(user, "verify", "yes" if promising else "no")


def _value(rng: random.Random) -> Example:
    while True:
        problem = _trained(countdown.generate, rng, between(rng, 2, 4)) if rng.random() < 0.3 else _short(rng)
        if len(problem.steps) < 2:
            continue
        if problem.family == "countdown" and rng.random() < 0.7:
            lines, left = countdown.wander(rng, problem)
            promising = countdown.reachable(tuple(sorted(left)), countdown.target_of(problem))
            # Moves at random mostly lead nowhere; most of those are left out.
            if not promising and rng.random() < 0.6:
                continue
            return value_example(problem.question, lines, promising)
        wrong = corrupt.wrong_chain(rng, problem) if rng.random() < 0.5 else None
        if wrong is None:
            return value_example(
                problem.question, problem.steps[: between(rng, 1, len(problem.steps) - 1)], True
            )
        lines = wrong.split("\n")[:-1]
        first = corrupt.first_difference(lines, problem.steps)
        if first is not None and problem.family != "countdown":
            return value_example(problem.question, lines[: between(rng, first + 1, len(lines))], False)


def synth_user(question: str, lines: Sequence[str], answers: Sequence[str]) -> str:
    """Return the user text of a synth call: the question and what is known by now."""
    pairs = zip(lines, answers, strict=True)
    known = "\n".join(f"{number}: {line} -> {answer}" for number, (line, answer) in enumerate(pairs, 1))
    return f"{question}{KNOWN_SEPARATOR}{known}"


def _synth(rng: random.Random) -> Example:
    problem = _long(rng) if rng.random() < 0.6 else _middle(rng)
    parts = subproblems(problem)
    filled = [part.question.rsplit("\nQuestion: ", 1)[-1] for part in parts]
    user = synth_user(problem.question, filled, [part.answer for part in parts])
    return Example(user, "synth", f"answer: {problem.answer}")


def _calc(rng: random.Random) -> Example:
    while True:
        problem = _short(rng)
        if problem.calc:
            return Example(problem.question, "calc", problem.calc)


def examples(seed: int, split: Split) -> Iterator[Example]:
    """Yield examples without end; the same (seed, split) always gives the same stream.

    Streams of different splits are seeded from disjoint seed spaces, see the module docstring.
    """
    rng = random.Random(f"agot:{split}:stream:{seed}")
    held_out = split != "train"
    side: Side = "held" if held_out else "train"
    while True:
        mode = _MODES[_weighted(rng, _MODE_CUMULATIVE)]
        if mode == "chain":
            yield _chain(rng)
        elif mode == "plan":
            yield _plan(rng)
        elif mode == "decline":
            near = rng.random() < NEAR
            text = everyday.outside(rng, side) if near else outside.question(rng, held_out)
            yield Example(text, "decline", "", True)
        elif mode == "verify":
            yield _verify(rng)
        elif mode == "value":
            yield _value(rng)
        elif mode == "direct":
            problem = _short(rng)
            yield Example(problem.question, "direct", problem.answer)
        elif mode == "synth":
            yield _synth(rng)
        else:
            yield _calc(rng)


def problem_for(split: Split, family: str, operations: int, index: int) -> Problem:
    """Return problem `index` of an evaluation set; its seed names the split, so splits are disjoint.

    Countdown puzzles of training differ from those of evaluation by their numbers as well.
    """
    rng = random.Random(f"agot:{split}:problem:{family}:{operations}:{index}")
    generate = FAMILIES[family].generate
    if split == "train":
        return _trained(generate, rng, operations)
    while True:
        problem = generate(rng, operations)
        if family != "countdown" or countdown.held_out(problem):
            return problem


def everyday_for(split: Split, kind: str, index: int, side: Side | None = None) -> Problem:
    """Return everyday problem `index` of a kind; evaluation uses wordings that training never sees."""
    side = side or ("train" if split == "train" else "held")
    return everyday.problem(random.Random(f"agot:{split}:everyday:{side}:{kind}:{index}"), side, kind)


def near_for(split: Split, index: int) -> str:
    """Return near outside question `index`; evaluation uses wordings that training never sees."""
    side: Side = "train" if split == "train" else "held"
    return everyday.outside(random.Random(f"agot:{split}:near:{index}"), side)


def outside_for(split: Split, index: int) -> str:
    """Return outside question `index` of an evaluation set (held-out groups unless split is train)."""
    return outside.question(random.Random(f"agot:{split}:outside:{index}"), split != "train")


def fingerprint(question: str) -> str:
    """Return a short hash of a question that ignores case, spacing and punctuation at its ends."""
    text = re.sub(r"\s+", " ", question).strip(" .?!").casefold()
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
