"""The transformer in torch: training forward pass with document masks and fake 4-bit weights.

A row of a batch holds several documents; attention never crosses from one to another and positions start
at 0 in each, so that training sees exactly what the runtime computes for a single request.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.shape import BLOCK, MATRICES, Shape

Attend = Callable[[Tensor, Tensor, Tensor], Tensor]
"""Maps q [b, heads, t, size], k and v [b, kv_heads, t, size] to [b, heads, t, size]."""


def fake_quantise(weight: Tensor, bits: int = 4, block: int = BLOCK) -> Tensor:
    """Return the weight as the exporter will store it; gradients pass straight through.

    Args:
        weight: [..., k] with k a multiple of block.
    """
    middle = float(1 << (bits - 1))
    blocks = weight.detach().reshape(*weight.shape[:-1], -1, block)
    high, low = blocks.amax(-1, keepdim=True), blocks.amin(-1, keepdim=True)
    peak = torch.where(high > -low, high, low)
    scale = peak / -middle
    inverse = torch.where(scale != 0, 1.0 / scale, 0.0)
    rounded = ((blocks * inverse).round().clamp(-middle, middle - 1) * scale).flatten(-2)
    result: Tensor = weight + (rounded - weight.detach())
    return result


def norm(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    """Root-mean-square norm in float32, returned in the type of x."""
    value = x.float()
    value = value * torch.rsqrt(value.square().mean(-1, keepdim=True) + epsilon)
    return (value * weight).to(x.dtype)


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Apply rotary positions to x [b, heads, t, size]; cos and sin are [b, 1, t, size / 2]."""
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, second * cos + first * sin), dim=-1)


