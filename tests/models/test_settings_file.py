"""A role's model in the settings file."""

import tomllib
from pathlib import Path

import pytest

from agot.errors import SetupError
from agot.models.settings_file import write_role
from agot.settings import RoleSettings, load_settings

WRITTEN = """# my settings
seed = 7  # lucky

[roles.fast]
# the small one
model = "embedded/pico"
max_tokens = 100

[budget]
calls = 50  # enough
"""


def test_everything_else_stays(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(WRITTEN)
    write_role(path, "fast", RoleSettings(model="hosted_vllm/x", base_url="http://127.0.0.1:8000/v1"))
    text = path.read_text()
    for kept in ("# my settings", "seed = 7  # lucky", "# the small one", "calls = 50  # enough"):
        assert kept in text
    assert tomllib.loads(text)["roles"]["fast"] == {
        "model": "hosted_vllm/x",
        "base_url": "http://127.0.0.1:8000/v1",
    }
    settings = load_settings(path=path)
    assert settings.role("fast").model == "hosted_vllm/x"
    assert settings.budget.calls == 50


def test_a_new_file_in_a_new_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.toml"
    chosen = RoleSettings(
        model="openai/x", api_key_env="MY_KEY", extra_body={"top_k": 20, "deep": {"a": [1, 2]}}
    )
    write_role(path, "strong", chosen)
    write_role(path, "fast", RoleSettings(model="embedded/pico"))
    settings = load_settings(path=path)
    assert settings.role("strong") == chosen
    assert settings.role("judge").model == "embedded/pico"
    assert [file.name for file in path.parent.iterdir()] == ["config.toml"]


def test_writing_the_same_again_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text(WRITTEN)
    chosen = RoleSettings(model="hosted_vllm/x", temperature=0.2)
    write_role(path, "judge", chosen)
    once = path.read_text()
    write_role(path, "judge", chosen)
    assert path.read_text() == once


def test_a_link_stays_a_link_and_the_mode_stays(tmp_path: Path) -> None:
    real = tmp_path / "real.toml"
    real.write_text(WRITTEN)
    real.chmod(0o640)
    link = tmp_path / "config.toml"
    link.symlink_to(real)
    write_role(link, "strong", RoleSettings(model="m"))
    assert link.is_symlink()
    assert "strong" in tomllib.loads(real.read_text())["roles"]
    assert real.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("broken", ["[roles", "roles = 3", b"\xff\xfe"])
def test_a_broken_file_is_left_alone(tmp_path: Path, broken: str | bytes) -> None:
    path = tmp_path / "config.toml"
    data = broken.encode() if isinstance(broken, str) else broken
    path.write_bytes(data)
    with pytest.raises(SetupError, match=r"config\.toml"):
        write_role(path, "fast", RoleSettings(model="x"))
    assert path.read_bytes() == data


def test_unknown_role_and_unwritable_place(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="no role 'quick'"):
        write_role(tmp_path / "config.toml", "quick", RoleSettings(model="x"))
    (tmp_path / "file").write_text("")
    with pytest.raises(SetupError, match="cannot be"):
        write_role(tmp_path / "file" / "config.toml", "fast", RoleSettings(model="x"))
