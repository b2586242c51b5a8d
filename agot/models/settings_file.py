"""Writing the model of a role or expert into the settings file, with everything else in it left as it is."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any, Literal

from agot.errors import SetupError
from agot.private import make_folder
from agot.redaction import redacted_message
from agot.settings import ROLES, RoleSettings

Section = Literal["roles", "experts"]


def write_role(path: Path, role: str, chosen: RoleSettings, *, section: Section = "roles") -> None:
    """Set a role or an expert in the settings file; comments, order and all other settings stay.

    The file is replaced in one step: after a crash it is the old one or the new one. Settings of the
    role that are at their default are left out. Keys are never written, only the names of variables.

    Args:
        path: The settings file; it and its folder are made if they are missing.
        role: One of `agot.settings.ROLES`, or an expert's name.
        chosen: The role's settings.

    Raises:
        SetupError: If the role is unknown, or the file is not valid TOML or cannot be written.
    """
    if section == "roles" and role not in ROLES:
        raise SetupError(f"There is no role {role!r}. Roles are: {', '.join(ROLES)}.")
    _change(path, section, lambda models: _set(models, role, chosen))


def _set(roles: Any, role: str, chosen: RoleSettings) -> None:
    import tomlkit

    wanted = {
        name: value for name, value in chosen.model_dump(exclude_defaults=True).items() if value is not None
    }
    table = roles.get(role)
    if not isinstance(table, dict):
        table = roles[role] = tomlkit.table()
    for name in [name for name in table if name not in wanted]:
        del table[name]
    for name, value in wanted.items():
        if table.get(name) != value:
            table[name] = value


def _change(path: Path, section: Section, change: Any) -> None:
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    try:
        document = tomlkit.parse(path.read_bytes().decode("utf-8")) if path.exists() else tomlkit.document()
        models: Any = document.get(section)
        if models is None:
            models = document[section] = tomlkit.table(is_super_table=True)
        if not isinstance(models, dict):
            raise SetupError(
                f"In the settings file {path} {section!r} is {models!r}; expected tables like [{section}.NAME]. Mend it."
            )
        change(models)
        text = tomlkit.dumps(document)
    except (TOMLKitError, UnicodeDecodeError) as error:
        raise SetupError(f"The settings file {path} is not valid TOML: {error}. Mend or remove it.") from None
    except OSError as error:
        raise SetupError(
            f"The settings file {path} cannot be read: {error}. Check who may read it."
        ) from None
    try:
        _replace(path, text)
    except OSError as error:
        raise SetupError(
            f"The settings file {path} cannot be written: {error}. Check its folder and free space."
        ) from None


def _replace(path: Path, text: str) -> None:
    """Write beside the file and put it in its place, so that nobody ever reads half of it."""
    target = path.resolve()
    make_folder(target.parent)
    handle, beside = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            # An address with a password in it is for nobody else.
            for_others = 0o777 if redacted_message(text) == text else 0o700
            os.chmod(beside, target.stat().st_mode & for_others)
        os.replace(beside, target)
    except BaseException:
        os.unlink(beside)
        raise
