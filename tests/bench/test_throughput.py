"""Tokens per second of plain requests and of strategies at the same server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agot.bench.plain import PlainClient
from agot.bench.real_run import Order, race
from agot.bench.suites import chosen
from agot.bench.throughput import COLUMNS, Speed, as_json, cells, ratio
from agot.bench.watch import Watch, metrics_of
from agot.errors import SetupError
from agot.settings import Settings
from tests.servers.loopback import Loopback, Reply

PAGE = """# HELP vllm:num_requests_running Number of requests
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{engine="0",model_name="m"} 3.0
vllm:num_requests_running{engine="1",model_name="m"} 4.0
vllm:prefix_cache_queries_total{engine="0"} 1.5e+03
vllm:kv_cache_usage_perc 0.25
"""


def test_metrics_are_summed_over_labels() -> None:
    assert metrics_of(PAGE) == {
        "vllm:num_requests_running": 7.0, "vllm:prefix_cache_queries_total": 1500.0, "vllm:kv_cache_usage_perc": 0.25,
    }  # fmt: skip
    assert metrics_of("<html>no page</html>") == {}


class Telling(PlainClient):
    """A client of a server whose cache hits three of four tokens that it is asked for."""

    queries = 0

    async def fetch(self, path: str, *, under_v1: bool = False) -> Any:
        self.queries += 1000
        return f"{PAGE}vllm:prefix_cache_hits_total 0\n".replace("1.5e+03", str(self.queries)).replace(
            "hits_total 0", f"hits_total {self.queries * 0.75}"
        )


async def test_the_share_of_cache_hits_is_of_the_time_watched() -> None:
    async with Telling("http://127.0.0.1:9/v1", "m") as client, Watch(client).during() as seen:
        pass
    assert seen["cache hits"] == [0.75]


async def test_a_server_that_tells_nothing_of_itself_is_watched_in_vain() -> None:
    async with (
        Loopback() as server,
        PlainClient(server.base_url, "m") as client,
        Watch(client).during() as seen,
    ):
        pass
    assert "running" not in seen and "cache hits" not in seen


def test_ratios_are_of_the_plain_arm_with_as_many_samples() -> None:
    speeds = [
        Speed("plain", "plain", [100.0], 10, 1000, 50, 10, 0, 10.0, 1.0),
        Speed("chain", "plain", [85.0], 10, 850, 50, 20, 0, 10.0, 1.0),
        Speed("vote", "plain-majority-8", [1.0], 10, 10, 50, 20, 1, 10.0, 1.0, {"running": [4.0, 8.0]}),
    ]
    assert [ratio(one, speeds) for one in speeds] == [None, 0.85, None]
    lines = cells(speeds)
    assert {len(line) for line in lines} == {len(COLUMNS)}
    assert lines[1][:3] == ["chain", "85%", "85"] and "6 (max 8)" in lines[2]
    assert as_json(speeds)[1]["of_plain"] == 0.85 and as_json(speeds)[2]["seen"] == {"running": 6.0}


def order(server: Loopback, folder: Path, *names: str, seconds: float | None = None) -> Order:
    (folder / "gsm8k").mkdir(exist_ok=True)
    rows = [{"question": f"How much is {n} and {n}?", "answer": f"#### {2 * n}"} for n in range(1, 7)]
    (folder / "gsm8k/test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    role = {"model": "hosted_vllm/test-model", "base_url": server.base_url}
    settings = Settings.model_validate({"roles": {"fast": role}, "engine": {"verify": False}})
    found = chosen("small", names, folder, split="test", limit=None)
    return Order(settings, found, [], "test", 3, folder / "out", seconds=seconds)


async def test_all_arms_are_asked_the_same_questions_in_turns(tmp_path: Path) -> None:
    async with Loopback(lambda request: Reply("1. look\nAnswer: 4", delay_s=0.01)) as server:
        speeds = await race(order(server, tmp_path, "gsm8k"), lambda line: None)
    assert [one.arm for one in speeds] == ["plain", "chain", "plain-majority-8", "vote"]
    for one in speeds:
        assert one.questions == 12 and len(one.rates) == 2 and not one.failed
        assert one.tokens_per_s == one.written / one.seconds > 0
    assert speeds[2].written == 8 * speeds[0].written
    told = json.loads((tmp_path / "out/throughput.json").read_text())
    assert told["speeds"][1]["of_plain"] == pytest.approx(speeds[1].tokens_per_s / speeds[0].tokens_per_s)
    assert "| chain |" in (tmp_path / "out/throughput.md").read_text()


async def test_it_ends_when_the_time_is_over_and_needs_closed_questions(tmp_path: Path) -> None:
    told: list[str] = []
    async with Loopback(lambda request: Reply("Answer: 4", delay_s=20.0)) as server:
        assert await race(order(server, tmp_path, "gsm8k", seconds=0.5), told.append) == []
        with pytest.raises(SetupError, match="--sets gsm8k"):
            await race(order(server, tmp_path, "six"), told.append)
    assert told == ["throughput: the time is over."]
