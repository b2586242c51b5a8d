"""Public datasets: rows become questions that can be answered without seeing gold, and graders of the answers.

A dataset is a file of the original repository's rows; nothing of it ships with the package. `DATASETS` names them.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from agot.errors import SetupError

LARGEST_FILE = 500_000_000
"""Bytes."""


@dataclass(frozen=True, slots=True)
class Grade:
    """What a grader says of an answer.

    Attributes:
        right: By the dataset's rules.
        exact: Also the same as the reference, where several answers are right; None where that means nothing.
        score: How much of it is right, in [0, 1], where an answer can be right in part; None elsewhere.
    """

    right: bool
    exact: bool | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """One row as a question.

    Attributes:
        gold: The reference in the form that an answer has, or None if there is no single one to write down.
        wrong: Spoilt references, which a grader must refuse.
        grade: Grades an answer's text, which is data and never run outside a sandbox.
    """

    id: str
    question: str
    gold: str | None
    wrong: tuple[str, ...]
    grade: Callable[[str], Awaitable[Grade]]


Row = Mapping[str, Any]
Loader = Callable[[Path], Iterator[Item]]

DATASETS = {
    "gsm8k": "maths", "math500": "maths", "game24": "maths", "bbh": "bbh", "natural_plan": "natural_plans",
    "blocksworld": "blocks", "bfcl": "function_rows", "humaneval": "programs", "procbench": "procbench",
}  # fmt: skip
"""The module of each dataset's loader, which has the dataset's name; imported when it is asked for."""


def dataset(name: str) -> Loader:
    """Return a dataset's loader.

    Raises:
        SetupError: If there is none of that name; lists those there are.
    """
    if name not in DATASETS:
        raise SetupError(f"There is no dataset {name!r}. There are: {', '.join(DATASETS)}.")
    loader: Loader = getattr(import_module(f"agot.bench.{DATASETS[name]}"), name)
    return loader


def items(name: str, path: Path, limit: int | None = None) -> list[Item]:
    """Return the first `limit` items of a dataset's file, all by default.

    Raises:
        SetupError: If the dataset is unknown, or the file is missing or holds other rows.
    """
    found: list[Item] = []
    try:
        for item in dataset(name)(path):
            if limit is not None and len(found) >= limit:
                break
            found.append(item)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, SyntaxError) as error:
        raise SetupError(
            f"{path} does not hold rows of {name}: row {len(found) + 1} cannot be read ({error!r}). Give the original file."
        ) from None
    if not found:
        raise SetupError(f"{path} holds no rows of {name}. Give the original file.")
    return found


def text_of(path: Path) -> str:
    """Return a file's text, unpacked if its name ends in `.gz`.

    Raises:
        SetupError: If it cannot be read.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(LARGEST_FILE + 1)
    except (OSError, EOFError) as error:
        raise SetupError(f"The file {path} cannot be read: {error}.") from None
    if len(data) > LARGEST_FILE:
        raise SetupError(
            f"The file {path} holds more than {LARGEST_FILE:,} bytes; no dataset here is that large."
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SetupError(f"The file {path} is not UTF-8 text. Give the dataset's original file.") from None


def json_lines(path: Path) -> Iterator[Row]:
    """Yield the objects of a JSON Lines file, or of one JSON array.

    Raises:
        SetupError: If a line is no JSON object.
    """
    text = text_of(path)
    if text.lstrip().startswith("["):
        yield from json_value(path, list)
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        if not isinstance(row, dict):
            raise SetupError(f"Line {number} of {path} is no JSON object. Give the dataset's original file.")
        yield row


def json_value(path: Path, kind: type) -> Any:
    """Return the one JSON value of a file.

    Raises:
        SetupError: If it is no JSON of that type.
    """
    try:
        told = json.loads(text_of(path))
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, kind):
        raise SetupError(
            f"{path} is no JSON {'array' if kind is list else 'object'}. Give the dataset's original file."
        )
    return told


def csv_rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a CSV file with a header."""
    yield from csv.DictReader(io.StringIO(text_of(path)))
