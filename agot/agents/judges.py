"""Judges: one model's word on an answer, a panel of several, two answers side by side, and a knockout of many.

`Judges` is what a run asks: its settings say who judges, lessons say how much each counts, and a calibration, where
there is one for the model, says what its reward means.

A judge is a model and errs like one. What is known of its errors is the weight of its word: one that always says yes
accepts every right answer (completeness 1) and rejects no wrong one (soundness 0), so it gets none.

Source: Zheng et al. 2023, "Judging LLM-as-a-Judge", arXiv 2306.05685 (position bias); Verga et al. 2024, "Replacing Judges
with Juries", arXiv 2404.18796 (panels).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from agot.agents.calibration import Calibration, calibration_of
from agot.agents.search.together import together
from agot.agents.selection.cluster import cluster_of
from agot.agents.selection.stopping import rates
from agot.agents.worth import JUDGE, Worth
from agot.errors import ModelError, ModelUnauthorised
from agot.ids import ThoughtId
from agot.learning import Learnt, Outcome, Tally, hit, judge_subject
from agot.protocols import Ask, Dialect
from agot.thought import Solution, Task, Verdict
from agot.reading.answers import groups

_LEAST_TRUST = 0.05
"""Less than this above guessing is within the noise of a few dozen tallied judgements."""

_MOST_SAMPLES = 32

_FEWEST_JUDGED, _AGREED = 3, 0.6
"""Answers of a thought, and the share of them that has to agree, for the others to count as wrong."""


@dataclass(frozen=True, slots=True)
class Judge:
    """One seat: a role with the dialect of its model.

    Attributes:
        weight: How much its word counts, at least 0; see `trust`.
        samples: Opinions drawn of it. More than one are critiques at `temperature`, whose share is its word.
        calibration: What its rewards mean as probabilities; None to take them as they are.
        worth: What it is worth, as far as that was measured: how it is asked, and what its rewards mean without a
            calibration on more answers.
    """

    dialect: Dialect
    role: str = "judge"
    weight: float = 1.0
    samples: int = 1
    temperature: float = 0.7
    calibration: Calibration | None = None
    worth: Worth | None = None

    def __post_init__(self) -> None:
        if not 0.0 <= self.weight < float("inf") or not 1 <= self.samples <= _MOST_SAMPLES:
            raise ValueError(
                f"A judge needs a finite weight of at least 0 and 1..{_MOST_SAMPLES} samples, got {self.weight} and {self.samples}."
            )


@dataclass(frozen=True, slots=True)
class Panel:
    """What several judges said.

    Attributes:
        verdict: Their common verdict; reward None if none of those that count could tell.
        opinions: Each judge's own verdict, None where it could not be had, in the order of the judges.
    """

    verdict: Verdict
    opinions: tuple[Verdict | None, ...]


@dataclass(frozen=True, slots=True)
class Preference:
    """Which of two answers is better, asked in both orders.

    Attributes:
        p: P(the first is better) without the bias of position; 0.5 for a tie, None for "cannot tell".
        consistent: Both orders gave the same winner. Where they did not, the model preferred a position.
    """

    p: float | None
    consistent: bool


@dataclass(frozen=True, slots=True)
class Knockout:
    """How a tournament went.

    Attributes:
        winner: One of the solutions.
        matches: Pairs of answers with the preference for the first, in the order they were decided.
    """

    winner: Solution
    matches: tuple[tuple[str, str, Preference], ...]


def trust(tallies: Mapping[str, Tally]) -> float:
    """Return the weight of a judge's word in [0, 1]: Youden's J, completeness + soundness - 1; 0 for mere guessing.

    Args:
        tallies: "tp", "fp", "tn", "fn" of the judge, as `agot.learning.verifier_subject` names them.
    """
    seen = rates(tallies)
    gain = seen.completeness + seen.soundness - 1.0
    return gain if gain >= _LEAST_TRUST else 0.0


async def opinion(task: Task, solution: Solution, ask: Ask, judge: Judge) -> Verdict | None:
    """Return what one judge says; None if it cannot tell or cannot be had.

    An answer is not lost because its judge is: whoever reads along is told.

    Raises:
        BudgetExceeded: If there is no budget for the call.
        ModelUnauthorised: If the key is refused.
    """
    try:
        said = await word(task, solution, ask, judge)
    except ModelUnauthorised:
        raise
    except ModelError as error:
        ask.warn(f"The answer {solution.answer[:80]!r} could not be judged by {judge.role}: {error}")
        return None
    if said is None or said.reward is None:
        return said
    means = judge.calibration or (judge.worth.chance if judge.worth is not None else None)
    if means is not None:
        return said.model_copy(update={"reward": means(said.reward), "calibrated": True})
    # The embedded model's rewards were measured when it was trained.
    return said.model_copy(update={"calibrated": True}) if judge.dialect.name == "compact" else said


async def word(task: Task, solution: Solution, ask: Ask, judge: Judge) -> Verdict | None:
    """Return what one judge says, its reward as it gave it; None if none of its opinions told anything.

    Raises:
        BudgetExceeded, ModelError: If it cannot be had.
    """
    if judge.samples == 1:
        reasoned = judge.worth is not None and judge.worth.manner == "reasoned"
        return await judge.dialect.judge(ask, task, solution, role=judge.role, reasoned=reasoned)
    critiques = await judge.dialect.critique(
        ask, task, solution, role=judge.role, n=judge.samples, temperature=judge.temperature
    )
    told = [critique.reward for critique in critiques if critique.reward is not None]
    if not told:
        return None
    reward = sum(told) / len(told)
    fault = next((critique.text for critique in critiques if critique.text), "")
    return Verdict(check=JUDGE, reward=reward, feedback=fault if reward < 0.5 else "")


async def panel(task: Task, solution: Solution, ask: Ask, judges: Sequence[Judge]) -> Panel:
    """Ask several judges side by side for the weighted mean of their rewards.

    Those of weight 0 are not asked: their word would change nothing.

    Args:
        judges: At least one.

    Raises:
        ValueError: If there are no judges.
        BudgetExceeded, ModelUnauthorised: As for `opinion`.
    """
    if not judges:
        raise ValueError("A panel needs at least one judge.")
    counting = [judge for judge in judges if judge.weight > 0.0]
    asked = await together(*(opinion(task, solution, ask, judge) for judge in counting))
    said = iter(asked)
    opinions = tuple(next(said) if judge.weight > 0.0 else None for judge in judges)
    told = [
        (judge, verdict, verdict.reward)
        for judge, verdict in zip(counting, asked, strict=True)
        if verdict is not None and verdict.reward is not None
    ]
    if not told:
        return Panel(Verdict(check=JUDGE), opinions)
    if len(judges) == 1:
        return Panel(told[0][1], opinions)
    total = sum(judge.weight for judge, _, _ in told)
    mean = sum(judge.weight * reward for judge, _, reward in told) / total
    doubts = [f"{judge.role}: {verdict.feedback}".strip() for judge, verdict, given in told if given < 0.5]
    feedback = f"{len(doubts)} of {len(told)} judges doubt it. {' '.join(doubts)}" if doubts else ""
    # Rounding of a weighted mean must not leave [0, 1].
    calibrated = all(verdict.calibrated for _, verdict, _ in told)
    reward = min(1.0, max(0.0, mean))
    return Panel(Verdict(check=JUDGE, reward=reward, feedback=feedback, calibrated=calibrated), opinions)


@dataclass(slots=True)
class Judges:
    """The judges of one run.

    One that was measured to be no better than chance is not asked. Of several, each counts by what was learnt of its model on tasks of this kind: from
    answers of known truth (`agot bench verifiers --keep`), and from answers on which most samples of a thought agreed.

    Args:
        roles: At least one; roles that are the same model judge once, as the first of them.
        samples: Opinions drawn of each, 1..32.
        learnt: What other runs taught, and where this one's lessons go; None to neither learn nor teach.
        accept: Reward from which a judge counts as having accepted an answer.
        worths: What judges are worth, by role, as far as that was measured when the run began.
    """

    roles: tuple[str, ...] = (JUDGE,)
    samples: int = 1
    learnt: Learnt | None = None
    accept: float = 0.5
    worths: Mapping[str, Worth] = field(default_factory=dict)
    _heard: dict[tuple[ThoughtId, str], list[_Heard]] = field(default_factory=dict)

    async def verdict(
        self, task: Task, solution: Solution, ask: Ask, dialect_of: Callable[[str], Dialect]
    ) -> Verdict:
        """Return the judges' common verdict; its reward is None if none can tell, can be had, or can be trusted.

        Raises:
            BudgetExceeded, ModelUnauthorised: As for `opinion`.
            StoreError: If what was learnt cannot be read.
        """
        by_model: dict[str, str] = {}
        for role in self.roles:
            by_model.setdefault(ask.profile(role).model, role)
        several, cluster = len(by_model) > 1, cluster_of(task)
        judges = [
            Judge(
                dialect_of(role), role, weight=await self._weight(role, model, cluster, several=several),
                samples=self.samples, calibration=await calibration_of(model, self.learnt), worth=self.worths.get(role),
            )
            for model, role in by_model.items()
        ]  # fmt: skip
        heard = _Heard(solution.answer)
        if several and self.learnt is not None:
            # Before anybody answers: the order of asking is the same after a resume, that of the answers is not.
            self._heard.setdefault((task.thought, cluster), []).append(heard)
        found = await panel(task, solution, ask, judges)
        for model, verdict in zip(by_model, found.opinions, strict=True):
            if verdict is not None and verdict.reward is not None:
                heard.rewards[model] = verdict.reward
        return found.verdict

    @property
    def speaks(self) -> bool:
        """Some judge may accept an answer alone."""
        return any(worth.level == "good" for worth in self.worths.values())

    @property
    def counts(self) -> bool:
        """Some judge was measured, and is better than chance."""
        return any(worth.level != "chance" for worth in self.worths.values())

    async def teach(self) -> None:
        """Keep how each judge of a panel fared, all in one transaction: at the end of a run.

        Raises:
            StoreError: If it could not be kept.
        """
        heard, self._heard = self._heard, {}
        if self.learnt is not None:
            await self.learnt.record([
                lesson for (thought, cluster), answers in heard.items()
                for lesson in _lessons(thought, cluster, answers, self.accept)
            ])  # fmt: skip

    async def _weight(self, role: str, model: str, cluster: str, *, several: bool) -> float:
        worth = self.worths.get(role)
        if worth is not None and worth.level == "chance":
            return 0.0
        if self.learnt is None or not several:
            return 1.0
        return trust(await self.learnt.tallies("verifier", judge_subject(model, cluster)))


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the judges of a panel said of one answer, by model."""

    answer: str
    rewards: dict[str, float] = field(default_factory=dict)


