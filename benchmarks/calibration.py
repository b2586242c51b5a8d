"""How far the judge can be trusted, and where to accept: `python -m benchmarks.calibration`.

On validation questions (never test ones) it compares the judge's P(yes) of greedy chains and of votes with the
truth, and prints accuracy by band, the judge's completeness and soundness, and what accepting at each
threshold gives. The defaults of `EngineSettings.accept` and `abstain` come from this table.
"""

from __future__ import annotations

import argparse
import asyncio
from dataclasses import dataclass

from agot.agents.dialects.compact import CompactDialect
from agot.agents.votes import tally
from agot.bench.scoring import is_right
from agot.engine.recorded import Calls, unrecorded_run
from agot.errors import OutputError
from agot.models.gateway import Gateway
from agot.question import split_material
from agot.settings import Settings
from agot.thought import Solution, Task
from benchmarks.accuracy import questions
from training.example import Problem
from training.families.registry import FAMILIES

THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@dataclass(frozen=True)
class Seen:
    """One question: the greedy chain and the vote, each with what the judge says of it."""

    family: str
    chain_right: bool
    chain_judge: float
    vote_right: bool
    vote_judge: float
    vote_share: float


async def look(models: Gateway, room: asyncio.Semaphore, family: str, problem: Problem) -> Seen | None:
    """Answer one question by chain and by vote, and judge both; None if nothing could be read."""
    question, material = split_material(problem.question)
    task = Task(question=question, material=material)
    ask = unrecorded_run(Calls(models, retries=lambda role: 0)).caller()
    dialect = CompactDialect()

    async def judged(solution: Solution) -> float:
        return (await dialect.judge(ask, task, solution, role="judge")).reward or 0.0

    async with room:
        try:
            chain = (await dialect.solve(ask, task, role="fast", mode="chain", n=1, temperature=0.0))[0]
            drawn = await dialect.solve(ask, task, role="fast", mode="chain", n=8, temperature=0.7)
        except OutputError:
            return None
        vote = tally(drawn)
        return Seen(
            family,
            is_right(problem, chain.answer),
            await judged(chain),
            is_right(problem, vote.answer),
            await judged(vote),
            vote.confidence or 0.0,
        )


def share(hits: list[bool]) -> str:
    """Return a percentage with the count behind it."""
    return f"{sum(hits) / len(hits):6.1%} of {len(hits):4d}" if hits else "      - of    0"


def report(seen: list[Seen]) -> None:
    """Print the tables."""
    right = [s.chain_judge for s in seen if s.chain_right]
    wrong = [s.chain_judge for s in seen if not s.chain_right]
    print(
        f"judge: completeness {sum(p >= 0.5 for p in right) / max(1, len(right)):.1%} of {len(right)} right answers accepted,"
    )
    print(
        f"       soundness {sum(p < 0.5 for p in wrong) / max(1, len(wrong)):.1%} of {len(wrong)} wrong answers rejected (at 0.5)"
    )
    print(
        "\nP(yes) band    chain right            vote right, by judge   vote right, by mean of judge and share"
    )
    for low in (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        high = low + 0.1 if low < 0.9 else 1.01
        chains = [s.chain_right for s in seen if low <= s.chain_judge < high]
        votes = [s.vote_right for s in seen if low <= s.vote_judge < high]
        means = [s.vote_right for s in seen if low <= (s.vote_judge + s.vote_share) / 2 < high]
        print(
            f"{low:.1f}..{min(high, 1.0):.1f}      {share(chains)}       {share(votes)}       {share(means)}"
        )
    print("\naccept chain at   accepted             otherwise vote: all together   cost (votes drawn)")
    for threshold in THRESHOLDS:
        accepted = [s.chain_right for s in seen if s.chain_judge >= threshold]
        together = [s.chain_right if s.chain_judge >= threshold else s.vote_right for s in seen]
        drawn = sum(s.chain_judge < threshold for s in seen) / len(seen)
        print(f"{threshold:.1f}              {share(accepted)}    {share(together)}         {drawn:6.1%}")


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--families", nargs="+", default=list(FAMILIES), choices=list(FAMILIES))
    parser.add_argument("--operations", nargs="+", type=int, default=[1, 2, 4, 6, 8])
    parser.add_argument("--per-cell", type=int, default=20)
    arguments = parser.parse_args()
    models = Gateway(Settings())
    room = asyncio.Semaphore(24)
    wanted = questions("validation", arguments.families, arguments.operations, arguments.per_cell)
    try:
        found = await asyncio.gather(*(look(models, room, family, problem) for family, _, problem in wanted))
    finally:
        await models.close()
    report([seen for seen in found if seen is not None])


if __name__ == "__main__":
    asyncio.run(main())
