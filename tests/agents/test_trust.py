"""How far an answer can be trusted, by what was said of it."""

from __future__ import annotations

import pytest

from agot.agents.trust import trusted
from agot.ids import ThoughtId
from agot.protocols import Assessed
from agot.thought import Finding, Solution, Trust, Verdict

ALONE = Solution(answer="7")
AGREED = Solution(answer="7", votes=4, confidence=0.75, alternatives=(("8", 1),), methods=("chain", "program"))
SPLIT = Solution(answer="7", votes=4, confidence=0.5, alternatives=(("8", 1), ("9", 1)))
PROOF = Verdict(check="expression", reward=1.0, conclusive=True)
REFUTATION = Verdict(check="expression", reward=0.0, conclusive=True, feedback="it is 8")
FORM = Verdict(check="stated", reward=0.3, feedback="too many words")


def judge(reward: float, *, calibrated: bool = True) -> Verdict:
    return Verdict(check="judge", reward=reward, calibrated=calibrated)


def of(*trusts: Trust, plan: float | None = 1.0) -> Solution:
    parts = tuple(
        Finding(thought=ThoughtId(f"0.{i}"), question="?", answer="1", trust=trust) for i, trust in enumerate(trusts)
    )
    return Solution(answer="7", parts=parts, plan_reward=plan)


@pytest.mark.parametrize(
    ("solution", "verdicts", "trust", "told"),
    [
        (ALONE, [], "unchecked", "nothing could tell"),
        (ALONE, [PROOF, judge(0.1)], "proved", "'expression'"),
        (AGREED, [REFUTATION], "doubtful", "it is 8"),
        (AGREED, [], "cross-checked", "3 of 4 samples agree, by chain and program"),
        (AGREED, [judge(0.2)], "cross-checked", "chance of 0.20"),
        (AGREED, [FORM], "doubtful", "too many words"),
        (SPLIT, [judge(0.9)], "doubtful", "only 2 of 4 samples agree"),
        (ALONE, [judge(0.8)], "judged", "0.80"),
        (ALONE, [judge(0.3)], "doubtful", "0.30"),
        (ALONE, [judge(0.8, calibrated=False)], "unchecked", "never measured"),
        (ALONE, [judge(0.3, calibrated=False)], "doubtful", "never measured"),
        (of("proved", "proved"), [], "proved", "parts"),
        (of("proved", "judged"), [], "judged", "0.1"),
        (of("proved", "doubtful"), [], "doubtful", "0.1"),
        (of("proved", "proved", plan=None), [], "unchecked", "the split"),
        (of("proved", "proved", plan=0.9), [], "judged", "the split"),
    ],
)
def test_the_word_and_the_sentence(solution: Solution, verdicts: list[Verdict], trust: Trust, told: str) -> None:
    found = trusted(Assessed(solution=solution, verdicts=tuple(verdicts)))
    assert found.trust == trust and told in found.reason


def test_no_answer_is_not_trusted() -> None:
    assert trusted(None).trust == "unchecked"
