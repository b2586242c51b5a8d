"""What holds questions and keys may be read by nobody but its owner."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agot.private import close_to_others, make_folder, write_text
from agot.stores.database import SqlStore


@pytest.fixture(autouse=True)
def lenient() -> object:
    before = os.umask(0o022)
    yield
    os.umask(before)


def _mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


async def test_a_new_database_its_log_and_its_folders_are_for_their_owner(tmp_path: Path) -> None:
    async with await SqlStore.open(f"sqlite:///{tmp_path}/a/b/x.db"):
        found = {path.name: _mode(path) for path in (tmp_path / "a").rglob("*")}
    assert found == {"b": 0o700, "x.db": 0o600, "x.db-wal": 0o600, "x.db-shm": 0o600}
    assert _mode(tmp_path / "a") == 0o700


async def test_what_stands_in_the_home_folder_of_the_program_is_closed_and_a_folder_elsewhere_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    monkeypatch.setenv("AGOT_HOME", str(home))
    for folder in (home, other):
        folder.mkdir(mode=0o755)
        (folder / "agot.db").touch(0o644)
        await (await SqlStore.open(f"sqlite:///{folder}/agot.db")).close()
    assert (_mode(home), _mode(home / "agot.db")) == (0o700, 0o600)
    assert (_mode(other), _mode(other / "agot.db")) == (0o755, 0o644)


def test_a_folder_that_all_use_stays_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared, home = tmp_path / "shared", tmp_path / "me"
    for folder in (shared, home):
        folder.mkdir()
        folder.chmod(0o755)
    shared.chmod(0o1777)
    monkeypatch.setenv("HOME", str(home))
    for folder in (shared, home):
        close_to_others(folder)
    assert (_mode(shared), _mode(home)) == (0o777, 0o755)


def test_new_files_are_closed_and_old_ones_keep_what_a_person_gave_them(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    (tmp_path / "old").touch(0o644)
    for name in ("a/b/new", "old"):
        write_text(tmp_path / name, "ä")
    assert (_mode(tmp_path / "a/b/new"), _mode(tmp_path / "old"), _mode(tmp_path / "a")) == (
        0o600,
        0o644,
        0o700,
    )
    assert (tmp_path / "old").read_text("utf-8") == "ä"
