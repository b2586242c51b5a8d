"""What a viewer reads of runs, as JSON values. Each function takes a connection in a read transaction.

Times are seconds since the run was begun. Of a resumed run the last attempt is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, and_, or_, select
from sqlalchemy import func as sql

from agot.errors import NotStored
from agot.ids import RunId
from agot.stores import leases
from agot.stores.rows import storable
from agot.stores.runs import get_run
from agot.stores.schema import calls, edges, events, runs, thoughts, turns, verdicts

NODE_COLUMNS = (
    "id", "parent", "needs", "layer", "depth", "title", "status", "strategy", "start_s", "end_s", "tokens", "calls",
    "cost_usd", "reward", "searches",
)  # fmt: skip
"""What `skeleton` tells of each thought, in this order."""

TITLE_CHARS = 120

_SEARCH_KINDS = ("search_node_added", "search_node_visited", "search_pruned", "search_finished")
_CALL_KINDS = ("call_started", "call_retried", "call_finished")
_TOOL_KINDS = ("tool_started", "tool_finished")
_CHOICE_KINDS = ("strategy_chosen", "thought_expanded")


def instant(seconds: float) -> str:
    """Return a time as ISO 8601 in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


# -- runs ------------------------------------------------------------------------------------------


def page(
    connection: Connection,
    *,
    limit: int,
    before: tuple[float, str] | None,
    status: str | None,
    search: str,
    session: str | None,
) -> list[dict[str, Any]]:
    """Return runs, newest first, each as the row of a list.

    Args:
        before: Creation time and id of the run after which to go on, or None.
        status: As `standing` tells it.
        session: Only runs of this conversation.
    """
    query = select(runs, leases.now_column(connection.dialect.name))
    if status is not None:
        query = query.where(runs.c.status == ("running" if status == "unfinished" else status))
    if search:
        wanted = storable(search)
        query = query.where(
            runs.c.question.icontains(wanted, autoescape=True)
            | runs.c.answer.icontains(wanted, autoescape=True)
        )
    if session is not None:
        query = query.where(
            runs.c.run_id.in_(select(turns.c.run_id).where(turns.c.session_id == storable(session)))
        )
    if before is not None:
        at_s, name = before
        query = query.where(
            or_(runs.c.created_s < at_s, and_(runs.c.created_s == at_s, runs.c.run_id < name))
        )
    query = query.order_by(runs.c.created_s.desc(), runs.c.run_id.desc()).limit(limit)
    rows = list(connection.execute(query).mappings())
    return _listed(connection, rows)


def run(connection: Connection, run_id: RunId) -> dict[str, Any]:
    """Return one run in full.

    Raises:
        StoreError: If there is none with this id.
    """
    query = select(runs, leases.now_column(connection.dialect.name)).where(runs.c.run_id == run_id)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotStored(f"There is no run {run_id!r}. List runs with: agot runs")
    (listed,) = _listed(connection, [row])
    used = _spent(connection, row)
    return listed | {
        "reason": row["reason"],
        "error": row["error"],
        "limit": row["limit_kind"],
        "candidate": row["candidate"],
        "confidence": row["confidence"],
        "answer_strategy": row["answer_strategy"],
        "seed": row["seed"],
        "verdicts": json.loads(row["verdicts"]),
        "usage": used,
        "settings": _told_settings(json.loads(row["settings_json"])),
        "attempts": row["attempt"],
        "seq": last_seq(connection, run_id),
    }


def _listed(connection: Connection, rows: Sequence[RowMapping]) -> list[dict[str, Any]]:
    names = [row["run_id"] for row in rows]
    counted = connection.execute(
        select(thoughts.c.run_id, sql.count()).join(runs, runs.c.run_id == thoughts.c.run_id)
        .where(thoughts.c.run_id.in_(names), thoughts.c.attempt == runs.c.attempt).group_by(thoughts.c.run_id)
    )  # fmt: skip
    counts = {name: count for name, count in counted}
    said = connection.execute(
        select(turns.c.run_id, sql.min(turns.c.session_id)).where(turns.c.run_id.in_(names)).group_by(turns.c.run_id)
    )  # fmt: skip
    sessions = {name: session for name, session in said}
    found = []
    for row in rows:
        used = _spent(connection, row)
        found.append({
            "id": row["run_id"], "question": row["question"], "status": row["status"], "answer": row["answer"],
            "trust": row["trust"], "trust_reason": row["trust_reason"],
            "strategy": row["strategy"], "model": row["model"], "created_at": instant(row["created_s"]),
            "wall_s": used["wall_s"], "tokens": used["prompt_tokens"] + used["completion_tokens"],
            "calls": used["calls"], "cost_usd": used["cost_usd"], "thoughts": counts.get(row["run_id"], 0),
            "session": sessions.get(row["run_id"]), "running": leases.is_live(row), "created_s": row["created_s"],
        })  # fmt: skip
    return found


