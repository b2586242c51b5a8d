"""Hard limits: reserved before a call, settled after it.

A `Budget` is the limits; a `Meter` counts against them. Meters nest: a nested graph gets a child
meter with a share of what is left, and each reservation holds in every meter up to the run's.

Calls are never exceeded. A reservation of tokens and dollars holds the estimated prompt and the room for the
answer, so those can only be exceeded by as much as the estimates of the prompts in flight were too low.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict, Field

from agot.errors import BudgetExceeded, LimitKind
from agot.thought import Usage


class Budget(BaseModel):
    """Limits of one run; None means no limit.

    Attributes:
        calls: Model calls sent, retries included.
        tokens: Prompt and completion tokens together.
        usd: US dollars by litellm's bundled price table; unpriced models cost nothing here.
        seconds: Wall-clock seconds from the start (or resume) of the run.
        depth: Nesting of graphs; a thought at this depth is answered, never expanded.
        thoughts: Thoughts in the whole run; a plan that would exceed it is not expanded.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    calls: int | None = Field(default=None, ge=0)
    tokens: int | None = Field(default=None, ge=0)
    usd: float | None = Field(default=None, ge=0)
    seconds: float | None = Field(default=None, gt=0)
    depth: int = Field(default=3, ge=0)
    thoughts: int = Field(default=200, ge=1)


DEFAULT_LIMITS: dict[str, dict[str, int | float]] = {
    "fast": {"calls": 16, "tokens": 200_000, "seconds": 600.0},
    "normal": {"calls": 64, "tokens": 200_000, "seconds": 600.0},
    "thorough": {"calls": 512, "tokens": 1_000_000, "seconds": 3600.0},
}
"""Limits of a run, by its effort, for which nobody set any: several times what an ordinary question takes."""


def default_limited(budget: Budget, effort: str) -> Budget:
    """Return a budget with the default limits of an effort, if it has no limit of its own on calls, tokens, cost or time.

    Who sets one limit knows what the run may take, so no other is added.

    Args:
        effort: A key of `DEFAULT_LIMITS`.
    """
    if any(limit is not None for limit in (budget.calls, budget.tokens, budget.usd, budget.seconds)):
        return budget
    return budget.model_copy(update=DEFAULT_LIMITS[effort])


@dataclass(slots=True)
class Reservation:
    """What one call holds until it is settled."""

    tokens: int
    usd: float
    max_tokens: int
    """Room for the answer that was granted; at most what was asked for."""
    settled: bool = False


@dataclass(slots=True)
class _Amounts:
    calls: int = 0
    tokens: int = 0
    usd: float = 0.0

    def get(self, kind: LimitKind) -> float:
        return float(getattr(self, kind))


