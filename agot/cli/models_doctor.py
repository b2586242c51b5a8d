"""`agot models doctor`: what a model at its server can really do, told by trying, and kept."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agot.cli import compose, flags

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from agot.models.doctor import Finding, Patient, State
    from agot.models.gateway import Gateway
    from agot.settings import Settings

_SAID = {"works": "yes", "partly": "partly", "no": "no", "unknown": "?"}


def doctor(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="A role or expert, or with --base-url a model; all roles and experts by default.",
            show_default=False,
        ),
    ] = None,
    base_url: flags.BaseUrlFlag = None,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="S", help="Seconds that one examination may take.", min=1.0)
    ] = 60.0,
    database: flags.DatabaseFlag = None,
    output: flags.TableFlag = "text",
    debug: flags.DebugFlag = False,
) -> None:
    """Examine a model by using it: speed, JSON schema, log-probabilities, n, seed, tools, planning, judging and more.

    Each feature is used once, with little room; what is seen is kept for this server and model, and later runs go by
    it. About 30 short calls, and twice as many for judging. Exit code: that of the first model that did not answer
    (69, 75, 77 or 1), else 0.
    """
    from agot.cli.outcome import ANSWERED, print_json

    settings, roles = _chosen(compose.settings(database=database), name, base_url)
    entries, codes = asyncio.run(_examine_all(settings, roles, timeout, show=output == "text"))
    if output == "json":
        print_json(entries)
    raise typer.Exit(next((code for code in codes if code != ANSWERED), ANSWERED))


def _chosen(settings: Settings, name: str | None, base_url: str | None) -> tuple[Settings, list[str]]:
    """Return the settings and the roles to examine; of roles that are the same model the first."""
    if base_url is not None:
        from agot.errors import SetupError

        if name is None:
            raise SetupError("Name the model at that address: agot models doctor MODEL --base-url URL")
        fast = compose.switched(
            settings.role("fast"), name if "/" in name else f"hosted_vllm/{name}", base_url
        )
        return settings.model_copy(update={"roles": {**settings.roles, "fast": fast}}), ["fast"]
    if name is not None:
        settings.role(name)
        return settings, [name]
    models = compose.open_models(settings)
    firsts: dict[Any, str] = {}
    for role in (*settings.roles, *settings.experts):
        firsts.setdefault((models.endpoint(role).key, role == "embed"), role)
    return settings, list(firsts.values())


async def _examine_all(
    settings: Settings, roles: list[str], limit_s: float, *, show: bool
) -> tuple[list[dict[str, Any]], list[int]]:
    from agot.cli.outcome import ANSWERED, exit_code_of
    from agot.cli.view import told
    from agot.errors import AgotError

    models = compose.open_models(settings)
    store = await compose.open_store(settings)
    entries, codes = [], []
    try:
        for role in roles:
            endpoint = models.endpoint(role)
            entry: dict[str, Any] = {
                "role": role,
                "model": endpoint.model,
                "address": endpoint.base_url,
                "error": "",
            }
            entry |= {"findings": [], "facts": {}}
            entries.append(entry)
            if show:
                sys.stdout.write(f"{role}: {endpoint.place}\n")
            try:
                async for finding in examined(models, role, limit_s):
                    entry["findings"].append(
                        {"name": finding.name, "state": finding.state, "words": finding.words}
                    )
                    entry["facts"] |= finding.facts
                    if show:
                        _show(finding)
                codes.append(ANSWERED)
            except AgotError as error:
                entry["error"] = str(error)
                codes.append(exit_code_of(error))
                told(f"{role}: {error}")
            await store.keep_facts(endpoint.server, endpoint.name, entry["facts"])
        if show:
            sys.stdout.write(f"Kept in {store.where}; runs that use it go by these.\n")
    finally:
        await models.close()
        await store.close()
    return entries, codes


def _show(finding: Finding) -> None:
    from agot.cli.paint import printable

    words = " ".join(printable(finding.words).split())
    cells = (finding.name, _SAID[finding.state], words)
    line = f"  {cells[0]:<18} {cells[1]:<7} {words}" if sys.stdout.isatty() else "\t".join(cells)
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


async def examined(models: Gateway, role: str, limit_s: float) -> AsyncIterator[Finding]:
    """Yield what is found of a role's model: at its server, then for the agents.

    Raises:
        ModelError: If it does not answer at all.
    """
    from agot.models.doctor import Patient, connect, examine
    from agot.models.examinations import EXAMINATIONS, OF_EMBEDDED

    patient = Patient(models, role)
    if not patient.embedded:
        yield await connect(patient.endpoint, models.headers(patient.endpoint), timeout_s=min(limit_s, 10.0))
    chosen = OF_EMBEDDED if patient.embedded else ("embeddings",) if role == "embed" else tuple(EXAMINATIONS)
    async for finding in examine(patient, {name: EXAMINATIONS[name] for name in chosen}, limit_s=limit_s):
        yield finding
    if role != "embed":
        async for finding in _aptitudes(models, patient, limit_s):
            yield finding


async def _aptitudes(models: Gateway, patient: Patient, limit_s: float) -> AsyncIterator[Finding]:
    from agot.agents.aptitude import APTITUDES, BriefAsk, tried
    from agot.budget import Budget
    from agot.crew import dialect_of
    from agot.engine.recorded import Calls, unrecorded_run

    calls = Calls(models, retries=lambda role: 0)
    dialect = dialect_of(models.profile(patient.role).dialect)
    for name in APTITUDES:
        run = unrecorded_run(calls, budget=Budget(seconds=limit_s))
        yield await tried(name, BriefAsk(run.caller()), dialect, patient.role)
    if not patient.embedded:
        yield await _judging(models, patient.role, limit_s)


async def _judging(models: Gateway, role: str, limit_s: float) -> Finding:
    """See whether the model tells right answers from wrong ones, on answers of known truth."""
    from agot.agents.worth import FACT
    from agot.errors import ModelError
    from agot.judging import calibrate_judge
    from agot.models.doctor import Finding

    try:
        found = await calibrate_judge(models, role=role, seconds=limit_s)
    except ModelError as error:
        return Finding("judging", "unknown", f"could not be told: {error}", {})
    if found is None:
        return Finding("judging", "unknown", f"too few verdicts came within {limit_s:.3g} s", {})
    states: dict[str, State] = {"good": "works", "weak": "partly", "chance": "no"}
    return Finding("judging", states[found.level], found.told, {FACT: found.model_dump(mode="json")})
