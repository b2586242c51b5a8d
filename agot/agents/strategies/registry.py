"""Strategies by name. A new one is an async function and one line: `STRATEGIES.add("mine", solve)`."""

from __future__ import annotations

from agot.agents.strategies.best_of_n import adaptive_best_of_n, best_of_n
from agot.agents.strategies.chain import chain
from agot.agents.strategies.cross_check import NAME as CROSS_CHECK
from agot.agents.strategies.cross_check import Arm, cross_check
from agot.agents.strategies.direct import direct
from agot.agents.strategies.experts import NAME as EXPERTS
from agot.agents.strategies.experts import experts
from agot.agents.strategies.least_to_most import least_to_most
from agot.agents.strategies.monte_carlo import coat, mcts_puct, mcts_uct
from agot.agents.strategies.particles import particle_filter, particle_gibbs
from agot.agents.strategies.program import (
    CHAIN_PROGRAM_VOTE,
    PROGRAM,
    chain_program_vote,
    computable,
    program,
    second_opinion,
)
from agot.agents.strategies.refinement import (
    ab_mcts,
    critic,
    evaluate_and_rewind,
    graph_of_thoughts,
    refinement_tree,
)
from agot.agents.strategies.rpc import rpc
from agot.agents.strategies.tool_rounds import tool_rounds
from agot.agents.strategies.tree_of_thoughts import rebase_search, tot_bfs, tot_dfs
from agot.agents.strategies.vote import vote
from agot.errors import SetupError
from agot.protocols import Strategy


class Registry:
    """Named strategies."""

    def __init__(self) -> None:
        self._strategies: dict[str, Strategy] = {}

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


STRATEGIES = Registry()
for _name, _strategy in (
    ("direct", direct),
    ("chain", chain),
    ("least-to-most", least_to_most),
    (PROGRAM, program),
    ("vote", vote),
    (CHAIN_PROGRAM_VOTE, chain_program_vote),
    (CROSS_CHECK, cross_check([Arm(PROGRAM, second_opinion, computable)])),
    ("rpc", rpc),
    ("best-of-n", best_of_n),
    ("adaptive-best-of-n", adaptive_best_of_n),
    ("rebase", rebase_search),
    ("tot-bfs", tot_bfs),
    ("tot-dfs", tot_dfs),
    ("mcts", mcts_uct),
    ("puct", mcts_puct),
    ("coat", coat),
    ("ab-mcts", ab_mcts),
    ("particle-filter", particle_filter),
    ("particle-gibbs", particle_gibbs),
    ("refinement-tree", refinement_tree),
    ("rewind", evaluate_and_rewind),
    ("got", graph_of_thoughts),
    ("critic", critic),
    ("tools", tool_rounds),
    (EXPERTS, experts),
):
    STRATEGIES.add(_name, _strategy)
