"""The table of what pays is fitted on validation answers, and used where it is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from agot.agents.selection.difficulty import STOP, choose, load
from agot.bench.fitting import fitted, records
from agot.bench.strategies import Answered
from agot.cli.app import app
from agot.errors import SetupError

DOUBTED = [(place, place / 100) for place in range(40)]


def row(place: int, strategy: str, *, right: bool, tokens: int = 500, reward: float | None = None, effort: int = 0,
        split: str = "validation", fault: str = "") -> Answered:  # fmt: skip
    return Answered.model_validate({
        "id": f"dates-{place}", "split": split, "family": "dates", "strategy": strategy, "level": 2000, "seed": 0,
        "setup": "s", "model": "m", "status": "answered", "answer": "x", "right": right, "given": True,
        "withheld_right": None, "covered": None, "reward": reward, "effort": effort, "fault": fault, "tokens": tokens,
        "calls": 1, "cost_usd": 0.0, "wall_s": 0.1,
    })  # fmt: skip


def measured() -> list[Answered]:
    """Sampling helps where the chain was nearly good, searching where it was bad, nothing where it was worthless."""
    rows = [row(place, "chain", right=False, reward=reward) for place, reward in DOUBTED]
    for place, reward in DOUBTED:
        rows.append(row(place, "adaptive-best-of-n", right=reward > 0.2, tokens=900, effort=8))
        rows.append(row(place, "mcts", right=reward > 0.1, tokens=3000))
    return rows


def test_advice_follows_difficulty_and_tokens() -> None:
    table = fitted(measured(), accept=0.5)
    assert "40 doubted validation questions of m" in table.about
    assert [choose(table, fifth, 20_000).strategy for fifth in (1, 3, 5)] == [
        "adaptive-best-of-n",
        "mcts",
        STOP,
    ]  # type: ignore[union-attr]
    easy = choose(table, 1, 20_000)
    assert easy is not None and easy.effort == 8
    poor = choose(table, 3, 1000)
    assert poor is None or poor.strategy != "mcts", "what it takes is more than what is left"


def test_only_doubted_chains_and_sound_rows_count() -> None:
    rows = [*measured(), row(99, "chain", right=True, reward=0.9), row(99, "mcts", right=True)]
    rows += [row(1, "vote", right=True, fault="ModelUnreachable"), row(2, "auto", right=True)]
    found = records(rows, accept=0.5)
    assert len(found) == 80 and {one.strategy for one in found} == {"mcts", "adaptive-best-of-n"}


def test_test_answers_and_too_few_are_refused() -> None:
    with pytest.raises(SetupError, match="validation answers of one model"):
        fitted([row(1, "chain", right=False, reward=0.1, split="test")], accept=0.5)
    with pytest.raises(SetupError, match="do not suffice"):
        fitted(measured()[:3], accept=0.5)


def test_command_writes_a_table_that_loads(tmp_path: Path) -> None:
    results, table = tmp_path / "r.jsonl", tmp_path / "table.json"
    results.write_text("".join(one.model_copy(update={"level": place}).model_dump_json() + "\n"
                               for place, one in enumerate(measured())))  # fmt: skip
    told = CliRunner().invoke(app, ["bench", "fit", str(results), "--to", str(table)])
    assert told.exit_code == 0, told.output
    assert load(table) == fitted(measured(), accept=0.5)
