"""How fast models write, and what follows for how long a call may be silent."""

from __future__ import annotations

from agot.models.known import Known
from agot.models.pool import Endpoint

TELLING_TOKENS = 16
"""Shorter answers say nothing of a slow pace: most of their time went into reading the prompt."""

SLACK = 4.0
"""A server under load writes slower than it was seen to."""

ASSUMED_TOKENS_PER_S = 10.0
"""Of a server that was not seen writing and cannot be watched at it."""

LIKELY_TOKENS_PER_S = 20.0
"""What a server is trusted to write before it was seen; one that is slower falls silent once, and is watched from then on."""

HIGHEST_TOKENS_PER_S = 200.0
"""What may have been written unseen, of one sample, by a server whose pace is not known; for counting."""


class Paces:
    """Tokens a second of each model at each server, as lately seen, waiting and reading included."""

    def __init__(self, known: Known) -> None:
        self._known = known
        self._seen: dict[tuple[str, str], float] = {}
        self._slow: set[tuple[str, str]] = set()

    def saw(self, endpoint: Endpoint, tokens: int, seconds: float) -> None:
        """Take note of one sample that was written in so many seconds."""
        if tokens <= 0 or seconds <= 0:
            return
        place, pace = (endpoint.server, endpoint.name), tokens / seconds
        known = self._seen.get(place)
        if known is None or pace > known or tokens >= TELLING_TOKENS:
            self._seen[place] = pace if known is None else (known + pace) / 2.0

    def of(self, endpoint: Endpoint) -> float | None:
        """Return the tokens a second, or None if nothing was seen or measured."""
        seen = self._seen.get((endpoint.server, endpoint.name))
        told = self._known.of(endpoint).get("tokens_per_s") if seen is None else seen
        return float(told) if isinstance(told, (int, float)) and told > 0 else None

    def is_sure(self, endpoint: Endpoint, tokens: int) -> bool:
        """Return whether an answer of so many tokens comes well before the role's time-out, so that it need not be watched."""
        pace = self.of(endpoint)
        if pace is None:
            is_slow = (endpoint.server, endpoint.name) in self._slow
            return not is_slow and tokens / LIKELY_TOKENS_PER_S <= endpoint.settings.timeout_s
        return SLACK * tokens / pace <= endpoint.settings.timeout_s

    def distrust(self, endpoint: Endpoint) -> None:
        """Take note that a model was not as quick as one is trusted to be that was not seen yet."""
        self._slow.add((endpoint.server, endpoint.name))

    def silence_s(self, endpoint: Endpoint, tokens: int) -> float:
        """Return how long a call may be silent that is not watched while so many tokens are written."""
        pace = self.of(endpoint)
        needed_s = tokens / ASSUMED_TOKENS_PER_S if pace is None else SLACK * tokens / pace
        return max(endpoint.settings.timeout_s, needed_s)
