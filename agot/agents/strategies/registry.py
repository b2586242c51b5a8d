"""Strategies by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from agot.agents.search.association import coat
from agot.agents.search.frontier import rebase_search, tot_bfs, tot_dfs
from agot.agents.search.mcts import mcts_puct, mcts_uct
from agot.agents.search.particles import particle_filter, particle_gibbs
from agot.agents.search.refinement import ab_mcts, critic, graph_of_thoughts, refinement_tree
from agot.agents.search.rewind import evaluate_and_rewind
from agot.agents.search.sampling import adaptive_best_of_n, best_of_n
from agot.agents.strategies.chain import chain, direct
from agot.agents.strategies.cross_check import NAME as CROSS_CHECK
from agot.agents.strategies.cross_check import Arm, cross_check
from agot.agents.strategies.experts import NAME as EXPERTS
from agot.agents.strategies.experts import experts
from agot.agents.strategies.least_to_most import least_to_most
from agot.agents.strategies.program import (
    CHAIN_PROGRAM_VOTE,
    PROGRAM,
    chain_program_vote,
    computable,
    program,
    second_opinion,
)
from agot.agents.strategies.rpc import rpc
from agot.agents.strategies.tool_rounds import NAME as TOOLS
from agot.agents.strategies.tool_rounds import tool_rounds
from agot.agents.strategies.vote import vote
from agot.agents.tries import Try
from agot.errors import SetupError
from agot.thought import Solution, Task

Strategy = Callable[[Task, Try], Awaitable[Solution]]
"""Solves one task; the host names the solution after it."""


class Registry:
    """Named strategies."""

    def __init__(self, strategies: Mapping[str, Strategy] | None = None) -> None:
        self._strategies = dict(strategies or {})

    def add(self, name: str, strategy: Strategy) -> None:
        """Register a strategy.

        Raises:
            SetupError: If the name is taken or is "auto", which means that the engine chooses.
        """
        if name in self._strategies or name == "auto":
            raise SetupError(f"A strategy named {name!r} exists already; choose another name.")
        self._strategies[name] = strategy

    def get(self, name: str) -> Strategy:
        """Return a strategy.

        Raises:
            SetupError: If there is none of that name; lists those there are.
        """
        try:
            return self._strategies[name]
        except KeyError:
            raise SetupError(
                f"There is no strategy {name!r}. There are: auto, {', '.join(self.names())}."
            ) from None

    def names(self) -> list[str]:
        """Return all names, sorted."""
        return sorted(self._strategies)


STRATEGIES = Registry({
    "direct": direct,
    "chain": chain,
    "least-to-most": least_to_most,
    PROGRAM: program,
    "vote": vote,
    CHAIN_PROGRAM_VOTE: chain_program_vote,
    CROSS_CHECK: cross_check([Arm(PROGRAM, second_opinion, computable)]),
    "rpc": rpc,
    "best-of-n": best_of_n,
    "adaptive-best-of-n": adaptive_best_of_n,
    "rebase": rebase_search,
    "tot-bfs": tot_bfs,
    "tot-dfs": tot_dfs,
    "mcts": mcts_uct,
    "puct": mcts_puct,
    "coat": coat,
    "ab-mcts": ab_mcts,
    "particle-filter": particle_filter,
    "particle-gibbs": particle_gibbs,
    "refinement-tree": refinement_tree,
    "rewind": evaluate_and_rewind,
    "got": graph_of_thoughts,
    "critic": critic,
    TOOLS: tool_rounds,
    EXPERTS: experts,
})  # fmt: skip
