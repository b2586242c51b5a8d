"""Measure a trained model: `python -m training.evaluate --weights DIR --split validation --out FILE`.

For every family and number of operations: direct and chain accuracy, majority vote, coverage and best by
the probability of "yes" among eight samples, exactness of plans, and how often a question inside the
families, or outside of them, is declined. Every rate comes with a 95 % Wilson interval.
"""

from __future__ import annotations

import argparse
import json
import math
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

import torch

from agot.bench.scoring import is_right
from agot.models.embedded.tokenizer import Tokenizer
from training.checkpoint import load
from training.example import Problem
from training.families.registry import FAMILIES
from training.grading import OPERATIONS, final_answer
from training.mixture import VERIFY_SEPARATOR, Split, outside_for, problem_for
from training.model import Transformer
from training.onpolicy import correct
from training.sampler import Request, Sample, Sampler

SAMPLES = 8
VOTE_TEMPERATURE = 0.8
CHAIN_TOKENS = 1000


@dataclass(frozen=True, slots=True)
class Rate:
    """Hits of a number of trials, for one family and number of operations."""

    metric: str
    family: str
    operations: int
    hits: int
    total: int

    def interval(self) -> tuple[float, float]:
        """Return the 95 % Wilson interval of the rate."""
        if not self.total:
            return 0.0, 1.0
        z, n, p = 1.96, self.total, self.hits / self.total
        middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
        return max(0.0, middle - half), min(1.0, middle + half)

    def to_dict(self) -> dict[str, Any]:
        """Return the rate for a JSON file."""
        low, high = self.interval()
        return {"metric": self.metric, "family": self.family, "operations": self.operations, "hits": self.hits,
                "total": self.total, "rate": self.hits / max(1, self.total), "low": low, "high": high}  # fmt: skip


def restore(out: Path, device: str) -> tuple[Transformer, dict[str, Any]]:
    """Return a saved model with its weights as they will be stored (fake-quantised), and its record."""
    shape, weights, record = load(out)
    model = Transformer(shape, 0)
    model.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    model.quantised.fill_(1.0)
    return model.to(device), record


def problem_sets(split: Split, count: int) -> dict[tuple[str, int], list[Problem]]:
    """Return `count` problems of every family at every number of operations that it produces."""
    sets: dict[tuple[str, int], list[Problem]] = {}
    for name, family in FAMILIES.items():
        low, high = family.chain[0], max(family.chain[1], family.plan[1])
        for operations in OPERATIONS:
            if low <= operations <= high:
                sets[name, operations] = [problem_for(split, name, operations, i) for i in range(count)]
    return sets