def _spent(connection: Connection, row: RowMapping) -> dict[str, Any]:
    """Return what a run used; of one without an end, what its finished calls did."""
    names = ("calls", "prompt_tokens", "completion_tokens", "cost_usd", "wall_s", "replayed_calls")
    if row["status"] != "running":
        return {name: row[name] for name in names}
    column = calls.c
    sums = [sql.coalesce(sql.sum(column[name]), 0) for name in names[:4]]
    query = select(*sums).where(column.run_id == row["run_id"])
    used = dict(zip(names, connection.execute(query).one(), strict=False))
    wall_s = row["now_s"] - row["created_s"] if leases.is_live(row) else 0.0
    return {
        **{name: int(used[name]) for name in names[:3]},
        "cost_usd": float(used["cost_usd"]),
        "wall_s": max(0.0, wall_s),
        "replayed_calls": 0,
    }


def last_seq(connection: Connection, run_id: RunId) -> int:
    """Return the number of the last event of a run; 0 if it has none."""
    return connection.scalar(select(sql.max(events.c.seq)).where(events.c.run_id == run_id)) or 0


def bodies(connection: Connection, run_id: RunId, *, after: int, limit: int | None) -> list[tuple[int, str]]:
    """Return events after number `after` with their numbers, as the JSON that is stored."""
    column = events.c
    query = select(column.seq, column.body).where(column.run_id == run_id, column.seq > after)
    return [(seq, body) for seq, body in connection.execute(query.order_by(column.seq).limit(limit))]


# -- thoughts --------------------------------------------------------------------------------------


def skeleton(connection: Connection, run_id: RunId) -> dict[str, Any]:
    """Return the structure of a run with one short row for each thought, and the event it is up to.

    Raises:
        StoreError: If there is no such run.
    """
    row = get_run(connection, run_id)
    needs = _needs(connection, run_id)
    spent = {
        name: (int(count), int(tokens), float(usd))
        for name, count, tokens, usd in connection.execute(
            select(
                calls.c.thought, sql.sum(calls.c.calls), sql.sum(calls.c.prompt_tokens + calls.c.completion_tokens),
                sql.sum(calls.c.cost_usd),
            ).where(calls.c.run_id == run_id, calls.c.kind == "model").group_by(calls.c.thought)
        )
    }  # fmt: skip
    searches = _search_counts(connection, run_id, row.attempt)
    column = thoughts.c
    query = select(thoughts).where(column.run_id == run_id, column.attempt == row.attempt)
    order = (column.depth, column.layer, column.thought)
    nodes = []
    for node in connection.execute(query.order_by(*order)).mappings():
        name = node["thought"]
        count, tokens, usd = spent.get(name, (0, 0, 0.0))
        nodes.append([
            name, node["parent_graph"], needs.get(name, []), node["layer"], node["depth"],
            _title(node["question"]), node["status"], node["strategy"], _since(node["started_s"], row.created_s),
            _since(node["finished_s"], row.created_s), tokens, count, usd, node["reward"], searches.get(name, 0),
        ])  # fmt: skip
    return {
        "run": run_id, "seq": last_seq(connection, run_id), "columns": list(NODE_COLUMNS), "nodes": nodes
    }  # fmt: skip


def thought(connection: Connection, run_id: RunId, name: str) -> dict[str, Any]:
    """Return one thought with its choices, verdicts, findings, calls and tools; bodies of calls are left out.

    Raises:
        StoreError: If the run has no such thought.
    """
    row = get_run(connection, run_id)
    column = thoughts.c
    query = select(thoughts).where(column.run_id == run_id, column.thought == storable(name))
    node = connection.execute(query).mappings().first()
    if node is None:
        raise NotStored(f"The run {run_id} has no thought {name!r}.")
    told = _told(connection, run_id, name, row.attempt, (*_CALL_KINDS, *_TOOL_KINDS, *_CHOICE_KINDS))
    return {
        "id": name, "question": node["question"], "answer": node["answer"], "status": node["status"],
        "reason": node["reason"], "strategy": node["strategy"], "reward": node["reward"],
        "confidence": node["confidence"], "trust": node["trust"], "trust_reason": node["trust_reason"],
        "parent": node["parent_graph"], "layer": node["layer"],
        "depth": node["depth"], "start_s": _since(node["started_s"], row.created_s),
        "end_s": _since(node["finished_s"], row.created_s),
        "choices": [
            {"strategy": event.get("strategy", "expand"), "why": event["why"], "seq": event["seq"]}
            for event in told if event["kind"] in _CHOICE_KINDS
        ],
        "verdicts": _verdicts(connection, run_id, name),
        "findings": _findings(connection, run_id, name),
        "calls": _calls(connection, run_id, name, told, row.created_s),
        "tools": _tools(told, row.created_s),
    }  # fmt: skip


