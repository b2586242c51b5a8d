"""One thought's way to the tools: journal first, then a person's approval where one is needed, then the call.

Like the caller of models, this is the one place where calls of tools become durable, bounded and
visible. A failure is text that the model reads.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from agot.budget import Meter
from agot.errors import BudgetExceeded, Interrupted, LeaseLost, NotRecorded, ToolError
from agot.events import AnyEvent, ToolFinished, ToolStarted
from agot.ids import ThoughtId
from agot.journal import Journal, Performed
from agot.redaction import redacted, redacted_message
from agot.thought import ToolCall, Usage
from agot.tools.approval import Approvals
from agot.tools.effects import Effect, Effects, Identity, identity
from agot.tools.references import faults, filled, needs
from agot.tools.rendering import cut, rendered
from agot.tools.tool import Approve, Tool, ToolOutcome, Watch
from agot.tools.wording import SHOWN_CHARS, denied, done_already, offer, question, said, shown, unfit

T = TypeVar("T")

_GRACE_S = 1.0
"""How long a call that was given up may take to tidy up before it is left behind."""

_PASSED_ON = (BudgetExceeded, Interrupted, LeaseLost)


@dataclass(slots=True)
class ToolRoom:
    """What all tool callers of one run share.

    Attributes:
        tools: By name.
        approve: Asks a person before a tool with side effects is called; None refuses such calls.
        monotonic: Seconds, for latencies.
    """

    tools: Mapping[str, Tool]
    journal: Journal
    emit: Callable[[AnyEvent], None]
    approve: Approve | None = None
    monotonic: Callable[[], float] = time.monotonic
    _made: dict[str, set[str]] = field(init=False)
    _slots: dict[str, asyncio.Semaphore] = field(default_factory=dict)
    _left_behind: set[asyncio.Task[Any]] = field(default_factory=set)
    approvals: Approvals = field(init=False)
    effects: Effects = field(init=False)

    def __post_init__(self) -> None:
        self.approvals = Approvals(self.approve, self.journal, self.emit)
        self.effects = Effects(self.tools, self.journal)
        # Calls of one moment may arrive in another order than before: what was made already counts first.
        self._made = {name: self.journal.keys("tool", name) for name in self.tools}

    def granted(self, tool: Tool, key: str) -> bool:
        """Count a call of the tool, once, and return whether the run may still make it."""
        made = self._made[tool.name]
        if key not in made and tool.calls is not None and len(made) >= tool.calls:
            return False
        made.add(key)
        return True

    def slot(self, tool: Tool) -> asyncio.Semaphore | None:
        """Return what a call of the tool holds while it works, or None if any number may work at once."""
        if tool.concurrency is None:
            return None
        return self._slots.setdefault(tool.name, asyncio.Semaphore(tool.concurrency))

    async def raced(self, work: Coroutine[Any, Any, T], timeout_s: float | None) -> asyncio.Task[T] | None:
        """Return the finished task of `work`, or None if it took too long. One that will not stop is left behind."""
        task = asyncio.ensure_future(work)
        self._left_behind.add(task)
        task.add_done_callback(self._forget)
        late = True
        try:
            await asyncio.wait({task}, timeout=timeout_s)
            late = not task.done()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task}, timeout=_GRACE_S)
        return None if late else task

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._left_behind.discard(task)
        if not task.cancelled():
            # Taken out, so that nothing complains that nobody did.
            task.exception()


class ToolCaller:
    """Calls tools for one thought.

    Args:
        meter: The thought's; its deadline bounds every call.
    """

    def __init__(self, room: ToolRoom, meter: Meter, thought: ThoughtId) -> None:
        self._room, self._meter, self.thought = room, meter, thought

    @property
    def tools(self) -> Mapping[str, Tool]:
        """The tools of the run, by name."""
        return self._room.tools

    def before(self) -> list[tuple[ToolCall, ToolOutcome]]:
        """Return the calls with side effects that earlier tries of the thought made, and what is to be said of them."""
        return [
            (call, outcome if outcome.error else ToolOutcome(text=done_already(outcome.text)))
            for call, outcome in self._room.effects.before(self.thought)
        ]

    async def __call__(self, call: ToolCall) -> ToolOutcome:
        """Make one call, or replay it if this run has made exactly this call before.

        A call with side effects that this run has made already, for whichever thought, is not made again: its result
        is given once more. If it failed, or nobody knows what came of it, a person is asked anew, whatever was said before.

        Returns:
            What the model reads; every fault of the tool, of its arguments or of the approval is text.

        Raises:
            BudgetExceeded: If the run's seconds are over.
            Interrupted: If the tool or the approver says that a person asked to stop.
            LeaseLost: If another process has taken the run over.
        """
        room = self._room
        tool = room.tools.get(call.name)
        try:
            request = self._request(call)
        except (TypeError, ValueError, RecursionError) as error:
            return self._refused(
                call, "", f"The arguments are not JSON: {error}. Send an object of plain values."
            )
        key = room.journal.key("tool", request)
        earlier = room.journal.replay(key)
        if earlier is not None and earlier.reply is not None:
            outcome = ToolOutcome.model_validate_json(earlier.reply)
            if tool is not None and tool.side_effects:
                room.approvals.recall(tool.name, key)
                room.effects.answered(self.thought, call, outcome)
            self._finished(call, key, outcome, earlier.latency_ms, replayed=True)
            return outcome
        if tool is None:
            return self._refused(call, key, f"There is no tool {call.name[:80]!r}. {offer(room.tools)}")
        refusal = unfit(tool, call.arguments)
        changed = ""
        if not refusal and tool.watch is not None:
            changed, refusal = await self._change(tool.watch)
        if refusal:
            return self._refused(call, key, refusal)
        if not tool.side_effects:
            if not room.granted(tool, key):
                return self._refused(call, key, _too_often(tool))
            if changed and (refusal := await self._unapproved(tool, call, key, None, changed)):
                return self._refused(call, key, refusal)
            return await self._performed(tool, call, key, request, again=False)
        same = identity(tool, call.arguments)
        # Of two that ask for the same at the same moment one waits for what comes of the other.
        async with self._held(room.effects.turn(same)):
            return await self._once(tool, call, key, request, same, changed)

    async def _unapproved(
        self, tool: Tool, call: ToolCall, key: str, known: Effect | None, changed: str
    ) -> str:
        """Ask a person; return "" if the call may be made, of a tool that changed as it is now, else why not."""
        refusal = await self._room.approvals.refusal(
            tool, question(tool, call, self.thought, known, changed), key,
            began_s=known.began_s if known is not None else None, within=self._within_run,
        )  # fmt: skip
        if changed and not refusal and tool.watch is not None:
            tool.watch.accept()
        return refusal

    async def _once(
        self, tool: Tool, call: ToolCall, key: str, request: str, same: Identity, changed: str
    ) -> ToolOutcome:
        """Make a call with side effects, unless it was made."""
        room = self._room
        known = room.effects.known.get(same)
        if known is not None and known.outcome is not None and known.succeeded and not tool.repeatable:
            outcome = ToolOutcome(text=done_already(known.outcome.text))
            self._finished(call, key, outcome, 0.0, replayed=True)
            return outcome
        if same in room.effects.denied:
            return self._refused(call, key, denied(tool))
        if not room.granted(tool, key):
            return self._refused(call, key, _too_often(tool))
        if refusal := await self._unapproved(tool, call, key, known, changed):
            if refusal == denied(tool):
                room.effects.denied.add(same)
            return self._refused(call, key, refusal)
        try:
            outcome = await self._performed(
                tool, call, key, request, again=known is not None,
                begun=lambda: room.effects.note(same, Effect()),
            )  # fmt: skip
        except NotRecorded as error:
            return self._refused(call, key, f"{tool.name!r} was not called: {error}")
        room.effects.note(same, Effect(outcome))
        room.effects.answered(self.thought, call, outcome)
        return outcome

    async def _change(self, watch: Watch) -> tuple[str, str]:
        """Return how a tool has changed, and why it cannot be called if that cannot be told."""
        try:
            return await self._within_run(watch.change()), ""
        except _PASSED_ON:
            raise
        except ToolError as error:
            return "", str(error)

    async def run_graph(self, calls: Sequence[ToolCall]) -> list[ToolOutcome]:
        """Make calls that may use each other's results, each as soon as those it refers to are done.

        A call that cannot be made (unknown reference, cycle, an id used twice), or whose reference failed,
        is answered with an error; the others are made.

        Returns:
            Outcomes in the order of the calls.

        Raises:
            BudgetExceeded, Interrupted: As one call does, after the others have ended.

        Source: Zhu et al. 2025, "Divide-Then-Aggregate", arXiv 2501.12432; Kim et al. 2023, "An LLM Compiler for
        Parallel Function Calling", arXiv 2312.04511.
        """
        wrong = faults(calls)
        by_id: dict[str, asyncio.Future[ToolOutcome]] = {}
        tasks: list[asyncio.Future[ToolOutcome]] = []
        for place, call in enumerate(calls):
            task = asyncio.ensure_future(self._in_turn(call, by_id, wrong.get(place, "")))
            tasks.append(task)
            if call.id:
                by_id.setdefault(call.id, task)
        return await _all(tasks)

    async def _in_turn(
        self, call: ToolCall, by_id: Mapping[str, asyncio.Future[ToolOutcome]], wrong: str
    ) -> ToolOutcome:
        if wrong:
            return self._refused(call, "", wrong)
        results: dict[str, str] = {}
        for name in sorted(needs(call)):
            # Shielded: who waits for a result must not end the call that makes it.
            outcome = await asyncio.shield(by_id[name])
            if outcome.error:
                return self._refused(
                    call, "", f"Not called, because call {name} failed: {outcome.text[:SHOWN_CHARS]}"
                )
            results[name] = outcome.text
        tool = self._room.tools.get(call.name)
        try:
            ready = filled(call, results, tool.parameters if tool else {})
        except (ToolError, RecursionError) as error:
            return self._refused(call, "", str(error))
        return await self(ready)

    def _request(self, call: ToolCall) -> str:
        return json.dumps(
            {"tool": call.name, "arguments": call.arguments, "thought": self.thought},
            sort_keys=True,
            allow_nan=False,
        )

    # -- the call ----------------------------------------------------------------------------------

    async def _performed(
        self, tool: Tool, call: ToolCall, key: str, request: str, *, again: bool,
        begun: Callable[[], None] = lambda: None,
    ) -> ToolOutcome:  # fmt: skip
        room = self._room
        done: list[tuple[ToolOutcome, float]] = []

        async def perform() -> Performed:
            begun()
            began = room.monotonic()
            room.emit(
                ToolStarted(thought=self.thought, call=key, tool=tool.name, arguments=shown(call.arguments))
            )
            outcome = await self._attempt(tool, call.arguments)
            latency_ms = (room.monotonic() - began) * 1000
            done.append((outcome, latency_ms))
            return Performed(outcome.model_dump_json(), Usage(), latency_ms=latency_ms)

        async with self._held(room.slot(tool)):
            self._check_time()
            await room.journal.perform(
                key, "tool", request, perform, thought=self.thought, purpose=tool.name,
                side_effects=tool.side_effects, again=again,
            )  # fmt: skip
        outcome, latency_ms = done[0]
        self._finished(call, key, outcome, latency_ms)
        return outcome

    async def _attempt(self, tool: Tool, arguments: Mapping[str, Any]) -> ToolOutcome:
        left_s = self._meter.seconds_left()
        task = await self._room.raced(_contained(tool, arguments), _least(tool.timeout_s, left_s))
        try:
            if task is not None and task.cancelled():
                raise ToolError("The tool cancelled itself.")
            if task is None:
                if left_s is not None and left_s <= tool.timeout_s:
                    raise await self._out_of_time()
                unknown = (
                    " It may have taken effect; find out before trying again." if tool.side_effects else ""
                )
                return ToolOutcome(
                    text=f"The tool gave no result within {tool.timeout_s:g} seconds.{unknown}", error=True
                )
            return ToolOutcome(text=cut(redacted(task.result()), tool.output_chars))
        except _PASSED_ON:
            raise
        except ToolError as error:
            return ToolOutcome(text=cut(str(error), tool.output_chars), error=True)
        except Exception as error:  # noqa: BLE001
            # Whatever a tool raises is recorded as its outcome, for the model to read.
            told = redacted_message(f"The tool failed: {said(error)}")
            return ToolOutcome(text=cut(told, tool.output_chars), error=True)

    # -- bounds and events -------------------------------------------------------------------------

    @contextlib.asynccontextmanager
    async def _held(self, lock: asyncio.Lock | asyncio.Semaphore | None) -> AsyncIterator[None]:
        """Hold a lock, if there is one; wait for it as long as the run may take."""
        if lock is None:
            yield
            return
        try:
            async with asyncio.timeout(self._meter.seconds_left()):
                await lock.acquire()
        except TimeoutError:
            raise await self._out_of_time() from None
        try:
            yield
        finally:
            lock.release()

    async def _within_run(self, work: Coroutine[Any, Any, T]) -> T:
        task = await self._room.raced(work, self._meter.seconds_left())
        if task is None:
            raise await self._out_of_time()
        if task.cancelled():
            raise ToolError("it cancelled itself")
        return task.result()

    def _check_time(self) -> None:
        left_s = self._meter.seconds_left()
        fired = self._meter.spent() if left_s is not None and left_s <= 0 else None
        if fired is not None:
            raise fired

    async def _out_of_time(self) -> BudgetExceeded:
        """Return the limit on seconds that ended a wait; timers may ring a moment early."""
        while (left_s := self._meter.seconds_left() or 0.0) > 0:
            await asyncio.sleep(left_s)
        fired = self._meter.spent()
        assert fired is not None
        return fired

    def _refused(self, call: ToolCall, key: str, why: str) -> ToolOutcome:
        outcome = ToolOutcome(text=why, error=True)
        self._finished(call, key, outcome, 0.0)
        return outcome

    def _finished(
        self, call: ToolCall, key: str, outcome: ToolOutcome, latency_ms: float, *, replayed: bool = False
    ) -> None:
        self._room.emit(ToolFinished(
            thought=self.thought, call=key, tool=call.name[:80], text=outcome.text[:SHOWN_CHARS], error=outcome.error,
            latency_ms=latency_ms, replayed=replayed,
        ))  # fmt: skip


async def _contained(tool: Tool, arguments: Mapping[str, Any]) -> str:
    loop = asyncio.get_running_loop()
    own = asyncio.current_task(loop)
    try:
        return rendered(await tool.invoke(arguments))
    except (Exception, asyncio.CancelledError):
        raise
    except BaseException as error:
        if asyncio.current_task(loop) is not own:
            # Whoever dropped this coroutine closes it.
            raise
        # In a task it would end the event loop.
        raise ToolError(f"The tool tried to end the program: {said(error)}") from None


def _too_often(tool: Tool) -> str:
    return (
        f"The tool {tool.name!r} was called {tool.calls} times, which is all one run may. Go on without it."
    )


async def _all(tasks: Iterable[asyncio.Future[ToolOutcome]]) -> list[ToolOutcome]:
    """Wait for all tasks, also when one fails; then raise the first failure."""
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in outcomes if isinstance(outcome, ToolOutcome)]


def _least(*seconds: float | None) -> float | None:
    return min((one for one in seconds if one is not None), default=None)
