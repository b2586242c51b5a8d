"""How far each verifier can be trusted: its verdicts on the model's own answers, against the truth."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from agot.agents.calibration import (
    Calibration,
    brier_score,
    count,
    expected_calibration_error,
    fit_tallies,
)
from agot.agents.judges import Judge, word
from agot.agents.votes import tally
from agot.agents.worth import JUDGE
from agot.bench.asking import OWN_FAULTS, Progress, checked_at_once, each, patient, setup_of
from agot.bench.frozen import FrozenProblem
from agot.bench.results import Results
from agot.bench.scoring import is_right
from agot.bench.statistics import clustered_rate, mean_interval
from agot.engine.recorded import Calls, unrecorded_run
from agot.errors import ModelError, ModelUnauthorised, SetupError
from agot.models.gateway import Gateway
from agot.protocols import Ask, Dialect, Models
from agot.question import split_material
from agot.settings import Settings
from agot.thought import Solution, Task, Value
from agot.verifiers.registry import CHECKS

VOTE_SHARE = "vote_share"
"""The share of the samples that stand behind a vote's answer, judged like a verifier."""
ALL = "all"
ASKED, CALIBRATED = "{}, asked", "{}, calibrated"
"""Names of a judge's rewards where no check settles the matter: as they are, and made probabilities by what the other
half of the questions showed."""


class Opinion(Value):
    """One solution with what every verifier says of it; None for "cannot tell".

    Attributes:
        settled: A deterministic check is conclusive, so that no judge would be asked.
    """

    kind: str
    answer: str
    right: bool
    settled: bool
    rewards: Mapping[str, float | None]


class Checked(Value):
    """One problem: a greedy chain, the samples and their vote, each with its verdicts."""

    id: str
    family: str
    setup: str
    opinions: tuple[Opinion, ...]
    fault: str
    tokens: int

    @property
    def key(self) -> str:
        """Say which piece of work this is the result of."""
        return f"{self.id}|{self.setup}"

    @property
    def done(self) -> bool:
        """Return False if the row was spoilt from outside."""
        return not self.fault


async def measure(
    settings: Settings,
    problems: Sequence[FrozenProblem],
    *,
    samples: int,
    at_once: int,
    results: Results[Checked],
    tell: Callable[[str], None],
) -> list[Checked]:
    """Draw answers, ask every verifier about them, and return one row per problem.

    Args:
        samples: Sampled chains per problem, at least 1, beside one greedy chain.

    Raises:
        SetupError: If a setting is unusable.
        ModelError: If the model cannot be reached.
    """
    checked_at_once(at_once)
    if samples < 1:
        raise SetupError(f"--samples is {samples}; expected 1 or more chains per problem.")
    engine = settings.engine.model_copy(update={"samples": samples})
    settings = patient(settings.model_copy(update={"engine": engine}))
    setup = setup_of(settings)
    to_do = [problem for problem in problems if results.get(f"{problem.id}|{setup}") is None]
    if len(to_do) < len(problems):
        tell(f"{len(problems) - len(to_do)} of {len(problems)} problems are in the results file already.")
    models = Gateway(settings)

    async def work(problem: FrozenProblem) -> str:
        row = await _checked(models, settings, problem, setup)
        results.add(row)
        return row.fault

    try:
        await each(to_do, work, at_once=at_once, told=Progress(tell, len(to_do)))
    finally:
        await models.close()
    wanted = {f"{problem.id}|{setup}" for problem in problems}
    return [row for row in results.rows() if row.key in wanted]


async def _checked(models: Models, settings: Settings, problem: FrozenProblem, setup: str) -> Checked:
    calls = Calls(models, lambda role: settings.role(role).retries, seed=settings.seed)
    run = unrecorded_run(calls)
    opinions: list[Opinion] = []
    fault = ""
    try:
        opinions = await _opinions(
            run.caller(), _dialect(models, settings, "fast"), models, settings, problem
        )
    except ModelUnauthorised:
        raise
    except ModelError as error:
        # A model that gives no readable answer is nothing to judge; one that is away spoils the row.
        fault = "" if type(error).__name__ in OWN_FAULTS else type(error).__name__
    return Checked(
        id=problem.id, family=problem.family, setup=setup, opinions=tuple(opinions), fault=fault,
        tokens=run.meter.usage.tokens,
    )  # fmt: skip


