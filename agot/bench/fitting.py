"""What pays at which difficulty, from answers to validation problems: the table that `auto` goes by."""

from __future__ import annotations

from collections.abc import Iterable

from agot.agents.selection.difficulty import Record, Table, fit
from agot.bench.compare import BASELINE, SINGLE_TRY
from agot.bench.strategies import AUTO, Answered
from agot.errors import SetupError


def records(rows: Iterable[Answered], *, accept: float) -> list[Record]:
    """Return how strategies did on the questions whose one chain was doubted, by what the checks gave that chain.

    Only those come to the table: what is accepted at once is answered.

    Args:
        accept: Reward from which a chain is accepted.
    """
    sound = [row for row in rows if row.done]
    pilots = {row.id: row.reward for row in sound if row.strategy == BASELINE and row.reward is not None}
    return [
        Record(question=row.id, score=pilots[row.id], strategy=row.strategy, effort=row.effort, tokens=row.tokens,
               reward=float(row.right))
        for row in sound
        if row.strategy not in (AUTO, *SINGLE_TRY) and row.id in pilots and pilots[row.id] < accept
    ]  # fmt: skip


def fitted(rows: Iterable[Answered], *, accept: float) -> Table:
    """Return the best table for the rows of one model and split.

    Raises:
        SetupError: If they are of several models, or do not suffice.
    """
    kept = list(rows)
    models, splits = sorted({row.model for row in kept}), sorted({row.split for row in kept})
    if len(models) != 1 or splits != ["validation"]:
        raise SetupError(
            f"A table is fitted on the validation answers of one model; these are of {', '.join(models) or 'none'} "
            f"({', '.join(splits) or 'no'} split). Measure with --split validation and a results file of its own."
        )
    doubted = records(kept, accept=accept)
    told = (
        f"Fitted on {len({one.question for one in doubted})} doubted validation questions of {models[0]} "
        "(agot bench strategies --split validation --results FILE; agot bench fit FILE)."
    )
    try:
        return fit(doubted, about=told)
    except ValueError as error:
        raise SetupError(
            f"The answers do not suffice for a table: {error} Measure more problems, chain among the strategies."
        ) from None
