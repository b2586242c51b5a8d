"""`agot models serve`: a model file or name, served by the best server that is installed."""

from __future__ import annotations

import asyncio
import shlex
import signal
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agot.cli import compose
from agot.cli.model_roles import write_role

if TYPE_CHECKING:
    from agot.models.serving import Launch


def serve(
    target: Annotated[
        str,
        typer.Argument(
            metavar="FILE_OR_NAME",
            help="A GGUF file, a folder with safetensors, or a name at Hugging Face, which the server then downloads.",
            show_default=False,
        ),
    ],
    extra: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[-- ARGUMENTS...]", help="After --: arguments of the server's own.", show_default=False
        ),
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(
            "--role",
            metavar="ROLE",
            help="Role or experts.NAME to set to it; may be repeated.",
            show_default=False,
        ),
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(
            "--server",
            metavar="NAME",
            help="vllm, sglang, llama-server or xllamacpp; the best installed by default.",
        ),
    ] = None,
    host: Annotated[str, typer.Option("--host", metavar="HOST", help="Where it listens.")] = "127.0.0.1",
    port: Annotated[
        int | None, typer.Option("--port", metavar="N", help="A free one by default.", min=1, max=65535)
    ] = None,
    context: Annotated[
        int,
        typer.Option(
            "--context", metavar="N", help="Tokens of prompt and answer together, for each request.", min=256
        ),
    ] = 8192,
    slots: Annotated[
        int,
        typer.Option(
            "--slots", metavar="N", help="llama.cpp: requests and samples answered at the same time.", min=1
        ),
    ] = 4,
    wait: Annotated[
        float, typer.Option("--wait", metavar="S", help="Seconds to wait until it is ready.", min=1.0)
    ] = 900.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the command and end.")] = False,
) -> None:
    """Start a model server, wait until it answers, and stop it with Ctrl-C."""
    from agot.models.serving import Serving, installed, launch

    planned = launch(
        target, available=installed(), server=server, host=host, port=port, context=context, slots=slots, extra=extra or (),
    )  # fmt: skip
    if dry_run:
        sys.stdout.write(shlex.join(planned.command) + "\n")
        return
    with _stopped_by_signal(), Serving(planned) as serving:
        _tell(f"Starting {planned.server}; its log is {serving.log_path}")
        serving.wait_until_healthy(wait)
        _tell(f"{planned.name} answers at {planned.base_url}. Ctrl-C stops it.")
        for chosen in role or ():
            write_role(
                chosen,
                f"hosted_vllm/{planned.name}",
                base_url=planned.base_url,
                context_window=_window(planned),
            )
        if not role:
            _tell(
                f"Use it: agot models add {shlex.quote(planned.name)} --base-url {planned.base_url} --role fast"
            )
        sys.stdout.flush()
        ended = serving.wait_until_ended()
        from agot.errors import ModelUnreachable

        raise ModelUnreachable(
            f"{planned.server} ended by itself with {ended}. Its last words:\n{serving.last_lines()}\n"
            f"The whole log: {serving.log_path}"
        )


def _window(planned: Launch) -> int | None:
    found = asyncio.run(compose.scan_servers([planned.base_url]))
    return (
        next((one.context_window for one in found[0].models if one.name == planned.name), None)
        if found
        else None
    )


def _tell(text: str) -> None:
    from agot.cli.view import told

    told(text)


class _stopped_by_signal:
    """Lets a signal that asks the process to end stop the server as Ctrl-C does."""

    def __enter__(self) -> None:
        self._before: Any = signal.signal(signal.SIGTERM, self._interrupt)

    def __exit__(self, *exc: object) -> None:
        signal.signal(signal.SIGTERM, self._before)

    @staticmethod
    def _interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt
