"""A real model, asked plainly and through the project, on the same questions: what is kept of it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
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

    async def done(self, in_flight: int, tell: Callable[[str], None]) -> None:
        """Grade what could not be graded before, and ask what was not asked.

        An answer that was paid for is kept, also if its grader was not at an end in time.
        """
        keys = {self._key(item): item for item in self.bench.items}
        kept = {key: row for key in keys if (row := self.results.get(key)) is not None}
        to_do = [item for key, item in keys.items() if key not in kept]
        where = f"{self.bench.name}, {self.arm.name}"
        try:
            for key, row in kept.items():
                if row.ungraded:
                    self._grade(row, keys[key])
            if to_do:
                progress = Progress(lambda line: tell(f"{where}: {line}"), len(to_do))
                await each(to_do, self.work, at_once=in_flight, told=progress)
            await asyncio.gather(*self.graders)
        finally:
            for task in self.graders:
                task.cancel()
            await asyncio.gather(*self.graders, return_exceptions=True)
            for row in self.ungraded.values():
                self.results.add(row)

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
            texts=said.texts, fault=said.fault, outside=said.outside, run=said.run, read=said.read,
            written=said.written, calls=said.calls, cost_usd=said.cost_usd, began_s=round(began_s, 3),
            seconds=round(seconds, 3),
        )  # fmt: skip
        if self.bench.judged:
            self.results.add(row)
        else:
            self._grade(row, item)
        return row.fault if row.outside else ""

    def _grade(self, row: Measured, item: Item) -> None:
        """Grade beside the asking: a grader that runs programs must not keep the server waiting for questions."""

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
    return row.model_copy(update={"right": grade.right, "ungraded": ""})


def by_arm(rows: Iterable[Measured], of_set: str) -> Mapping[str, dict[str, Measured]]:
    """Return the rows of a set by arm and id, in the order in which they come."""
    found: dict[str, dict[str, Measured]] = {}
    for row in rows:
        if row.set == of_set:
            found.setdefault(row.arm, {})[row.id] = row
    return found
