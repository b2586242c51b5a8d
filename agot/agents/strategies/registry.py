"""Strategies by name."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

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
from agot.installed import load, offered
from agot.thought import Solution, Task

Strategy = Callable[[Task, Try], Awaitable[Solution]]
"""Solves one task; the host names the solution after it."""


_TAKEN = ("auto", "think", "plan")
"""Names of moves that are no strategies."""


class Registry:
    """Named strategies, and beside them those of installed packages."""

    def __init__(self, strategies: Mapping[str, Strategy]) -> None:
        self._strategies = dict(strategies)

    def add(self, name: str, strategy: Strategy) -> None:
        """Register a strategy; one of that name that was there is replaced.

        Raises:
            SetupError: If it is not an async function of a task and a try, or the name means something else.
        """
        if not name or name in _TAKEN:
            raise SetupError(f"A strategy cannot be named {name!r}. Choose another name than {', '.join(_TAKEN)}.")
        self._strategies[name] = _checked(name, strategy)

    def with_own(self, strategies: Iterable[Strategy]) -> Registry:
        """Return a registry that has further strategies, under their own names; this one stays as it is.

        Raises:
            SetupError: As `add` does.
        """
        registry = Registry(self._strategies)
        for strategy in strategies:
            registry.add(name_of(strategy), strategy)
        return registry

    def get(self, name: str) -> Strategy:
        """Return a strategy.

        Raises:
            SetupError: If there is none of that name; lists those there are. Also if a package's cannot be loaded.
        """
        found = self._strategies.get(name)
        if found is None and name not in _TAKEN and (loaded := load("strategies", name)) is not None:
            found = self._strategies[name] = _checked(name, loaded)
        if found is None:
            raise SetupError(f"There is no strategy {name!r}. There are: auto, {', '.join(self.names())}.")
        return found

    def names(self) -> list[str]:
        """Return all names, sorted."""
        return sorted({*self._strategies, *offered("strategies")} - {*_TAKEN})


def name_of(strategy: Strategy) -> str:
    """Return the name of a strategy: what it says itself, or that of the function, with - for _."""
    return str(getattr(strategy, "name", "") or getattr(strategy, "__name__", "").strip("_").replace("_", "-"))


def _checked(name: str, strategy: Any) -> Strategy:
    if not callable(strategy) or not (
        inspect.iscoroutinefunction(strategy) or inspect.iscoroutinefunction(strategy.__call__)
    ):
        raise SetupError(
            f"The strategy {name!r} cannot be used: expected an async function of a task and a try, got {strategy!r}."
        )
    checked: Strategy = strategy
    return checked


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
