"""Writing the model of a role or expert to the settings file, for all commands that do."""

from __future__ import annotations

import os
import sys
import tomllib
from typing import TYPE_CHECKING, Any

from agot.cli import compose

if TYPE_CHECKING:
    from agot.models.settings_file import Section
    from agot.settings import RoleSettings

_EXPERTS = "experts."
"""Before the name of an expert that may be new."""


def write_role(
    role: str,
    model: str,
    *,
    base_url: str | None = None,
    context_window: int | None = None,
    api_key_env: str | None = None,
) -> None:
    """Write a role or an expert, and say so; settings of it that are not named stay as they are.

    Args:
        role: A role, an expert, or "experts.NAME" for one that may be new.

    Raises:
        SetupError: If a setting cannot be used; nothing is written then.
    """
    from agot.errors import SetupError
    from agot.models import settings_file
    from agot.redaction import shown_address
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
    named = {"context_window": context_window, "api_key_env": api_key_env}
    given = {field: value for field, value in named.items() if value is not None}
    chosen = RoleSettings.model_validate({**chosen.model_dump(), **given})
    # Before it is written: a setting that cannot be used is refused here and not at the next question.
    models = {"fast": chosen, name: chosen} if section == "roles" else {name: chosen}
    tried = Settings.model_validate({"roles": {"fast": chosen}, section: models})
    compose.open_models(tried).profile(name)
    settings_file.write_role(settings_path(), name, chosen, section=section)
    where = f" at {shown_address(chosen.base_url)}" if chosen.base_url else ""
    sys.stdout.write(f"{name}: {chosen.model}{where}\n")
    sys.stdout.write(f"Written to {settings_path()}. See what it can do: agot models doctor {name}\n")
    if (by := origin(name, section)).startswith("environment"):
        from agot.cli.view import told

        told(f"The {by} overrides the file for {name}.")


def origin(role: str, section: Section) -> str:
    """Return where the model of a role or expert is set, in words."""
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
