"""The frozen problems: held-out questions of known answer that ship with the package.

`python -m training.freeze` writes them. A row never changes once results were published on it; a new set gets
new ids, since an id holds a hash of its question.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from agot.errors import SetupError

Split = Literal["validation", "test"]
SPLITS: tuple[Split, ...] = ("validation", "test")
SUFFIX = ".jsonl.gz"


@dataclass(frozen=True, slots=True)
class FrozenProblem:
    """One held-out question.

    Attributes:
        id: Family and a hash of the question.
        operations: Primitive operations that an answer takes.
        answer: The canonical answer; for countdown one of several right ones.
    """

    id: str
    split: Split
    family: str
    operations: int
    question: str
    answer: str


def families() -> list[str]:
    """Return the names of the families, sorted."""
    folder = files("agot.bench").joinpath("problems")
    return sorted(
        entry.name.removesuffix(SUFFIX) for entry in folder.iterdir() if entry.name.endswith(SUFFIX)
    )


def problems(family: str) -> list[FrozenProblem]:
    """Return all problems of a family, of both splits, in their order.

    Raises:
        SetupError: If there is no such family.
    """
    if family not in families():
        raise SetupError(f"There is no family {family!r}. Families are: {', '.join(families())}.")
    packed = files("agot.bench").joinpath("problems", family + SUFFIX).read_bytes()
    return [FrozenProblem(**json.loads(line)) for line in gzip.decompress(packed).decode().splitlines()]


def chosen(split: Split, names: Sequence[str] = (), per_family: int | None = None) -> list[FrozenProblem]:
    """Return the first `per_family` problems of each family (all by default) of a split.

    Raises:
        SetupError: If a family is unknown.
    """
    picked: list[FrozenProblem] = []
    for name in dict.fromkeys(names or families()):
        picked += [problem for problem in problems(name) if problem.split == split][:per_family]
    return picked
