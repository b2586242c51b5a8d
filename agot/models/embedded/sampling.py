"""Choosing tokens from logits, and turning chosen tokens into text with stop strings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from agot.models.embedded.messages import Token
from agot.models.embedded.tokenizer import END, FIRST_MODE, MODES, SPECIALS, TextStream, Tokenizer

CHOSEN_MODES: tuple[str, ...] = ("direct", "chain", "plan", "decline")
"""The modes among which the model chooses when none is forced."""


class Chooser:
    """Random choices of one sample; they depend on the seed and the sample's index alone.

    Args:
        seed: The request's seed.
        sample: The sample's index.
        temperature: Divides the logits; 0 takes the most likely token.
        top_p: Probability mass to sample from.
    """

    def __init__(self, seed: int, sample: int, temperature: float, top_p: float) -> None:
        # Negative seeds are allowed by callers, but not by numpy.
        self._random = np.random.Generator(np.random.PCG64([seed & (2**64 - 1), sample]))
        self._temperature, self._top_p = temperature, top_p

    def choose(self, logprobs: NDArray[np.float32]) -> int:
        """Return a token id for log probabilities [vocabulary]."""
        if self._temperature < 1e-6:
            return int(logprobs.argmax())
        weights = np.exp((logprobs - logprobs.max()) / np.float32(self._temperature), dtype=np.float64)
        draw = self._random.random()
        if self._top_p >= 1.0:
            total = np.cumsum(weights)
            return min(int(np.searchsorted(total, draw * total[-1], side="right")), len(weights) - 1)
        order = np.argsort(-weights, kind="stable")
        total = np.cumsum(weights[order])
        kept = int(np.searchsorted(total, self._top_p * total[-1])) + 1
        place = int(np.searchsorted(total[:kept], draw * total[kept - 1], side="right"))
        return int(order[min(place, kept - 1)])


class Masks:
    """Which tokens may follow: the special ones are neither part of an output nor chosen at random."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self.output = np.zeros(tokenizer.size, np.float32)
        self.output[: len(SPECIALS)] = -np.inf
        self.output[END] = 0.0
        self.mode = np.full(tokenizer.size, -np.inf, np.float32)
        self.mode[[tokenizer.mode_id(mode) for mode in CHOSEN_MODES]] = 0.0


def log_softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the log probabilities [rows, vocabulary] of logits; every row by itself."""
    shifted = logits - logits.max(-1, keepdims=True)
    result: NDArray[np.float32] = shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))
    return result


def token_text(tokenizer: Tokenizer, token: int) -> str:
    """Return how a token is reported among alternatives: its text, a mode as `mode:`, the end as ""."""
    if FIRST_MODE <= token < FIRST_MODE + len(MODES):
        return f"{MODES[token - FIRST_MODE]}:"
    return tokenizer.spelling(token).decode("utf-8", "replace")


def alternatives(
    tokenizer: Tokenizer, logprobs: NDArray[np.float32], count: int
) -> tuple[tuple[str, float], ...]:
    """Return the `count` most likely tokens of log probabilities [vocabulary], likeliest first."""
    if count <= 0:
        return ()
    count = min(count, int(np.isfinite(logprobs).sum()))
    likely = np.argpartition(-logprobs, count - 1)[:count]
    likely = likely[np.argsort(-logprobs[likely], kind="stable")]
    return tuple((token_text(tokenizer, int(token)), float(logprobs[token])) for token in likely)


class Writer:
    """The text of one sample as it grows, cut at the first stop string.

    Text that may turn out to begin a stop string is held back until it is clear that it does not.

    Args:
        tokenizer: Spells the tokens.
        stop: The stop strings; empty ones are ignored.
    """

    def __init__(self, tokenizer: Tokenizer, stop: Sequence[str]) -> None:
        self._stream = TextStream(tokenizer)
        self._stop = [text for text in stop if text]
        self._before = ""
        self._text = ""
        self._sent = 0
        self._tokens: list[tuple[Token, int, int]] = []
        self._released = 0
        self.stopped = False
        """Whether a stop string has appeared."""

    def begin(self, token: Token) -> tuple[str, tuple[Token, ...]]:
        """Write the line that names a chosen mode; its line break comes with the output."""
        self._before = "\n"
        self._text = token.text
        self._sent = len(self._text)
        self._tokens.append((token, 0, self._sent))
        self._released = 1
        return token.text, (token,)

    def push(
        self, token: int, logprob: float, top: tuple[tuple[str, float], ...]
    ) -> tuple[str, tuple[Token, ...]]:
        """Write one token; return the text and the tokens that are now certain."""
        start = len(self._text)
        self._text += self._before + self._stream.push(token)
        entry = Token(self._text[start:], logprob, top)
        self._before = ""
        self._tokens.append((entry, start, len(self._text)))
        cuts = [at for at in (self._text.find(text, self._sent) for text in self._stop) if at >= 0]
        if cuts:
            self.stopped = True
            return self._release(min(cuts))
        return self._release(len(self._text) - self._held_back())

    def finish(self) -> tuple[str, tuple[Token, ...]]:
        """Return what was held back; to be called once, at the end."""
        if self.stopped:
            return "", ()
        self._text += self._stream.flush()
        return self._release(len(self._text))

    def result(self) -> tuple[str, tuple[Token, ...]]:
        """Return the whole text and its tokens."""
        return self._text[: self._sent], tuple(token for token, _, _ in self._tokens[: self._released])

    def _held_back(self) -> int:
        longest = 0
        for text in self._stop:
            for size in range(min(len(text) - 1, len(self._text) - self._sent), longest, -1):
                if self._text.endswith(text[:size]):
                    longest = size
                    break
        return longest

    def _release(self, upto: int) -> tuple[str, tuple[Token, ...]]:
        piece = self._text[self._sent : upto]
        self._sent = max(self._sent, upto)
        count = self._released
        while count < len(self._tokens):
            _, start, end = self._tokens[count]
            # A token that a stop string cuts in two still belongs to the text before it.
            if end > upto and not (self.stopped and start < upto):
                break
            count += 1
        tokens = tuple(token for token, _, _ in self._tokens[self._released : count])
        self._released = count
        return piece, tokens
