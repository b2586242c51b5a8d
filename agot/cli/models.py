"""`agot models`: which model plays which role, whether it works, and what runs on this machine."""

from __future__ import annotations

import asyncio
import os
import sys
import tomllib
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agot.cli import compose, flags

if TYPE_CHECKING:
    from agot.models.detect import FoundModel
    from agot.models.probe import Probe
    from agot.models.settings_file import Section
    from agot.settings import RoleSettings, Settings

app = typer.Typer(
    help="Show, try, find and set the models behind the roles and experts.", rich_markup_mode=None
)

_EXPERTS = "experts."
"""Before the name of an expert that may be new."""

RoleArgument = Annotated[
    str,
    typer.Argument(
        metavar="ROLE",
        help="fast, strong, judge or embed; an expert, new ones as experts.NAME.",
        show_default=False,
    ),
]


@app.callback(invoke_without_command=True)
def _default(context: typer.Context, output: flags.TableFlag = "text") -> None:
    if context.invoked_subcommand is None:
        list_roles(output)


@app.command("list")
def list_roles(output: flags.TableFlag = "text") -> None:
    """Show the model of each role and expert, its dialect, and where that is set."""
    from agot.settings import ROLES, settings_path

    settings = compose.settings()
    found = [_described(settings, role) for role in (*ROLES, *settings.experts)]
    if output == "json":
        from agot.cli.outcome import print_json

        print_json(found)
        return
    columns = ("role", "model", "address", "dialect", "set by")
    compose.print_table(columns, [[entry[column] or "-" for column in columns] for entry in found])
    sys.stdout.write(f"\nSettings file: {settings_path()}\n")


def _described(settings: Settings, role: str) -> dict[str, str]:
    origin = _origin(role, "experts" if role in settings.experts else "roles")
    if role == "embed" and role not in settings.roles:
        return {"role": role, "model": "", "address": "", "dialect": "", "set by": "not set"}
    chosen = settings.role(role)
    return {
        "role": role,
        "model": chosen.model,
        "address": chosen.base_url or "",
        "dialect": compose.open_models(settings).profile(role).dialect,
        "set by": origin if role in settings.roles or role in settings.experts else "falls back to fast",
    }


def _origin(role: str, section: Section) -> str:
    from agot.settings import settings_path

    prefix = f"AGOT_{section.upper()}__{role.upper()}__"
    names = sorted(name for name, value in os.environ.items() if value and name.upper().startswith(prefix))
    if role == "fast" and os.environ.get("AGOT_MODEL"):
        names.append("AGOT_MODEL")
    if names:
        return f"environment ({', '.join(names)})"
    try:
        written: Any = tomllib.loads(settings_path().read_text("utf-8")).get(section, {})
    except FileNotFoundError:
        return "default"
    return "settings file" if role in written else "default"


@app.command("test")
def test_roles(
    role: Annotated[
        str | None, typer.Argument(metavar="[ROLE]", help="One role or expert; all by default.")
    ] = None,
    output: flags.TableFlag = "text",
    debug: flags.DebugFlag = False,
) -> None:
    """Call the model of each role and expert for real: how fast it answers, and what it can do.

    Exit code: that of the first role that did not answer (69, 75, 77 or 1), else 0.
    """
    from agot.cli.outcome import ANSWERED, print_json

    settings = compose.settings()
    roles = _to_test(settings, role)
    outcomes = asyncio.run(_probe_all(settings, roles))
    code = next((code for _, code in outcomes if code != ANSWERED), ANSWERED)
    if output == "json":
        print_json([entry for entry, _ in outcomes])
    else:
        columns = ("role", "model", "first text", "answer", "speed", "log-probabilities", "n", "json schema")
        rows = [[str(entry.get(column) or "-") for column in columns] for entry, _ in outcomes]
        compose.print_table(columns, rows)
        from agot.cli.view import told

        for entry, _ in outcomes:
            if entry["error"]:
                told(f"{entry['role']}: {entry['error']}")
    raise typer.Exit(code)


def _to_test(settings: Settings, role: str | None) -> list[str]:
    if role is not None:
        settings.role(role)
        return [role]
    roles = [name for name in ("fast", "strong", "judge") if name == "fast" or name in settings.roles]
    return [*roles, *settings.experts]


