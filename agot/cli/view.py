"""Who watches a run: the live screen, quiet lines, the event stream as JSON lines, or nobody.

A view only reads events. One that breaks is switched off and says so afterwards; the run goes on.
"""

from __future__ import annotations

import asyncio
import re
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from agot.cli.outcome import print_json
from agot.cli.tree import Tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from agot.events import AnyEvent


_STEERING = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


def told(text: str) -> None:
    """Tell a person something on standard error; nothing if there is nothing to tell."""
    if text:
        from agot.redaction import redacted_message

        text = _STEERING.sub("", redacted_message(text))
        with suppress(OSError):
            sys.stderr.write("".join(f"agot: {line}\n" for line in text.splitlines()))
            sys.stderr.flush()


class View:
    """Shows nothing; the parent of what shows something.

    Attributes:
        tree: What the run has come to so far.
        fault: What it was switched off for.
    """

    def __init__(self) -> None:
        self.tree = Tree()
        self.fault: Exception | None = None
        self.on_closed_pipe: Callable[[], None] = lambda: None
        self._held: list[AnyEvent] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        return

    def pause(self) -> None:
        """Keep off the terminal until `resume`, because somebody is asked something there."""
        self._held = []

    def resume(self) -> None:
        """Show what came meanwhile, and go on."""
        held, self._held = self._held or [], None
        for event in held:
            self.take(event)

    def take(self, event: AnyEvent) -> None:
        """Show one event; never raises, because a reader must not end a run."""
        if self._held is not None:
            self._held.append(event)
            return
        if self.fault is not None:
            return
        try:
            self.tree.apply(event)
            self.show(event)
        except BrokenPipeError as error:
            self.fault = error
            self.on_closed_pipe()
        except Exception as error:  # noqa: BLE001 - kept in `fault` and told after the run
            self.fault = error

    def show(self, event: AnyEvent) -> None:
        """Show one event."""

    def note(self, text: str) -> None:
        """Tell a person something while the run goes on."""
        told(text)

    def stopping(self) -> None:
        """A person asked to stop."""
        if self._held is not None:
            # The question stands at the beginning of this line.
            with suppress(OSError):
                sys.stderr.write("\n")
        told("stopping; answering from what is done so far. Ctrl-C again within 2 s stops at once.")

    def abandon(self) -> None:
        """Leave the terminal usable; the process ends right after."""


class Relay(View):
    """Passes everything on to the view at hand, where one reasoner answers several questions."""

    def __init__(self) -> None:
        super().__init__()
        self.current = View()

    def show(self, event: AnyEvent) -> None:
        self.current.take(event)

    def stopping(self) -> None:
        self.current.stopping()

    def abandon(self) -> None:
        self.current.abandon()


class JsonLines(View):
    """Prints each event as one JSON object. Streamed text is left out unless asked for: the calls hold it."""

    def __init__(self, *, verbose: bool) -> None:
        super().__init__()
        self._verbose = verbose

    def show(self, event: AnyEvent) -> None:
        if event.kind != "text_streamed" or self._verbose:
            print_json(event.model_dump(mode="json"), indent=None)


class Lines(View):
    """One quiet line on standard error for whatever a person would want to know."""

    def show(self, event: AnyEvent) -> None:
        text = self._line(event)
        if text:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()

    def _line(self, event: AnyEvent) -> str:
        from agot.cli.paint import one_line

        match event.kind:
            case "run_started":
                return f"run {event.run_id}: {one_line(event.model, 40)}"
            case "plan_proposed":
                return f"{event.graph}: planned {event.count} thoughts"
            case "thought_finished":
                said = (
                    f" -> {one_line(event.answer, 60)}" if event.answer else f" {one_line(event.reason, 60)}"
                )
                return f"{event.thought}: {event.status}{said}"
            case "thought_retried":
                return f"{event.thought}: trying again, {one_line(event.why, 60)}"
            case "call_retried":
                return f"{event.thought}: call repeated in {event.delay_s:.1f} s, {one_line(event.why, 60)}"
            case "limit_fired":
                return f"{event.thought}: {event.limit} limit, {event.used:g} of {event.allowed:g}; {event.effect}"
            case "notice":
                return f"{event.level}: {one_line(event.text, 200)}"
        return ""


class Warnings(Lines):
    """Only what degrades a run: for pipes, where nobody asked for progress."""

    def _line(self, event: AnyEvent) -> str:
        return super()._line(event) if event.kind == "notice" and event.level == "warning" else ""


class Ticker:
    """Calls a function at most ten times a second while something changed, and once a second anyway."""

    def __init__(self, draw: Callable[[], None], *, period_s: float = 0.1, idle_s: float = 1.0) -> None:
        self._draw, self._period_s, self._idle_s = draw, period_s, idle_s
        self._task: asyncio.Task[None] | None = None
        self.dirty = True

    def start(self) -> None:
        """Begin ticking on the running loop."""
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End ticking."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        drawn = 0.0
        while True:
            if self.dirty or time.monotonic() - drawn >= self._idle_s:
                self.dirty, drawn = False, time.monotonic()
                self._draw()
            await asyncio.sleep(self._period_s)
