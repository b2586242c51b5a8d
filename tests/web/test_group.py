"""Two servers of one group on one database: what one runs, the other watches, stops, approves and takes up."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Awaitable, Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

import agot
from agot.protocols import ModelRequest
from tests.scripted import ScriptedModels
from tests.web.serving import WAIT_S, Gate, Served, answering, ended, serving, sse

Pair = tuple[httpx.Client, httpx.Client]


def _start(client: httpx.Client, question: str = "What is it?", **more: object) -> str:
    response = client.post("/api/runs", json={"question": question, **more})
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


def _models() -> ScriptedModels:
    return ScriptedModels(answering, dialect="standard")


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def pair(tmp_path: Path, gate: Gate) -> Iterator[Pair]:
    """Return clients of two servers; the first works at one run at a time, and its model waits at the gate."""
    with (
        serving(tmp_path, ScriptedModels(gate, dialect="standard"), most_runs=1, group="us") as one,
        serving(tmp_path, _models(), group="us") as other,
        one.client() as here, other.client() as there,
    ):  # fmt: skip
        yield here, there
        gate.open()


def test_a_run_is_watched_and_stopped_at_another_server(pair: Pair, gate: Gate) -> None:
    here, there = pair
    run = _start(here)
    assert gate.reached.wait(WAIT_S)
    row = there.get(f"/api/runs/{run}").json()
    assert (row["status"], row["here"]) == ("running", True)
    with there.stream("GET", f"/api/runs/{run}/events") as stream:
        events = sse(stream.iter_lines())
        while "call_started" not in next(events)[2]:
            continue
        assert there.post(f"/api/runs/{run}/resume").status_code == 409
        assert there.delete(f"/api/runs/{run}").status_code == 409
        assert there.post(f"/api/runs/{run}/cancel").status_code == 202
        assert [event for event, _, _ in events][-1] == "end"
    assert there.get(f"/api/runs/{run}").json()["status"] == "interrupted"
    # The other server goes on with it at once.
    assert there.post(f"/api/runs/{run}/resume").status_code == 202
    assert ended(here, run)["status"] == "answered"


def test_a_run_that_waits_at_one_server_is_known_to_the_other(pair: Pair, gate: Gate) -> None:
    here, there = pair
    first, second = _start(here), _start(here)
    assert gate.reached.wait(WAIT_S)
    assert there.get(f"/api/runs/{second}").json()["status"] == "running"
    listed = there.get("/api/runs", params={"status": "running"}).json()["runs"]
    assert {row["id"] for row in listed} == {first, second}
    assert there.post(f"/api/runs/{second}/resume").status_code == 409
    assert there.delete(f"/api/runs/{second}").status_code == 409
    assert there.post(f"/api/runs/{second}/cancel").status_code == 202
    assert ended(there, second)["status"] == "unfinished"
    forked = there.post(f"/api/runs/{first}/fork", json={"thought": "root"})
    assert ended(there, forked.json()["id"])["status"] == "answered"


def test_a_tool_call_is_approved_at_another_server_once(tmp_path: Path) -> None:
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

    models = [ScriptedModels(reply, dialect="standard") for _ in range(2)]
    with (
        serving(tmp_path, models[0], tools=(send,), group="us") as one,
        serving(tmp_path, models[1], tools=(send,), group="us") as other,
        one.client() as here, other.client() as there,
    ):  # fmt: skip
        run = _start(here, "Send a letter to Oslo.", strategy="tools")
        with there.stream("GET", f"/api/runs/{run}/events") as stream:
            events = sse(stream.iter_lines())
            while "approval_asked" not in next(events)[2]:
                continue
            (waiting,) = there.get(f"/api/runs/{run}/approvals").json()["approvals"]
            assert waiting == here.get(f"/api/runs/{run}/approvals").json()["approvals"][0]
            assert waiting["tool"] == "send" and waiting["arguments"] == {"to": "Oslo"} and done == []
            path = f"/api/runs/{run}/approvals/{waiting['call']}"
            assert there.post(path, json={"decision": "yes"}).status_code == 200
            assert here.post(path, json={"decision": "no"}).status_code == 404
            list(events)
        assert ended(there, run)["answer"] == "42" and done == ["Oslo"]
        assert there.get(f"/api/runs/{run}/approvals").json() == {"approvals": []}


def test_runs_of_a_server_that_ends_are_taken_up_but_for_those_whose_client_waited(tmp_path: Path) -> None:
    gate = Gate()
    models = [ScriptedModels(lambda request: reply(request), dialect="standard"), _models()]

    def reply(request: ModelRequest) -> str | Awaitable[str]:
        return answering(request) if len(models[0].requests) == 1 else gate(request)

    with ExitStack() as stack:
        first = stack.enter_context(ExitStack())
        one = first.enter_context(serving(tmp_path, models[0], group="us", lasting=True))
        here = stack.enter_context(one.client())
        question = "How many legs do 3 dogs and 2 birds have?"
        run, other = _start(here, question), ""
        assert gate.reached.wait(WAIT_S)
        chat = {"model": "agot", "messages": [{"role": "user", "content": "What?"}], "stream": True}
        with here.stream("POST", "/v1/chat/completions", json=chat) as stream:
            lines = stream.iter_lines()
            next(lines)
            other = next(row["id"] for row in here.get("/api/runs").json()["runs"] if row["id"] != run)
            first.close()
    with serving(tmp_path, models[1], group="us", lasting=True) as later, later.client() as there:
        row = ended(there, run)
        assert there.get(f"/api/runs/{other}").json()["status"] == "interrupted"
    assert row["status"] == "answered" and row["attempts"] == 2
    # The first answer came from the journal.
    assert models[0].requests[0] not in models[1].requests


def test_a_run_whose_servers_ended_three_times_is_left_alone_and_can_be_resumed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate()
    with serving(tmp_path, ScriptedModels(gate, dialect="standard"), group="us", lasting=True) as one, one.client() as here:
        run = _start(here)
        assert gate.reached.wait(WAIT_S)
    with sqlite3.connect(tmp_path / "agot.db") as database:
        database.execute("UPDATE served SET moves = 3")
    database.close()
    with serving(tmp_path, _models(), group="us", lasting=True) as later, later.client() as there:
        assert ended(there, run)["status"] == "interrupted"
        assert f"agot resume {run}" in caplog.text
        assert there.post(f"/api/runs/{run}/resume").status_code == 202
        assert ended(there, run)["status"] == "answered"


def test_servers_of_other_groups_leave_each_others_runs_alone(tmp_path: Path) -> None:
    gate = Gate()
    models = ScriptedModels(gate, dialect="standard")
    with serving(tmp_path, models, group="us", lasting=True) as one, one.client() as here:
        run = _start(here)
        assert gate.reached.wait(WAIT_S)

    def watched(server: Served) -> str:
        with server.client() as client:
            return str(ended(client, run)["status"])

    with serving(tmp_path, _models(), group="them") as other:
        assert watched(other) == "interrupted"
    with serving(tmp_path, _models()) as alone:
        assert watched(alone) == "interrupted"