async def _probe_all(settings: Settings, roles: list[str]) -> list[tuple[dict[str, Any], int]]:
    from agot.cli.outcome import ANSWERED, exit_code_of
    from agot.errors import AgotError
    from agot.models.probe import probe

    models = compose.open_models(settings)
    outcomes: list[tuple[dict[str, Any], int]] = []
    try:
        for role in roles:
            entry: dict[str, Any] = {"role": role, "model": settings.role(role).model, "error": ""}
            try:
                outcomes.append((entry | _probed(await probe(models, role)), ANSWERED))
            except AgotError as error:
                outcomes.append((entry | {"error": str(error)}, exit_code_of(error)))
    finally:
        await models.close()
    return outcomes


def _probed(found: Probe) -> dict[str, Any]:
    def works(feature: bool) -> str:
        return "works" if feature else "no"

    return {
        "first text": f"{found.first_text_ms:.0f} ms",
        "answer": f"{found.latency_ms:.0f} ms",
        "speed": f"{found.tokens_per_s:.0f} tok/s",
        "log-probabilities": works(found.logprobs),
        "n": works(found.n),
        "json schema": works(found.json_schema),
    }


@app.command("detect")
def detect(
    write: Annotated[
        str | None, typer.Option("--write", metavar="ROLE", help="Set this role to the first model found.")
    ] = None,
    output: flags.TableFlag = "text",
) -> None:
    """Look for model servers on this machine; only loopback addresses are asked."""
    from agot.cli.outcome import ERROR, print_json

    found: list[FoundModel] = asyncio.run(compose.find_local_models())
    if output == "json":
        print_json([
            {"server": one.server, "model": one.model, "base_url": one.base_url, "context_window": one.context_window}
            for one in found
        ])  # fmt: skip
    elif found:
        columns = ("server", "model", "address", "context")
        compose.print_table(columns, [
            [one.server, one.model, one.base_url, str(one.context_window or "-")] for one in found
        ])  # fmt: skip
    if not found:
        from agot.cli.view import told

        told(
            "No model server answers on this machine. Start one (Ollama, vLLM, llama.cpp, LM Studio, SGLang),"
        )
        told("or name a server elsewhere: agot models set fast MODEL --base-url URL")
        raise typer.Exit(ERROR)
    if write is not None:
        _write(write, found[0].model, found[0].base_url, found[0].context_window)


@app.command("set")
def set_role(
    role: RoleArgument,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="litellm model string.", show_default=False)],
    base_url: flags.BaseUrlFlag = None,
) -> None:
    """Write the model of a role or expert to the settings file; the rest of the file stays as it is."""
    _write(role, model, base_url, None)


def _write(role: str, model: str, base_url: str | None, context_window: int | None) -> None:
    from agot.errors import SetupError
    from agot.models.settings_file import write_role
    from agot.settings import ROLES, RoleSettings, Settings, settings_path

    settings = compose.settings()
    name = role.removeprefix(_EXPERTS)
    section: Section = "experts" if name != role or role in settings.experts else "roles"
    if section == "roles" and role not in ROLES:
        raise SetupError(
            f"There is no role or expert {role!r}. Roles are: {', '.join(ROLES)}. A new expert is set as {_EXPERTS}{role}."
        )
    before = settings.experts.get(name) if section == "experts" else settings.roles.get(name)
    chosen: RoleSettings = compose.switched(before or RoleSettings(model=model), model, base_url)
    if context_window is not None:
        chosen = chosen.model_copy(update={"context_window": context_window})
    # Before it is written: a setting that cannot be used is refused here and not at the next question.
    models = {"fast": chosen, name: chosen} if section == "roles" else {name: chosen}
    tried = Settings.model_validate({"roles": {"fast": chosen}, section: models})
    compose.open_models(tried).profile(name)
    write_role(settings_path(), name, chosen, section=section)
    sys.stdout.write(f"{name}: {chosen.model}" + (f" at {chosen.base_url}" if chosen.base_url else "") + "\n")
    sys.stdout.write(f"Written to {settings_path()}. Try it: agot models test {name}\n")
    if (origin := _origin(name, section)).startswith("environment"):
        from agot.cli.view import told

        told(f"The {origin} overrides the file for {name}.")
