"""Parallel against serial tree search: the same simulations, one or eight at a time, at 100 ms model latency.

The model is a player of the game of 24 that makes legal moves at random; what a search finds depends on its choices, so
virtual loss could cost accuracy. Every seed is one game; games are played one after another, so that what is timed is one search
and not how several share a processor.
"""

from __future__ import annotations

import asyncio
import time

from agot.reasoner import Reasoner
from agot.settings import EngineSettings, RoleSettings, SearchSettings, Settings
from benchmarks.report import Figure, Report, main
from tests.agents.search.puzzle import QUESTION, play
from tests.scripted import ScriptedModels

LATENCY_S = 0.1
WORKERS = 8
ITERATIONS = 64
BRANCH = 5


def measure(quick: bool) -> Report:
    """Play the same games serially and in parallel."""
    games, latency_s = (4, 0.01) if quick else (24, LATENCY_S)
    serial = asyncio.run(_games(1, games, latency_s))
    parallel = asyncio.run(_games(WORKERS, games, latency_s))
    # Games that end early, by a proof, have fewer simulations to share out; only whole searches are timed.
    pairs = [(a[0], b[0]) for a, b in zip(serial, parallel, strict=True) if not a[1] and not b[1]]
    report = Report("search")
    report.figures = [
        Figure("serial MCTS, 64 simulations", "s", tuple(a for a, _ in pairs)),
        Figure(f"the same, {WORKERS} at a time", "s", tuple(b for _, b in pairs)),
        Figure("serial / parallel", "x", tuple(a / b for a, b in pairs), at_least=4.0),
        Figure(
            f"games of {games} that serial search solves", "games", (float(sum(won for _, won in serial)),)
        ),
        Figure("games that parallel search solves", "games", (float(sum(won for _, won in parallel)),)),
    ]
    return report


async def _games(workers: int, games: int, latency_s: float) -> list[tuple[float, bool]]:
    settings = Settings(
        roles={"fast": RoleSettings(model="scripted/model", dialect="compact")},
        engine=EngineSettings(strategy="mcts", retries=0, learn=False),
        search=SearchSettings(workers=workers, iterations=ITERATIONS, branch=BRANCH),
        database_url="sqlite://",
    )
    played: list[tuple[float, bool]] = []
    async with Reasoner(settings, models=ScriptedModels(play, delay_s=latency_s)) as reasoner:
        for seed in range(games):
            began = time.perf_counter()
            result = await reasoner.ask(QUESTION, seed=seed)
            played.append((time.perf_counter() - began, result.status == "answered"))
    return played


if __name__ == "__main__":
    main(measure)
