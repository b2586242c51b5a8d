"""Requests with tools: the limits that hold for them, how they fail, and how they are stopped."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from agot.budget import Budget
from agot.models.gateway import Gateway
from agot.protocols import ModelProfile
from agot.settings import RoleSettings, Settings
from agot.stores.database import SqlStore
from tests.servers.loopback import Loopback, Reply, failure
from tests.web.serving import WAIT_S, Served, serving
from tests.web.upstream import Upstream, running, upstream

TOOL: dict[str, Any] = {
    "type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}
}  # fmt: skip
BODY: dict[str, Any] = {
    "model": "agot", "messages": [{"role": "user", "content": "What is it?"}], "tools": [TOOL]
}  # fmt: skip


class _Scripted:
    """A server that streams pieces as they are given."""

    def __init__(self, deltas: list[dict[str, Any]], finish_reason: str) -> None:
        self.url, self._ends = "", [({}, finish_reason)]
        self._pieces = [(delta, None) for delta in deltas] + self._ends

    async def _complete(self, request: Request) -> Response:
        def told() -> Iterator[str]:
            head = {"id": "up-1", "object": "chat.completion.chunk", "created": 1, "model": "test"}
            for delta, reason in self._pieces:
                choice = {"index": 0, "delta": delta, "finish_reason": reason}
                yield f"data: {json.dumps({**head, 'choices': [choice]})}\n\n"
            yield "data: [DONE]\n\n"

        return StreamingResponse(told(), media_type="text/event-stream")

    @contextmanager
    def at_work(self) -> Iterator[None]:
        app = Starlette(routes=[Route("/v1/chat/completions", self._complete, methods=["POST"])])
        with running(app) as url:
            self.url = url
            yield


@pytest.fixture
def model() -> Iterator[Upstream]:
    with upstream() as made:
        yield made


def _settings(url: str, **budget: Any) -> Settings:
    role = RoleSettings(model="hosted_vllm/test", base_url=url)
    return Settings(roles={"fast": role}, budget=Budget(**budget))


def _official(served: Served, **more: Any) -> openai.OpenAI:
    return openai.OpenAI(
        base_url=f"{served.url}/v1", api_key="none", timeout=WAIT_S, http_client=httpx.Client(trust_env=False), **more
    )  # fmt: skip


def _answered(
    served: Served, body: dict[str, Any], *, stream: bool
) -> tuple[str, str | None, dict[str, Any]]:
    """Return content, finish reason and report of a request."""
    with _official(served, max_retries=0) as official:
        if not stream:
            got = official.chat.completions.create(**body)
            content = got.choices[0].message.content
            assert content is not None and not got.choices[0].message.tool_calls
            return content, got.choices[0].finish_reason, (got.model_extra or {})["agot"]
        chunks = list(official.chat.completions.create(**body, stream=True))
        last = [chunk for chunk in chunks if chunk.choices][-1]
        content = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        return content, last.choices[0].finish_reason, (last.model_extra or {})["agot"]


def _events(served: Served, run: str) -> list[dict[str, Any]]:
    with served.client() as client:
        found: list[dict[str, Any]] = client.get(f"/api/runs/{run}/events.json").json()["events"]
        return found


def _only(events: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    (event,) = [event for event in events if event["kind"] == kind]
    return event


# -- limits


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("server", "own", "limit", "allowed"),
    [
        ({"calls": 0}, {}, "calls", 0),
        ({"tokens": 5}, {}, "tokens", 5),
        ({"tokens": 5}, {"max_tokens": 1000}, "tokens", 5),
        ({}, {"extra_body": {"agot": {"budget": {"calls": 0}}}}, "calls", 0),
        ({}, {"extra_body": {"agot": {"budget": {"tokens": 5}}}}, "tokens", 5),
    ],
)
def test_a_limit_without_room_ends_a_request_with_tools_before_the_model_is_asked(
    tmp_path: Path, model: Upstream, stream: bool, server: dict[str, Any], own: dict[str, Any], limit: str, allowed: int
) -> None:  # fmt: skip
    with serving(tmp_path, settings=_settings(model.url, **server)) as served, served.client() as client:
        content, finish, report = _answered(served, BODY | own, stream=stream)
        assert (content, finish, report["status"], report["strategy"]) == ("", "length", "budget", "relay")
        assert f"The {limit} budget of the run is spent" in report["reason"]
        assert report["usage"]["calls"] == 0 and not model.requests
        run = client.get(f"/api/runs/{report['run_id']}").json()
        assert (run["status"], run["limit"], run["running"]) == ("budget", limit, False)
        events = _events(served, report["run_id"])
        assert _only(events, "run_started")["limits"][limit] == allowed
        assert _only(events, "limit_fired")["limit"] == limit


@pytest.mark.parametrize("stream", [False, True])
def test_a_limit_in_dollars_holds_with_tools(tmp_path: Path, model: Upstream, stream: bool) -> None:
    class Priced(Gateway):
        def profile(self, role: str) -> ModelProfile:
            return super().profile(role).model_copy(update={"usd_per_output_token": 0.01})

    settings = _settings(model.url, usd=0.001)
    with serving(tmp_path, Priced(settings), settings=settings) as served:
        _, finish, report = _answered(served, BODY, stream=stream)
    assert finish == "length" and "usd budget" in report["reason"] and not model.requests


def test_what_a_limit_leaves_is_the_room_for_the_answer(tmp_path: Path, model: Upstream) -> None:
    with (
        serving(tmp_path, settings=_settings(model.url, tokens=300)) as served,
        _official(served) as official,
    ):
        got = official.chat.completions.create(**BODY)
        assert got.choices[0].finish_reason == "tool_calls"
        assert (got.model_extra or {})["agot"]["usage"]["calls"] == 1
        # The prompt with its tools is estimated rather too high.
        assert 100 < model.requests[0]["max_tokens"] < 280
        limits = _only(_events(served, got.id.removeprefix("chatcmpl-")), "run_started")["limits"]
        assert limits["tokens"] == 300


@pytest.mark.parametrize("own", [{}, {"extra_body": {"agot": {"budget": {"seconds": 0.7}}}}])
@pytest.mark.parametrize("stream", [False, True])
def test_a_limit_in_seconds_cuts_the_call_with_tools(
    tmp_path: Path, stream: bool, own: dict[str, Any]
) -> None:
    fault: Any = "hang_mid_stream" if stream else "hang"
    with Loopback(lambda _: Reply("It is sunny in Oslo.", fault=fault)).in_thread() as upstream_:
        settings = _settings(upstream_.base_url, **({} if own else {"seconds": 0.7}))
        with serving(tmp_path, settings=settings) as served, served.client() as client:
            began_s = time.monotonic()
            content, finish, report = _answered(served, BODY | own, stream=stream)
            assert time.monotonic() - began_s < 5.0
            assert (finish, report["status"]) == ("length", "budget") and "seconds" in report["reason"]
            assert report["usage"]["calls"] == 1 and report["usage"]["prompt_tokens"] > 0
            run = client.get(f"/api/runs/{report['run_id']}").json()
            assert (run["status"], run["limit"], run["answer"]) == ("budget", "seconds", content)
            # What was streamed before stands.
            assert bool(content) is stream
            until_s = time.monotonic() + 5.0
            while not upstream_.abandoned and time.monotonic() < until_s:
                time.sleep(0.02)
            assert upstream_.abandoned == 1, "the model still works at it"


# -- what is passed on

FIELDS: dict[str, Any] = {
    "max_tokens": 50, "temperature": 0.3, "top_p": 0.5, "stop": "END", "seed": 7, "logprobs": True, "top_logprobs": 2,
    "presence_penalty": 0.1, "frequency_penalty": 0.2, "logit_bias": {"17": -100}, "reasoning_effort": "low",
    "parallel_tool_calls": False, "tool_choice": "auto", "user": "u", "metadata": {"a": "b"}, "verbosity": "low",
    "response_format": {"type": "json_object"}, "chat_template_kwargs": {"enable_thinking": False}, "top_k": 5,
    "a_field_of_tomorrow": {"deep": [1, None]},
}  # fmt: skip


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("fields", [FIELDS, {}, {"max_tokens": -1}, {"max_completion_tokens": 9}])
def test_a_request_with_tools_reaches_the_model_as_the_client_made_it(
    tmp_path: Path, model: Upstream, stream: bool, fields: dict[str, Any]
) -> None:
    messages: list[dict[str, Any]] = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "?"}, {"type": "image_url", "image_url": {"url": "x"}}]},
        {"role": "assistant", "content": None, "reasoning_content": "hm", "tool_calls": [
            {"id": "1", "type": "function", "function": {"name": "weather", "arguments": "{}"}, "extra": 1}]},
        {"role": "function", "name": "weather", "content": "sunny", "a_mark": True},
    ]  # fmt: skip
    sent = {"model": "agot", "messages": messages, "tools": [TOOL | {"strict": True}], **fields}
    with serving(tmp_path, settings=_settings(model.url)) as served, served.client() as client:
        got = client.post("/v1/chat/completions", json=sent | {"stream": stream})
        assert got.status_code == 200, got.text
    (asked,) = model.requests
    of_the_call = {"model", "stream", "stream_options"}
    unbounded = {"max_tokens"} if fields.get("max_tokens") == -1 else set()
    assert {name: value for name, value in asked.items() if name not in of_the_call} == {
        name: value for name, value in sent.items() if name not in of_the_call | unbounded
    }


def test_tool_calls_with_one_index_and_a_wrong_end_are_told_apart(tmp_path: Path) -> None:
    calls = [
        {"index": 0, "id": f"c{n}", "type": "function", "function": {"name": "weather", "arguments": "{}"}} for n in (1, 2)
    ]  # fmt: skip
    model = _Scripted([{"role": "assistant", "tool_calls": calls}], finish_reason="stop")
    with model.at_work(), serving(tmp_path, settings=_settings(model.url)) as served, _official(served) as client:
        chunks = list(client.chat.completions.create(**BODY, stream=True))
    told = [call for chunk in chunks if chunk.choices for call in chunk.choices[0].delta.tool_calls or ()]
    assert [(call.index, call.id) for call in told] == [(0, "c1"), (1, "c2")]
    assert [chunk for chunk in chunks if chunk.choices][-1].choices[0].finish_reason == "tool_calls"


# -- faults


@pytest.mark.parametrize(("status", "told"), [(500, 502), (429, 429), (400, 400), (422, 400), (401, 502)])
def test_a_failed_request_with_tools_is_paid_once(
    tmp_path: Path, model: Upstream, status: int, told: int
) -> None:
    model.status = status
    with (
        serving(tmp_path, settings=_settings(model.url)) as served,
        _official(served, max_retries=2) as official,
    ):
        with pytest.raises(openai.APIStatusError) as raised:
            official.chat.completions.create(**BODY)
        assert raised.value.status_code == told
        assert raised.value.response.headers["x-should-retry"] == "false" and len(model.requests) == 1


@pytest.mark.parametrize("stream", [False, True])
def test_a_model_that_cannot_be_given_tools_is_a_bad_request(tmp_path: Path, stream: bool) -> None:
    settings = Settings(roles={"fast": RoleSettings(model="embedded/pico")})
    with serving(tmp_path, settings=settings) as served, served.client() as client:
        got = client.post("/v1/chat/completions", json=BODY | {"stream": stream})
        assert got.status_code == 400 and got.json()["error"]["code"] == "setup"
        assert "cannot be given tools" in got.json()["error"]["message"]
        assert client.get("/api/runs").json()["runs"] == []


# -- stopping


def test_a_request_with_tools_that_is_stopped_as_it_begins_is_concluded(
    tmp_path: Path, model: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, plain = threading.Event(), SqlStore.start_run

    async def slow(self: SqlStore, run_id: Any, **more: Any) -> None:
        reached.set()
        await asyncio.sleep(0.5)
        await plain(self, run_id, **more)

    monkeypatch.setattr(SqlStore, "start_run", slow)
    with serving(tmp_path, settings=_settings(model.url)) as served, served.client() as client:
        got: list[httpx.Response] = []
        asking = threading.Thread(target=lambda: got.append(client.post("/v1/chat/completions", json=BODY)))
        asking.start()
        assert reached.wait(WAIT_S)
        served.loop.call_soon_threadsafe(served.desk.close)
        asking.join(WAIT_S)
        assert got[0].status_code == 503 and got[0].json()["error"]["code"] == "stopping"
        assert got[0].headers["x-should-retry"] == "false"
        (row,) = client.get("/api/runs").json()["runs"]
        assert row["status"] == "interrupted" and not model.requests


def test_a_client_with_tools_that_goes_away_ends_its_call(tmp_path: Path) -> None:
    with (
        Loopback(lambda _: Reply(fault="hang")).in_thread() as upstream_,
        serving(tmp_path, settings=_settings(upstream_.base_url)) as served,
        served.client() as client,
    ):
        with pytest.raises(httpx.TimeoutException):
            client.post("/v1/chat/completions", json=BODY, timeout=1.5)
        until_s = time.monotonic() + WAIT_S
        while (status := client.get("/api/runs").json()["runs"][0]["status"]) == "running":
            assert time.monotonic() < until_s
            time.sleep(0.02)
        assert status == "interrupted"


# -- an ordinary call


def _journal(folder: Path) -> list[tuple[str, int, dict[str, Any], dict[str, Any] | None]]:
    """Return state, counted calls, request and reply of every call that is stored."""
    with closing(sqlite3.connect(folder / "agot.db")) as connection:
        rows = connection.execute("SELECT state, calls, request, reply FROM calls").fetchall()
    return [(state, n, json.loads(sent), got and json.loads(got)) for state, n, sent, got in rows]


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_with_tools_is_in_the_journal_before_it_is_sent(tmp_path: Path, stream: bool) -> None:
    seen: list[Any] = []

    def answer(request: dict[str, Any]) -> Reply:
        seen.extend(_journal(tmp_path))
        return Reply("sunny")

    with Loopback(answer).in_thread() as model_, serving(tmp_path, settings=_settings(model_.base_url)) as served:
        assert _answered(served, BODY, stream=stream)[0] == "sunny"
        ((state, calls, sent, reply),) = seen
        assert (state, calls, reply) == ("started", 1, None) and sent["verbatim"]["tools"] == [TOOL]
        ((state, _, _, reply),) = _journal(tmp_path)
        assert state == "done" and reply is not None
        assert reply["completions"][0]["choice"]["message"]["content"] == "sunny"


def test_that_replica_is_recorded_which_answered_a_request_with_tools(tmp_path: Path) -> None:
    with (
        Loopback(lambda _: failure(503, "down")).in_thread() as broken,
        Loopback(lambda _: Reply("sunny")).in_thread() as sound,
    ):
        role = RoleSettings(model="hosted_vllm/test", base_url=broken.base_url, replicas=(sound.base_url,))
        with serving(tmp_path, settings=Settings(roles={"fast": role})) as served:
            assert _answered(served, BODY, stream=False)[0] == "sunny"
        ((_, _, _, reply),) = _journal(tmp_path)
        assert reply is not None and reply["server"] == sound.base_url
