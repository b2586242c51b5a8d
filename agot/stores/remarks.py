"""What people wrote beside a run or one of its thoughts. Each function takes a connection in a transaction."""

from __future__ import annotations

from sqlalchemy import Connection, delete, insert, select

from agot.errors import NotStored
from agot.ids import RunId
from agot.stores.rows import storable
from agot.stores.schema import remarks, runs
from agot.thought import Value


class Remark(Value):
    """One remark.

    Attributes:
        thought: The thought it is about; "" for the whole run.
        created_s: Seconds since the epoch.
    """

    id: str
    thought: str
    text: str
    created_s: float


def list_remarks(connection: Connection, run_id: RunId) -> list[Remark]:
    """Return what was written beside a run, oldest first."""
    column = remarks.c
    query = select(column.remark, column.thought, column.text, column.created_s)
    query = query.where(column.run_id == run_id).order_by(column.created_s, column.remark)
    return [
        Remark(id=name, thought=thought, text=text, created_s=at_s)
        for name, thought, text, at_s in connection.execute(query)
    ]


def add_remark(connection: Connection, run_id: RunId, remark: Remark) -> Remark:
    """Insert a remark and return it as it is kept; needs a write transaction.

    Raises:
        StoreError: If there is no such run.
    """
    if connection.scalar(select(runs.c.run_id).where(runs.c.run_id == run_id)) is None:
        raise NotStored(f"There is no run {run_id!r}. List runs with: agot runs")
    kept = remark.model_copy(update={"thought": storable(remark.thought), "text": storable(remark.text)})
    connection.execute(insert(remarks).values(
        run_id=run_id, remark=kept.id, thought=kept.thought, text=kept.text, created_s=kept.created_s
    ))  # fmt: skip
    return kept


def remove_remark(connection: Connection, run_id: RunId, name: str) -> bool:
    """Delete a remark and return whether there was one; needs a write transaction."""
    column = remarks.c
    gone = connection.execute(delete(remarks).where(column.run_id == run_id, column.remark == storable(name)))
    return bool(gone.rowcount)
