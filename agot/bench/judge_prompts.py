"""Variants of a judge's prompt, asked about replies of known worth: do they tell right ones from wrong ones?

The replies are those of a plain majority that `agot bench real` kept. Beside `{question}`, a variant has a place for the
answer, `{answer}`, or for the whole reply, `{reply}`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agot.agents.dialects.standard.reading import chance
from agot.bench.arms import MAJORITY
from agot.bench.asking import Progress, each
from agot.bench.compare import Interval, Mean
from agot.bench.plain import PlainClient
from agot.bench.prompts import Variant
from agot.bench.public import share
from agot.bench.real import Clock, Measured, graded
from agot.bench.real_report import head, table
from agot.bench.real_run import REPORT_JSON, REPORT_MD, Order, about_of, client_of, put
from agot.bench.results import Results
from agot.bench.statistics import clustered_rank, mean_interval
from agot.bench.suites import BenchSet, read_plain
from agot.bench.tables import percent
from agot.errors import ModelError, ModelUnauthorised, SetupError
from agot.protocols import Completion
from agot.thought import Value

OPINIONS = "opinions.jsonl"
ACCEPT = 0.5
COLUMNS = ("variant", "replies", "told", "area", "right accepted", "wrong refused", "mean of right", "mean of wrong",
           "written", "read", "seconds")  # fmt: skip
_SAID = re.compile(r"\b(yes|no)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A reply of known worth."""

    id: str
    question: str
    answer: str
    reply: str
    right: bool


class Opinion(Value):
    """What one variant says of one reply.

    Attributes:
        id: Of the question, with the number of the reply.
        setup: Hash of model and wording.
        chance: P(right) as the judge puts it, in [0, 1]; None if it says neither yes nor no.
    """

    id: str
    variant: str
    setup: str
    right: bool
    chance: float | None
    read: int
    written: int
    seconds: float
    fault: str = ""

    @property
    def key(self) -> str:
        """Say which piece of work this is the result of."""
        return f"{self.id}|{self.variant}|{self.setup}"

    @property
    def done(self) -> bool:
        """Return False if a fault spoilt it."""
        return not self.fault


async def candidates(sets: Sequence[BenchSet], answers: Path, *, each_question: int) -> list[Candidate]:
    """Return replies of the kept plain majorities, graded one by one.

    Args:
        answers: Rows that `agot bench real` kept.
        each_question: Replies of one question, at most.

    Raises:
        SetupError: If there are none of these sets.
    """
    if not answers.is_file():
        raise SetupError(
            f"There is no file {answers}. Make it: agot bench real --arms {MAJORITY} --split train ..."
        )
    by_key = {(bench.name, item.id): (bench, item) for bench in sets for item in bench.items}
    found: list[Candidate] = []
    with Results(answers, Measured) as kept:
        rows = [row for row in kept.rows() if row.arm == MAJORITY and (row.set, row.id) in by_key]
    for row in rows:
        bench, item = by_key[row.set, row.id]
        for number, text in enumerate(row.texts[:each_question]):
            one = await graded(
                row.model_copy(update={"answer": read_plain(bench.form, item.question, text, False)}), item
            )
            if one.right is not None:
                found.append(
                    Candidate(f"{row.set}/{row.id}/{number}", item.question, one.answer, text, one.right)
                )
    if not found:
        raise SetupError(
            f"{answers} holds no replies of {MAJORITY} to these questions. Name the same --set and --split."
        )
    return found


async def opinions(
    variants: Sequence[Variant],
    asked: Sequence[Candidate],
    client: PlainClient,
    *,
    in_flight: int,
    results: Results[Opinion],
    clock: Clock,
    tell: Callable[[str], None],
) -> list[Opinion]:
    """Ask every variant about every reply, as far as the results do not hold that, and return what there is.

    Raises:
        ModelError: If the key is refused, or so many calls in a row fail that going on is no use.
    """
    setups = {
        one.name: hashlib.sha256(f"{client.model}\0{one.text}".encode()).hexdigest()[:12] for one in variants
    }
    keys = {
        f"{one.id}|{variant.name}|{setups[variant.name]}": (variant, one) for variant in variants for one in asked
    }  # fmt: skip
    to_do = [pair for key, pair in keys.items() if results.get(key) is None]

    async def work(pair: tuple[Variant, Candidate]) -> str:
        row = await _opinion(*pair, setups[pair[0].name], client)
        results.add(row)
        return row.fault

    try:
        async with asyncio.timeout(clock.left_s()):
            if to_do:
                await each(to_do, work, at_once=in_flight, told=Progress(tell, len(to_do)))
    except TimeoutError:
        if not clock.over:
            raise
    return [row for key in keys if (row := results.get(key)) is not None]


