"""Starting a model server: the best one that is installed, with options that suit this project.

Runs need several samples of one prompt and many calls side by side, so servers are started with room for both, and
with prefix caching, which they have switched on themselves.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from agot.errors import ModelUnreachable, SetupError

SERVERS = ("vllm", "sglang", "llama-server", "xllamacpp")
"""Names of servers that can be started, best first; the first two do not read GGUF files well and are not asked to."""

_FOR_GGUF = ("llama-server", "xllamacpp")
_FOR_OTHERS = ("vllm", "sglang")

_INSTALL = {
    "vllm": "pip install vllm (in an environment of its own; needs a GPU)",
    "sglang": "pip install 'sglang[all]' (in an environment of its own; needs a GPU)",
    "llama-server": "llama.cpp from https://github.com/ggml-org/llama.cpp (brew install llama.cpp)",
    "xllamacpp": "pip install 'agot[llamacpp]'",
}

_LOG_LINES = 15


@dataclass(frozen=True, slots=True)
class Launch:
    """A server that can be started.

    Attributes:
        server: One of `SERVERS`.
        command: Its program and arguments.
        name: What the server will call the model.
        base_url: Address of its API.
    """

    server: str
    command: tuple[str, ...]
    name: str
    base_url: str

    @property
    def health_url(self) -> str:
        """Answers 200 once the model is loaded."""
        return self.base_url.removesuffix("/v1") + "/health"


def installed() -> tuple[str, ...]:
    """Return which servers are installed, best first."""
    there = {
        "vllm": shutil.which("vllm") is not None,
        "sglang": importlib.util.find_spec("sglang") is not None,
        "llama-server": shutil.which("llama-server") is not None,
        "xllamacpp": importlib.util.find_spec("xllamacpp") is not None,
    }
    return tuple(name for name in SERVERS if there[name])


def launch(
    target: str,
    *,
    available: Sequence[str],
    server: str | None = None,
    host: str = "127.0.0.1",
    port: int | None = None,
    context: int = 8192,
    slots: int = 4,
    name: str | None = None,
    extra: Sequence[str] = (),
) -> Launch:
    """Return how to serve a model.

    Args:
        target: A GGUF file, a folder with safetensors, or a name at Hugging Face, which the server then downloads.
        available: Servers that are installed, best first.
        server: The one to use; by default the best that suits the target.
        port: By default one that is free, the server's usual one if possible.
        context: Tokens of prompt and answer together, for each request.
        slots: Requests and samples that llama.cpp answers at the same time; the others batch as many as come.
        name: What the server shall call the model.
        extra: Further arguments of the server's own.

    Raises:
        SetupError: If the file is missing or no server that suits is installed; says what to install.
    """
    path = Path(target).expanduser()
    is_gguf = path.suffix == ".gguf" or (not path.exists() and "gguf" in target.lower())
    if (path.suffix == ".gguf" or target.startswith((".", "/", "~"))) and not path.exists():
        raise SetupError(
            f"There is no file {target}. Name a GGUF file, a folder, or a model at Hugging Face."
        )
    suits = _FOR_GGUF if is_gguf else _FOR_OTHERS
    fitting = [one for one in available if one in suits and not (one == "xllamacpp" and not path.exists())]
    chosen = server or (fitting[0] if fitting else None)
    if chosen is None or chosen not in available:
        wanted = (server,) if server in SERVERS else suits
        raise SetupError(
            f"No server that can serve {target} is installed{f' ({server})' if server else ''}. Install one: "
            + "; or ".join(_INSTALL[one] for one in wanted)
        )
    if chosen == "xllamacpp" and not path.exists():
        raise SetupError(
            f"xllamacpp serves files only, and there is no file {target}. Download the GGUF file first."
        )
    model = str(path.resolve()) if path.exists() else target
    name = name or (path.stem if path.exists() else target)
    port = port or free_port(host, {"vllm": 8000, "sglang": 30000}.get(chosen, 8080))
    place = ("--host", host, "--port", str(port))
    command: tuple[str, ...]
    match chosen:
        case "vllm":
            command = (
                "vllm",
                "serve",
                model,
                *place,
                "--served-model-name",
                name,
                "--max-model-len",
                str(context),
            )
        case "sglang":
            command = (
                sys.executable, "-m", "sglang.launch_server", "--model-path", model, *place,
                "--served-model-name", name, "--context-length", str(context),
            )  # fmt: skip
        case "llama-server":
            source = ("-m", model) if path.exists() else ("-hf", model)
            # llama.cpp divides its context among its slots.
            command = (
                "llama-server", *source, *place, "--alias", name, "-np", str(slots), "-c", str(context * slots),
                "--jinja",
            )  # fmt: skip
        case _:
            command = (
                sys.executable, "-m", "agot.models.llamacpp", model, *place, "--alias", name,
                "--slots", str(slots), "--context", str(context),
            )  # fmt: skip
    at = f"[{host}]" if ":" in host else "127.0.0.1" if host == "0.0.0.0" else host
    return Launch(chosen, (*command, *extra), name, f"http://{at}:{port}/v1")


def free_port(host: str, wanted: int) -> int:
    """Return a port that nobody listens at: the wanted one, one of the next few, or any."""
    for port in (*range(wanted, wanted + 10), 0):
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as one:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                one.bind((host, port))
                found: int = one.getsockname()[1]
                return found
    raise SetupError(f"No port is free at {host}. Name one: --port N")


class Serving:
    """A server at work; leaving the block stops it and all processes it started."""

    def __init__(self, launched: Launch) -> None:
        self.launch = launched
        self._log: IO[bytes] = tempfile.NamedTemporaryFile(prefix="agot-serve-", suffix=".log", delete=False)  # noqa: SIM115
        self.log_path = Path(self._log.name)
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self._process = subprocess.Popen(
                self.launch.command, stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            self._log.close()
            raise SetupError(f"{self.launch.command[0]} cannot be started: {error}.") from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._log.close()
        process = self._process
        if process is None:
            return
        # The whole group: servers start workers, which would keep the memory.
        for signal_, wait_s in ((signal.SIGTERM, 10.0), (signal.SIGKILL, 5.0)):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal_)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(wait_s)
                break
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)

    def wait_until_healthy(
        self, limit_s: float, *, on_wait: Callable[[float], None] | None = None, every_s: float = 0.5
    ) -> None:
        """Return once the server answers and its model is loaded.

        Args:
            on_wait: Told the seconds waited so far, again and again.

        Raises:
            ModelUnreachable: If it ended, or is not ready in time; with the last lines of its log.
        """
        import httpx

        started = time.monotonic()
        with httpx.Client(trust_env=False, timeout=5.0) as client:
            while True:
                with contextlib.suppress(httpx.HTTPError):
                    if client.get(self.launch.health_url).status_code == 200:
                        return
                waited_s = time.monotonic() - started
                ended = self._process.poll() if self._process else None
                if ended is not None or waited_s > limit_s:
                    how = (
                        f"ended with {ended}" if ended is not None else f"was not ready after {limit_s:.0f} s"
                    )
                    raise ModelUnreachable(
                        f"{self.launch.server} {how}. Its last words:\n{self.last_lines()}\nThe whole log: {self.log_path}"
                    )
                if on_wait is not None:
                    on_wait(waited_s)
                time.sleep(every_s)

    def wait_until_ended(self) -> int:
        """Return the exit code of the server, whenever it ends."""
        return self._process.wait() if self._process else 0

    def last_lines(self, count: int = _LOG_LINES) -> str:
        """Return the end of the server's log."""
        with contextlib.suppress(OSError):
            lines = self.log_path.read_text("utf-8", errors="replace").splitlines()
            return "\n".join(line[:300] for line in lines[-count:])
        return ""
