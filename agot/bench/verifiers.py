"""How far each verifier can be trusted: its verdicts on the model's own answers, against the truth."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from agot.agents.verifier import CHECKS, JUDGE
from agot.agents.votes import tally
from agot.bench.asking import OWN_FAULTS, Progress, checked_at_once, each, patient, setup_of
from agot.bench.frozen import FrozenProblem
from agot.bench.results import Results
from agot.bench.scoring import is_right
from agot.bench.statistics import clustered_rate
from agot.budget import Budget, Meter
from agot.engine.caller import Caller, CallRoom
from agot.errors import ModelError, ModelUnauthorised, SetupError
from agot.ids import ROOT, RunId
from agot.journal import Journal
from agot.models.gateway import Gateway
from agot.protocols import Ask, Dialect, Models
from agot.question import split_material
from agot.settings import Settings
from agot.thought import Solution, Task, Value
from agot.verifiers.calibration import expected_calibration_error

VOTE_SHARE = "vote_share"
"""The share of the samples that stand behind a vote's answer, judged like a verifier."""
ALL = "all"


class Opinion(Value):
    """One solution with what every verifier says of it; None for "cannot tell"."""

    kind: str
    answer: str
    right: bool
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
    meter = Meter(Budget(), time.monotonic)
    journal = Journal(RunId(f"bench-{problem.id}"), None, clock=time.time)
    room = CallRoom(
        models, journal, lambda event: None, lambda role: settings.role(role).retries, seed=settings.seed
    )
    ask = Caller(room, meter, ROOT)
    opinions: list[Opinion] = []
    fault = ""
    try:
        opinions = await _opinions(ask, _dialect(models, settings, "fast"), models, settings, problem)
    except ModelUnauthorised:
        raise
    except ModelError as error:
        # A model that gives no readable answer is nothing to judge; one that is away spoils the row.
        fault = "" if type(error).__name__ in OWN_FAULTS else type(error).__name__
    return Checked(
        id=problem.id, family=problem.family, setup=setup, opinions=tuple(opinions), fault=fault,
        tokens=meter.usage.tokens,
    )  # fmt: skip


async def _opinions(
    ask: Ask, dialect: Dialect, models: Models, settings: Settings, problem: FrozenProblem
) -> list[Opinion]:
    question, material = split_material(problem.question)
    task = Task(question=question, material=material, overall=problem.question)
    greedy = await dialect.solve(ask, task, role="fast", mode="chain", n=1, temperature=0.0)
    drawn = await dialect.solve(
        ask, task, role="fast", mode="chain", n=settings.engine.samples,
        temperature=models.profile("fast").temperature,
    )  # fmt: skip
    solutions = [("chain", greedy[0]), *(("sample", solution) for solution in drawn), ("vote", tally(drawn))]
    judge = _dialect(models, settings, "judge")
    known: dict[tuple[str, tuple[str, ...]], dict[str, float | None]] = {}
    found: list[Opinion] = []
    for kind, solution in solutions:
        same = (solution.answer, solution.steps)
        if same not in known:
            known[same] = await _rewards(ask, judge, task, solution)
        share = {VOTE_SHARE: solution.confidence} if kind == "vote" else {}
        found.append(Opinion(
            kind=kind, answer=solution.answer[:2000], right=is_right(problem, solution.answer),
            rewards=known[same] | share,
        ))  # fmt: skip
    return found


async def _rewards(ask: Ask, judge: Dialect, task: Task, solution: Solution) -> dict[str, float | None]:
    """Ask every verifier by itself: what settles a matter in a run does not silence the others here."""
    rewards: dict[str, float | None] = {}
    for name, check in CHECKS.items():
        rewards[name] = (await check(task, solution, ask)).reward
    try:
        rewards[JUDGE] = (await judge.judge(ask, task, solution, role="judge")).reward
    except ModelError as error:
        if type(error).__name__ not in OWN_FAULTS:
            raise
        rewards[JUDGE] = None
    return rewards


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
    )  # fmt: skip
