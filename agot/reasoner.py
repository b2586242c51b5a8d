"""The only composition root: wires settings, models, agents, verifiers, stores and engine, and runs questions."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakKeyDictionary

from agot.agents.judges import Judges
from agot.agents.strategies.registry import STRATEGIES, Strategy
from agot.agents.strategies.tool_rounds import NAME as TOOLS
from agot.budget import Budget, default_limited
from agot.crew import assembled, check_setup
from agot.engine.engine import Engine
from agot.engine.garbage import rare_collections
from agot.engine.recorded import Asked, Calls, RecordedRun, recorded_run
from agot.engine.run import Run
from agot.errors import StoreError
from agot.events import AnyEvent, Notice
from agot.ids import RunId, new_run_id
from agot.judging import RunKnowledge, keep_unable, known_of
from agot.learning import Learnt
from agot.memory.evidence import Evidence, leave, recalled_before
from agot.memory.memory import Memory
from agot.models.gate import Gates
from agot.models.gateway import Gateway
from agot.models.known import Known
from agot.protocols import Models, Verifier
from agot.question import checked_question
from agot.redaction import BLOT, redacted, shown_address, without_secret_arguments
from agot.settings import (
    Effort,
    RoleSettings,
    Settings,
    TelemetrySettings,
    default_database_url,
    load_settings,
    stripped,
)
from agot.spending import spending, total_of
from agot.stored import stored_result
from agot.stores.database import SqlStore
from agot.thought import Result, ThoughtStatus, Usage
from agot.tools.caller import ToolCaller, ToolRoom
from agot.tools.programs import NAME as PROGRAM
from agot.tools.programs import SandboxedPrograms, program_tool
from agot.tools.rounds import ToolRounds
from agot.tools.tool import Approve, Tool
from agot.toolshed import Toolshed

if TYPE_CHECKING:
    from langgraph.graph.state import CompiledStateGraph

    from agot.run_graph import RunState


@dataclass(frozen=True, slots=True)
class _Job:
    """One attempt at one run: what is asked, under which settings, and who listens."""

    run_id: RunId
    question: str
    settings: Settings
    models: Models
    on_event: Callable[[AnyEvent], None] | None
    stream_text: bool


class Reasoner:
    """Answers questions. Use it as an async context manager, or `close()` it.

    One reasoner runs any number of questions at once on one event loop.

    Args:
        settings: From file and environment if not given.
        models: Reaches models; litellm by default.
        store: Keeps runs; opened from the settings at the first run if not given, and closed with the
            reasoner. A store that is given stays open.
        strategies: Own strategies, each to be asked for by its name (the function's, with - for _); one with the name
            of another takes its place.
        tools: Own tools: functions, or what `agot.tool` made of them; those of the settings come on top.
        approve: Asks a person before a tool with side effects is called; without one such calls are refused.
        checks: Own verifiers, which run before the built-in ones; one with the name of a built-in check takes its place.
        clock: Returns seconds since the epoch.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        models: Models | None = None,
        store: SqlStore | None = None,
        strategies: Sequence[Strategy] = (),
        tools: Sequence[Tool | Callable[..., object]] = (),
        approve: Approve | None = None,
        checks: Sequence[Verifier] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings = settings if settings is not None else load_settings()
        # One for all, so that runs which began with other settings do not spoil the order at a server.
        self._gates, self._known = Gates(), Known()
        self._models: Models = (
            models if models is not None else Gateway(self.settings, gates=self._gates, known=self._known)
        )
        self._given_models = models is not None
        self._other_models: list[Models] = []
        self._store, self._own_store = store, store is None
        self._program = program_tool()
        self._tools, self._approve = Toolshed(self.settings.tools, tools), approve
        self._checks, self._strategies = tuple(checks), STRATEGIES.with_own(strategies)
        self._clock = clock
        self._opening: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()
        self._runs: set[Run] = set()
        self._asks: set[asyncio.Task[object]] = set()
        self._tellings: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Interrupt what is at work, write out what is pending, release connections and worker processes."""
        self.interrupt()
        others = [task for task in self._asks if task is not asyncio.current_task()]
        if others:
            await asyncio.wait(others)
        if self._tellings:
            await asyncio.wait(list(self._tellings))
        for models in (self._models, *self._other_models):
            await models.close()
        self._other_models.clear()
        await self._tools.close()
        if self._store is not None and self._own_store:
            await self._store.close()
            self._store = None

    @property
    def memory(self) -> Memory:
        """What is remembered, in the namespace of the settings."""
        return Memory(self._opened, namespace=self.settings.memory.namespace, clock=self._clock)

    @property
    def models(self) -> Models:
        """What reaches the models of the settings."""
        return self._models

    # -- asking ------------------------------------------------------------------------------------

    async def ask(
        self,
        question: str,
        *,
        strategy: str | None = None,
        budget: Budget | None = None,
        effort: Effort | None = None,
        seed: int | None = None,
        on_event: Callable[[AnyEvent], None] | None = None,
        stream_text: bool = False,
    ) -> Result:
        """Answer a question.

        Faults inside the run (models, budget, interruption) do not raise: the result's status says how
        it ended, and holds the best partial answer.

        Args:
            strategy: "auto", or a registered strategy for the whole question, without splitting it.
            budget: Limits of this run; those of the settings by default, and where there are none, those of the effort.
            effort: "fast" for one or two calls, "thorough" for as many as may help; the settings' by default.
            seed: Seed of all sampling; the settings' by default.
            on_event: Called on the event loop with every event; must not block.
            stream_text: Also emit the model's text as it arrives.

        Raises:
            SetupError: If the question, the strategy or a model's settings are unusable.
            StoreError: If the database cannot be opened.
        """
        settings = self._for_run(strategy, budget, effort, seed)
        job = _Job(
            new_run_id(self._clock()),
            checked_question(question),
            settings,
            self._models,
            on_event,
            stream_text,
        )
        store = await self._opened()
        check_setup(job.settings, job.models, self._checks, self._strategies)
        return await self._perform(job, store, begins=True)

    async def begin(
        self,
        question: str,
        *,
        strategy: str | None = None,
        budget: Budget | None = None,
        effort: Effort | None = None,
        seed: int | None = None,
    ) -> RunId:
        """Store a question as a run that nobody works at yet, and return its id; `resume` does it.

        Args:
            strategy, budget, effort, seed: As in `ask`.

        Raises:
            SetupError, StoreError: As `ask` does.
        """
        settings = self._for_run(strategy, budget, effort, seed)
        job = _Job(new_run_id(self._clock()), checked_question(question), settings, self._models, None, False)
        store = await self._opened()
        check_setup(job.settings, job.models, self._checks, self._strategies)
        await store.begin_run(job.run_id, **asdict(_asked(job)))
        return job.run_id

    async def resume(
        self,
        run_id: str,
        *,
        budget: Budget | None = None,
        roles: dict[str, RoleSettings] | None = None,
        again: bool = False,
        on_event: Callable[[AnyEvent], None] | None = None,
        stream_text: bool = False,
    ) -> Result:
        """Go on with a run that was killed, interrupted or stopped by a limit.

        The run is done again from the start with the settings it began with; calls that it paid for come
        from the journal. What they cost counts against the budget, seconds begin anew.

        Args:
            run_id: The run, or a unique beginning of its id.
            budget: New limits; those the run began with by default.
            roles: Other models from here on; those the run began with by default.
            again: Also do a run again that was answered; otherwise its stored answer is returned.

        Raises:
            StoreError: If there is no such run, or another process is running it.
        """
        store = await self._opened()
        row = await store.run(run_id)
        if row.status == "answered" and not again:
            return await stored_result(store, row)
        settings = Settings.model_validate_json(row.settings_json)
        if roles is not None:
            settings = settings.model_copy(update={"roles": roles})
        if budget is not None:
            settings = settings.model_copy(update={"budget": budget})
        job = _Job(row.run_id, row.question, settings, self._models_for(settings), on_event, stream_text)
        check_setup(job.settings, job.models, self._checks, self._strategies)
        return await self._perform(job, store)

    async def stream(
        self,
        question: str,
        *,
        strategy: str | None = None,
        budget: Budget | None = None,
        effort: Effort | None = None,
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
                effort=effort,
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

    def interrupt(self, run_id: str | None = None) -> bool:
        """Stop a run, or all at work; each returns its best partial answer with status `interrupted`.

        Call it on the event loop, for instance from a signal handler of the loop.

        Returns:
            Whether there was one to stop.
        """
        stopped = [run for run in self._runs if run_id is None or run.id == run_id]
        for run in stopped:
            run.interrupt()
        return bool(stopped)

    def as_langgraph(self) -> CompiledStateGraph[RunState, None, RunState, RunState]:
        """Return the whole run as a compiled langgraph graph: `question` in, `answer`, `status`, ... out.

        It can be a node of a langgraph program; events go to langgraph's custom stream.
        """
        from agot.run_graph import run_graph

        return run_graph(self)

    # -- one run -----------------------------------------------------------------------------------

    async def _perform(self, job: _Job, store: SqlStore, *, begins: bool = False) -> Result:
        """Make an attempt at a run; `begins` inserts it first."""
        run: Run | None = None
        asking = asyncio.current_task()
        if asking is not None:
            self._asks.add(asking)
        settings = job.settings
        calls = Calls(
            job.models, lambda role: settings.role(role).retries, seed=settings.seed, stream_text=job.stream_text,
            logprobs=settings.engine.logprobs,
        )  # fmt: skip
        try:
            async with recorded_run(
                store, job.run_id, asked=_asked(job) if begins else None, calls=calls,
                sinks=[] if job.on_event is None else [job.on_event], clock=self._clock,
            ) as recorded:  # fmt: skip
                tools = await self._tools.open() if self._wants_tools(job) else {}
                for note in self._tools.notes if tools else ():
                    recorded.stream.emit(Notice(level="warning", text=note))
                engine = settings.engine
                lessons = store.learnt(job.run_id) if engine.learn else None
                with spending() as measuring:
                    known = await known_of(
                        job.run_id, settings, job.models, store, lessons, told=recorded.note
                    )
                for lacking in job.models.lacks("fast") if isinstance(job.models, Gateway) else ():
                    recorded.note(lacking)
                judges = Judges(engine.judges, engine.judge_samples, lessons, engine.accept, known.worths)
                run = self._compose(job, recorded, lessons, judges, tools, known, total_of(measuring))
                run.engine.evidence = await self._evidence(job, recorded)
                self._runs.add(run)
                recorded.on_lost = run.lose
                if recorded.lost is not None:
                    run.lose(recorded.lost)
                with rare_collections():
                    result = await run.finish()
                await self._saved(run, judges, store, job)
            return result
        finally:
            if asking is not None:
                self._asks.discard(asking)
            if run is not None:
                self._runs.discard(run)
                self.tell(job.run_id, store)

    def tell(self, run_id: RunId, store: SqlStore) -> None:
        """Begin to tell a run that has ended to the collector of the settings, if there is one."""
        if self.settings.telemetry.endpoint is None:
            return
        telling = asyncio.create_task(self._tell(run_id, store, self.settings.telemetry))
        self._tellings.add(telling)
        telling.add_done_callback(self._tellings.discard)

    async def _tell(self, run_id: RunId, store: SqlStore, telemetry: TelemetrySettings) -> None:
        """Tell a finished run to the collector of the settings; a fault is logged and harms nothing."""
        from agot.stores.telemetry import push

        try:
            headers = {
                name: stripped(os.environ.get(value, "")) for name, value in telemetry.headers_env.items()
            }
            await push(
                await store.export(run_id),
                endpoint=telemetry.endpoint or "",
                headers=headers,
                timeout_s=telemetry.timeout_s,
            )
        except Exception as error:  # noqa: BLE001 - what is only told about a run must not end anything
            logging.getLogger("agot.telemetry").warning("%s", error)

    def _wants_tools(self, job: _Job) -> bool:
        strategy = job.settings.engine.strategy
        return strategy == TOOLS or (
            strategy == "auto" and (self._tools.chosen or TOOLS in (job.settings.engine.ladder or ()))
        )

    def _compose(
        self,
        job: _Job,
        recorded: RecordedRun,
        lessons: Learnt | None,
        judges: Judges,
        tools: dict[str, Tool],
        known: RunKnowledge,
        measuring: Usage,
    ) -> Run:
        settings = job.settings
        recorded.limit(_limited(settings, job.models, measuring), spent=measuring)
        stream, journal, meter, room = recorded.stream, recorded.journal, recorded.meter, recorded.room
        toolroom = ToolRoom(tools, journal, stream.emit, approve=self._approve)
        # A room of their own: the model is told of no such tool.
        programs = ToolRoom({PROGRAM: self._program}, journal, stream.emit)
        crew = assembled(
            settings, job.models, lessons, judges, self._checks, self._strategies, known,
            tools=(lambda thought: ToolRounds(ToolCaller(toolroom, meter, thought))) if tools else None,
            programs=lambda thought: SandboxedPrograms(
                ToolCaller(programs, meter, thought), allowed=settings.tools.python
            ),
        )  # fmt: skip
        engine = Engine(crew, room, meter, stream.emit)
        model = job.models.profile("fast").model
        prepare = job.models.preparation("fast") if isinstance(job.models, Gateway) else None
        return Run(job.run_id, job.question, settings, stream, meter, engine, model, prepare)

    async def _evidence(self, job: _Job, recorded: RecordedRun) -> Evidence | None:
        """Return what gives thoughts what is remembered; None if nothing is, or an earlier attempt went without."""
        settings, journal = job.settings.memory, recorded.journal
        memory = Memory(self._opened, namespace=settings.namespace, clock=self._clock)
        tools = journal.earlier("tool")
        without = (tools or journal.earlier("model")) and not recalled_before(tools)
        if not settings.recall or without or await memory.is_empty():
            return None
        return Evidence(memory, journal, recorded.stream.emit, passages=settings.passages)

    async def _saved(self, run: Run, judges: Judges, store: SqlStore, job: _Job) -> None:
        """Write out the run's events and lessons; an answer is not lost because its trace could not be kept."""
        if run.lost is not None:
            return
        try:
            if run.engine.unable:
                await keep_unable(job.models, store)
            # Side by side, so that they share one transaction.
            await asyncio.gather(run.engine.teach(), judges.teach(), store.flush(run.id))
            if run.engine.evidence is not None:
                await leave(
                    run.engine.evidence,
                    store,
                    run.id,
                    _concluded(run),
                    remember=job.settings.memory.remember,
                    model=run.model,
                )
        except StoreError as error:
            run.stream.emit(Notice(level="warning", text=f"The run is not saved completely yet: {error}"))

    # -- composition -------------------------------------------------------------------------------

    def _for_run(
        self, strategy: str | None, budget: Budget | None, effort: Effort | None, seed: int | None
    ) -> Settings:
        engine = self.settings.engine
        if effort is not None:
            engine = engine.model_copy(update={"effort": effort})
        if strategy is not None:
            engine = engine.model_copy(update={"strategy": strategy})
        return self.settings.model_copy(update={
            "engine": engine,
            "budget": budget if budget is not None else self.settings.budget,
            "seed": seed if seed is not None else self.settings.seed,
        })  # fmt: skip

    def _models_for(self, settings: Settings) -> Models:
        """Return what reaches the models of these settings; own models, if any were given, reach all."""
        if self._given_models or _public(settings) == _public(self.settings):
            return self._models
        models = Gateway(settings, gates=self._gates, known=self._known)
        self._other_models.append(models)
        return models

    async def _opened(self) -> SqlStore:
        async with self._opening.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
            if self._store is None:
                self._store = await SqlStore.open(self.settings.database_url or default_database_url())
            if not self._known.version:
                self._known.take(await self._store.all_facts())
            return self._store


def _concluded(run: Run) -> list[dict[str, Any]]:
    """Return the finished thoughts of a run."""
    graph = run.engine.graph.nx
    return [
        {"id": thought, **data}
        for thought, data in graph.nodes(data=True)
        if data["status"] is ThoughtStatus.DONE
    ]


def _public(settings: Settings) -> dict[str, dict[str, RoleSettings]]:
    """Return the roles and experts without what may hold secrets: `extra_body`, and logins and queries of addresses."""

    def public(role: RoleSettings) -> RoleSettings:
        return role.model_copy(update={
            "extra_body": {}, "base_url": shown_address(role.base_url) if role.base_url else None,
            "replicas": tuple(map(shown_address, role.replicas)),
        })  # fmt: skip

    return {
        field: {name: public(role) for name, role in models.items()}
        for field, models in (("roles", settings.roles), ("experts", settings.experts))
    }


def _asked(job: _Job) -> Asked:
    """Return what is stored of a run before its first attempt."""
    return Asked(
        job.question, job.models.profile("fast").model, job.settings.engine.strategy, job.settings.seed,
        _saved_settings(job.settings),
    )  # fmt: skip


def _limited(settings: Settings, models: Models, measuring: Usage) -> Budget:
    """Return the limits of a run; where nobody set any, those of its effort, and of the largest for a search that was named.

    Args:
        measuring: What measuring the run's judges took, once for all runs; limits that nobody set are for the question.
    """
    engine = settings.engine
    wide = (
        engine.strategy != "auto" or engine.ladder is not None or models.profile("fast").dialect == "compact"
    )
    limits = default_limited(settings.budget, "thorough" if wide else engine.effort)
    if limits == settings.budget or limits.calls is None or limits.tokens is None:
        return limits
    return limits.model_copy(update={
        "calls": limits.calls + measuring.calls, "tokens": limits.tokens + measuring.tokens,
    })  # fmt: skip


def _saved_settings(settings: Settings) -> str:
    servers = {
        name: server.model_copy(update={
            "env": dict.fromkeys(server.env, BLOT), "args": tuple(without_secret_arguments(server.args)),
            "url": shown_address(server.url) if server.url else None,
        })
        for name, server in settings.tools.mcp.items()
    }  # fmt: skip
    endpoint = settings.telemetry.endpoint
    saved = settings.model_copy(update={
        **_public(settings), "database_url": None, "tools": settings.tools.model_copy(update={"mcp": servers}),
        "telemetry": settings.telemetry.model_copy(update={"endpoint": shown_address(endpoint) if endpoint else None}),
    })  # fmt: skip
    return redacted(saved.model_dump_json())