def _lessons(thought: ThoughtId, cluster: str, heard: Sequence[_Heard], accept: float) -> list[Outcome]:
    most = majority([one.answer for one in heard])
    return [
        Outcome(
            kind="verifier", subject=judge_subject(model, cluster),
            arm=(arm := hit(accepted=reward >= accept, right=place in most)), thought=thought, ordinal=place,
            reward=float(arm in ("tp", "tn")),
        )
        for place, one in enumerate(heard) if most for model, reward in one.rewards.items()
    ]  # fmt: skip


def majority(answers: Sequence[str]) -> Collection[int]:
    """Return the places of the answers that count as right when judges are graded; none if too few agree."""
    most = max(groups(answers), key=len, default=())
    return most if len(answers) >= _FEWEST_JUDGED and len(most) >= _AGREED * len(answers) else ()


async def preference(task: Task, a: Solution, b: Solution, ask: Ask, judge: Judge) -> Preference:
    """Compare two answers in both orders, so that a liking for the first place cancels out.

    Raises:
        BudgetExceeded, ModelUnauthorised: As for `opinion`.
    """
    shown, turned = await together(_better(task, a, b, ask, judge), _better(task, b, a, ask, judge))
    if shown is None or turned is None:
        return Preference(None, False)
    back = 1.0 - turned
    consistent = (shown > 0.5 and back > 0.5) or (shown < 0.5 and back < 0.5)
    return Preference((shown + back) / 2 if consistent else 0.5, consistent)