class Transformer(nn.Module):
    """Decoder with RMS norms, rotary positions, grouped-query attention and a gated MLP.

    Matrices of all layers are stacked ([layers, outputs, inputs]), which lets the optimiser treat each
    kind in one batched call.
    """

    cos: Tensor
    sin: Tensor
    quantised: Tensor

    def __init__(self, shape: Shape, seed: int) -> None:
        super().__init__()
        self.shape = shape
        generator = torch.Generator().manual_seed(seed)

        def matrix(outputs: int, inputs: int, gain: float = 1.0) -> nn.Parameter:
            size = (shape.layers, outputs, inputs)
            return nn.Parameter(torch.randn(size, generator=generator) * (gain * inputs**-0.5))

        width, heads = shape.width, shape.heads * shape.head_size
        narrow = shape.kv_heads * shape.head_size
        # Outputs into the residual stream start small: each layer begins close to the identity.
        gain = (2 * shape.layers) ** -0.5
        self.embedding = nn.Parameter(torch.randn(shape.vocabulary, width, generator=generator) * 0.02)
        self.wq, self.wk, self.wv = matrix(heads, width), matrix(narrow, width), matrix(narrow, width)
        self.wo = matrix(width, heads, gain)
        self.wg, self.wu = matrix(shape.hidden, width), matrix(shape.hidden, width)
        self.wd = matrix(width, shape.hidden, gain)
        self.norm_attention = nn.Parameter(torch.ones(shape.layers, width))
        self.norm_mlp = nn.Parameter(torch.ones(shape.layers, width))
        self.norm_final = nn.Parameter(torch.ones(width))
        half = shape.head_size // 2
        angles = torch.outer(torch.arange(shape.context).float(), shape.theta ** (-torch.arange(half) / half))
        self.register_buffer("cos", angles.cos(), persistent=False)
        self.register_buffer("sin", angles.sin(), persistent=False)
        # 0 trains plain weights, 1 trains weights as they will be stored. A tensor, so that switching
        # it on does not compile the model again.
        self.register_buffer("quantised", torch.zeros(()), persistent=False)

    def matrices(self, dtype: torch.dtype) -> dict[str, Tensor]:
        """Return the block matrices as the forward pass uses them, in the given type."""
        weights = {}
        for name in MATRICES:
            weight = getattr(self, name)
            weights[name] = (weight + self.quantised * (fake_quantise(weight) - weight).detach()).to(dtype)
        return weights

    def forward(self, tokens: Tensor, positions: Tensor, attend: Attend, dtype: torch.dtype) -> Tensor:
        """Return the final hidden states.

        Args:
            tokens: [b, t] token ids.
            positions: [b, t] position of each token in its document.
            attend: Attention with the document mask bound.
            dtype: Type of activations and matrices.

        Returns:
            [b, t, width], normalised; `logits` maps them to the vocabulary.
        """
        x, cos, sin = self.embed(tokens, positions, dtype)
        for weights in self.layers(dtype):
            x = block(x, weights, cos, sin, attend, self.shape.head_size, self.shape.epsilon)
        return norm(x, self.norm_final, self.shape.epsilon)

    def embed(self, tokens: Tensor, positions: Tensor, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
        """Return the embeddings [b, t, width] and the rotations of the positions, each [b, 1, t, size / 2]."""
        cos, sin = self.cos[positions].unsqueeze(1).to(dtype), self.sin[positions].unsqueeze(1).to(dtype)
        return self.embedding[tokens].to(dtype), cos, sin

    def layers(self, dtype: torch.dtype) -> list[tuple[Tensor, ...]]:
        """Return the arguments `weights` of `block` for every layer."""
        matrices = self.matrices(dtype)
        # Unbinding has one gradient for the whole stack; indexing would make a full one for each layer.
        columns = [
            self.norm_attention.unbind(),
            self.norm_mlp.unbind(),
            *(matrices[m].unbind() for m in MATRICES),
        ]
        return list(zip(*columns, strict=True))

    def logits(self, hidden: Tensor) -> Tensor:
        """Return vocabulary logits of hidden states [..., width], in their type."""
        return F.linear(hidden, self.embedding.to(hidden.dtype))

    def loss(
        self, tokens: Tensor, positions: Tensor, weights: Tensor, attend: Attend, dtype: torch.dtype
    ) -> Tensor:
        """Return the weighted mean cross-entropy of predicting each token from those before it.

        Args:
            tokens: [b, t].
            positions: [b, t].
            weights: [b, t]; weight of predicting `tokens` at that place, 0 at every document's start.
        """
        hidden = self.forward(tokens, positions, attend, dtype)
        return weighted_loss(self.logits(hidden[:, :-1]), tokens, weights)


def block(
    x: Tensor,
    weights: tuple[Tensor, ...],
    cos: Tensor,
    sin: Tensor,
    attend: Attend,
    size: int,
    epsilon: float,
) -> Tensor:
    """Return the residual stream [b, t, width] after one layer.

    Args:
        x: The stream before it.
        weights: Both norms and the matrices in the order of MATRICES.
        cos: Rotations of the positions, with `sin`.
        attend: Attention with the document mask bound.
        size: Head size.
        epsilon: Of the norms.
    """
    norm_attention, norm_mlp, wq, wk, wv, wo, wg, wu, wd = weights
    y = norm(x, norm_attention, epsilon)
    q, k, v = (F.linear(y, w).view(*y.shape[:-1], -1, size).transpose(1, 2) for w in (wq, wk, wv))
    mixed = attend(rotate(q, cos, sin), rotate(k, cos, sin), v)
    x = x + F.linear(mixed.transpose(1, 2).flatten(2), wo)
    y = norm(x, norm_mlp, epsilon)
    return x + F.linear(F.silu(F.linear(y, wg)) * F.linear(y, wu), wd)


def weighted_loss(logits: Tensor, tokens: Tensor, weights: Tensor) -> Tensor:
    """Return the weighted mean cross-entropy of logits [b, t - 1, vocabulary] for tokens [b, t] after the first."""
    targets, scale = tokens[:, 1:], weights[:, 1:].float()
    each = F.cross_entropy(logits.float().flatten(0, 1), targets.flatten(), reduction="none")
    return (each * scale.flatten()).sum() / scale.sum().clamp(min=1.0)


def masked_attention(documents: Tensor) -> Attend:
    """Return attention with an explicit mask, for CPUs and tests.

    Args:
        documents: [b, t] number of the document each token belongs to.
    """
    same = documents.unsqueeze(2) == documents.unsqueeze(1)
    mask = (same & torch.ones_like(same).tril()).unsqueeze(1)

    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)

    return attend


def sparse_attention(documents: Tensor) -> Attend:
    """Return attention that skips blocks without common documents; to be called inside `torch.compile`.

    Args:
        documents: [b, t] document numbers, not decreasing along a row; t is a multiple of 128.
    """
    from torch.nn.attention.flex_attention import BlockMask, flex_attention

    size = 128
    blocks = documents.view(len(documents), -1, size)
    count = blocks.shape[1]
    # Numbers do not decrease, so two blocks share a document exactly if these two ends overlap.
    shared = blocks[:, :, None, 0] <= blocks[:, None, :, -1]
    earlier = torch.ones(count, count, dtype=torch.bool, device=documents.device).tril()
    wanted = (shared & earlier).unsqueeze(1).to(torch.int32)
    number = wanted.sum(-1, dtype=torch.int32)
    order = wanted.argsort(dim=-1, descending=True, stable=True).to(torch.int32)

    def allowed(b: Tensor, h: Tensor, q: Tensor, k: Tensor) -> Tensor:
        return (documents[b, q] == documents[b, k]) & (q >= k)

    mask = BlockMask.from_kv_blocks(number, order, BLOCK_SIZE=size, mask_mod=allowed)

    def attend(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        mixed = flex_attention(q, k, v, block_mask=mask, enable_gqa=True)
        assert isinstance(mixed, Tensor)
        return mixed

    return attend
