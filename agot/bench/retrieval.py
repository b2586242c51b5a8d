"""Recall of evidence on public multi-hop questions: by words, by the graph, by both, and without each part.

Each dataset is a pool of its own: the paragraphs of all its questions together, so that those of the others distract. A
question's figure is the share of its supporting paragraphs among the first k. Intervals are bootstrapped over questions.

The weights in use come from an earlier study of these datasets, whose rows may be in a sample. `tuned` are weights chosen on one half of the
sample and measured on the other, and the other way round: what fitting would add.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Connection

from agot.errors import SetupError
from agot.memory.recall import SEEDS, Recall, Weights
from agot.memory.shelf import SqlShelf
from agot.memory.text import name_number, names_in, terms_of
from agot.stores import memory_rows as rows
from agot.stores.database import SqlStore

DATASETS = ("musique", "hotpotqa")
KS = (2, 5, 10)
RESAMPLES = 2_000

WEIGHTS = Weights()
_TRIED: dict[str, tuple[float, ...]] = {
    "link": (1.0, 1.5, 2.0, 3.0), "spread": (0.2, 0.35, 0.6), "lexical": (0.2, 0.35, 0.6), "coverage": (0.6, 1.0, 1.5),
    "decay": (0.7, 0.85, 1.0), "restart": (0.3, 0.5, 0.7),
}  # fmt: skip

_REFERENCE = re.compile(r"#(\d+)")


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of a question as its authors split it, with the answers of earlier steps put in."""

    question: str
    gold: frozenset[int]
    first: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the places of its supporting paragraphs in the pool, and its steps, if its authors tell them."""

    question: str
    gold: frozenset[int]
    hops: tuple[Hop, ...] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """One dataset: paragraphs as (title, text), and the questions about them."""

    name: str
    pool: tuple[tuple[str, str], ...]
    asked: tuple[Asked, ...]


Ranked = Callable[[SqlShelf, Asked], list[int]]
"""Returns places in the pool, best first."""


# -- the datasets ----------------------------------------------------------------------------------


def load(folder: Path, name: str) -> Sample:
    """Read `NAME_train.json` and `NAME_train_corpus.json` as HippoRAG publishes them.

    Raises:
        SetupError: If a file is missing or is something else.
    """
    try:
        questions, corpus = (
            json.loads((folder / f"{name}_train{end}.json").read_text(encoding="utf-8"))
            for end in ("", "_corpus")
        )
        return _musique(questions, corpus) if name == "musique" else _hotpotqa(questions, corpus)
    except OSError as error:
        raise SetupError(
            f"{error.filename}: {error.strerror}. --path names the folder with the files of HippoRAG's data."
        ) from None
    except (KeyError, TypeError, ValueError) as error:
        raise SetupError(f"The files of {name} in {folder} are not as expected: {error!r}.") from None


def _musique(questions: Any, corpus: Any) -> Sample:
    pool = [(one["title"], one["text"]) for one in corpus]
    place = {paragraph: number for number, paragraph in enumerate(pool, start=1)}

    def read(row: Any) -> Asked:
        own = [place[one["title"], one["paragraph_text"]] for one in row["paragraphs"]]
        gold = frozenset(n for n, one in zip(own, row["paragraphs"], strict=True) if one["is_supporting"])
        steps, hops = row["question_decomposition"], []
        for step in steps:
            text = _REFERENCE.sub(lambda found: steps[int(found[1]) - 1]["answer"], step["question"])
            support = frozenset({own[step["paragraph_support_idx"]]})
            hops.append(Hop(text.replace(">>", " "), support, "#" not in step["question"]))
        return Asked(row["question"], gold, tuple(hops))

    return Sample("musique", tuple(pool), tuple(map(read, questions)))


def _hotpotqa(questions: Any, corpus: Any) -> Sample:
    pool = [(title, "".join(sentences)) for title, sentences in corpus.items()]
    place = {title: number for number, (title, _) in enumerate(pool, start=1)}
    asked = [
        Asked(row["question"], frozenset(place[title] for title, _ in row["supporting_facts"]))
        for row in questions
    ]
    return Sample("hotpotqa", tuple(pool), tuple(asked))


# -- the arms --------------------------------------------------------------------------------------


def by_words(shelf: SqlShelf, asked: Asked) -> list[int]:
    """Rank by BM25 alone."""
    return [number for number, _ in Recall(shelf, asked.question).by_words(max(KS))]


def by_graph(shelf: SqlShelf, asked: Asked) -> list[int]:
    """Rank by what spreads over the graph from the seeds that words found."""
    recall = Recall(shelf, asked.question)
    mass, _ = recall.spread(recall.by_words(SEEDS))
    return sorted(mass, key=lambda number: (-mass[number], number))[: max(KS)]


def by(weights: Weights) -> Ranked:
    """Rank as recall does, with some weights."""

    def ranked(shelf: SqlShelf, asked: Asked) -> list[int]:
        return [found.id for found in Recall(shelf, asked.question, weights=weights).select(max(KS))]

    return ranked


def per_thought(shelf: SqlShelf, asked: Asked) -> list[int]:
    """Rank by recall for each step of the authors' own decomposition, in turns, none twice."""
    chosen: list[int] = []
    lists = [[one.id for one in Recall(shelf, hop.question).select(max(KS))] for hop in asked.hops]
    while len(chosen) < max(KS) and any(lists):
        for found in lists:
            while found and found[0] in chosen:
                found.pop(0)
            if found:
                chosen.append(found.pop(0))
    return chosen[: max(KS)]


