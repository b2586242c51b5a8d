"""Freezing writes the same bytes every time, and problems of both splits stay apart."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from training.freeze import OPERATIONS, rows

ROOT = Path(__file__).parents[2]


def test_two_processes_freeze_identical_bytes(tmp_path: Path) -> None:
    frozen = []
    for hash_seed in ("1", "2"):
        folder = tmp_path / hash_seed
        subprocess.run(
            [sys.executable, "-m", "training.freeze", "--folder", str(folder), "--per-split", "12"],
            cwd=ROOT, env=os.environ | {"PYTHONHASHSEED": hash_seed}, check=True, capture_output=True,
        )  # fmt: skip
        frozen.append({file.name: file.read_bytes() for file in sorted(folder.iterdir())})
    assert frozen[0] == frozen[1] and len(frozen[0]) == len(OPERATIONS)
    for data in frozen[0].values():
        assert len([json.loads(line) for line in gzip.decompress(data).splitlines()]) == 24


@pytest.mark.parametrize("family", sorted(OPERATIONS))
def test_questions_are_not_repeated(family: str) -> None:
    frozen = rows(family, 40)
    assert len({row["id"] for row in frozen}) == 80
    assert [row["split"] for row in frozen] == ["validation"] * 40 + ["test"] * 40


def test_says_when_a_family_is_exhausted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.freeze.MOST_TRIES", 0)
    with pytest.raises(RuntimeError, match="freeze fewer"):
        rows("dates", 1)
