"""Lists, search, look-up by prefix, export and deletion."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agot.errors import StoreError
from agot.events import EdgeAdded, RunFinished, ThoughtAdded, Verified
from agot.ids import ROOT, RunId, ThoughtId
from agot.learning import Outcome
from agot.stores.database import SqlStore
from agot.thought import Verdict

A, B = ThoughtId("0.0"), ThoughtId("0.1")


async def several(store: SqlStore, begin: Any) -> list[RunId]:
    """Three runs with rising ids; the second is answered."""
    ids = [RunId(f"01hzrun000000000{name}") for name in ("aa", "ab", "bb")]
    for number, run_id in enumerate(ids):
        run = await begin(store, run_id, question=f"Question {number} about 50% of_it")
        if number == 1:
            run.emit(RunFinished(status="answered", answer="The Answer"))
    await store.flush()
    return ids


async def test_runs_are_listed_newest_first(store: SqlStore, begin: Any) -> None:
    ids = await several(store, begin)
    assert [run.run_id for run in await store.runs()] == ids[::-1]
    assert [run.run_id for run in await store.runs(limit=1)] == ids[2:]


async def test_runs_can_be_filtered_by_status(store: SqlStore, begin: Any) -> None:
    ids = await several(store, begin)
    assert [run.run_id for run in await store.runs(status="answered")] == [ids[1]]


async def test_runs_can_be_searched_literally(store: SqlStore, begin: Any) -> None:
    await several(store, begin)
    for search, found in (("QUESTION 2", 1), ("the answer", 1), ("50%", 3), ("%2%", 0), ("f_it", 3)):
        assert len(await store.runs(search=search)) == found, search


async def test_a_unique_beginning_of_an_id_is_enough(store: SqlStore, begin: Any) -> None:
    ids = await several(store, begin)
    assert await store.find("01HZrun000000000b ") == ids[2]
    assert (await store.run("01hzrun000000000b")).run_id == ids[2]


async def test_an_ambiguous_or_unknown_beginning_is_refused(store: SqlStore, begin: Any) -> None:
    ids = await several(store, begin)
    with pytest.raises(StoreError, match=f"several runs: {ids[0]}, {ids[1]}"):
        await store.find("01hzrun000000000a")
    for unknown in ("zz", "", "%"):
        with pytest.raises(StoreError, match="There is no run"):
            await store.run(unknown)


async def test_an_export_is_complete_and_json(store: SqlStore, begin: Any, call: Any) -> None:
    run = await begin(store)
    run.emit(
        ThoughtAdded(thought=A, parent_graph=ROOT, depth=1, layer=0, question="?"), EdgeAdded(source=A, target=B),
        Verified(thought=A, answer="4", verdict=Verdict(check="c", reward=0.5)),
    )  # fmt: skip
    await store.put_call(run.id, call())
    other, learnt = await begin(store, RunId("01other")), store.learnt(run.id)
    told = Outcome(kind="strategy", subject="arithmetic", arm="chain", thought=A, reward=0.5, tokens=7)
    await store.learnt(other.id).record([told])
    await learnt.tallies("strategy", "arithmetic")
    await learnt.record([told, told.model_copy(update={"ordinal": 1})])
    exported = await store.export(run.id)
    assert json.loads(json.dumps(exported)) == exported
    assert (exported["format"], exported["version"]) == ("agot.run", 1)
    assert exported["run"]["question"] == "How many?"
    assert [event["kind"] for event in exported["events"]] == ["thought_added", "edge_added", "verified"]
    sizes = {name: len(exported[name]) for name in ("thoughts", "edges", "verdicts", "calls", "outcomes")}
    assert sizes == {"thoughts": 2, "edges": 1, "verdicts": 1, "calls": 1, "outcomes": 2}
    assert {"arm": "chain", "reward": 0.5, "tokens": 7, "ordinal": 1}.items() <= exported["outcomes"][
        1
    ].items()
    (seen,) = exported["lessons_seen"]
    assert (seen["subject"], seen["tallies"]["chain"]["n"]) == ("arithmetic", 1)


async def test_deleting_a_run_takes_everything_of_it_and_nothing_else(
    store: SqlStore, begin: Any, call: Any
) -> None:
    doomed, kept = await begin(store), await begin(store, RunId("01hzrun0000000000b"))
    for run in (doomed, kept):
        run.emit(EdgeAdded(source=A, target=B), Verified(thought=A, answer="4", verdict=Verdict(check="c")))
        await store.put_call(run.id, call())
        await store.end_attempt(run.id)
    await store.delete(doomed.id)
    for read in (store.events, store.thoughts, store.edges, store.verdicts, store.calls):
        assert await read(doomed.id) == []
        assert len(await read(kept.id)) > 0
    with pytest.raises(StoreError, match="There is no run"):
        await store.delete(doomed.id)


async def test_a_run_at_work_is_not_deleted(store: SqlStore, begin: Any) -> None:
    run = await begin(store)
    with pytest.raises(StoreError, match="is being run by process"):
        await store.delete(run.id)


async def test_the_settings_are_kept_without_the_databases_url(store: SqlStore) -> None:
    settings = '{"seed": 3, "database_url": "postgresql://me:s3cret@host/x"}'
    await store.begin_run(
        RunId("01hz"), question="?", model="m", strategy="auto", seed=3, settings_json=settings
    )
    assert json.loads((await store.run("01hz")).settings_json) == {"seed": 3}
    assert "s3cret" not in json.dumps(await store.export(RunId("01hz")))


async def test_an_id_is_used_once_and_a_seed_must_fit(store: SqlStore, begin: Any) -> None:
    run = await begin(store)
    with pytest.raises(StoreError, match="already a run"):
        await begin(store, run.id)
    with pytest.raises(StoreError):
        await store.begin_run(RunId("01hz"), question="?", model="m", strategy="auto", seed=2**80)


async def test_events_of_another_version_are_named(
    store: SqlStore, url: str, begin: Any, execute: Any
) -> None:
    run = await begin(store)
    run.emit(EdgeAdded(source=A, target=B))
    await store.flush()
    execute(url, """UPDATE events SET body = '{"kind": "dreamt"}'""")
    with pytest.raises(StoreError, match=r"Event 1 of run .* another version"):
        await store.events(run.id)
    assert (await store.export(run.id))["events"] == [{"kind": "dreamt"}]
