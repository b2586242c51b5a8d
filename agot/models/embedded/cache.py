"""The key/value cache: rows for the sequences being decoded, and copies of prompts."""

from __future__ import annotations

from collections import OrderedDict

import numpy as np
from numpy.typing import NDArray

Snapshot = NDArray[np.float32]
"""Keys and values of one sequence: [2 * layers, 1, kv_heads, tokens, head size]."""


class RowCache:
    """Rows of keys and values that the graph reads and appends to in place.

    Memory is taken as it is needed, in steps of some rows and some tokens, and given back when the batch is
    empty.

    Args:
        tensors: Keys and values of all layers: 2 * layers.
        kv_heads: Heads of each.
        head_size: Values per head.
        context: Most tokens of a row.
    """

    ROWS, TOKENS = 2, 128

    def __init__(self, tensors: int, kv_heads: int, head_size: int, context: int) -> None:
        self._shape = (kv_heads, head_size)
        self._context = context
        self.values = [self._empty(0, 0) for _ in range(tensors)]
        """Keys and values of every layer in turn, each [rows, kv_heads, capacity, head size]."""

    def _empty(self, rows: int, capacity: int) -> NDArray[np.float32]:
        heads, size = self._shape
        # Zeros and not garbage: what a row has not written is multiplied by a weight of zero.
        return np.zeros((rows, heads, capacity, size), np.float32)

    @property
    def nbytes(self) -> int:
        """Memory taken now."""
        return sum(tensor.nbytes for tensor in self.values)

    def bytes_for(self, rows: int, tokens: int) -> int:
        """Return the memory that rows of this many tokens take."""
        heads, size = self._shape
        rows, tokens = self._rounded(rows, tokens)
        return 4 * len(self.values) * heads * size * rows * tokens

    def _rounded(self, rows: int, tokens: int) -> tuple[int, int]:
        return -(-rows // self.ROWS) * self.ROWS, min(self._context, -(-tokens // self.TOKENS) * self.TOKENS)

    def ensure(self, rows: int, tokens: int) -> bool:
        """Make room for the first rows with this many tokens each; return whether the memory has moved.

        Rows and tokens beyond that may be lost.
        """
        have_rows, _, have_tokens, _ = self.values[0].shape
        if rows <= have_rows and tokens <= have_tokens:
            return False
        rows, tokens = self._rounded(rows, tokens)
        kept_rows, kept_tokens = min(rows, have_rows), min(tokens, have_tokens)
        # One tensor after the other, so that there is never twice of everything.
        for i, old in enumerate(self.values):
            new = self._empty(rows, tokens)
            new[:kept_rows, :, :kept_tokens] = old[:kept_rows, :, :kept_tokens]
            self.values[i] = new
        return True

    def write(self, row: int, snapshot: Snapshot) -> None:
        """Copy a snapshot into a row."""
        for tensor, part in zip(self.values, snapshot, strict=True):
            tensor[row, :, : snapshot.shape[3]] = part[0]

    def read(self, row: int, tokens: int) -> Snapshot:
        """Return a copy of the first tokens of a row."""
        return np.stack([tensor[row : row + 1, :, :tokens] for tensor in self.values])

    def move(self, source: int, target: int, tokens: int) -> None:
        """Copy the first tokens of a row to another."""
        for tensor in self.values:
            tensor[target, :, :tokens] = tensor[source, :, :tokens]

    def clear(self) -> None:
        """Give the memory back."""
        self.values = [self._empty(0, 0) for _ in self.values]


class PromptCache:
    """The last prompts' keys, values and logits, so that the same prompt is computed once.

    Args:
        limit: Most bytes to keep.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._known: OrderedDict[tuple[int, ...], tuple[Snapshot, NDArray[np.float32]]] = OrderedDict()

    def get(self, prompt: tuple[int, ...]) -> tuple[Snapshot, NDArray[np.float32]] | None:
        """Return what was computed for a prompt, if it is still known."""
        found = self._known.get(prompt)
        if found is not None:
            self._known.move_to_end(prompt)
        return found

    def put(self, prompt: tuple[int, ...], snapshot: Snapshot, logits: NDArray[np.float32]) -> None:
        """Remember a prompt, and forget the oldest ones above the limit."""
        if prompt in self._known or snapshot.nbytes > self._limit:
            return
        self._known[prompt] = (snapshot, logits)
        self._used += snapshot.nbytes
        while self._used > self._limit:
            _, (old, _) = self._known.popitem(last=False)
            self._used -= old.nbytes
