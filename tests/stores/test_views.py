"""What a viewer reads, what people write beside runs, and branches, in each kind of database."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from agot.errors import NotStored, RunHeld, StoreError
from agot.events import (
    CallFinished,
    EdgeAdded,
    RunFinished,
    RunStarted,
    SearchFinished,
    SearchNodeAdded,
    SearchNodeVisited,
    SearchPruned,
    StrategyChosen,
    ThoughtAdded,
    ThoughtFinished,
    ThoughtStarted,
    ToolFinished,
    Verified,
)
from agot.ids import ROOT, RunId, ThoughtId
from agot.protocols import CallRecord
from agot.stores import branching, remarks, views
from agot.stores.database import SqlStore
from agot.thought import ThoughtStatus, Usage, Verdict

RUN = RunId("01hzrun0000000000a")
BRANCH = RunId("01hzrun0000000000b")
A, B, C, NESTED = (ThoughtId(name) for name in ("0.0", "0.1", "0.2", "0.1/0.0"))


def _call(key: str, thought: str, at_s: float, *, state: Any = "done") -> CallRecord:
    return CallRecord(
        key=key, kind="model", state=state, thought=ThoughtId(thought), purpose="solve", model="m",
        request='{"role":"fast"}', reply="{}" if state == "done" else None,
        usage=Usage(calls=1, prompt_tokens=3, completion_tokens=2, cost_usd=0.5), at_s=at_s, latency_ms=10.0,
    )  # fmt: skip


@pytest.fixture
async def run(store: SqlStore, begin: Any) -> Any:
    """The root plans A, B after A, and C; B is a nested graph of one thought."""
    made = await begin(store)
    made.emit(RunStarted(question="How many?", model="m", strategy="auto", seed=7, limits={}))
    for thought, above in ((ROOT, None), (A, ROOT), (B, ROOT), (C, ROOT), (NESTED, B)):
        depth = 0 if above is None else 1 + thought.count("/")
        question = f"Q {thought} " + "x" * 200
        made.emit(ThoughtAdded(thought=thought, parent_graph=above, depth=depth, layer=0, question=question))
    made.emit(EdgeAdded(source=A, target=B))
    for thought in (ROOT, A, C, B, NESTED):
        made.emit(ThoughtStarted(thought=thought, question=f"Q {thought}"))
    await store.flush(made.id)
    started = {one.thought: one.started_s or 0.0 for one in await store.thoughts(made.id)}
    for key, thought, at_s in (
        ("plan", ROOT, started[ROOT]), ("a", A, started[A]), ("c", C, started[C]), ("b", B, started[B]),
        ("n", NESTED, started[NESTED]), ("final", ROOT, made.now_s + 1),
    ):  # fmt: skip
        await store.put_call(made.id, _call(key, thought, at_s))
    return made


async def test_a_skeleton_tells_structure_and_what_was_spent(store: SqlStore, run: Any) -> None:
    run.emit(ThoughtFinished(thought=A, status=ThoughtStatus.DONE, answer="4", reward=0.5, strategy="chain"))
    run.emit(SearchNodeAdded(thought=C, search=0, node=0, parent=None, text='"parent":null'))
    run.emit(SearchNodeAdded(thought=C, search=0, node=1, parent=0, text='x "parent":null x'))
    await store.flush(run.id)
    told = await store.view(partial(views.skeleton, run_id=run.id))
    nodes = {node[0]: dict(zip(told["columns"], node, strict=True)) for node in told["nodes"]}
    assert list(nodes) == [ROOT, A, B, C, NESTED] and told["seq"] == run.emitted[-1].seq
    assert nodes[B]["needs"] == [A] and nodes[NESTED]["parent"] == B and nodes[C]["searches"] == 1
    assert len(nodes[A]["title"]) <= 120 and nodes[A]["reward"] == 0.5 and nodes[A]["end_s"] is not None
    assert (nodes[ROOT]["tokens"], nodes[ROOT]["calls"], nodes[ROOT]["cost_usd"]) == (10, 2, 1.0)


async def test_a_thought_is_told_with_all_that_concerns_it_and_nothing_else(
    store: SqlStore, run: Any
) -> None:
    run.emit(StrategyChosen(thought=B, strategy="vote", why="hard"))
    run.emit(StrategyChosen(thought=NESTED, strategy="chain", why="0.1"))
    run.emit(Verified(thought=B, answer="4", verdict=Verdict(check="form", reward=None)))
    run.emit(CallFinished(
        thought=B, call="broken", purpose="solve", model="m", usage=Usage(calls=1, prompt_tokens=9), latency_ms=0.0,
        error="nobody answers",
    ))  # fmt: skip
    run.emit(ToolFinished(thought=B, call="", tool="clock", text="no", error=True, latency_ms=1.0))
    await store.flush(run.id)
    told = await store.view(partial(views.thought, run_id=run.id, name=B))
    assert [choice["strategy"] for choice in told["choices"]] == ["vote"]
    assert [finding["thought"] for finding in told["findings"]] == [A]
    assert [(call["key"], call["error"]) for call in told["calls"]] == [
        ("b", ""), ("broken", "nobody answers")
    ]  # fmt: skip
    assert told["verdicts"][0]["reward"] is None and told["tools"][0]["error"]
    call = await store.view(partial(views.call, run_id=run.id, key="b"))
    assert call["request"] == {"role": "fast"} and call["response"] == {}
    for name in ("7.7", "%", "0.1\0"):
        with pytest.raises(NotStored):
            await store.view(partial(views.thought, run_id=run.id, name=name))
    with pytest.raises(NotStored):
        await store.view(partial(views.call, run_id=run.id, key="nothing"))


async def test_a_search_is_folded_into_a_tree(store: SqlStore, run: Any) -> None:
    run.emit(SearchNodeAdded(thought=C, search=0, node=0, parent=None, text=""))
    run.emit(SearchNodeAdded(thought=C, search=0, node=1, parent=0, text="step", value=0.2, done=True))
    run.emit(SearchNodeVisited(thought=C, search=0, node=1, visits=3, value=0.4))
    run.emit(SearchPruned(thought=C, search=0, node=1, why="worse"))
    run.emit(SearchFinished(thought=C, search=0, strategy="mcts", path=(0, 1), why="best"))
    await store.flush(run.id)
    (tree,) = await store.view(partial(views.searches, run_id=run.id, name=None))
    assert (tree["strategy"], tree["path"], tree["thought"]) == ("mcts", [0, 1], C)
    last = tree["nodes"][1]
    assert (
        last["pruned"] == "worse" and [visit[1:] for visit in last["visits"]] == [[3, 0.4]] and last["done"]
    )
    assert await store.view(partial(views.searches, run_id=run.id, name=A)) == []


async def test_a_page_tells_what_a_run_without_an_end_used(store: SqlStore, run: Any) -> None:
    common = {"limit": 9, "before": None, "status": None, "search": "", "session": None}
    (row,) = await store.view(partial(views.page, **common))
    assert (row["status"], row["running"], row["calls"], row["tokens"]) == ("running", True, 6, 30)
    run.emit(RunFinished(status="answered", answer="4", usage=Usage(calls=6, prompt_tokens=1, wall_s=2.0)))
    await store.flush(run.id)
    (row,) = await store.view(partial(views.page, **(common | {"status": "answered", "search": "HOW"})))
    assert (row["answer"], row["tokens"], row["wall_s"], row["thoughts"]) == ("4", 1, 2.0, 5)
    assert await store.view(partial(views.page, **(common | {"session": "none\0"}))) == []
    assert await store.view(partial(views.page, **(common | {"before": (row["created_s"], row["id"])}))) == []


async def test_a_branch_takes_over_what_stands_before_its_thought(store: SqlStore, run: Any) -> None:
    async def kept(thought: str, into: str) -> list[str]:
        name = RunId(into)
        work = partial(
            branching.branch, run_id=run.id, thought=thought, into=name, settings_json="{}", strategy="auto",
            now_s=5.0,
        )  # fmt: skip
        await store.change(work)
        return sorted(call.key for call in await store.load_calls(name))

    assert await kept(C, "01c") == ["a", "b", "n", "plan"]
    assert await kept(A, "01a") == ["c", "plan"]
    assert await kept(NESTED, "01n") == ["a", "b", "c", "plan"]
    assert await kept(ROOT, "01r") == []
    estimate = await store.view(partial(branching.estimate, run_id=run.id, thought=A))
    assert (estimate.replayed_calls, estimate.repeated_calls, estimate.tokens) == (2, 4, 20)
    assert estimate.cost_usd == 2.0 and set(estimate.thoughts) == {A, B, NESTED}
    row = await store.run("01c")
    assert (row.question, row.seed, row.status, row.attempt) == ("How many?", 7, "running", 0)
    with pytest.raises(NotStored, match="no thought"):
        await kept("7.7", "01x")


async def test_what_was_begun_and_not_finished_is_not_taken_over(store: SqlStore, run: Any) -> None:
    await store.put_call(run.id, _call("half", A, 0.0, state="started"))
    work = partial(
        branching.branch,
        run_id=run.id,
        thought=C,
        into=BRANCH,
        settings_json="{}",
        strategy="auto",
        now_s=5.0,
    )
    await store.change(work)
    assert "half" not in {call.key for call in await store.load_calls(BRANCH)}


async def test_remarks_go_with_their_run(store: SqlStore, run: Any) -> None:
    async def add(run_id: RunId, name: str, at_s: float) -> remarks.Remark:
        remark = remarks.Remark(id=name, thought="", text="so\0 \ud800", created_s=at_s)
        return await store.change(partial(remarks.add_remark, run_id=run_id, remark=remark))

    kept = await add(run.id, "2", 2.0)
    await add(run.id, "1", 1.0)
    assert kept.text == "so\ufffd \ufffd"
    found = await store.view(partial(remarks.list_remarks, run_id=run.id))
    assert [one.id for one in found] == ["1", "2"]
    assert await store.change(partial(remarks.remove_remark, run_id=run.id, name="1"))
    assert not await store.change(partial(remarks.remove_remark, run_id=run.id, name="1"))
    with pytest.raises(NotStored):
        await add(RunId("01none"), "3", 1.0)
    with pytest.raises(RunHeld):
        await store.delete(run.id)
    await store.end_attempt(run.id)
    await store.delete(run.id)
    assert await store.view(partial(remarks.list_remarks, run_id=run.id)) == []
    with pytest.raises(StoreError):
        await store.view(partial(views.run, run_id=run.id))
