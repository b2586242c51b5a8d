"""Runs over HTTP: started, watched, stopped, taken up again, branched, annotated, taken out and away."""

from __future__ import annotations

import asyncio
import json
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

import agot
from agot.budget import Budget
from agot.events import EventStream, Notice, RunFinished, RunStarted
from agot.ids import RunId
from agot.protocols import ModelRequest
from agot.settings import EngineSettings, RoleSettings, Settings
from agot.stores.database import SqlStore
from tests.scripted import ScriptedModels
from tests.web.serving import WAIT_S, Gate, Served, answering, ended, serving, sse


def _start(client: httpx.Client, question: str = "What is it?", **more: Any) -> str:
    response = client.post("/api/runs", json={"question": question, **more})
    assert response.status_code == 202, response.text
    name: str = response.json()["id"]
    return name


def _events(client: httpx.Client, run: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.get(f"/api/runs/{run}/events.json").json()["events"]
    return found


def test_a_run_is_started_watched_and_looked_at(client: httpx.Client) -> None:
    run = _start(client, "What is 6 * 7?")
    row = ended(client, run)
    assert (row["status"], row["answer"], row["running"], row["session"]) == ("answered", "42", False, None)
    assert row["trust"] == "proved" and "settled that it is right" in row["trust_reason"]
    (listed,) = client.get("/api/runs").json()["runs"]
    assert listed == {name: row[name] for name in listed}
    assert row["thoughts"] == 1 and row["calls"] == 1 and row["created_at"].endswith("Z")
    skeleton = client.get(f"/api/runs/{run}/skeleton").json()
    (root,) = (dict(zip(skeleton["columns"], node, strict=True)) for node in skeleton["nodes"])
    assert root["id"] == "root" and root["calls"] == 1 and root["title"] == "What is 6 * 7?"
    assert skeleton["seq"] == row["seq"] == _events(client, run)[-1]["seq"]
    thought = client.get(f"/api/runs/{run}/thoughts/root").json()
    assert thought["answer"] == "42" and [call["purpose"] for call in thought["calls"]] == ["solve"]
    assert thought["trust"] == "proved" and thought["trust_reason"] == row["trust_reason"]
    assert thought["calls"][0]["role"] == "fast" and thought["verdicts"][-1]["reward"] == 1.0
    key = thought["calls"][0]["key"]
    call = client.get(f"/api/runs/{run}/calls/{key}").json()
    assert call["request"]["messages"] and "42" in call["response"]["completions"][0]["text"]


def test_runs_are_listed_in_pages_and_found_by_text(client: httpx.Client) -> None:
    runs = [_start(client, f"What is question {number}?") for number in range(5)]
    for run in runs:
        ended(client, run)
    seen, cursor = [], None
    while True:
        page = client.get("/api/runs", params={"limit": 2, **({"before": cursor} if cursor else {})}).json()
        seen += [row["id"] for row in page["runs"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == runs[::-1]
    assert [row["id"] for row in client.get("/api/runs?q=question 3").json()["runs"]] == [runs[3]]
    assert client.get("/api/runs?status=failed").json() == {"runs": [], "next": None}
    assert len(client.get("/api/runs?status=answered").json()["runs"]) == 5


def test_events_after_forced_breaks_are_each_seen_once_and_in_order(tmp_path: Path) -> None:
    gate = Gate()
    with serving(tmp_path, ScriptedModels(gate, dialect="standard")) as served, served.client() as client:
        run = _start(client)
        seen: list[dict[str, Any]] = []
        last, over, breaks = "", False, 0
        while not over:
            headers = {"last-event-id": last} if last else {}
            with client.stream("GET", f"/api/runs/{run}/events", headers=headers) as stream:
                for event, name, data in sse(stream.iter_lines()):
                    over, last = event == "end", name
                    if event == "batch":
                        seen += json.loads(data)
                        breaks += 1
                        gate.open()
                        break
        assert breaks > 1 and seen == _events(client, run)
        assert [event["seq"] for event in seen] == list(range(1, len(seen) + 1))


def test_a_run_of_another_process_is_watched(served: Served, client: httpx.Client) -> None:
    name = RunId("01zzother0process1")
    go = threading.Event()

    async def other() -> None:
        async with await SqlStore.open(served.database) as store:
            await store.begin_run(name, question="whose?", model="m", strategy="auto", seed=0)
            attempt, last = await store.begin_attempt(name)
            stream = EventStream(name, lambda: 1.0, after_seq=last, attempt=attempt)
            stream.add_sink(store.sink)
            stream.emit(RunStarted(question="whose?", model="m", strategy="auto", seed=0, limits={}))
            await store.flush(name)
            begun.set()
            while not go.is_set():
                await asyncio.sleep(0.005)
            stream.emit(Notice(level="info", text="still here"))
            stream.emit(RunFinished(status="answered", answer="theirs"))
            await store.flush(name)
            await store.end_attempt(name)

    begun = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(other()))
    thread.start()
    assert begun.wait(WAIT_S)
    assert client.get(f"/api/runs/{name}").json()["running"]
    assert client.post(f"/api/runs/{name}/cancel").status_code == 409
    assert client.post(f"/api/runs/{name}/resume").status_code == 409
    kinds: list[str] = []
    with client.stream("GET", f"/api/runs/{name}/events") as stream:
        for event, _, data in sse(stream.iter_lines()):
            if event == "batch":
                kinds += [one["kind"] for one in json.loads(data)]
                go.set()
            else:
                assert json.loads(data) == {"seq": 3, "status": "answered"}
    thread.join(WAIT_S)
    assert kinds == ["run_started", "notice", "run_finished"]


def test_a_cancelled_run_is_resumed_and_pays_for_nothing_twice(tmp_path: Path) -> None:
    held = Gate()

    def reply(request: ModelRequest) -> Any:
        # All but the first answer are samples that it is compared with.
        return answering(request) if request is models.requests[0] else held(request)

    models = ScriptedModels(reply, dialect="standard")
    with serving(tmp_path, models) as served, served.client() as client:
        run = _start(client, "How many legs do 3 dogs and 2 birds have?")
        assert held.reached.wait(WAIT_S)
        assert client.get(f"/api/runs/{run}").json()["here"]
        assert client.delete(f"/api/runs/{run}").status_code == 409
        assert client.post(f"/api/runs/{run}/cancel").status_code == 202
        assert ended(client, run)["status"] == "interrupted"
        held.open()
        assert client.post(f"/api/runs/{run}/resume").status_code == 202
        row = ended(client, run)
        # The first call comes from the journal; the one that was cancelled in flight counts as paid, too.
        assert (row["status"], row["attempts"], row["usage"]["replayed_calls"]) == ("answered", 2, 2)
        first = models.requests[0]
        assert models.requests.count(first) == 1 and len(models.requests) > row["calls"] - 1 > 1
        assert row["trust"] == "cross-checked"
        again = client.post(f"/api/runs/{run}/resume")
        assert again.status_code == 409 and again.json()["error"]["code"] == "answered"


PLAN = "PLAN\n1. First?\n2. Second, after #1?\n3. Third?\n4. The sum of #2 and #3?"
LAYERED = Settings(
    roles={"fast": RoleSettings(model="scripted/model")}, engine=EngineSettings(mode="layered")
)
"""In layers, a question is offered to be planned without its model having been seen to plan."""


def _planning(request: ModelRequest) -> str:
    if request.purpose == "think" and request.thought == "root":
        return PLAN
    return answering(request)


def test_a_fork_replays_what_its_thought_does_not_touch(tmp_path: Path) -> None:
    models = ScriptedModels(_planning, dialect="standard")
    with serving(tmp_path, models, settings=LAYERED) as served, served.client() as client:
        run = _start(client, "The whole?")
        row = ended(client, run)
        assert row["answer"] == "42" and row["thoughts"] >= 4
        paid = len(models.requests)
        first = client.get(f"/api/runs/{run}/fork", params={"thought": "0.0"}).json()
        third = client.get(f"/api/runs/{run}/fork", params={"thought": "0.2"}).json()
        assert {"0.0", "0.1"} <= set(first["thoughts"]) and "0.2" not in first["thoughts"]
        assert "0.0" not in third["thoughts"]
        assert third["replayed_calls"] + third["repeated_calls"] == paid == row["calls"]
        assert 0 < third["repeated_calls"] < paid and third["tokens"] > 0
        response = client.post(f"/api/runs/{run}/fork", json={"thought": "0.2"})
        assert response.status_code == 202
        forked = ended(client, response.json()["id"])
        assert forked["status"] == "answered" and forked["id"] != run
        again = models.requests[paid:]
        assert len(again) == third["repeated_calls"]
        assert {request.thought for request in again} <= {"0.2", "0.3", "root"}
        assert forked["usage"]["replayed_calls"] == third["replayed_calls"]


def test_a_fork_is_refused_where_it_means_nothing(client: httpx.Client) -> None:
    run = _start(client)
    ended(client, run)
    assert client.get(f"/api/runs/{run}/fork").status_code == 400
    assert client.get(f"/api/runs/{run}/fork?thought=9.9").status_code == 404
    assert client.post(f"/api/runs/{run}/fork", json={"thought": "9.9"}).status_code == 404
    wrong = client.post(f"/api/runs/{run}/fork", json={"thought": "root", "strategy": "guess"})
    assert wrong.status_code == 400 and "direct" in wrong.json()["error"]["message"]
    other = client.post(f"/api/runs/{run}/fork", json={"thought": "root", "strategy": "direct"})
    assert ended(client, other.json()["id"])["strategy"] == "direct"
    assert len(client.get("/api/runs").json()["runs"]) == 2


def test_a_tool_with_side_effects_waits_for_a_persons_word(tmp_path: Path) -> None:
    done: list[str] = []

    @agot.tool(side_effects=True)
    def send(to: str) -> str:
        """Send a letter."""
        done.append(to)
        return "sent"

    def reply(request: ModelRequest) -> str:
        if request.purpose != "tools":
            return answering(request)
        if "sent" in request.messages[-1].content.partition("gave:")[2]:
            return json.dumps({"thought": "It is sent.", "answer": "42"})
        return json.dumps({"thought": "Send.", "calls": [{"name": "send", "arguments": {"to": "Oslo"}}]})

    models = ScriptedModels(reply, dialect="standard")
    with serving(tmp_path, models, tools=(send,)) as served, served.client() as client:
        run = _start(client, "Send a letter to Oslo.", strategy="tools")
        with client.stream("GET", f"/api/runs/{run}/events") as stream:
            for _, _, data in sse(stream.iter_lines()):
                if "approval_asked" in data:
                    break
        (waiting,) = client.get(f"/api/runs/{run}/approvals").json()["approvals"]
        assert waiting["tool"] == "send" and waiting["arguments"] == {"to": "Oslo"} and done == []
        path = f"/api/runs/{run}/approvals/{waiting['call']}"
        assert client.post(path, json={"decision": "perhaps"}).status_code == 400
        assert client.post(path, json={"decision": "yes"}).status_code == 200
        assert client.post(path, json={"decision": "yes"}).status_code == 404
        assert ended(client, run)["answer"] == "42" and done == ["Oslo"]
        assert client.get(f"/api/runs/{run}/approvals").json() == {"approvals": []}
        tools = client.get(f"/api/runs/{run}/thoughts/root").json()["tools"]
        assert [(one["tool"], one["text"], one["error"]) for one in tools] == [("send", "sent", False)]


def test_searches_are_told_as_trees(client: httpx.Client) -> None:
    run = _start(client, strategy="tot-bfs", budget={"calls": 12})
    ended(client, run)
    (search, *_) = client.get(f"/api/runs/{run}/searches?thought=root").json()["searches"]
    nodes = {node["node"]: node for node in search["nodes"]}
    assert search["strategy"] == "tot-bfs" and nodes[0]["parent"] is None
    assert all(node["parent"] in nodes for node in search["nodes"] if node["parent"] is not None)
    skeleton = client.get(f"/api/runs/{run}/skeleton").json()
    assert dict(zip(skeleton["columns"], skeleton["nodes"][0], strict=True))["searches"] >= 1


def test_annotations_are_kept_and_deleted(client: httpx.Client) -> None:
    run = _start(client)
    ended(client, run)
    path = f"/api/runs/{run}/annotations"
    made = client.post(path, json={"thought": "root", "text": "Why 42? <b>\U0001f914"})
    assert made.status_code == 201
    client.post(path, json={"text": "of the whole"})
    assert [one["text"] for one in client.get(path).json()["annotations"]] == [
        "Why 42? <b>\U0001f914", "of the whole"
    ]  # fmt: skip
    assert client.post(path, json={"thought": "7.7", "text": "?"}).status_code == 404
    assert client.post(path, json={"text": ""}).status_code == 400
    assert client.delete(f"{path}/{made.json()['id']}").status_code == 200
    assert client.delete(f"{path}/{made.json()['id']}").status_code == 404
    assert len(client.get(path).json()["annotations"]) == 1


def test_an_export_is_a_file_and_a_deleted_run_is_gone(client: httpx.Client) -> None:
    run = _start(client)
    ended(client, run)
    response = client.get(f"/api/runs/{run}/export")
    assert response.json()["run"]["run_id"] == run and "attachment" in response.headers["content-disposition"]
    assert client.delete(f"/api/runs/{run}").status_code == 200
    for path in ("", "/skeleton", "/events", "/export", "/thoughts/root"):
        assert client.get(f"/api/runs/{run}{path}").status_code == 404


def test_settings_of_tools_are_not_told(client: httpx.Client) -> None:
    run = _start(client)
    ended(client, run)
    told = client.get(f"/api/runs/{run}").json()["settings"]
    assert told["roles"] == {"fast": "scripted/model"} and not {"tools", "database_url"} & set(told)


def test_what_is_too_much_is_refused_with_a_time_to_wait(tmp_path: Path) -> None:
    gate = Gate()
    models = ScriptedModels(gate, dialect="standard")
    with serving(tmp_path, models, most_runs=1, most_waiting=1) as served, served.client() as client:
        first, second = _start(client), _start(client)
        refused = client.post("/api/runs", json={"question": "And this?"})
        assert refused.status_code == 429 and int(refused.headers["retry-after"]) > 0
        assert refused.json()["error"]["type"] == "rate_limit_error"
        chat = {"model": "agot", "messages": [{"role": "user", "content": "And this?"}]}
        assert client.post("/v1/chat/completions", json=chat).status_code == 429
        assert gate.reached.wait(WAIT_S) and len(models.requests) == 1
        gate.open()
        assert [ended(client, run)["status"] for run in (first, second)] == ["answered", "answered"]
        ended(client, _start(client))


def test_a_waiting_run_that_is_cancelled_can_be_resumed(tmp_path: Path) -> None:
    gate = Gate()
    with (
        serving(tmp_path, ScriptedModels(gate, dialect="standard"), most_runs=1) as served,
        served.client() as client,
    ):
        first, second = _start(client), _start(client)
        assert client.get(f"/api/runs/{second}").json()["status"] == "running"
        assert client.post(f"/api/runs/{second}/cancel").status_code == 202
        assert ended(client, second)["status"] == "unfinished"
        gate.open()
        ended(client, first)
        client.post(f"/api/runs/{second}/resume")
        assert ended(client, second)["status"] == "answered"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "question"),
        ({"question": "  "}, "empty"),
        ({"question": "Why?", "stratgy": "direct"}, "stratgy"),
        ({"question": "Why?", "strategy": "guess"}, "no strategy 'guess'"),
        ({"question": "Why?", "budget": {"calls": -1}}, "budget.calls"),
        ({"question": "nul \0"}, "NUL"),
        ([], "body"),
    ],
)
def test_what_cannot_be_started_is_told_with_its_reason(client: httpx.Client, body: Any, says: str) -> None:
    response = client.post("/api/runs", json=body)
    assert response.status_code == 400 and says.lower() in response.json()["error"]["message"].lower()
    assert client.get("/api/runs").json()["runs"] == []


