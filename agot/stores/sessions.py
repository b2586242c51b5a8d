"""Conversations in SQL: what was said, how it was understood, and what was answered.

`SqlStore.sessions` makes the `Sessions` of a database. A turn keeps its own text, so that it outlives its run.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

from pydantic import TypeAdapter
from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from agot.errors import StoreError
from agot.ids import RunId, new_run_id
from agot.stores.rows import Row, storable, usage_of, usage_row
from agot.stores.schema import sessions, turns
from agot.thought import RunStatus, Usage, Value

T = TypeVar("T")

LONGEST_TITLE = 80
"""Characters of the first message that name a conversation."""

_AMBIGUOUS_SHOWN = 5
_NAMES = TypeAdapter(tuple[str, ...])


class StoredSession(Value):
    """A conversation.

    Attributes:
        title: Beginning of the first message.
        changed_s: When something was last said in it, in seconds since the epoch.
        forked_from: The conversation whose turns up to `forked_at` it began with; None if there is none, or no longer.
        turns: How many turns it has.
    """

    session_id: str
    title: str
    created_s: float
    changed_s: float
    forked_from: str | None = None
    forked_at: int | None = None
    turns: int = 0


class StoredTurn(Value):
    """One message with what came of it.

    Attributes:
        number: Place in the conversation, from 1.
        said: The message as it was written.
        understood: The question that was asked in its place; "" if it was asked as it stood.
        material: Text that was given with this message.
        run_id: The run that answered; None before it began, and after it was deleted.
        status: "running" while it is at work, and after its process was killed.
        usage: Everything the turn cost, the understanding of the message included.
        finished_s: When it ended; None while its status is "running".
    """

    number: int
    said: str
    understood: str
    material: str
    material_names: tuple[str, ...]
    run_id: RunId | None
    model: str
    status: RunStatus
    answer: str
    reason: str
    usage: Usage
    at_s: float
    finished_s: float | None

    @property
    def question(self) -> str:
        """What was asked: the message as it was understood."""
        return self.understood or self.said


class _Do(Protocol):
    def __call__(self, work: Callable[[Connection], T], /) -> Awaitable[T]: ...


class Sessions:
    """The conversations of one database.

    Every method raises `StoreError` if the database cannot be used.

    Args:
        read: Does work in a read transaction.
        write: Does work in a write transaction; it is committed when this returns.
        clock: Seconds since the epoch.
    """

    def __init__(self, *, read: _Do, write: _Do, clock: Callable[[], float]) -> None:
        self._read, self._write, self._clock = read, write, clock

    async def begin(self, title: str) -> StoredSession:
        """Begin a conversation without turns."""
        now_s = self._clock()
        row = {
            "session_id": new_run_id(now_s), "title": storable(title)[:LONGEST_TITLE], "created_s": now_s,
            "changed_s": now_s,
        }  # fmt: skip
        await self._write(lambda connection: connection.execute(insert(sessions).values(row)))
        return StoredSession.model_validate(row)

    async def recent(self, *, limit: int | None = 50) -> list[StoredSession]:
        """Return conversations, the one last spoken in first."""
        return await self._read(lambda connection: _recent(connection, limit))

    async def find(self, prefix: str) -> StoredSession:
        """Return the conversation whose id begins with `prefix`; with "" the one last spoken in.

        Raises:
            StoreError: If there is none, or more than one.
        """
        return await self._read(lambda connection: _find(connection, prefix))

    async def turns(self, session_id: str) -> list[StoredTurn]:
        """Return the turns of a conversation, in order."""
        return await self._read(lambda connection: _turns(connection, session_id))

    async def say(
        self, session_id: str, said: str, *, material: str = "", material_names: Sequence[str] = ()
    ) -> StoredTurn:
        """Begin the next turn.

        Raises:
            StoreError: If there is no such conversation.
        """
        row = {
            "said": storable(said), "material": storable(material),
            "material_names": storable(json.dumps(list(material_names), ensure_ascii=False)), "at_s": self._clock(),
        }  # fmt: skip
        return await self._write(lambda connection: _say(connection, session_id, row))

    async def understand(self, session_id: str, number: int, question: str, usage: Usage) -> None:
        """Keep the question that stands in the place of a message, and what finding it cost."""
        await self._change(session_id, number, {"understood": storable(question), **usage_row(usage)})

    async def answered_by(self, session_id: str, number: int, run_id: RunId, model: str) -> None:
        """Keep which run answers a turn."""
        await self._change(
            session_id, number, {"run_id": run_id, "model": storable(model), "status": "running", "finished_s": None}
        )  # fmt: skip

    async def finish(
        self, session_id: str, number: int, *, status: RunStatus, answer: str, reason: str, usage: Usage
    ) -> None:
        """Keep how a turn ended.

        Args:
            status: Any but "running".
            usage: Everything it cost.
        """
        await self._change(session_id, number, {
            "status": status, "answer": storable(answer), "reason": storable(reason), "finished_s": self._clock(),
            **usage_row(usage),
        })  # fmt: skip

    async def undo(self, session_id: str) -> StoredTurn | None:
        """Take the last turn away and return it; None if there is none. Its run stays."""
        return await self._write(lambda connection: _undo(connection, session_id))

    async def fork(self, session_id: str, at: int | None = None) -> StoredSession:
        """Return a new conversation that begins with the turns of another up to number `at`; with all without it.

        Raises:
            StoreError: If there is no such conversation or turn.
        """
        now_s = self._clock()
        return await self._write(lambda connection: _fork(connection, session_id, at, now_s))

    async def delete(self, session_id: str) -> None:
        """Delete a conversation with its turns; the runs that answered stay."""
        await self._write(
            lambda connection: connection.execute(delete(sessions).where(sessions.c.session_id == session_id))
        )

    async def _change(self, session_id: str, number: int, values: Row) -> None:
        now_s = self._clock()

        def work(connection: Connection) -> None:
            this = (turns.c.session_id == session_id) & (turns.c.number == number)
            connection.execute(update(turns).where(this).values(values))
            _touch(connection, session_id, now_s)

        await self._write(work)


def _touch(connection: Connection, session_id: str, now_s: float) -> None:
    connection.execute(update(sessions).where(sessions.c.session_id == session_id).values(changed_s=now_s))


def _recent(connection: Connection, limit: int | None) -> list[StoredSession]:
    query = select(sessions, _count()).order_by(sessions.c.changed_s.desc(), sessions.c.session_id.desc())
    return [
        StoredSession.model_validate(dict(row)) for row in connection.execute(query.limit(limit)).mappings()
    ]


def _count() -> Any:
    counted = select(func.count()).where(turns.c.session_id == sessions.c.session_id)
    return counted.scalar_subquery().label("turns")


def _find(connection: Connection, prefix: str) -> StoredSession:
    wanted = storable(prefix.strip().lower())
    if not wanted:
        last = _recent(connection, 1)
        if not last:
            raise StoreError("There is no conversation yet. Begin one with: agot chat")
        return last[0]
    query = select(sessions, _count()).where(sessions.c.session_id.startswith(wanted, autoescape=True))
    rows = connection.execute(query.order_by(sessions.c.session_id).limit(_AMBIGUOUS_SHOWN + 1)).mappings()
    found = [StoredSession.model_validate(dict(row)) for row in rows]
    for session in found:
        if session.session_id == wanted:
            return session
    if not found:
        raise StoreError(f"There is no conversation {prefix!r}. List them with: agot chat --list")
    if len(found) > 1:
        shown = ", ".join(session.session_id for session in found[:_AMBIGUOUS_SHOWN])
        more = ", ..." if len(found) > _AMBIGUOUS_SHOWN else ""
        raise StoreError(
            f"{prefix!r} could be any of several conversations: {shown}{more}. Give more of the id."
        )
    return found[0]


def _turns(connection: Connection, session_id: str) -> list[StoredTurn]:
    query = select(turns).where(turns.c.session_id == session_id).order_by(turns.c.number)
    return [_turn_of(row) for row in connection.execute(query).mappings()]


def _turn_of(row: RowMapping) -> StoredTurn:
    names = (
        "number", "said", "understood", "material", "run_id", "model", "status", "answer", "reason", "at_s", "finished_s",
    )  # fmt: skip
    return StoredTurn(
        usage=usage_of(row), material_names=_NAMES.validate_json(row["material_names"]),
        **{name: row[name] for name in names},
    )  # fmt: skip


def _held(connection: Connection, session_id: str) -> None:
    """Keep others from changing the turns of a conversation until this transaction ends.

    Raises:
        StoreError: If there is no such conversation.
    """
    query = select(sessions.c.session_id).where(sessions.c.session_id == session_id)
    if connection.scalar(query.with_for_update()) is None:
        raise StoreError(
            f"There is no conversation {session_id!r} any more. List them with: agot chat --list"
        )


def _last(connection: Connection, session_id: str) -> int:
    query = select(func.coalesce(func.max(turns.c.number), 0)).where(turns.c.session_id == session_id)
    return int(connection.scalar(query) or 0)


def _say(connection: Connection, session_id: str, row: Row) -> StoredTurn:
    _held(connection, session_id)
    number = _last(connection, session_id) + 1
    connection.execute(insert(turns).values(row | {"session_id": session_id, "number": number}))
    _touch(connection, session_id, row["at_s"])
    return _turns(connection, session_id)[-1]


def _undo(connection: Connection, session_id: str) -> StoredTurn | None:
    _held(connection, session_id)
    there = _turns(connection, session_id)
    if not there:
        return None
    last = there[-1]
    connection.execute(delete(turns).where(turns.c.session_id == session_id, turns.c.number == last.number))
    return last


def _fork(connection: Connection, session_id: str, at: int | None, now_s: float) -> StoredSession:
    origin = _find(connection, session_id)
    last = _last(connection, origin.session_id)
    if at is None:
        at = last
    if not 0 <= at <= last:
        raise StoreError(
            f"The conversation {origin.session_id} has no turn {at}; it has {last}. Name one of these."
        )
    row = {
        "session_id": new_run_id(now_s), "title": origin.title, "created_s": now_s, "changed_s": now_s,
        "forked_from": origin.session_id, "forked_at": at,
    }  # fmt: skip
    connection.execute(insert(sessions).values(row))
    query = select(turns).where(turns.c.session_id == origin.session_id, turns.c.number <= at)
    for copied in connection.execute(query.order_by(turns.c.number)).mappings().all():
        connection.execute(insert(turns).values(dict(copied) | {"session_id": row["session_id"]}))
    return StoredSession.model_validate(row | {"turns": at})