async def _opinions(
    ask: Ask, dialect: Dialect, models: Models, settings: Settings, problem: FrozenProblem
) -> list[Opinion]:
    task = task_of(problem)
    greedy = await dialect.solve(ask, task, role="fast", mode="chain", n=1, temperature=0.0)
    drawn = await dialect.solve(
        ask, task, role="fast", mode="chain", n=settings.engine.samples,
        temperature=models.profile("fast").temperature,
    )  # fmt: skip
    solutions = [("chain", greedy[0]), *(("sample", solution) for solution in drawn), ("vote", tally(drawn))]
    judges = {
        name: Judge(_dialect(models, settings, role), role, samples=settings.engine.judge_samples)
        for name, role in seats(settings).items()
    }
    known: dict[tuple[str, tuple[str, ...]], tuple[bool, dict[str, float | None]]] = {}
    found: list[Opinion] = []
    for kind, solution in solutions:
        same = (solution.answer, solution.steps)
        if same not in known:
            known[same] = await _rewards(ask, judges, task, solution)
        settled, rewards = known[same]
        share = {VOTE_SHARE: solution.confidence} if kind == "vote" else {}
        found.append(Opinion(
            kind=kind, answer=solution.answer[:2000], right=is_right(problem, solution.answer),
            settled=settled, rewards=rewards | share,
        ))  # fmt: skip
    return found


async def _rewards(
    ask: Ask, judges: Mapping[str, Judge], task: Task, solution: Solution
) -> tuple[bool, dict[str, float | None]]:
    """Ask every verifier by itself: what settles a matter in a run does not silence the others here."""
    settled = False
    rewards: dict[str, float | None] = {}
    for name, check in CHECKS.items():
        found = check(task, solution)
        settled, rewards[name] = settled or found.conclusive, found.reward
    for name, judge in judges.items():
        try:
            verdict = await word(task, solution, ask, judge)
        except ModelError as error:
            if type(error).__name__ not in OWN_FAULTS:
                raise
            verdict = None
        rewards[name] = None if verdict is None else verdict.reward
    return settled, rewards


def task_of(problem: FrozenProblem) -> Task:
    """Return a problem as the engine takes it."""
    question, material = split_material(problem.question)
    return Task(question=question, material=material, overall=problem.question)


def seats(settings: Settings) -> dict[str, str]:
    """Return the role of each judge of the settings by the name under which it is reported.

    Roles that are the same model judge once.
    """
    by_model: dict[str, str] = {}
    for role in settings.engine.judges:
        by_model.setdefault(settings.role(role).model, role)
    if len(by_model) == 1:
        return {JUDGE: next(iter(by_model.values()))}
    return {f"{JUDGE} {role}": role for role in by_model.values()}


def _dialect(models: Models, settings: Settings, role: str) -> Dialect:
    if models.profile(role).dialect == "compact":
        from agot.agents.dialects.compact import CompactDialect

        return CompactDialect()
    from agot.agents.dialects.standard import StandardDialect
    from agot.models.structured import SchemaMemory

    return StandardDialect(SchemaMemory(), most_thoughts=settings.engine.max_plan_thoughts)


Rate = tuple[float, float, float] | None
"""A share with its 95% interval over resampled questions; None of nothing."""


@dataclass(frozen=True, slots=True)
class Trust:
    """One verifier on one family, or on all.

    Attributes:
        solutions: Solutions that it was asked about.
        told: Share on which it said something.
        completeness: Right solutions that it accepted, of those on which it said something.
        soundness: Wrong solutions that it rejected, of those on which it said something.
        right, wrong: Right and wrong solutions on which it said something.
        calibration_error: Expected distance of its rewards from the truth.
        brier: Mean squared distance of its rewards from the truth.
    """

    verifier: str
    family: str
    solutions: int
    told: Rate
    completeness: Rate
    right: int
    soundness: Rate
    wrong: int
    calibration_error: float | None
    brier: float | None


