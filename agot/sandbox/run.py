"""Runs a Python program that nobody vouches for.

What is guaranteed by what, and where it refuses: docs/decisions/006-sandbox.md.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import functools
import json
import math
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from agot.errors import ToolError
from agot.sandbox.launcher import ENTRIES, OUT_OF_MEMORY

Stopped = Literal["", "cpu", "wall", "memory", "output"]

_CHUNK_BYTES = 1 << 16
_LONGEST_S = 86_400
_LEAST_MB = 64
_LONGEST_NAME, _LONGEST_PATH = 255, 1000
_BLOCK_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Limits:
    """What one program may use.

    Attributes:
        cpu_s: Seconds of processor time; rounded up to whole ones. A program that ignores being told that they are
            over is ended one later.
        wall_s: Seconds from start to end, the interpreter's start included.
        memory_mb: Address space, of which the interpreter itself takes about 30.
        file_mb: What it may write to files, all together; kept in memory where the kernel allows.
        output_chars: Characters of standard output, and as many of standard error.
    """

    cpu_s: float = 5.0
    wall_s: float = 10.0
    memory_mb: int = 512
    file_mb: int = 16
    output_chars: int = 20_000

    def __post_init__(self) -> None:
        if not (0 < self.cpu_s < _LONGEST_S and 0 < self.wall_s < _LONGEST_S):
            raise ValueError(
                f"cpu_s and wall_s must be above 0 and below {_LONGEST_S}, not {self.cpu_s} and {self.wall_s}"
            )
        if self.memory_mb < _LEAST_MB or self.file_mb < 1 or self.output_chars < 1:
            raise ValueError(f"memory_mb must be at least {_LEAST_MB}, file_mb and output_chars at least 1")


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a program.

    Attributes:
        returncode: As the shell has it, negative for a signal; None if a limit stopped it.
        stdout: What it wrote, as far as `Limits.output_chars`.
        stderr: Likewise, with the traceback of what it let pass.
        stopped: Which limit stopped it; "output" also if it wrote too much to files; "" if none did.
    """

    returncode: int | None
    stdout: str
    stderr: str
    stopped: Stopped
    wall_s: float


async def run_python(
    source: str, *, stdin: str = "", files: Mapping[str, str] | None = None, limits: Limits = Limits()
) -> Ran:
    """Run a program in a process of its own that reaches no network, no file of yours and no other process.

    Args:
        source: Python, in the version that runs this.
        stdin: What it reads on standard input.
        files: Texts by relative path, put into its working folder, which is empty otherwise and removed
            afterwards. Modules among them can be imported.

    Returns:
        What became of it; faults of the program never raise.

    Raises:
        ToolError: If this machine cannot isolate a program (`why_not` tells why), or a file's name leaves
            the working folder, or `files` hold more than `limits.file_mb`.
    """
    files = dict(files or {})
    _check_files(files, limits)
    _check_system()
    try:
        folder = _prepare(source, stdin, files, limits)
    except OSError as error:
        raise ToolError(
            f"The program's folder could not be made: {error}. Free some space, then try again."
        ) from error
    try:
        return await _run(folder, limits)
    finally:
        _remove(folder)


