"""Every strategy on the frozen problems, at equal token budgets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agot.agents.strategies.program import CHAIN_PROGRAM_VOTE, PROGRAM
from agot.agents.strategies.registry import STRATEGIES
from agot.bench.asking import Desk, Progress, checked_at_once, each, setup_of
from agot.bench.effort import effort
from agot.bench.frozen import FrozenProblem
from agot.bench.results import Results
from agot.bench.scoring import any_right, is_right
from agot.errors import SetupError
from agot.models.pool import EMBEDDED
from agot.settings import Settings, ToolSettings
from agot.thought import RunStatus, Value

AUTO = "auto"
SAMPLING = ("vote", CHAIN_PROGRAM_VOTE, "rpc", "best-of-n", "adaptive-best-of-n")
"""Strategies that choose among whole answers."""
BUDGETS = (500, 1000, 2000, 4000)
"""Tokens per question, prompt and answers together."""


class Answered(Value):
    """One problem under one strategy and budget.

    Attributes:
        level: The token budget.
        setup: Hash of model and settings; rows of another setup are not compared with this one.
        right: An answer was given and it is right.
        given: An answer to the question was given, also an unfinished search's when the budget fired.
        withheld_right: For a run that gave no answer: whether the best it held back was right; None if it had none.
        covered: Any drawn answer was right; None if no drawn answer could be read.
        reward: What the checks gave the answer, given or held back; None if they could not tell.
        effort: Samples of a strategy that draws whole answers, 0 for others.
        fault: Error from outside (network, rate limit) that spoilt this row, or "".
        wall_s: Seconds from asking to answer, waiting for the other questions in flight included.
    """

    id: str
    split: str
    family: str
    strategy: str
    level: int
    seed: int
    setup: str
    model: str
    status: RunStatus
    answer: str
    right: bool
    given: bool
    withheld_right: bool | None
    covered: bool | None
    reward: float | None
    effort: int
    fault: str
    tokens: int
    calls: int
    cost_usd: float
    wall_s: float

    @property
    def key(self) -> str:
        """Say which piece of work this is the result of."""
        return f"{self.id}|{self.strategy}|{self.level}|{self.setup}"

    @property
    def done(self) -> bool:
        """Return False if the row was spoilt from outside."""
        return not self.fault


@dataclass(frozen=True, slots=True)
class Job:
    """One question to ask."""

    problem: FrozenProblem
    strategy: str
    level: int
    setup: str

    @property
    def key(self) -> str:
        """Return the key of the row that this job gives."""
        return f"{self.problem.id}|{self.strategy}|{self.level}|{self.setup}"


def named(strategies: Sequence[str], settings: Settings) -> list[str]:
    """Return the strategies to measure: `auto` and all registered ones if none is named.

    Those that need several models, tools, or a model that writes programs, are left out then unless the settings have
    some.

    Raises:
        SetupError: If one is unknown.
    """
    programs = settings.tools.python and not settings.role("fast").model.startswith(f"{EMBEDDED}/")
    able = {
        "experts": len(settings.experts) > 1, "tools": settings.tools != ToolSettings(), PROGRAM: programs,
        CHAIN_PROGRAM_VOTE: programs,
    }  # fmt: skip
    every = [name for name in STRATEGIES.names() if able.get(name, True)]
    chosen = list(dict.fromkeys(strategies)) or [AUTO, *every]
    for name in chosen:
        if name != AUTO:
            STRATEGIES.get(name)
    return chosen


def checked_budgets(budgets: Sequence[int]) -> list[int]:
    """Return the token budgets, sorted and without repeats.

    Raises:
        SetupError: If one is less than 1.
    """
    for level in budgets:
        if level < 1:
            raise SetupError(f"A budget is {level} tokens; expected 1 or more.")
    return sorted(set(budgets))


async def measure(
    settings: Settings,
    problems: Sequence[FrozenProblem],
    *,
    strategies: Sequence[str],
    budgets: Sequence[int],
    at_once: int,
    results: Results[Answered],
    tell: Callable[[str], None],
) -> list[Answered]:
    """Ask what the results do not hold yet and return one row per problem, strategy and budget.

    Raises:
        SetupError: If a strategy or setting is unusable.
        ModelError: If the model cannot be reached.
    """
    checked_at_once(at_once)
    async with Desk(settings) as desk:
        dialect = desk.models.profile("fast").dialect
        under = {
            strategy: {level: effort(level, _tries(desk.settings, strategy), dialect) for level in budgets}
            for strategy in strategies
        }
        jobs = [
            Job(problem, strategy, level, setup)
            for level in budgets
            for strategy in strategies
            for setup in [setup_of(under[strategy][level])]
            for problem in problems
        ]
        to_do = [job for job in jobs if results.get(job.key) is None]
        if len(to_do) < len(jobs):
            tell(f"{len(jobs) - len(to_do)} of {len(jobs)} answers are in the results file already.")

        async def work(job: Job) -> str:
            row = await _answered(desk, job, under[job.strategy][job.level])
            results.add(row)
            return row.fault

        await each(to_do, work, at_once=at_once, told=Progress(tell, len(to_do)))
    wanted = {job.key for job in jobs}
    return [row for row in results.rows() if row.key in wanted]


def _tries(settings: Settings, strategy: str) -> Settings:
    """Return the settings of a strategy: a fixed one is measured as published, without the engine's retries."""
    if strategy == AUTO:
        return settings
    return settings.model_copy(update={"engine": settings.engine.model_copy(update={"retries": 0})})


async def _answered(desk: Desk, job: Job, settings: Settings) -> Answered:
    problem = job.problem
    asked = await desk.ask(problem.question, settings, strategy=job.strategy, budget=settings.budget)
    usage = asked.result.usage
    return Answered(
        id=problem.id, split=problem.split, family=problem.family, strategy=job.strategy, level=job.level,
        seed=settings.seed, setup=job.setup, model=asked.result.model, status=asked.result.status,
        answer=asked.answer[:2000], right=asked.given and is_right(problem, asked.answer), given=asked.given,
        withheld_right=is_right(problem, asked.withheld) if asked.withheld else None,
        covered=any_right(problem, asked.candidates) if asked.candidates else None,
        reward=asked.reward, effort=settings.engine.samples if job.strategy in SAMPLING else 0, fault=asked.fault,
        tokens=usage.tokens, calls=usage.calls, cost_usd=usage.cost_usd, wall_s=round(usage.wall_s, 3),
    )  # fmt: skip