ARMS: dict[str, Ranked] = {
    "BM25": by_words,
    "graph": by_graph,
    "full": by(WEIGHTS),
    "full without words": by(replace(WEIGHTS, lexical=0.0)),
    "full without spreading": by(replace(WEIGHTS, spread=0.0)),
    "full without new words": by(replace(WEIGHTS, coverage=0.0)),
    "full without links": by(replace(WEIGHTS, link=0.0)),
}


# -- measuring -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Figure:
    """Mean recall at one k with its 95% interval, and the paired difference to BM25 with its own."""

    k: int
    recall: float
    low: float
    high: float
    gain: float
    gain_low: float
    gain_high: float


@dataclass(frozen=True, slots=True)
class Row:
    """One arm on one set of questions."""

    data: str
    arm: str
    questions: int
    figures: tuple[Figure, ...]


async def measure(folder: Path, *, tell: Callable[[str], None], tune: bool = True) -> list[Row]:
    """Measure all arms on all datasets.

    Args:
        folder: With the files of the datasets.
        tell: Told what is being done.
        tune: Also choose weights on one half and measure them on the other.

    Raises:
        SetupError: If a file is missing.
    """
    samples = [load(folder, name) for name in DATASETS]
    measured: list[Row] = []
    with tempfile.TemporaryDirectory() as scratch:
        async with await SqlStore.open(f"sqlite:///{scratch}/pool.db") as store:
            for sample in samples:
                tell(f"{sample.name}: {len(sample.pool)} paragraphs, {len(sample.asked)} questions")
                await store.change(lambda connection, sample=sample: _fill(connection, sample))  # type: ignore[misc]
                measured += await store.view(
                    lambda connection, sample=sample: _measured(connection, sample, tune)  # type: ignore[misc]
                )
    return measured


def _fill(connection: Connection, sample: Sample) -> None:
    space = rows.claim_space(connection, sample.name)
    source = rows.begin_source(connection, space, sample.name, title=sample.name, kind="text", at_s=0.0)
    rows.add_chunks(connection, space, [
        rows.NewChunk(
            title, text, terms_of(f"{title}\n{text}"),
            {name_number(space, key): name for key, name in names_in(title, text).items()},
        )
        for title, text in sample.pool
    ], source_id=source)  # fmt: skip


def _measured(connection: Connection, sample: Sample, tune: bool) -> list[Row]:
    space = rows.space_named(connection, sample.name)
    assert space is not None
    shelf = SqlShelf(connection, space)
    first = (
        connection.exec_driver_sql(
            f"SELECT min(chunk_id) FROM memory_chunks WHERE space = {space:d}"
        ).scalar()
        or 1
    )

    def hits(arm: Ranked, asked: Iterable[Asked]) -> np.ndarray:
        return np.array([
            [len(one.gold & {place - first + 1 for place in ranked[:k]}) / len(one.gold) for k in KS]
            for one in asked
            for ranked in [arm(shelf, one)]
        ])  # fmt: skip

    base = hits(by_words, sample.asked)
    found = [_row(sample.name, name, hits(arm, sample.asked), base) for name, arm in ARMS.items()]
    if tune and len(sample.asked) > 1:
        halves = [sample.asked[0::2], sample.asked[1::2]]
        told = np.zeros_like(base)
        for own, other in ((0, 1), (1, 0)):
            best = _fitted(lambda weights, part=halves[other]: float(hits(by(weights), part)[:, 1].mean()))  # type: ignore[misc]
            told[own::2] = hits(by(best), halves[own])
        found.append(_row(sample.name, "full, tuned on the other half", told, base))
    if any(one.hops for one in sample.asked):
        found.append(
            _row(sample.name, "per thought (gold decomposition)", hits(per_thought, sample.asked), base)
        )
        single = [Asked(hop.question, hop.gold) for one in sample.asked for hop in one.hops if hop.first]
        words = hits(by_words, single)
        name = f"{sample.name}, single-hop"
        found += [_row(name, "BM25", words, words), _row(name, "full", hits(by(WEIGHTS), single), words)]
    return found


def _fitted(score: Callable[[Weights], float]) -> Weights:
    """Return the weights of the best score, changing one after another."""
    best, at = WEIGHTS, score(WEIGHTS)
    for name, values in _TRIED.items():
        for value in values:
            changed = replace(best, **{name: value})  # type: ignore[arg-type]
            if changed != best and (reached := score(changed)) > at:
                best, at = changed, reached
    return best


def _row(data: str, arm: str, hits: np.ndarray, base: np.ndarray) -> Row:
    figures = []
    for column, k in enumerate(KS):
        low, high = _interval(hits[:, column])
        gain_low, gain_high = _interval(hits[:, column] - base[:, column])
        mean = float(hits[:, column].mean())
        figures.append(Figure(k, mean, low, high, mean - float(base[:, column].mean()), gain_low, gain_high))
    return Row(data, arm, len(hits), tuple(figures))


def _interval(values: np.ndarray) -> tuple[float, float]:
    """Return the 95% interval of a mean, by resampling the questions."""
    drawn = np.random.default_rng(0).integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.quantile(values[drawn].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)


def table(measured: Sequence[Row]) -> tuple[tuple[str, ...], list[list[str]]]:
    """Return the head and the cells of a table of what was measured."""
    head = ("data", "recall by", "n", *(f"R@{k}" for k in KS), "R@5 beside BM25")
    cells = []
    for row in measured:
        five = next(figure for figure in row.figures if figure.k == 5)
        gain = f"{100 * five.gain:+.1f} ({100 * five.gain_low:+.1f} to {100 * five.gain_high:+.1f})"
        shown = [f"{figure.recall:.3f} ({figure.low:.3f} to {figure.high:.3f})" for figure in row.figures]
        cells.append([row.data, row.arm, str(row.questions), *shown, "" if row.arm == "BM25" else gain])
    return head, cells
