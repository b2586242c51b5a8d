"""The runs at work in this process: how many at once, how many may wait, and how each is stopped.

A run is stored before it waits for its turn, so that its id is known at once and a server that is killed loses none.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

from agot.budget import Budget
from agot.events import AnyEvent, ApprovalAsked, RunStarted
from agot.ids import RunId
from agot.reasoner import Reasoner
from agot.settings import Effort
from agot.thought import Result
from agot.web.approvals import ATTENDANCE, Attendance
from agot.web.faults import HttpFault, busy

T = TypeVar("T")

Listener = Callable[[AnyEvent], None]

RETRY_AFTER_S = 5
"""What a client is told to wait where all places are taken; runs take seconds to minutes."""


@dataclass(eq=False, slots=True)
class Job:
    """One run that waits or works here.

    Attributes:
        last_seq: Number of the latest event.
        begun: It has told its first event.
    """

    run_id: RunId
    attendance: Attendance
    listener: Listener | None = None
    stream_text: bool = False
    budget: Budget | None = None
    again: bool = False
    last_seq: int = 0
    begun: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[Result] | None = None

    def take(self, event: AnyEvent) -> None:
        """Read an event of the run."""
        self.last_seq = max(self.last_seq, event.seq)
        if isinstance(event, RunStarted):
            self.begun.set()
        elif isinstance(event, ApprovalAsked):
            self.attendance.take(event)
        if self.listener is not None:
            self.listener(event)

    async def result(self) -> Result:
        """Wait for the end.

        Raises:
            AgotError: If the run could not begin.
            HttpFault: 503, if it was stopped before it began.
        """
        assert self.task is not None
        try:
            # Who waits may go; the run stays.
            return await asyncio.shield(self.task)
        except asyncio.CancelledError:
            if self.task.cancelled():
                raise HttpFault(
                    503, f"The run {self.run_id} was stopped. It can be resumed.", code="interrupted"
                ) from None
            raise


class Desk:
    """Starts, bounds and stops runs.

    Args:
        reasoner: Does the runs; its `approve` should be `agot.web.approvals.approve`.
        most_runs: Runs at work at once.
        most_waiting: Runs that may wait for their turn beyond those.
    """

    def __init__(self, reasoner: Reasoner, *, most_runs: int, most_waiting: int) -> None:
        self.reasoner = reasoner
        self._most = most_runs + most_waiting
        self._turns = asyncio.Semaphore(most_runs)
        self._jobs: dict[RunId, Job] = {}
        self._coming = 0
        self._others: set[asyncio.Task[Any]] = set()
        self.closing = asyncio.Event()

    @property
    def free(self) -> bool:
        """Another run would be taken."""
        taken = len(self._jobs) + len(self._others) + self._coming
        return taken < self._most and not self.closing.is_set()

    def job(self, run_id: str) -> Job | None:
        """Return the run if it waits or works here."""
        return self._jobs.get(RunId(run_id))

    async def start(
        self,
        question: str,
        *,
        strategy: str | None = None,
        budget: Budget | None = None,
        effort: Effort | None = None,
        seed: int | None = None,
        attended: bool = True,
        listener: Listener | None = None,
        stream_text: bool = False,
    ) -> Job:
        """Begin a new run; returns once it is stored.

        Args:
            attended: A person may be asked to approve tool calls.

        Raises:
            HttpFault: 429 if all places are taken, 503 if the server is stopping.
            SetupError, StoreError: As `Reasoner.begin` does.
        """
        self._admit()
        self._coming += 1
        try:
            run_id = await self.reasoner.begin(
                question, strategy=strategy, budget=budget, effort=effort, seed=seed
            )
        finally:
            self._coming -= 1
        return self._seated(Job(run_id, Attendance(attended), listener, stream_text, budget=budget))

    async def resume(self, run_id: RunId, *, budget: Budget | None = None, again: bool = False) -> Job:
        """Go on with a stored run; returns once it works, or has to wait for its turn.

        Raises:
            HttpFault: 409 if it is at work here, 429 if all places are taken, 503 if the server is stopping.
            SetupError, StoreError: As `Reasoner.resume` does.
        """
        if run_id in self._jobs:
            raise HttpFault(409, f"The run {run_id} is at work already.", code="running")
        self._admit()
        job = self._seated(Job(run_id, Attendance(attended=True), budget=budget, again=again))
        if not self._turns.locked():
            assert job.task is not None
            begun = asyncio.ensure_future(job.begun.wait())
            await asyncio.wait({begun, job.task}, return_when=asyncio.FIRST_COMPLETED)
            begun.cancel()
            if job.task.done() and not job.task.cancelled():
                job.task.result()
        return job

    def work_at(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Take a place for work that is no run; it is cancelled when the server stops.

        Raises:
            HttpFault: 429 if all places are taken, 503 if the server is stopping.
        """
        try:
            self._admit()
        except HttpFault:
            work.close()
            raise
        task = asyncio.create_task(work)
        self._others.add(task)
        task.add_done_callback(self._others.discard)
        return task

    def cancel(self, run_id: RunId) -> bool:
        """Stop a run and return whether it is here; what it reached is stored, and it can be resumed."""
        job = self._jobs.get(run_id)
        if job is None or job.task is None:
            return False
        if not self.reasoner.interrupt(run_id):
            # It waits for its turn, or is about to begin or done: no run stands there that could conclude.
            job.task.cancel()
        return True

    def close(self) -> None:
        """Take no more runs, and stop all; each of them can be resumed."""
        self.closing.set()
        for run_id in list(self._jobs):
            self.cancel(run_id)
        for task in self._others:
            task.cancel()

    async def ended(self, within_s: float) -> None:
        """Wait until all runs have ended."""
        tasks = {*(job.task for job in self._jobs.values() if job.task is not None), *self._others}
        if tasks:
            await asyncio.wait(tasks, timeout=within_s)

    def _admit(self) -> None:
        if self.closing.is_set():
            raise HttpFault(503, "The server is stopping.", code="stopping")
        if not self.free:
            raise busy(RETRY_AFTER_S, f"All {self._most} places for runs are taken.")

    def _seated(self, job: Job) -> Job:
        self._jobs[job.run_id] = job
        before = ATTENDANCE.set(job.attendance)
        try:
            job.task = asyncio.create_task(self._work(job), name=f"run {job.run_id}")
        finally:
            ATTENDANCE.reset(before)
        job.task.add_done_callback(lambda task: self._left(job, task))
        if self.closing.is_set():
            job.task.cancel()
        return job

    async def _work(self, job: Job) -> Result:
        async with self._turns:
            return await self.reasoner.resume(
                job.run_id, budget=job.budget, again=job.again, on_event=job.take, stream_text=job.stream_text
            )  # fmt: skip

    def _left(self, job: Job, task: asyncio.Task[Result]) -> None:
        self._jobs.pop(job.run_id, None)
        if not task.cancelled():
            # Taken out, so that nothing complains where nobody waited for it.
            task.exception()
