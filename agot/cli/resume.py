"""`agot resume`: go on with a run that was killed, stopped, or ran into a limit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agot.cli import compose, flags
from agot.cli.ask import finish, run

if TYPE_CHECKING:
    from agot.cli.driving import Sink
    from agot.ids import RunId
    from agot.reasoner import Reasoner
    from agot.settings import Settings
    from agot.thought import Result


def resume(
    run_id: Annotated[
        str, typer.Argument(metavar="RUN", help="The run's id, or enough of it.", show_default=False)
    ],
    output: flags.OutputFlag = "text",
    budget_calls: flags.CallsFlag = None,
    budget_tokens: flags.TokensFlag = None,
    budget_usd: flags.UsdFlag = None,
    timeout: flags.TimeoutFlag = None,
    database: flags.DatabaseFlag = None,
    verbose: flags.VerboseFlag = False,
    debug: flags.DebugFlag = False,
) -> None:
    """Go on with a run. Calls that it paid for are replayed, not made again; limits given here replace its own."""
    limits = flags.limits(budget_calls, budget_tokens, budget_usd, timeout)
    settings = compose.settings(database=database, limits=limits)

    async def work(reasoner: Reasoner, sink: Sink) -> Result:
        found, saved = await _found(settings, run_id)
        if not limits:
            return await reasoner.resume(found, on_event=sink)
        from agot.budget import Budget

        return await reasoner.resume(found, budget=Budget.model_validate(saved | limits), on_event=sink)

    finish(run(settings, work, output=output, verbose=verbose))


async def _found(settings: Settings, prefix: str) -> tuple[RunId, dict[str, Any]]:
    """Return the run's whole id and the limits it was begun with."""
    store = await compose.open_store(settings)
    try:
        found = await store.find(prefix)
        saved = json.loads((await store.run(found)).settings_json).get("budget", {})
    finally:
        await store.close()
    return found, saved
