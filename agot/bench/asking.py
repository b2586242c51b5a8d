"""Asks many questions at once over one model gateway and one in-memory store."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from importlib.resources import files
from typing import TypeVar

import agot
from agot.bench.candidates import answers_in
from agot.budget import Budget
from agot.engine.run import PARTIAL
from agot.errors import ModelError, ModelUnauthorised, SetupError
from agot.events import AnyEvent, ThoughtFinished, Verified
from agot.ids import ROOT
from agot.models.gateway import Gateway
from agot.reasoner import Reasoner
from agot.settings import Settings
from agot.stores.database import SqlStore
from agot.thought import Result

T = TypeVar("T")

QUEUE_TIMEOUT_S = 3600.0
"""Hundreds of samples wait for one embedded worker here, which no user's call does."""
MOST_FAULTS_IN_A_ROW = 20
_WHERE = {"base_url", "api_key_env", "concurrency", "timeout_s", "retries"}
OWN_FAULTS = ("OutputError", "ContextTooLong", "ContentRefused", "ToolError")
"""Errors that say something of model or strategy: they count as wrong answers, all others as no measurement."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of one question.

    Attributes:
        fault: Name of an error from outside (network, rate limit, key) that spoilt the measurement, or "".
        answer: As given; "" if none was.
        given: An answer to the question was given, also an unfinished search's when the budget fired; the answer of
            a part is none.
        withheld: The best answer of a run that had one and did not give it, "" otherwise.
        reward: Of the answer, given or withheld; None if no check could tell.
        candidates: Answers that were drawn for the whole question, the given one included.
    """

    result: Result
    fault: str
    answer: str
    given: bool
    withheld: str
    reward: float | None
    candidates: tuple[str, ...]


class Desk:
    """Answers questions for measurements; an async context manager.

    Args:
        settings: Base settings; the database of the settings is not touched.
    """

    def __init__(self, settings: Settings) -> None:
        # What one question teaches must not help the next: every answer is measured by itself.
        engine = settings.engine.model_copy(update={"learn": False})
        self.settings = patient(settings.model_copy(update={"engine": engine}))
        self.models = Gateway(self.settings)
        self._store: SqlStore | None = None
        self._reasoners: dict[str, Reasoner] = {}

    async def __aenter__(self) -> Desk:
        self._store = await SqlStore.open("sqlite://")
        return self

    async def __aexit__(self, *exc: object) -> None:
        for reasoner in self._reasoners.values():
            await reasoner.close()
        await self.models.close()
        if self._store is not None:
            await self._store.close()

    async def ask(self, question: str, settings: Settings, *, strategy: str | None, budget: Budget) -> Asked:
        """Ask one question under some settings, with the models of the desk.

        Raises:
            SetupError: If the question or the strategy is unusable.
            ModelUnauthorised: If the key is refused: no other question would fare better.
        """
        assert self._store is not None, "enter the desk before asking"
        seen: list[AnyEvent] = []
        reasoner = self._reasoner(settings)
        result = await reasoner.ask(question, strategy=strategy, budget=budget, on_event=seen.append)
        if result.error == "ModelUnauthorised":
            raise ModelUnauthorised(result.reason)
        drawn = answers_in(await self._store.load_calls(result.run_id), question)
        await self._store.delete(result.run_id)
        was_given = given(result)
        return Asked(
            result=result,
            fault=fault_of(result),
            answer=result.answer if was_given else "",
            given=was_given,
            withheld="" if was_given else _best_checked(seen),
            reward=result.graph.nodes[ROOT]["reward"] if result.graph is not None else None,
            candidates=tuple(dict.fromkeys((*drawn, *([result.answer] if was_given else [])))),
        )

    def _reasoner(self, settings: Settings) -> Reasoner:
        key = settings.model_dump_json(exclude={"budget", "roles"})
        if key not in self._reasoners:
            # A reasoner reads engine and search from its own settings, so every level has one.
            self._reasoners[key] = Reasoner(settings, models=self.models, store=self._store)
        return self._reasoners[key]


def given(result: Result) -> bool:
    """Return whether a run gave an answer to its question; the answer of a part is none."""
    return bool(result.answer) and result.status in ("answered", "budget") and result.strategy != PARTIAL


