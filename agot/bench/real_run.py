"""One measurement of a real model from beginning to end: arms opened, questions asked, replies compared, reports written."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agot.bench import provenance
from agot.bench.arms import measuring, opened
from agot.bench.pairwise import Judged, judge, judgements
from agot.bench.plain import PlainClient
from agot.bench.real import Clock, Measured, measure, rows_of
from agot.bench.real_plot import plotted
from agot.bench.real_report import as_json, head, markdown, table, texts
from agot.bench.results import Results
from agot.bench.suites import BenchSet
from agot.bench.throughput import COLUMNS as SPEED_COLUMNS
from agot.bench.throughput import PAIRS, Speed, throughput
from agot.bench.throughput import as_json as speeds_as_json
from agot.bench.throughput import cells as speed_cells
from agot.bench.watch import Watch
from agot.errors import SetupError
from agot.settings import RoleSettings, Settings, stripped

PROVIDER = "hosted_vllm"
"""litellm's way to an OpenAI-compatible server."""
ANSWERS, JUDGED, REPORT_JSON, REPORT_MD = "answers.jsonl", "judged.jsonl", "report.json", "report.md"
REPORT_SVG = "report.svg"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be measured.

    Attributes:
        settings: Role `fast` is the model that is measured, with the address of its server.
        judge: The model that compares replies; the measured one if None.
        seconds: For everything; None for as long as it takes, 0 only reports what there is.
        device: What the server runs on, in anybody's words.
        learn: Let a question of an arm teach the arm's next ones.
    """

    settings: Settings
    sets: Sequence[BenchSet]
    arms: Sequence[str]
    split: str
    in_flight: int
    out: Path
    seconds: float | None = None
    device: str = ""
    judge: RoleSettings | None = None
    learn: bool = False


def named_at(model: str, base_url: str) -> tuple[str, str]:
    """Return litellm's name of a server's model, and the server's own.

    Raises:
        SetupError: If the model or the address is empty.
    """
    if not model.strip() or not base_url.strip():
        raise SetupError("A model and the address of its server are needed: --model NAME --base-url URL")
    for provider in (PROVIDER, "openai"):
        if model.startswith(f"{provider}/"):
            return model, model.removeprefix(f"{provider}/")
    return f"{PROVIDER}/{model}", model


def client_of(role: RoleSettings, in_flight: int) -> PlainClient:
    """Return a plain client of a role's model.

    Raises:
        SetupError: If the role has no address, or its key is not set.
    """
    _, name = named_at(role.model, role.base_url or "")
    key = stripped(os.environ.get(role.api_key_env, "")) if role.api_key_env else ""
    if role.api_key_env and not key:
        raise SetupError(
            f"The key for {role.model} is read from {role.api_key_env}, which is not set. Set it."
        )
    return PlainClient(
        role.base_url or "", name, key=key, in_flight=in_flight, max_tokens=role.max_tokens, extra_body=role.extra_body
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Outcome:
    """What there is at the end; `about` says where it comes from."""

    about: dict[str, Any]
    rows: Sequence[Measured]
    judged: Sequence[Judged]


async def run(order: Order, tell: Callable[[str], None]) -> Outcome:
    """Measure, keep every row in the folder, and write the reports there.

    The reports are written also if the measurement ends early.

    Raises:
        SetupError: If something of the order is unusable.
        ModelError: If the server cannot be reached, refuses the key, or fails too often.
    """
    order.out.mkdir(parents=True, exist_ok=True)
    clock = Clock.started(order.seconds)
    role = order.settings.role("fast")
    settings = measuring(order.settings, in_flight=order.in_flight, learn=order.learn)
    async with AsyncExitStack() as stack:
        # Every sample of a majority may be a request of its own.
        client = await stack.enter_async_context(client_of(role, order.in_flight))
        about = await about_of(order, client, reachable=not clock.over)
        judging = client
        if order.judge is not None:
            judging = await stack.enter_async_context(client_of(order.judge, order.in_flight))
        about["judge"] = judging.model
        answers = stack.enter_context(Results(order.out / ANSWERS, Measured))
        comparisons = stack.enter_context(Results(order.out / JUDGED, Judged))
        arms = await stack.enter_async_context(opened(order.arms, settings, client, order.out))
        requests = {
            bench.name: {item.id: item.question for item in bench.items} for bench in order.sets if bench.judged
        }  # fmt: skip
        try:
            await measure(
                order.sets, arms, model=client.model, split=order.split, seed=settings.seed,
                in_flight=order.in_flight, results=answers, clock=clock, tell=tell,
            )  # fmt: skip
            await judge(
                rows_of(order.sets, arms, answers), requests, judging, in_flight=order.in_flight,
                results=comparisons, clock=clock, tell=tell,
            )  # fmt: skip
        finally:
            rows = rows_of(order.sets, arms, answers)
            outcome = Outcome(about, rows, judgements(rows, requests, judging.model, comparisons))
            write(order.out, outcome, requests)
        if clock.over:
            tell("The time is over; the report tells of what there is. The same command goes on from there.")
        return outcome


async def race(order: Order, tell: Callable[[str], None]) -> list[Speed]:
    """Measure the tokens per second of plain requests and strategies, and write them into the folder.

    The questions are those of the first set of which a majority can be elected.

    Raises:
        SetupError: If there is no such set, or something else of the order is unusable.
        ModelError: If the server cannot be reached, refuses the key, or fails too often.
    """
    bench = next((bench for bench in order.sets if bench.elects), None)
    if bench is None:
        raise SetupError("A throughput needs a set of closed questions. Name one: --sets gsm8k --data FOLDER")
    folder = order.out / "throughput"
    folder.mkdir(parents=True, exist_ok=True)
    clock = Clock.started(order.seconds)
    settings = measuring(order.settings, in_flight=order.in_flight, learn=order.learn)
    names = [name for pair in PAIRS for name in pair]
    async with client_of(order.settings.role("fast"), order.in_flight) as client:
        about = await about_of(order, client, reachable=True) | {
            "arms": names,
            "sets": {bench.name: len(bench.items)},
        }
        async with opened(names, settings, client, folder) as arms:
            speeds = await throughput(
                bench, arms, Watch(client), in_flight=order.in_flight, clock=clock, tell=tell
            )
    put(
        order.out / "throughput.json",
        json.dumps({"about": about, "speeds": speeds_as_json(speeds)}, indent=1) + "\n",
    )
    put(order.out / "throughput.md", "\n".join([
        *head(about, "throughput"), "", *table(SPEED_COLUMNS, speed_cells(speeds)), "",
        "Tokens per second are written tokens of all rounds over their seconds; means per question of written and read tokens "
        "and calls.", "",
    ]))  # fmt: skip
    return speeds


async def about_of(order: Order, client: PlainClient, *, reachable: bool) -> dict[str, Any]:
    """Return what the head of a report says: model, server, versions, rows and settings.

    Args:
        reachable: Ask the server; otherwise what an earlier report says of it is taken.

    Raises:
        SetupError: If the server has no such model.
        ModelUnreachable: If nobody answers.
    """
    server = await provenance.server_of(client) if reachable else _earlier(order.out / REPORT_JSON)
    if "models" in server:
        raise SetupError(
            f"The server has no model {client.model!r}. It has: {', '.join(server['models'])}. Name one: --model NAME"
        )
    return {
        "model": client.model, "date": provenance.now(), "device": order.device, "server": server,
        "versions": provenance.versions(), "revision": provenance.revision(), "seed": order.settings.seed,
        "split": order.split, "in_flight": order.in_flight, "max_tokens": client.max_tokens,
        "sets": {bench.name: len(bench.items) for bench in order.sets}, "arms": list(order.arms),
    }  # fmt: skip


def _earlier(report: Path) -> dict[str, Any]:
    """Return what an earlier report of the folder says of the server."""
    try:
        told = json.loads(report.read_text(encoding="utf-8"))["about"]["server"]
    except (OSError, ValueError, LookupError, TypeError):
        return {}
    return told if isinstance(told, dict) else {}


def write(out: Path, outcome: Outcome, requests: Mapping[str, Mapping[str, str]]) -> None:
    """Write the reports into the folder.

    Args:
        requests: Request by id, by set: of each such set, all replies are written out for reading.

    Raises:
        SetupError: If the folder cannot be written to.
    """
    about, rows, judged = outcome.about, outcome.rows, outcome.judged
    put(out / REPORT_JSON, json.dumps(as_json(about, rows, judged), indent=1) + "\n")
    put(out / REPORT_MD, markdown(about, rows, judged))
    plot = plotted(rows, f"Right answers against tokens written, {about['model']}")
    if plot is not None:
        put(out / REPORT_SVG, plot)
    for name, by_id in requests.items():
        put(out / f"{name}.md", texts(rows, name, by_id))


def put(path: Path, text: str) -> None:
    """Write a report.

    Raises:
        SetupError: If it cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SetupError(f"The report {path} cannot be written: {error.strerror}.") from None
