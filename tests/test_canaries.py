"""Keys that a server repeats, whole or in a stream, in an error or an answer, are in no output: canaries tell."""

from __future__ import annotations

import base64
import json
import logging
import traceback
from pathlib import Path
from typing import Any

import pytest

from agot.errors import ModelError
from agot.events import AnyEvent
from agot.models.gateway import Gateway
from agot.protocols import Message, ModelRequest
from agot.reasoner import Reasoner
from agot.settings import McpServer, RoleSettings, Settings, ToolSettings
from agot.stores.telemetry import otlp
from agot.web.pages import one_file
from tests.servers.loopback import Loopback, Reply, failure

CANARIES = [
    "sk-CANARY-named-1", "sk-CANARY-own-2", "CANARY-password-3", "CANARY-query-4", "CANARY-body-5", "CANARY-mcp-6", "CANARY-arg-7",
    base64.b64encode(b"me:CANARY-password-3").decode(),
]  # fmt: skip


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MYKEY", "sk-CANARY-named-1\n")
    monkeypatch.setenv("HOSTED_VLLM_API_KEY", "sk-CANARY-own-2")


def _settings(server: Loopback, tmp_path: Path, *, named: bool, login: bool = False) -> Settings:
    url = server.base_url.replace("//", "//me:CANARY-password-3@") if login else server.base_url
    role = RoleSettings(
        model="hosted_vllm/test-model", base_url=url, api_key_env="MYKEY" if named else None, retries=0,
        extra_body={"secret": "CANARY-body-5"},
    )  # fmt: skip
    further = server.base_url.replace("//", "//me:CANARY-password-3@") + "?api_key=CANARY-query-4"
    other = RoleSettings(model="hosted_vllm/other", base_url=further, api_key_env="MYKEY")
    mcp = McpServer(command="true", args=("--token", "CANARY-arg-7"), env={"API_TOKEN": "CANARY-mcp-6"})
    return Settings(
        roles={"fast": role, "judge": other}, tools=ToolSettings(mcp={"m": mcp}), database_url=f"sqlite:///{tmp_path}/c/agot.db",
    )  # fmt: skip


class _Echo:
    """Repeats whatever a request carried, as an error or as its answer."""

    def __init__(self, *, status: int) -> None:
        self.server = Loopback(self._reply)
        self._status = status

    def _reply(self, request: dict[str, Any]) -> Reply:
        carried = json.dumps([self.server.headers[-1:], request.get("secret"), CANARIES])
        return Reply(f"Answer: {carried}") if self._status == 200 else failure(self._status, carried)


@pytest.mark.parametrize("status", [200, 401, 500, 400])
@pytest.mark.parametrize(("named", "login"), [(True, False), (False, False), (False, True)])
async def test_no_output_of_a_run_holds_a_key(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, status: int, named: bool, login: bool
) -> None:
    caplog.set_level(logging.DEBUG, "agot")
    events: list[AnyEvent] = []
    echo = _Echo(status=status)
    async with echo.server as server:
        settings = _settings(server, tmp_path, named=named, login=login)
        async with Reasoner(settings) as reasoner:
            asked = reasoner.ask(
                "Is sk-CANARY-named-1 a key?", strategy="direct", on_event=events.append, stream_text=True
            )
            result = await asked
            store = await reasoner._opened()
            exported = await store.export(result.run_id)
            told = [json.dumps(exported), json.dumps(otlp(exported)), await one_file(store, result.run_id)]
    assert result.status == ("answered" if status == 200 else "failed")
    assert any("***" in text for text in (result.answer, result.reason))
    told += [
        result.model_dump_json(exclude={"graph"}),
        caplog.text,
        *(event.model_dump_json() for event in events),
    ]
    told += [file.read_bytes().decode("latin-1") for file in (tmp_path / "c").iterdir()]
    sent = "Basic " if login else "Bearer sk-CANARY-named-1" if named else "Bearer sk-CANARY-own-2"
    assert server.headers[0]["authorization"].startswith(sent)
    for canary in CANARIES:
        assert not [text[:80] for text in told if canary in text]


async def test_a_traceback_of_a_failed_call_holds_no_key(tmp_path: Path) -> None:
    echo = _Echo(status=401)
    async with echo.server as server:
        models = Gateway(_settings(server, tmp_path, named=True))
        request = ModelRequest(purpose="solve", messages=(Message(role="user", content="hi"),))
        with pytest.raises(ModelError) as failed:
            await models.complete(request, timeout_s=30, on_text=None)
        await models.close()
    assert "CANARY" not in "".join(traceback.format_exception(failed.value))


async def test_pieces_of_a_relayed_stream_do_not_spell_a_key(tmp_path: Path) -> None:
    echo = _Echo(status=200)
    pieces: list[dict[str, Any]] = []
    async with echo.server as server:
        models = Gateway(_settings(server, tmp_path, named=True))
        body = {"messages": [{"role": "user", "content": "hi"}]}
        request = ModelRequest(purpose="solve", messages=(), verbatim=body)
        reply = await models.complete(request, timeout_s=None, on_text=None, on_chunk=pieces.append)
        got = reply.completions[0]
        await models.close()
    spelt = "".join(piece.get("content") or "" for piece in pieces)
    assert "***" in spelt and spelt == got.message["content"]
    assert not [canary for canary in CANARIES if canary in spelt]
