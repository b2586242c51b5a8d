"""`agot bench real` and `agot bench prompts`: a model at a server, asked plainly and through the project."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agot.cli import compose, flags
from agot.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agot.bench.prompts import Variant
    from agot.bench.real_run import Order
    from agot.settings import Settings

ServerFlag = Annotated[
    str,
    typer.Option(
        "--base-url", metavar="URL", help="Address of an OpenAI-compatible server.", show_default=False
    ),
]
NameFlag = Annotated[
    str, typer.Option("--model", "-m", metavar="NAME", help="The server's name of the model.", show_default=False)
]  # fmt: skip
DataFlag = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="FOLDER",
        help="Holds the original files of public sets: gsm8k/test*.jsonl, gsm8k/train*.jsonl, math500/*.jsonl, "
        "humaneval/HumanEval.jsonl.gz, bbh/*.json, game24/*.csv, procbench/*.jsonl, bfcl_v4/BFCL_v4_*.json.",
    ),
]
RowsFlag = Annotated[
    Literal["train", "test", "all"],
    typer.Option("--split", help="Choose settings on train, report on test; they share no rows."),
]
LimitFlag = Annotated[int | None, typer.Option("--limit", metavar="N", min=1, help="Rows of each set.")]
InFlightFlag = Annotated[
    int, typer.Option("--in-flight", metavar="N", min=1, help="Questions at the same time.")
]
SecondsFlag = Annotated[
    float | None,
    typer.Option(
        "--seconds",
        metavar="S",
        min=0,
        help="For everything; what there is then is reported. 0 only reports.",
    ),
]
MaxTokensFlag = Annotated[
    int | None, typer.Option("--max-tokens", metavar="N", min=1, help="Room for each reply, for all arms alike.")
]  # fmt: skip
DeviceFlag = Annotated[str, typer.Option("--device", metavar="TEXT", help="What the server runs on, for the report.")]  # fmt: skip


def real(
    base_url: ServerFlag,
    model: NameFlag,
    suite: Annotated[
        Literal["small", "full"], typer.Option("--suite", help="Which sets, how many rows.")
    ] = "small",
    sets: Annotated[
        str,
        typer.Option(
            "--sets",
            metavar="A,B",
            help="Of gsm8k, math, humaneval, bbh, game24, procbench, bfcl, open, six; by default the suite's.",
        ),
    ] = "",
    data: DataFlag = None,
    split: RowsFlag = "test",
    limit: LimitFlag = None,
    arms: Annotated[
        str,
        typer.Option(
            "--arms",
            metavar="A,B",
            help="plain, plain-majority-8, auto and any strategy; by default these and direct, chain, vote, best-of-n.",
        ),
    ] = "",
    strategies: Annotated[
        str, typer.Option("--strategies", metavar="A,B", help="Strategies beside these arms.")
    ] = "",
    out: Annotated[
        Path, typer.Option("--out", metavar="FOLDER", help="For rows and reports; goes on from those in it.")
    ] = Path("bench-real"),
    in_flight: InFlightFlag = 64,
    seconds: SecondsFlag = None,
    max_tokens: MaxTokensFlag = None,
    judge_base_url: Annotated[
        str | None,
        typer.Option("--judge-base-url", metavar="URL", help="Server of the judge of open requests."),
    ] = None,
    judge_model: Annotated[
        str | None,
        typer.Option("--judge-model", metavar="NAME", help="The judge; by default the model itself."),
    ] = None,
    learn: Annotated[bool, typer.Option("--learn", help="Let an arm learn from its own questions.")] = False,
    throughput: Annotated[
        bool,
        typer.Option("--throughput", help="Instead, compare tokens/s: plain and chain, plain n=8 and vote."),
    ] = False,
    device: DeviceFlag = "",
    seed: flags.SeedFlag = None,
    output: flags.TableFlag = "text",
    debug: flags.DebugFlag = False,
) -> None:
    """Measure a real model at a server: plain requests beside the project's strategies, on the same questions.

    Rows are kept as they come, one JSON line a question, and are not asked again. A question that fails counts as wrong.
    Open requests are compared with the plain reply by a judge, in both orders.
    """
    from agot.bench import suites
    from agot.bench.arms import ARMS, arms_named
    from agot.bench.pairwise import verdicts
    from agot.bench.real_report import (
        COLUMNS,
        JUDGED_COLUMNS,
        TRUST_COLUMNS,
        as_json,
        cells,
        figures,
        judged_cells,
        trust_cells,
        trusted,
    )
    from agot.bench.real_run import REPORT_MD, Order, named_at, run
    from agot.cli.outcome import print_json
    from agot.cli.view import told

    chosen = suites.chosen(suite, _names(sets), data, split=split, limit=limit)
    settings = _settings(model, base_url, seed, max_tokens)
    judge = None
    if judge_model is not None or judge_base_url is not None:
        address = judge_base_url or base_url
        judge = compose.switched(settings.role("fast"), named_at(judge_model or model, address)[0], address)
    order = Order(
        settings, chosen, arms_named([*(_names(arms) or ARMS), *_names(strategies)]), split, in_flight, out,
        seconds=seconds, device=device, judge=judge, learn=learn,
    )  # fmt: skip
    if throughput:
        _race(order, output)
        return
    outcome = asyncio.run(run(order, told))
    if output == "json":
        print_json(as_json(outcome.about, outcome.rows, outcome.judged))
        return
    compose.print_table(COLUMNS, cells(figures(outcome.rows)))
    told_trust = trusted(outcome.rows)
    if told_trust:
        typer.echo("")
        compose.print_table(TRUST_COLUMNS, trust_cells(told_trust))
    compared = verdicts(outcome.rows, outcome.judged)
    if compared:
        typer.echo("")
        compose.print_table(JUDGED_COLUMNS, judged_cells(compared))
    told(f"Rows and reports are in {out}; for reading: {out / REPORT_MD}")


def _race(order: Order, output: flags.TableOutput) -> None:
    from agot.bench.real_run import race
    from agot.bench.throughput import COLUMNS, as_json, cells
    from agot.cli.outcome import print_json
    from agot.cli.view import told

    speeds = asyncio.run(race(order, told))
    if output == "json":
        print_json({"speeds": as_json(speeds)})
    else:
        compose.print_table(COLUMNS, cells(speeds))


def prompts(
    base_url: ServerFlag,
    model: NameFlag,
    variants: Annotated[
        Path,
        typer.Option(
            "--variants", metavar="FOLDER", help="Files *.md with {question} in them.", show_default=False
        ),
    ],
    purpose: Annotated[
        str,
        typer.Option(
            "--purpose",
            metavar="NAME",
            help="Variants whose heads name this purpose, or none; judge asks about kept replies.",
        ),
    ] = "chain",
    sets: Annotated[str, typer.Option("--sets", metavar="A,B", help="As of agot bench real.")] = "gsm8k",
    data: DataFlag = None,
    split: RowsFlag = "train",
    limit: LimitFlag = None,
    samples: Annotated[int, typer.Option("--samples", metavar="N", min=1, help="Put to a majority.")] = 1,
    temperature: Annotated[
        float | None,
        typer.Option("--temperature", metavar="T", min=0.0, max=2.0, help="0 for one sample, else 0.7."),
    ] = None,
    answers: Annotated[
        Path | None,
        typer.Option(
            "--answers", metavar="FILE", help="For judge: answers.jsonl with replies of plain-majority-8."
        ),
    ] = None,
    replies: Annotated[
        int, typer.Option("--replies", metavar="N", min=1, help="For judge: replies of a question.")
    ] = 2,
    out: Annotated[
        Path, typer.Option("--out", metavar="FOLDER", help="For rows and reports; goes on from those in it.")
    ] = Path("bench-prompts"),
    in_flight: InFlightFlag = 64,
    seconds: SecondsFlag = None,
    max_tokens: MaxTokensFlag = None,
    device: DeviceFlag = "",
    seed: flags.SeedFlag = None,
    output: flags.TableFlag = "text",
    debug: flags.DebugFlag = False,
) -> None:
    """Compare variants of a prompt at a server: what they get right beside the plain request, and their tokens.

    Each variant is one user turn. Answers are read as strategies read them. Variants of a judge are asked about replies
    whose worth is known, which agot bench real --arms plain-majority-8 keeps.
    """
    from agot.bench import suites
    from agot.bench.arms import TEMPERATURE
    from agot.bench.prompts import JUDGE, run_variants, variants_in
    from agot.bench.real_report import COLUMNS, as_json, cells, figures
    from agot.bench.real_run import Order
    from agot.cli.outcome import print_json
    from agot.cli.view import told

    found = variants_in(variants, purpose)
    chosen = suites.chosen("full", _names(sets), data, split=split, limit=limit)
    order = Order(
        _settings(model, base_url, seed, max_tokens), chosen, [one.name for one in found], split, in_flight, out,
        seconds=seconds, device=device,
    )  # fmt: skip
    if purpose == JUDGE:
        _judges(order, found, answers, replies, output)
        return
    if temperature is None:
        temperature = 0.0 if samples == 1 else TEMPERATURE
    work = run_variants(order, found, purpose=purpose, samples=samples, temperature=temperature, tell=told)
    outcome = asyncio.run(work)
    if output == "json":
        print_json(as_json(outcome.about, outcome.rows, ()))
    else:
        compose.print_table(COLUMNS, cells(figures(outcome.rows)))


def _judges(
    order: Order, found: Sequence[Variant], answers: Path | None, replies: int, output: flags.TableOutput
) -> None:
    from dataclasses import asdict

    from agot.bench.judge_prompts import COLUMNS, cells, run_judges
    from agot.cli.outcome import print_json
    from agot.cli.view import told

    if answers is None:
        raise SetupError("A judge's prompts need replies of known worth: --answers FOLDER/answers.jsonl")
    judges = asyncio.run(run_judges(order, found, answers, each_question=replies, tell=told))
    if output == "json":
        print_json({"judges": [asdict(one) for one in judges]})
    else:
        compose.print_table(COLUMNS, cells(judges))


def _settings(model: str, base_url: str, seed: int | None, max_tokens: int | None) -> Settings:
    """Return the settings with the measured model in the role `fast`."""
    from agot.bench.real_run import named_at

    settings = compose.settings(model=named_at(model, base_url)[0], base_url=base_url, seed=seed)
    if max_tokens is None:
        return settings
    role = settings.role("fast").model_copy(update={"max_tokens": max_tokens})
    return settings.model_copy(update={"roles": {**settings.roles, "fast": role}})


def _names(text: str) -> list[str]:
    """Return the names of a list with commas."""
    return [name for name in (part.strip() for part in text.split(",")) if name]
