"""The runs at work in this process: how many at once, how many may wait, and how each is stopped.

A run is stored before it waits for its turn, so that its id is known at once and a server that is killed loses none.
Where several servers act as one, each run is also known to the others, and the bounds hold for all workers together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from agot.budget import Budget
from agot.errors import AgotError
from agot.events import AnyEvent, ApprovalAsked, RunStarted
from agot.ids import RunId
from agot.reasoner import Reasoner
from agot.settings import Effort
from agot.stores import serving
from agot.stores.database import SqlStore
from agot.stores.serving import Asked, Decision, Served, Terms
from agot.thought import Result
from agot.web.approvals import ATTENDANCE, Attendance
from agot.web.counts import Ledger, Turns, count
from agot.web.faults import HttpFault, busy
from agot.web.group import Group, find_served

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
        settled: It has begun, or has to wait for its turn.
        stopped: Somebody asked for its end.
        left: Other servers know that it is here no longer.
    """

    run_id: RunId
    attendance: Attendance
    terms: Terms
    listener: Listener | None = None
    stream_text: bool = False
    budget: Budget | None = None
    last_seq: int = 0
    begun: bool = False
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    stopped: bool = False
    left: bool = False
    task: asyncio.Task[Result] | None = None

    def take(self, event: AnyEvent) -> None:
        """Read an event of the run."""
        self.last_seq = max(self.last_seq, event.seq)
        if isinstance(event, RunStarted):
            self.begun = True
            self.settled.set()
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
        store: That of the reasoner.
        most_runs: Runs at work at once.
        most_waiting: Runs that may wait for their turn beyond those.
        group: The servers that act as one with this one; None for none.
        ledger: Where the workers of this server count together; None if there is only this one.
    """

    def __init__(
        self,
        reasoner: Reasoner,
        store: SqlStore,
        *,
        most_runs: int,
        most_waiting: int,
        group: Group | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        self.reasoner, self.group = reasoner, group
        self._store = store
        self._places = count(most_runs + most_waiting, "runs", ledger)
        self._turns = Turns(count(most_runs, "turns", ledger))
        self._jobs: dict[RunId, Job] = {}
        self._others: set[asyncio.Task[Any]] = set()
        self._farewells: set[asyncio.Task[None]] = set()
        self._to_others = False
        self.parting = asyncio.Event()
        self.closing = asyncio.Event()

    @property
    def free(self) -> bool:
        """Another run would be taken."""
        return self._places.room and not self.closing.is_set()

    @property
    def quiet(self) -> bool:
        """Nothing waits or works here."""
        return not self._jobs and not self._others

    @property
    def served(self) -> Collection[RunId]:
        """The runs that wait or work here."""
        return self._jobs.keys()

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
        kept: bool = False,
        listener: Listener | None = None,
        stream_text: bool = False,
    ) -> Job:
        """Begin a new run; returns once it is stored.

        Args:
            attended: A person may be asked to approve tool calls.
            kept: Nobody's connection waits for it: if this server ends, another goes on with it.

        Raises:
            HttpFault: 429 if all places are taken, 503 if the server is stopping.
            SetupError, StoreError: As `Reasoner.begin` does.
        """
        self._admit()
        try:
            run_id = await self.reasoner.begin(
                question, strategy=strategy, budget=budget, effort=effort, seed=seed
            )
            terms = Terms(kept, attended)
            await self._enter(run_id, terms)
        except BaseException:
            self._places.free()
            raise
        return self._seated(Job(run_id, self._attendance(run_id, attended), terms, listener, stream_text, budget))

    async def resume(self, run_id: RunId, *, budget: Budget | None = None, again: bool = False) -> Job:
        """Go on with a stored run; returns once it works, or has to wait for its turn.

        Raises:
            HttpFault: 409 if it is at work here, 429 if all places are taken, 503 if the server is stopping.
            SetupError, StoreError: As `Reasoner.resume` does.
        """
        if run_id in self._jobs:
            raise HttpFault(409, f"The run {run_id} is at work already.", code="running")
        self._admit()
        terms = Terms(True, True, again, "" if budget is None else budget.model_dump_json())
        try:
            await self._enter(run_id, terms)
        except BaseException:
            self._places.free()
            raise
        job = self._seated(Job(run_id, self._attendance(run_id, True), terms, budget=budget))
        assert job.task is not None
        settled = asyncio.ensure_future(job.settled.wait())
        await asyncio.wait({settled, job.task}, return_when=asyncio.FIRST_COMPLETED)
        settled.cancel()
        if job.task.done() and not job.task.cancelled():
            job.task.result()
        return job

    async def take_up(self, run: Served) -> bool:
        """Go on with a run whose server has ended, unless another does; return False if there is no room."""
        assert self.group is not None
        if self.parting.is_set() or not self._places.take():
            return False
        claimed = False
        try:
            claimed = run.run_id not in self._jobs and await self.group.claim(run)
        finally:
            if not claimed:
                self._places.free()
        if claimed:
            terms = run.terms
            budget = Budget.model_validate_json(terms.budget) if terms.budget else None
            attendance = self._attendance(run.run_id, terms.attended)
            self._seated(Job(run.run_id, attendance, terms, budget=budget))
        return True

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
        task.add_done_callback(self._done)
        return task

    async def elsewhere(self, run_id: RunId) -> Served | None:
        """Return the run if another server has it, or one of this group will take it up."""
        return (await self.those_elsewhere([run_id])).get(run_id)

    async def those_elsewhere(self, names: Collection[str]) -> dict[str, Served]:
        """Return those of some runs that other servers have, or will take up, by id."""
        others = [name for name in names if name not in self._jobs]
        if not others:
            return {}
        served = await find_served(self._store, others)
        return {
            name: run for name, run in served.items()
            if run.live or (self.group is not None and self.group.goes_on_with(run))
        }  # fmt: skip

    # -- what clients say of runs -------------------------------------------------------------------

    def cancel(self, run_id: RunId) -> bool:
        """Stop a run and return whether it is here; what it reached is stored, and it can be resumed."""
        job = self._jobs.get(run_id)
        if job is None or job.task is None:
            return False
        if not job.stopped:
            job.stopped = True
            self._stop(job)
        return True

    async def cancel_anywhere(self, run_id: RunId) -> bool:
        """Stop a run, or have the server stop it that has it; return whether one has it."""
        if self.cancel(run_id):
            return True
        if await self.elsewhere(run_id) is None:
            return False
        await self._store.change(partial(serving.ask_cancel, run_id=run_id))
        return True

    async def waiting_approvals(self, run_id: RunId) -> list[Asked]:
        """Return the tool calls of a run that wait for a person's word, at whichever server."""
        job = self._jobs.get(run_id)
        if job is not None and self.group is None:
            return [one.asked for one in job.attendance.waiting.values()]
        if job is None and await self.elsewhere(run_id) is None:
            return []
        return await self._store.view(partial(serving.waiting_approvals, run_id=run_id))

    async def decide_anywhere(self, run_id: RunId, call: str, decision: Decision) -> bool:
        """Answer for a call of a run, at whichever server, and return whether it was waiting."""
        job = self._jobs.get(run_id)
        if job is not None and self.group is None:
            return job.attendance.decide(call, decision)
        if job is None and await self.elsewhere(run_id) is None:
            return False
        # Of two who answer at two servers, the database hears one.
        heard = await self._store.change(
            partial(serving.decide, run_id=run_id, call=call, decision=decision)
        )
        if heard:
            self.decide(run_id, call, decision)
        return heard

    def decide(self, run_id: RunId, call: str, decision: Decision) -> bool:
        """Answer for a call of a run and return whether it was waiting here."""
        job = self._jobs.get(run_id)
        return job is not None and job.attendance.decide(call, decision)

    # -- the end -------------------------------------------------------------------------------------

    def leave(self) -> None:
        """Send watchers elsewhere, and leave runs that wait for their turn to others; what works goes on."""
        self._to_others = True
        self.parting.set()
        for job in self._jobs.values():
            if job.terms.kept and not job.begun and job.task is not None:
                job.task.cancel()

    def close(self, *, to_others: bool = False) -> None:
        """Take no more runs, and stop all; each of them can be resumed.

        Args:
            to_others: Other servers of the group go on with those that nobody's connection waits for.
        """
        self._to_others = self._to_others or to_others
        self.parting.set()
        self.closing.set()
        for job in list(self._jobs.values()):
            self._stop(job)
        for task in self._others:
            task.cancel()

    async def ended(self, within_s: float) -> None:
        """Wait until all runs have ended."""
        tasks = {*(job.task for job in self._jobs.values() if job.task is not None), *self._others}
        if tasks:
            await asyncio.wait(tasks, timeout=within_s)
            # What is done says so a moment later.
            await asyncio.sleep(0)
        if self._farewells:
            await asyncio.wait(set(self._farewells), timeout=within_s)

    # -- parts of the above ---------------------------------------------------------------------------

    def _admit(self) -> None:
        if self.closing.is_set():
            raise HttpFault(503, "The server is stopping.", code="stopping")
        if not self._places.take():
            raise busy(RETRY_AFTER_S, f"All {self._places.most} places for runs are taken.")

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._others.discard(task)
        self._places.free()

    async def _enter(self, run_id: RunId, terms: Terms) -> None:
        if self.group is not None:
            await self.group.enter(run_id, terms)

    def _attendance(self, run_id: RunId, attended: bool) -> Attendance:
        if self.group is None:
            return Attendance(attended)
        return Attendance(attended, partial(self.group.asking, run_id))

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

    def _stop(self, job: Job) -> None:
        if job.task is not None and not self.reasoner.interrupt(job.run_id):
            # It waits for its turn, or is about to begin or done: no run stands there that could conclude.
            job.task.cancel()

    async def _work(self, job: Job) -> Result:
        unfinished = True
        try:
            async with self._turns.turn(job.settled.set):
                result = await self.reasoner.resume(
                    job.run_id, budget=job.budget, again=job.terms.again, on_event=job.take,
                    stream_text=job.stream_text,
                )  # fmt: skip
            unfinished = result.status == "interrupted"
            return result
        except AgotError:
            unfinished = False
            raise
        finally:
            if job.terms.kept:
                # Before anybody is told of its end: who then resumes it elsewhere must not be refused.
                await self._leave(job, unfinished=unfinished)

    async def _leave(self, job: Job, *, unfinished: bool) -> None:
        job.left = True
        if self.group is not None:
            to_others = self._to_others and unfinished and job.terms.kept and not job.stopped
            await self.group.leave(job.run_id, to_others=to_others)

    def _left(self, job: Job, task: asyncio.Task[Result]) -> None:
        self._jobs.pop(job.run_id, None)
        self._places.free()
        if not job.left and self.group is not None:
            farewell = asyncio.create_task(self._leave(job, unfinished=True))
            self._farewells.add(farewell)
            farewell.add_done_callback(self._farewells.discard)
        if not task.cancelled():
            # Taken out, so that nothing complains where nobody waited for it.
            task.exception()
