"""Usage of runs beside what a server counts that fails at random, also over time-outs, cancellations and resumes."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from agot.budget import Budget
from agot.reasoner import Reasoner
from agot.settings import Settings
from tests.servers.loopback import Loopback, Reply, failure

AT_ONCE = 25


class Counting:
    """Answers or fails at random, and counts what it was asked and what it wrote, by the number in the question."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)
        self.spent: dict[str, list[int]] = {}

    def __call__(self, request: dict[str, Any]) -> Reply:
        text = str(request["messages"])
        number = next((word for word in text.split() if word.startswith("item-")), "").split("'")[0]
        wrote = self._rng.randint(1, 30)
        what = self._rng.choice(("ok", "ok", "ok", "429", "500", "drop", "drop_mid_stream", "half_json", "hang", "hang_mid_stream", "no_usage"))  # fmt: skip
        count = self.spent.setdefault(number, [0, 0, 0])
        samples = int(request.get("n") or 1)
        count[0] += 1
        count[1] += len(text) // 4
        if what in ("429", "500"):
            return failure(int(what), "not now")
        reply = Reply("word " * (wrote - 1) + f"Answer: {wrote}", prompt_tokens=len(text) // 4)
        if what == "ok":
            count[2] += (wrote + 1) * samples
            return reply
        # Where the server does not say what it wrote, nobody knows it exactly.
        return Reply(reply.texts, prompt_tokens=reply.prompt_tokens, fault=what)  # type: ignore[arg-type]


@pytest.mark.parametrize(("runs", "seed"), [(100, 1), pytest.param(500, 2, marks=pytest.mark.slow)])
async def test_usage_is_never_less_than_what_the_server_counted(
    runs: int, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agot.models.retry.BASE_S", 0.001)
    counting, rng = Counting(seed), random.Random(seed)
    async with Loopback(counting) as server:
        role = {
            "model": "hosted_vllm/x",
            "base_url": server.base_url,
            "timeout_s": 0.5,
            "retries": 2,
            "max_tokens": 64,
        }
        settings = Settings.model_validate({
            "roles": {"fast": role}, "database_url": f"sqlite:///{tmp_path / 'a.db'}",
            "engine": {"calibrate": False, "learn": False, "samples": 3},
        })  # fmt: skip
        room = asyncio.Semaphore(AT_ONCE)
        less: list[str] = []

        async def run(reasoner: Reasoner, number: int) -> None:
            async with room:
                strategy = rng.choice(("direct", "chain", "vote", "auto"))
                budget = Budget(calls=20, seconds=rng.choice((None, None, 0.2)))
                result = await reasoner.ask(
                    f"Which number is item-{number} ?", strategy=strategy, budget=budget, stream_text=rng.random() < 0.3
                )  # fmt: skip
                if result.status != "answered" and rng.random() < 0.5:
                    result = await reasoner.resume(result.run_id, budget=Budget(calls=40))
                asked = counting.spent.get(f"item-{number}", [0, 0, 0])
                usage = result.usage
                if budget.seconds is not None:
                    # What was written when the run was cut, and had not arrived, is known to the server alone.
                    asked = [*asked[:2], 0]
                if (
                    usage.calls < asked[0]
                    or usage.prompt_tokens < asked[1]
                    or usage.completion_tokens < asked[2]
                ):
                    less.append(f"{number} {strategy} {result.status} {usage} {asked}")

        async with Reasoner(settings) as reasoner:
            await asyncio.gather(*(run(reasoner, number) for number in range(runs)))
    assert sum(one[0] for one in counting.spent.values()) > runs
    assert not less, "\n".join(less)
