"""The selection agent: which strategy a thought tries next, why, and when trying further would not help.

Cheap first: the first call answers, plans or declines; a doubted answer is followed by growing batches, and, where a check
can prove answers wrong, by a search (against a judge alone a search finds what fools the judge). Which one, and with what
effort, follows from what was learnt on tasks of this kind (UCB) once that is enough, and before from a table fitted on
validation questions: how hard the question proved to be, and what is left of the budget.

Sources: Parmar et al. 2025, "PlanGEN", arXiv 2502.16111; Wang et al. 2024, "SMART", arXiv 2410.16128; Snell et al. 2024,
arXiv 2408.03314; Stroebl et al. 2024, arXiv 2411.17501.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from agot.agents.judges import majority
from agot.agents.prompts.choice import PromptChoice, prompt_subject
from agot.agents.prompts.library import Purpose
from agot.agents.selection import difficulty as hardness
from agot.agents.selection.cluster import cluster_of
from agot.agents.selection.routing import ANY, rightness, skills_of_cluster
from agot.agents.selection.stopping import chance, decide, rates
from agot.agents.selection.ucb import UcbSettings, choose_strategy
from agot.agents.worth import JUDGE
from agot.learning import Learnt, LessonKind, Outcome, Tally, hit, verifier_subject
from agot.protocols import Assessed
from agot.thought import Task

ENOUGH = 20
"""Lessons on a kind of task before they end the tries or choose between strategies: fewer tell too little."""

WRITING: tuple[Purpose, ...] = ("chain", "step")
"""Purposes whose prompts are graded: by the reward of the answer that came of them."""

EXPERTS = "experts"

SAMPLING = (EXPERTS, "program", "chain-program-vote", "adaptive-best-of-n", "best-of-n", "vote", "rpc")
"""Strategies that draw whole answers: what a judge alone doubts may be drawn again, not searched."""

Rate = Callable[[Sequence[str]], Awaitable[Mapping[str, float]]]


@dataclass(frozen=True, slots=True)
class Think:
    """Let the model answer, plan or decline in one call."""

    why: str

    @property
    def strategy(self) -> str:
        """Name of the move, as events tell it."""
        return "think"


@dataclass(frozen=True, slots=True)
class Split:
    """Ask for a plan and run it as a nested graph."""

    why: str

    @property
    def strategy(self) -> str:
        """Name of the move, as events tell it."""
        return "plan"


@dataclass(frozen=True, slots=True)
class Use:
    """Try a strategy.

    Attributes:
        samples: Samples of one vote or batch; None for those of the settings.
        role: Role that the thought is handed over to; None to stay with the present one.
    """

    strategy: str
    why: str
    samples: int | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """Try nothing more; the best so far has to do."""

    why: str = ""


Move = Think | Split | Use
"""What a thought tries next."""


@cache
def _shipped() -> hardness.Table:
    """Return the shipped table, read once for all runs of the process."""
    return hardness.load()


class Selector:
    """Chooses for the thoughts of one run.

    Args:
        learnt: What other runs taught, and where this one's lessons go; None to neither learn nor teach.
        ladder: Strategies that may follow a doubted answer, cheapest first.
        experts: Names of experts that are different models.
        table: What pays at which difficulty; the shipped one unless given.
    """

    def __init__(
        self,
        learnt: Learnt | None,
        ladder: Sequence[str],
        *,
        experts: Sequence[str] = (),
        table: hardness.Table | None = None,
    ) -> None:
        self._learnt, self._ladder, self.experts = learnt, tuple(ladder), tuple(experts)
        self._lessons: list[Outcome] = []
        self._prompts: dict[str, list[PromptChoice]] = {}
        self._teams: dict[str, list[tuple[str, Assessed]]] = {}
        self._table = table or _shipped()

    async def next(
        self,
        task: Task,
        tried: Sequence[Assessed],
        made: Sequence[str],
        *,
        tokens_left: int | None,
        rate: Rate | None = None,
        climbs: bool = False,
    ) -> Use | Stop:
        """Return what to try after `tried` were not accepted.

        Args:
            climbs: The ladder is climbed also where only a judge doubts the answers.
            made: Names of the strategies that this thought tried already.
            rate: Asks the model for its rating of strategies, in [0, 1]; asked only where there is a choice.
        """
        left = [strategy for strategy in self._ladder if strategy not in made]
        if not left:
            return Stop("every strategy of the ladder was tried")
        cluster = cluster_of(task)
        stop = await self._hopeless(cluster, tried)
        if stop:
            return Stop(stop)
        if not climbs and not any(one.settled for one in tried):
            left = [strategy for strategy in left if strategy in SAMPLING]
            if not left:
                return Stop(
                    "only a judge doubts the answers, and a search would fit the judge's mistakes"
                )
        if left[0] == EXPERTS:
            return Use(EXPERTS, "other models may know what this one does not")
        return await self._best(left, cluster, self._advice(tried, left, tokens_left), rate)

    def _advice(
        self, tried: Sequence[Assessed], left: Sequence[str], tokens_left: int | None
    ) -> hardness.Advice | None:
        """Return what the fitted table says of a question on which the first tries went so."""
        answers = [one.solution.answer for one in tried]
        hard = hardness.difficulty([one.reward for one in tried], answers, edges=self._table.edges)
        if hard is None:
            return None
        advice = hardness.choose(self._table, hard.fifth, tokens_left, available=left)
        return None if advice is None else replace(advice, why=f"{advice.why}; {hard.why}")

    async def _best(
        self, left: Sequence[str], cluster: str, advice: hardness.Advice | None, rate: Rate | None
    ) -> Use | Stop:
        """Return the best of several: by what was learnt here, else by the table, else the first."""
        tallies = await self.tallies("strategy", cluster)
        prior = await rate(left) if rate is not None and len(left) > 1 else {}
        if prior or sum(tallies[name].n for name in left if name in tallies) >= ENOUGH:
            # Exploring would make a person's question pay for lessons; a tie goes to the cheaper strategy.
            chosen = choose_strategy(
                left,
                tallies,
                cluster=cluster,
                prior=prior or None,
                settings=UcbSettings(cap=0.0, diversity=0.0),
            )
            same = advice is not None and advice.strategy == chosen.strategy
            return Use(
                chosen.strategy, chosen.why, (advice.effort or None) if advice is not None and same else None
            )
        if advice is None:
            return Use(left[0], f"{left[0]}: the cheapest that can help comes first")
        if advice.strategy == hardness.STOP:
            return Stop(advice.why)
        return Use(advice.strategy, advice.why, advice.effort or None)

    async def _hopeless(self, cluster: str, tried: Sequence[Assessed]) -> str:
        """Return why the judge's rejections say that no further draw is worth it, or "" if they do not."""
        rejected = [
            one for one in tried
            if any(verdict.check == JUDGE and verdict.doubts for verdict in one.verdicts)
        ]  # fmt: skip
        if self._learnt is None or not rejected:
            return ""
        known = await self._learnt.tallies("verifier", verifier_subject(JUDGE, cluster))
        if sum(tally.n for tally in known.values()) < ENOUGH:
            return ""
        strategies = await self._learnt.tallies("strategy", cluster)
        decision = decide(
            chance(strategies.get("chain", Tally())), rates(known), rejections=len(rejected), accepted=False,
            draws_left=1,
        )  # fmt: skip
        return decision.why if decision.action == "abstain" else ""

    def prompted(self, task: Task, choice: PromptChoice) -> None:
        """Remember that a thought's calls use this prompt, to teach how it did."""
        if choice.prompt.purpose in WRITING:
            self._prompts.setdefault(task.thought, []).append(choice)

    async def tallies(self, kind: LessonKind, subject: str) -> Mapping[str, Tally]:
        """Return what other runs taught, by arm; nothing without lessons.

        Raises:
            StoreError: If the database cannot be used.
        """
        return {} if self._learnt is None else await self._learnt.tallies(kind, subject)

    def answered(self, task: Task, answers: Sequence[tuple[str, Assessed]]) -> None:
        """Remember what each model answered, to teach how it did on the task's skills."""
        if self._learnt is not None:
            self._teams.setdefault(task.thought, []).extend(answers)

    def note(
        self, task: Task, tried: Sequence[Assessed], drawn: Sequence[Assessed], *, accept: float, tokens: int
    ) -> None:
        """Note how each try went, how experts did, and how the judge fared against the thought's own majority.

        Args:
            tried: What was given for acceptance, in order.
            drawn: All that was assessed, samples inside strategies included.
            tokens: What the thought used; shared evenly among its tries.
        """
        team, prompts = self._teams.pop(task.thought, []), self._prompts.pop(task.thought, [])
        told = team or any(one.reward is not None for one in (*tried, *drawn))
        if self._learnt is None or not tried or not told:
            return
        cluster = cluster_of(task)
        outcomes = self._lessons
        outcomes += _skilled(task, cluster, team, tried, accept)
        for place, one in enumerate(tried):
            if one.reward is not None and one.solution.strategy:
                outcomes.append(Outcome(
                    kind="strategy", subject=cluster, arm=one.solution.strategy, thought=task.thought, ordinal=place,
                    reward=one.reward, tokens=tokens // len(tried), recovered=place > 0 and one.reward >= accept,
                ))  # fmt: skip
        outcomes += _judged(task, cluster, drawn, accept)
        last = tried[-1].reward
        for place, choice in enumerate(prompts):
            if last is not None:
                outcomes.append(Outcome(
                    kind="prompt", subject=prompt_subject(choice.prompt.purpose, cluster.partition("/")[0]),
                    arm=choice.prompt.id, thought=task.thought, ordinal=place, reward=last,
                ))  # fmt: skip

    async def teach(self) -> None:
        """Keep what was noted, all in one transaction: at the end of a run.

        Raises:
            StoreError: If it could not be kept.
        """
        lessons, self._lessons = self._lessons, []
        if self._learnt is not None and lessons:
            await self._learnt.record(lessons)


