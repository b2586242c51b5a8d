"""Every search ends, whatever model and checks say: random trees, values, refusals and settings."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import signal
from collections.abc import Iterator
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from agot.agents.context import Crew, Thought
from agot.agents.strategies.registry import STRATEGIES
from agot.agents.tries import Try
from agot.errors import OutputError
from agot.protocols import Assessed
from agot.settings import EngineSettings, SearchSettings
from agot.thought import Critique, Solution, Step, Task

SEARCHES = ("mcts", "puct", "tot-bfs", "tot-dfs", "rebase", "particle-filter", "particle-gibbs", "refinement-tree",
            "rewind", "ab-mcts", "got", "critic")  # fmt: skip
VALUES = ((0.0, 0.05, 0.1, 0.2), (0.0, 0.5), (0.1, 0.3, 0.6, 0.85), (0.0, 0.0, 0.0, 0.8))


class Chance:
    """A model, a judge and a check that say anything."""

    def __init__(self, seed: int) -> None:
        self.rng = Random(seed)
        self.values = self.rng.choice(VALUES)
        self.ending = self.rng.choice((0.05, 0.3, 0.6))
        self.number = itertools.count()

    def solution(self, steps: Any = ()) -> Solution:
        return Solution(answer=str(self.rng.randrange(3)), steps=(*steps, f"end {next(self.number)}"))

    async def step(self, ask: Any, task: Any, steps: Any, *, n: int, **_: Any) -> list[Step]:
        found = []
        for _ in range(n):
            if steps and self.rng.random() < self.ending:
                solution = self.solution(steps)
                found.append(Step(text=solution.steps[-1], solution=solution))
            else:
                again = self.rng.random() < 0.3
                found.append(Step(text=f"step {self.rng.randrange(4) if again else next(self.number)}"))
        return found

    async def value(self, *_: Any, **__: Any) -> float:
        return self.rng.choice(self.values)

    async def solve(self, ask: Any, task: Any, *, n: int, steps: Any = (), **_: Any) -> list[Solution]:
        return [self.solution(steps) for _ in range(n)]

    async def refine(
        self, ask: Any, task: Any, solution: Any, critique: str, *, n: int, **_: Any
    ) -> list[Solution]:
        return [self.solution() for _ in range(n)]

    async def critique(self, *_: Any, n: int, **__: Any) -> list[Critique]:
        return [Critique(text="so so", reward=self.rng.choice((0.0, 1.0, None))) for _ in range(n)]

    async def aggregate(self, *_: Any, **__: Any) -> Solution:
        return self.solution()


def try_of(seed: int, name: str) -> Try:
    model: Any = Chance(seed)
    rng = model.rng
    search = SearchSettings(
        iterations=rng.choice((5, 24, 100)), workers=rng.choice((1, 2, 4)), branch=rng.choice((1, 2, 3)),
        depth=rng.choice((2, 3, 6)), prune=rng.choice((0.0, 0.1, 0.3, 0.5)), exploration=rng.choice((0.0, 1.0, 5.0)),
    )  # fmt: skip

    async def assess(solution: Solution) -> Assessed:
        return Assessed(solution=solution, verdicts=(), reward=rng.choice(model.values))

    async def refutes_step(task: Task, step: str, ask: Any) -> bool:
        return rng.random() < 0.1

    nobody: Any = None
    checks: Any = SimpleNamespace(assess=assess, refutes_step=refutes_step)
    crew = Crew(EngineSettings(), lambda role: model, nobody, checks, STRATEGIES, nobody, search=search)
    thought = Thought(crew, Task(question="q"), nobody, lambda event: None, checks, nobody, nobody)
    return Try(thought, name, "fast", samples=8, rng=rng)


@contextlib.contextmanager
def most_seconds(limit_s: float) -> Iterator[None]:
    """An endless loop without an await cannot be stopped from the loop, so a signal stops it."""

    def stop(*_: object) -> None:
        raise TimeoutError("the search does not end")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, limit_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("name", SEARCHES)
def test_search_ends_whatever_is_said(name: str) -> None:
    # In 446 and 507 only a finished, worthless state is left below a decided one.
    for seed in (*range(120), 446, 507):
        with most_seconds(20), contextlib.suppress(OutputError):
            assert asyncio.run(STRATEGIES.get(name)(Task(question="q"), try_of(seed, name))).answer
