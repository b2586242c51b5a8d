"""`agot bench real`: a model at a server, asked plainly and through the project."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from agot.cli import compose, flags

if TYPE_CHECKING:
    from agot.bench.real_run import Order

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
        "humaneval/HumanEval.jsonl.gz, bbh/*.json, game24/*.csv, bfcl_v4/BFCL_v4_*.json.",
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
            help="Of gsm8k, math, humaneval, bbh, game24, bfcl, open, six; by default the suite's.",
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
    from agot.bench.pairwise import verdicts
    from agot.bench.real import ARMS, arms_named
    from agot.bench.real_report import COLUMNS, JUDGED_COLUMNS, as_json, cells, figures, judged_cells
    from agot.bench.real_run import REPORT_MD, Order, named_at, run
    from agot.cli.outcome import print_json
    from agot.cli.view import told

    chosen = suites.chosen(suite, _names(sets), data, split=split, limit=limit)
    settings = compose.settings(model=named_at(model, base_url)[0], base_url=base_url, seed=seed)
    role = settings.role("fast")
    if max_tokens is not None:
        role = role.model_copy(update={"max_tokens": max_tokens})
        settings = settings.model_copy(update={"roles": {**settings.roles, "fast": role}})
    judge = None
    if judge_model is not None or judge_base_url is not None:
        address = judge_base_url or base_url
        judge = compose.switched(role, named_at(judge_model or model, address)[0], address)
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


def _names(text: str) -> list[str]:
    """Return the names of a list with commas."""
    return [name for name in (part.strip() for part in text.split(",")) if name]
