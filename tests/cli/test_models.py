"""`agot models`: listing, setting, finding and trying."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from agot.cli import compose
from agot.errors import ModelUnreachable
from agot.models.detect import FoundModel
from agot.protocols import Completion, ModelProfile, ModelReply, ModelRequest
from agot.settings import RoleSettings, Settings, load_settings
from agot.thought import Usage
from tests.cli.conftest import Agot


class Trial:
    """Models of which the role `judge` does not answer."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def profile(self, role: str) -> ModelProfile:
        return ModelProfile(model=self._settings.role(role).model)

    async def complete(
        self, request: ModelRequest, *, timeout_s: float | None, on_text: object
    ) -> ModelReply:
        if request.role == "judge":
            raise ModelUnreachable(
                "Nobody answers at http://127.0.0.1:9/v1. Start the server, or name another."
            )
        texts = (Completion(text="one two"),) * request.n
        return ModelReply(completions=texts, usage=Usage(completion_tokens=2), model="m", latency_ms=1.0)

    async def close(self) -> None:
        return


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
    monkeypatch.setattr(compose, "open_models", Trial)
    assert [entry["role"] for entry in json.loads(agot("models", "test", "--output", "json").out)] == [
        "fast", "coder", "math"
    ]  # fmt: skip
    assert agot("models", "test", "coder").code == 0


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


def test_detect_writes_the_first_one_found(agot: Agot, monkeypatch: pytest.MonkeyPatch) -> None:
    async def find() -> list[FoundModel]:
        return [FoundModel("vLLM", "hosted_vllm/q", "http://127.0.0.1:8000/v1", 4096)]

    monkeypatch.setattr(compose, "find_local_models", find)
    ended = agot("models", "detect", "--write", "fast")
    assert ended.code == 0 and "hosted_vllm/q" in ended.out
    role = load_settings().role("fast")
    assert (role.model, role.base_url, role.context_window) == (
        "hosted_vllm/q",
        "http://127.0.0.1:8000/v1",
        4096,
    )


def test_detect_without_a_server_says_what_to_do(agot: Agot, monkeypatch: pytest.MonkeyPatch) -> None:
    async def find() -> list[FoundModel]:
        return []

    monkeypatch.setattr(compose, "find_local_models", find)
    ended = agot("models", "detect")
    assert (ended.code, ended.out) == (1, "") and "agot models set" in ended.err
    assert json.loads(agot("models", "detect", "--output", "json").out) == []


def test_test_tells_what_works_and_fails_with_the_fault(agot: Agot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compose, "open_models", Trial)
    assert agot("models", "test").code == 0
    monkeypatch.setenv("AGOT_ROLES__JUDGE__MODEL", "hosted_vllm/j")
    ended = agot("models", "test", "--output", "json")
    fast, judge = json.loads(ended.out)
    assert ended.code == 69
    assert (fast["n"], fast["json schema"], fast["error"]) == ("works", "no", "")
    assert judge["error"].startswith("Nobody answers")
    assert agot("models", "test", "nobody").code == 2
