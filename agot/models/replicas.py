"""Several servers of the same model, by litellm's Router: calls are balanced, and a server that fails is left out a while.

Balance and health are the Router's own parts: its strategy "least-busy" and its cooldowns. The calls themselves are
not made by it, so that limits, prices, the journal and retries stay where they are; docs/decisions/009-replicas.md
says why.
"""

from __future__ import annotations

import importlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from agot.errors import ModelError, ModelRateLimited, ModelUnreachable

T = TypeVar("T")

LEFT_OUT_S = 30.0
"""How long a server that did not answer is asked only if no other is left."""

_GROUP = "replicas"


class Replicas:
    """The servers of one role. Needs litellm, so load that first.

    Args:
        addresses: Their base addresses, at least one; the first is preferred among equals.
        left_out_s: Seconds that a server which failed is left out, unless it named a time itself.
    """

    def __init__(self, addresses: Sequence[str], *, left_out_s: float = LEFT_OUT_S) -> None:
        cache = importlib.import_module("litellm.caching.caching").DualCache
        busy = importlib.import_module("litellm.router_strategy.least_busy").LeastBusyLoggingHandler
        cooldowns = importlib.import_module("litellm.router_utils.cooldown_cache").CooldownCache
        self._addresses, self._left_out_s = tuple(addresses), left_out_s
        self._busy = busy(cache())
        self._cooldowns = cooldowns(cache(), left_out_s)

    def choose(self, but: Sequence[str] = ()) -> str:
        """Return where to send a call now: of the servers that are well, the one with the fewest calls in flight.

        Args:
            but: Addresses that this call has tried; not all.
        """
        left = [address for address in self._addresses if address not in but]
        cooling = {address for address, _ in self._cooldowns.get_active_cooldowns(left, None)}
        well = [address for address in left if address not in cooling] or left
        deployments = [{"model_info": {"id": address}} for address in well]
        return str(self._busy.get_available_deployments(_GROUP, deployments)["model_info"]["id"])

    async def send(self, send: Callable[[str], Awaitable[T]]) -> T:
        """Return what one server answers; those that are gone, fail or refuse for the moment are passed over.

        Args:
            send: Makes the call at an address.

        Raises:
            ModelUnreachable, ModelRateLimited: If none answers; the last one's.
            ModelError: As `send` does, if a server answers with a fault that another would have, too.
        """
        tried: list[str] = []
        while True:
            address = self.choose(tried)
            call = _counted(address)
            self._busy.log_pre_api_call("", None, call)
            try:
                return await send(address)
            except (ModelUnreachable, ModelRateLimited) as error:
                self._leave_out(address, error)
                tried.append(address)
                if len(tried) == len(self._addresses):
                    raise
            finally:
                self._busy.log_success_event(call, None, None, None)

    def _leave_out(self, address: str, error: ModelError) -> None:
        seconds = self._left_out_s if error.retry_after_s is None else error.retry_after_s
        if seconds > 0:
            self._cooldowns.add_deployment_to_cooldown(address, error, error.status or 503, seconds)


def _counted(address: str) -> dict[str, Any]:
    """Return a call as the Router counts it."""
    return {"litellm_params": {"metadata": {"model_group": _GROUP}, "model_info": {"id": address}}}
