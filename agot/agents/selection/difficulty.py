"""How hard a question is, and what is best done about it with the tokens that are left.

A few pilot samples tell the difficulty; a table, learnt on validation questions, tells the strategy and its
effort for each fifth of difficulty and each budget: what is easy is answered once, what is hard is searched,
and on what is too hard nothing is spent.

Source: Snell et al. 2024, "Scaling LLM Test-Time Compute Optimally", arXiv 2408.03314.
"""

from __future__ import annotations

import json
import statistics
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError, model_validator

from agot.errors import SetupError
from agot.thought import Value
from agot.reading.answers import normal

STOP = "stop"
"""Strategy of a row where nothing was worth its tokens: answer with what there is, or abstain."""

BUDGETS = (1_000, 4_000, 16_000, 64_000)
"""Tokens left at which a fitted table may change its advice."""

_LEAST_QUESTIONS = 5
_FIFTHS = ("easiest", "second easiest", "middle", "second hardest", "hardest")

Edges = tuple[float, float, float, float]


class Row(Value):
    """Advice for one fifth of difficulty.

    Attributes:
        difficulty: 1 (easiest) to 5 (hardest).
        tokens: The row holds from so many tokens left, up to the next row of this difficulty.
        strategy: Name of a strategy, or `STOP`.
        effort: Samples of a strategy that draws whole answers; 0 for a search, which goes as far as its settings, and for `STOP`.
        reward: Mean reward on the validation questions, None if the row was not measured.
        n: How many tries that is the mean of.
    """

    difficulty: int = Field(ge=1, le=5)
    tokens: int = Field(ge=0)
    strategy: str = Field(min_length=1)
    effort: int = Field(ge=0)
    reward: float | None = Field(default=None, ge=0.0, le=1.0)
    n: int = Field(default=0, ge=0)


