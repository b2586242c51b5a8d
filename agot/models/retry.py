"""Which failed calls are worth another attempt, and after how long. Pure functions."""

from __future__ import annotations

import random

from agot.errors import ModelError, ModelRateLimited, ModelSilent, ModelUnreachable, OutputError

BASE_S = 0.5
CAP_S = 30.0
LONGEST_WAIT_S = 120.0
"""A server that asks for a longer wait is not waited for: its refusal ends the call."""


def retryable(error: Exception) -> bool:
    """Return whether the same request may succeed if it is sent again.

    Passing faults are: nobody answered, the answer broke off, the server failed (`ModelUnreachable`);
    a rate limit (`ModelRateLimited`); a reply whose body was not readable (`OutputError` with an HTTP
    status). An `OutputError` without a status means that the model's words did not fit after the
    repair rounds, so it is final, like a wrong key, an unknown model or a prompt that is too long. A request
    that a server sat over in silence would be paid again and most likely end the same.
    """
    if isinstance(error, ModelSilent):
        return False
    if isinstance(error, OutputError):
        return error.status is not None
    return isinstance(error, (ModelUnreachable, ModelRateLimited))


def delay_s(error: Exception, attempt: int, rng: random.Random) -> float:
    """Return the seconds to wait before the next attempt.

    Args:
        error: Why the attempt failed.
        attempt: Number of the failed attempt, 0 for the first.
        rng: Source of the jitter.

    Returns:
        Uniform in [0, min(30, 0.5 * 2^attempt)] ("full jitter"). If the server named a time to wait,
        that time is the minimum, and the jitter is added to it so that callers who were limited
        together do not come back together. More than `LONGEST_WAIT_S` is not worth waiting for, nor is more than
        the run has left.

    Source: Brooker 2015, "Exponential Backoff And Jitter" (AWS Architecture Blog).
    """
    jitter = rng.uniform(0.0, min(CAP_S, BASE_S * 2.0 ** min(attempt, 16)))
    asked = error.retry_after_s if isinstance(error, ModelError) else None
    return jitter if asked is None else max(0.0, asked) + jitter
