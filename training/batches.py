"""From examples to packed rows: tokenising, packing and the worker processes that stream them."""

from __future__ import annotations

import importlib
import multiprocessing
import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agot.models.embedded.tokenizer import ASK, END, PAD, START, Tokenizer
from training.example import Example

WEIGHT_UNIT = 16
"""Loss weights travel as bytes; this value means 1.0."""

ROWS_PER_CHUNK = 64
_OPEN_ROWS = 48


@dataclass(frozen=True, slots=True)
class Rows:
    """Packed rows of token sequences.

    Attributes:
        tokens: [rows, t] uint16 token ids.
        positions: [rows, t] uint16 position of each token in its document.
        documents: [rows, t] uint8 number of the document in its row; padding has its own number.
        weights: [rows, t] uint8 loss weight of predicting the token, in units of 1 / WEIGHT_UNIT.
    """

    tokens: NDArray[np.uint16]
    positions: NDArray[np.uint16]
    documents: NDArray[np.uint8]
    weights: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.tokens)

    def arrays(self) -> tuple[NDArray[Any], ...]:
        """Return the four arrays in the order of the fields."""
        return self.tokens, self.positions, self.documents, self.weights

    def take(self, index: NDArray[np.int64]) -> Rows:
        """Return the rows of an index array."""
        return Rows(self.tokens[index], self.positions[index], self.documents[index], self.weights[index])


def encode(example: Example, tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """Return the tokens of one sequence and their loss weights in units of 1 / WEIGHT_UNIT.

    The loss covers the output and `<e>`, and the mode token if the model is to choose it. One-token
    decisions (the mode, yes or no) count more than one token of a long chain, or the sum over tokens
    would hardly see them.
    """
    user = tokenizer.encode(example.user)
    output = tokenizer.encode(example.output)
    tokens = [START, *user, ASK, tokenizer.mode_id(example.mode), *output, END]
    one = WEIGHT_UNIT * (4 if example.mode == "verify" else 2 if len(output) < 16 else 1)
    choice = 4 * WEIGHT_UNIT if example.chosen else 0
    weights = [0] * (len(user) + 2) + [choice] + [one] * (len(output) + 1)
    return tokens, weights


def pack(examples: Iterable[Example], tokenizer: Tokenizer, context: int, chunk: int) -> Iterator[Rows]:
    """Pack sequences into rows of `context` tokens and give them out in chunks.

    A sequence goes into the fullest open row that still has room for it. Sequences longer than a row are
    left out, because half a solution teaches nothing. After the last example the open rows follow, in
    one chunk of any size.
    """
    open_rows: list[tuple[list[list[int]], list[list[int]]]] = []
    used: list[int] = []
    done: list[tuple[list[list[int]], list[list[int]]]] = []
    for example in examples:
        tokens, weights = encode(example, tokenizer)
        size = len(tokens)
        if size > context:
            continue
        best = -1
        for i, filled in enumerate(used):
            if filled + size <= context and (best < 0 or filled > used[best]):
                best = i
        if best < 0:
            if len(used) >= _OPEN_ROWS:
                fullest = max(range(len(used)), key=used.__getitem__)
                done.append(open_rows.pop(fullest))
                used.pop(fullest)
            open_rows.append(([], []))
            used.append(0)
            best = len(used) - 1
        open_rows[best][0].append(tokens)
        open_rows[best][1].append(weights)
        used[best] += size
        if len(done) == chunk:
            yield _rows(done, context)
            done = []
    done.extend(open_rows)
    if done:
        yield _rows(done, context)


def _rows(packed: list[tuple[list[list[int]], list[list[int]]]], context: int) -> Rows:
    shape = (len(packed), context)
    rows = Rows(
        np.full(shape, PAD, np.uint16),
        np.zeros(shape, np.uint16),
        np.full(shape, 255, np.uint8),
        np.zeros(shape, np.uint8),
    )
    for i, (documents, weights) in enumerate(packed):
        start = 0
        for number, (tokens, scale) in enumerate(zip(documents, weights, strict=True)):
            stop = start + len(tokens)
            rows.tokens[i, start:stop] = tokens
            rows.positions[i, start:stop] = range(len(tokens))
            rows.documents[i, start:stop] = min(number, 254)
            rows.weights[i, start:stop] = scale
            start = stop
        rows.positions[i, start:] = range(context - start)
    return rows


def _produce(mixture: str, vocabulary: Path, seed: int, context: int, out: Any) -> None:
    """Stream packed chunks of one worker's examples for ever (a worker process's main function)."""
    tokenizer = Tokenizer.load(vocabulary)
    examples = importlib.import_module(mixture).examples(seed, "train")
    for rows in pack(examples, tokenizer, context, ROWS_PER_CHUNK):
        out.put(rows.arrays())


class Stream:
    """Rows from worker processes, with a ring of recent rows for when the GPU outruns them.

    Args:
        mixture: Name of the module whose `examples(seed, split)` is used.
        vocabulary: The vocabulary file.
        seed: Worker i draws its examples from seed * 1000 + i.
        workers: Number of processes.
        context: Row length in tokens.
        ring: Rows kept for reuse.
    """

    def __init__(
        self, mixture: str, vocabulary: Path, seed: int, workers: int, context: int, ring: int = 60_000
    ) -> None:
        methods = multiprocessing.get_context("spawn")
        self._queue: Any = methods.Queue(maxsize=256)
        self._ring = Rows(
            *(np.zeros((ring, context), kind) for kind in (np.uint16, np.uint16, np.uint8, np.uint8))
        )
        self._size = ring
        self._random = np.random.default_rng(seed)
        self._lock = threading.Lock()
        self._stop = False
        self.produced = 0
        """Rows received from the workers so far."""
        self.fresh = 0
        """Rows given out for the first time so far."""
        self.reused = 0
        """Rows given out again because no fresh one was there."""
        self._processes = [
            methods.Process(
                target=_produce,
                args=(mixture, vocabulary, seed * 1000 + i, context, self._queue),
                daemon=True,
            )
            for i in range(workers)
        ]
        for process in self._processes:
            process.start()
        self._thread = threading.Thread(target=self._fill, daemon=True)
        self._thread.start()

    def _fill(self) -> None:
        while not self._stop:
            if self.produced - self.fresh > self._size - ROWS_PER_CHUNK:
                threading.Event().wait(0.01)
                continue
            try:
                chunk = self._queue.get(timeout=0.2)
            except queue.Empty:
                continue
            count = len(chunk[0])
            place = (self.produced + np.arange(count)) % self._size
            with self._lock:
                for target, source in zip(self._ring.arrays(), chunk, strict=True):
                    target[place] = source
                self.produced += count

    def take(self, count: int) -> Rows:
        """Return `count` rows, fresh ones first, then random ones seen before.

        Raises:
            RuntimeError: All worker processes have died.
        """
        while self.produced < 4 * count:
            if not any(process.is_alive() for process in self._processes):
                raise RuntimeError("all data workers have died")
            threading.Event().wait(0.05)
        with self._lock:
            fresh = min(count, self.produced - self.fresh)
            index = self.fresh + np.arange(fresh)
            self.fresh += fresh
            if fresh < count:
                known = min(self.produced, self._size)
                old = self._random.integers(self.produced - known, self.produced, count - fresh)
                index = np.concatenate((index, old))
                self.reused += count - fresh
            return self._ring.take(index % self._size)

    def close(self) -> None:
        """Stop the workers."""
        self._stop = True
        self._thread.join()
        for process in self._processes:
            process.terminate()
            process.join()
