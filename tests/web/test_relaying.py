"""Requests with tools: the limits that hold for them, how they fail, and how they are stopped."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from agot.budget import Budget
from agot.models.gateway import Gateway
from agot.protocols import ModelProfile
from agot.settings import RoleSettings, Settings
from agot.stores.database import SqlStore
from tests.servers.loopback import Loopback, Reply
from tests.web.serving import WAIT_S, Served, serving
from tests.web.upstream import Upstream, upstream

TOOL: dict[str, Any] = {
    "type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}
}  # fmt: skip
BODY: dict[str, Any] = {
    "model": "agot", "messages": [{"role": "user", "content": "What is it?"}], "tools": [TOOL]
}  # fmt: skip


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
        ({}, {"max_tokens": 5}, "tokens", 5),
        ({}, {"max_completion_tokens": 5}, "tokens", 5),
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


# -- faults


@pytest.mark.parametrize(("status", "told"), [(500, 502), (429, 429), (400, 502)])
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
    reached, plain = threading.Event(), SqlStore.begin_attempt

    async def slow(self: SqlStore, run_id: Any, **more: Any) -> tuple[int, int]:
        reached.set()
        await asyncio.sleep(0.5)
        return await plain(self, run_id, **more)

    monkeypatch.setattr(SqlStore, "begin_attempt", slow)
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
