"""Runs one piece of work to its result: opens the reasoner, feeds the view, obeys Ctrl-C and SIGTERM."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from agot.cli import compose, owed
from agot.errors import Interrupted
from agot.ids import ROOT

T = TypeVar("T")

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from types import FrameType

    from agot.cli.view import View
    from agot.events import AnyEvent, Verified
    from agot.reasoner import Reasoner
    from agot.settings import Settings
    from agot.thought import Verdict
    from agot.tools.tool import Approve

    Sink = Callable[[AnyEvent], None]
    Work = Callable[[Reasoner, Sink], Awaitable[T]]

HARD_WITHIN_S = 2.0
GIVE_UP_AFTER_S = 3.0
"""A hard stop that is not through by then ends the process: a call may sit in a library that cannot be cancelled."""

INTERRUPTED_EXIT = 130


class Interruptible(Protocol):
    """Work that a person may stop: a reasoner, or a conversation."""

    def interrupt(self) -> object:
        """Stop gently, with the best that there is."""


class StoppedAtOnce(Interrupted):
    """A run was stopped hard.

    Attributes:
        run_id: The run, or None if it had not begun.
        best: The best answer that there was.
    """

    def __init__(self, message: str, run_id: str | None, best: Best) -> None:
        self.run_id, self.best = run_id, best
        super().__init__(message)


class Best:
    """The best answer to the question so far, by what checks and judges said of each."""

    def __init__(self) -> None:
        self._told: dict[str, list[Verdict]] = {}

    def take(self, event: Verified) -> None:
        """Take what was said of an answer to the question, or to a part of it."""
        if event.thought == ROOT and event.answer:
            self._told.setdefault(event.answer, []).append(event.verdict)

    def found(self) -> tuple[str, str, str]:
        """Return the answer, its word of trust and why; the answer is "" if there is none."""
        from agot.agents.trust import ORDER, trusted
        from agot.protocols import Assessed
        from agot.thought import Solution

        standings = {
            answer: trusted(Assessed(solution=Solution(answer=answer), verdicts=tuple(told)))
            for answer, told in self._told.items()
        }
        if not standings:
            return "", "unchecked", ""
        # Of equals the latest: what came after it was to be better.
        answer = max(reversed(standings), key=lambda one: ORDER.index(standings[one].trust))
        return answer, standings[answer].trust, standings[answer].reason


def drive(settings: Settings, work: Work[T], view: View, approve: Approve | None = None) -> T:
    """Return the outcome of `work`, which is given an open reasoner and a sink for events.

    Args:
        approve: Asks whether a tool with side effects may be called; None refuses such calls.

    Raises:
        AgotError: If the run could not begin, or was stopped hard (`Interrupted`).
        BrokenPipeError: If the reader of standard output went away.
    """
    return asyncio.run(_drive(settings, work, view, approve))


async def _drive(settings: Settings, work: Work[T], view: View, approve: Approve | None) -> T:
    task = asyncio.current_task()
    assert task is not None
    stop = Stop(task, view)
    view.on_closed_pipe = stop.hard
    stop.listen()
    try:
        async with view, compose.open_reasoner(settings, approve) as reasoner:
            stop.attach(reasoner)
            return await work(reasoner, stop.watch(view.take))
    except asyncio.CancelledError:
        if isinstance(view.fault, BrokenPipeError):
            raise view.fault from None
        if stop.is_hard:
            raise StoppedAtOnce(f"Stopped at once. {stop.kept()}", stop.run_id, stop.best) from None
        raise
    finally:
        stop.deafen()


class Stop:
    """What a person's signals do to a run: first a gentle stop, a second within 2 s a hard one.

    Attributes:
        run_id: The run, once it has begun.
        best: The best answer that there is.
        is_hard: It is being stopped at once.
        terminated: The stop was asked for by SIGTERM: whatever comes after the run is not to begin.
    """

    def __init__(self, task: asyncio.Task[Any], view: View) -> None:
        self._task, self._view = task, view
        self._loop = asyncio.get_running_loop()
        self._work: Interruptible | None = None
        self._asked_s: float | None = None
        self.run_id: str | None = None
        self.best = Best()
        self._before: dict[signal.Signals, signal._HANDLER] = {}
        self._last_resort: threading.Timer | None = None
        self.is_hard = self.terminated = False

    def listen(self) -> None:
        """Take over SIGINT and SIGTERM."""
        # Not loop.add_signal_handler: that would wait for a loop which is busy importing or computing.
        for number in (signal.SIGINT, signal.SIGTERM):
            self._before[number] = signal.signal(number, self._on_signal)

    def deafen(self) -> None:
        """Give the signals back. A last resort stays armed: threads that still compute would hold up the exit."""
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def calm(self) -> None:
        """Call off the last resort: the hard stop got through, and the process goes on."""
        if self._last_resort is not None:
            self._last_resort.cancel()

    def attach(self, work: Interruptible) -> None:
        """Say what is to be stopped.

        Raises:
            Interrupted: If somebody asked to stop before there was one.
        """
        self._work = work
        if self._asked_s is not None:
            raise Interrupted("Stopped before the run began.")

    def watch(self, sink: Sink) -> Sink:
        """Return a sink that also passes on a stop that came before the run could be told."""

        def watching(event: AnyEvent) -> None:
            sink(event)
            if event.kind == "run_started":
                self.run_id = event.run_id
                if self._asked_s is not None:
                    self._loop.call_soon(self._interrupt)
            elif event.kind == "verified":
                self.best.take(event)

        return watching

    def kept(self) -> str:
        """Return what there is, and where the work so far can be picked up again."""
        if not self.run_id:
            return "Nothing had begun."
        answer, trust, why = self.best.found()
        told = f"The best that there was: {answer} ({trust}: {why}). " if answer else ""
        return f"{told}Continue: agot resume {self.run_id}"

    def hard(self) -> None:
        """Cancel the run; end the process if that does not get through."""
        if self.is_hard:
            return
        self.is_hard = True
        self._last_resort = threading.Timer(GIVE_UP_AFTER_S, self._exit)
        self._last_resort.daemon = True
        self._last_resort.start()
        self._loop.call_soon_threadsafe(self._task.cancel)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        now_s = time.monotonic()
        self.terminated = self.terminated or number == signal.SIGTERM
        if self.is_hard:
            self._exit()
        if number == signal.SIGINT and self._asked_s is not None and now_s - self._asked_s <= HARD_WITHIN_S:
            self.hard()
            return
        self._asked_s = now_s
        self._loop.call_soon_threadsafe(self._gently)

    def _gently(self) -> None:
        self._view.stopping()
        self._interrupt()

    def _interrupt(self) -> None:
        if self._work is not None:
            self._work.interrupt()

    def _exit(self) -> None:
        with suppress(Exception):
            from agot.cli.paint import steerless

            self._view.abandon()
            owed.pay(f"Stopped at once. {self.kept()}", run_id=self.run_id, best=self.best.found())
            sys.stderr.write(f"\nagot: stopped at once. {steerless(self.kept())}\n")
            sys.stderr.flush()
        os._exit(INTERRUPTED_EXIT)