async def _opinion(variant: Variant, one: Candidate, setup: str, client: PlainClient) -> Opinion:
    told = {"id": one.id, "variant": variant.name, "setup": setup, "right": one.right}
    started = time.monotonic()
    try:
        got = await client.ask(
            variant.filled(one.question, one.answer, one.reply), temperature=0.0, seed=0, top_logprobs=5
        )
    except ModelUnauthorised:
        raise
    except ModelError as error:
        fault = f"{type(error).__name__}: {error}"[:300]
        return Opinion.model_validate(
            told | {"chance": None, "read": 0, "written": 0, "seconds": 0.0, "fault": fault}
        )
    seconds = round(time.monotonic() - started, 3)
    said = verdict_in(Completion(text=got.texts[0], logprobs=got.words[0]))
    return Opinion.model_validate(
        told | {"chance": said, "read": got.read, "written": got.written, "seconds": seconds}
    )


def verdict_in(completion: Completion) -> float | None:
    """Return P(yes) of a verdict's first word, or 1 or 0 by the last yes or no of one that reasons first; None without."""
    first = chance(completion, "yes", "no")
    if first is not None:
        return first
    words = _SAID.findall(completion.text)
    return float(words[-1].casefold() == "yes") if words else None


@dataclass(frozen=True, slots=True)
class Judging:
    """How well one variant tells right replies from wrong ones.

    Attributes:
        told: Share of the replies of which it said something; the other figures are of those.
        area: Chance that a right reply is rated above a wrong one (area under the curve; ties count half), with an
            interval over resampled questions; None without replies of both kinds.
        accepted: Right replies rated `ACCEPT` or more.
        refused: Wrong replies rated less.
    """

    variant: str
    n: int
    told: Interval | None
    area: Interval | None
    accepted: Interval | None
    refused: Interval | None
    mean_right: float | None
    mean_wrong: float | None
    written: Mean
    read: Mean
    seconds: Mean


def judging(rows: Sequence[Opinion], seed: int) -> list[Judging]:
    """Return the figures of every variant."""
    found: list[Judging] = []
    for name in dict.fromkeys(row.variant for row in rows):
        own = [row for row in rows if row.variant == name]
        told = [(row.id.rpartition("/")[0], row.chance, row.right) for row in own if row.chance is not None]
        right, wrong = ([said for _, said, good in told if good is kind] for kind in (True, False))
        found.append(Judging(
            variant=name, n=len(own), told=share(len(told), len(own)), area=clustered_rank(told, rng=random.Random(seed)),
            accepted=share(sum(said >= ACCEPT for said in right), len(right)),
            refused=share(sum(said < ACCEPT for said in wrong), len(wrong)),
            mean_right=mean_interval(right)[0] if right else None, mean_wrong=mean_interval(wrong)[0] if wrong else None,
            written=mean_interval([row.written for row in own]), read=mean_interval([row.read for row in own]),
            seconds=mean_interval([row.seconds for row in own]),
        ))  # fmt: skip
    return found


def cells(found: Sequence[Judging]) -> list[list[str]]:
    """Return one line of the table per variant, in the order of `COLUMNS`."""
    return [
        [
            one.variant, str(one.n), percent(one.told), percent(one.area), percent(one.accepted), percent(one.refused),
            *("-" if mean is None else f"{mean:.2f}" for mean in (one.mean_right, one.mean_wrong)),
            f"{one.written[0]:.0f}", f"{one.read[0]:.0f}", f"{one.seconds[0]:.1f}",
        ]
        for one in found
    ]  # fmt: skip


async def run_judges(
    order: Order,
    variants: Sequence[Variant],
    answers: Path,
    *,
    each_question: int,
    tell: Callable[[str], None],
) -> list[Judging]:
    """Ask every variant about the kept replies to the order's questions, and write the reports into its folder.

    Raises:
        SetupError: If there are no such replies, or something else of the order is unusable.
        ModelError: If the server cannot be reached, refuses the key, or fails too often.
    """
    order.out.mkdir(parents=True, exist_ok=True)
    clock = Clock.started(order.seconds)
    asked = await candidates(order.sets, answers, each_question=each_question)
    async with client_of(order.settings.role("fast"), order.in_flight) as client:
        about = await about_of(order, client, reachable=not clock.over)
        with Results(order.out / OPINIONS, Opinion) as results:
            rows = await opinions(
                variants, asked, client, in_flight=order.in_flight, results=results, clock=clock, tell=tell
            )
    found = judging(rows, order.settings.seed)
    _write(order.out, about | {"replies": len(asked), "right": sum(one.right for one in asked)}, found)
    return found


def _write(out: Path, about: Mapping[str, Any], found: Sequence[Judging]) -> None:
    told = {"about": dict(about), "judges": [asdict(one) for one in found]}
    put(out / REPORT_JSON, json.dumps(told, indent=1) + "\n")
    put(out / REPORT_MD, "\n".join([
        *head(about, "prompts of a judge measured"), "", *table(COLUMNS, cells(found)), "",
        "Area: how often a right reply is rated above a wrong one, 50% by chance; intervals are over resampled questions.", "",
    ]))  # fmt: skip
