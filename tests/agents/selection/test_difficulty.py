"""Difficulty from pilots, and the table: fitted, kept in a file, asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.agents.selection.difficulty import (
    BUDGETS,
    STOP,
    Record,
    Row,
    Table,
    choose,
    difficulty,
    fit,
    load,
    pilot_score,
    save,
)
from agot.agents.strategies.registry import STRATEGIES
from agot.errors import SetupError


def test_rewards_tell_before_agreement_and_unknown_ones_are_left_out() -> None:
    assert pilot_score([0.5, None, 1.0], ["1", "2", "3"]) == 0.75
    assert pilot_score([0.0, None], ["1", "1"]) == 0.0
    assert pilot_score([None, None, None], ["7", "7.0", "8"]) == pytest.approx(2 / 3)
    assert pilot_score([None], ["7"]) is None
    assert pilot_score([], []) is None


@pytest.mark.parametrize(
    ("score", "fifth"), [(1.0, 1), (0.8, 1), (0.79, 2), (0.5, 3), (0.2, 4), (0.19, 5), (0.0, 5)]
)
def test_low_scores_are_hard(score: float, fifth: int) -> None:
    found = difficulty([score], ["x"])
    assert found is not None and found.fifth == fifth


def test_says_how_hard_and_why() -> None:
    found = difficulty([None] * 4, ["a", "a", "a", "b"])
    assert found is not None and found.why == "second easiest fifth: 75% agreement in 4 pilot samples"
    assert difficulty([None], ["a"]) is None


def records() -> list[Record]:
    """Easy questions that a chain solves, hard ones that only a search does, the hardest that nothing does."""
    made = []
    for index in range(100):
        score = index / 100
        for strategy, effort, tokens, right in (
            ("chain", 1, 500, score >= 0.4),
            ("vote", 8, 4_000, score >= 0.3),
            ("plan", 1, 9_000, score >= 0.2),
        ):
            made.append(
                Record(
                    question=str(index),
                    score=score,
                    strategy=strategy,
                    effort=effort,
                    tokens=tokens,
                    reward=right,
                )
            )
    return made  # fmt: skip


def test_a_fitted_table_spends_where_it_helps() -> None:
    table = fit(records(), about="test")
    told = {
        (fifth, left): (advice.strategy, advice.effort)
        for fifth in (1, 3, 4, 5)
        for left in (1_000, 5_000, None)
        if (advice := choose(table, fifth, left))
    }
    assert told == {
        (1, 1_000): ("chain", 1), (1, 5_000): ("chain", 1), (1, None): ("chain", 1),
        (3, 1_000): ("chain", 1), (3, 5_000): ("chain", 1), (3, None): ("chain", 1),
        (4, 1_000): (STOP, 0), (4, 5_000): ("vote", 8), (4, None): ("plan", 1),
        (5, 1_000): (STOP, 0), (5, 5_000): (STOP, 0), (5, None): (STOP, 0),
    }  # fmt: skip
    assert table.edges == pytest.approx((0.198, 0.396, 0.594, 0.792))


def test_advice_fits_what_is_left_and_what_there_is() -> None:
    table = fit(records(), about="test")
    assert choose(table, 1, 999) is None
    advice = choose(table, 4, None, available={"chain", "vote"})
    assert advice is not None and advice.strategy == "vote"
    assert (
        advice.why
        == "vote with effort 8: second hardest fifth of difficulty, no limit on tokens, mean reward 0.50 in 20 tries"
    )
    only = Table(
        rows=(
            Row(difficulty=2, tokens=0, strategy="a", effort=1),
            Row(difficulty=4, tokens=0, strategy="b", effort=1),
        )
    )
    found = choose(only, 3, 10)
    assert found is not None and found.strategy == "b"


def test_too_little_cannot_be_fitted() -> None:
    with pytest.raises(ValueError, match="5 validation questions or more, got 4"):
        fit(records()[:12], about="")
    with pytest.raises(ValueError, match="No strategy has 30 tries in a fifth"):
        fit(records(), about="", least=30)


def test_questions_that_all_score_the_same_can_be_fitted() -> None:
    same = [record.model_copy(update={"score": 0.5}) for record in records()]
    table = fit(same, about="")
    assert {row.difficulty for row in table.rows} == {1}
    assert choose(table, 5, None) is not None


def test_a_table_survives_its_file(tmp_path: Path) -> None:
    table = fit(records(), about="from a test: ü")
    save(table, tmp_path / "t.json")
    assert load(tmp_path / "t.json") == table
    assert len((tmp_path / "t.json").read_text("utf-8").splitlines()) == len(table.rows) + 7


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "Invalid JSON"), ("{}", "rows"), ('{"rows": []}', "rows"), ('{"rows": 3, "more": 1}', "is not one"),
        (json.dumps({"edges": [4, 3, 2, 1], "rows": [{"difficulty": 1, "tokens": 0, "strategy": "a", "effort": 1}]}), "descend"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "t.json").write_text(text)
    with pytest.raises(SetupError, match=complaint):
        load(tmp_path / "t.json")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be read"):
        load(tmp_path / "none.json")


def test_the_shipped_table_advises_on_everything_with_strategies_that_exist() -> None:
    table = load()
    assert {row.strategy for row in table.rows} <= {*STRATEGIES.names(), "plan", STOP}
    least = min(row.tokens for row in table.rows)
    assert least <= BUDGETS[0]
    assert all(choose(table, fifth, left) for fifth in range(1, 6) for left in (least, 3_000, 10**6, None))


@given(st.lists(st.none() | st.floats(0, 1), max_size=8), st.lists(st.text(max_size=5), max_size=8))
def test_a_score_lies_between_0_and_1(rewards: list[float | None], answers: list[str]) -> None:
    score = pilot_score(rewards, answers)
    assert score is None or 0.0 <= score <= 1.0
