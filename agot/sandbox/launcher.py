"""The process that locks itself in and then runs a program.

Started by `agot.sandbox.run` with the interpreter's isolated mode and the folder of one run, in which it
finds `job.json`. Two or three processes take part: this one, in new namespaces where there are any the
first process of the new table, and the one that runs the program. The last but one waits for the last
and writes what became of it to `report`. Each dies with the one above it.

Only the standard library is imported here, and little of it: it starts for every program.
"""

from __future__ import annotations

import builtins
import ctypes
import json
import linecache
import os
import resource
import signal
import struct
import sys
import traceback
from types import FrameType, ModuleType
from typing import Any, NoReturn

from agot.sandbox import landlock, namespaces, seccomp

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_ARENAS_MOST = -8
_CAPABILITIES_VERSION = 0x20080522
_OPEN_FILES = 64
_STACK_BYTES = 64 << 20
_BLOCK_BYTES = 4096
ENTRIES = 1000
"""Files and folders that a program may make."""

OUT_OF_MEMORY = signal.SIGUSR2
"""How a program ends that let a MemoryError pass."""

_SYSTEM = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/etc/localtime",
    "/usr/share/zoneinfo", "/dev/urandom",
)  # fmt: skip
_SINK = "/dev/null"


class _Refused(Exception):
    """The program cannot be isolated here."""