class Evaluation:
    """Measurements on one set of problems.

    Args:
        sampler: The model.
        sets: Problems by family and operations.
        deadline: Value of `time.monotonic()` after which no further measurement is begun.
    """

    def __init__(self, sampler: Sampler, sets: dict[tuple[str, int], list[Problem]], deadline: float) -> None:
        self._sampler, self._sets, self._deadline = sampler, sets, deadline
        self.rates: list[Rate] = []
        self.failures: list[dict[str, str]] = []

    def _all(self, chained: bool = False) -> list[tuple[tuple[str, int], Problem]]:
        """Return the problems in order; `chained` leaves out those too long for a chain."""
        return [
            (key, problem)
            for key, problems in self._sets.items()
            if not chained or key[1] <= FAMILIES[key[0]].chain[1]
            for problem in problems
        ]

    def _count(self, metric: str, keys: Sequence[tuple[str, int]], hits: Sequence[bool]) -> None:
        total: Counter[tuple[str, int]] = Counter(keys)
        good: Counter[tuple[str, int]] = Counter(key for key, hit in zip(keys, hits, strict=True) if hit)
        self.rates += [Rate(metric, *key, good[key], total[key]) for key in total]

    def late(self) -> bool:
        """Return whether the deadline has passed."""
        return time.monotonic() > self._deadline

    def chain(self) -> None:
        """Greedy chains; a few wrong ones per family are kept for reading."""
        asked = self._all(chained=True)
        samples = self._sampler.run([Request(p.question, "chain") for _, p in asked], CHAIN_TOKENS, 0.0)
        hits = [correct(p, s) for (_, p), s in zip(asked, samples, strict=True)]
        self._count("chain", [key for key, _ in asked], hits)
        kept: Counter[tuple[str, int]] = Counter()
        for (key, problem), sample, hit in zip(asked, samples, hits, strict=True):
            if not hit and kept[key] < 6:
                kept[key] += 1
                self.failures.append({
                    "family": key[0], "operations": str(key[1]), "question": problem.question,
                    "wanted": problem.chain(), "got": sample.text, "finished": str(sample.finished),
                })  # fmt: skip

    def direct(self) -> None:
        """Greedy answers without a chain."""
        asked = self._all()
        samples = self._sampler.run([Request(p.question, "direct") for _, p in asked], 200, 0.0)
        hits = [s.finished and is_right(p, s.text) for (_, p), s in zip(asked, samples, strict=True)]
        self._count("direct", [key for key, _ in asked], hits)

    def choice(self, outside: Sequence[str]) -> None:
        """What the model does when it may choose: declining inside and outside, planning where due."""
        asked = self._all()
        requests = [Request(p.question, "") for _, p in asked] + [Request(text, "") for text in outside]
        samples = self._sampler.run(requests, 1, 0.0)
        modes = [sample.mode for sample in samples]
        inside = modes[: len(asked)]
        keys = [key for key, _ in asked]
        self._count("declined_inside", keys, [mode == "decline" for mode in inside])
        self._count("planned", keys, [mode == "plan" for mode in inside])
        declined = [mode == "decline" for mode in modes[len(asked) :]]
        self._count("declined_outside", [("outside", 0)] * len(declined), declined)
        for text, hit in zip(outside, declined, strict=True):
            if not hit and sum(f["family"] == "outside" for f in self.failures) < 40:
                self.failures.append({"family": "outside", "question": text})
        for (key, problem), mode in zip(asked, inside, strict=True):
            if mode == "decline" and sum(f["family"] == "declined" for f in self.failures) < 40:
                self.failures.append(
                    {"family": "declined", "operations": str(key), "question": problem.question}
                )

    def plan(self) -> None:
        """Forced plans that equal the expected lines exactly."""
        asked = [(key, problem) for key, problem in self._all() if problem.plan]
        samples = self._sampler.run([Request(p.question, "plan") for _, p in asked], CHAIN_TOKENS, 0.0)
        hits = [s.finished and s.text == p.plan_text() for (_, p), s in zip(asked, samples, strict=True)]
        self._count("plan_exact", [key for key, _ in asked], hits)
        for (key, problem), sample, hit in zip(asked, samples, hits, strict=True):
            name = f"plan:{key[0]}"
            if not hit and sum(f["family"] == name for f in self.failures) < 6:
                self.failures.append({"family": name, "question": problem.question, "got": sample.text,
                                      "wanted": problem.plan_text()})  # fmt: skip

    def vote(self, count: int) -> None:
        """Eight sampled chains of `count` problems each: majority, any right, best by P(yes)."""
        asked = [
            (key, problem)
            for key, problems in self._sets.items()
            if 4 <= key[1] <= FAMILIES[key[0]].chain[1]
            for problem in problems[:count]
        ]
        requests = [Request(p.question, "chain") for _, p in asked for _ in range(SAMPLES)]
        samples = self._sampler.run(requests, CHAIN_TOKENS, VOTE_TEMPERATURE, seed=1)
        judged = self._sampler.run(
            [
                Request(f"{asked[i // SAMPLES][1].question}{VERIFY_SEPARATOR}{sample.text}", "verify")
                for i, sample in enumerate(samples)
            ],
            1, 0.0,
        )  # fmt: skip
        keys = [key for key, _ in asked]
        votes, covered, best, single = [], [], [], []
        agree: list[tuple[float, bool]] = []
        for i, (_, problem) in enumerate(asked):
            group = samples[i * SAMPLES : (i + 1) * SAMPLES]
            chances = [s.yes for s in judged[i * SAMPLES : (i + 1) * SAMPLES]]
            right = [correct(problem, sample) for sample in group]
            votes.append(_majority(problem, group))
            covered.append(any(right))
            best.append(right[max(range(SAMPLES), key=chances.__getitem__)])
            single.append(right[0])
            agree += list(zip(chances, right, strict=True))
        for metric, hits in (
            ("sampled", single),
            ("vote8", votes),
            ("coverage8", covered),
            ("best8_yes", best),
        ):
            self._count(metric, keys, hits)
        good = [hit for chance, hit in agree if chance > 0.5]
        bad = [hit for chance, hit in agree if chance <= 0.5]
        self.rates.append(Rate("right_when_yes", "all", 0, sum(good), len(good)))
        self.rates.append(Rate("wrong_when_no", "all", 0, len(bad) - sum(bad), len(bad)))


