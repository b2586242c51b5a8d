"""A conversation: each message is understood by what was said before, answered by a run, and kept."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from agot.budget import Budget
from agot.chat.material import Material, joined
from agot.chat.understanding import understood
from agot.chat.wording import is_small_talk, needs_what_was_said, refers_back, stands_alone
from agot.engine.recorded import Calls, RecordedRun, unrecorded_run
from agot.errors import AgotError, BudgetExceeded, ModelError, OutputError, SetupError, StoreError
from agot.events import AnyEvent
from agot.ids import RunId
from agot.models.gateway import Gateway
from agot.protocols import Models
from agot.question import LONGEST_QUESTION, checked_question
from agot.reasoner import Reasoner
from agot.settings import Settings, ToolSettings
from agot.stores.database import SqlStore
from agot.stores.sessions import StoredSession, StoredTurn
from agot.thought import Result, RunStatus, Usage
from agot.tools.tool import Approve

OnEvent = Callable[[AnyEvent], None]
Tell = Callable[[str], None]

AS_IT_STANDS = "The embedded model does not know what was said before; this is asked as it stands."
NOT_UNDERSTOOD = (
    "The embedded model does not know what was said before, and this leans on it. "
    "Say the whole question, or connect another model with /model."
)


def _ignore(event: AnyEvent) -> None:
    """Take an event and do nothing."""


def _silent(text: str) -> None:
    """Tell nobody."""


class Conversation:
    """Answers one message after the other. Use it as an async context manager, or `close()` it.

    Args:
        store: Keeps the conversation and its runs; stays open.
        settings: Of the runs from here on.
        session: An earlier conversation to go on with, with its `turns`; a new one is kept from the first message on.
        models: Reaches models; litellm by default.
        approve: Asks a person before a tool with side effects is called; without one such calls are refused.
        clock: Seconds since the epoch.

    Attributes:
        strategy: Forced for every message; None for that of the settings.
    """

    def __init__(
        self,
        store: SqlStore,
        settings: Settings,
        *,
        session: StoredSession | None = None,
        turns: Sequence[StoredTurn] = (),
        models: Models | None = None,
        approve: Approve | None = None,
        strategy: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.settings, self.session, self.strategy = settings, session, strategy
        self._store, self._sessions, self._turns = store, store.sessions(), list(turns)
        self._given, self._approve, self._clock = models, approve, clock
        self._reasoners: dict[bool, Reasoner] = {}
        self._gateway: Models | None = models
        self._understanding: asyncio.Task[str] | None = None
        self._stop_asked = False

    @classmethod
    async def resumed(
        cls, store: SqlStore, settings: Settings, prefix: str = "", *, models: Models | None = None,
        approve: Approve | None = None, strategy: str | None = None,
    ) -> Self:  # fmt: skip
        """Return a kept conversation: the one whose id begins with `prefix`, or with "" the last.

        Raises:
            StoreError: If there is none, or more than one.
        """
        session = await store.sessions().find(prefix)
        turns = await store.sessions().turns(session.session_id)
        return cls(
            store, settings, session=session, turns=turns, models=models, approve=approve, strategy=strategy
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Stop what is at work and release connections and worker processes."""
        for reasoner in self._reasoners.values():
            await reasoner.close()
        self._reasoners.clear()
        if self._gateway is not None and self._given is None:
            await self._gateway.close()
            self._gateway = None

    async def use(self, settings: Settings) -> None:
        """Answer with other settings from here on."""
        await self.close()
        self.settings = settings

    @property
    def turns(self) -> tuple[StoredTurn, ...]:
        """The turns so far, in order."""
        return tuple(self._turns)

    @property
    def unfinished(self) -> StoredTurn | None:
        """The last turn, if it did not come to its end and can be gone on with."""
        last = self._turns[-1] if self._turns else None
        return (
            last
            if last is not None and last.status in ("running", "interrupted", "budget", "failed")
            else None
        )

    @property
    def is_compact(self) -> bool:
        """Whether the model is one that cannot be told what was said before."""
        return self._models().profile("fast").dialect == "compact"

    def talks(self, message: str) -> bool:
        """Return whether a message is answered in one call, because there is nothing to verify in the reply."""
        return is_small_talk(message) and not self.is_compact

    # -- saying ------------------------------------------------------------------------------------

    async def say(
        self,
        message: str,
        material: Sequence[Material] = (),
        *,
        on_event: OnEvent = _ignore,
        tell: Tell = _silent,
    ) -> Result:
        """Answer a message.

        Faults of models and limits do not raise: the result's status says how the turn ended. Cancelling
        this ends the turn as interrupted; what it paid for is kept.

        Args:
            on_event: Called on the event loop with every event; must not block.
            tell: Told how the message was understood, and what a person should know of that.

        Raises:
            SetupError: If the message, its material, the strategy or a model's settings are unusable; nothing is kept then.
            StoreError: If the database cannot be used.
        """
        self._stop_asked = False
        message = checked_question(message)
        self._check_length(message, material)
        if self.session is None:
            self.session = await self._sessions.begin(message.splitlines()[0])
        text = joined(material)
        names = [one.name for one in material]
        turn = await self._sessions.say(self.session.session_id, message, material=text, material_names=names)
        self._turns.append(turn)
        try:
            return await self._performed(turn, on_event, tell)
        except SetupError:
            # Nothing began, so there is nothing to keep.
            await self.undo()
            raise

    async def go_on(self, *, on_event: OnEvent = _ignore, tell: Tell = _silent) -> Result:
        """Go on with the last turn, which was stopped, killed or ran into a limit; no call is paid for twice.

        Raises:
            SetupError: If the last turn is answered already, or there is none.
            StoreError: If another process is at work on it.
        """
        self._stop_asked = False
        turn = self.unfinished
        if turn is None:
            raise SetupError("Nothing is unfinished in this conversation.")
        return await self._performed(turn, on_event, tell)

    def interrupt(self) -> None:
        """Stop expanding; the turn at work ends with the best that there is so far. Call it on the event loop."""
        self._stop_asked = True
        if self._understanding is not None:
            self._understanding.cancel()
        for reasoner in self._reasoners.values():
            reasoner.interrupt()

    async def undo(self) -> StoredTurn | None:
        """Take the last turn away; None if there is none."""
        if self.session is None or not self._turns:
            return None
        gone = await self._sessions.undo(self.session.session_id)
        self._turns = await self._sessions.turns(self.session.session_id)
        return gone

    async def fork(self, at: int | None = None) -> StoredSession:
        """Go on in a new conversation that begins with the turns up to number `at`, by default all.

        Raises:
            SetupError: If nothing was said yet.
            StoreError: If there is no such turn.
        """
        if self.session is None:
            raise SetupError("Nothing was said yet, so there is nothing to fork.")
        self.session = await self._sessions.fork(self.session.session_id, at)
        self._turns = await self._sessions.turns(self.session.session_id)
        return self.session

    async def switch(self, prefix: str) -> StoredSession:
        """Go on with another conversation.

        Raises:
            StoreError: If there is none whose id begins so, or more than one.
        """
        found = await self._sessions.find(prefix)
        self._turns = await self._sessions.turns(found.session_id)
        self.session = found
        return found

    # -- one turn ----------------------------------------------------------------------------------

    async def _performed(self, turn: StoredTurn, on_event: OnEvent, tell: Tell) -> Result:
        """Bring a turn to its end and keep that."""
        spent = await self._spent(turn)
        try:
            result, spent = await self._answered(turn, spent, on_event, tell)
        except StoreError:
            # Another process may be at work on it, and it is not ours to say how the turn ended.
            raise
        except BaseException:
            await asyncio.shield(self._broken_off(turn, spent))
            raise
        try:
            await asyncio.shield(self._finish(
                turn, result.status, result.answer, result.reason, spent.plus(result.usage)
            ))  # fmt: skip
        except StoreError as error:
            # An answer is not lost because it could not be kept.
            tell(f"The turn could not be saved: {error}")
        return result

    async def _finish(
        self, turn: StoredTurn, status: RunStatus, answer: str, reason: str, usage: Usage
    ) -> None:
        assert self.session is not None
        session = self.session.session_id
        await self._sessions.finish(
            session, turn.number, status=status, answer=answer, reason=reason, usage=usage
        )
        self._turns = await self._sessions.turns(session)

    async def _broken_off(self, turn: StoredTurn, spent: Usage) -> None:
        """Keep that a turn was stopped at once, with what its run had cost by then."""
        assert self.session is not None
        with suppress(StoreError):
            kept = await self._sessions.turns(self.session.session_id)
            run_id = next((one.run_id for one in kept if one.number == turn.number), None)
            if run_id is not None:
                spent = spent.plus((await self._store.run(run_id)).usage)
            await self._finish(turn, "interrupted", "", "The turn was stopped at once.", spent)

    async def _spent(self, turn: StoredTurn) -> Usage:
        """Return what understanding the message of an earlier try cost."""
        if turn.run_id is None or turn.status == "running":
            return turn.usage
        with suppress(StoreError):
            run = (await self._store.run(turn.run_id)).usage
            return Usage(
                **{
                    name: max(0, getattr(turn.usage, name) - getattr(run, name))
                    for name in Usage.model_fields
                }
            )
        return Usage()

    async def _answered(
        self, turn: StoredTurn, spent: Usage, on_event: OnEvent, tell: Tell
    ) -> tuple[Result, Usage]:
        talk = self.talks(turn.said) and not turn.material
        reasoner = self._reasoner(verify=not talk)
        budget = _rest(self.settings.budget, spent.model_copy(update={"wall_s": 0.0}))
        if turn.run_id is not None:
            limits = budget if turn.status == "budget" else None
            return await reasoner.resume(
                turn.run_id, budget=limits, on_event=self._watched(turn, on_event), stream_text=True
            ), spent
        if self.is_compact and len(self._turns) > 1 and needs_what_was_said(turn.said):
            return self._ended(turn, "abstained", NOT_UNDERSTOOD), spent
        question = turn.question
        if not turn.understood and not talk and len(self._turns) > 1:
            settings = self.settings
            calls = Calls(self._models(), lambda role: settings.role(role).retries, seed=settings.seed)
            run = unrecorded_run(calls, budget=budget, sinks=[on_event], clock=self._clock)
            fault: AgotError | None = None
            try:
                question = await self._understood(turn, run, tell)
            except (BudgetExceeded, ModelError) as error:
                fault = error
            except asyncio.CancelledError:
                if not self._stop_asked:
                    raise
            spent = run.meter.usage
            if fault is not None and not isinstance(fault, OutputError):
                limit = fault.kind if isinstance(fault, BudgetExceeded) else ""
                status: RunStatus = "budget" if limit else "failed"
                return self._ended(turn, status, str(fault), type(fault).__name__, limit), spent
            if fault is not None:
                tell(f"{fault} It is asked as it stands.")
            if self._stop_asked:
                return self._ended(turn, "interrupted", "Stopped on request.", "Interrupted"), spent
            budget = _rest(budget, spent)
        result = await reasoner.ask(
            self._with_material(question), strategy=None if talk else self.strategy, budget=budget,
            on_event=self._watched(turn, on_event), stream_text=True,
        )  # fmt: skip
        return result, spent

    async def _understood(self, turn: StoredTurn, run: RecordedRun, tell: Tell) -> str:
        """Return the question that a message asks, and keep it."""
        if self.is_compact:
            if refers_back(turn.said):
                tell(AS_IT_STANDS)
            return turn.said
        if stands_alone(turn.said):
            return turn.said
        earlier = [one for one in self._turns if one.number < turn.number]
        self._understanding = asyncio.create_task(
            understood(run.caller(), turn.said, earlier, names=turn.material_names)
        )
        try:
            question = await self._understanding
        finally:
            # Cancelled with the turn, it must not go on and pay.
            self._understanding.cancel()
            self._understanding = None
        if question != turn.said:
            assert self.session is not None
            await self._sessions.understand(self.session.session_id, turn.number, question, run.meter.usage)
            tell(f"understood as: {question}")
        return question

    def _watched(self, turn: StoredTurn, on_event: OnEvent) -> OnEvent:
        """Return a sink that also keeps which run answers the turn, and passes on a stop that came before it began."""
        loop = asyncio.get_running_loop()
        kept: list[asyncio.Task[None]] = []

        def watching(event: AnyEvent) -> None:
            on_event(event)
            if event.kind == "run_started" and self.session is not None:
                # Queued before any call of the run, so that a kill leaves no call that nobody knows of.
                work = self._sessions.answered_by(
                    self.session.session_id, turn.number, event.run_id, event.model
                )
                kept.append(loop.create_task(_quietly(work)))
                if self._stop_asked:
                    loop.call_soon(self.interrupt)

        return watching

    # -- parts -------------------------------------------------------------------------------------

    def _models(self) -> Models:
        if self._gateway is None:
            self._gateway = Gateway(self.settings)
        return self._gateway

    def _reasoner(self, *, verify: bool) -> Reasoner:
        """Return a reasoner; one for small talk has nothing to verify, to split, to call or to learn."""
        if verify not in self._reasoners:
            settings = self.settings
            if not verify:
                engine = settings.engine.model_copy(
                    update={"verify": False, "learn": False, "constraints": False, "strategy": "auto"}
                )
                settings = settings.model_copy(update={"engine": engine, "tools": ToolSettings()})
            self._reasoners[verify] = Reasoner(
                settings, models=self._given, store=self._store, approve=self._approve, clock=self._clock
            )
        return self._reasoners[verify]

    def _with_material(self, question: str) -> str:
        texts = [turn.material for turn in self._turns if turn.material]
        return "\n\n".join(texts) + f"\nQuestion: {question}" if texts else question

    def _check_length(self, message: str, material: Sequence[Material]) -> None:
        before = sum(len(turn.material) for turn in self._turns)
        given = before + len(joined(material)) + len(message)
        if given > LONGEST_QUESTION:
            raise SetupError(
                f"Message and material of this conversation have {given:,} characters together; at most "
                f"{LONGEST_QUESTION:,} are accepted. Begin a new conversation, or give the part that matters."
            )

    def _ended(
        self, turn: StoredTurn, status: RunStatus, reason: str, error: str = "", limit: str = ""
    ) -> Result:
        """Return the result of a turn that ended before its run began."""
        return Result(
            run_id=RunId(""), question=turn.said, status=status, answer="", reason=reason, error=error, limit=limit,
            model=self._models().profile("fast").model,
        )  # fmt: skip


async def _quietly(work: Awaitable[None]) -> None:
    """Await a write whose fault the run itself reports, as it goes to the same database."""
    with suppress(StoreError):
        await work


def _rest(budget: Budget, spent: Usage) -> Budget:
    """Return what a budget leaves after the understanding of the message."""
    left = {
        "calls": None if budget.calls is None else max(0, budget.calls - spent.calls),
        "tokens": None if budget.tokens is None else max(0, budget.tokens - spent.tokens),
        "usd": None if budget.usd is None else max(0.0, budget.usd - spent.cost_usd),
        "seconds": None if budget.seconds is None else max(0.001, budget.seconds - spent.wall_s),
    }
    return budget.model_copy(update=left)