async def knockout(
    task: Task, solutions: Sequence[Solution], ask: Ask, judge: Judge, *, entrants: int = 8
) -> Knockout:
    """Return the solution that wins a knockout among the different answers.

    Equal answers enter once, by their likeliest solution, and the most frequent `entrants` enter; so k entrants cost
    2 (k - 1) calls, those of a round side by side. Where the judge has no preference, the more frequent answer wins.

    Args:
        solutions: At least one.
        entrants: Most answers that enter, at least 1.

    Raises:
        ValueError: If there are no solutions or no entrants.
        BudgetExceeded, ModelUnauthorised: As for `opinion`.
    """
    if not solutions or entrants < 1:
        raise ValueError(f"A knockout needs solutions and entrants, got {len(solutions)} and {entrants}.")
    by_answer = [
        [solutions[place] for place in places] for places in groups([one.answer for one in solutions])
    ]
    # A stable sort: of equally frequent answers, the one that was given first is seeded higher.
    seeds = [max(members, key=_likelihood) for members in sorted(by_answer, key=len, reverse=True)[:entrants]]
    matches: list[tuple[str, str, Preference]] = []
    while len(seeds) > 1:
        half = len(seeds) // 2
        upper, lower = seeds[:half], seeds[-half:][::-1]
        resting = seeds[half : len(seeds) - half]
        decided = await together(
            *(preference(task, a, b, ask, judge) for a, b in zip(upper, lower, strict=True))
        )
        matches += [(a.answer, b.answer, one) for a, b, one in zip(upper, lower, decided, strict=True)]
        won = [
            b if one.p is not None and one.p < 0.5 else a
            for a, b, one in zip(upper, lower, decided, strict=True)
        ]
        seeds = [*won, *resting]
    return Knockout(seeds[0], tuple(matches))


def _likelihood(solution: Solution) -> float:
    return float("-inf") if solution.logprob is None else solution.logprob


async def _better(task: Task, a: Solution, b: Solution, ask: Ask, judge: Judge) -> float | None:
    try:
        return await judge.dialect.compare(ask, task, a, b, role=judge.role)
    except ModelUnauthorised:
        raise
    except ModelError as error:
        ask.warn(f"Two answers could not be compared by {judge.role}: {error}")
        return None
