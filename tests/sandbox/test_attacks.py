"""Programs that mean harm, on kernels that allow more and less."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from agot.sandbox.run import why_not

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

KERNELS = {
    "all": "",
    "without namespaces": "unshare",
    "without Landlock": "landlock_create_ruleset",
    "without mounts": "mount",
}


def run(kernel: str, source: str, **limits: float) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("weaker_kernel.py")), KERNELS.get(kernel, kernel)],
        input=json.dumps({"source": source, "limits": {"cpu_s": 2, "wall_s": 20, **limits}}),
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    ran: dict[str, Any] = json.loads(done.stdout)
    return ran


TRY = """
import ctypes, json, os, signal
seen = {}
libc = ctypes.CDLL(None, use_errno=True)
def attempt(name, call):
    try:
        seen[name] = repr(call())
    except BaseException as error:
        seen[name] = None
def native(name, call, *arguments):
    ctypes.set_errno(0)
    seen[name] = None if getattr(libc, call)(*arguments) == -1 else call
"""

HARM = (
    TRY
    + """
import fcntl, resource, shutil, socket, subprocess, threading
attempt("internet socket", lambda: socket.socket())
attempt("unix socket", lambda: socket.socket(socket.AF_UNIX))
attempt("socket pair", lambda: socket.socketpair())
attempt("raw socket", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
attempt("name look-up", lambda: socket.getaddrinfo("localhost", 80))
attempt("fork", os.fork)
attempt("forkpty", os.forkpty)
attempt("spawn", lambda: os.posix_spawn("/bin/sh", ["sh"], {}))
attempt("subprocess", lambda: subprocess.run(["/bin/sh", "-c", "true"]))
attempt("exec", lambda: os.execv("/bin/sh", ["sh", "-c", "echo out"]))
attempt("thread", lambda: threading.Thread(target=print).start())
attempt("daemon", os.setsid)
attempt("group", lambda: os.setpgid(0, 0))
attempt("kill all", lambda: os.kill(-1, 9))
attempt("kill parent", lambda: os.kill(os.getppid(), 9))
attempt("kill group", lambda: os.killpg(0, 9))
attempt("kill first", lambda: os.kill(1, 9))
attempt("signal by file", lambda: fcntl.fcntl(0, fcntl.F_SETOWN, OUTSIDE))
attempt("signal number by file", lambda: fcntl.fcntl(0, fcntl.F_SETSIG, 9))
attempt("limits of others", lambda: resource.prlimit(OUTSIDE, resource.RLIMIT_CPU, (1, 1)))
attempt("more memory", lambda: resource.setrlimit(resource.RLIMIT_AS, (2**40, 2**40)))
attempt("more processes", lambda: resource.setrlimit(resource.RLIMIT_NPROC, (100, 100)))
attempt("schedule", lambda: os.sched_setaffinity(OUTSIDE, {0}))
attempt("become root", lambda: os.setuid(0))
attempt("shadow", lambda: open("/etc/shadow").read())
attempt("passwd", lambda: open("/etc/passwd").read())
attempt("secret", lambda: open(SECRET).read())
attempt("list", lambda: os.listdir(os.path.dirname(SECRET)))
attempt("own memory", lambda: open("/proc/self/mem", "rb"))
attempt("others' environment", lambda: open(f"/proc/{OUTSIDE}/environ", "rb").read())
attempt("others' memory", lambda: open(f"/proc/{OUTSIDE}/mem", "rb"))
attempt("disk", lambda: open("/dev/vda", "rb"))
attempt("terminal", lambda: open("/dev/tty", "w"))
attempt("write tmp", lambda: open("/tmp/agot-was-here", "w"))
attempt("write shared memory", lambda: open("/dev/shm/agot-was-here", "w"))
attempt("write library", lambda: open(os.__file__, "a"))
attempt("write secret", lambda: open(SECRET, "w"))
attempt("truncate secret", lambda: os.truncate(SECRET, 0))
attempt("mode of secret", lambda: os.chmod(SECRET, 0o777))
attempt("times of secret", lambda: os.utime(SECRET))
attempt("attribute of secret", lambda: os.setxattr(SECRET, "user.x", b""))
attempt("remove secret", lambda: os.unlink(SECRET))
attempt("link to secret", lambda: os.link(SECRET, "stolen"))
attempt("move secret", lambda: os.rename(SECRET, "stolen"))
def by_symlink():
    os.symlink(SECRET, "innocent")
    return open("innocent").read()
attempt("symlink to secret", by_symlink)
def by_dots():
    return open("../" * 30 + SECRET[1:]).read()
attempt("dots to secret", by_dots)
attempt("launcher's files", lambda: open("../job.json").read())
attempt("launcher's report", lambda: open("../report", "w"))
attempt("fifo", lambda: os.mkfifo("fifo"))
attempt("device", lambda: os.mknod("device", 0o600 | 0o020000, os.makedev(1, 1)))
attempt("chroot", lambda: os.chroot("."))
attempt("memory file", lambda: os.memfd_create("x"))
native("ptrace", "ptrace", 16, OUTSIDE, 0, 0)
native("traced", "ptrace", 0, 0, 0, 0)
native("mount", "mount", b"none", b"/", b"tmpfs", 0, None)
native("unmount", "umount2", b"/", 2)
native("unshare", "unshare", 0x10000000)
native("other namespace", "setns", 0, 0)
native("dumpable", "prctl", 4, 1, 0, 0, 0)
native("outlive parent", "prctl", 1, 0, 0, 0, 0)
native("shared segment", "shmget", 0, 10**6, 0o1777)
native("keyring", "syscall", 250, 0, 0, 0)
native("io_uring", "syscall", 425, 8, ctypes.create_string_buffer(200))
native("userfaultfd", "syscall", 323, 0)
native("bpf", "syscall", 321, 0, None, 0)
native("pidfd", "syscall", 434, OUTSIDE, 0)
native("32-bit call", "syscall", 0x40000000 + 41, 2, 1, 0)
native("clone3", "syscall", 435, None, 0)
print(json.dumps({name: what for name, what in seen.items() if what is not None}))
"""
)


@pytest.mark.parametrize("kernel", list(KERNELS))
def test_no_harm_is_done(kernel: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("do not read")
    before = secret.stat()
    known = f"OUTSIDE, SECRET = {os.getpid()}, {str(secret)!r}\n"
    ran = run(kernel, known + HARM)
    assert ran["returncode"] == 0, ran
    assert json.loads(ran["stdout"]) == {}
    assert secret.read_text() == "do not read"
    assert (secret.stat().st_mode, secret.stat().st_mtime) == (before.st_mode, before.st_mtime)
    assert not Path("/tmp/agot-was-here").exists()


@pytest.mark.parametrize("kernel", list(KERNELS))
def test_a_program_does_its_work(kernel: str) -> None:
    ran = run(
        kernel,
        "open('a', 'w').write('x')\nimport decimal, hashlib\nprint(open('a').read(), decimal.Decimal(2).sqrt())",
    )
    assert (ran["stdout"][:6], ran["stopped"]) == ("x 1.41", "")


@pytest.mark.parametrize("kernel", list(KERNELS))
def test_the_folder_has_a_quota(kernel: str) -> None:
    source = """
try:
    for i in range(300):
        with open(f'f{i}', 'wb') as file: file.write(bytes(10**6))
        import time; time.sleep(0.005)
except OSError: raise SystemExit(3)
"""
    ran = run(kernel, source, file_mb=2)
    assert ran["returncode"] == 3 or ran["stopped"] == "output"


@pytest.mark.parametrize("kernel", ["without namespaces", "without mounts"])
def test_folders_too_deep_to_walk_are_removed(
    kernel: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    ran = run(kernel, "import os\nwhile True:\n os.mkdir('d' * 200, 0o700)\n os.chdir('d' * 200)")
    assert ran["stopped"] in ("output", "cpu")
    closed = run(kernel, "import os\nos.mkdir('a')\nos.mkdir('a/b', 0)\nos.umask(0o777)\nopen('c', 'w')")
    assert closed["returncode"] == 0
    assert list(tmp_path.iterdir()) == []


def test_refuses_where_files_cannot_be_kept_from_it() -> None:
    ran = run("unshare,landlock_create_ruleset", "print(1)")
    assert "Landlock" in ran["refused"] and "user namespaces" in ran["refused"]
