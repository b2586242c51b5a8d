"""Strategies by name. A new one is an async function and one line: `STRATEGIES.add("mine", solve)`."""

from __future__ import annotations

from agot.agents.strategies.chain import chain
from agot.agents.strategies.direct import direct
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
STRATEGIES.add("direct", direct)
STRATEGIES.add("chain", chain)
STRATEGIES.add("vote", vote)
