"""Finding and trying out local servers."""

import asyncio
import socket
from typing import Any

import pytest

from agot.errors import ModelUnreachable
from agot.models.detect import find_local_models, ollama_address
from agot.models.gateway import Gateway
from agot.models.probe import probe
from agot.settings import RoleSettings, Settings
from tests.servers.loopback import Loopback, Reply, failure


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


async def test_finds_what_runs() -> None:
    async with Loopback(models=("qwen3-8b", "nomic-embed-text")) as one, Loopback(models=("llama",)) as two:
        ports = {"llama.cpp": one.port, "LM Studio": free_port(), "SGLang": two.port}
        found = await find_local_models(
            environment={"OLLAMA_HOST": f"0.0.0.0:{one.port}"}, ports=ports, timeout_s=5
        )
    by_port = [(model.model, model.base_url, model.context_window) for model in found]
    assert by_port[:2] == [
        ("hosted_vllm/qwen3-8b", one.base_url, 4096),
        ("hosted_vllm/llama", two.base_url, 4096),
    ]
    # The server says of itself that it is a vLLM, whatever port it is on.
    assert {model.server for model in found} == {"vLLM"}


async def test_silent_and_strange_servers_are_passed_over() -> None:
    async def strange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[1, 2, 3]")
        writer.close()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    servers = [await asyncio.start_server(kind, "127.0.0.1", 0) for kind in (strange, silent)]
    ports = {f"port {n}": server.sockets[0].getsockname()[1] for n, server in enumerate(servers)}
    async with asyncio.timeout(5):
        assert await find_local_models(environment={}, ports=ports, timeout_s=0.3) == []
    for server in servers:
        server.close()


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("", None),
        ("127.0.0.1", "http://127.0.0.1:11434"),
        ("0.0.0.0:9999", "http://127.0.0.1:9999"),
        ("http://localhost:8888", "http://127.0.0.1:8888"),
        ("[::1]:7777", "http://[::1]:7777"),
        ("192.168.1.5:11434", None),
        ("ollama.example.com", None),
        ("127.0.0.1:port", None),
    ],
)
def test_only_this_machine_is_asked(value: str, address: str | None) -> None:
    assert ollama_address({"OLLAMA_HOST": value}) == address


def gateway(server: Loopback) -> Gateway:
    return Gateway(Settings(roles={"fast": RoleSettings(model="hosted_vllm/x", base_url=server.base_url)}))


async def test_probe_of_a_server_that_can_do_everything() -> None:
    def reply(request: dict[str, Any]) -> Reply:
        text = '{"colour": "turquoise", "weight_kg": 3}' if "response_format" in request else "one two three"
        return Reply(text, logprobs=[("one", -0.1)], chunk_delay_s=0.01)

    async with Loopback(reply) as server:
        models = gateway(server)
        found = await probe(models, "fast")
        await models.close()
    assert (found.logprobs, found.n, found.json_schema) == (True, True, True)
    assert found.text == "one two three"
    assert 0 < found.first_text_ms <= found.latency_ms
    assert found.tokens_per_s > 0


async def test_probe_is_not_fooled_by_status_200() -> None:
    async with Loopback(lambda _request: Reply(["hello"])) as server:
        models = gateway(server)
        found = await probe(models, "fast")
        await models.close()
    assert (found.logprobs, found.n, found.json_schema) == (False, False, False)


async def test_probe_of_a_server_that_refuses_features_or_everything() -> None:
    def picky(request: dict[str, Any]) -> Reply:
        refused = [name for name in ("logprobs", "n", "response_format") if name in request]
        return failure(400, f"{refused} not supported") if refused else Reply("one two")

    async with Loopback(picky) as server:
        models = gateway(server)
        found = await probe(models, "fast")
        await models.close()
    assert (found.logprobs, found.n, found.json_schema) == (False, False, False)
    models = Gateway(
        Settings(roles={"fast": RoleSettings(model="x", base_url=f"http://127.0.0.1:{free_port()}/v1")})
    )
    with pytest.raises(ModelUnreachable):
        await probe(models, "fast")
    await models.close()
