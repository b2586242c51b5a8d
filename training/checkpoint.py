"""Trained weights on disk: float16 shards and the record of the run; numpy only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.shape import Shape

SHARD_BYTES = 12 << 20
"""Most bytes of weights in one file."""


def save(state: Mapping[str, Any], record: dict[str, Any], out: Path) -> None:
    """Write the weights as float16 shards and `training.json` beside them.

    Args:
        state: Torch tensors by name; those of three dimensions are cut into their layers.
        record: What `training.json` is to hold; `record["shape"]` is needed to load the weights.
        out: Directory, created if missing.
    """
    out.mkdir(parents=True, exist_ok=True)
    for old in out.glob("weights-*.npz"):
        old.unlink()
    parts: list[dict[str, NDArray[Any]]] = [{}]
    used = 0
    for name, value in state.items():
        pieces = value if value.dim() == 3 else [value]
        for layer, piece in enumerate(pieces):
            array = piece.detach().cpu().numpy().astype(np.float16)
            if used + array.nbytes > SHARD_BYTES:
                parts.append({})
                used = 0
            parts[-1][f"{name}.{layer}" if value.dim() == 3 else name] = array
            used += array.nbytes
    for number, part in enumerate(parts):
        np.savez(out / f"weights-{number}.npz", **part)  # type: ignore[arg-type]
    (out / "training.json").write_text(json.dumps(record, indent=1) + "\n")


def load(out: Path) -> tuple[Shape, dict[str, NDArray[Any]], dict[str, Any]]:
    """Return the shape, the float32 weights (matrices stacked again) and the record of a saved model."""
    record = json.loads((out / "training.json").read_text())
    shape = Shape(**record["shape"])
    flat: dict[str, NDArray[Any]] = {}
    for path in sorted(out.glob("weights-*.npz")):
        with np.load(path) as part:
            flat.update({name: part[name].astype(np.float32) for name in part.files})
    weights: dict[str, NDArray[Any]] = {}
    for name, value in flat.items():
        kind, _, layer = name.partition(".")
        if not layer:
            weights[name] = value
        elif kind not in weights:
            weights[kind] = np.stack([flat[f"{kind}.{i}"] for i in range(shape.layers)])
    return shape, weights, record
