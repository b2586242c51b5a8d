"""Freeze held-out problems into the package: `python -m training.freeze`.

Every family gets validation and test problems from seeds of their own, which name the split and the word
"frozen", so no stream that training reads starts from one of their states. Questions are unique over both splits; Game
of 24 puzzles are unique by their numbers, and of those that training leaves out. Rerunning writes identical bytes as long as the generators are the same.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import random
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

from agot.bench.frozen import SPLITS, SUFFIX, Split
from agot.bench.twenty_four import makes, numbers_of, solution
from training.example import Problem
from training.families import countdown
from training.families.registry import FAMILIES
from training.mixture import fingerprint

PER_SPLIT = 120
"""Problems of each family in each split."""
MOST_TRIES = 100_000
HIGHEST_CARD = 13

OPERATIONS: dict[str, tuple[int, ...]] = {
    "arithmetic": (4, 6, 8, 10, 12, 16),
    "lists": (4, 6, 8, 10, 12),
    "strings": (4, 6, 8, 10, 12),
    "word_problems": (2, 3, 4, 5, 6),
    "dates": (2, 4, 6, 8),
    "comparing": (2, 4, 6, 8),
    "facts": (2, 3, 4, 5, 6),
    "countdown": (3,),
}
"""Numbers of operations by family, drawn in turn. A single chain suffices for `word_problems`, so search should
not help there."""

HARD = "hard24"
MOST_WAYS = 3
"""Most ways to a solution that a hard Game of 24 may have. Like the hundred games of "Tree of Thoughts" (arXiv 2305.10601),
these are from the hard end, where one chain seldom finds a way."""
HARD_PER_SPLIT = 40

FOLDER = Path(__file__).parents[1] / "agot" / "bench" / "problems"


def rows(family: str, per_split: int = PER_SPLIT) -> list[dict[str, object]]:
    """Return the rows of a family, validation first.

    Raises:
        RuntimeError: If the family cannot give so many different problems.
    """
    seen: set[str] = set()
    found: list[dict[str, object]] = []
    for split in SPLITS:
        for index in range(per_split):
            wanted = OPERATIONS[family][index % len(OPERATIONS[family])]
            problem = _fresh(split, family, wanted, index, seen)
            found.append({
                "id": f"{family}-{fingerprint(problem.question)}", "split": split, "family": family,
                "operations": problem.operations, "question": problem.question, "answer": problem.answer,
            })  # fmt: skip
    return found


def _fresh(split: Split, family: str, operations: int, index: int, seen: set[str]) -> Problem:
    rng = random.Random(f"agot:{split}:frozen:{family}:{operations}:{index}")
    mark: Callable[[Problem], str | None] = _cards if family == "countdown" else _question
    for _ in range(MOST_TRIES):
        problem = FAMILIES[family].generate(rng, operations)
        key = mark(problem)
        if key is not None and key not in seen:
            seen.add(key)
            return problem
    raise RuntimeError(f"{family} gives no new problem of {operations} operations; freeze fewer of them.")


def _question(problem: Problem) -> str:
    return fingerprint(problem.question)


def _cards(problem: Problem) -> str | None:
    """Return the numbers of a classic Game of 24 that no training saw, or None if the puzzle is another one."""
    numbers: Counter[int] = numbers_of(problem.answer) or Counter()
    if numbers.total() != 4 or max(numbers) > HIGHEST_CARD or not makes(problem.answer, numbers, 24):
        return None
    if not countdown.held_out(problem):
        return None
    return " ".join(map(str, sorted(numbers.elements())))


@cache
def ways(numbers: tuple[int, ...], target: int = 24) -> int:
    """Return how many sequences of moves over whole numbers reach the target; sequences of equal numbers count once.

    Args:
        numbers: Sorted.
    """
    if len(numbers) == 1:
        return int(numbers[0] == target)
    moves: set[tuple[int, int, tuple[int, ...]]] = set()
    for i, j in itertools.permutations(range(len(numbers)), 2):
        a, b = numbers[i], numbers[j]
        made = [a + b, a * b] if i < j else []
        made += [a - b] if a >= b else []
        made += [a // b] if b and a % b == 0 else []
        rest = [number for place, number in enumerate(numbers) if place not in (i, j)]
        moves |= {(a, b, tuple(sorted((*rest, value)))) for value in made}
    return sum(ways(left, target) for _, _, left in moves)


def hard_rows(per_split: int = HARD_PER_SPLIT) -> list[dict[str, object]]:
    """Return Games of 24 with few ways, validation first, none of them in training.

    A puzzle that is in the family `countdown` as well stands in the same split.
    """
    placed = {tuple(sorted((numbers_of(str(row["answer"])) or Counter()).elements())): row["split"]
              for row in rows("countdown")}  # fmt: skip
    every = itertools.combinations_with_replacement(range(1, HIGHEST_CARD + 1), 4)
    hard = [
        numbers for numbers in every if 1 <= ways(numbers) <= MOST_WAYS and not countdown.trained(numbers, 24)
    ]
    random.Random("agot:frozen:hard24").shuffle(hard)
    new = [numbers for numbers in hard if numbers not in placed]
    found: list[dict[str, object]] = []
    for split in SPLITS:
        known = [numbers for numbers in hard if placed.get(numbers) == split]
        for numbers in [*known, *(new.pop() for _ in range(HARD_PER_SPLIT - len(known)))][:per_split]:
            rng = random.Random(f"agot:{split}:frozen:{HARD}:{numbers}")
            shuffled = rng.sample(numbers, len(numbers))
            question = countdown.classic_question(rng, shuffled)
            found.append({
                "id": f"{HARD}-{fingerprint(question)}", "split": split, "family": HARD, "operations": 3,
                "question": question, "answer": solution(list(numbers), 24),
            })  # fmt: skip
    return found


def packed(family: str, per_split: int = PER_SPLIT) -> bytes:
    """Return the file of a family: gzip of one JSON object per line, without a time stamp."""
    made = hard_rows(per_split) if family == HARD else rows(family, per_split)
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in made)
    return gzip.compress(lines.encode(), compresslevel=9, mtime=0)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Freeze held-out problems into the package.")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--per-split", type=int, default=PER_SPLIT)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for family in (*OPERATIONS, HARD):
        data = packed(family, options.per_split)
        (options.folder / (family + SUFFIX)).write_bytes(data)
        print(f"{family}: {len(data):,} bytes")


if __name__ == "__main__":
    main()
