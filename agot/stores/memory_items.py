"""Conclusions and corrections: kept, contradicted, disputed, retracted. Each function takes a connection in a transaction."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select, update

from agot.errors import NotStored
from agot.ids import RunId
from agot.stores.memory_rows import NewChunk, add_chunks, parts
from agot.stores.memory_schema import (
    ItemKind,
    ItemStatus,
    memory_chunks,
    memory_evidence,
    memory_items,
    memory_recalls,
    memory_relations,
    memory_sources,
)
from agot.stores.rows import storable
from agot.thought import Trust, Value

_RANK: dict[str, int] = {"proved": 2, "cross-checked": 1}


class Item(Value):
    """Something that was concluded, or that a person said.

    Attributes:
        kind: "claim" for what a run concluded, "correction" for a person's word, which goes before any claim.
        question_key: What makes two questions the same.
        run_id: Of the run that concluded it, which may be deleted; "" for a person.
        recorded_s: Seconds since the epoch.
        retired_s: When it was superseded or retracted; None while it stands.
    """

    id: str
    kind: ItemKind = "claim"
    status: ItemStatus = "verified"
    question: str
    answer: str
    question_key: str
    trust: Trust
    trust_reason: str = ""
    run_id: str = ""
    thought: str = ""
    model: str = ""
    recorded_s: float
    retired_s: float | None = None


def add_item(
    connection: Connection, space: int, item: Item, chunk: NewChunk, *, rests_on: Sequence[int] = ()
) -> Item:
    """Keep an item and return it as it stands then; the same answer to the same question is kept once.

    Of two that contradict each other the better founded stands, of equals the newer; if the one that is there is better founded
    both are disputed, and shown together. A person's word goes before a program's.

    Args:
        chunk: What it is found by.
        rests_on: Numbers of passages that it was concluded from.
    """
    known = _standing(connection, space, item.question_key)
    for other in known:
        if _same(other.answer, item.answer) and _weight(other) >= _weight(item):
            return other
    weaker = [other for other in known if _weight(other) <= _weight(item)]
    stronger = [
        other for other in known if _weight(other) > _weight(item) and not _same(other.answer, item.answer)
    ]
    status: ItemStatus = "disputed" if stronger else item.status
    values = item.model_dump(exclude={"id"}) | {
        "item_id": item.id, "space": space, "status": status, "question": storable(item.question),
        "answer": storable(item.answer), "question_key": storable(item.question_key),
        "trust_reason": storable(item.trust_reason),
    }  # fmt: skip
    connection.execute(insert(memory_items).values(**values))
    for other in weaker:
        _set(connection, other.id, "superseded", item.recorded_s)
        _relate(connection, item.id, other.id, "supersedes", item.recorded_s)
    for other in stronger:
        if other.kind != "correction":
            _set(connection, other.id, "disputed", None)
        _relate(connection, item.id, other.id, "contradicts", item.recorded_s)
    add_chunks(connection, space, [chunk], item_id=item.id)
    column = memory_chunks.c
    for part in parts(list(rests_on)):
        owners = select(column.chunk_id, column.source_id, column.item_id).where(
            column.space == space, column.chunk_id.in_(part)
        )
        for number, source, of_item in connection.execute(owners).all():
            connection.execute(insert(memory_evidence).values(
                item_id=item.id, chunk_id=number, source_id=source, rests_on=of_item
            ))  # fmt: skip
    return item.model_copy(update={"status": status})


def get_item(connection: Connection, space: int, item_id: str) -> Item:
    """Return an item.

    Raises:
        NotStored: If there is none of this id in the namespace.
    """
    column = memory_items.c
    row = connection.execute(
        select(memory_items).where(column.space == space, column.item_id == storable(item_id))
    ).mappings().first()  # fmt: skip
    if row is None:
        raise NotStored(f"There is no conclusion {item_id!r}. List them with: agot memory items")
    return _item(row)


def list_items(connection: Connection, space: int) -> list[Item]:
    """Return what was concluded, newest first."""
    column = memory_items.c
    query = (
        select(memory_items).where(column.space == space).order_by(column.recorded_s.desc(), column.item_id)
    )
    return [_item(row) for row in connection.execute(query).mappings()]


def dispute(connection: Connection, space: int, item_id: str) -> None:
    """Let an item be shown as doubtful from now on."""
    get_item(connection, space, item_id)
    _set(connection, item_id, "disputed", None)


def retract_item(connection: Connection, space: int, item_id: str, *, at_s: float) -> int:
    """Take an item back: it is not recalled any more, what it had displaced stands again, and what rests on it is disputed.

    Returns:
        How many other items changed.
    """
    item = get_item(connection, space, item_id)
    if item.status == "retracted":
        return 0
    _set(connection, item_id, "retracted", at_s)
    relation = memory_relations.c
    restored = list(connection.scalars(
        select(relation.other_id).where(relation.item_id == item_id, relation.kind == "supersedes")
    ))  # fmt: skip
    for other in restored:
        _set(connection, other, "verified", None)
    return len(restored) + _doubt(connection, memory_evidence.c.rests_on == item_id)


def retract_source(connection: Connection, space: int, uri: str, *, at_s: float) -> int:
    """Take a document back: it is not recalled any more; what was concluded from it is retracted like an item.

    Returns:
        How many items changed.

    Raises:
        NotStored: If there is no such document in the namespace.
    """
    column = memory_sources.c
    source = connection.scalar(
        select(column.source_id).where(column.space == space, column.uri == storable(uri))
    )
    if source is None:
        raise NotStored(f"There is no document {uri!r}. List them with: agot memory sources")
    connection.execute(update(memory_sources).where(column.source_id == source).values(retracted_s=at_s))
    evidence = memory_evidence.c
    resting = list(
        connection.scalars(select(evidence.item_id).where(evidence.source_id == source).distinct())
    )
    return sum(1 + retract_item(connection, space, item, at_s=at_s) for item in resting)


def note_recalls(connection: Connection, run_id: RunId, recalled: Sequence[tuple[str, int, float]]) -> None:
    """Keep which passages the thoughts of a run were given: thought, number and score of each."""
    column = memory_chunks.c
    owners: dict[int, tuple[int | None, str | None]] = {}
    for part in parts(list({number for _, number, _ in recalled})):
        found = connection.execute(
            select(column.chunk_id, column.source_id, column.item_id).where(column.chunk_id.in_(part))
        )
        owners |= {number: (source, item) for number, source, item in found}
    table = memory_recalls
    noted = select(table.c.thought, table.c.chunk_id).where(table.c.run_id == run_id)
    known = {(thought, number) for thought, number in connection.execute(noted)}
    rows = [
        {
            "run_id": run_id, "thought": thought, "chunk_id": number, "source_id": owners[number][0],
            "rests_on": owners[number][1], "score": score,
        }
        for thought, number, score in recalled
        if number in owners and (thought, number) not in known
    ]  # fmt: skip
    if rows:
        connection.execute(insert(table), rows)


def _standing(connection: Connection, space: int, question_key: str) -> list[Item]:
    column = memory_items.c
    query = select(memory_items).where(
        column.space == space,
        column.question_key == storable(question_key),
        column.status.in_(("verified", "disputed")),
    )
    return [_item(row) for row in connection.execute(query).mappings()]


def _doubt(connection: Connection, condition: object) -> int:
    evidence = memory_evidence.c
    resting = list(connection.scalars(select(evidence.item_id).where(condition).distinct()))  # type: ignore[arg-type]
    change = update(memory_items).where(
        memory_items.c.item_id.in_(resting), memory_items.c.status == "verified"
    )
    return connection.execute(change.values(status="disputed")).rowcount if resting else 0


def _set(connection: Connection, item_id: str, status: ItemStatus, retired_s: float | None) -> None:
    change = update(memory_items).where(memory_items.c.item_id == storable(item_id))
    connection.execute(change.values(status=status, retired_s=retired_s))


def _relate(connection: Connection, item_id: str, other_id: str, kind: str, at_s: float) -> None:
    connection.execute(
        insert(memory_relations).values(item_id=item_id, other_id=other_id, kind=kind, at_s=at_s)
    )


def _weight(item: Item) -> int:
    return 3 if item.kind == "correction" else _RANK.get(item.trust, 0)


def _same(one: str, other: str) -> bool:
    return " ".join(one.split()).casefold().rstrip(".") == " ".join(other.split()).casefold().rstrip(".")


def _item(row: object) -> Item:
    values = dict(row)  # type: ignore[call-overload]
    values.pop("space")
    return Item(id=values.pop("item_id"), **values)
