"""The `agot` command: its subcommands, and the boundary where errors become messages and exit codes."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import Annotated, TextIO

import typer

import agot
from agot.cli import (
    ask,
    bench,
    chat,
    demo,
    export,
    flags,
    ingest,
    memory,
    models,
    owed,
    resume,
    runs,
    serve,
    tools,
)
from agot.cli.dashes import QuestionCommand
from agot.errors import AgotError
from agot.redaction import redact_logs, redacted_message

app = typer.Typer(
    name="agot",
    help="Test-time reasoning as a recursive graph of thoughts, over any model litellm reaches.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("ask", cls=QuestionCommand)(ask.ask)
app.command("chat")(chat.chat)
app.command("resume")(resume.resume)
app.add_typer(runs.app, name="runs")
app.add_typer(models.app, name="models")
app.add_typer(bench.app, name="bench")
app.command("ingest")(ingest.ingest)
app.add_typer(memory.app, name="memory")
app.command("serve")(serve.serve)
app.command("export")(export.export)
app.command("tools")(tools.tools)
app.command("demo")(demo.demo)


def _version(value: bool) -> None:
    if value:
        sys.stdout.write(f"agot {agot.__version__}\n")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
    debug: flags.DebugFlag = False,
) -> None:
    return


def run() -> int:
    """Run the command line and return the exit code; errors become messages."""
    # A shell that closes them (>&-) leaves None there, and the work is still to be done.
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115 - open until the process ends
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # Answers hold what models and people wrote; no character of theirs may break the printing.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    redact_logs()
    try:
        app(prog_name="agot")
    except SystemExit as end:
        return _flushed(end.code if isinstance(end.code, int) else 0 if end.code is None else 1)
    except AgotError as error:
        from agot.cli.outcome import exit_code_of

        return _failed(str(error), exit_code_of(error), error)
    except KeyboardInterrupt:
        return _failed("Interrupted.", 130)
    except BrokenPipeError:
        return _flushed(1)
    except OSError as error:
        return _failed(
            f"{error.strerror or error}: {error.filename}" if error.filename else str(error), 1, error
        )
    except Exception as error:  # noqa: BLE001 - the outermost boundary: nobody should be met by a traceback
        return _failed(
            f"Internal error, {type(error).__name__}: {error}\n"
            "Please report it with what --debug (or AGOT_DEBUG=1) shows.",
            1,
            error,
        )
    return _flushed(0)


def _failed(message: str, code: int, error: Exception | None = None) -> int:
    from agot.cli.view import told

    message = redacted_message(message)
    if error is not None and flags.debugging():
        import traceback

        with suppress(OSError):
            sys.stderr.write(redacted_message("".join(traceback.format_exception(error))))
    owed.pay(message, error)
    told(message)
    return _flushed(code)


def _flushed(code: int) -> int:
    """Flush, so that a reader who went away or a full disk is noticed here and not by the interpreter's own complaint."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            code = code or 1
            _discard(stream)
        except (OSError, ValueError) as error:
            code = code or 1
            _discard(stream)
            if stream is sys.stdout:
                from agot.cli.view import told

                told(f"The output could not be written: {getattr(error, 'strerror', None) or error}.")
    return code


def _discard(stream: TextIO) -> None:
    """Send what is left in a stream's buffer nowhere; the interpreter would try to write it once more."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
