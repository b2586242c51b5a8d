"""Freezing writes the same bytes every time, and problems of both splits stay apart."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from agot.bench.frozen import SPLITS, SUFFIX
from agot.bench.twenty_four import numbers_of
from training.freeze import HARD, MOST_WAYS, OPERATIONS, hard_rows, rows, ways

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
    assert frozen[0] == frozen[1] and set(frozen[0]) == {family + SUFFIX for family in (*OPERATIONS, HARD)}
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


def test_hard_games_have_few_ways_and_stand_in_one_split() -> None:
    found = hard_rows()
    games = {split: [_numbers(row) for row in found if row["split"] == split] for split in SPLITS}
    assert all(1 <= ways(numbers) <= MOST_WAYS for split in SPLITS for numbers in games[split])
    easy = {split: {_numbers(row) for row in rows("countdown") if row["split"] == split} for split in SPLITS}
    for split, other in zip(SPLITS, reversed(SPLITS), strict=True):
        assert len(set(games[split])) == len(games[split])
        assert not set(games[split]) & (set(games[other]) | easy[other])


def test_ways_are_counted_by_the_numbers_that_are_left() -> None:
    assert ways((24,)) == 1 and ways((1, 1)) == 0
    assert ways((4, 6)) == 1
    assert ways((12, 12)) == 1, "equal numbers make equal moves"


def _numbers(row: dict[str, object]) -> tuple[int, ...]:
    found = numbers_of(str(row["answer"]))
    assert found is not None
    return tuple(sorted(found.elements()))
