"""The key of a call: freed of what was copied along with it, checked, and found where litellm would look."""

from __future__ import annotations

import pytest

from agot.errors import ModelUnauthorised
from agot.models.keys import key_of
from agot.models.pool import Endpoint, Pool
from agot.settings import RoleSettings, Settings


def _endpoint(model: str, **fields: str | None) -> Endpoint:
    role = RoleSettings.model_validate({"model": model, "base_url": "http://127.0.0.1:8/v1", **fields})
    return Pool(Settings(roles={"fast": role})).endpoint("fast")


@pytest.mark.parametrize("value", ["sk-abc\n", " sk-abc\r\n", "\ufeffsk-abc\u200b", "sk-abc"])
@pytest.mark.parametrize(
    ("model", "named", "variable"),
    [
        ("hosted_vllm/x", "K", "K"),
        ("openai/x", None, "OPENAI_API_KEY"),
        ("lm_studio/x", None, "LM_STUDIO_API_KEY"),
    ],
)
def test_a_key_is_sent_as_it_was_meant(model: str, named: str | None, variable: str, value: str) -> None:
    assert (
        key_of(_endpoint(model, api_key_env=named), {variable: value, "HOSTED_VLLM_API_KEY": "no"})
        == "sk-abc"
    )


def test_litellm_finds_its_own_keys_unless_they_have_to_be_mended() -> None:
    for base_url in (None, "https://h.example/v1"):
        endpoint = _endpoint("openai/x", base_url=base_url)
        assert key_of(endpoint, {"OPENAI_API_KEY": "sk-abc"}) is None
        assert key_of(endpoint, {"OPENAI_API_KEY": "sk-abc\n"}) == "sk-abc"
    assert key_of(_endpoint("anthropic/x", base_url=None), {"ANTHROPIC_API_KEY": "k\n"}) == "k"
    assert key_of(_endpoint("hosted_vllm/x"), {}) is None


@pytest.mark.parametrize("value", ["sk-abc def-123", "sk-ä", "sk-a\x07b"])
def test_a_key_that_cannot_be_sent_is_refused_by_its_variable_and_not_shown(value: str) -> None:
    with pytest.raises(
        ModelUnauthorised, match=r"variable K should hold .* within it, after \d+ char"
    ) as refused:
        key_of(_endpoint("hosted_vllm/x", api_key_env="K"), {"K": value})
    assert value not in str(refused.value)


@pytest.mark.parametrize("environment", [{}, {"K": ""}, {"K": " \n"}])
def test_a_key_that_is_not_there_is_told_by_its_variable(environment: dict[str, str]) -> None:
    with pytest.raises(ModelUnauthorised, match=r"variable K should hold the key .* not set"):
        key_of(_endpoint("hosted_vllm/x", api_key_env="K"), environment)
