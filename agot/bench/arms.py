"""The ways in which a real model is asked: plainly, and through the project."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from agot.agents.strategies.registry import STRATEGIES
from agot.bench.asking import fault_of, given, setup_of
from agot.bench.plain import PATIENCE_S, PlainClient
from agot.bench.strategies import AUTO
from agot.bench.suites import BenchSet, Form, Reader, plain_request, read_plain
from agot.errors import ModelError, ModelUnauthorised
from agot.models.library import load_litellm
from agot.reading.answers import groups
from agot.reasoner import Reasoner
from agot.settings import Settings
from agot.thought import RunStatus

PLAIN, MAJORITY = "plain", "plain-majority-8"
ARMS = (PLAIN, MAJORITY, "direct", "chain", "vote", "best-of-n", AUTO)
SAMPLES, TEMPERATURE = 8, 0.7
"""Of a plain majority."""


@dataclass(frozen=True, slots=True)
class Said:
    """What an arm says to a question; the attributes as in `agot.bench.real.Measured`."""

    status: RunStatus
    answer: str = ""
    strategy: str = ""
    trust: str = ""
    texts: tuple[str, ...] = ()
    cut: tuple[bool, ...] = ()
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

    def answer_in(
        self, bench: BenchSet, question: str, texts: Sequence[str], cut: Sequence[bool]
    ) -> str | None:
        """Return the answer in replies that were kept, as it is read now; None if there is nothing to read again."""

    async def ask(self, bench: BenchSet, question: str) -> Said:
        """Ask one question.

        Raises:
            ModelUnauthorised: If the key is refused.
        """


class PlainArm:
    """The plain client: one user turn, one or several samples.

    Args:
        wording: Makes the user turn of a question.
        read: Reads the answers of replies.
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
        read: Reader = read_plain,
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
        return Said(
            "answered", answer=self.answer_in(bench, question, got.texts, got.cut), strategy=self.name, texts=got.texts,
            cut=got.cut, read=got.read, written=got.written, calls=got.calls,
        )  # fmt: skip

    def answer_in(self, bench: BenchSet, question: str, texts: Sequence[str], cut: Sequence[bool]) -> str:
        """Return the answer that most of the replies give."""
        return elected([self._read(bench.form, question, *one) for one in zip(texts, cut, strict=True)])


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

    def answer_in(
        self, bench: BenchSet, question: str, texts: Sequence[str], cut: Sequence[bool]
    ) -> str | None:
        """Return None: what a run answered, it answered."""
        return None

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
            result.status, answer=result.answer if given(result) else "", strategy=result.strategy, trust=result.trust,
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
