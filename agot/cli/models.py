"""`agot models`: which model plays which role; finding, adding, examining and serving models are beside it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from agot.cli import compose, flags, models_add, models_doctor, models_serve
from agot.cli.model_roles import origin, write_role

if TYPE_CHECKING:
    from agot.settings import Settings

app = typer.Typer(
    help="Show, find, add, examine and serve the models behind the roles and experts.", rich_markup_mode=None
)
app.command("scan")(models_add.scan)
app.command("add")(models_add.add)
app.command("doctor")(models_doctor.doctor)
app.command("serve")(models_serve.serve)

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
    where = origin(role, "experts" if role in settings.experts else "roles")
    if role == "embed" and role not in settings.roles:
        return {"role": role, "model": "", "address": "", "dialect": "", "set by": "not set"}
    from agot.redaction import shown_address

    chosen = settings.role(role)
    return {
        "role": role,
        "model": chosen.model,
        "address": shown_address(chosen.base_url or ""),
        "dialect": compose.open_models(settings).profile(role).dialect,
        "set by": where if role in settings.roles or role in settings.experts else "falls back to fast",
    }


@app.command("set")
def set_role(
    role: RoleArgument,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="litellm model string.", show_default=False)],
    base_url: flags.BaseUrlFlag = None,
) -> None:
    """Write the model of a role or expert to the settings file; the rest of the file stays as it is."""
    write_role(role, model, base_url=base_url)
