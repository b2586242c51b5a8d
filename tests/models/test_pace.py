"""Calls in flight at a server: its knee is found, a full server is relieved, and a good one is not slowed down."""

from __future__ import annotations

import asyncio

import pytest

from agot.errors import ModelRateLimited
from agot.models.gateway import Gateway
from agot.models.pace import Pace
from agot.protocols import Message, ModelRequest
from agot.settings import RoleSettings, Settings
from tests.servers.loopback import Loopback, Reply, failure


class Simulated:
    """A server in its own time, which is counted by calls: so many are worked at, at once, the rest wait in its queue."""

    def __init__(self, capacity: int) -> None:
        self.capacity, self.now_s = capacity, 0.0

    def clock(self) -> float:
        return self.now_s

    async def load(self, pace: Pace, calls: int) -> list[int]:
        """Send so many calls as the pace allows; return the limit after each that was answered."""
        working: list[asyncio.Future[None]] = []
        limits: list[int] = []

        async def call() -> None:
            async with pace.passing() as passage:
                done = asyncio.get_running_loop().create_future()
                working.append(done)
                await done
                passage.tokens = 100
            limits.append(pace.limit)

        tasks = [asyncio.create_task(call()) for _ in range(calls)]
        while not all(task.done() for task in tasks):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            # One second of work: the oldest in the queue, as many as are worked at.
            self.now_s += 1.0
            for done in working[: self.capacity]:
                done.set_result(None)
            del working[: self.capacity]
        await asyncio.gather(*tasks)
        return limits


@pytest.mark.parametrize("capacity", [2, 8, 24])
async def test_the_limit_comes_down_to_what_makes_the_server_faster(capacity: int) -> None:
    server = Simulated(capacity)
    pace = Pace(64, server.clock)
    limits = await server.load(pace, 4000)
    settled = sorted(limits[len(limits) // 2 :])
    usual = settled[len(settled) // 2]
    assert capacity * 0.7 <= usual <= capacity * 1.5 + 1


async def test_a_server_that_takes_all_calls_gets_all_calls() -> None:
    server = Simulated(64)
    limits = await server.load(Pace(64, server.clock), 4000)
    assert sum(limit == 64 for limit in limits) > 0.8 * len(limits)


async def test_a_server_that_grew_gets_more_calls_again() -> None:
    server = Simulated(4)
    pace = Pace(64, server.clock)
    await server.load(pace, 2000)
    assert pace.limit <= 8
    server.capacity = 32
    limits = await server.load(pace, 4000)
    assert max(limits) >= 24


async def test_calls_that_need_not_wait_change_nothing() -> None:
    server = Simulated(2)
    pace = Pace(8, server.clock)
    for _ in range(100):
        await server.load(pace, 8)
    assert pace.limit == 8


async def test_calls_that_are_refused_together_halve_the_limit_once() -> None:
    pace = Pace(16, Simulated(1).clock)
    begun = asyncio.Event()

    async def refused() -> None:
        async with pace.passing():
            await begun.wait()
            raise ModelRateLimited("queue full", status=429)

    tasks = [asyncio.create_task(refused()) for _ in range(16)]
    await asyncio.sleep(0)
    begun.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert pace.limit == 8


async def test_a_call_that_is_given_up_while_it_waits_or_begins_leaves_its_place() -> None:
    pace = Pace(1, Simulated(1).clock)
    first = pace.passing()
    await first.__aenter__()

    async def wait() -> None:
        async with pace.passing():
            pass

    given_up, let_in = asyncio.create_task(wait()), asyncio.create_task(wait())
    await asyncio.sleep(0)
    given_up.cancel()
    await first.__aexit__(None, None, None)
    # It has been let in, and is given up before it runs.
    let_in.cancel()
    await asyncio.gather(given_up, let_in, return_exceptions=True)
    async with asyncio.timeout(5), pace.passing():
        pass


async def test_a_full_server_behind_the_gateway_is_sent_fewer_calls() -> None:
    async with Loopback() as server:

        def reply(_request: object) -> Reply:
            return Reply("ok", delay_s=0.02) if server.in_flight <= 4 else failure(503, "queue full")

        server.reply = reply
        role = RoleSettings(model="hosted_vllm/x", base_url=server.base_url, concurrency=32)
        models = Gateway(Settings(roles={"fast": role}))
        request = ModelRequest(purpose="solve", messages=(Message(role="user", content="hello"),))

        async def ask() -> bool:
            try:
                await models.complete(request, timeout_s=30, on_text=None)
            except Exception:  # noqa: BLE001 - counted
                return False
            return True

        first = await asyncio.gather(*(ask() for _ in range(32)))
        server.max_in_flight = 0
        for _ in range(4):
            await asyncio.gather(*(ask() for _ in range(32)))
        server.max_in_flight = 0
        last = await asyncio.gather(*(ask() for _ in range(32)))
        await models.close()
    assert first.count(True) < 32 and last.count(True) >= 28
    assert server.max_in_flight <= 6
