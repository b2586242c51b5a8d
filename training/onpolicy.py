"""The model's own solutions as verify examples: what it must learn to judge are its own mistakes."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterator

import torch

from agot.bench.scoring import is_right
from agot.models.embedded.tokenizer import Tokenizer
from training.batches import Rows, pack
from training.corrupt import first_difference
from training.everyday import registry as everyday
from training.example import Example, Problem
from training.families.common import between
from training.families.countdown import reachable, target_of
from training.families.registry import FAMILIES
from training.grading import final_answer
from training.mixture import VERIFY_SEPARATOR, everyday_for, problem_for, value_example
from training.model import Transformer
from training.sampler import Request, Sample, Sampler

TEMPERATURE = 0.8
"""The usual temperature of samples at run time: the mistakes to be judged are those."""

_LEFT = re.compile(r"\(left: ((?:-?\d+ ?)+)\)$")

EVERYDAY = 0.6
"""Share of the problems in everyday wording."""

LONGEST = 700
"""Most tokens of a chain; longer ones are the work of a model that has lost its way."""


def correct(problem: Problem, sample: Sample) -> bool:
    """Return whether a sampled chain was finished and ends in the right answer."""
    return sample.finished and is_right(problem, final_answer(sample.text))


def problems(count: int, seed: int) -> list[Problem]:
    """Return train-split problems across families and operations, harder ones more often.

    Half are in everyday wording, among it phrases that no chain was trained on: the slips to be judged later are
    mostly misreadings, which known phrases hardly show.
    """
    chosen: list[Problem] = []
    weights = sum(weight for _, _, weight in everyday.KINDS.values())
    for kind, (_, _, weight) in everyday.KINDS.items():
        share = round(count * EVERYDAY * weight / weights)
        chosen += [everyday_for("train", kind, seed * 1_000_000 + i, "judged") for i in range(share)]
    count = round(count * (1 - EVERYDAY))
    total = sum(family.weight for family in FAMILIES.values())
    for name, family in FAMILIES.items():
        low, high = family.chain
        levels = [level for level in range(low, high + 1) for _ in range(1 + (level > 3) + (level > 6))]
        share = round(count * family.weight / total)
        chosen += [
            problem_for("train", name, levels[i % len(levels)], seed * 1_000_000 + i) for i in range(share)
        ]
    return chosen


def beginning(rng: random.Random, problem: Problem, chain: str, right: bool) -> tuple[list[str], bool] | None:
    """Return the first lines of a sampled chain and whether they can still end well, or None if that cannot be told."""
    lines = chain.split("\n")[:-1]
    if len(lines) < 2:
        return None
    lines = lines[: between(rng, 1, len(lines) - 1)]
    if right:
        return lines, True
    if problem.family == "countdown":
        left = _LEFT.search(lines[-1])
        if left is None or len(lines) >= problem.operations:
            return None
        return lines, reachable(tuple(sorted(map(int, left[1].split()))), target_of(problem))
    return lines, first_difference(lines, problem.steps) is None


def collect(
    model: Transformer, tokenizer: Tokenizer, dtype: torch.dtype, count: int, seed: int, context: int
) -> tuple[Rows, dict[str, float]]:
    """Sample chains, grade them, and return them as packed verify examples with a summary.

    Wrong chains are rare once the model is good, so every wrong one is kept and right ones are thinned
    out to three for each wrong one; the probability of "yes" then stays meaningful near the top.
    """
    begun = time.monotonic()
    asked = problems(count, seed)
    sampler = Sampler(model, tokenizer, dtype)
    samples = sampler.run([Request(p.question, "chain") for p in asked], LONGEST, TEMPERATURE, seed)
    graded = [(p, s, correct(p, s)) for p, s in zip(asked, samples, strict=True) if s.finished]
    wrong = sum(not right for _, _, right in graded)
    most = max(3 * wrong, len(graded) // 4)
    step = max(1.0, (len(graded) - wrong) / max(1, most))

    chooser = random.Random(seed)

    def kept() -> Iterator[Example]:
        passed = 0.0
        for problem, sample, right in graded:
            if right:
                passed += 1
                if passed < step:
                    continue
                passed -= step
            user = f"{problem.question}{VERIFY_SEPARATOR}{sample.text}"
            yield Example(user, "verify", "yes" if right else "no")
            if (begun_lines := beginning(chooser, problem, sample.text, right)) is not None:
                yield value_example(problem.question, *begun_lines)

    (rows,) = pack(kept(), tokenizer, context, 1 << 30)
    del sampler
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    summary = {
        "own_problems": float(len(asked)), "own_finished": len(graded) / max(1, len(asked)),
        "own_wrong": wrong / max(1, len(graded)), "own_rows": float(len(rows)),
        "own_seconds": time.monotonic() - begun,
    }  # fmt: skip
    return rows, summary
