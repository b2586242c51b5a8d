"""Train the embedded model: `python -m training.train --seed 0 --seconds 480 --out DIR`.

Everything follows a budget of wall-clock time, not of steps: the learning rate, the moment at which the
model's own mistakes become training data, and the moment at which weights start to be trained as they
will be stored. The recipe therefore always ends in time, on a fast device with more tokens.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from agot.models.embedded.tokenizer import Tokenizer
from training.batches import Rows, Stream
from training.checkpoint import save
from training.model import Attend, Transformer, block, masked_attention, norm, sparse_attention, weighted_loss
from training.onpolicy import collect
from training.optimiser import Optimiser
from training.shape import Shape


def arguments() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = argparse.ArgumentParser(description="Train the embedded model.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=480.0, help="whole budget, start-up included")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--vocabulary", type=Path, default=Path("training/vocab.json"))
    parser.add_argument("--mixture", default="training.mixture", help="module with examples(seed, split)")
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--rows", type=int, default=40, help="rows of `context` tokens in one step")
    parser.add_argument("--rate", type=float, default=4e-3)
    parser.add_argument("--decay", type=float, default=0.1)
    parser.add_argument("--hold", type=float, default=0.35, help="part of the time at the full rate")
    parser.add_argument(
        "--own",
        type=float,
        nargs="*",
        default=[0.6, 0.85],
        help="when the model's own solutions are collected",
    )
    parser.add_argument("--own-problems", type=int, default=9_000)
    parser.add_argument("--own-share", type=float, default=0.12, help="part of a batch they take")
    parser.add_argument("--quantise", type=float, default=0.75, help="when fake quantisation starts")
    for name, value in (("width", 512), ("layers", 8), ("heads", 8), ("kv-heads", 4), ("hidden", 1344)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--context", type=int, default=1280)
    parser.add_argument("--compile", action=argparse.BooleanOptionalAction, default=torch.cuda.is_available())
    parser.add_argument(
        "--whole", action="store_true", help="compile the model in one piece: slower to start"
    )
    parser.add_argument("--max-steps", type=int, default=0, help="stop early (for tests); 0: no limit")
    return parser


def schedule(done: float, hold: float) -> float:
    """Return the factor of the learning rate at a fraction of the time: warm up, hold, fall to zero."""
    warm = min(1.0, done / 0.02)
    return warm if done < hold else max(0.0, (1.0 - done) / (1.0 - hold))


class Trainer:
    """One training run; see the module's text for its phases."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.begun = time.monotonic()
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.gpu = self.device == "cuda"
        self.dtype = torch.bfloat16 if self.gpu else torch.float32
        self.tokenizer = Tokenizer.load(options.vocabulary)
        self.stream = Stream(
            options.mixture, options.vocabulary, options.seed, options.workers, options.context,
            60_000 if self.gpu else 2_000,
        )  # fmt: skip
        self.shape = Shape(
            self.tokenizer.size, options.width, options.layers, options.heads, options.kv_heads, options.hidden,
            options.context,
        )  # fmt: skip
        torch.set_float32_matmul_precision("high")
        self.model = Transformer(self.shape, options.seed).to(self.device)
        self.optimiser = Optimiser(self.model, options.rate, options.decay)
        self.own: Rows | None = None
        self.random = np.random.default_rng(options.seed + 1)
        self.log: list[dict[str, float]] = []
        self._loss = self._compiled(sparse_attention if self.gpu else masked_attention)

    def _compiled(self, attention: Callable[[Tensor], Attend]) -> Callable[..., Tensor]:
        """Return the loss, compiled on a GPU: one layer is compiled and used for all, which takes a fraction
        of the time that the whole model would take.
        """
        model, shape, dtype = self.model, self.shape, self.dtype

        def layer(
            x: Tensor, weights: tuple[Tensor, ...], cos: Tensor, sin: Tensor, documents: Tensor
        ) -> Tensor:
            return block(x, weights, cos, sin, attention(documents), shape.head_size, shape.epsilon)

        def head(x: Tensor, tokens: Tensor, weights: Tensor) -> Tensor:
            hidden = norm(x[:, :-1], model.norm_final, shape.epsilon)
            return weighted_loss(model.logits(hidden), tokens, weights)

        compiled: list[Any] = [layer, head, model.layers]
        if self.options.compile:
            compiled = [torch.compile(function, dynamic=False) for function in compiled]
        run_layer, run_head, layers = compiled

        def loss(tokens: Tensor, positions: Tensor, weights: Tensor, documents: Tensor) -> Tensor:
            x, cos, sin = model.embed(tokens, positions, dtype)
            for one in layers(dtype):
                x = run_layer(x, one, cos, sin, documents)
            result: Tensor = run_head(x, tokens, weights)
            return result

        if self.options.compile and self.options.whole:
            run_layer, run_head, layers = layer, head, model.layers
            return torch.compile(loss, dynamic=False)
        return loss

    def warm_up(self) -> None:
        """Compile; where the sparse kernel cannot be built, go on with an explicit mask."""
        try:
            self.step(0.0)
        except Exception as error:
            if not self.gpu:
                raise
            print(f"sparse attention failed, using a dense mask: {type(error).__name__}: {str(error)[:2000]}")
            torch._dynamo.reset()
            self._loss = self._compiled(masked_attention)
        for _ in range(3):
            self.step(0.0)  # the rate is zero, so nothing is learnt yet
        if self.gpu:
            torch.cuda.synchronize()

    def batch(self) -> Rows:
        """Return the rows of one step: the stream's, and the model's own once there are some."""
        count = self.options.rows
        if self.own is None:
            return self.stream.take(count)
        mine = max(1, round(count * self.options.own_share))
        extra = self.own.take(self.random.integers(0, len(self.own), mine))
        fresh = self.stream.take(count - mine)
        return Rows(*(np.concatenate(pair) for pair in zip(fresh.arrays(), extra.arrays(), strict=True)))

    def step(self, done: float) -> Tensor:
        """Take one optimiser step at a fraction of the time; return the loss without waiting for it."""
        tokens, positions, documents, weights = (
            torch.from_numpy(array.astype(np.int32)).to(self.device, non_blocking=True)
            for array in self.batch().arrays()
        )
        loss = self._loss(tokens.long(), positions.long(), weights, documents)
        torch.autograd.backward(loss)
        self.optimiser.step(schedule(done, self.options.hold))
        return loss.detach()

    def run(self) -> dict[str, Any]:
        """Train until the budget is used up; return the record of the run."""
        options = self.options
        self.warm_up()
        started = time.monotonic()
        end = self.begun + options.seconds - 3.0
        print(
            f"{self.shape.parameters / 1e6:.1f}M parameters, ready after {started - self.begun:.0f} s",
            flush=True,
        )
        steps, losses, marked, paused = 0, [], started, 0.0
        own_times = sorted(options.own)
        while True:
            now = time.monotonic()
            done = (now - started) / (end - started)
            if done >= 1 or (options.max_steps and steps >= options.max_steps):
                break
            if done >= options.quantise:
                self.model.quantised.fill_(1.0)
            if own_times and done >= own_times[0]:
                own_times.pop(0)
                rows, summary = collect(
                    self.model, self.tokenizer, self.dtype, options.own_problems,
                    options.seed + 1000 * len(own_times), options.context,
                )  # fmt: skip
                self.own = rows
                paused += time.monotonic() - now
                print(json.dumps(summary), flush=True)
                self.log.append(summary)
            losses.append(self.step(done))
            steps += 1
            if steps % 200 == 0 or steps == 1:
                value = torch.stack(losses).mean().item()
                losses = []
                moment = time.monotonic()
                rate = 200 * options.rows * options.context / (moment - marked)
                marked = moment
                entry = {"step": steps, "done": done, "loss": value, "tokens_per_second": rate,
                         "reused": self.stream.reused / max(1, self.stream.fresh + self.stream.reused)}  # fmt: skip
                self.log.append(entry)
                print(" ".join(f"{key} {number:.4g}" for key, number in entry.items()), flush=True)
        self.stream.close()
        self.model.quantised.fill_(1.0)
        spent = time.monotonic() - started
        return {
            "shape": self.shape.to_dict(), "seed": options.seed, "options": {k: str(v) for k, v in vars(options).items()},
            "steps": steps, "tokens": steps * options.rows * options.context, "seconds": spent, "own_seconds": paused,
            "parameters": self.shape.parameters, "device": torch.cuda.get_device_name() if self.gpu else "cpu",
            "fresh_rows": self.stream.fresh, "reused_rows": self.stream.reused, "log": self.log,
        }  # fmt: skip


def main() -> None:
    """Run the command line."""
    options = arguments().parse_args()
    torch.manual_seed(options.seed)
    trainer = Trainer(options)
    record = trainer.run()
    save(trainer.model.state_dict(), record, options.out)
    print(f"saved {options.out} after {time.monotonic() - trainer.begun:.0f} s", flush=True)


if __name__ == "__main__":
    main()