def call(connection: Connection, run_id: RunId, key: str) -> dict[str, Any]:
    """Return one call of the journal with its bodies.

    Raises:
        StoreError: If the run has no such call.
    """
    query = select(calls).where(calls.c.run_id == run_id, calls.c.key == storable(key))
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotStored(f"The run {run_id} has no call {key!r}.")
    began_s = get_run(connection, run_id).created_s
    return {
        "key": key, "kind": row["kind"], "state": row["state"], "thought": row["thought"],
        "purpose": row["purpose"], "model": row["model"], "start_s": _since(row["at_s"], began_s),
        "wall_s": row["latency_ms"] / 1000, "prompt_tokens": row["prompt_tokens"],
        "completion_tokens": row["completion_tokens"], "cost_usd": row["cost_usd"],
        "request": _asked(row["request"]), "response": None if row["reply"] is None else json.loads(row["reply"]),
    }  # fmt: skip


def _asked(request: str) -> Any:
    """Return the body of a request; one that was passed on stands as its maker wrote it."""
    asked = json.loads(request)
    return asked | asked.pop("verbatim") if isinstance(asked, dict) and asked.get("verbatim") else asked


def searches(connection: Connection, run_id: RunId, name: str | None) -> list[dict[str, Any]]:
    """Return the searches of a thought, or of all, as trees folded from the events.

    Raises:
        StoreError: If there is no such run.
    """
    attempt = get_run(connection, run_id).attempt
    found: dict[tuple[str, int], dict[str, Any]] = {}
    for event in _told(connection, run_id, name, attempt, _SEARCH_KINDS):
        tree = found.setdefault((event["thought"], event["search"]), {
            "thought": event["thought"], "search": event["search"], "strategy": "", "why": "", "path": [], "nodes": {}
        })  # fmt: skip
        _grow(tree, event)
    return [tree | {"nodes": list(tree["nodes"].values())} for tree in found.values()]


def _grow(tree: dict[str, Any], event: dict[str, Any]) -> None:
    nodes: dict[int, dict[str, Any]] = tree["nodes"]
    match event["kind"]:
        case "search_finished":
            tree |= {"strategy": event["strategy"], "why": event["why"], "path": list(event["path"])}
        case "search_node_added":
            nodes[event["node"]] = {
                "node": event["node"], "parent": event["parent"], "text": event["text"], "value": event["value"],
                "done": event["done"], "pruned": None, "visits": [], "seq": event["seq"],
            }  # fmt: skip
        case "search_node_visited":
            if event["node"] in nodes:
                nodes[event["node"]]["visits"].append([event["seq"], event["visits"], event["value"]])
        case "search_pruned":
            if event["node"] in nodes:
                nodes[event["node"]]["pruned"] = event["why"]


def _told_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings that explain a run; those of tools and telemetry may hold what is nobody's business."""
    told = {name: settings[name] for name in ("engine", "search", "budget", "seed") if name in settings}
    named = {kind: settings.get(kind, {}) for kind in ("roles", "experts")}
    return told | {
        kind: {name: role.get("model", "") for name, role in roles.items()} for kind, roles in named.items()
    }


# -- parts of the above ----------------------------------------------------------------------------


def _title(question: str) -> str:
    line = " ".join(question.split())
    return line if len(line) <= TITLE_CHARS else f"{line[: TITLE_CHARS - 1]}…"


def _since(at_s: float | None, began_s: float) -> float | None:
    return None if at_s is None else round(at_s - began_s, 4)


def _needs(connection: Connection, run_id: RunId) -> dict[str, list[str]]:
    needs: dict[str, list[str]] = {}
    query = select(edges.c.source, edges.c.target).where(edges.c.run_id == run_id)
    for source, target in connection.execute(query.order_by(edges.c.target, edges.c.source)):
        needs.setdefault(target, []).append(source)
    return needs


def _search_counts(connection: Connection, run_id: RunId, attempt: int) -> dict[str, int]:
    query = _events(run_id, attempt, ("search_node_added",)).where(events.c.body.like('%"parent":%null%'))
    begun: dict[str, set[int]] = {}
    for body in connection.scalars(query):
        event = json.loads(body)
        if event["parent"] is None:
            begun.setdefault(event["thought"], set()).add(event["search"])
    return {name: len(numbers) for name, numbers in begun.items()}


