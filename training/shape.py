"""Shape of the embedded model and the block layout of its quantised weights; numpy only.

The trainer's fake quantisation and the exporter both follow the layout described here: a weight matrix
[n, k] is cut along k into blocks of `BLOCK` values; a 4-bit block stores integers 0..15 and one float scale,
and a value is (integer - 8) * scale. An 8-bit block stores 0..255 around 128 the same way.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

BLOCK = 64
"""Weights that share one scale, along the input dimension."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Dimensions of the transformer.

    Attributes:
        vocabulary: Number of token ids.
        width: Size of the residual stream; a multiple of BLOCK.
        layers: Number of blocks.
        heads: Query heads; width / heads is the head size.
        kv_heads: Key and value heads; divides heads.
        hidden: Inner size of the gated MLP; a multiple of BLOCK.
        context: Longest sequence in tokens.
        theta: Base of the rotary frequencies.
        epsilon: Added to the mean square in every norm.
    """

    vocabulary: int
    width: int = 512
    layers: int = 8
    heads: int = 8
    kv_heads: int = 4
    hidden: int = 1344
    context: int = 1280
    theta: float = 10_000.0
    epsilon: float = 1e-5

    @property
    def head_size(self) -> int:
        """Dimensions of one attention head."""
        return self.width // self.heads

    @property
    def parameters(self) -> int:
        """Number of trained values, the tied embedding counted once."""
        attention = self.width * self.head_size * (2 * self.heads + 2 * self.kv_heads)
        block = attention + 3 * self.width * self.hidden + 2 * self.width
        return self.vocabulary * self.width + self.layers * block + self.width

    def to_dict(self) -> dict[str, int | float]:
        """Return the fields for a JSON file."""
        return asdict(self)


MATRICES: tuple[str, ...] = ("wq", "wk", "wv", "wo", "wg", "wu", "wd")
"""Names of the block matrices; each is stored as [layers, outputs, inputs]."""


def quantise(
    weight: NDArray[np.float32], bits: int, block: int = BLOCK
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Quantise a matrix by blocks.

    Args:
        weight: [n, k] with k a multiple of block.
        bits: 4 or 8.
        block: Values per scale.

    Returns:
        The integers [n, k / block, block] (0..15 or 0..255) and the scales [n, k / block].

    Raises:
        ValueError: k is no multiple of block, or bits is neither 4 nor 8.
    """
    rows, columns = weight.shape
    if columns % block or bits not in (4, 8):
        raise ValueError(f"cannot quantise [{rows}, {columns}] to {bits} bits in blocks of {block}")
    middle = 1 << (bits - 1)
    blocks = weight.reshape(rows, columns // block, block)
    # The value of largest magnitude becomes exactly -middle, so that the whole range is used.
    peak = np.take_along_axis(blocks, np.abs(blocks).argmax(-1)[..., None], -1)
    scale = peak / np.float32(-middle)
    inverse = np.divide(np.float32(1), scale, out=np.zeros_like(scale), where=scale != 0)
    integers = np.clip(np.round(blocks * inverse) + middle, 0, 2 * middle - 1)
    return integers.astype(np.uint8), scale[..., 0].astype(np.float32)
