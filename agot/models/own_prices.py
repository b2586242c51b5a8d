"""What a call costs by a price of one's own: by the token, or by the hour that the machine is rented for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from agot.models.prices import Terms
from agot.protocols import ModelReply
from agot.settings import RoleSettings
from agot.thought import Usage


class SharedTime:
    """Seconds that calls kept a server busy, divided at each moment among those in flight.

    So the shares of all calls add up to the time in which there was any, however many ran side by side.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._in_flight, self._each_s, self._at_s = 0, 0.0, 0.0

    @contextmanager
    def taking_part(self) -> Iterator[Share]:
        """Count a call in; its share is known after the block."""
        self._go_on()
        self._in_flight += 1
        share = Share(-self._each_s)
        try:
            yield share
        finally:
            self._go_on()
            self._in_flight -= 1
            share.seconds += self._each_s

    def _go_on(self) -> None:
        now_s = self._clock()
        if self._in_flight:
            self._each_s += (now_s - self._at_s) / self._in_flight
        self._at_s = now_s


@dataclass(slots=True)
class Share:
    """A call's part of the time of its server."""

    seconds: float


def own_terms(settings: RoleSettings) -> Terms | None:
    """Return a role's own prices by the token, or None if it has none."""
    prompt, output = settings.usd_per_1m_prompt_tokens, settings.usd_per_1m_output_tokens
    if prompt is None and output is None:
        return None
    return Terms(usd_per_prompt_token=(prompt or 0.0) / 1e6, usd_per_output_token=(output or 0.0) / 1e6)


def priced(reply: ModelReply, settings: RoleSettings, seconds: float) -> ModelReply:
    """Return a reply with what it costs by the role's own prices, or as it is if there are none.

    Args:
        seconds: The call's share of its server's time.
    """
    cost = price_of(reply.usage, settings, seconds)
    if cost is None:
        return reply
    return reply.model_copy(update={"usage": reply.usage.model_copy(update={"cost_usd": cost})})


def price_of(usage: Usage, settings: RoleSettings, seconds: float) -> float | None:
    """Return US dollars by the role's own prices, or None if there are none."""
    terms = own_terms(settings)
    if terms is not None:
        return (
            usage.prompt_tokens * terms.usd_per_prompt_token
            + usage.completion_tokens * terms.usd_per_output_token
        )
    return None if settings.usd_per_hour is None else settings.usd_per_hour * seconds / 3600.0
