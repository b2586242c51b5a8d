"""Keys that are named in the settings are in no page, error, log line or listing beside the runs: canaries tell."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agot.cli import main
from agot.errors import ToolError
from agot.redaction import redact_logs
from agot.settings import McpServer, RoleSettings, Settings, ToolSettings
from agot.tools.mcp_servers import McpServers
from tests.servers.loopback import Loopback, failure
from tests.web.serving import serving

KEY, PASSWORD, LOGIN = "sk-CANARY-around-1", "CANARY-around-2", "CANARY-around-3"


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AROUND_KEY", KEY)
    monkeypatch.setenv("AGOT_HOME", str(tmp_path / "home"))


@pytest.fixture
def plain_logs() -> Iterator[None]:
    """Logs and threads as Python has them, before and after."""
    factory, hook = logging.getLogRecordFactory(), threading.excepthook
    logging.setLogRecordFactory(logging.LogRecord)
    yield
    logging.setLogRecordFactory(factory)
    threading.excepthook = hook


def _role(server: Loopback) -> RoleSettings:
    return RoleSettings(
        model="hosted_vllm/test-model", base_url=server.base_url.replace("//", f"//me:{PASSWORD}@"), retries=0,
        api_key_env="AROUND_KEY", extra_body={"api_key": LOGIN},
    )  # fmt: skip


def _none_in(*told: str) -> None:
    for canary in (KEY, PASSWORD, LOGIN):
        assert not [text[max(0, text.index(canary) - 200) :][:400] for text in told if canary in text]


class _Echo(Loopback):
    def __init__(self) -> None:
        super().__init__(lambda request: failure(400, json.dumps([KEY, PASSWORD, LOGIN, self.headers[-1:]])))


REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": "2+2"}]}),
    ("/v1/chat/completions", {"messages": [{"role": "user", "content": "2+2"}], "stream": True}),
    ("/v1/completions", {"prompt": "2+2"}),
    ("/v1/completions", {"prompt": "2+2", "stream": True}),
    ("/v1/responses", {"input": "2+2"}),
    ("/v1/responses", {"input": "2+2", "stream": True}),
]


async def test_no_page_and_no_error_of_the_server_holds_a_key(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with _Echo() as upstream:
        told = await asyncio.to_thread(_asked, tmp_path, _role(upstream))
    assert all(told) and any("***" in text for text in told)
    _none_in(
        *told,
        *(record.getMessage() for record in caplog.records if record.name.startswith(("agot", "uvicorn"))),
    )


def _asked(folder: Path, role: RoleSettings) -> list[str]:
    told = []
    with serving(folder, settings=Settings(roles={"fast": role})) as served, served.client() as client:
        for path, body in REQUESTS:
            for model in ("agot", "agot/direct", "agot/chain", KEY):
                told.append(client.post(path, json={"model": model, **body}).text)
            for wrong in ({KEY: 1}, {"stop": KEY}, {"temperature": KEY}, {"tools": [{"type": KEY}]}):
                told.append(client.post(path, json={"model": "agot", **body, **wrong}).text)
            told.append(client.post(path, content=f'{{"model": {KEY}').text)
        for path in (
            "/metrics",
            "/docs",
            "/openapi.json",
            "/ready",
            "/health",
            "/v1/models",
            "/v1/runs",
            f"/v1/runs/{KEY}",
        ):
            told.append(client.get(path).text)
    return told


@pytest.mark.parametrize(
    "server",
    [
        {"command": sys.executable, "args": ["-c", f"print('{KEY}')", "--token", LOGIN]},
        {"command": f"/nonexistent/{KEY}"},
        {"url": f"http://me:{PASSWORD}@127.0.0.1:1/mcp?api_key={LOGIN}"},
    ],
)
async def test_no_error_of_an_mcp_server_holds_a_key(server: dict[str, Any]) -> None:
    pytest.importorskip("mcp")
    known = McpServer.model_validate({"timeout_s": 5, **server})
    Settings(tools=ToolSettings(mcp={"m": known}))
    with pytest.raises(ToolError) as failed:
        await McpServers({"m": known}).open()
    _none_in(str(failed.value), repr(failed.value))


async def test_no_listing_of_models_and_nothing_of_the_memory_holds_a_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "notes.md").write_text(f"# Access\n\nThe mill opens with {KEY} and a lantern.\n")
    async with _Echo() as upstream:
        (tmp_path / "home").mkdir()
        url = upstream.base_url.replace("//", f"//me:{PASSWORD}@")
        (tmp_path / "home" / "config.toml").write_text(
            f'[roles.fast]\nmodel = "hosted_vllm/test-model"\nbase_url = "{url}"\napi_key_env = "AROUND_KEY"\n'
            f'retries = 0\nextra_body = {{ api_key = "{LOGIN}" }}\n'
        )
        told = []
        for command in (
            "models list", "models list --output json", "models scan", "models doctor", "models doctor --output json",
            f"ingest {pages}", f"ingest {pages} --output json", f"ingest /nonexistent/{KEY}",
            f"ingest http://me:{PASSWORD}@127.0.0.1:1/?api_key={LOGIN}",
            "memory search lantern", "memory search lantern --output json", "memory why lantern", "memory show 1", "memory show 9999",
            f"memory show {KEY}", f"memory search {KEY}", f"memory why {KEY}", "memory sources", f"runs show {KEY}",
        ):  # fmt: skip
            told.append(await asyncio.to_thread(_ran, monkeypatch, command))
    seen = capfd.readouterr()
    assert "lantern" in seen.out and "***" in seen.out
    _none_in(
        seen.out,
        seen.err,
        *(file.read_bytes().decode("latin-1") for file in (tmp_path / "home").glob("*.db*")),
    )


def _ran(monkeypatch: pytest.MonkeyPatch, command: str) -> object:
    monkeypatch.setattr(sys, "argv", ["agot", *command.split()])
    with pytest.raises(SystemExit) as ended:
        main.main()
    return ended.value.code


def test_log_lines_and_tracebacks_hold_no_key(
    plain_logs: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    Settings(roles={"fast": RoleSettings(model="openai/m", api_key_env="AROUND_KEY")})
    monkeypatch.setattr(sys, "argv", ["agot", "--version"])
    with pytest.raises(SystemExit):
        main.main()
    out = io.StringIO()
    handler = logging.StreamHandler(out)
    logger = logging.getLogger("some.library")
    logger.addHandler(handler)
    try:
        raise ValueError(f"refused {KEY}")
    except ValueError as error:
        logger.exception("A call with %s failed", KEY)
        logger.warning("%s", error)
    finally:
        logger.removeHandler(handler)

    def fail() -> None:
        raise ValueError(f"refused {KEY}")

    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    seen = capfd.readouterr()
    assert out.getvalue().count("refused ***") == 2 and "A call with *** failed" in out.getvalue()
    assert "refused ***" in seen.err
    _none_in(out.getvalue(), seen.out, seen.err)
    redact_logs()
