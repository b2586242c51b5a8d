"""Programs that a model wrote to find an answer: run in the sandbox, journaled, bounded and told of like calls of tools.

A program is run anew nowhere on resume: what it gave is in the journal. A clock, chance, or a limit that fired on a busy
machine could let it end otherwise, and then the questions that follow from its end would be others than those paid for.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from agot.errors import ToolError
from agot.sandbox.run import Limits, Ran, run_python, why_not
from agot.thought import ProgramRun, ToolCall
from agot.tools import program_runner
from agot.tools.caller import ToolCaller
from agot.tools.tool import Tool

NAME = "program"

LIMITS = Limits(cpu_s=5.0, wall_s=10.0, output_chars=100_000)
"""Processor time is what counts: on a busy machine a good program may take long by the clock."""

_LONGEST_ERROR = 2_000
_LONGEST_WAIT_S = 3_600.0
_STOPPED = {
    "cpu": "The program was stopped after {0.cpu_s:g} seconds of processor time.",
    "wall": "The program was stopped after {0.wall_s:g} seconds.",
    "memory": "The program needed more than {0.memory_mb} MB of memory.",
    "output": "The program was stopped because it wrote too much.",
}
_slots: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


def program_tool(limits: Limits = LIMITS) -> Tool:
    """Return what runs one program and gives its answer; as many run at once, in all runs together, as there are cores."""

    async def invoke(arguments: Mapping[str, Any]) -> str:
        async with _slot():
            return await _answer(str(arguments["source"]), limits)

    return Tool(
        name=NAME, description="Run a Python program that a model wrote and return what it answers.",
        parameters={"type": "object", "properties": {"source": {"type": "string"}}, "required": ["source"]},
        # The sandbox ends what takes too long; this bounds the wait for a free core as well.
        invoke=invoke, timeout_s=_LONGEST_WAIT_S,
    )  # fmt: skip


class SandboxedPrograms:
    """Implements `agot.protocols.Programs` for one thought.

    Args:
        caller: Has `program_tool` and no other.
        allowed: The settings let programs be run.
    """

    def __init__(self, caller: ToolCaller, *, allowed: bool) -> None:
        self._caller, self._allowed = caller, allowed

    async def why_not(self) -> str | None:
        """Return why no program can be run here, or None if one can; found out by trying, once in a process."""
        if not self._allowed:
            return "tools.python is false in the settings"
        # It may take seconds.
        return await asyncio.to_thread(why_not)

    async def run(self, source: str) -> ProgramRun:
        """Return what a program answers, or what went wrong; from the journal if this run has run it before.

        Raises:
            BudgetExceeded: If the run's seconds are over.
        """
        outcome = await self._caller(ToolCall(name=NAME, arguments={"source": source}))
        return ProgramRun(text=outcome.text, error=outcome.error)


def _slot() -> asyncio.Semaphore:
    # Of all runs together: what is short is cores, and a program that waits for one may meet its limit on seconds.
    return _slots.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(max(2, os.cpu_count() or 1)))


async def _answer(source: str, limits: Limits) -> str:
    runner = Path(program_runner.__file__).read_text(encoding="utf-8")
    files = {"runner.py": runner, program_runner.PROGRAM: source}
    ran = await run_python("import runner\nrunner.report()\n", files=files, limits=limits)
    told = _report(ran)
    if told is None:
        raise ToolError(_end(ran, limits))
    answer = told.get("answer")
    if not isinstance(answer, str):
        raise ToolError(_ending(str(told.get("error", ""))))
    return answer


def _report(ran: Ran) -> dict[str, Any] | None:
    """Return what the runner wrote last, or None if the program did not let it."""
    lines = ran.stdout.splitlines()
    if ran.stopped or ran.returncode or not lines:
        return None
    try:
        told = json.loads(lines[-1])
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _end(ran: Ran, limits: Limits) -> str:
    if ran.stopped:
        return _STOPPED[ran.stopped].format(limits)
    return (
        _ending(ran.stderr) or f"The program ended with exit code {ran.returncode} before it gave an answer."
    )


def _ending(text: str) -> str:
    """Return the end of a fault's text, where it says what is wrong."""
    text = text.strip()
    return text if len(text) <= _LONGEST_ERROR else f"...{text[-_LONGEST_ERROR:]}"
