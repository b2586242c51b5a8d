"""The plain client at a real server on loopback."""

from __future__ import annotations

import json
from typing import Any

import pytest

from agot.bench.plain import PlainClient, without_secrets
from agot.errors import ModelError, ModelUnauthorised, ModelUnreachable
from tests.servers.loopback import Loopback, Reply, failure


def client(server: Loopback, **options: Any) -> PlainClient:
    return PlainClient(server.base_url, "test-model", **options)


async def test_a_question_is_one_user_turn_and_nothing_else() -> None:
    script = Loopback(lambda request: Reply("It is Paris.", prompt_tokens=12))
    async with script as server, client(server, key="k", max_tokens=50) as plain:
        got = await plain.ask("Capital of France?", temperature=0.0, seed=3)
    assert server.requests == [{
        "model": "test-model", "messages": [{"role": "user", "content": "Capital of France?"}], "temperature": 0.0,
        "max_tokens": 50, "seed": 3,
    }]  # fmt: skip
    assert server.headers[0]["authorization"] == "Bearer k"
    assert (got.texts, got.cut, got.read, got.written, got.calls) == (("It is Paris.",), (False,), 12, 3, 1)


async def test_samples_come_in_one_request_where_the_server_takes_it() -> None:
    async with Loopback(lambda request: Reply(["a", "b", "c"])) as server, client(server) as plain:
        got = await plain.ask("?", temperature=0.7, seed=0, n=3)
    assert len(server.requests) == 1 and server.requests[0]["n"] == 3
    assert got.texts == ("a", "b", "c") and got.calls == 1


async def test_samples_come_one_by_one_where_the_server_has_too_few_slots() -> None:
    def two_slots(request: dict[str, Any]) -> Reply:
        if request.get("n", 1) > 2:
            return failure(400, "n_cmpl must not be greater than the number of slots")
        return Reply("x")

    async with Loopback(two_slots) as server, client(server) as plain:
        got = await plain.ask("?", temperature=0.7, seed=5, n=4)
        await plain.ask("?", temperature=0.7, seed=5, n=4)
    assert got.texts == ("x",) * 4 and got.calls == 4 and got.written == 4
    assert len({request["seed"] for request in server.requests[1:5]}) == 4, "four different samples"
    assert sum("n" in request for request in server.requests) == 1, "refused once, not asked for again"


async def test_a_server_that_ignores_the_number_of_samples_is_asked_for_the_rest() -> None:
    async with Loopback(lambda request: Reply("x")) as server:
        server.reply = _first_only
        async with client(server) as plain:
            got = await plain.ask("?", temperature=0.7, seed=0, n=3)
    assert len(got.texts) == 3 and got.calls == 3


def _first_only(request: dict[str, Any]) -> Reply:
    request.pop("n", None)
    return Reply("x")


async def test_passing_faults_are_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    _no_waiting(monkeypatch)
    replies = iter([Reply(fault="drop"), failure(503, "loading"), failure(429, "slowly"), Reply("at last")])
    async with Loopback(lambda request: next(replies)) as server, client(server) as plain:
        got = await plain.ask("?", temperature=0.0, seed=0)
    assert got.texts == ("at last",) and got.calls == 1 and len(server.requests) == 4


async def test_what_stays_broken_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    _no_waiting(monkeypatch)
    async with Loopback(lambda request: failure(503, "loading")) as server, client(server) as plain:
        with pytest.raises(ModelUnreachable, match="status 503"):
            await plain.ask("?", temperature=0.0, seed=0)
        server.reply = lambda request: failure(401, "no")
        with pytest.raises(ModelUnauthorised):
            await plain.ask("?", temperature=0.0, seed=0)
        server.reply = lambda request: failure(400, "too long")
        with pytest.raises(ModelError, match="too long"):
            await plain.ask("?", temperature=0.0, seed=0)
        server.reply = lambda request: Reply(fault="html")
        with pytest.raises(ModelError, match="something else than a chat completion"):
            await plain.ask("?", temperature=0.0, seed=0)


async def test_a_server_is_asked_what_it_is() -> None:
    async with Loopback() as server, client(server) as plain:
        assert await plain.models() == ["test-model"]
        assert await plain.fetch("metrics") is None
    with pytest.raises(ModelUnreachable, match="No OpenAI-compatible server"):
        async with PlainClient("http://127.0.0.1:9/v1", "x") as nobody:
            await nobody.models()


def test_reports_hold_no_passwords() -> None:
    assert without_secrets("http://me:secret@host:8000/v1") == "http://host:8000/v1"
    assert "secret" not in json.dumps(without_secrets("https://u:secret@h/v1"))


def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agot.bench.plain._FIRST_WAIT_S", 0.0)
