"""What several servers on one database tell each other of the runs they serve.

A run that is served has a row in `served` from before it waits until after its end. Servers of one group act as one: when
one has ended, another takes up those of its runs that nobody's connection was waiting for. Any server on the database can
have a run cancelled and answer for its tool calls; the server that has the run looks for that a few times a second.

Who writes a run is said by its lease alone (`agot.stores.leases`): of two servers that both think a run theirs, one is refused.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import Connection, RowMapping, Select, delete, select, update

from agot.errors import RunHeld
from agot.ids import RunId
from agot.redaction import redacted
from agot.stores import leases
from agot.stores.rows import NO_LEASE, Row, insert_new, storable
from agot.stores.schema import approvals, runs, served

Decision = Literal["yes", "no", "always"]

_MOST_FOUND = 200


@dataclass(frozen=True, slots=True)
class Terms:
    """How a run is served.

    Attributes:
        kept: Nobody's connection waits for it, so another server goes on with it.
        attended: A person may be asked to approve tool calls.
        again: It is done again, though it was answered.
        budget: Its limits as JSON, "" for those it began with.
    """

    kept: bool
    attended: bool
    again: bool = False
    budget: str = ""


@dataclass(frozen=True, slots=True)
class Served:
    """A run that a server has, or had.

    Attributes:
        owner: Token of the server; None if the run was left for others.
        live: That server gives signs of life.
        moves: How often it was taken up by another.
        over: It ended while it was served; only its row was not deleted.
    """

    run_id: RunId
    group: str
    owner: str | None
    live: bool
    terms: Terms
    moves: int
    cancel_asked: bool
    over: bool


@dataclass(frozen=True, slots=True)
class Asked:
    """A tool call that waits for a person's word.

    Attributes:
        call: Its key in the journal.
        again: It may have taken effect already.
    """

    call: str
    tool: str
    arguments: dict[str, Any]
    text: str
    again: bool


def enter(
    connection: Connection, run_id: RunId, terms: Terms, *, group: str, token: str, now_s: float
) -> None:
    """Note which server has a run.

    Raises:
        RunHeld: If another has it.
    """
    row = {
        "run_id": run_id, "group_name": group, "since_s": now_s, "kept": terms.kept, "attended": terms.attended,
        "again": terms.again, "budget": terms.budget, "moves": 0, "cancel_asked": False, **leases.holding(connection, token),
    }  # fmt: skip
    into = insert_new(served, connection.dialect.name).values(row)
    if connection.execute(into.execution_options(preserve_rowcount=True)).rowcount == 1:
        return
    found = (
        connection.execute(
            _query(connection.dialect.name).where(served.c.run_id == run_id).with_for_update(of=served)
        )
        .mappings()
        .one()
    )
    if leases.is_live(found):
        raise RunHeld(f"The run {run_id} is at work already.")
    connection.execute(delete(approvals).where(approvals.c.run_id == run_id))
    connection.execute(update(served).where(served.c.run_id == run_id).values(row))


def leave(connection: Connection, run_id: RunId, *, token: str, to_others: bool) -> None:
    """Note that a server has a run no longer; nothing if it is not this server's.

    Args:
        to_others: Another server of the group is to go on with it.
    """
    ours = (served.c.run_id == run_id) & (served.c.owner == token)
    if to_others:
        connection.execute(update(served).where(ours).values(NO_LEASE))
    else:
        connection.execute(delete(served).where(ours))


def beat(connection: Connection, *, token: str) -> None:
    """Give a sign of life of a server."""
    connection.execute(
        update(served).where(served.c.owner == token).values(heartbeat_s=leases.database_time(connection.dialect.name))
    )  # fmt: skip


def asked_of(connection: Connection, *, token: str) -> tuple[list[RunId], list[tuple[RunId, str, Decision]]]:
    """Return what others ask of a server: runs to cancel, and decisions on calls of its runs."""
    ours = served.c.owner == token
    cancelled = connection.scalars(select(served.c.run_id).where(ours, served.c.cancel_asked))
    decided = connection.execute(
        select(approvals.c.run_id, approvals.c.call, approvals.c.decision).join(served).where(ours, approvals.c.decision != "")
    )  # fmt: skip
    return [RunId(name) for name in cancelled], [(RunId(name), call, word) for name, call, word in decided]


def find(connection: Connection, names: Collection[str]) -> dict[str, Served]:
    """Return those of some runs that are served, by id."""
    rows = connection.execute(_query(connection.dialect.name).where(served.c.run_id.in_(names))).mappings()
    return {row["run_id"]: _served(row) for row in rows}


def left_behind(connection: Connection, *, group: str) -> list[Served]:
    """Return runs of a group that no live server has, those that have waited longest first."""
    query = (
        _query(connection.dialect.name)
        .where(served.c.group_name == group)
        .order_by(served.c.since_s, served.c.run_id)
    )
    found: list[Served] = []
    for row in connection.execute(query).mappings():
        # The writer of a run may live, even if its server is too busy to say so.
        if not leases.is_live(row) and not _written(row):
            found.append(_served(row))
            if len(found) == _MOST_FOUND:
                break
    return found


def claim(connection: Connection, run: Served, *, token: str) -> bool:
    """Take up a run, and return whether nobody else did before; decisions on its calls that nobody heeded yet stay."""
    changed = connection.execute(
        update(served).where(*_same(run)).values(moves=served.c.moves + 1, **leases.holding(connection, token))
    )  # fmt: skip
    if not changed.rowcount:
        return False
    connection.execute(delete(approvals).where(approvals.c.run_id == run.run_id, approvals.c.decision == ""))
    return True


def drop(connection: Connection, run: Served) -> bool:
    """Leave a run to be resumed by a person, and return whether nobody took it up before."""
    return bool(connection.execute(delete(served).where(*_same(run))).rowcount)


def ask_cancel(connection: Connection, run_id: RunId) -> None:
    """Ask the server that has a run to stop it."""
    connection.execute(update(served).where(served.c.run_id == run_id).values(cancel_asked=True))


# -- approvals -------------------------------------------------------------------------------------


def ask_approval(connection: Connection, run_id: RunId, asked: Asked) -> None:
    """Note that a call waits for a person's word; a word that was given to exactly this question before stays."""
    row: Row = {
        "run_id": run_id, "call": asked.call, "tool": asked.tool, "text": storable(asked.text), "again": asked.again,
        "arguments": storable(redacted(json.dumps(asked.arguments))), "decision": "",
    }  # fmt: skip
    same = (approvals.c.run_id == run_id) & (approvals.c.call == asked.call)
    question = (approvals.c.text == row["text"]) & (approvals.c.again == row["again"])
    connection.execute(delete(approvals).where(same, ~question))
    connection.execute(insert_new(approvals, connection.dialect.name).values(row))


