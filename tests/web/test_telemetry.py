"""Runs as OpenTelemetry spans: as a file, and sent to a collector."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import agot
from agot.settings import RoleSettings, Settings, TelemetrySettings
from agot.stores.database import SqlStore
from agot.stores.telemetry import otlp
from tests.scripted import ScriptedModels
from tests.web.serving import WAIT_S, answering
from tests.web.test_runs import LAYERED, _planning


class Collector:
    """An OTLP/HTTP collector that keeps what it was sent."""

    def __init__(self, status: int = 200) -> None:
        self.got: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                outer.got.append((self.path, dict(self.headers.items()), body))
                self.send_response(status)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *arguments: object) -> None:
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def collector() -> Iterator[Collector]:
    made = Collector()
    thread = threading.Thread(target=made.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.server.shutdown()
    thread.join(WAIT_S)
    made.server.server_close()


def _settings(folder: Path, endpoint: str | None = None, **more: Any) -> Settings:
    return Settings(
        database_url=f"sqlite:///{folder / 'agot.db'}", roles={"fast": RoleSettings(model="scripted/model")},
        telemetry=TelemetrySettings(endpoint=endpoint, **more),
    )  # fmt: skip


def _attributes(span: dict[str, Any]) -> dict[str, Any]:
    return {one["key"]: next(iter(one["value"].values())) for one in span["attributes"]}


def _spans(body: dict[str, Any]) -> list[dict[str, Any]]:
    spans: list[dict[str, Any]] = body["resourceSpans"][0]["scopeSpans"][0]["spans"]
    return spans


async def test_spans_stand_below_their_thoughts_with_what_they_used(tmp_path: Path) -> None:
    models = ScriptedModels(_planning, dialect="standard")
    settings = _settings(tmp_path).model_copy(update={"engine": LAYERED.engine})
    async with agot.Reasoner(settings, models=models) as reasoner:
        result = await reasoner.ask("The whole?")
    async with await SqlStore.open(f"sqlite:///{tmp_path / 'agot.db'}") as store:
        exported = await store.export(result.run_id)
    spans = _spans(otlp(exported))
    by_id = {span["spanId"]: span for span in spans}
    assert len(by_id) == len(spans) and {len(span["traceId"]) for span in spans} == {32}
    (top,) = (span for span in spans if "parentSpanId" not in span)
    assert _attributes(top)["agot.status"] == "answered"
    calls = [span for span in spans if span["name"].startswith("chat ")]
    assert len(calls) == result.usage.calls
    for span in spans:
        if span is not top:
            above = by_id[span["parentSpanId"]]
            assert int(above["startTimeUnixNano"]) <= int(span["startTimeUnixNano"])
        assert int(span["startTimeUnixNano"]) <= int(span["endTimeUnixNano"])
    for span in calls:
        told = _attributes(span)
        assert by_id[span["parentSpanId"]]["name"] == f"thought {told['agot.thought']}"
        assert told["gen_ai.operation.name"] == "chat" and told["agot.role"] in ("fast", "judge")
    tokens = sum(int(_attributes(span)["gen_ai.usage.input_tokens"]) for span in calls)
    assert tokens == result.usage.prompt_tokens == int(_attributes(top)["gen_ai.usage.input_tokens"])
    nested = next(span for span in spans if span["name"] == "thought 0.0")
    assert by_id[nested["parentSpanId"]]["name"] == "thought root"
    assert otlp(exported) == otlp(exported)


async def test_a_finished_run_is_told_to_the_collector(
    tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "secret")
    settings = _settings(tmp_path, collector.url, headers_env={"x-key": "MY_KEY"})
    models = ScriptedModels(answering, dialect="standard")
    async with agot.Reasoner(settings, models=models) as reasoner:
        result = await reasoner.ask("What is it?")
    ((path, headers, body),) = collector.got
    assert path == "/v1/traces" and headers["x-key"] == "secret"
    assert _attributes(_spans(body)[0])["agot.run"] == result.run_id


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9", "http://[", "http://no.such.host.invalid"])
async def test_a_collector_that_is_not_there_harms_no_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, endpoint: str
) -> None:
    models = ScriptedModels(answering, dialect="standard")
    async with agot.Reasoner(_settings(tmp_path, endpoint), models=models) as reasoner:
        result = await reasoner.ask("What is it?")
    assert result.answer == "42" and "could not be told" in caplog.text


async def test_nothing_is_sent_without_an_endpoint(tmp_path: Path, collector: Collector) -> None:
    models = ScriptedModels(answering, dialect="standard")
    async with agot.Reasoner(_settings(tmp_path), models=models) as reasoner:
        await reasoner.ask("What is it?")
    assert collector.got == []
