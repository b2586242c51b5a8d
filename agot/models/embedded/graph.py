"""The ONNX graph: prompts are computed alone, tokens of running sequences together, caches in place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from agot.models.embedded.cache import RowCache, Snapshot
from agot.models.embedded.tokenizer import START

MAX_ROWS = 16
"""Most sequences decoded together."""


class Graph:
    """The ONNX graph with its cache bound in place.

    Args:
        path: model.onnx.
        shape: The `shape` of card.json.
        threads: Threads of the session; 0 takes two, or one on a machine with one processor.
    """

    def __init__(self, path: Path, shape: dict[str, Any], threads: int = 0) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or min(2, os.cpu_count() or 1)
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.enable_cpu_mem_arena = False
        # An operator takes less time than waking a thread, so threads spin between two of them; but briefly,
        # for the cores are shared. Versions that do not know the option spin longer.
        options.add_session_config_entry("session.intra_op.spin_duration_us", "20")
        options.add_session_config_entry("session.force_spinning_stop", "1")
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._layers, self._vocabulary = int(shape["layers"]), int(shape["vocabulary"])
        self._heads = int(shape["kv_heads"])
        self._size = int(shape["width"]) // int(shape["heads"])
        self._bound: tuple[int, int] | None = None
        self._binding: Any = None
        self._tokens = np.zeros((MAX_ROWS + 2, 1), np.int64)
        self._last = np.zeros(MAX_ROWS + 2, np.int32)
        self._total = np.zeros((), np.int32)
        self._logits = np.zeros((MAX_ROWS + 2, 1, self._vocabulary), np.float32)

    def new_cache(self, context: int) -> RowCache:
        """Return an empty cache for this graph."""
        return RowCache(2 * self._layers, self._heads, self._size, context)

    def prefill(self, prompt: tuple[int, ...]) -> tuple[Snapshot, NDArray[np.float32]]:
        """Compute a prompt alone; return its keys and values, and the logits [vocabulary] after it."""
        size = len(prompt)
        values = np.zeros((2 * self._layers, 1, self._heads, size, self._size), np.float32)
        tokens, last = np.array([prompt], np.int64), np.array([size - 1], np.int32)
        total = np.array(size, np.int32)
        logits = np.empty((1, size, self._vocabulary), np.float32)
        binding = self._bind(tokens, last, total, logits, list(values))
        self._session.run_with_iobinding(binding)
        return values, logits[0, -1].copy()

    def step(self, cache: RowCache, tokens: list[int], positions: list[int]) -> NDArray[np.float32]:
        """Feed one token to each of the first rows of the cache.

        Args:
            cache: Has room for one row more than there are tokens, if that number is odd.
            tokens: The token of each row.
            positions: Where each goes, which is the number of tokens already in its row.

        Returns:
            Logits [rows, vocabulary], valid until the next step.
        """
        count = len(tokens)
        rows = count + count % 2
        self._tokens[:count, 0], self._last[:count] = tokens, positions
        # The row that only pads is a sequence of one token.
        self._tokens[count:rows, 0], self._last[count:rows] = START, 0
        self._total[...] = max(positions) + 1
        place = (rows, cache.values[0].ctypes.data)
        if self._bound != place:
            self._bound = place
            self._binding = self._bind(
                self._tokens[:rows],
                self._last[:rows],
                self._total,
                self._logits[:rows],
                [tensor[:rows] for tensor in cache.values],
            )
        self._session.run_with_iobinding(self._binding)
        return self._logits[:count, 0]

    def unbind(self) -> None:
        """Forget the memory of the cache, which is about to be replaced."""
        self._bound, self._binding = None, None

    def _bind(
        self,
        tokens: NDArray[Any],
        last: NDArray[Any],
        total: NDArray[Any],
        logits: NDArray[Any],
        cache: list[NDArray[np.float32]],
    ) -> Any:
        binding = self._session.io_binding()

        def bind(name: str, array: NDArray[Any], output: bool = False) -> None:
            add = binding.bind_output if output else binding.bind_input
            add(name, "cpu", 0, array.dtype.type, array.shape, array.ctypes.data)

        bind("tokens", tokens)
        bind("last", last)
        bind("total", total)
        bind("logits", logits, output=True)
        for i in range(self._layers):
            for kind, array in (("key", cache[2 * i]), ("value", cache[2 * i + 1])):
                bind(f"{kind}.{i}", array)
                bind(f"new_{kind}.{i}", array, output=True)
        return binding