class Table(Value):
    """What to do, by difficulty and tokens left.

    Attributes:
        version: Of the file's form.
        about: Where the rows come from.
        edges: Pilot scores between the fifths, ascending; at or above the last one a question is easiest.
        rows: In any order.
    """

    version: Literal[1] = 1
    about: str = ""
    edges: Edges = (0.2, 0.4, 0.6, 0.8)
    rows: tuple[Row, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ascending(self) -> Table:
        if list(self.edges) != sorted(self.edges):
            raise ValueError("edges must not descend")
        return self


class Record(Value):
    """How one strategy did on one validation question.

    Attributes:
        question: Any name that tells questions apart.
        score: Pilot score of the question, as `pilot_score` gives it.
        tokens: Of prompts and completions.
        reward: Against the known answer, in [0, 1].
    """

    question: str
    score: float = Field(ge=0.0, le=1.0)
    strategy: str = Field(min_length=1)
    effort: int = Field(ge=0)
    tokens: int = Field(ge=0)
    reward: float = Field(ge=0.0, le=1.0)


@dataclass(frozen=True, slots=True)
class Difficulty:
    """How hard a question is: 1 (easiest) to 5 (hardest), the pilot's score in [0, 1], and why."""

    fifth: int
    score: float
    why: str


@dataclass(frozen=True, slots=True)
class Advice:
    """A strategy with its effort, and why."""

    strategy: str
    effort: int
    why: str


def pilot_score(rewards: Sequence[float | None], answers: Sequence[str]) -> float | None:
    """Return how well a few samples went, in [0, 1]: their mean reward, or else how far they agree.

    Args:
        rewards: One per sample, None where no check could tell.
        answers: One per sample.

    Returns:
        None if no check could tell and there are fewer than two answers.
    """
    told = [reward for reward in rewards if reward is not None]
    if told:
        return statistics.fmean(told)
    if len(answers) < 2:
        return None
    return Counter(normal(answer) for answer in answers).most_common(1)[0][1] / len(answers)


def difficulty(
    rewards: Sequence[float | None], answers: Sequence[str], *, edges: Edges = (0.2, 0.4, 0.6, 0.8)
) -> Difficulty | None:
    """Return how hard a question is by a few pilot samples, or None if they tell nothing.

    Args:
        edges: Of the table that will be asked. The other arguments are those of `pilot_score`.
    """
    score = pilot_score(rewards, answers)
    if score is None:
        return None
    fifth = _fifth(score, edges)
    judged = any(reward is not None for reward in rewards)
    told = f"mean reward {score:.2f}" if judged else f"{score:.0%} agreement"
    samples = max(len(rewards), len(answers))
    return Difficulty(fifth, score, f"{_FIFTHS[fifth - 1]} fifth: {told} in {samples} pilot samples")


def _fifth(score: float, edges: Edges) -> int:
    return 5 - bisect_right(edges, score)


def choose(
    table: Table, fifth: int, tokens_left: int | None, *, available: Collection[str] | None = None
) -> Advice | None:
    """Return the table's advice, or None if it has none that fits.

    Args:
        fifth: 1 to 5. A fifth without rows takes those of the nearest, the harder of two.
        tokens_left: None if there is no limit.
        available: Strategies that can be used; None for all.
    """
    known = {row.difficulty for row in table.rows}
    nearest = min(known, key=lambda other: (abs(other - fifth), -other))
    fitting = [
        row
        for row in table.rows
        if row.difficulty == nearest
        and (tokens_left is None or row.tokens <= tokens_left)
        and (available is None or row.strategy in available or row.strategy == STOP)
    ]
    if not fitting:
        return None
    row = max(fitting, key=lambda row: row.tokens)
    left = "no limit on tokens" if tokens_left is None else f"{tokens_left} tokens left"
    measured = "" if row.reward is None else f", mean reward {row.reward:.2f} in {row.n} tries"
    what = (
        "nothing is worth its tokens" if row.strategy == STOP else f"{row.strategy} with effort {row.effort}"
    )
    return Advice(
        row.strategy, row.effort, f"{what}: {_FIFTHS[nearest - 1]} fifth of difficulty, {left}{measured}"
    )


def fit(
    records: Iterable[Record],
    *,
    about: str,
    budgets: Sequence[int] = BUDGETS,
    least: int = 5,
    margin: float = 0.01,
    give_up: float = 0.05,
) -> Table:
    """Return the best table for validation records.

    Args:
        about: Where the records come from; kept in the table.
        budgets: Tokens left at which the advice may change, ascending.
        least: Tries a strategy needs in a fifth to be considered.
        margin: Of strategies whose mean rewards are this close to the best, the cheapest is taken.
        give_up: Below this mean reward of the best, the advice is `STOP`.

    Raises:
        ValueError: If there are fewer than five questions, or no strategy has enough tries within a budget.
    """
    kept = list(records)
    scores: dict[str, float] = {record.question: record.score for record in kept}
    if len(scores) < _LEAST_QUESTIONS:
        raise ValueError(f"A table needs {_LEAST_QUESTIONS} validation questions or more, got {len(scores)}.")
    low, second, third, high = statistics.quantiles(scores.values(), n=5, method="inclusive")
    edges = (low, second, third, high)
    tries: dict[int, dict[tuple[str, int], list[Record]]] = defaultdict(lambda: defaultdict(list))
    for record in kept:
        tries[_fifth(scores[record.question], edges)][record.strategy, record.effort].append(record)
    rows: list[Row] = []
    for fifth in sorted(tries):
        measured = [
            _measured(fifth, name, of) for name, of in sorted(tries[fifth].items()) if len(of) >= least
        ]
        rows += _rows(measured, budgets, margin, give_up)
    if not rows:
        raise ValueError(
            f"No strategy has {least} tries in a fifth within {max(budgets, default=0)} tokens. "
            "Give more records or larger budgets."
        )
    return Table(about=about, edges=edges, rows=tuple(rows))


def _measured(fifth: int, name: tuple[str, int], records: Sequence[Record]) -> Row:
    """Return a row that says what a strategy takes (as `tokens`) and gives."""
    return Row(
        difficulty=fifth,
        tokens=round(statistics.fmean(record.tokens for record in records)),
        strategy=name[0],
        effort=name[1],
        reward=statistics.fmean(record.reward for record in records),
        n=len(records),
    )


def _rows(measured: Sequence[Row], budgets: Sequence[int], margin: float, give_up: float) -> list[Row]:
    rows: list[Row] = []
    for budget in budgets:
        affordable = [
            (row, row.reward) for row in measured if row.tokens <= budget and row.reward is not None
        ]
        if not affordable:
            continue
        best = max(reward for _, reward in affordable)
        row = min((row for row, reward in affordable if reward >= best - margin), key=lambda row: row.tokens)
        if best < give_up:
            row = row.model_copy(update={"strategy": STOP, "effort": 0})
        if not rows or (row.strategy, row.effort) != (rows[-1].strategy, rows[-1].effort):
            rows.append(row.model_copy(update={"tokens": budget}))
    return rows


def load(path: Path | None = None) -> Table:
    """Return the table in a file; None for the one that is shipped.

    Raises:
        SetupError: If it cannot be read, or is no table.
    """
    place = files("agot.agents.selection") / "table.json" if path is None else path
    try:
        return Table.model_validate_json(place.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"The strategy table {place} cannot be read ({error}). Name another file.") from None
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in fault["loc"]) or "the whole"
        raise SetupError(
            f"The strategy table {place} is not one: {where}: {fault['msg']}. "
            "Fit it again, or name another file."
        ) from None


def save(table: Table, path: Path) -> None:
    """Write a table, one row per line.

    Raises:
        OSError: If the file cannot be written.
    """
    rows = ",\n".join(f"    {json.dumps(row.model_dump(), ensure_ascii=False)}" for row in table.rows)
    fields = table.model_dump(mode="json", exclude={"rows"}).items()
    lines = [f'  "{name}": {json.dumps(value, ensure_ascii=False)}' for name, value in fields]
    lines.append(f'  "rows": [\n{rows}\n  ]')
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
