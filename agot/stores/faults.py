"""Turns a database error into a StoreError: what happened, where, what to do.

Nothing of SQLAlchemy's own message is passed on but the driver's words, with passwords removed.
"""

from __future__ import annotations

import sqlite3
from urllib.parse import quote, quote_plus

from sqlalchemy import URL
from sqlalchemy.exc import (
    DatabaseError,
    DataError,
    DBAPIError,
    IntegrityError,
    ProgrammingError,
    TimeoutError,
)

from agot.errors import StoreError

_SQLITE = {
    sqlite3.SQLITE_PERM: ("may not be opened", "Check the permissions of the file and its folder."),
    sqlite3.SQLITE_BUSY: (
        "is locked by another process", "Wait until that process has finished, or end it, and try again.",
    ),
    sqlite3.SQLITE_LOCKED: (
        "is locked by another connection", "Wait until it has finished and try again.",
    ),
    sqlite3.SQLITE_READONLY: (
        "is read-only", "Make the file and its folder writable, or name another database with AGOT_DATABASE_URL.",
    ),
    sqlite3.SQLITE_IOERR: (
        "could not be read or written", "Check the disk; a network folder may not be able to hold a database.",
    ),
    sqlite3.SQLITE_CORRUPT: (
        "is damaged", "Restore a backup, or save what is readable with `sqlite3 FILE .recover`, then move the file away.",
    ),
    sqlite3.SQLITE_FULL: ("cannot grow: the disk is full", "Free some space; an unfinished run can then be resumed."),
    sqlite3.SQLITE_CANTOPEN: (
        "cannot be opened", "Check that its folder exists and that you may read and write in it.",
    ),
    sqlite3.SQLITE_NOTADB: (
        "is not a SQLite database", "Name another file with AGOT_DATABASE_URL, or move this one away.",
    ),
}  # fmt: skip

_POSTGRES = (
    ("28", "refuses this user or password", "Check user and password in AGOT_DATABASE_URL."),
    (
        "3D000",
        "does not exist on this server",
        "Create it (createdb), or name another one in AGOT_DATABASE_URL.",
    ),
    ("53100", "cannot grow: the server's disk is full", "Free some space on the server."),
    (
        "53",
        "has no room for another connection or is out of resources",
        "Try again later, or raise its limits.",
    ),
    ("25006", "is read-only", "Name a primary server in AGOT_DATABASE_URL, not a standby."),
    (
        "42501",
        "does not let this user do that",
        "GRANT this user the right to create and change tables in it.",
    ),
    ("55P03", "is locked by another session", "Wait until that session has finished and try again."),
    ("57P", "is shutting down or starting", "Try again when the server is up."),
    ("08", "lost the connection", "Check that the server is up, then resume the run."),
)


def concerns_one_item(error: Exception) -> bool:
    """Tell whether an error is the fault of one statement's values, and not of the database as a whole."""
    return not isinstance(error, DatabaseError | TimeoutError | sqlite3.Error | OSError) or isinstance(
        error, IntegrityError | DataError | ProgrammingError
    )


def store_error(error: Exception, *, where: str, url: URL) -> StoreError:
    """Return the StoreError for an error of SQLAlchemy or of a driver.

    Args:
        where: The database, for the message; without passwords.
        url: Whose passwords are removed from the driver's words.
    """
    if isinstance(error, StoreError):
        return error
    cause: BaseException = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    words = scrub(" ".join(str(cause).split()), url)
    what, fix = _explain(cause)
    if isinstance(error, IntegrityError):
        what, fix = (
            "refused a row that breaks its rules",
            "This is a fault of AGoT or of who else writes here; report it.",
        )
    return StoreError(f"The database {where} {what} ({words}). {fix}")


def _explain(cause: BaseException) -> tuple[str, str]:
    if isinstance(cause, sqlite3.Error):
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        return _SQLITE.get(code, ("could not do what was asked", "Check the file, or name another database."))
    if isinstance(cause, ModuleNotFoundError):
        return "needs a driver that is not installed", "Install it: pip install 'agot[postgres]'."
    if isinstance(cause, OSError):
        return "cannot be opened", "Check that its folder exists and that you may read and write in it."
    state = getattr(cause, "sqlstate", None)
    for prefix, what, fix in _POSTGRES:
        if state is not None and state.startswith(prefix):
            return what, fix
    if hasattr(cause, "sqlstate") and state is None:
        # psycopg gives no code for a connection that never came about; the server's own words tell more.
        words = str(cause)
        if "authentication failed" in words or "no password supplied" in words:
            return "refuses this user or password", "Check user and password in AGOT_DATABASE_URL."
        if 'database "' in words and "does not exist" in words:
            return (
                "does not exist on this server",
                "Create it (createdb), or name another one in AGOT_DATABASE_URL.",
            )
        return "cannot be reached", "Check host and port in AGOT_DATABASE_URL and that the server is up."
    return (
        f"could not do what was asked: {type(cause).__name__}",
        "Check the database and what was to be stored.",
    )


def scrub(words: str, url: URL) -> str:
    """Return the words with every password of the URL replaced, also where it is percent-encoded."""
    secrets = [str(url.password)] if url.password else []
    for name, value in url.query.items():
        if "password" in name.lower():
            secrets.extend([value] if isinstance(value, str) else value)
    for secret in filter(None, secrets):
        for form in (secret, quote(secret, safe=""), quote_plus(secret)):
            words = words.replace(form, "***")
    return words
