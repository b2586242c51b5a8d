"""Muon for the block matrices, Adam for everything else."""

from __future__ import annotations

import torch
from torch import Tensor

from training.model import Transformer
from training.shape import MATRICES

_STEPS = 5
_COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonalise(matrices: Tensor) -> Tensor:
    """Return matrices [n, rows, columns], rows <= columns, with all singular values brought close to 1.

    A fixed number of Newton-Schulz iterations of a quintic polynomial whose coefficients trade
    exactness for speed; values end up between about 0.7 and 1.2, which is enough for an update.
    """
    x = matrices.bfloat16()
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    a, b, c = _COEFFICIENTS
    for _ in range(_STEPS):
        gram = x @ x.transpose(-1, -2)
        x = a * x + (b * gram + c * gram @ gram) @ x
    result: Tensor = x.float()
    return result


class Optimiser:
    """One step for all parameters of the model.

    Args:
        model: The model.
        rate: Peak learning rate, shared by both kinds; Muon's update is scaled so that its root mean
            square per value is 0.2, about Adam's, which makes one rate fit both.
        decay: Weight decay of the matrices, multiplied by the rate.
    """

    def __init__(self, model: Transformer, rate: float, decay: float) -> None:
        self._rate, self._decay = rate, decay
        self._matrices = [getattr(model, name) for name in MATRICES]
        self._momentum = [torch.zeros_like(matrix) for matrix in self._matrices]
        named = dict(model.named_parameters())
        rest = [named[name] for name in named if name not in MATRICES]
        self._adam = torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.95), eps=1e-10, weight_decay=0.0)
        self._parameters = [*self._matrices, *rest]

    @torch.no_grad()
    def step(self, scale: float, momentum: float = 0.95) -> None:
        """Apply the gradients with the rate multiplied by `scale`, and clear them."""
        torch.nn.utils.clip_grad_norm_(self._parameters, 1.0, foreach=True)
        rate = self._rate * scale
        updates: dict[tuple[int, int], list[Tensor]] = {}
        for matrix, average in zip(self._matrices, self._momentum, strict=True):
            assert matrix.grad is not None
            average.lerp_(matrix.grad, 1 - momentum)
            update = matrix.grad.lerp(average, momentum)
            wide = update.transpose(-1, -2) if update.shape[-2] > update.shape[-1] else update
            updates.setdefault((wide.shape[-2], wide.shape[-1]), []).append(wide)
        # Matrices of one size are orthogonalised in one call, with tall ones lying on their side.
        done = {size: iter(orthogonalise(torch.cat(some)).chunk(len(some))) for size, some in updates.items()}
        for matrix in self._matrices:
            rows, columns = matrix.shape[-2:]
            update = next(done[min(rows, columns), max(rows, columns)])
            if rows > columns:
                update = update.transpose(-1, -2)
            matrix.mul_(1 - rate * self._decay)
            matrix.add_(update, alpha=-rate * 0.2 * max(rows, columns) ** 0.5)
        for group in self._adam.param_groups:
            group["lr"] = rate
        self._adam.step()
        for parameter in self._parameters:
            parameter.grad = None
