"""The only composition root: wires settings, models, agents, verifiers, stores and engine, and runs questions."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Self

from agot.agents.planner import Planner
from agot.agents.strategies.registry import STRATEGIES
from agot.agents.verifier import CHECKS, VerifierAgent
from agot.agents.workflow import Workflow, compile_workflow
from agot.budget import Budget, Meter
from agot.engine.caller import CallRoom
from agot.engine.engine import Crew, Engine
from agot.engine.garbage import rare_collections
from agot.engine.run import Run
from agot.errors import SetupError, StoreError
from agot.events import AnyEvent, EventStream, Notice, RunStarted
from agot.ids import RunId, new_run_id
from agot.journal import Journal
from agot.models.gateway import Gateway
from agot.protocols import CallRecord, Dialect, Models
from agot.question import checked_question
from agot.settings import Settings, default_database_url, load_settings
from agot.stores.database import SqlStore
from agot.thought import Result

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph

    from agot.run_graph import RunState

class Reasoner:
    """Answers questions. Use it as an async context manager, or `close()` it.

    One reasoner runs any number of questions at once on one event loop.

    Args:
        settings: From file and environment if not given.
        models: Reaches models; litellm by default.
        store: Keeps runs; opened from the settings at the first run if not given, and closed with the
            reasoner. A store that is given stays open.
        clock: Returns seconds since the epoch.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        models: Models | None = None,
        store: SqlStore | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings if settings is not None else load_settings()
        self._models: Models = models if models is not None else Gateway(self.settings)
        self._store, self._own_store = store, store is None
        self._clock = clock
        self._opening = asyncio.Lock()
        self._workflow: Workflow | None = None
        self._dialects: dict[str, Dialect] = {}
        self._runs: set[Run] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Write out what is pending, and release connections and worker processes."""
        await self._models.close()
        if self._store is not None and self._own_store:
            await self._store.close()
            self._store = None

    # -- asking ------------------------------------------------------------------------------------

    async def ask(
        self,
        question: str,
        *,
        strategy: str | None = None,
        budget: Budget | None = None,
        seed: int | None = None,
        on_event: Callable[[AnyEvent], None] | None = None,
        stream_text: bool = False,
    ) -> Result:
        """Answer a question.

        Faults inside the run (models, budget, interruption) do not raise: the result's status says how
        it ended, and holds the best partial answer.

        Args:
            strategy: "auto", or a registered strategy for the whole question, without splitting it.
            budget: Limits of this run; those of the settings by default.
            seed: Seed of all sampling; the settings' by default.
            on_event: Called on the event loop with every event; must not block.
            stream_text: Also emit the model's text as it arrives.

        Raises:
            SetupError: If the question, the strategy or a model's settings are unusable.
            StoreError: If the database cannot be opened.
        """
        question = checked_question(question)
        settings = self._for_run(strategy, budget, seed)
        store = await self._opened()
        run_id = new_run_id(self._clock())
        self._check_setup(settings)
        await store.begin_run(
            run_id, question=question, model=self._models.profile("fast").model, strategy=settings.engine.strategy,
            seed=settings.seed, settings_json=settings.model_dump_json(exclude={"roles"}),
        )  # fmt: skip
        return await self._perform(run_id, question, settings, store, on_event, stream_text)

    async def resume(
        self,
        run_id: str,
        *,
        budget: Budget | None = None,
        on_event: Callable[[AnyEvent], None] | None = None,
        stream_text: bool = False,
    ) -> Result:
        """Go on with a run that was killed, interrupted or stopped by a limit.

        The run is done again from the start; calls that it paid for come from the journal. What they cost
        counts against the budget, seconds begin anew.

        Args:
            run_id: The run, or a unique beginning of its id.
            budget: New limits; those the run began with by default.

        Raises:
            StoreError: If there is no such run, or another process is running it.
        """
        store = await self._opened()
        row = await store.run(run_id)
        saved = Settings.model_validate_json(row.settings_json)
        settings = saved.model_copy(
            update={"roles": self.settings.roles, "database_url": self.settings.database_url}
        )
        if budget is not None:
            settings = settings.model_copy(update={"budget": budget})
        self._check_setup(settings)
        return await self._perform(row.run_id, row.question, settings, store, on_event, stream_text)

    async def stream(
        self,
        question: str,
        *,
        strategy: str | None = None,
        budget: Budget | None = None,
        seed: int | None = None,
        stream_text: bool = True,
    ) -> AsyncIterator[AnyEvent]:
        """Answer a question, yielding every event; the last one is `RunFinished`.

        Leaving the iteration early cancels the run; it can be resumed.

        Raises:
            SetupError, StoreError: As `ask` does, at the first step.
        """
        queue: asyncio.Queue[AnyEvent | None] = asyncio.Queue()
        work = asyncio.create_task(
            self.ask(
                question,
                strategy=strategy,
                budget=budget,
                seed=seed,
                on_event=queue.put_nowait,
                stream_text=stream_text,
            )
        )
        work.add_done_callback(lambda _: queue.put_nowait(None))
        try:
            while (event := await queue.get()) is not None:
                yield event
            await work
        finally:
            if not work.done():
                work.cancel()
                await asyncio.gather(work, return_exceptions=True)

    def interrupt(self) -> None:
        """Stop all runs at work; each returns its best partial answer with status `interrupted`.

        Call it on the event loop, for instance from a signal handler of the loop.
        """
        for run in list(self._runs):
            run.interrupt()

    def as_langgraph(self) -> CompiledStateGraph[RunState, None, RunState, RunState]:
        """Return the whole run as a compiled langgraph graph: `question` in, `answer`, `status`, ... out.

        It can be a node of a langgraph program; events go to langgraph's custom stream.
        """
        from agot.run_graph import run_graph

        return run_graph(self)

    # -- one run -----------------------------------------------------------------------------------

    async def _perform(
        self,
        run_id: RunId,
        question: str,
        settings: Settings,
        store: SqlStore,
        on_event: Callable[[AnyEvent], None] | None,
        stream_text: bool,
    ) -> Result:
        run: Run | None = None

        def unsaved(text: str) -> None:
            if run is not None:
                run.stream.emit(Notice(level="warning", text=text))

        attempt, last_seq = await store.begin_attempt(run_id, on_fault=unsaved)
        try:
            earlier = await store.load_calls(run_id) if attempt > 1 else []
            run = self._start(
                run_id, question, settings, store, earlier, attempt, last_seq, on_event, stream_text
            )
            self._runs.add(run)
            with rare_collections():
                result = await run.finish()
            await self._saved(run, store)
            return result
        finally:
            if run is not None:
                self._runs.discard(run)
                run.stream.close()
            await store.end_attempt(run_id)

    def _start(
        self,
        run_id: RunId,
        question: str,
        settings: Settings,
        store: SqlStore,
        earlier: list[CallRecord],
        attempt: int,
        last_seq: int,
        on_event: Callable[[AnyEvent], None] | None,
        stream_text: bool,
    ) -> Run:
        stream = EventStream(run_id, self._clock, after_seq=last_seq, attempt=attempt)
        stream.add_sink(store.sink)
        if on_event is not None:
            stream.add_sink(on_event)
        meter = Meter(settings.budget, time.monotonic)
        journal = Journal(
            run_id, store, earlier, clock=self._clock,
            on_fault=lambda text: stream.emit(Notice(level="warning", text=text)),
        )  # fmt: skip
        room = CallRoom(
            self._models, journal, stream.emit, retries=lambda role: settings.role(role).retries, seed=settings.seed,
            stream_text=stream_text,
        )  # fmt: skip
        engine = Engine(self._crew(settings), room, meter, settings.engine, stream.emit)
        model = self._models.profile("fast").model
        stream.emit(RunStarted(
            question=question, model=model, strategy=settings.engine.strategy, seed=settings.seed,
            limits=settings.budget.model_dump(),
        ))  # fmt: skip
        return Run(run_id, question, stream, meter, engine, model)

    async def _saved(self, run: Run, store: SqlStore) -> None:
        """Write out the run's events; an answer is not lost because its trace could not be kept."""
        try:
            await store.flush(run.id)
        except StoreError as error:
            run.stream.emit(Notice(level="warning", text=f"The run could not be saved completely: {error}"))

    # -- composition -------------------------------------------------------------------------------

    def _for_run(self, strategy: str | None, budget: Budget | None, seed: int | None) -> Settings:
        engine = self.settings.engine
        if strategy is not None:
            engine = engine.model_copy(update={"strategy": strategy})
        return self.settings.model_copy(update={
            "engine": engine,
            "budget": budget if budget is not None else self.settings.budget,
            "seed": seed if seed is not None else self.settings.seed,
        })  # fmt: skip

    def _check_setup(self, settings: Settings) -> None:
        if settings.engine.strategy != "auto":
            STRATEGIES.get(settings.engine.strategy)
        unknown = [name for name in settings.engine.skip_checks if name not in CHECKS]
        if unknown:
            raise SetupError(f"There is no check {unknown[0]!r} to skip. There are: {', '.join(CHECKS)}.")
        for role in ("fast", "strong", "judge"):
            self._models.profile(role)

    async def _opened(self) -> SqlStore:
        async with self._opening:
            if self._store is None:
                self._store = await SqlStore.open(self.settings.database_url or default_database_url())
            return self._store

    def _crew(self, settings: Settings) -> Crew:
        if self._workflow is None:
            self._workflow = compile_workflow()
        fast, strong = settings.role("fast"), settings.role("strong")
        engine = settings.engine
        return Crew(
            dialect=self._dialect,
            planner=Planner(
                most_thoughts=engine.layer_width if engine.mode == "layered" else engine.max_plan_thoughts,
                retries=engine.plan_retries,
            ),
            verifier=VerifierAgent(check for name, check in CHECKS.items() if name not in engine.skip_checks),
            strategies=STRATEGIES,
            workflow=self._workflow,
            strong="strong" if strong != fast else "",
        )

    def _dialect(self, role: str) -> Dialect:
        name = self._models.profile(role).dialect
        if name not in self._dialects:
            self._dialects[name] = _dialect(name, self.settings)
        return self._dialects[name]


def _dialect(name: str, settings: Settings) -> Dialect:
    if name == "compact":
        from agot.agents.dialects.compact import CompactDialect

        return CompactDialect()
    from agot.agents.dialects.standard import StandardDialect
    from agot.models.structured import SchemaMemory

    engine = settings.engine
    most = engine.layer_width if engine.mode == "layered" else engine.max_plan_thoughts
    return StandardDialect(SchemaMemory(), most_thoughts=most)