@dataclass(slots=True)
class Meter:
    """Counts usage against a budget, and against every meter above it.

    Not thread-safe: one event loop owns a run's meters.

    Attributes:
        clock: Returns seconds; monotonic.
        scope: Path of the thought whose share this is; "" for the run.
    """

    budget: Budget
    clock: Callable[[], float]
    parent: Meter | None = None
    scope: str = ""
    thoughts: int = 0
    _used: _Amounts = field(default_factory=_Amounts)
    _held: _Amounts = field(default_factory=_Amounts)
    _usage: Usage = field(default_factory=Usage)
    _started_s: float = 0.0
    _changed: asyncio.Event | None = None

    def __post_init__(self) -> None:
        self._started_s = self.clock()

    def restart(self) -> None:
        """Count seconds from now: what went before was no work on the question."""
        self._started_s = self.clock()

    # -- reading -------------------------------------------------------------------------------

    @property
    def usage(self) -> Usage:
        """Everything settled so far, with the wall-clock seconds since the start."""
        return self._usage.model_copy(update={"wall_s": self.clock() - self._started_s})

    def seconds_left(self) -> float | None:
        """Seconds until the nearest deadline of this meter and those above; None without any."""
        own = None if self.budget.seconds is None else self.budget.seconds - (self.clock() - self._started_s)
        above = self.parent.seconds_left() if self.parent else None
        return min((s for s in (own, above) if s is not None), default=None)

    def _left(self, kind: LimitKind) -> float | None:
        limit = getattr(self.budget, kind)
        return None if limit is None else limit - self._used.get(kind) - self._held.get(kind)

    def left(self, kind: LimitKind) -> float | None:
        """Return what is neither used nor held, in this meter and all above; None without a limit."""
        own = self._left(kind)
        above = self.parent.left(kind) if self.parent else None
        return min((x for x in (own, above) if x is not None), default=None)

    def limit(self, kind: LimitKind) -> float | None:
        """Return the least limit of this meter and all above, used or not; None without one."""
        limits = [getattr(meter.budget, kind) for meter in self._chain()]
        return min((limit for limit in limits if limit is not None), default=None)

    def spent(self) -> BudgetExceeded | None:
        """Return the limit that leaves no room for even one more call, or None."""
        for meter in self._chain():
            budget = meter.budget
            seconds = meter.clock() - meter._started_s
            if budget.seconds is not None and seconds >= budget.seconds:
                return BudgetExceeded("seconds", seconds, budget.seconds, meter.scope)
            if budget.calls is not None and meter._used.calls >= budget.calls:
                return BudgetExceeded("calls", meter._used.calls, budget.calls, meter.scope)
            if budget.tokens is not None and meter._used.tokens >= budget.tokens:
                return BudgetExceeded("tokens", meter._used.tokens, budget.tokens, meter.scope)
            if budget.usd is not None and meter._used.usd >= budget.usd > 0:
                return BudgetExceeded("usd", meter._used.usd, budget.usd, meter.scope)
        return None

    def _chain(self) -> list[Meter]:
        chain: list[Meter] = []
        meter: Meter | None = self
        while meter is not None:
            chain.append(meter)
            meter = meter.parent
        return chain

    def root(self) -> Meter:
        """Return the run's own meter."""
        return self._chain()[-1]

    # -- nesting -------------------------------------------------------------------------------

    def child(self, scope: str, share: float) -> Meter:
        """Return a meter with `share` (0, 1] of the limits here; seconds and depth are inherited.

        A share of the limit, not of what happens to be left, so that a resumed run grants the same. What is
        left here still bounds the child. At least one call is granted, so that a small share degrades to
        an answer, not to nothing.
        """
        calls, tokens, usd = self.budget.calls, self.budget.tokens, self.budget.usd
        budget = Budget(
            calls=None if calls is None else max(1, int(calls * share)),
            tokens=None if tokens is None else max(1, int(tokens * share)),
            usd=None if usd is None else usd * share,
            depth=self.budget.depth,
            thoughts=self.budget.thoughts,
        )
        return Meter(budget, self.clock, parent=self, scope=scope)

    # -- reserving and settling ----------------------------------------------------------------

    async def reserve(
        self,
        *,
        prompt_tokens: int,
        max_tokens: int,
        usd_per_prompt_token: float,
        usd_per_output_token: float,
        samples: int = 1,
    ) -> Reservation:
        """Hold one call; wait if only calls in flight stand in the way.

        Args:
            prompt_tokens: Estimated tokens of the prompt.
            max_tokens: Room wanted for the answer (all samples together).
            usd_per_prompt_token: 0 for an unpriced model.
            usd_per_output_token: 0 for an unpriced model.
            samples: How many samples share that room; each needs a few tokens to be worth a call.

        Returns:
            The reservation, with the room for the answer that was granted (at least 1 token).

        Raises:
            BudgetExceeded: If a limit leaves no room, also when nothing is in flight.
        """
        smallest = min(max_tokens, 32 * samples)
        while True:
            fired = self.spent()
            if fired:
                raise fired
            blocking = self._blocking(
                1,
                prompt_tokens + smallest,
                prompt_tokens * usd_per_prompt_token + smallest * usd_per_output_token,
            )
            if blocking is None:
                break
            if not blocking.in_flight:
                raise blocking.error
            await self._settled()
        granted = max_tokens
        tokens_left, usd_left = self.left("tokens"), self.left("usd")
        if tokens_left is not None:
            granted = min(granted, int(tokens_left) - prompt_tokens)
        if usd_left is not None and usd_per_output_token > 0:
            granted = min(
                granted, int((usd_left - prompt_tokens * usd_per_prompt_token) / usd_per_output_token)
            )
        granted = max(1, granted)
        held = Reservation(
            tokens=prompt_tokens + granted,
            usd=prompt_tokens * usd_per_prompt_token + granted * usd_per_output_token,
            max_tokens=granted,
        )
        for meter in self._chain():
            meter._held.calls += 1
            meter._held.tokens += held.tokens
            meter._held.usd += held.usd
        return held

    @dataclass(slots=True)
    class _Block:
        error: BudgetExceeded
        in_flight: bool

    def _blocking(self, calls: int, tokens: int, usd: float) -> Meter._Block | None:
        wants: tuple[tuple[LimitKind, float], ...] = (("calls", calls), ("tokens", tokens), ("usd", usd))
        for meter in self._chain():
            for kind, want in wants:
                left = meter._left(kind)
                if left is not None and want > left + 1e-12:
                    limit = float(getattr(meter.budget, kind))
                    used = meter._used.get(kind)
                    possible = want <= limit - used + 1e-12
                    error = BudgetExceeded(kind, used, limit, meter.scope)
                    return Meter._Block(error, in_flight=possible and meter._held.calls > 0)
        return None

    async def _settled(self) -> None:
        root = self.root()
        if root._changed is None:
            root._changed = asyncio.Event()
        left = self.seconds_left()
        try:
            await asyncio.wait_for(root._changed.wait(), timeout=None if left is None else max(0.0, left))
        except TimeoutError:
            return

    def settle(self, held: Reservation, usage: Usage) -> None:
        """Replace a reservation by what the call really used. Settling twice is an error."""
        if held.settled:
            raise ValueError("this reservation was settled before")
        held.settled = True
        for meter in self._chain():
            meter._held.calls -= 1
            meter._held.tokens -= held.tokens
            meter._held.usd -= held.usd
        self.charge(usage)

    def charge(self, usage: Usage) -> None:
        """Count usage that needed no reservation: a call replayed from the journal."""
        for meter in self._chain():
            meter._used.calls += usage.calls
            meter._used.tokens += usage.tokens
            meter._used.usd += usage.cost_usd
            meter._usage = meter._usage.plus(usage)
        root = self.root()
        if root._changed is not None:
            root._changed.set()
            root._changed = None

    def admit_thoughts(self, count: int) -> bool:
        """Count `count` more thoughts if the run's limit allows them; return whether it does."""
        root = self.root()
        if root.thoughts + count > root.budget.thoughts:
            return False
        root.thoughts += count
        return True