def test_limits_of_the_server_can_be_lowered_but_not_raised(tmp_path: Path) -> None:
    settings = Settings(roles={"fast": RoleSettings(model="scripted/model")}, budget=Budget(calls=3, usd=1.0))
    models = ScriptedModels(answering, dialect="standard")
    with serving(tmp_path, models, settings=settings) as served, served.client() as client:
        run = _start(client, budget={"calls": 99, "usd": 0.5, "seconds": 60})
        told = _events(client, ended(client, run)["id"])[0]["limits"]
        assert (told["calls"], told["usd"], told["seconds"]) == (3, 0.5, 60)
        client.post(f"/api/runs/{run}/resume", json={"again": True, "budget": {"calls": 50}})
        ended(client, run)
        assert [one["limits"]["calls"] for one in _events(client, run) if one["kind"] == "run_started"] == [
            3,
            3,
        ]


def test_a_fork_that_is_refused_leaves_nothing(tmp_path: Path) -> None:
    gate = Gate()
    models = ScriptedModels(gate, dialect="standard")
    with serving(tmp_path, models, most_runs=1, most_waiting=0) as served, served.client() as client:
        run = _start(client)
        assert gate.reached.wait(WAIT_S)
        assert client.post(f"/api/runs/{run}/fork", json={"thought": "root"}).status_code == 429
        assert [row["id"] for row in client.get("/api/runs").json()["runs"]] == [run]
        gate.open()
        ended(client, run)


def test_parameters_that_are_misspelt_or_out_of_range_are_refused(client: httpx.Client) -> None:
    for query in ("limt=1", "limit=0", "limit=x", "limit=٣", "before=x", "status=odd", "before=nan~a"):
        assert client.get(f"/api/runs?{query}").status_code == 400, query
