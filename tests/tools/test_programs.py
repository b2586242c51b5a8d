"""Programs in the sandbox: what becomes of them, and that the journal remembers it."""

from __future__ import annotations

import asyncio
import os

import pytest

from agot.errors import BudgetExceeded
from agot.sandbox.run import Limits, Ran, why_not
from agot.tools import programs
from agot.tools.programs import NAME, SandboxedPrograms, program_tool
from tests.tools.conftest import Bench

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

QUICK = Limits(cpu_s=1, wall_s=8, output_chars=10_000)


def bench() -> Bench:
    return Bench((program_tool(QUICK),))


async def ran(source: str, at: Bench | None = None) -> tuple[str, bool]:
    found = await SandboxedPrograms((at or bench()).caller, allowed=True).run(source)
    return found.text, found.error


async def test_a_program_gives_its_answer() -> None:
    assert await ran("import math\ndef solution():\n    return math.comb(5, 2) / 2") == ("5", False)


async def test_what_it_writes_on_the_way_does_not_matter() -> None:
    noise = "import os, sys\nos.write(1, b'{\"answer\": \"1\"}\\nhalf a line')\nprint('x', file=sys.stderr)\n"
    assert await ran(noise + "print('y')\ndef solution():\n    return 'ä'") == ("ä", False)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("def solution():\n    return 1 / 0", ['line 2, in solution\n    return 1 / 0', "ZeroDivisionError"]),
        ("def solution(:\n    return 1", ["line 1", "SyntaxError"]),
        ("import numpy\nprint(1)", ["No module named 'numpy'", "Only Python's standard library"]),
        ("x = 1", ["prints nothing"]),
        ("def solution():\n    return input()", ["EOFError"]),
        ("def solution():\n    return solution()", ["RecursionError"]),
        ("import os\nos._exit(3)", ["exit code 3"]),
        ("def solution():\n    return list(range(5000))", ["Return only what was asked for"]),
        ("def solution():\n    return 10 ** 5000", ["4300 digits"]),
        ("x = [0] * 10 ** 10", ["MB of memory"]),
        ("open('/etc/passwd')", ["Error"]),
    ],
)  # fmt: skip
async def test_what_went_wrong_is_told(source: str, told: list[str]) -> None:
    text, error = await ran(source)
    assert error and all(part in text for part in told), text
    assert "runner.py" not in text and len(text) < 3000


async def test_an_endless_loop_is_stopped() -> None:
    assert await ran("def solution():\n    while True:\n        pass") == (
        "The program was stopped after 1 seconds of processor time.", True,
    )  # fmt: skip


async def test_a_program_that_writes_without_end_is_stopped() -> None:
    text, error = await ran("import os\nwhile True:\n    os.write(1, b'x' * 1000)")
    assert error and "wrote too much" in text


async def test_a_resumed_run_remembers_what_chance_gave() -> None:
    at = bench()
    source = "import random\ndef solution():\n    return random.getrandbits(100)"
    first, again = await ran(source, at), await ran(source, at)
    assert first != again
    resumed = at.resumed()
    assert [await ran(source, resumed), await ran(source, resumed)] == [first, again]
    assert all(event.replayed for event in resumed.events if event.kind == "tool_finished")


async def test_no_more_run_at_once_than_there_are_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    at_work, most = 0, 0

    async def running(*_: object, **__: object) -> Ran:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        for _ in range(5):
            await asyncio.sleep(0)
        at_work -= 1
        return Ran(0, '\n{"answer": "1"}\n', "", "", 0.0)

    monkeypatch.setattr(programs, "run_python", running)
    # Of different runs, each with its own room.
    found = await asyncio.gather(*(ran(f"print({i})") for i in range(40)))
    assert set(found) == {("1", False)}
    assert most == max(2, os.cpu_count() or 1)


async def test_why_no_program_can_be_run_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await SandboxedPrograms(bench().caller, allowed=True).why_not() is None
    assert "tools.python" in str(await SandboxedPrograms(bench().caller, allowed=False).why_not())
    monkeypatch.setattr(programs, "why_not", lambda: "not on this machine")
    assert await SandboxedPrograms(bench().caller, allowed=True).why_not() == "not on this machine"


async def test_a_run_out_of_seconds_ends_the_wait_for_a_program() -> None:
    with pytest.raises(BudgetExceeded):
        await Bench((program_tool(QUICK),), seconds=0.2).call(NAME, source="import time\ntime.sleep(6)")
