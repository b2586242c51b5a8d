"""A real model, asked plainly and through the project, on the same questions: what is kept of it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from agot.bench.arms import Arm
from agot.bench.asking import Progress, each
from agot.bench.datasets import Item
from agot.bench.results import Results
from agot.bench.suites import BenchSet
from agot.errors import ToolError
from agot.thought import RunStatus, Value


class Measured(Value):
    """One question under one arm.

    Attributes:
        set: Name of the set it belongs to.
        split: Of its rows.
        setup: Hash of model, settings and wording; rows of another setup are not taken for this one.
        strategy: What gave the answer in the end.
        answer: As it was read; of code and open requests the whole reply.
        trust: How far the project says that the answer can be trusted, "" of a plain arm.
        texts: Replies of a plain arm as they came; `cut` says which of them ended at the limit of tokens.
        right: By the set's rules; None if there are none, or the grader could not tell (`ungraded` says why).
        score: How much of it is right, in [0, 1], where an answer can be right in part; None elsewhere.
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
    trust: str = ""
    texts: tuple[str, ...] = ()
    cut: tuple[bool, ...] = ()
    right: bool | None = None
    score: float | None = None
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
    def reports_only(self) -> bool:
        """Whether no question is to be asked at all."""
        return self.seconds == 0.0

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
                async with asyncio.timeout(None if clock.reports_only else clock.left_s()):
                    await phase.settle()
                async with asyncio.timeout(clock.left_s()):
                    await phase.ask(in_flight, tell)
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


@dataclass(slots=True)
class _Phase:
    """One set under one arm."""

    bench: BenchSet
    arm: Arm
    model: str
    split: str
    seed: int
    results: Results[Measured]
    ungraded: dict[str, Measured] = field(default_factory=dict)
    graders: set[asyncio.Task[None]] = field(default_factory=set)
    grading: asyncio.Semaphore = field(
        default_factory=lambda: asyncio.Semaphore(max(1, (os.cpu_count() or 2) // 2))
    )

    async def settle(self) -> None:
        """Read kept replies as they are read now, and grade what that changes and what could not be graded before."""
        for item in self.bench.items:
            row = self.results.get(self._key(item))
            if row is None:
                continue
            answer = self.arm.answer_in(self.bench, item.question, row.texts, row.cut) if row.texts else None
            if answer is not None and answer != row.answer:
                self._keep(row.model_copy(update={"answer": answer}), item)
            elif row.ungraded:
                self._keep(row, item)
        await self._graded()

    async def ask(self, in_flight: int, tell: Callable[[str], None]) -> None:
        """Ask what was not asked."""
        to_do = [item for item in self.bench.items if self.results.get(self._key(item)) is None]
        if not to_do:
            return
        where = f"{self.bench.name}, {self.arm.name}"
        progress = Progress(lambda line: tell(f"{where}: {line}"), len(to_do))
        await self._graded(each(to_do, self.work, at_once=in_flight, told=progress))

    async def _graded(self, asking: Awaitable[None] | None = None) -> None:
        """Wait for the graders of what is asked; an answer that was paid for is kept, also if they are not at an end."""
        try:
            if asking is not None:
                await asking
            await asyncio.gather(*self.graders)
        finally:
            for task in self.graders:
                task.cancel()
            await asyncio.gather(*self.graders, return_exceptions=True)
            self.graders.clear()
            for row in self.ungraded.values():
                self.results.add(row)
            self.ungraded.clear()

    def _key(self, item: Item) -> str:
        return key_of(self.bench.name, item.id, self.arm.name, self.arm.setup)

    async def work(self, item: Item) -> str:
        """Ask one question and keep the answer; return the fault from outside that spoilt it, or ""."""
        began_s, started = time.time(), time.monotonic()
        said = await self.arm.ask(self.bench, item.question)
        seconds = time.monotonic() - started
        row = Measured(
            id=item.id, set=self.bench.name, split=self.split, arm=self.arm.name, seed=self.seed,
            setup=self.arm.setup, model=self.model, status=said.status, strategy=said.strategy, answer=said.answer,
            trust=said.trust, texts=said.texts, cut=said.cut, fault=said.fault, outside=said.outside, run=said.run, read=said.read,
            written=said.written, calls=said.calls, cost_usd=said.cost_usd, began_s=round(began_s, 3),
            seconds=round(seconds, 3),
        )  # fmt: skip
        self._keep(row, item)
        return row.fault if row.outside else ""

    def _keep(self, row: Measured, item: Item) -> None:
        """Keep a row, graded beside the asking: a grader that runs programs must not keep the server waiting for questions."""
        if self.bench.judged:
            self.results.add(row)
            return

        async def grade() -> None:
            async with self.grading:
                found = await graded(row, item)
            del self.ungraded[row.key]
            self.results.add(found)

        self.ungraded[row.key] = row.model_copy(update={"ungraded": "The grader was not at an end in time."})
        self.graders.add(asyncio.create_task(grade()))


async def graded(row: Measured, item: Item) -> Measured:
    """Return the row with what the grader says; no answer is a wrong one."""
    if not row.answer:
        return row.model_copy(update={"right": False, "ungraded": ""})
    try:
        grade = await item.grade(row.answer)
    except ToolError as error:
        # A grader that cannot tell has not found the answer wrong.
        return row.model_copy(update={"right": None, "ungraded": str(error)[:300] or type(error).__name__})
    return row.model_copy(update={"right": grade.right, "score": grade.score, "ungraded": ""})


def by_arm(rows: Iterable[Measured], of_set: str) -> Mapping[str, dict[str, Measured]]:
    """Return the rows of a set by arm and id, in the order in which they come."""
    found: dict[str, dict[str, Measured]] = {}
    for row in rows:
        if row.set == of_set:
            found.setdefault(row.arm, {})[row.id] = row
    return found