def _majority(problem: Problem, group: Sequence[Sample]) -> bool:
    answers = Counter(final_answer(sample.text) for sample in group if sample.finished)
    return bool(answers) and is_right(problem, answers.most_common(1)[0][0])


def table(rates: Sequence[Rate]) -> str:
    """Return the rates in percent as text, one block per metric, families down, operations across."""
    lines = []
    for metric in dict.fromkeys(rate.metric for rate in rates):
        chosen = [rate for rate in rates if rate.metric == metric]
        levels = sorted({rate.operations for rate in chosen})
        lines.append(f"{metric:18}" + "".join(f"{level:>8}" for level in levels))
        for family in dict.fromkeys(rate.family for rate in chosen):
            cells = {rate.operations: rate for rate in chosen if rate.family == family}
            row = "".join(
                f"{100 * cells[level].hits / max(1, cells[level].total):8.1f}"
                if level in cells
                else f"{'':8}"
                for level in levels
            )
            lines.append(f"  {family:16}{row}")
    return "\n".join(lines)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Measure a trained model.")
    parser.add_argument("--weights", type=Path, required=True, help="directory written by training.train")
    parser.add_argument("--split", choices=get_args(Split), default="validation")
    parser.add_argument("--problems", type=int, default=200, help="per family and number of operations")
    parser.add_argument("--votes", type=int, default=100, help="problems of each set that get eight samples")
    parser.add_argument("--outside", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=120.0, help="no measurement begins after this time")
    parser.add_argument("--vocabulary", type=Path, default=Path("training/vocab.json"))
    parser.add_argument("--plain", action="store_true", help="use the weights without quantising them")
    parser.add_argument("--out", type=Path, required=True, help="JSON file")
    options = parser.parse_args()
    begun = time.monotonic()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model, record = restore(options.weights, device)
    if options.plain:
        model.quantised.fill_(0.0)
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    sampler = Sampler(model, Tokenizer.load(options.vocabulary), dtype)
    evaluation = Evaluation(sampler, problem_sets(options.split, options.problems), begun + options.seconds)
    outside = [outside_for(options.split, i) for i in range(options.outside)]
    stages = (
        evaluation.chain, lambda: evaluation.choice(outside), evaluation.plan, evaluation.direct,
        lambda: evaluation.vote(options.votes),
    )  # fmt: skip
    for stage in stages:
        if not evaluation.late():
            stage()
    print(table(evaluation.rates))
    print(f"{time.monotonic() - begun:.0f} s")
    document = {
        "split": options.split, "seed": record["seed"], "quantised": not options.plain,
        "rates": [rate.to_dict() for rate in evaluation.rates], "failures": evaluation.failures,
    }  # fmt: skip
    options.out.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
