"""The sets that real models are measured on: which rows of which file, what is asked, and how a plain reply is read."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import zip_longest
from pathlib import Path
from typing import Literal

from agot.agents.dialects.standard.reading import solution_of
from agot.agents.kinds import kind_of_reply
from agot.bench.datasets import Grade, Item, items
from agot.errors import SetupError, ToolError
from agot.protocols import Completion

Form = Literal["number", "closed", "exact", "code", "text"]
"""How answers are asked for and read: the last number; the reader of the strategies; the reply as it stands, which a grader
takes apart, for calls and for code; text that only a judge can compare."""
Split = Literal["train", "test", "all"]

STEPWISE = '\n\nThink step by step, then end with "The answer is N".'
"""What a plain request for reasoning adds to a closed question."""
_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?")
_LONGEST = 100_000


@dataclass(frozen=True, slots=True)
class BenchSet:
    """Questions of one kind."""

    name: str
    form: Form
    items: tuple[Item, ...]

    @property
    def judged(self) -> bool:
        """Whether only a comparison with another reply tells what an answer is worth."""
        return self.form == "text"

    @property
    def elects(self) -> bool:
        """Whether a majority of answers means anything."""
        return self.form in ("number", "closed")


@dataclass(frozen=True, slots=True)
class _Source:
    """Where a set's rows are.

    Attributes:
        loader: Name in `agot.bench.datasets.DATASETS`.
        test, train: Patterns of files below the data folder; where there is no file for choosing, the rows after those
            for the test are.
        rows: Of each file, for the test; None for all.
        small: Of each file, for the test of the small suite.
        order: "backwards" takes a file's last rows first, where they are the hardest; "mixed" takes them in an order that
            is always the same, where the file has one kind after another.
    """

    loader: str
    form: Form
    test: str
    train: str = ""
    rows: int | None = None
    small: int | None = None
    order: Literal["", "backwards", "mixed"] = ""


_SOURCES = {
    "gsm8k": _Source("gsm8k", "number", "gsm8k/test*.jsonl", "gsm8k/train*.jsonl"),
    "math": _Source("math500", "closed", "math500/*.jsonl", rows=300, small=100),
    "humaneval": _Source("humaneval", "code", "humaneval/HumanEval.jsonl*", rows=100, small=100),
    "bbh": _Source("bbh", "closed", "bbh/*.json", rows=8, small=4),
    "game24": _Source("game24", "closed", "game24/*.csv", rows=100, small=100, order="backwards"),
    "procbench": _Source("procbench", "exact", "procbench/*.jsonl", rows=608, small=100, order="mixed"),
    "bfcl": _Source("bfcl", "exact", "bfcl_v4/BFCL_v4_*.json", rows=50, small=25),
}
_WRITTEN = {"open": "open_requests.jsonl", "six": "six_requests.jsonl"}
"""Requests that come with the package."""

SUITES = {
    "small": ("gsm8k", "math", "humaneval", "open", "six"),
    "full": ("gsm8k", "math", "humaneval", "bbh", "game24", "procbench", "bfcl", "open", "six"),
}
SETS = (*_SOURCES, *_WRITTEN)


def chosen(
    suite: str, names: Sequence[str], data: Path | None, *, split: Split, limit: int | None
) -> list[BenchSet]:
    """Return the sets of a suite, or those that are named.

    Args:
        data: Folder with a folder of the original file for each public set.
        split: Settings are chosen on "train" and reported on "test". Where there is one file, its first rows are for the
            test and those after them for choosing: 300 and 200 of MATH, 100 and 64 of HumanEval.
        limit: Rows of each set.

    Raises:
        SetupError: If a suite or set is unknown, or a file is missing or holds something else.
    """
    if suite not in SUITES:
        raise SetupError(f"There is no suite {suite!r}. There are: {', '.join(SUITES)}.")
    found: list[BenchSet] = []
    for name in dict.fromkeys(names or SUITES[suite]):
        if name in _WRITTEN and split == "train":
            if name in names:
                raise SetupError(
                    f"The requests of {name} are for reporting: no settings are chosen on them. Leave them out."
                )
        elif name in _WRITTEN:
            rows = written_requests(_WRITTEN[name])
            found.append(BenchSet(name, "text", tuple(rows[:limit])))
        elif name in _SOURCES:
            found.append(_public(name, _SOURCES[name], data, split, suite == "small", limit))
        else:
            raise SetupError(f"There is no set {name!r}. There are: {', '.join(SETS)}.")
    return found


def _public(
    name: str, source: _Source, data: Path | None, split: Split, small: bool, limit: int | None
) -> BenchSet:
    if data is None:
        raise SetupError(
            f"The set {name} needs its rows. Name the folder that holds {source.test}: --data FOLDER"
        )
    pattern = source.train if split == "train" and source.train else source.test
    paths = sorted(data.glob(pattern))
    if not paths:
        raise SetupError(f"There is no {pattern} in {data}. Put the original file of {name} there.")
    by_file: list[list[Item]] = []
    for path in paths:
        rows = items(source.loader, path)
        if source.order == "backwards":
            rows.reverse()
        elif source.order == "mixed":
            random.Random(0).shuffle(rows)
        if split == "test":
            rows = rows[: source.small if small else source.rows]
        elif split == "train" and source.rows is not None:
            rows = rows[source.rows :]
        by_file.append(rows)
    # In turns, so that the first rows are of every file.
    mixed = [item for row in zip_longest(*by_file) for item in row if item is not None]
    return BenchSet(name, source.form, tuple(mixed[:limit]))


def written_requests(file: str) -> list[Item]:
    """Return the requests of one of the package's own files."""
    text = files("agot.bench").joinpath("problems", file).read_text("utf-8")
    rows = [json.loads(line) for line in text.splitlines() if line.strip()]
    return [Item(row["id"], row["request"], None, (), _tells_nothing) for row in rows]


async def _tells_nothing(answer: str) -> Grade:
    raise ToolError("An open request has no right answer; replies are compared by a judge.")


def plain_request(form: Form, question: str) -> str:
    """Return a question as somebody asks it who knows that steps help."""
    return question + STEPWISE if form in ("number", "closed") else question


Reader = Callable[[Form, str, str, bool], str]
"""Returns the answer that a reply gives, "" if none: of the set's form, the question, the reply, and whether it was cut off."""


def read_plain(form: Form, question: str, text: str, cut: bool) -> str:
    """Return the answer of a plain reply, "" if it gives none."""
    if form == "number":
        numbers = _NUMBER.findall(text[-_LONGEST:])
        return numbers[-1] if numbers else ""
    if form == "closed":
        return read_by("chain")(form, question, text, cut)
    return text.strip("\n") if form == "code" else text.strip()


def read_by(mode: str) -> Reader:
    """Return the reader that the strategies use.

    Args:
        mode: "direct" takes the whole reply for the answer where it can; "chain" looks for it.
    """

    def read(form: Form, question: str, text: str, cut: bool) -> str:
        completion = Completion(text=text, finish_reason="length" if cut else "stop")
        found = solution_of(completion, mode, kind_of_reply(question))
        return found.answer if found is not None else ""

    return read
