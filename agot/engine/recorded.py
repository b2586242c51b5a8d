"""A run and all that it is made with: its row and attempt, events, meter, journal, and the way to its models.

Whoever calls models opens one of these, also for calls that are kept nowhere: nothing else puts these parts together, so that
every call is counted, bounded and told in the same way, and every run that is begun is concluded.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar

from agot.budget import Budget, Meter
from agot.engine.caller import Caller, CallRoom
from agot.errors import LeaseLost, StoreError
from agot.events import EventStream, Notice, RunFinished, Sink
from agot.ids import ROOT, RunId, ThoughtId
from agot.journal import Journal
from agot.protocols import Models
from agot.stores.database import SqlStore
from agot.thought import RunStatus, Usage

T = TypeVar("T")

_NO_LIMITS, _NOTHING = Budget(), Usage()


@dataclass(frozen=True, slots=True)
class Asked:
    """What is stored of a run before its first attempt.

    Attributes:
        settings_json: The settings it begins with, as a JSON object without secrets.
    """

    question: str
    model: str
    strategy: str
    seed: int = 0
    settings_json: str = "{}"


@dataclass(frozen=True, slots=True)
class Calls:
    """How the calls of a run are made; see `agot.engine.caller.CallRoom`."""

    models: Models
    retries: Callable[[str], int]
    seed: int = 0
    stream_text: bool = False
    logprobs: bool = True


@dataclass(slots=True)
class RecordedRun:
    """A run at work.

    Attributes:
        meter: What the run has used, calls of earlier attempts included.
        lost: Why nothing of it may be done here any more: another process has taken it over.
        on_lost: Told that, once.
    """

    id: RunId
    stream: EventStream
    journal: Journal
    calls: Calls | None = None
    meter: Meter = field(default_factory=lambda: Meter(Budget(), time.monotonic))
    lost: LeaseLost | None = None
    on_lost: Callable[[LeaseLost], None] | None = None
    _room: CallRoom | None = None

    @property
    def room(self) -> CallRoom:
        """What all callers of the run share.

        Raises:
            ValueError: If the run was opened without models.
        """
        if self._room is None:
            if self.calls is None:
                raise ValueError("this run was opened without models, so it can make no calls")
            calls = self.calls
            self._room = CallRoom(
                calls.models, self.journal, self.stream.emit, calls.retries, seed=calls.seed,
                stream_text=calls.stream_text, logprobs=calls.logprobs,
            )  # fmt: skip
        return self._room

    def caller(self, thought: ThoughtId = ROOT) -> Caller:
        """Return a thought's way to the models.

        Raises:
            ValueError: If the run was opened without models.
        """
        return Caller(self.room, self.meter, thought)

    def limit(self, budget: Budget, spent: Usage = _NOTHING) -> None:
        """Begin to count anew against these limits, from what earlier attempts sent in vain and from `spent`."""
        self.meter = Meter(budget, time.monotonic)
        begun = self.journal.begun()
        self.meter.charge(begun.model_copy(update={"replayed_calls": begun.calls}).plus(spent))

    def note(self, text: str) -> None:
        """Tell readers of the run something that they may want to know."""
        self.stream.emit(Notice(level="info", text=text))

    def conclude(
        self,
        status: RunStatus,
        answer: str,
        *,
        strategy: str = "",
        reason: str = "",
        error: str = "",
        limit: str = "",
    ) -> None:
        """Tell how the run ended, with all that it has used; it is stored as ended."""
        self.stream.emit(RunFinished(
            status=status, answer=answer, strategy=strategy, usage=self.meter.usage, reason=reason, error=error,
            limit=limit,
        ))  # fmt: skip

    def tell_of_store(self, fault: StoreError | None) -> None:
        """Tell readers that the run cannot be stored for now, or can again (None)."""
        self.stream.emit(_told_of_store(fault))
        if isinstance(fault, LeaseLost):
            self.lost = fault
            if self.on_lost is not None:
                self.on_lost(fault)


@asynccontextmanager
async def recorded_run(
    store: SqlStore,
    run_id: RunId,
    *,
    asked: Asked | None,
    calls: Calls | None = None,
    budget: Budget = _NO_LIMITS,
    sinks: Iterable[Sink] = (),
    clock: Callable[[], float] = time.time,
) -> AsyncIterator[RecordedRun]:
    """Hold a run for one attempt; when the block ends, what it told is written and others may resume it.

    Beginning it is never cut in two: if the task is cancelled meanwhile, that is felt at the first wait within the block.

    Args:
        asked: Begins the run; None for another attempt at one that is stored.
        budget: Its limits, which `RecordedRun.limit` may replace.
        sinks: Further readers of its events.
        clock: Seconds since the epoch.

    Raises:
        StoreError: If it cannot be begun or taken.
    """
    run: RecordedRun | None = None
    early: list[StoreError | None] = []

    def tell(fault: StoreError | None) -> None:
        if run is None:
            early.append(fault)
        else:
            run.tell_of_store(fault)

    attempt, last_seq = 1, 0
    if asked is not None:
        await _uncut(store.start_run(run_id, **asdict(asked), on_fault=tell))
    else:
        attempt, last_seq = await _uncut(store.begin_attempt(run_id, on_fault=tell))
    try:
        # Also a first attempt may find calls, unless it begins here: those that a branch took over from another run.
        earlier = [] if asked is not None else await store.load_calls(run_id)
        stream = EventStream(run_id, clock, after_seq=last_seq, attempt=attempt)
        for sink in (store.sink, *sinks):
            stream.add_sink(sink)
        journal = Journal(run_id, store, earlier, clock=clock)
        run = RecordedRun(run_id, stream, journal, calls)
        run.limit(budget)
        for fault in early:
            run.tell_of_store(fault)
        yield run
    finally:
        await store.end_attempt(run_id)


def unrecorded_run(
    calls: Calls,
    *,
    budget: Budget = _NO_LIMITS,
    sinks: Iterable[Sink] = (),
    clock: Callable[[], float] = time.time,
) -> RecordedRun:
    """Return a run that is kept nowhere: its calls are counted, bounded and told all the same."""
    run_id = RunId("")
    stream = EventStream(run_id, clock)
    for sink in sinks:
        stream.add_sink(sink)
    run = RecordedRun(run_id, stream, Journal(run_id, None, clock=clock), calls)
    run.limit(budget)
    return run


async def _uncut(work: Coroutine[Any, Any, T]) -> T:
    """Do work to its end; whoever cancels this task meanwhile stops it at its next wait."""
    doing, cancelled = asyncio.create_task(work), False
    while not doing.done():
        try:
            await asyncio.wait({doing})
        except asyncio.CancelledError:
            cancelled = True
    if cancelled and (task := asyncio.current_task()) is not None:
        task.uncancel()
        task.cancel()
    return doing.result()


def _told_of_store(fault: StoreError | None) -> Notice:
    """Return what readers of a run are told when the database changes."""
    if fault is None:
        return Notice(level="info", text="The database can be written again; what had waited is saved.")
    if isinstance(fault, LeaseLost):
        return Notice(level="warning", text=str(fault))
    return Notice(level="warning", text=(
        f"This run is not saved for now: {fault} It goes on and is saved as soon as that works; until then no tool with "
        "side effects is called, and if the process ends first, what it did since is lost."
    ))  # fmt: skip
