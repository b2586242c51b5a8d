"""Look for test questions in the training text: `python -m training.check_overlap`.

Training and test problems come from disjoint seeds, but questions of one or two operations are drawn
from a space so small that some coincide. This counts, by fingerprint (case, spacing and end
punctuation ignored), how many questions of an evaluation split a stretch of the training stream also
contains, so that a table of results can be read with that number in mind.
"""

from __future__ import annotations

import argparse
import itertools
import json
from pathlib import Path
from typing import get_args

from training.families.registry import FAMILIES
from training.grading import OPERATIONS
from training.mixture import (
    KNOWN_SEPARATOR,
    VERIFY_SEPARATOR,
    Split,
    examples,
    fingerprint,
    outside_for,
    problem_for,
)


def seen(seed: int, count: int) -> set[str]:
    """Return the fingerprints of the questions of `count` training examples."""
    found = set()
    for example in itertools.islice(examples(seed, "train"), count):
        question = example.user.split(VERIFY_SEPARATOR)[0].split(KNOWN_SEPARATOR)[0]
        found.add(fingerprint(question))
    return found


def overlaps(split: Split, problems: int, known: set[str]) -> dict[str, dict[str, float]]:
    """Return, by family and number of operations, the share of the split's questions that are known."""
    table: dict[str, dict[str, float]] = {}
    for name, family in FAMILIES.items():
        low, high = family.chain[0], max(family.chain[1], family.plan[1])
        for operations in OPERATIONS:
            if low <= operations <= high:
                questions = [problem_for(split, name, operations, i).question for i in range(problems)]
                hits = sum(fingerprint(question) in known for question in questions)
                table.setdefault(name, {})[str(operations)] = hits / problems
    hits = sum(fingerprint(outside_for(split, i)) in known for i in range(problems))
    table["outside"] = {"0": hits / problems}
    return table


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Look for test questions in the training text.")
    parser.add_argument("--split", choices=get_args(Split), default="test")
    parser.add_argument("--problems", type=int, default=200, help="per family and number of operations")
    parser.add_argument("--examples", type=int, default=1_000_000, help="training examples to read")
    parser.add_argument(
        "--seed", type=int, default=0, help="stream of the first worker of training.train --seed 0"
    )
    parser.add_argument("--out", type=Path, help="JSON file")
    options = parser.parse_args()
    table = overlaps(options.split, options.problems, seen(options.seed, options.examples))
    for name, row in table.items():
        print(f"{name:16}" + "".join(f"  {level}: {100 * share:.1f} %" for level, share in row.items()))
    if options.out is not None:
        options.out.write_text(json.dumps(table, indent=1) + "\n")


if __name__ == "__main__":
    main()