def _skilled(
    task: Task,
    cluster: str,
    team: Sequence[tuple[str, Assessed]],
    tried: Sequence[Assessed],
    accept: float,
) -> list[Outcome]:
    """Return how models did on the skills of a task, and on any: 1 for a right answer, 0 for a wrong one."""
    if not team:
        return []
    # Two good texts are not the same answer, so that one of them was accepted says nothing of the other.
    given = () if cluster.startswith("open/") else tried
    found = rightness([one for _, one in team], given, accept=accept)
    # Counted by model: were one missing after a resume, the others' outcomes would still have their numbers.
    earlier: Counter[str] = Counter()
    outcomes = []
    for (model, _), right in zip(team, found, strict=True):
        outcomes += [
            Outcome(
                kind="skill", subject=skill, arm=model, thought=task.thought, ordinal=earlier[model],
                reward=float(right),
            )
            for skill in (*skills_of_cluster(cluster), ANY) if right is not None
        ]  # fmt: skip
        earlier[model] += 1
    return outcomes


def _judged(task: Task, cluster: str, drawn: Sequence[Assessed], accept: float) -> list[Outcome]:
    """Return how the judge fared on samples of which enough agree, or have been proven."""
    words = [
        (one, next((v.reward for v in one.verdicts if v.check == JUDGE and v.reward is not None), None))
        for one in drawn
    ]
    judged = [(one, word) for one, word in words if word is not None]
    most = majority([one.solution.answer for one, _ in judged])
    return [
        Outcome(
            kind="verifier", subject=verifier_subject(JUDGE, cluster),
            arm=(arm := hit(accepted=word >= accept, right=place in most)), thought=task.thought, ordinal=place,
            reward=float(arm in ("tp", "tn")),
        )
        for place, (_, word) in enumerate(judged) if most
    ]  # fmt: skip
