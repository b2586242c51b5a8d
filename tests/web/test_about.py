"""What a server tells of itself: whether it is alive and ready, figures, and its API as a page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from agot.errors import SetupError
from agot.settings import RoleSettings, Settings
from agot.web.completions.asking import Names
from tests.scripted import ScriptedModels
from tests.servers.loopback import Loopback, Reply
from tests.web.serving import WAIT_S, Gate, Served, answering, serving

ASKED = {"model": "agot", "messages": [{"role": "user", "content": "What is it?"}]}
TOKEN = "a-long-secret"


def _figures(client: httpx.Client) -> dict[tuple[str, ...], float]:
    got = client.get("/metrics")
    assert got.status_code == 200 and got.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(got.text)
        for sample in family.samples
    }


def test_a_server_that_waits_for_questions_is_alive_and_ready(client: httpx.Client) -> None:
    assert client.get("/health").json() == {"status": "alive"}
    got = client.get("/ready")
    assert got.status_code == 200 and got.json() == {"ready": True, "lacking": []}


def test_a_server_whose_places_are_taken_is_alive_and_not_ready(tmp_path: Path) -> None:
    gate = Gate()
    models = ScriptedModels(gate, dialect="standard")
    with serving(tmp_path, models, most_runs=1, most_waiting=0) as served, served.client() as client:
        assert client.post("/api/runs", json={"question": "Why?"}).status_code == 202
        assert gate.reached.wait(WAIT_S)
        got = client.get("/ready")
        assert got.status_code == 503 and got.json() == {"ready": False, "lacking": ["places"]}
        assert client.get("/health").status_code == 200
        gate.open()


def test_a_server_whose_model_nobody_serves_is_not_ready(tmp_path: Path) -> None:
    with Loopback(lambda request: Reply("42")).in_thread() as model:
        address = model.base_url
        settings = Settings(roles={"fast": RoleSettings(model="hosted_vllm/test", base_url=address)})
        with serving(tmp_path, settings=settings) as served, served.client() as client:
            assert client.get("/ready").status_code == 200
            assert not model.requests, "nothing is asked of the model"
    (tmp_path / "gone").mkdir()
    with serving(tmp_path / "gone", settings=settings) as served, served.client() as client:
        got = client.get("/ready")
        assert got.status_code == 503 and got.json()["lacking"] == ["model"]


def test_a_server_whose_database_is_gone_is_not_ready(served: Served, client: httpx.Client) -> None:
    Path(served.database.removeprefix("sqlite:///")).chmod(0o400)
    for end in ("", "-wal", "-shm"):
        Path(served.database.removeprefix("sqlite:///") + end).write_bytes(b"no database " * 1000)
    got = client.get("/ready")
    assert got.status_code == 503 and got.json()["lacking"] == ["database"]


def test_figures_tell_of_requests_runs_calls_and_tokens(client: httpx.Client) -> None:
    before = _figures(client)
    assert before[("agot_requests_in_flight",)] == 1 and before[("agot_connections",)] == 1
    usage = client.post("/v1/chat/completions", json=ASKED).json()["usage"]
    assert client.post("/v1/chat/completions", json={"model": "gpt-5"}).status_code == 400
    assert client.get("/nowhere/at/all").status_code == 404
    client.get("/api/runs/nothing")
    got = _figures(client)
    route = "route=/v1/chat/completions"
    assert got[("agot_requests_total", "method=POST", route, "status=200")] == 1
    assert got[("agot_requests_total", "method=POST", route, "status=400")] == 1
    assert got[("agot_requests_total", "method=GET", "route=other", "status=404")] == 1
    assert got[("agot_requests_total", "method=GET", "route=/api/runs/{run}", "status=404")] == 1
    assert got[("agot_request_seconds_count", route)] == 2
    assert got[("agot_runs_total", "status=answered")] == 1 and got[("agot_runs_in_flight",)] == 0
    assert got[("agot_run_seconds_count",)] == 1
    calls = [key for key in got if key[0] == "agot_calls_total"]
    assert calls and all("outcome=done" in key for key in calls)
    tokens = {
        part: sum(value for key, value in got.items() if key[0] == "agot_tokens_total" and f"kind={part}" in key)
        for part in ("prompt", "completion")
    }
    assert tokens == {"prompt": usage["prompt_tokens"], "completion": usage["completion_tokens"]}


def test_figures_are_told_in_the_newer_format_to_who_asks_for_it(client: httpx.Client) -> None:
    got = client.get("/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert got.headers["content-type"].startswith("application/openmetrics-text")
    assert got.text.endswith("# EOF\n")


def test_the_page_of_the_api_shows_every_route_and_loads_nothing(client: httpx.Client) -> None:
    got = client.get("/docs")
    document: dict[str, Any] = client.get("/openapi.json").json()
    assert got.headers["content-type"].startswith("text/html")
    for path in document["paths"]:
        assert path in got.text
    for name in document["components"]["schemas"]:
        assert f'id="{name}"' in got.text
    assert not re.search(r"<script|<link|<img|\bsrc=|https?://", got.text)
    assert "default-src 'none'" in got.headers["content-security-policy"]
    assert not re.search(r"\bstyle=|\bon\w+=", got.text), "the policy allows no such attributes"


def test_only_health_and_readiness_need_no_token(tmp_path: Path) -> None:
    models = ScriptedModels(answering, dialect="standard")
    with serving(tmp_path, models, token=TOKEN) as served, served.client() as client:
        for path in ("/health", "/ready"):
            assert client.get(path).status_code == 200
            assert client.get(path, headers={"host": "evil.example"}).status_code == 403
        for path in ("/metrics", "/docs", "/openapi.json", "/healthy", "/health/", "/v1/models"):
            assert client.get(path).status_code == 401, path
        headers = {"authorization": f"Bearer {TOKEN}"}
        assert client.get("/metrics", headers=headers).status_code == 200
        assert "status=401" in json.dumps([*map(str, _figures_with(client, headers))])


def _figures_with(client: httpx.Client, headers: dict[str, str]) -> list[tuple[str, ...]]:
    client.headers.update(headers)
    return list(_figures(client))


# -- names of models


@pytest.mark.parametrize("name", ["gpt-4o-mini", "agot/guess", "claude", "модель", "x" * 200])
def test_names_that_are_not_known_mean_the_model_that_was_named_for_them(tmp_path: Path, name: str) -> None:
    models = ScriptedModels(answering, dialect="standard")
    with serving(tmp_path, models, any_model="agot/direct") as served, served.client() as client:
        got = client.post("/v1/chat/completions", json=ASKED | {"model": name})
        assert got.status_code == 200 and got.json()["agot"]["strategy"] == "direct"
        assert got.json()["model"] == name
        assert client.get(f"/v1/models/{name}").json()["id"] == name
        own = client.post("/v1/chat/completions", json=ASKED | {"model": "agot/chain"})
        assert own.json()["agot"]["strategy"] == "chain"


@pytest.mark.parametrize("name", ["gpt-5", "direct", "", "agot/guess"])
def test_only_a_model_of_the_server_can_stand_for_others(name: str) -> None:
    with pytest.raises(SetupError, match=r"--any-model .* agot, agot/"):
        Names(name)