def main(folder: str) -> None:
    """Run the job in `folder`; never returns in the processes that only wait."""
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getppid()
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    with open(f"{folder}/job.json", encoding="utf-8") as file:
        job: dict[str, Any] = json.load(file)
    if parent != job["parent"]:
        os._exit(1)
    report = os.open(f"{folder}/report", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    # Every arena of malloc reserves 64 MB of address space.
    libc.mallopt(_ARENAS_MOST, 1)
    _be_first_to_go()
    in_namespaces = _enter_namespaces(libc)
    if in_namespaces:
        first = os.fork()
        if first:
            os.waitpid(first, 0)
            os._exit(0)
        # New credentials have cleared it.
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    program = os.fork()
    if program:
        _wait(program, report, f"{folder}/work", job)
    _become_program(libc, folder, job, report, in_namespaces)


def _be_first_to_go() -> None:
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    except OSError:
        # Only a kindness to the rest of the machine.
        return


def _enter_namespaces(libc: ctypes.CDLL) -> bool:
    try:
        namespaces.enter(libc)
    except OSError:
        return False
    return True


def _wait(program: int, report: int, work: str, job: dict[str, Any]) -> NoReturn:
    """Wait for the program, watch its folder, and report its end."""

    def kill(number: int, frame: FrameType | None) -> None:
        os.kill(program, signal.SIGKILL)

    # The parent kills earlier; this is for the case that the parent is no more.
    signal.signal(signal.SIGALRM, kill)
    signal.alarm(int(job["wall_s"]) + 5)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    too_much = False
    while True:
        ended, status, usage = os.wait4(program, os.WNOHANG)
        if ended:
            break
        if not too_much and _too_large(work, job["file_bytes"]):
            too_much = True
            os.kill(program, signal.SIGKILL)
        signal.sigtimedwait({signal.SIGCHLD}, 0.05)
    end = {"status": status, "cpu_s": usage.ru_utime + usage.ru_stime, "too_much_written": too_much}
    os.write(report, json.dumps(end).encode() + b"\n")
    os._exit(0)


def _too_large(work: str, most_bytes: int) -> bool:
    """Tell whether the folder holds more than it may.

    Matters only where the folder is one on the disk; a file system in memory has its own limit.
    """
    total, seen, folders = 0, 0, [work]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    seen += 1
                    if seen > ENTRIES:
                        return True
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
                    else:
                        total += entry.stat(follow_symlinks=False).st_blocks * 512
        except FileNotFoundError:
            continue
        except OSError:
            # Paths too long to follow are made only by programs that mean harm.
            return True
    # Every file takes whole blocks, however small it is.
    return total > most_bytes + ENTRIES * _BLOCK_BYTES


def _become_program(
    libc: ctypes.CDLL, folder: str, job: dict[str, Any], report: int, in_namespaces: bool
) -> None:
    """Isolate the calling process and run the program in it."""
    waiting = os.getppid()
    try:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != waiting:
            os._exit(1)
        _isolate(libc, folder, job, in_namespaces)
    except (OSError, MemoryError, _Refused) as error:
        os.write(report, json.dumps({"refused": str(error) or type(error).__name__}).encode() + b"\n")
        os._exit(1)
    os.write(report, b'{"isolated": true}\n')
    os.closerange(3, _OPEN_FILES)
    _run(job["source"])


def _isolate(libc: ctypes.CDLL, folder: str, job: dict[str, Any], in_namespaces: bool) -> None:
    work = f"{folder}/work"
    readable = _readable(job["home"])
    machine = os.uname().machine
    if machine not in seccomp.MACHINES:
        raise _Refused(f"system calls of {machine!r} are not known; known are {', '.join(seccomp.MACHINES)}")
    own_tree = in_namespaces and _change_root(libc, folder, readable, work, job["file_bytes"])
    os.chdir(work)
    for name, text in job["files"].items():
        os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
        with open(name, "w", encoding="utf-8", errors="replace", newline="") as file:
            file.write(text)
    _set_limits(job)
    _drop_capabilities(libc)
    if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
        raise _Refused("the kernel does not let a process give up new privileges")
    libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    if landlock.version(libc):
        landlock.restrict(libc, readable, (work, _SINK))
    elif not own_tree:
        raise _Refused(
            "the kernel offers neither Landlock nor mounts of one's own, so files cannot be kept from it"
        )
    failed = seccomp.install(libc, seccomp.program(machine, os.getpid()))
    if failed:
        raise _Refused(f"the kernel refuses a filter of system calls: {os.strerror(failed)}")


def _readable(home: str) -> list[str]:
    """Return what an interpreter needs to import the standard library.

    Raises:
        _Refused: If that would give away the home folder.
    """
    libraries = [f"{sys.base_prefix}/lib", *sys.path]
    paths = [*_SYSTEM, *(path for path in libraries if os.path.isabs(path))]
    inside = os.path.realpath(home)
    for path in paths:
        if os.path.commonpath([inside, os.path.realpath(path)]) == os.path.realpath(path) and inside != "/":
            raise _Refused(f"the interpreter's library {path!r} holds the home folder {home!r}")
    return paths


def _change_root(libc: ctypes.CDLL, folder: str, readable: list[str], work: str, size_bytes: int) -> bool:
    try:
        namespaces.change_root(
            libc, f"{folder}/root", [*readable, _SINK], work, size_bytes=size_bytes, entries=ENTRIES
        )
    except OSError:
        return False
    return True


def _set_limits(job: dict[str, Any]) -> None:
    limits = {
        resource.RLIMIT_AS: job["memory_bytes"],
        resource.RLIMIT_FSIZE: job["file_bytes"], resource.RLIMIT_STACK: min(_STACK_BYTES, job["memory_bytes"]),
        resource.RLIMIT_NPROC: 0, resource.RLIMIT_NOFILE: _OPEN_FILES, resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0, resource.RLIMIT_MSGQUEUE: 0,
    }  # fmt: skip
    for kind, most in limits.items():
        hard = resource.getrlimit(kind)[1]
        lower = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (lower, lower))
    # At the first the kernel sends SIGXCPU, which tells why a program ended; at the second it ends what ignores that.
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    last = job["cpu_s"] + 1 if hard == resource.RLIM_INFINITY else min(job["cpu_s"] + 1, hard)
    resource.setrlimit(resource.RLIMIT_CPU, (min(job["cpu_s"], last), last))
    # A write beyond the limit is an error to the program, not its end.
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    if libc.capset(struct.pack("=Ii", _CAPABILITIES_VERSION, 0), bytes(24)):
        raise _Refused(f"capabilities cannot be dropped: {os.strerror(ctypes.get_errno())}")


def _run(source: str) -> None:
    name = "main.py"
    # Tracebacks show the program's lines.
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    for imported in [imported for imported in sys.modules if imported.partition(".")[0] == "agot"]:
        del sys.modules[imported]
    sys.path.insert(0, os.getcwd())
    sys.argv = [name]
    program = ModuleType("__main__")
    program.__dict__.update({"__builtins__": builtins, "__file__": name})
    sys.modules["__main__"] = program
    try:
        exec(compile(source, name, "exec", dont_inherit=True), program.__dict__)
    except SystemExit:
        raise
    except BaseException as error:  # noqa: BLE001
        # What the program lets pass is shown as the interpreter shows it, without the frames of this file.
        inner = error.__traceback__ and error.__traceback__.tb_next
        traceback.print_exception(type(error), error.with_traceback(inner), inner)
        if isinstance(error, MemoryError):
            signal.signal(OUT_OF_MEMORY, signal.SIG_DFL)
            os.kill(os.getpid(), OUT_OF_MEMORY)
        raise SystemExit(1) from None
