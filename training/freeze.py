"""Freeze held-out problems into the package: `python -m training.freeze`.

Every family gets validation and test problems from seeds of their own, which name the split and the word
"frozen", so no stream that training reads starts from one of their states. Questions are unique over both splits; Game
of 24 puzzles are unique by their numbers, and of those that training leaves out. Rerunning writes identical bytes as long as the generators are the same.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from agot.bench.frozen import SPLITS, SUFFIX, Split
from agot.bench.twenty_four import makes, numbers_of
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


def packed(family: str, per_split: int = PER_SPLIT) -> bytes:
    """Return the file of a family: gzip of one JSON object per line, without a time stamp."""
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows(family, per_split))
    return gzip.compress(lines.encode(), compresslevel=9, mtime=0)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Freeze held-out problems into the package.")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    parser.add_argument("--per-split", type=int, default=PER_SPLIT)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for family in OPERATIONS:
        data = packed(family, options.per_split)
        (options.folder / (family + SUFFIX)).write_bytes(data)
        print(f"{family}: {2 * options.per_split} problems, {len(data):,} bytes")


if __name__ == "__main__":
    main()
