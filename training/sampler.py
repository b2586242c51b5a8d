"""Batched generation in torch with a key/value cache: for on-policy data and for evaluation."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from agot.models.embedded.tokenizer import ASK, END, FIRST_MODE, MODES, SPECIALS, START, Tokenizer
from training.model import Transformer, block, norm


@dataclass(frozen=True, slots=True)
class Request:
    """One sequence to continue.

    Attributes:
        user: Text before `<a>`.
        mode: The forced mode, or "" to let the model choose.
    """

    user: str
    mode: str


@dataclass(frozen=True, slots=True)
class Sample:
    """What the model wrote.

    Attributes:
        mode: The forced or chosen mode.
        text: The output.
        finished: Whether `<e>` was reached within the limit.
        logprob: Sum of the output tokens' log probabilities at temperature 1.
        yes: Probability of "yes" against "no" as the first output token (verify mode only, else 0).
    """

    mode: str
    text: str
    finished: bool
    logprob: float
    yes: float


_CACHE_STEP = 64


def _rounded(tokens: int) -> int:
    return -(-tokens // _CACHE_STEP) * _CACHE_STEP


class Sampler:
    """Generates with a frozen copy of a model's (fake-quantised) weights.

    Args:
        model: The model; its weights are copied at construction.
        tokenizer: Its tokenizer.
        dtype: Type of weights, activations and cache.
    """

    def __init__(self, model: Transformer, tokenizer: Tokenizer, dtype: torch.dtype) -> None:
        self._shape, self._tokenizer, self._dtype = model.shape, tokenizer, dtype
        with torch.no_grad():
            self._layers = [tuple(value.clone() for value in layer) for layer in model.layers(dtype)]
            self._embedding = model.embedding.detach().to(dtype).clone()
            self._norm = model.norm_final.detach().clone()
        self._cos, self._sin = model.cos.to(dtype), model.sin.to(dtype)
        self._device = model.embedding.device
        self._yes = [tokenizer.encode(text)[0] for text in ("yes", "no")]
        banned = torch.zeros(tokenizer.size, device=self._device)
        banned[: len(SPECIALS)] = -torch.inf
        banned[END] = 0.0
        self._output_mask = banned
        self._mode_mask = torch.full((tokenizer.size,), -torch.inf, device=self._device)
        self._mode_mask[FIRST_MODE : FIRST_MODE + len(MODES)] = 0.0

    def prompt(self, request: Request) -> list[int]:
        """Return the prompt tokens of a request."""
        tokens = [START, *self._tokenizer.encode(request.user), ASK]
        return [*tokens, self._tokenizer.mode_id(request.mode)] if request.mode else tokens

    @torch.inference_mode()
    def run(
        self, requests: Sequence[Request], limit: int, temperature: float, seed: int = 0, batch: int = 8192
    ) -> list[Sample]:
        """Continue every request; temperature 0 is greedy.

        Args:
            requests: What to continue; those longer than the context give an empty, unfinished sample.
            limit: Most output tokens of each.
            temperature: Divides the logits.
            seed: Seed of the sampling.
            batch: Rows computed together.
        """
        generator = torch.Generator(self._device).manual_seed(seed)
        prompts = [self.prompt(request) for request in requests]
        order = sorted(range(len(prompts)), key=lambda i: len(prompts[i]))
        samples: list[Sample | None] = [None] * len(prompts)
        for start in range(0, len(order), batch):
            rows = order[start : start + batch]
            fits = [i for i in rows if len(prompts[i]) + 8 < self._shape.context]
            for i in set(rows) - set(fits):
                samples[i] = Sample(requests[i].mode, "", False, 0.0, 0.0)
            if fits:
                free = [not requests[i].mode for i in fits]
                made = self._batch([prompts[i] for i in fits], free, limit, temperature, generator)
                for i, (tokens, finished, logprob, yes) in zip(fits, made, strict=True):
                    mode = requests[i].mode
                    if not mode and tokens:
                        mode, tokens = MODES[tokens[0] - FIRST_MODE], tokens[1:]
                    samples[i] = Sample(mode, self._tokenizer.decode(tokens), finished, logprob, yes)
        return [sample for sample in samples if sample is not None]

    def _batch(
        self,
        prompts: list[list[int]],
        free: list[bool],
        limit: int,
        temperature: float,
        generator: torch.Generator,
    ) -> list[tuple[list[int], bool, float, float]]:
        shape, device, count = self._shape, self._device, len(prompts)
        longest = max(map(len, prompts))
        total = min(longest + limit + 1, shape.context)
        tokens = torch.zeros(count, longest, dtype=torch.long)
        for i, prompt in enumerate(prompts):
            tokens[i, : len(prompt)] = torch.tensor(prompt)
        tokens = tokens.to(device)
        lengths = torch.tensor([len(prompt) for prompt in prompts], device=device)
        # The cache grows in steps: products of a whole tensor need no copy, those of a slice do.
        size = (shape.layers, count, shape.kv_heads, min(total, _rounded(longest + 1)), shape.head_size)
        keys = torch.zeros(size, dtype=self._dtype, device=device)
        values = torch.zeros(size, dtype=self._dtype, device=device)
        hidden = []
        step = max(1, 400_000 // longest)
        for low in range(0, count, step):
            part = slice(low, low + step)
            whole = self._prefill(tokens[part], keys[:, part], values[:, part])
            hidden.append(whole[torch.arange(len(whole), device=device), lengths[part] - 1])
        last = torch.cat(hidden)
        choosing = torch.tensor(free, device=device)
        # Row i of the working tensors is request index[i]; finished rows are dropped now and then.
        index = torch.arange(count, device=device)
        positions = lengths.clone()
        table = torch.full((count, min(limit, total)), END, device=device)
        score = torch.zeros(count, device=device)
        yes = torch.zeros(count, device=device)
        finished = torch.zeros(count, dtype=torch.bool, device=device)
        done = torch.zeros(count, dtype=torch.bool, device=device)
        for turn in range(table.shape[1]):
            logits = F.linear(last, self._embedding).float()
            if turn == 0:
                yes = logits[:, self._yes].softmax(-1)[:, 0]
                logits = logits + torch.where(choosing[:, None], self._mode_mask, self._output_mask)
            else:
                logits = logits + self._output_mask
            logprobs = logits.log_softmax(-1)
            if temperature > 0:
                uniform = torch.rand(logprobs.shape, device=device, generator=generator)
                chosen = (logprobs / temperature - (-uniform.clamp_min(1e-12).log()).log()).argmax(-1)
            else:
                chosen = logprobs.argmax(-1)
            chosen = torch.where(done, END, chosen)
            score[index] += torch.where(done, 0.0, logprobs.gather(1, chosen[:, None])[:, 0])
            table[index, turn] = chosen
            finished[index] |= (chosen == END) & ~done
            done |= (chosen == END) | (positions + 1 >= total)
            if turn + 1 == table.shape[1]:
                break
            # Counting waits for the device, so it is not done at every step.
            if turn % 8 == 7:
                left = int((~done).sum())
                if left == 0:
                    break
                if left < 0.6 * len(done):
                    kept = (~done).nonzero()[:, 0]
                    index, positions, chosen, done = index[kept], positions[kept], chosen[kept], done[kept]
                    keys, values = keys[:, kept], values[:, kept]
            missing = min(total, _rounded(longest + turn + 1)) - keys.shape[3]
            if missing > 0:
                keys, values = F.pad(keys, (0, 0, 0, missing)), F.pad(values, (0, 0, 0, missing))
            last = self._step(chosen, positions.clamp(max=total - 1), keys, values)
            positions = positions + 1
        ends, scores, chances = finished.tolist(), score.tolist(), yes.tolist()
        results = []
        for i, line in enumerate(table.tolist()):
            if END in line:
                line = line[: line.index(END)]
            results.append((line, ends[i], scores[i], chances[i]))
        return results

    def _prefill(self, tokens: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        longest = tokens.shape[1]

        def attend(layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            keys[layer, :, :, :longest] = k
            values[layer, :, :, :longest] = v
            return F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)

        return self._forward(tokens, self._cos[:longest], self._sin[:longest], attend)

    def _step(self, tokens: Tensor, positions: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        rows = torch.arange(len(tokens), device=tokens.device)
        cos, sin = self._cos[positions][:, None, None], self._sin[positions][:, None, None]
        mask = torch.arange(keys.shape[3], device=rows.device)[None] <= positions[:, None]
        bias = torch.zeros_like(mask, dtype=self._dtype).masked_fill(~mask, -torch.inf)[:, None, None]
        heads, size = self._shape.kv_heads, self._shape.head_size

        def attend(layer: int, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
            keys[layer][rows, :, positions] = k[:, :, 0]
            values[layer][rows, :, positions] = v[:, :, 0]
            # The query heads of one group become rows of a single product with their shared keys.
            scores = q.reshape(len(q), heads, -1, size) @ keys[layer].transpose(-1, -2) * size**-0.5
            mixed = (scores + bias).softmax(-1) @ values[layer]
            result: Tensor = mixed.flatten(1, 2).unsqueeze(2)
            return result

        return self._forward(tokens.unsqueeze(1), cos, sin, attend)[:, 0]

    def _forward(
        self,
        tokens: Tensor,
        cos: Tensor,
        sin: Tensor,
        attend: Callable[[int, Tensor, Tensor, Tensor], Tensor],
    ) -> Tensor:
        shape = self._shape
        x = self._embedding[tokens]
        for layer, weights in enumerate(self._layers):
            x = block(x, weights, cos, sin, functools.partial(attend, layer), shape.head_size, shape.epsilon)
        return norm(x, self._norm, shape.epsilon)
