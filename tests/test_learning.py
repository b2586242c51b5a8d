"""Outcomes, and the tallies that they add up to."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from agot.ids import ROOT
from agot.learning import LONGEST_NAME, Outcome, Tally, hit, verifier_subject

ONE = Outcome(kind="strategy", subject="s", arm="chain", thought=ROOT, reward=0.5, tokens=7)


def test_outcomes_add_up() -> None:
    more = ONE.model_copy(update={"reward": 1.0, "n": 3, "recovered": True})
    assert Tally().plus(ONE).plus(more) == Tally(n=4, reward_sum=3.5, reward_max=1.0, tokens=14, recoveries=3)


@pytest.mark.parametrize(
    "wrong",
    [
        {"reward": 1.1}, {"reward": -0.1}, {"reward": float("nan")}, {"reward": None}, {"tokens": -1}, {"n": 0},
        {"ordinal": -1}, {"arm": ""}, {"subject": "x" * (LONGEST_NAME + 1)}, {"kind": "luck"},
    ],
)  # fmt: skip
def test_refuses_what_is_no_outcome(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Outcome.model_validate(ONE.model_dump() | wrong)


def test_what_became_of_a_checks_word() -> None:
    assert [hit(accepted=a, right=r) for a in (True, False) for r in (True, False)] == [
        "tp",
        "fp",
        "fn",
        "tn",
    ]
    assert verifier_subject("equations", "arithmetic/short") != verifier_subject("form", "arithmetic/short")
