"""What settings accept, refuse and say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agot.errors import SetupError
from agot.question import checked_question
from agot.settings import RoleSettings, Settings, load_settings


@pytest.fixture(autouse=True)
def none_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin without any settings."""
    for name in list(os.environ):
        if name.startswith("AGOT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AGOT_HOME", str(tmp_path))


@pytest.mark.parametrize("seed", [-(2**63), 0, 2**63 - 1])
def test_seeds_that_a_database_holds(seed: int) -> None:
    assert load_settings({"seed": seed}).seed == seed


@pytest.mark.parametrize("seed", [-(2**63) - 1, 2**63, 10**30])
def test_other_seeds_are_refused(seed: int) -> None:
    with pytest.raises(SetupError, match=r"setting seed is not usable.*9223372036854775808"):
        load_settings({"seed": seed})


def test_unknown_roles_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = "no role 'quick'. Roles are: fast, strong, judge, embed"
    with pytest.raises(SetupError, match=said):
        Settings(roles={"quick": RoleSettings(model="m")})
    (tmp_path / "config.toml").write_text('[roles.quick]\nmodel = "m"\n')
    with pytest.raises(SetupError, match=said):
        load_settings()
    (tmp_path / "config.toml").unlink()
    monkeypatch.setenv("AGOT_ROLES__QUICK__MODEL", "m")
    with pytest.raises(SetupError, match=said):
        load_settings()


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("AGOT_MODLE", "AGOT_MODEL"), ("AGOT_DATABASE", "AGOT_DATABASE_URL"), ("AGOT_BUDGET_CALLS", "AGOT_BUDGET__CALLS"),
        ("AGOT_ROLE__JUDGE__MODEL", "AGOT_ROLES__JUDGE__MODEL"), ("AGOT_MODEL__FAST", "AGOT_MODEL"), ("AGOT_BUDGET", "AGOT_"),
    ],
)  # fmt: skip
def test_misspelt_variables_are_refused(monkeypatch: pytest.MonkeyPatch, name: str, meant: str) -> None:
    monkeypatch.setenv(name, "5")
    with pytest.raises(SetupError, match=f"variable {name} is none of AGoT's. Did you mean {meant}"):
        load_settings()


def test_known_variables_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AGOT_DEBUG": "1", "AGOT_MODEL": "m", "AGOT_DATABASE_URL": "sqlite:///x", "AGOT_SEED": "7", "AGOT_BUDGET__CALLS": "5",
        "AGOT_ROLES__JUDGE__MODEL": "j", "AGOT_ROLES__JUDGE__EXTRA_BODY": '{"top_k": 20}', "AGOT_ENGINE__MODE": "layered",
        "AGOT_NOTHING": "",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    found = load_settings()
    assert (found.role("fast").model, found.role("judge").model) == ("m", "j")
    assert (found.seed, found.budget.calls, found.engine.mode) == (7, 5, "layered")
    assert (found.database_url, found.role("judge").extra_body) == ("sqlite:///x", {"top_k": 20})


@pytest.mark.parametrize("value", ["form,stated", " form , stated,", '["form", "stated"]'])
def test_lists_from_the_environment(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("AGOT_ENGINE__SKIP_CHECKS", value)
    assert load_settings().engine.skip_checks == ("form", "stated")


@pytest.mark.parametrize(
    ("name", "value"),
    [("ENGINE__SKIP_CHECKS", '["form"'), ("ROLES__FAST__EXTRA_BODY", "x"), ("BUDGET__CALL", "5"), ("ROLES__FAST", "m")],
)  # fmt: skip
def test_unusable_values_are_setup_errors(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"AGOT_{name}", value)
    with pytest.raises(SetupError, match="is not usable"):
        load_settings()


@pytest.mark.parametrize("question", [None, 7, b"what?"])
def test_a_question_is_text(question: object) -> None:
    with pytest.raises(SetupError, match=f"{type(question).__name__}; expected text"):
        checked_question(question)  # type: ignore[arg-type]


def test_experts_of_file_and_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(
        '[experts.coder]\nmodel = "ollama/coder"\nmax_loaded_models = 1\n[experts.big-one]\nmodel = "m"\n'
    )
    monkeypatch.setenv("AGOT_EXPERTS__CODER__TEMPERATURE", "0.2")
    monkeypatch.setenv("AGOT_EXPERTS__THIRD__MODEL", "t")
    found = load_settings()
    assert list(found.experts) == ["coder", "big-one", "third"]
    coder = found.role("coder")
    assert (coder.model, coder.temperature, coder.max_loaded_models) == ("ollama/coder", 0.2, 1)
    assert Settings.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize("name", ["fast", "judge", "", "Coder", "a__b", "a.b", "-a", "a b", "é", "a\n"])
def test_names_that_no_expert_can_have(name: str) -> None:
    with pytest.raises(SetupError, match="expert cannot be called"):
        load_settings({"experts": {name: {"model": "m"}}})


def test_an_expert_without_a_model_is_told_of() -> None:
    with pytest.raises(SetupError, match=r"experts.coder.model is not usable"):
        load_settings({"experts": {"coder": {"temperature": 0.1}}})
    with pytest.raises(SetupError, match=r"max_loaded_models is not usable"):
        load_settings({"experts": {"coder": {"model": "m", "max_loaded_models": 0}}})


@pytest.mark.parametrize("host", ["localhost:8000", "http://example.org", "", "a b"])
def test_a_host_to_fetch_from_is_a_name_without_port(tmp_path: Path, host: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(f'[tools]\nfetch_hosts = ["{host}"]\n')
    with pytest.raises(SetupError, match=r"tools\.fetch_hosts.*name like example\.org.*without.*port"):
        load_settings(path=file)


@pytest.mark.parametrize(
    "name", ["AGOT_SERVICE_HOST", "AGOT_SERVICE_PORT_HTTP", "AGOT_PORT", "AGOT_PORT_8765_TCP_ADDR", "AGOT_UI_SERVICE_PORT", "AGOT_BIN"]
)  # fmt: skip
def test_variables_of_others_such_as_a_cluster_with_a_service_called_agot_are_let_be(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "tcp://10.0.0.1:8765")
    load_settings()


def test_a_key_in_the_settings_file_is_refused_and_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[roles.fast]\nmodel = "openai/x"\napi_key = "sk-CANARY"\n')
    with pytest.raises(SetupError, match=r"roles\.fast\.api_key does not exist.*api_key_env") as refused:
        load_settings(path=file)
    assert "CANARY" not in str(refused.value)


def test_names_and_addresses_lose_what_was_copied_along_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AGOT_MODEL": " hosted_vllm/x\n", "AGOT_ROLES__FAST__BASE_URL": "\ufeffhttp://h/v1 ", "AGOT_ROLES__FAST__API_KEY_ENV": "K ",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    found = load_settings().role("fast")
    assert (found.model, found.base_url, found.api_key_env) == ("hosted_vllm/x", "http://h/v1", "K")