def fault_of(result: Result) -> str:
    """Return the name of the error from outside that spoilt a run, or ""."""
    if result.status == "interrupted":
        return "Interrupted"
    return result.error if result.status == "failed" and result.error not in OWN_FAULTS else ""


def _best_checked(seen: list[AnyEvent]) -> str:
    """Return the root's answer that the checks liked best, which a run that refuses does not give."""
    best, answer = -1.0, ""
    for event in seen:
        if isinstance(event, ThoughtFinished) and event.thought == ROOT and event.answer:
            return event.answer
        if isinstance(event, Verified) and event.thought == ROOT and (event.verdict.reward or 0.0) > best:
            best, answer = event.verdict.reward or 0.0, event.answer
    return answer


async def each(
    jobs: Iterable[T], work: Callable[[T], Awaitable[str]], *, at_once: int, told: Callable[[int], None]
) -> None:
    """Do all jobs, `at_once` at a time.

    Args:
        work: Does one job and returns the fault from outside that spoilt it, or "".
        told: Called with the number of finished jobs after each.

    Raises:
        ModelError: If so many jobs in a row were spoilt that going on is no use.
    """
    waiting = iter(jobs)
    finished = spoilt = 0

    async def worker() -> None:
        nonlocal finished, spoilt
        for job in waiting:
            fault = await work(job)
            finished += 1
            spoilt = spoilt + 1 if fault else 0
            told(finished)
            if spoilt >= MOST_FAULTS_IN_A_ROW:
                raise ModelError(
                    f"{spoilt} questions in a row failed ({fault}). See whether the model answers (agot models doctor); "
                    "what is kept in a results file is not asked again."
                )

    tasks = [asyncio.create_task(worker()) for _ in range(at_once)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def patient(settings: Settings) -> Settings:
    """Return the settings with a long timeout for embedded models, whose calls queue for one worker."""
    patiently = {
        kind: {
            name: role.model_copy(update={"timeout_s": max(role.timeout_s, QUEUE_TIMEOUT_S)})
            if role.model.startswith("embedded/")
            else role
            for name, role in models.items()
        }
        for kind, models in (("roles", settings.roles), ("experts", settings.experts))
    }
    return settings.model_copy(update=patiently)


def setup_of(settings: Settings) -> str:
    """Return a short hash of what makes results comparable: version, weights, and every setting that changes answers.

    Addresses and keys are left out, since a server that moved gives the same answers.
    """
    told = settings.model_dump(mode="json", exclude={"database_url": True, "roles": True, "experts": True})
    for kind, models in (("roles", settings.roles), ("experts", settings.experts)):
        told[kind] = {name: role.model_dump(exclude=_WHERE) for name, role in sorted(models.items())}
    told["version"] = agot.__version__
    if any(role.model.startswith("embedded/") for role in settings.roles.values()):
        told["weights"] = _weights()
    text = json.dumps(told, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _weights() -> str:
    """Return a hash of the embedded model's files."""
    digest = hashlib.sha256()
    folder = files("agot.models.embedded").joinpath("weights")
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.is_file():
            digest.update(entry.name.encode() + entry.read_bytes())
    return digest.hexdigest()


class Progress:
    """Tells how far a measurement is, every few seconds and at its end.

    Args:
        tell: Writes one line.
        total: Jobs to do.
        clock: Returns seconds; monotonic.
    """

    EVERY_S = 10.0

    def __init__(
        self, tell: Callable[[str], None], total: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tell, self._total, self._clock = tell, total, clock
        self._started_s = self._told_s = clock()

    def __call__(self, finished: int) -> None:
        """Say how far it is, if that was not said just now."""
        now_s = self._clock()
        if now_s - self._told_s >= self.EVERY_S or finished == self._total:
            self._told_s = now_s
            self._tell(f"{finished} of {self._total}, {now_s - self._started_s:.0f} s")


def checked_at_once(at_once: int) -> int:
    """Return the number of questions in flight.

    Raises:
        SetupError: If it is less than 1.
    """
    if at_once < 1:
        raise SetupError(f"--at-once is {at_once}; expected 1 or more questions in flight.")
    return at_once
