"""`agot ask`: one question, one answer, one exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agot.cli import compose, flags, owed

if TYPE_CHECKING:
    from agot.cli.driving import Work
    from agot.cli.view import View
    from agot.settings import Settings
    from agot.thought import Result
    from agot.tools.tool import Approve


def ask(
    question: Annotated[
        str, typer.Argument(help="What to answer; - reads standard input.", show_default=False)
    ],
    model: flags.ModelFlag = None,
    base_url: flags.BaseUrlFlag = None,
    strategy: flags.StrategyFlag = None,
    fast: flags.FastFlag = False,
    thorough: flags.ThoroughFlag = False,
    abstain: flags.AbstainFlag = None,
    output: flags.OutputFlag = "text",
    seed: flags.SeedFlag = None,
    budget_calls: flags.CallsFlag = None,
    budget_tokens: flags.TokensFlag = None,
    budget_usd: flags.UsdFlag = None,
    timeout: flags.TimeoutFlag = None,
    database: flags.DatabaseFlag = None,
    verbose: flags.VerboseFlag = False,
    debug: flags.DebugFlag = False,
) -> None:
    """Answer a question by a graph of thoughts.

    Exit codes: 0 answered, 1 error, 2 usage, 3 abstained, 4 budget, 69 model unreachable,
    75 rate-limited, 77 unauthorised, 124 timeout, 130 interrupted.
    """
    from agot.cli.offer import with_model
    from agot.cli.question import read_question

    chosen: dict[str, Any] = {
        "model": model, "base_url": base_url, "seed": seed, "database": database,
        "limits": flags.limits(budget_calls, budget_tokens, budget_usd, timeout),
        "engine": flags.engine(fast, thorough, abstain),
    }  # fmt: skip
    settings = with_model(chosen) if output == "text" else compose.settings(**chosen)
    asked = read_question(question)
    watched = sys.stdout.isatty() and not verbose if output == "text" else output == "jsonl" and verbose
    result = run(
        settings,
        lambda reasoner, sink: reasoner.ask(asked, strategy=strategy, on_event=sink, stream_text=watched),
        output=output,
        verbose=verbose,
    )
    finish(result)


def run(settings: Settings, work: Work[Result], *, output: flags.Output, verbose: bool) -> Result:
    """Run some work under the view that suits the output and where it goes, and print its result."""
    from agot.cli.driving import drive

    view = view_for(output, verbose=verbose, verified=settings.engine.verify)
    result = drive(settings, work, view, approver_for(output, view))
    show(result, output, view)
    if view.fault is not None and not isinstance(view.fault, BrokenPipeError):
        from agot.cli.view import told

        told(f"The progress display failed ({view.fault!r}); the run was not affected.")
    return result


def view_for(output: flags.Output, *, verbose: bool, folded: bool = False, verified: bool = True) -> View:
    """Return the live screen on a terminal, quiet lines beside a pipe, and only warnings where nobody watches."""
    from agot.cli.view import JsonLines, Lines, Warnings

    if output == "jsonl":
        return JsonLines(verbose=verbose)
    if output == "text" and sys.stdout.isatty() and not verbose:
        from agot.cli.paint import console
        from agot.cli.screen import Screen

        screen = console()
        # A dumb terminal cannot move its cursor, so a live display would be printed over and over.
        if not screen.is_dumb_terminal:
            return Screen(screen, folded=folded, verified=verified)
    return Lines() if verbose or sys.stderr.isatty() else Warnings()


def approver_for(output: flags.Output, view: View) -> Approve | None:
    """Return what asks the person at the terminal; None if there is nobody, or only a program that reads the output."""
    if output != "text" or not (sys.stdin and sys.stdin.isatty() and sys.stdout.isatty()):
        return None
    from agot.cli.approval import Asker

    return Asker(view)


def show(result: Result, output: flags.Output, view: View | None = None) -> None:
    """Print a result: the answer to standard output, anything else a person should know to standard error.

    Args:
        view: Who watched the run.
    """
    from agot.cli.outcome import as_object, print_json

    if output == "json":
        told_all = as_object(result)
        owed.settled()
        print_json(told_all)
    if output != "text":
        return
    from agot.cli.paint import ending, steerless
    from agot.cli.view import told

    if not sys.stdout.isatty():
        if result.answer:
            sys.stdout.write(steerless(result.answer) + "\n")
            sys.stdout.flush()
        told(f"{ending(result)}{_advice(result)}")
        return
    from agot.cli.paint import console
    from agot.cli.screen import Screen

    screen = view if isinstance(view, Screen) else Screen(console())
    screen.conclude(result, tree=view.tree if view is not None else None)
    told(f"{ending(result)}{_advice(result)}")


def _advice(result: Result) -> str:
    if result.status != "abstained":
        return ""
    return (
        "\nMore may help: --thorough, or a stronger model (--model); what was tried: agot runs show "
        + result.run_id
    )


def finish(result: Result) -> None:
    """Leave with the exit code of a result."""
    from agot.cli.outcome import exit_code

    raise typer.Exit(exit_code(result))
