"""How many of something there may be, in one process and over several."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from agot.web.counts import Count, Ledger, SharedCount, Turns, count, new_ledger

ROOT = Path(__file__).parents[2]

TAKE = """
import sys
from agot.web.counts import Ledger, SharedCount
places = SharedCount(5, "runs", Ledger(int(sys.argv[1]), int(sys.argv[2])))
print(sum(places.take() for _ in range(4)), flush=True)
sys.stdin.read()
"""


def test_a_count_refuses_what_is_too_much_until_something_is_freed() -> None:
    places = Count(2)
    assert [places.take(), places.take(), places.take(), places.room] == [True, True, False, False]
    places.free()
    assert places.take()


def test_processes_take_no_more_together_than_one_may_and_the_dead_give_back_what_they_had() -> None:
    with new_ledger() as file:
        number = file.fileno()
        children = [
            subprocess.Popen(
                [sys.executable, "-c", TAKE, str(number), str(row)], pass_fds=(number,), cwd=ROOT, text=True,
                stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )
            for row in (0, 1)
        ]  # fmt: skip
        took = [int(child.stdout.readline()) for child in children if child.stdout is not None]
        parent = Ledger(number)
        assert sum(took) == parent.total("runs") == 5 and parent.total("watchers") == 0
        children[0].kill()
        children[0].communicate()
        parent.clear(0)
        assert parent.total("runs") == took[1]
        assert SharedCount(5, "runs", Ledger(number, 2)).take()
        children[1].communicate()


async def test_turns_are_had_in_the_order_of_asking() -> None:
    turns, order, waited = Turns(count(1, "turns", None)), [], []
    go = asyncio.Event()

    async def work(name: int) -> None:
        async with turns.turn(lambda: waited.append(name)):
            order.append(name)
            await go.wait()

    tasks = [asyncio.create_task(work(name)) for name in range(3)]
    await asyncio.sleep(0)
    tasks[1].cancel()
    go.set()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == [0, 2] and 0 not in waited and 2 in waited


async def test_a_turn_that_another_process_gives_back_is_found() -> None:
    with new_ledger() as file:
        here, there = (SharedCount(1, "turns", Ledger(file.fileno(), row)) for row in (0, 1))
        assert there.take()
        waits = asyncio.Event()

        async def work() -> str:
            async with Turns(here).turn(waits.set):
                return "done"

        task = asyncio.create_task(work())
        await waits.wait()
        assert not task.done()
        there.free()
        assert await asyncio.wait_for(task, 10) == "done"
        assert here.room
