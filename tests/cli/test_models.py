"""`agot models`: listing, setting, finding, adding and examining."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agot.cli import compose
from agot.protocols import ModelProfile
from agot.reasoner import Reasoner
from agot.settings import RoleSettings, load_settings
from tests.cli.conftest import Agot
from tests.servers import quirks
from tests.servers.loopback import Loopback


@pytest.mark.parametrize("command", [("models",), ("models", "list")])
def test_list_names_model_and_origin(
    agot: Agot, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [line.split("\t") for line in agot(*command).out.splitlines()]
    assert lines[1] == ["fast", "embedded/pico", "-", "compact", "default"]
    assert lines[2][-1] == "falls back to fast" and lines[4][-1] == "not set"
    monkeypatch.setenv("AGOT_MODEL", "hosted_vllm/x")
    told = json.loads(agot(*command, "--output", "json").out)
    assert (told[0]["model"], told[0]["set by"]) == ("hosted_vllm/x", "environment (AGOT_MODEL)")


def test_set_writes_the_file(agot: Agot, home: Path) -> None:
    ended = agot("models", "set", "strong", "hosted_vllm/big", "--base-url", "http://127.0.0.1:8000/v1")
    assert ended.code == 0 and "strong" in ended.out
    role = load_settings().role("strong")
    assert (role.model, role.base_url) == ("hosted_vllm/big", "http://127.0.0.1:8000/v1")
    told = json.loads(agot("models", "--output", "json").out)
    assert told[1]["set by"] == "settings file"
    agot("models", "set", "strong", "openai/gpt")
    assert load_settings().role("strong").base_url is None


@pytest.mark.parametrize(
    "arguments", [("slow", "hosted_vllm/x"), ("fast", ""), ("fast", "hosted_vllm/"), ("fast", "openai/x", "--base-url", "ftp://x")]
)  # fmt: skip
def test_unusable_choices_are_not_written(agot: Agot, home: Path, arguments: tuple[str, ...]) -> None:
    ended = agot("models", "set", *arguments)
    assert (ended.code, ended.out) == (2, "") and ended.err
    assert not (home / "config.toml").exists()


def test_experts_are_listed_set_and_tried(agot: Agot, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert agot("models", "set", "experts.coder", "hosted_vllm/a").code == 0
    assert (
        agot("models", "set", "coder", "hosted_vllm/code", "--base-url", "http://127.0.0.1:8000/v1").code == 0
    )
    (home / "config.toml").write_text((home / "config.toml").read_text() + "# kept\n")
    assert agot("models", "set", "experts.math", "openai/m").code == 0
    text = (home / "config.toml").read_text()
    assert "[experts.coder]" in text and "# kept" in text and "[roles.coder]" not in text
    settings = load_settings()
    assert (settings.role("coder").model, settings.role("math").model) == ("hosted_vllm/code", "openai/m")
    listed = json.loads(agot("models", "--output", "json").out)
    assert [entry["role"] for entry in listed] == ["fast", "strong", "judge", "embed", "coder", "math"]
    assert (listed[4]["model"], listed[4]["set by"]) == ("hosted_vllm/code", "settings file")
    monkeypatch.setenv("AGOT_EXPERTS__CODER__MODEL", "hosted_vllm/other")
    listed = json.loads(agot("models", "--output", "json").out)
    assert listed[4]["set by"] == "environment (AGOT_EXPERTS__CODER__MODEL)"


@pytest.mark.parametrize("name", ["slow", "experts.", "experts.fast", "experts.A b"])
def test_names_that_nobody_can_have_are_refused(agot: Agot, home: Path, name: str) -> None:
    ended = agot("models", "set", name, "hosted_vllm/x")
    assert (ended.code, ended.out) == (2, "") and "Traceback" not in ended.err
    assert not (home / "config.toml").exists()


def test_another_provider_does_not_inherit_what_its_server_holds() -> None:
    local = RoleSettings(model="ollama_chat/a", max_loaded_models=1, concurrency=2)
    assert compose.switched(local, "ollama_chat/b", None).max_loaded_models == 1
    assert compose.switched(local, "openai/b", None).max_loaded_models is None


def test_set_warns_if_the_environment_wins(agot: Agot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AGOT_MODEL", "hosted_vllm/x")
    assert "AGOT_MODEL" in agot("models", "set", "fast", "hosted_vllm/y").err


@pytest.fixture
def server() -> Iterator[Loopback]:
    """A llama.cpp with four slots, in a thread."""
    with quirks.imitating(quirks.LLAMACPP, "qwen3-8b").in_thread() as running:
        yield running


def test_scan_shows_what_answers_and_how_to_use_it(agot: Agot, server: Loopback) -> None:
    ended = agot("models", "scan", f"127.0.0.1:{server.port}")
    rows = [line.split("\t") for line in ended.out.splitlines()]
    assert rows[1] == ["llama.cpp", server.base_url, "qwen3-8b", "4096", "fast, strong, judge"]
    assert f"agot models add qwen3-8b --base-url {server.base_url} --role fast" in ended.err
    (told,) = json.loads(agot("models", "scan", server.base_url, "--output", "json").out)
    assert told["models"][0]["model"] == "hosted_vllm/qwen3-8b"


def test_scan_where_nobody_answers_says_what_to_do(agot: Agot) -> None:
    ended = agot("models", "scan", "127.0.0.1:9")
    assert (ended.code, ended.out) == (1, "") and "agot models serve" in ended.err
    assert json.loads(agot("models", "scan", "127.0.0.1:9", "--output", "json").out) == []
    assert agot("models", "scan", "not a host").code == 2


def test_add_takes_the_model_of_a_running_server(agot: Agot, server: Loopback) -> None:
    ended = agot("models", "add", "qwen", "--base-url", server.base_url, "--role", "fast", "--role", "judge")
    assert ended.code == 0 and "agot models doctor fast" in ended.out
    for name in ("fast", "judge"):
        role = load_settings().role(name)
        assert (role.model, role.base_url, role.context_window) == (
            "hosted_vllm/qwen3-8b",
            server.base_url,
            4096,
        )
    assert agot("models", "add", "--base-url", server.base_url, "--role", "experts.coder").code == 0
    assert load_settings().experts["coder"].model == "hosted_vllm/qwen3-8b"


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("llama", "--base-url", "{url}"), 2, "there is: qwen3-8b"),
        (("m", "--base-url", "http://127.0.0.1:9/v1"), 69, "No model server answers"),
        (("qwen3-8b", "--base-url", "{url}", "--role", "slow"), 2, "no role or expert"),
    ],
)
def test_add_writes_nothing_that_is_not_there(
    agot: Agot, home: Path, server: Loopback, arguments: tuple[str, ...], code: int, words: str
) -> None:
    ended = agot("models", "add", *(argument.format(url=server.base_url) for argument in arguments))
    assert (ended.code, ended.out) == (code, "") and words in ended.err
    assert not (home / "config.toml").exists()


def test_doctor_shows_and_keeps_what_it_saw_and_runs_go_by_it(agot: Agot, server: Loopback) -> None:
    agot("models", "add", "--base-url", server.base_url)
    ended = agot("models", "doctor", "fast")
    rows = {line.split("\t")[0]: line.split("\t")[1:] for line in ended.out.splitlines() if "\t" in line}
    assert ended.code == 0
    assert rows["n"] == ["partly", "4 samples in one request; 5: refused (HTTP 400)"]
    assert (rows["tools"][0], rows["embeddings"][0], rows["planning"][0]) == ("yes", "no", "yes")
    facts = asyncio.run(kept(server))
    assert (facts["n_most"], facts["logprobs"], facts["prefill"], facts["plans"]) == (4, True, "as is", True)
    profile = asyncio.run(profile_in_a_run())
    assert (profile.native_n, profile.context_window) == (True, 4096)
    told = json.loads(agot("models", "doctor", "--output", "json").out)
    assert [entry["role"] for entry in told] == ["fast"] and told[0]["facts"]["n_most"] == 4


async def kept(server: Loopback) -> dict[str, Any]:
    store = await compose.open_store(load_settings())
    try:
        return await store.facts(server.base_url.removesuffix("/v1"), "qwen3-8b")
    finally:
        await store.close()


async def profile_in_a_run() -> ModelProfile:
    async with Reasoner() as reasoner:
        await reasoner.begin("What is 2 + 2?")
        return reasoner.models.profile("fast")


def test_doctor_tells_the_fault_of_a_model_that_does_not_answer(
    agot: Agot, server: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = agot("models", "doctor", "m", "--base-url", "http://127.0.0.1:9/v1", "--output", "json")
    (entry,) = json.loads(ended.out)
    assert ended.code == 69 and entry["error"].startswith("Nobody answers at") and entry["facts"] == {}
    assert agot("models", "doctor", "nobody").code == 2
    assert agot("models", "doctor", "--base-url", server.base_url).code == 2


def test_doctor_examines_the_embedded_model_too(agot: Agot) -> None:
    (entry,) = json.loads(agot("models", "doctor", "--output", "json").out)
    assert entry["error"] == "" and entry["facts"]["logprobs"]
    assert "n_most" not in entry["facts"]  # it answers the same each time, so nothing was shown


def test_the_variable_of_a_key_stays_where_it_tells_no_server_anothers_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = RoleSettings(model="hosted_vllm/a", base_url="http://h/v1", api_key_env="K")
    assert compose.switched(own, "openai/b", "http://h/v1").api_key_env == "K"
    assert compose.switched(own, "openai/b", "http://other/v1").api_key_env == "K"
    assert compose.switched(own, "openai/b", None).api_key_env is None
    assert compose.switched(own, "anthropic/b", "http://other/v1").api_key_env is None
    embedded = RoleSettings(model="embedded/pico", api_key_env="K")
    assert compose.switched(embedded, "openai/b", None).api_key_env == "K"
    monkeypatch.setenv("AGOT_ROLES__FAST__API_KEY_ENV", "K")
    assert compose.switched(own, "anthropic/b", None).api_key_env == "K"


def test_passwords_and_keys_of_addresses_are_not_listed(agot: Agot, home: Path) -> None:
    ended = agot("models", "set", "fast", "hosted_vllm/x", "--base-url", "http://me:p4ss@h/v1?api_key=abc")
    assert ended.out.startswith("fast: hosted_vllm/x at http://h/v1\n")
    assert "p4ss" not in (listed := agot("models").out) and "api_key" not in listed
    assert "me:p4ss@h" in (home / "config.toml").read_text()
