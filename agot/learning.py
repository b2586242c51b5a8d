"""What runs taught: how often each way to do a thing worked, and what a run may know of it.

An outcome says how one try of one thought went: a strategy on a cluster of tasks, a check on a right or wrong
answer, a model on a skill, a prompt in a role. Outcomes are added up to tallies, from which the selection
agent chooses (`agot.agents.selection`).

Two rules keep a resumed run, which does everything again, honest:
    *  An outcome counts once. It is named by run, thought, try, kind, subject and arm; told a second time, it
       is ignored.
    *  A run sees the same tallies from its first question to its last, also after a resume: what *other*
       runs had taught when it first asked. So it chooses again as it chose before, and finds its calls in
       the journal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from pydantic import Field

from agot.ids import ThoughtId
from agot.thought import Value

LessonKind = Literal["strategy", "verifier", "skill", "prompt"]
"""What a lesson is about:

    kind      subject                          arm                       reward
    strategy  task cluster                     strategy                  of its answer
    verifier  check, with `verifier_subject`,
              or judge, with `judge_subject`   "tp", "fp", "tn", "fn"    1 if the check was right
              judge, `calibration_subject`     reward, rounded           1 if the answer was right
    skill     skill tag, or "any"              model                     1 if the answer was right (the paper's +1), 0 if wrong (-1)
    prompt    role or kind of task             prompt, with its version  of the answer
"""

Hit = Literal["tp", "fp", "tn", "fn"]
"""What became of a check's word: accepted a right or a wrong answer, rejected a wrong or a right one."""

LONGEST_NAME = 200
"""Characters of a subject or an arm; databases index them."""

_LONGEST_MODEL = 120
"""Characters of a model's name in a subject; its end tells models apart."""


class Outcome(Value):
    """How one try went.

    Attributes:
        kind, subject, arm: What was tried on what; see `LessonKind`.
        thought: The thought that tried.
        ordinal: Number of the try within the thought, from 0. With the names above it tells outcomes apart.
        reward: In [0, 1]; the mean if `n` is more than 1. What nothing could judge is no outcome.
        tokens: Prompt and completion tokens that all `n` took together.
        recovered: It succeeded after another arm had failed on the same thought.
        n: How many equal tries this stands for.
    """

    kind: LessonKind
    subject: str = Field(min_length=1, max_length=LONGEST_NAME)
    arm: str = Field(min_length=1, max_length=LONGEST_NAME)
    thought: ThoughtId
    ordinal: int = Field(default=0, ge=0, lt=2**31)
    reward: float = Field(ge=0.0, le=1.0)
    tokens: int = Field(default=0, ge=0, lt=2**53)
    recovered: bool = False
    n: int = Field(default=1, ge=1, lt=2**31)


class Tally(Value):
    """Outcomes added up.

    Attributes:
        n: Tries.
        reward_sum: Sum of their rewards, each in [0, 1].
        reward_max: The largest of them; 0 if there are none.
        tokens: Sum of their tokens.
        recoveries: How many of them succeeded after another arm had failed.
    """

    n: int = Field(default=0, ge=0)
    reward_sum: float = Field(default=0.0, ge=0.0)
    reward_max: float = Field(default=0.0, ge=0.0, le=1.0)
    tokens: int = Field(default=0, ge=0)
    recoveries: int = Field(default=0, ge=0)

    def plus(self, outcome: Outcome) -> Tally:
        """Return the tally with one more outcome."""
        return Tally(
            n=self.n + outcome.n,
            reward_sum=self.reward_sum + outcome.n * outcome.reward,
            reward_max=max(self.reward_max, outcome.reward),
            tokens=self.tokens + outcome.tokens,
            recoveries=self.recoveries + outcome.n * outcome.recovered,
        )


class Learnt(Protocol):
    """What one run knows from others, and what it teaches; one object per run."""

    async def tallies(self, kind: LessonKind, subject: str) -> Mapping[str, Tally]:
        """Return a tally for each arm that other runs tried, the same throughout the run.

        Raises:
            StoreError: If the database cannot be used.
        """

    async def record(self, outcomes: Sequence[Outcome]) -> None:
        """Keep outcomes, all or none; those this run told before are ignored.

        Raises:
            StoreError: If they could not be kept.
        """


def verifier_subject(check: str, cluster: str) -> str:
    """Return the subject of lessons about a check on a cluster of tasks."""
    return f"{check} on {cluster}"


def judge_subject(model: str, cluster: str) -> str:
    """Return the subject of lessons about one model as a judge on a cluster of tasks."""
    return verifier_subject(f"judge {model[-_LONGEST_MODEL:]}", cluster)


def calibration_subject(model: str) -> str:
    """Return the subject of lessons about how often answers were right to which a judge gave some reward."""
    return f"calibration of judge {model[-_LONGEST_MODEL:]}"


def hit(*, accepted: bool, right: bool) -> Hit:
    """Return the arm for a check that accepted an answer or not, which turned out right or not."""
    if accepted:
        return "tp" if right else "fp"
    return "fn" if right else "tn"