def _events(run_id: RunId, attempt: int, kinds: Iterable[str]) -> Select[Any]:
    column = events.c
    return (
        select(column.body)
        .where(column.run_id == run_id, column.attempt == attempt, column.kind.in_(list(kinds)))
        .order_by(column.seq)
    )


def _told(
    connection: Connection, run_id: RunId, name: str | None, attempt: int, kinds: Iterable[str]
) -> list[dict[str, Any]]:
    query = _events(run_id, attempt, kinds)
    if name is not None:
        # Narrows it down where the events are; the comparison below is the exact one.
        query = query.where(events.c.body.contains(storable(name), autoescape=True))
    found = (json.loads(body) for body in connection.scalars(query))
    return [event for event in found if name is None or event["thought"] == name]


def _verdicts(connection: Connection, run_id: RunId, name: str) -> list[dict[str, Any]]:
    column = verdicts.c
    query = select(verdicts).where(column.run_id == run_id, column.thought == name).order_by(column.seq)
    return [
        {
            "check": row["check_name"], "reward": row["reward"], "feedback": row["feedback"],
            "conclusive": row["conclusive"], "answer": row["answer"], "seq": row["seq"],
        }
        for row in connection.execute(query).mappings()
    ]  # fmt: skip


def _findings(connection: Connection, run_id: RunId, name: str) -> list[dict[str, Any]]:
    joined = and_(thoughts.c.run_id == edges.c.run_id, thoughts.c.thought == edges.c.source)
    query = (
        select(thoughts.c.thought, thoughts.c.question, thoughts.c.answer)
        .join(edges, joined)
        .where(edges.c.run_id == run_id, edges.c.target == name)
        .order_by(thoughts.c.thought)
    )
    return [dict(row) for row in connection.execute(query).mappings()]


def _calls(
    connection: Connection, run_id: RunId, name: str, told: Iterable[dict[str, Any]], began_s: float
) -> list[dict[str, Any]]:
    """Return the calls of a thought: those of the journal, and what the events tell of others."""
    found: dict[str, dict[str, Any]] = {}
    column = calls.c
    query = select(calls).where(column.run_id == run_id, column.thought == name, column.kind == "model")
    for row in connection.execute(query.order_by(column.at_s, column.key)).mappings():
        found[row["key"]] = {
            "key": row["key"], "role": json.loads(row["request"]).get("role", ""), "model": row["model"],
            "purpose": row["purpose"], "prompt_tokens": row["prompt_tokens"],
            "completion_tokens": row["completion_tokens"], "cost_usd": row["cost_usd"], "replayed": False,
            "start_s": _since(row["at_s"], began_s), "wall_s": row["latency_ms"] / 1000, "error": "", "retries": 0,
        }  # fmt: skip
    for event in told:
        if event["kind"] not in _CALL_KINDS:
            continue
        one = found.setdefault(event["call"], {
            "key": event["call"], "role": event.get("role", ""), "model": event.get("model", ""),
            "purpose": event.get("purpose", ""), "prompt_tokens": 0, "completion_tokens": 0, "cost_usd": 0.0,
            "replayed": False, "start_s": _since(event["at_s"], began_s), "wall_s": None, "error": "", "retries": 0,
        })  # fmt: skip
        if event["kind"] == "call_retried":
            one["retries"] += 1
        elif event["kind"] == "call_finished":
            one["replayed"], one["error"] = event["replayed"], event["error"]
            if event["error"]:
                used = event["usage"]
                names = ("prompt_tokens", "completion_tokens", "cost_usd")
                one |= {spent: used[spent] for spent in names}
                one["wall_s"] = (_since(event["at_s"], began_s) or 0.0) - (one["start_s"] or 0.0)
    return sorted(found.values(), key=lambda one: one["start_s"])


def _tools(told: Iterable[dict[str, Any]], began_s: float) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for event in told:
        if event["kind"] not in _TOOL_KINDS:
            continue
        # A call that was refused before it had a key is told of only once.
        key = event["call"] or f"#{event['seq']}"
        one = found.setdefault(key, {
            "call": key, "tool": event["tool"], "arguments": "", "text": None, "error": False, "replayed": False,
            "start_s": _since(event["at_s"], began_s), "wall_s": None,
        })  # fmt: skip
        if event["kind"] == "tool_started":
            one["arguments"] = event["arguments"]
        else:
            one |= {
                "text": event["text"], "error": event["error"], "replayed": event["replayed"],
                "wall_s": event["latency_ms"] / 1000,
            }  # fmt: skip
    return list(found.values())
