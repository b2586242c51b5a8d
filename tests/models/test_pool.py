"""Roles to endpoints, without a network."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.errors import SetupError
from agot.models.pool import Pool, is_local_address
from agot.settings import RoleSettings, Settings

HOME = "http://127.0.0.1:8000/v1"


def pool(**roles: RoleSettings) -> Pool:
    return Pool(Settings(roles=roles))


def test_roles_fall_back_to_fast_and_embed_does_not() -> None:
    named = pool(fast=RoleSettings(model="embedded/pico"))
    assert named.endpoint("judge").model == "embedded/pico"
    with pytest.raises(SetupError, match="embed"):
        named.endpoint("embed")
    with pytest.raises(SetupError, match="no role 'quick'"):
        named.endpoint("quick")


@pytest.mark.parametrize(
    ("model", "base_url", "called", "local", "concurrency"),
    [
        ("embedded/pico", None, "embedded/pico", True, 64),
        ("hosted_vllm/qwen3-8b", HOME, "hosted_vllm/qwen3-8b", True, 64),
        ("openai/qwen3-8b", HOME, "hosted_vllm/qwen3-8b", True, 64),
        ("lm_studio/org/model", "http://localhost:1234/v1/", "hosted_vllm/org/model", True, 64),
        ("qwen3-8b", HOME, "hosted_vllm/qwen3-8b", True, 64),
        ("ollama_chat/qwen3:8b", None, "ollama_chat/qwen3:8b", True, 8),
        ("hosted_vllm/qwen3-8b", "https://llm.example.com/v1", "hosted_vllm/qwen3-8b", False, 64),
        ("openai/gpt-4o", None, "openai/gpt-4o", False, 64),
        ("gpt-4o", None, "openai/gpt-4o", False, 64),
        ("claude-sonnet-4-5", None, "anthropic/claude-sonnet-4-5", False, 64),
        ("openai/x", "https://api.example.com/v1", "openai/x", False, 64),
    ],
)
def test_how_a_model_is_called(
    model: str, base_url: str | None, called: str, local: bool, concurrency: int
) -> None:
    endpoint = pool(fast=RoleSettings(model=model, base_url=base_url)).endpoint("fast")
    assert (endpoint.called, endpoint.local, endpoint.concurrency) == (called, local, concurrency)


def test_dialect() -> None:
    named = pool(
        fast=RoleSettings(model="embedded/pico"),
        strong=RoleSettings(model="hosted_vllm/x"),
        judge=RoleSettings(model="hosted_vllm/tiny", dialect="compact"),
    )
    assert [named.endpoint(role).dialect for role in ("fast", "strong", "judge")] == [
        "compact",
        "standard",
        "compact",
    ]


@pytest.mark.parametrize(
    ("model", "native_n", "logprobs"),
    [
        ("hosted_vllm/x", True, True),
        ("embedded/pico", True, True),
        ("openai/gpt-4o", True, True),
        ("openai/o3-mini", True, False),
        ("ollama/qwen3:8b", False, False),
        ("anthropic/claude-sonnet-4-5", False, False),
    ],
)
def test_what_a_provider_can_do(model: str, native_n: bool, logprobs: bool) -> None:
    endpoint = pool(fast=RoleSettings(model=model)).endpoint("fast")
    assert (endpoint.native_n, endpoint.gives_logprobs) == (native_n, logprobs)


def test_roles_at_one_endpoint_share_the_smallest_limit() -> None:
    named = pool(
        fast=RoleSettings(model="hosted_vllm/x", base_url=HOME, concurrency=6),
        strong=RoleSettings(model="openai/x", base_url=HOME + "/", concurrency=3),
        judge=RoleSettings(model="hosted_vllm/y", base_url=HOME, concurrency=1),
    )
    fast, strong = named.endpoint("fast"), named.endpoint("strong")
    assert fast.key == strong.key
    assert (fast.concurrency, strong.concurrency) == (3, 3)


def test_one_unusable_role_does_not_spoil_the_others() -> None:
    named = pool(fast=RoleSettings(model="embedded/pico"), judge=RoleSettings(model="", concurrency=1))
    assert named.endpoint("fast").concurrency == 64
    with pytest.raises(SetupError):
        named.endpoint("judge")


@pytest.mark.parametrize("model", ["", "  ", "openai/"])
def test_unusable_model_strings(model: str) -> None:
    with pytest.raises(SetupError, match="agot models set fast"):
        pool(fast=RoleSettings(model=model)).endpoint("fast")


@pytest.mark.parametrize(
    "base_url",
    [
        "127.0.0.1:8000/v1", "localhost:8000", "ftp://x/v1", "http://[", "http://127.0.0.1:99999/v1", "http://x:y/v1",
        "http:///v1", "http://[::zz]/v1",
    ],
)  # fmt: skip
def test_unusable_addresses(base_url: str) -> None:
    with pytest.raises(SetupError, match=re.escape(f"base_url {base_url!r}")):
        pool(fast=RoleSettings(model="x", base_url=base_url)).endpoint("fast")


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:1/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://192.168.1.7:8000/v1", True),
        ("http://gpu-box:8000/v1", True),
        ("http://gpu.lan/v1", True),
        ("https://api.openai.com/v1", False),
        ("http://8.8.8.8/v1", False),
        ("http://10.evil.example/v1", False),
    ],
)
def test_local_addresses(url: str, local: bool) -> None:
    assert is_local_address(url) is local


@given(st.text())
def test_any_model_string_is_used_or_refused(model: str) -> None:
    with contextlib.suppress(SetupError):
        pool(fast=RoleSettings(model=model)).endpoint("fast")


def test_user_and_password_of_an_address_become_a_header_and_are_shown_nowhere() -> None:
    role = RoleSettings(
        model="hosted_vllm/x", base_url=" http://me:p%40ss@h:8/v1/?key=abc\n", replicas=("http://h:9/v1",)
    )
    endpoint = Pool(Settings(roles={"fast": role})).endpoint("fast")
    assert endpoint.addresses == ("http://h:8/v1/?key=abc", "http://h:9/v1")
    assert (endpoint.place, endpoint.server) == ("hosted_vllm/x at http://h:8/v1/", "http://h:8")
    assert endpoint.login == "Basic bWU6cEBzcw=="


@pytest.mark.parametrize(
    "url", ["http://a b/v1", "http://a/v1\nx", "http://a/\x00v1", "http://u:p4ssword@/v1"]
)
def test_an_address_with_signs_that_none_has_is_refused_with_the_settings_name(url: str) -> None:
    with pytest.raises(SetupError, match=r"base_url .* of the role 'fast'") as refused:
        Pool(Settings(roles={"fast": RoleSettings(model="openai/x", base_url=url)})).endpoint("fast")
    assert "p4ssword" not in str(refused.value)
