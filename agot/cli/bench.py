"""`agot bench`: strategies, verifiers, public datasets and real models, measured."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

import typer
from typer.core import TyperCommand

from agot.cli import compose, flags
from agot.cli.bench_real import prompts, real
from agot.cli.bench_retrieval import retrieval
from agot.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from agot.bench.public import Graded
    from agot.settings import Settings

T = TypeVar("T")

app = typer.Typer(
    help="Measure real models, strategies, verifiers, and answers to public datasets.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("real")(real)
app.command("prompts")(prompts)
app.command("retrieval")(retrieval)

Split = Literal["validation", "test"]
LISTS = ("--families", "--strategies", "--budgets")


class Listing(TyperCommand):
    """Lets the flags of `LISTS` take several values at once: `--budgets 500 1000`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Repeat a list's flag before each of its values, which is what the parser knows.

        Raises:
            SetupError: If such a flag has no value.
        """
        spelled: list[str] = []
        flag = ""
        for place, argument in enumerate(args):
            if argument in LISTS:
                flag = argument
                if place + 1 == len(args) or args[place + 1].startswith("-"):
                    raise SetupError(f"{flag} has no value. Give one or several: {flag} A B")
                continue
            if argument.startswith("-"):
                flag = ""
            spelled += [flag, argument] if flag else [argument]
        return super().parse_args(ctx, spelled)


FamiliesFlag = Annotated[
    list[str] | None,
    typer.Option("--families", metavar="NAME...", help="Families of frozen problems; all by default."),
]
SplitFlag = Annotated[Split, typer.Option("--split", help="Choose settings on validation, report on test.")]
PerFamilyFlag = Annotated[
    int | None,
    typer.Option("--per-family", metavar="N", min=1, help="Problems of each family; all by default."),
]
AtOnceFlag = Annotated[int, typer.Option("--at-once", metavar="N", min=1, help="Questions in flight.")]
ResultsFlag = Annotated[
    Path | None,
    typer.Option(
        "--results", metavar="FILE", help="Keep answers in this JSON Lines file, and go on from those in it."
    ),
]
JsonFlag = Annotated[
    Path | None, typer.Option("--json", metavar="FILE", help="Also write the figures to this file.")
]
PathFlag = Annotated[
    Path, typer.Option("--path", metavar="FILE", help="The dataset's original file.", show_default=False)
]
DatasetArgument = Annotated[
    str,
    typer.Argument(
        metavar="DATASET",
        help="gsm8k, math500, game24, bbh, natural_plan, blocksworld, bfcl, humaneval or procbench.",
        show_default=False,
    ),
]
LimitFlag = Annotated[
    int | None, typer.Option("--limit", metavar="N", min=1, help="First rows only; all by default.")
]


@app.command("strategies", cls=Listing)
def strategies(
    families: FamiliesFlag = None,
    names: Annotated[
        list[str] | None,
        typer.Option("--strategies", metavar="NAME...", help="auto and all registered ones by default."),
    ] = None,
    split: SplitFlag = "validation",
    per_family: PerFamilyFlag = None,
    budgets: Annotated[
        list[int] | None,
        typer.Option("--budgets", metavar="N...", help="Tokens per question; 500 1000 2000 4000 by default."),
    ] = None,
    model: flags.ModelFlag = None,
    base_url: flags.BaseUrlFlag = None,
    seed: flags.SeedFlag = None,
    output: flags.TableFlag = "text",
    json_file: JsonFlag = None,
    plot: Annotated[
        Path | None, typer.Option("--plot", metavar="FILE.svg", help="Draw accuracy against tokens.")
    ] = None,
    at_once: AtOnceFlag = 24,
    results: ResultsFlag = None,
    debug: flags.DebugFlag = False,
) -> None:
    """Compare strategies on held-out problems at equal token budgets."""
    from agot.bench import compare, frozen, tables
    from agot.bench.plot import svg
    from agot.bench.results import Results
    from agot.bench.strategies import BUDGETS, Answered, checked_budgets, measure, named
    from agot.cli.outcome import print_json

    settings = _settings(model, base_url, seed)
    problems = frozen.chosen(split, families or (), per_family)
    with Results(results, Answered) as kept:
        rows = _complete(measure(
            settings, problems, strategies=named(names or (), settings), budgets=checked_budgets(budgets or BUDGETS),
            at_once=at_once, results=kept, tell=_tell(),
        ))  # fmt: skip
    table = compare.Table(rows)
    figures = {"split": split, "seed": settings.seed, "model": settings.role("fast").model} | compare.as_json(
        table
    )
    _write(json_file, lambda: _json(figures))
    _write(plot, lambda: svg(table, f"Accuracy against tokens, {split} split, {settings.role('fast').model}"))
    if output == "json":
        print_json(figures)
        return
    compose.print_table(tables.COLUMNS, tables.rows(table.cells()))
    _lines(["", *(tables.sentence(bar) for bar in figures["bars"])])


@app.command("fit")
def fit(
    results: Annotated[
        Path,
        typer.Argument(
            metavar="RESULTS", help="Of `agot bench strategies --split validation`.", show_default=False
        ),
    ],
    to: Annotated[
        Path, typer.Option("--to", metavar="FILE.json", help="Where the table goes.", show_default=False)
    ],
    debug: flags.DebugFlag = False,
) -> None:
    """Fit the table of what pays at which difficulty; `engine.difficulty_table` names it to `auto`."""
    from agot.agents.selection.difficulty import save
    from agot.bench.fitting import fitted
    from agot.bench.results import Results
    from agot.bench.strategies import Answered

    if not results.is_file():
        raise SetupError(
            f"There is no results file {results}. Write one: agot bench strategies --results {results} ..."
        )
    with Results(results, Answered) as kept:
        table = fitted(kept.rows(), accept=_settings(None, None, None).engine.accept)
    try:
        save(table, to)
    except OSError as error:
        raise SetupError(f"The table cannot be written to {to}: {error.strerror}.") from None
    _lines([table.about, f'{len(table.rows)} rows are in {to}. Use it: [engine] difficulty_table = "{to}"'])


@app.command("verifiers", cls=Listing)
def verifiers(
    families: FamiliesFlag = None,
    split: SplitFlag = "validation",
    per_family: PerFamilyFlag = None,
    samples: Annotated[
        int,
        typer.Option(
            "--samples", metavar="N", min=1, help="Sampled chains per problem, beside a greedy one."
        ),
    ] = 4,
    model: flags.ModelFlag = None,
    base_url: flags.BaseUrlFlag = None,
    seed: flags.SeedFlag = None,
    output: flags.TableFlag = "text",
    json_file: JsonFlag = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Keep what was seen of the judges, for all later questions.")
    ] = False,
    database: flags.DatabaseFlag = None,
    at_once: AtOnceFlag = 24,
    results: ResultsFlag = None,
    debug: flags.DebugFlag = False,
) -> None:
    """Ask every verifier about the model's own answers, and compare with the truth.

    Completeness: right answers accepted. Soundness: wrong answers rejected. Both of those on which the verifier
    says something; intervals are over resampled questions. "Asked" is a judge where no check settles the matter,
    "calibrated" the same with its rewards made probabilities by what the other half of the questions showed.

    With --keep, later questions weigh and read these judges by it; `agot runs delete` forgets it.
    """
    from dataclasses import asdict

    from agot.bench import frozen, keeping, tables
    from agot.bench.results import Results
    from agot.bench.verifiers import Checked, measure, seats, trust, with_calibration
    from agot.cli.outcome import print_json

    settings = compose.settings(model=model, base_url=base_url, seed=seed, database=database)
    problems = frozen.chosen(split, families or (), per_family)
    with Results(results, Checked) as kept:
        rows = _complete(
            measure(settings, problems, samples=samples, at_once=at_once, results=kept, tell=_tell())
        )
    judges = {name: settings.role(role).model for name, role in seats(settings).items()}
    if keep:
        _tell()(_complete(keeping.kept(settings, rows, problems, judges, split)))
    found = trust(with_calibration(rows, judges), accept=settings.engine.accept)
    figures = {"split": split, "samples": samples, "errors": sum(bool(row.fault) for row in rows)} | {
        "verifiers": [asdict(one) for one in found]
    }
    _write(json_file, lambda: _json(figures))
    if output == "json":
        print_json(figures)
        return
    columns = (
        "verifier",
        "family",
        "answers",
        "told",
        "completeness",
        "right",
        "soundness",
        "wrong",
        "calibration error",
        "brier",
    )
    compose.print_table(columns, [
        [
            one.verifier, one.family, str(one.solutions), tables.percent(one.told), tables.percent(one.completeness),
            str(one.right), tables.percent(one.soundness), str(one.wrong),
            *("-" if figure is None else f"{figure:.3f}" for figure in (one.calibration_error, one.brier)),
        ]
        for one in found
    ])  # fmt: skip


@app.command("run")
def run(
    dataset: DatasetArgument,
    path: PathFlag,
    model: flags.ModelFlag = None,
    base_url: flags.BaseUrlFlag = None,
    strategy: flags.StrategyFlag = None,
    limit: LimitFlag = None,
    results: ResultsFlag = None,
    seed: flags.SeedFlag = None,
    budget_calls: flags.CallsFlag = None,
    budget_tokens: flags.TokensFlag = None,
    budget_usd: flags.UsdFlag = None,
    timeout: flags.TimeoutFlag = None,
    output: flags.TableFlag = "text",
    at_once: AtOnceFlag = 8,
    debug: flags.DebugFlag = False,
) -> None:
    """Answer a public dataset and grade the answers. Limits hold for each question.

    Errors of the network and the like are counted apart and tried again the next time with the same --results.
    """
    from agot.bench.datasets import items
    from agot.bench.public import Graded, answer, summary
    from agot.bench.results import Results
    from agot.cli.outcome import ERROR, print_json

    settings = _settings(
        model, base_url, seed, flags.limits(budget_calls, budget_tokens, budget_usd, timeout)
    )
    rows_to_ask = items(dataset, path, limit)
    with Results(results, Graded) as kept:
        rows: list[Graded] = _complete(answer(
            settings, f"{dataset}/{path.name}", rows_to_ask, strategy=strategy, at_once=at_once, results=kept,
            tell=_tell(),
        ))  # fmt: skip
    figures = {"dataset": dataset, "file": path.name, "model": settings.role("fast").model} | summary(rows)
    if output == "json":
        print_json(figures)
    else:
        _lines(_told(figures))
    if not figures["measured"]:
        raise typer.Exit(ERROR)


@app.command("gold")
def gold(
    dataset: DatasetArgument, path: PathFlag, limit: LimitFlag = None, output: flags.TableFlag = "text"
) -> None:
    """Grade a dataset's own references, which must be right, and spoilt ones, which must not."""
    from dataclasses import asdict

    from agot.bench.datasets import items
    from agot.bench.public import grade_gold
    from agot.cli.outcome import print_json

    report = _complete(grade_gold(items(dataset, path, limit), _tell()))
    if output == "json":
        print_json({"dataset": dataset, "file": path.name} | asdict(report))
        return
    lines = [_counted("references accepted", report.accepted, report.items)]
    if report.exact:
        lines.append(_counted("references met exactly", report.exact, report.items))
    lines.append(_counted("spoilt references accepted", report.wrong_accepted, report.wrong))
    if report.untold:
        lines.append(f"could not be told: {', '.join(dict.fromkeys(report.untold))}")
    if report.refused:
        lines.append(f"refused: {', '.join(report.refused)}")
    _lines(lines)


