"""A real model, asked plainly and through the project, on the same questions."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from agot.agents.strategies.registry import STRATEGIES
from agot.bench.asking import Progress, each, fault_of, given, setup_of
from agot.bench.datasets import Item
from agot.bench.plain import PATIENCE_S, PlainClient
from agot.bench.results import Results
from agot.bench.strategies import AUTO
from agot.bench.suites import BenchSet, Form, plain_request, read_plain
from agot.errors import ModelError, ModelUnauthorised, ToolError
from agot.models.library import load_litellm
from agot.reasoner import Reasoner
from agot.settings import Settings
from agot.thought import RunStatus, Value
from agot.verifiers.answers import groups

PLAIN, MAJORITY = "plain", "plain-majority-8"
ARMS = (PLAIN, MAJORITY, "direct", "chain", "vote", "best-of-n", AUTO)
SAMPLES, TEMPERATURE = 8, 0.7
"""Of a plain majority."""


class Measured(Value):
    """One question under one arm.

    Attributes:
        set: Name of the set it belongs to.
        split: Of its rows.
        setup: Hash of model, settings and wording; rows of another setup are not taken for this one.
        strategy: What gave the answer in the end.
        answer: As it was read; of code and open requests the whole reply.
        texts: Replies of a plain arm as they came.
        right: By the set's rules; None if there are none, or the grader could not tell (`ungraded` says why).
        fault: Error that ended the question, or "".
        outside: The fault came from outside (network, rate limit), so the question is asked again next time.
        run: Id of the run in the arm's database, "" of a plain arm.
        read, written: Prompt tokens and tokens of replies, as the server counted them.
        began_s: Seconds since the epoch.
        seconds: From asking to the answer, waiting for the other questions in flight included, grading not.
    """

    id: str
    set: str
    split: str
    arm: str
    seed: int
    setup: str
    model: str
    status: RunStatus
    strategy: str = ""
    answer: str = ""
    texts: tuple[str, ...] = ()
    right: bool | None = None
    ungraded: str = ""
    fault: str = ""
    outside: bool = False
    run: str = ""
    read: int = 0
    written: int = 0
    calls: int = 0
    cost_usd: float = 0.0
    began_s: float
    seconds: float

    @property
    def key(self) -> str:
        """Say which piece of work this is the result of."""
        return key_of(self.set, self.id, self.arm, self.setup)

    @property
    def done(self) -> bool:
        """Return False if a fault from outside spoilt it."""
        return not self.outside


def key_of(of_set: str, item: str, arm: str, setup: str) -> str:
    """Return the key of a row."""
    return f"{of_set}|{item}|{arm}|{setup}"


@dataclass(frozen=True, slots=True)
class Said:
    """What an arm says to a question; the attributes as in `Measured`."""

    status: RunStatus
    answer: str = ""
    strategy: str = ""
    texts: tuple[str, ...] = ()
    fault: str = ""
    outside: bool = False
    run: str = ""
    read: int = 0
    written: int = 0
    calls: int = 0
    cost_usd: float = 0.0


class Arm(Protocol):
    """One way to ask."""

    @property
    def name(self) -> str: ...
    @property
    def setup(self) -> str: ...
    def takes(self, bench: BenchSet) -> bool:
        """Return whether it can answer this set."""

    async def ask(self, bench: BenchSet, question: str) -> Said:
        """Ask one question.

        Raises:
            ModelUnauthorised: If the key is refused.
        """


class PlainArm:
    """The plain client: one user turn, one or several samples.

    Args:
        wording: Makes the user turn of a question.
        read: Reads an answer from a reply that may have been cut off.
    """

    def __init__(
        self,
        name: str,
        client: PlainClient,
        *,
        seed: int,
        temperature: float = 0.0,
        samples: int = 1,
        wording: Callable[[Form, str], str] = plain_request,
        read: Callable[[Form, str, bool], str] = read_plain,
    ) -> None:
        self.name = name
        self._client, self._seed = client, seed
        self._temperature, self._samples = temperature, samples
        self._wording, self._read = wording, read
        told = [client.model, client.max_tokens, seed, temperature, samples]
        told += [wording(form, "?") for form in ("number", "closed", "exact", "code", "text")]
        self.setup = hashlib.sha256(json.dumps(told).encode()).hexdigest()[:12]

    def takes(self, bench: BenchSet) -> bool:
        """Return whether it can answer this set: several samples need answers that a majority can be of."""
        return self._samples == 1 or bench.elects

    async def ask(self, bench: BenchSet, question: str) -> Said:
        """Ask one question; faults are in what is returned.

        Raises:
            ModelUnauthorised: If the key is refused.
        """
        text = self._wording(bench.form, question)
        try:
            got = await self._client.ask(
                text, temperature=self._temperature, seed=self._seed, n=self._samples
            )
        except ModelUnauthorised:
            raise
        except ModelError as error:
            return Said("failed", fault=f"{type(error).__name__}: {error}"[:500], outside=True)
        read = [self._read(bench.form, text, cut) for text, cut in zip(got.texts, got.cut, strict=True)]
        return Said(
            "answered", answer=elected(read), strategy=self.name, texts=got.texts, read=got.read,
            written=got.written, calls=got.calls,
        )  # fmt: skip


def elected(answers: Sequence[str]) -> str:
    """Return the answer that most agree on, the earliest of equals; those who give none do not vote."""
    cast = [answer for answer in answers if answer]
    if len(cast) < 2:
        return cast[0] if cast else ""
    return cast[max(groups(cast), key=lambda group: (len(group), -group[0]))[0]]


class ProjectArm:
    """A strategy, or `auto`, through a reasoner."""

    def __init__(self, name: str, reasoner: Reasoner) -> None:
        self.name, self._reasoner = name, reasoner
        self.setup = setup_of(reasoner.settings)

    def takes(self, bench: BenchSet) -> bool:
        """Return True: what a strategy can do with a question is its own matter."""
        return True

    async def ask(self, bench: BenchSet, question: str) -> Said:
        """Ask one question; faults are in what is returned.

        Raises:
            ModelUnauthorised: If the key is refused.
        """
        result = await self._reasoner.ask(question, strategy=self.name)
        if result.error == "ModelUnauthorised":
            raise ModelUnauthorised(result.reason)
        usage = result.usage
        return Said(
            result.status, answer=result.answer if given(result) else "", strategy=result.strategy,
            fault=f"{result.error}: {result.reason}"[:500] if result.status in ("failed", "interrupted") else "",
            outside=bool(fault_of(result)), run=result.run_id, read=usage.prompt_tokens,
            written=usage.completion_tokens, calls=usage.calls, cost_usd=usage.cost_usd,
        )  # fmt: skip


def arms_named(names: Iterable[str]) -> list[str]:
    """Return the arms to measure, each once.

    Raises:
        SetupError: If one is neither plain nor a strategy.
    """
    chosen = list(dict.fromkeys(names))
    for name in chosen:
        if name not in (PLAIN, MAJORITY, AUTO):
            STRATEGIES.get(name)
    return chosen


def measuring(settings: Settings, *, in_flight: int, learn: bool) -> Settings:
    """Return the settings of a measurement: calls may queue at the server, and no question teaches another unless asked."""
    role = settings.role("fast")
    role = role.model_copy(
        update={
            "timeout_s": max(role.timeout_s, PATIENCE_S),
            "concurrency": max(role.concurrency or 0, in_flight),
        }
    )
    engine = settings.engine.model_copy(update={"learn": learn})
    return settings.model_copy(update={"roles": {**settings.roles, "fast": role}, "engine": engine})


@asynccontextmanager
async def opened(
    names: Sequence[str], settings: Settings, client: PlainClient, folder: Path
) -> AsyncIterator[list[Arm]]:
    """Open the arms, each of the project with a database of its own in `folder`, and close them at the end."""
    if set(names) - {PLAIN, MAJORITY}:
        # Loading takes seconds, which are no question's.
        await load_litellm(with_openai=settings.role("fast").model.startswith("openai/"))
    async with AsyncExitStack() as stack:
        arms: list[Arm] = []
        for name in names:
            if name == PLAIN:
                arms.append(PlainArm(name, client, seed=settings.seed))
            elif name == MAJORITY:
                arms.append(
                    PlainArm(name, client, seed=settings.seed, temperature=TEMPERATURE, samples=SAMPLES)
                )
            else:
                own = settings.model_copy(
                    update={"database_url": f"sqlite:///{folder.resolve() / f'{name}.db'}"}
                )
                arms.append(ProjectArm(name, await stack.enter_async_context(Reasoner(own))))
        yield arms


@dataclass(slots=True)
class Clock:
    """The time that a measurement has; None for as long as it takes."""

    seconds: float | None
    began_s: float

    @classmethod
    def started(cls, seconds: float | None) -> Clock:
        """Return a clock that runs from now on."""
        return cls(seconds, time.monotonic())

    def left_s(self) -> float | None:
        """Return the seconds that are left, 0 or more; None without an end."""
        return None if self.seconds is None else max(0.0, self.seconds - (time.monotonic() - self.began_s))

    @property
    def over(self) -> bool:
        """Whether no time is left."""
        return self.left_s() == 0.0


async def measure(
    sets: Sequence[BenchSet],
    arms: Sequence[Arm],
    *,
    model: str,
    split: str,
    seed: int,
    in_flight: int,
    results: Results[Measured],
    clock: Clock,
    tell: Callable[[str], None],
) -> None:
    """Ask what the results do not hold yet, set by set and arm by arm, until the time is over.

    Raises:
        ModelError: If the key is refused, or so many questions in a row fail that going on is no use.
    """
    for bench in sets:
        for arm in arms:
            if not arm.takes(bench):
                tell(f"{bench.name}, {arm.name}: left out, since a majority says nothing there.")
                continue
            phase = _Phase(bench, arm, model, split, seed, results)
            try:
                async with asyncio.timeout(clock.left_s()):
                    await phase.done(in_flight, tell)
            except TimeoutError:
                if not clock.over:
                    raise


def rows_of(sets: Sequence[BenchSet], arms: Sequence[Arm], results: Results[Measured]) -> list[Measured]:
    """Return the rows of these questions and arms that there are, those that faults spoilt included."""
    kept = {row.key: row for row in results.rows()}
    wanted = [
        key_of(bench.name, item.id, arm.name, arm.setup) for bench in sets for arm in arms for item in bench.items
    ]  # fmt: skip
    return [kept[key] for key in wanted if key in kept]


@dataclass(frozen=True, slots=True)
class _Phase:
    """One set under one arm."""

    bench: BenchSet
    arm: Arm
    model: str
    split: str
    seed: int
    results: Results[Measured]

    async def done(self, in_flight: int, tell: Callable[[str], None]) -> None:
        """Grade what could not be graded before, and ask what was not asked."""
        keys = {self._key(item): item for item in self.bench.items}
        kept = {key: row for key in keys if (row := self.results.get(key)) is not None}
        for key, row in kept.items():
            if row.ungraded:
                self.results.add(await graded(row, keys[key]))
        to_do = [item for key, item in keys.items() if key not in kept]
        if to_do:
            where = f"{self.bench.name}, {self.arm.name}"
            progress = Progress(lambda line: tell(f"{where}: {line}"), len(to_do))
            await each(to_do, self.work, at_once=in_flight, told=progress)

    def _key(self, item: Item) -> str:
        return key_of(self.bench.name, item.id, self.arm.name, self.arm.setup)

    async def work(self, item: Item) -> str:
        """Ask, grade and keep one question; return the fault from outside that spoilt it, or ""."""
        began_s, started = time.time(), time.monotonic()
        said = await self.arm.ask(self.bench, item.question)
        seconds = time.monotonic() - started
        row = Measured(
            id=item.id, set=self.bench.name, split=self.split, arm=self.arm.name, seed=self.seed,
            setup=self.arm.setup, model=self.model, status=said.status, strategy=said.strategy, answer=said.answer,
            texts=said.texts, fault=said.fault, outside=said.outside, run=said.run, read=said.read,
            written=said.written, calls=said.calls, cost_usd=said.cost_usd, began_s=round(began_s, 3),
            seconds=round(seconds, 3),
        )  # fmt: skip
        if not self.bench.judged:
            row = await graded(row, item)
        self.results.add(row)
        return row.fault if row.outside else ""


async def graded(row: Measured, item: Item) -> Measured:
    """Return the row with what the grader says; no answer is a wrong one."""
    if not row.answer:
        return row.model_copy(update={"right": False, "ungraded": ""})
    try:
        grade = await item.grade(row.answer)
    except ToolError as error:
        # A grader that cannot tell has not found the answer wrong.
        return row.model_copy(update={"right": None, "ungraded": str(error)[:300] or type(error).__name__})
    return row.model_copy(update={"right": grade.right, "ungraded": ""})


def by_arm(rows: Iterable[Measured], of_set: str) -> Mapping[str, dict[str, Measured]]:
    """Return the rows of a set by arm and id, in the order in which they come."""
    found: dict[str, dict[str, Measured]] = {}
    for row in rows:
        if row.set == of_set:
            found.setdefault(row.arm, {})[row.id] = row
    return found
