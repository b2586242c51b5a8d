"""Finding model servers: what is asked, and what is told of it."""

import asyncio
import socket

import pytest

from agot.errors import SetupError
from agot.models.scan import PORTS, FoundModel, ollama_address, scan
from tests.servers import quirks
from tests.servers.loopback import Loopback


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


async def test_finds_what_runs() -> None:
    async with Loopback(models=("qwen3-8b", "nomic-embed-text")) as one, Loopback(models=("llama",)) as two:
        ports = {one.port: "llama.cpp", free_port(): "LM Studio", two.port: "SGLang"}
        found = await scan(environment={"OLLAMA_HOST": f"0.0.0.0:{one.port}"}, ports=ports, timeout_s=5)
    assert [(server.base_url, [model.name for model in server.models]) for server in found] == [
        (one.base_url, ["qwen3-8b", "nomic-embed-text"]),
        (two.base_url, ["llama"]),
    ]
    # The server says of itself that it is a vLLM, whatever port it is on.
    assert {server.kind for server in found} == {"vLLM"}
    chat, embeddings = found[0].models
    assert (chat.model, chat.context_window, chat.roles) == (
        "hosted_vllm/qwen3-8b",
        4096,
        ("fast", "strong", "judge"),
    )
    assert embeddings.roles == ("embed",) and FoundModel("bge-reranker-v2-m3").roles == ()


@pytest.mark.parametrize(
    ("server", "kind", "window"),
    [(quirks.LLAMACPP, "llama.cpp", 4096), (quirks.OLLAMA, "Ollama", None), (quirks.SGLANG, "SGLang", 8192)],
)
async def test_a_server_is_told_by_what_it_says_of_itself(
    server: quirks.Quirks, kind: str, window: int | None
) -> None:
    async with quirks.imitating(server) as running:
        (found,) = await scan([f"127.0.0.1:{running.port}"])
    assert (found.kind, found.models[0].context_window) == (kind, window)


async def test_a_server_that_says_nothing_of_itself_is_told_by_a_page_that_only_it_has() -> None:
    async with Loopback() as running:
        running.pages = {
            "/v1/models": (200, {"data": [{"id": "m"}]}), "/api/extra/version": (200, {"result": "KoboldCpp"})
        }  # fmt: skip
        (found,) = await scan([f"http://127.0.0.1:{running.port}"])
        running.pages.popitem()
        (unknown,) = await scan([f"http://127.0.0.1:{running.port}/v1/"])
    assert (found.kind, unknown.kind, unknown.base_url) == ("KoboldCpp", "a server", running.base_url)


async def test_a_server_that_wants_a_key_is_found_and_given_it_only_where_it_was_named() -> None:
    async with Loopback() as running:
        running.pages = {"/v1/models": (401, {"error": {"message": "no key"}})}
        (found,) = await scan([f"127.0.0.1:{running.port}"])
    assert found.needs_key and not found.models


async def test_a_host_alone_is_asked_at_all_usual_ports_and_nothing_else_is() -> None:
    async with Loopback(models=("there",)) as named, Loopback(models=("elsewhere",)) as other:
        found = await scan(["127.0.0.1"], ports={named.port: "vLLM"}, environment={})
        assert [server.base_url for server in found] == [named.base_url]
        found = await scan([f"localhost:{other.port}"], ports={named.port: "vLLM"})
    assert [server.models[0].name for server in found] == ["elsewhere"]
    assert len(PORTS) > 12


@pytest.mark.parametrize("address", ["", "a b", "ftp://host", "host:port", "http://", "host:99999"])
async def test_what_is_no_address_is_refused_with_words(address: str) -> None:
    with pytest.raises(SetupError, match="no address of a server"):
        await scan([address])


async def test_silent_and_strange_servers_are_passed_over() -> None:
    async def strange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n[1, 2, 3]")
        writer.close()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    servers = [await asyncio.start_server(kind, "127.0.0.1", 0) for kind in (strange, silent)]
    ports = {server.sockets[0].getsockname()[1]: "vLLM" for server in servers}
    async with asyncio.timeout(5):
        assert await scan(environment={}, ports=ports, timeout_s=0.3) == []
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