def heed_approval(connection: Connection, run_id: RunId, call: str) -> None:
    """Note that a call waits no longer. It has to be committed before the call is made, so that no word counts twice."""
    connection.execute(delete(approvals).where(approvals.c.run_id == run_id, approvals.c.call == call))


def waiting_approvals(connection: Connection, run_id: RunId) -> list[Asked]:
    """Return the calls of a run that wait for a person's word."""
    rows = connection.execute(
        select(approvals)
        .where(approvals.c.run_id == run_id, approvals.c.decision == "")
        .order_by(approvals.c.call)
    ).mappings()
    return [
        Asked(row["call"], row["tool"], json.loads(row["arguments"]), row["text"], row["again"]) for row in rows
    ]  # fmt: skip


def decide(connection: Connection, run_id: RunId, call: str, decision: Decision) -> bool:
    """Answer for a call and return whether it was waiting."""
    assert decision in get_args(Decision)
    waits = (approvals.c.run_id == run_id) & (approvals.c.call == call) & (approvals.c.decision == "")
    return bool(connection.execute(update(approvals).where(waits).values(decision=decision)).rowcount)


# -- parts of the above ----------------------------------------------------------------------------


def _same(run: Served) -> Iterable[Any]:
    yield served.c.run_id == run.run_id
    yield served.c.owner.is_(None) if run.owner is None else served.c.owner == run.owner


_LEASE = ("owner", "owner_host", "owner_pid", "heartbeat_s")


def _query(dialect: str) -> Select[Any]:
    writer = (runs.c[name].label(f"writer_{name}") for name in _LEASE)
    columns = (runs.c.status, runs.c.finished_s, leases.now_column(dialect))
    return select(served, *writer, *columns).join(runs, runs.c.run_id == served.c.run_id)


def _written(row: RowMapping) -> bool:
    """Tell whether somebody writes the run."""
    return leases.is_live({name: row[f"writer_{name}"] for name in _LEASE} | {"now_s": row["now_s"]})


def _served(row: RowMapping) -> Served:
    # One that was interrupted goes on with another server; all else that came to an end here is over.
    ended = row["status"] not in ("running", "interrupted") and row["finished_s"] >= row["since_s"]
    return Served(
        RunId(row["run_id"]), row["group_name"], row["owner"], leases.is_live(row),
        Terms(row["kept"], row["attended"], row["again"], row["budget"]), row["moves"], row["cancel_asked"], ended,
    )  # fmt: skip