@functools.cache
def why_not() -> str | None:
    """Return why programs cannot be isolated on this machine, or None if they can; found out by trying, once."""
    limits = Limits()
    try:
        _check_system()
        folder = _prepare("", "", {}, limits)
    except (OSError, ToolError) as error:
        return str(error)
    try:
        subprocess.run(
            _command(folder), env={}, start_new_session=True, timeout=limits.wall_s,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        _read_report(folder)
    except (OSError, subprocess.SubprocessError, ToolError) as error:
        return str(error)
    finally:
        _remove(folder)
    return None


def _check_system() -> None:
    if sys.platform != "linux":
        raise ToolError(
            f"Programs can be isolated on Linux only, not on {sys.platform}. Leave such tools out here."
        )


def _check_files(files: Mapping[str, str], limits: Limits) -> None:
    paths = [PurePosixPath(name) for name in files]
    for name, path in zip(files, paths, strict=True):
        if path.is_absolute() or ".." in path.parts or not path.name or "\0" in name:
            raise ToolError(
                f"The file name {name!r} leaves the working folder. Use a relative path without '..'."
            )
        if (
            any(len(part.encode("utf-8", "replace")) > _LONGEST_NAME for part in path.parts)
            or len(name) > _LONGEST_PATH
        ):
            raise ToolError(f"The file name {name[:80]!r}... is too long. Shorten it.")
        if not name.isprintable():
            raise ToolError(f"The file name {name!r} holds characters that cannot be shown. Rename it.")
    folders = {folder for path in paths for folder in path.parents}
    twice = [path for path in paths if path in folders or paths.count(path) > 1]
    if twice:
        raise ToolError(f"The file name {str(twice[0])!r} is used twice. Rename one.")
    if len(paths) + len(folders) > ENTRIES:
        raise ToolError(
            f"There are more than {ENTRIES} files and folders. Put fewer into the program's folder."
        )
    sizes = (len(text.encode("utf-8", "replace")) for text in files.values())
    size = sum(-(-size // _BLOCK_BYTES) * _BLOCK_BYTES for size in sizes)
    if size > limits.file_mb << 20:
        raise ToolError(f"The files take {size:,} bytes, more than the {limits.file_mb} MB of the limit.")


def _prepare(source: str, stdin: str, files: Mapping[str, str], limits: Limits) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="agot-sandbox-")).resolve()
    job = {
        "source": source, "files": dict(files), "parent": os.getpid(), "home": str(Path.home()),
        "cpu_s": max(1, math.ceil(limits.cpu_s)), "wall_s": limits.wall_s, "memory_bytes": limits.memory_mb << 20,
        "file_bytes": limits.file_mb << 20,
    }  # fmt: skip
    (folder / "work").mkdir(0o700)
    (folder / "root").mkdir(0o700)
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
    (folder / "stdin").write_text(stdin, encoding="utf-8", errors="replace", newline="")
    return folder


def _command(folder: Path) -> list[str]:
    package = Path(__file__).parents[2]
    # The package's folder is on the path only until the program starts.
    start = (
        f"import sys; sys.path.insert(0, {str(package)!r}); from agot.sandbox.launcher import main; "
        f"del sys.path[0]; main({str(folder)!r})"
    )
    return [sys.executable, "-I", "-S", "-B", "-u", "-X", "utf8", "-c", start]


async def _run(folder: Path, limits: Limits) -> Ran:
    began = time.monotonic()
    with open(folder / "stdin", "rb") as stdin:
        try:
            process = await asyncio.create_subprocess_exec(
                *_command(folder), env={}, start_new_session=True, stdin=stdin,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            )  # fmt: skip
        except OSError as error:
            raise ToolError(f"No process could be started for the program: {error}.") from error
    assert process.stdout is not None and process.stderr is not None
    full = asyncio.Event()
    readers = [
        asyncio.create_task(_read(stream, limits.output_chars, full))
        for stream in (process.stdout, process.stderr)
    ]
    exited = asyncio.create_task(process.wait())
    stopped: Stopped = ""
    try:
        stopped = await _first(exited, full, limits.wall_s)
    finally:
        # Also if the caller gave up: nothing may outlive this call. The number is free for others once it exited.
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        await _outlast(asyncio.gather(exited, *readers))
    stdout, stderr = (reader.result() for reader in readers)
    returncode: int | None = None
    if not stopped:
        returncode, stopped = _end(_read_report(folder, stderr), limits)
        if full.is_set():
            returncode, stopped = None, "output"
    return Ran(returncode, stdout, stderr, stopped, time.monotonic() - began)


async def _first(exited: asyncio.Task[int], full: asyncio.Event, wall_s: float) -> Stopped:
    """Wait for the end, or for the limit that comes first."""
    filled = asyncio.create_task(full.wait())
    try:
        done, _ = await asyncio.wait((exited, filled), timeout=wall_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        filled.cancel()
    return "" if exited in done else "output" if filled in done else "wall"


async def _outlast(ended: asyncio.Future[Any]) -> None:
    """Wait for what is certain to come, also if the caller is cancelled meanwhile."""
    cancelled: asyncio.CancelledError | None = None
    while not ended.done():
        try:
            await asyncio.shield(ended)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


async def _read(stream: asyncio.StreamReader, most_chars: int, full: asyncio.Event) -> str:
    """Read to the end and keep the first `most_chars`; set `full` when there is more."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    kept = ""
    while chunk := await stream.read(_CHUNK_BYTES):
        if not full.is_set():
            kept += decoder.decode(chunk)
            if len(kept) > most_chars:
                full.set()
    return (kept + decoder.decode(b"", final=True))[:most_chars]


def _read_report(folder: Path, stderr: str = "") -> dict[str, Any]:
    """Return what the launcher wrote of the program's end.

    Raises:
        ToolError: If the program was not isolated and therefore not run, or something else ended the launcher.
    """
    try:
        lines = (folder / "report").read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        lines = []
    report: dict[str, Any] = {}
    for line in lines:
        report |= json.loads(line)
    if "refused" in report:
        raise ToolError(
            f"The program was not run, because it cannot be isolated here: {report['refused']}. It takes Linux on "
            "x86_64 or aarch64 with seccomp, and either Landlock (Linux 5.13) or user namespaces."
        )
    if "isolated" not in report:
        why = stderr.strip()[-500:] or f"{sys.executable} ended before it was isolated"
        raise ToolError(f"The program was not run: {why}.")
    if "status" not in report:
        raise ToolError(
            "The program was ended by something outside. If memory was short, free some; then try again."
        )
    return report


def _end(report: Mapping[str, Any], limits: Limits) -> tuple[int | None, Stopped]:
    returncode = os.waitstatus_to_exitcode(report["status"])
    if report["too_much_written"]:
        return None, "output"
    if returncode == -OUT_OF_MEMORY:
        return None, "memory"
    # One that ignores the signal is killed a second later, so here the sum may lag behind what the kernel counted.
    ignored = returncode == -signal.SIGKILL and report["cpu_s"] >= math.ceil(limits.cpu_s)
    if returncode == -signal.SIGXCPU or ignored:
        return None, "cpu"
    return returncode, ""


def _remove(folder: Path) -> None:
    """Remove a folder, however deep a program has made it."""
    pending, moved = [str(folder)], 0
    while pending:
        inner = pending[-1]
        os.chmod(inner, 0o700)
        deeper = []
        with os.scandir(inner) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    deeper.append(entry.path)
                else:
                    os.unlink(entry.path)
        if not deeper:
            os.rmdir(pending.pop())
        for path in deeper:
            # Paths stay short: what lies deep is moved up before it is looked into.
            os.chmod(path, 0o700)
            moved += 1
            up = f"{folder}/{moved}.removed"
            os.rename(path, up)
            pending.append(up)
