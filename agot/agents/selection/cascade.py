"""When to hand a thought to the stronger model: the faster one was unsure while it wrote.

Source: Simonds 2025, "Entropy Adaptive Decoding", arXiv 2502.06833: the mean entropy of a window of 5 tokens
above 0.125 to 0.25 calls the larger model. An API hands over no single tokens, so a reply is handed over
whole.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from agot.protocols import Ask, TokenLogprob


@dataclass(frozen=True, slots=True)
class CascadeSettings:
    """When a reply is too unsure.

    Attributes:
        window: Tokens over which entropy is averaged, at least 1.
        threshold: Mean entropy in nats above which a window is unsure. 0.2 lies within the published range.
        share: A reply is unsure if more than this share of its windows is, in [0, 1); at 0 one is enough.
            Prose is unsure at many places that do not matter, so half is the default.
        confidence: A reply whose confidence is below this is unsure, in [0, 1].
    """

    window: int = 5
    threshold: float = 0.2
    share: float = 0.5
    confidence: float = 0.5


@dataclass(frozen=True, slots=True)
class Escalation:
    """Whether the stronger model should be asked, and why.

    Attributes:
        unsure: Share of the windows whose mean entropy is above the threshold; None without alternatives.
    """

    escalate: bool
    unsure: float | None
    why: str


def token_entropy(token: TokenLogprob) -> float | None:
    """Return the entropy of one token's distribution in nats, or None if no alternatives are known.

    What the alternatives leave of the probability counts as one more, so it is a lower bound.
    """
    if not token.top:
        return None
    logprobs = dict(token.top)
    logprobs.setdefault(token.token, token.logprob)
    likely = [math.exp(min(logprob, 0.0)) for logprob in logprobs.values() if not math.isnan(logprob)]
    likely.append(max(0.0, 1.0 - sum(likely)))
    total = sum(likely)
    return -sum(p / total * math.log(p / total) for p in likely if p > 0.0)


def window_entropies(logprobs: Sequence[TokenLogprob], window: int) -> list[float]:
    """Return the mean entropy of each run of `window` tokens, or of all if they are fewer; empty without any.

    Raises:
        ValueError: If `window` is below 1.
    """
    if window < 1:
        raise ValueError(f"A window has at least 1 token, got {window}.")
    entropies = [entropy for token in logprobs if (entropy := token_entropy(token)) is not None]
    if not entropies:
        return []
    starts = range(max(1, len(entropies) - window + 1))
    return [statistics.fmean(entropies[start : start + window]) for start in starts]


def unsure(logprobs: Sequence[TokenLogprob] | None, settings: CascadeSettings | None = None) -> float | None:
    """Return the share of a reply's windows that are unsure, or None without alternatives."""
    settings = settings or CascadeSettings()
    windows = window_entropies(logprobs or (), settings.window)
    return sum(entropy > settings.threshold for entropy in windows) / len(windows) if windows else None


def watched(ask: Ask, role: str) -> bool:
    """Return whether a stronger model stands behind this role, so that being unsure matters."""
    return ask.profile("strong").model != ask.profile(role).model


def escalation(
    share: float | None,
    confidence: float | None = None,
    settings: CascadeSettings | None = None,
) -> Escalation | None:
    """Return whether a reply of the fast model should be handed to the strong one.

    Args:
        share: Of the reply that was unsure, from `unsure`; None where the model gives no log-probabilities.
        confidence: Of the solution in [0, 1], or None.

    Returns:
        None if neither tells anything.
    """
    settings = settings or CascadeSettings()
    if share is not None and share > settings.share:
        return Escalation(True, share, f"the fast model was unsure in {share:.0%} of its reply")
    if confidence is not None and confidence < settings.confidence:
        return Escalation(True, share, f"confidence {confidence:.2f} is below {settings.confidence:.2f}")
    if share is not None:
        return Escalation(False, share, f"the fast model was unsure in only {share:.0%} of its reply")
    if confidence is not None:
        return Escalation(False, None, f"confidence {confidence:.2f} is at least {settings.confidence:.2f}")
    return None