def with_calibration(rows: Sequence[Checked], judges: Iterable[str]) -> list[Checked]:
    """Return the rows with each judge's rewards where it would be asked, raw and calibrated.

    Those of one half are calibrated by what the other half showed, so on questions that the curve was not fitted to. A
    judge of which too little is known is left as it is.
    """
    ordered = sorted(rows, key=lambda row: row.id)
    halves = [ordered[::2], ordered[1::2]]
    for name in judges:
        curves = [
            fit_tallies(count([(reward, right) for _, reward, right in judged(half, name)]))
            for half in halves
        ]
        halves = [
            [_calibrated(row, name, curve) for row in half]
            for half, curve in zip(halves, reversed(curves), strict=True)
        ]
    return [row for half in halves for row in half]


def judged(rows: Iterable[Checked], judge: str) -> Iterator[tuple[str, float, bool]]:
    """Yield problem, reward and truth of every drawn answer that no check settled and on which a judge said something.

    A vote's answer is that of one of the samples, and would count twice.
    """
    for row in rows:
        for opinion in row.opinions:
            reward = opinion.rewards.get(judge)
            if reward is not None and opinion.kind != "vote" and not opinion.settled and not row.fault:
                yield row.id, reward, opinion.right


def gain(rows: Sequence[Checked], judge: str) -> tuple[float, float, float] | None:
    """Return by how much calibration lowers a judge's squared error, with its 95% interval over questions.

    Measured on the half that the curve was not fitted to; None if too little is known.
    """
    saved = []
    for row in with_calibration(rows, [judge]):
        both = [
            (opinion.rewards[ASKED.format(judge)], opinion.rewards[CALIBRATED.format(judge)], opinion.right)
            for opinion in row.opinions
            if opinion.kind != "vote"
        ]
        errors = [
            (raw - right) ** 2 - (meant - right) ** 2
            for raw, meant, right in both
            if raw is not None and meant is not None
        ]
        if errors:
            saved.append(sum(errors) / len(errors))
    if not saved:
        return None
    mean, low, high = mean_interval(saved)
    return None if low is None or high is None else (mean, low, high)


def _calibrated(row: Checked, judge: str, curve: Calibration | None) -> Checked:
    opinions = []
    for opinion in row.opinions:
        reward = None if opinion.settled else opinion.rewards.get(judge)
        meant = None if reward is None or curve is None else curve(reward)
        more = {ASKED.format(judge): reward, CALIBRATED.format(judge): meant}
        opinions.append(opinion.model_copy(update={"rewards": {**opinion.rewards, **more}}))
    return row.model_copy(update={"opinions": tuple(opinions)})


def trust(rows: Iterable[Checked], *, accept: float) -> list[Trust]:
    """Return every verifier's figures over all families and by family; verifiers that never spoke are left out.

    Args:
        accept: Reward from which a solution counts as accepted.
    """
    by_family: dict[str, list[Checked]] = {}
    for row in rows:
        if not row.fault and row.opinions:
            by_family.setdefault(ALL, []).append(row)
            by_family.setdefault(row.family, []).append(row)
    names = dict.fromkeys(
        name for row in by_family.get(ALL, ()) for opinion in row.opinions for name in opinion.rewards
    )
    families = [ALL, *sorted(set(by_family) - {ALL})]
    found = [_trust(name, family, by_family.get(family, []), accept) for name in names for family in families]
    return [one for one in found if one.right + one.wrong]


def _trust(name: str, family: str, rows: Sequence[Checked], accept: float) -> Trust:
    asked = [[(o.rewards[name], o.right) for o in row.opinions if name in o.rewards] for row in rows]
    told = [[(reward, right) for reward, right in one if reward is not None] for one in asked]
    verdicts = [verdict for one in told for verdict in one]

    def rate(right: bool) -> Rate:
        clusters = []
        for one in told:
            relevant = [reward for reward, truth in one if truth is right]
            clusters.append((sum((reward >= accept) is right for reward in relevant), len(relevant)))
        return clustered_rate(clusters, rng=random.Random(0))

    return Trust(
        verifier=name, family=family, solutions=sum(map(len, asked)),
        told=clustered_rate([(len(t), len(a)) for t, a in zip(told, asked, strict=True)], rng=random.Random(0)),
        completeness=rate(True), right=sum(right for _, right in verdicts), soundness=rate(False),
        wrong=sum(not right for _, right in verdicts), calibration_error=expected_calibration_error(*zip(*verdicts, strict=True)) if verdicts else None,
        brier=brier_score(*zip(*verdicts, strict=True)) if verdicts else None,
    )  # fmt: skip
