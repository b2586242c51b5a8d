"""One reward out of several verdicts."""

from __future__ import annotations

import pytest

from agot.agents.verifier import reward_of
from agot.thought import Solution, Verdict

ALONE = Solution(answer="7")
ELECTED = Solution(answer="7", votes=8, confidence=0.9)


def said(reward: float | None, check: str = "judge", *, conclusive: bool = False) -> Verdict:
    return Verdict(check=check, reward=reward, conclusive=conclusive)


@pytest.mark.parametrize(
    ("solution", "verdicts", "reward"),
    [
        (ALONE, [], None),
        (ALONE, [said(None)], None),
        (ALONE, [said(1.0, "equations"), said(0.2)], 0.2),
        (ALONE, [said(1.0, "equations"), said(0.4, "units")], 0.4),
        (ELECTED, [said(0.9), said(0.0, "expression", conclusive=True)], 0.0),
        (ELECTED, [said(0.3)], 0.6),
        (ELECTED, [said(0.9)], 0.9),
        (ELECTED, [said(0.01), said(0.3, "countdown")], 0.01),
    ],
    ids=["nothing", "cannot tell", "judge over check", "most critical check", "proof over votes", "votes against a doubt",
         "votes with a judge", "votes against judge and check"],
)  # fmt: skip
def test_reward_of_verdicts(solution: Solution, verdicts: list[Verdict], reward: float | None) -> None:
    assert reward_of(solution, verdicts) == (reward if reward is None else pytest.approx(reward))