def _counted(what: str, hits: int, n: int) -> str:
    return f"{what}: {hits} of {n}" + (f" ({100 * hits / n:.1f}%)" if n else "")


def _told(figures: dict[str, Any]) -> list[str]:
    from agot.bench.tables import number, percent

    lines = [
        f"{figures['dataset']}, {figures['file']}, {figures['model']}",
        f"accuracy: {percent(figures['accuracy'])}, {figures['right']} of {figures['measured']}",
    ]
    if figures["exact"] is not None:
        lines.append(f"the reference itself: {percent(figures['exact'])}")
    lines.append(
        f"given: {figures['given']}, abstained: {figures['abstained']}, right of those given: {percent(figures['precision'])}"
    )
    if figures["measured"]:
        lines.append(
            f"per question: {number(figures['tokens'])} tokens, {number(figures['calls'], 1)} calls, {number(figures['wall_s'], 1)} s"
        )
    lines.append(f"cost: {figures['cost_usd']:.4f} US dollars")
    errors = ", ".join(f"{name} {count}" for name, count in sorted(figures["errors"].items()))
    lines.append(f"errors, not counted above: {errors or 'none'}")
    return lines


def _settings(
    model: str | None, base_url: str | None, seed: int | None, limits: dict[str, float | int] | None = None
) -> Settings:
    return compose.settings(model=model, base_url=base_url, seed=seed, limits=limits)


def _complete(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def _tell() -> Callable[[str], None]:
    from agot.cli.view import told

    return told


def _lines(lines: list[str]) -> None:
    from agot.cli.paint import printable

    for line in lines:
        typer.echo(printable(line))


def _json(figures: dict[str, Any]) -> str:
    import json

    return json.dumps(figures, indent=1) + "\n"


def _write(path: Path | None, text: Callable[[], str]) -> None:
    if path is None:
        return
    try:
        path.write_text(text(), encoding="utf-8")
    except OSError as error:
        raise SetupError(f"The file {path} cannot be written: {error.strerror}.") from None
