"""`agot resume`: go on with a run that was killed, stopped, or ran into a limit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agot.cli import compose, flags
from agot.cli.ask import finish, run

if TYPE_CHECKING:
    from agot.cli.driving import Sink
    from agot.ids import RunId
    from agot.reasoner import Reasoner
    from agot.settings import RoleSettings, Settings
    from agot.thought import Result


def resume(
    run_id: Annotated[
        str, typer.Argument(metavar="RUN", help="The run's id, or enough of it.", show_default=False)
    ],
    model: flags.ModelFlag = None,
    base_url: flags.BaseUrlFlag = None,
    again: flags.AgainFlag = False,
    output: flags.OutputFlag = "text",
    budget_calls: flags.CallsFlag = None,
    budget_tokens: flags.TokensFlag = None,
    budget_usd: flags.UsdFlag = None,
    timeout: flags.TimeoutFlag = None,
    database: flags.DatabaseFlag = None,
    verbose: flags.VerboseFlag = False,
    debug: flags.DebugFlag = False,
) -> None:
    """Go on with a run. Calls that it paid for are replayed, not made again; flags replace its own model and limits.

    A run that is answered already just tells its answer, unless --again is given.
    """
    limits = flags.limits(budget_calls, budget_tokens, budget_usd, timeout)
    settings = compose.settings(database=database, limits=limits)

    async def work(reasoner: Reasoner, sink: Sink) -> Result:
        found = await _found(settings, run_id, sink, again=again)
        if found.result is not None:
            return found.result
        budget, roles = None, None
        if limits:
            from agot.budget import Budget

            budget = Budget.model_validate(found.saved.get("budget", {}) | limits)
        if model is not None or base_url is not None:
            roles = _roles(found.saved, settings)
            before = roles.get("fast") or settings.role("fast")
            roles["fast"] = compose.switched(before, model, base_url)
        return await reasoner.resume(found.run_id, budget=budget, on_event=sink, roles=roles, again=again)

    finish(run(settings, work, output=output, verbose=verbose))


@dataclass(frozen=True, slots=True)
class _Found:
    """The run to go on with.

    Attributes:
        saved: The settings it was begun with.
        result: Its stored outcome, if that is to be told again.
    """

    run_id: RunId
    saved: dict[str, Any]
    result: Result | None


async def _found(settings: Settings, prefix: str, sink: Sink, *, again: bool) -> _Found:
    store = await compose.open_store(settings)
    try:
        run_id = await store.find(prefix)
        row = await store.run(run_id)
        result = None
        if row.status == "answered" and not again:
            from agot.cli.runs import stored_graph
            from agot.thought import Result

            for event in await store.events(run_id):
                sink(event)
            result = Result(
                run_id=run_id, question=row.question, status=row.status, answer=row.answer, trust=row.trust,
                trust_reason=row.trust_reason, candidate=row.candidate, confidence=row.confidence,
                strategy=row.answer_strategy, verdicts=row.verdicts, usage=row.usage, model=row.model,
                reason=row.reason, error=row.error, limit=row.limit, graph=await stored_graph(store, row),
            )  # fmt: skip
    finally:
        await store.close()
    return _Found(run_id, json.loads(row.settings_json), result)


def _roles(saved: dict[str, Any], settings: Settings) -> dict[str, RoleSettings]:
    """Return the roles the run was begun with; those of the settings, if it did not keep usable ones."""
    from pydantic import TypeAdapter, ValidationError

    from agot.settings import RoleSettings

    try:
        return TypeAdapter(dict[str, RoleSettings]).validate_python(saved["roles"])
    except (KeyError, ValidationError):
        return dict(settings.roles)
