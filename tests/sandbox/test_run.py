"""What the sandbox gives to a program, and how its limits end one."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agot.errors import ToolError
from agot.sandbox.run import Limits, _end, run_python, why_not

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

QUICK = Limits(cpu_s=1, wall_s=8)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the sandbox makes its folders; nothing may be left of them."""
    own = tmp_path / "own"
    own.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(own))
    yield own
    assert list(own.iterdir()) == []
    assert processes_of(own) == []


def processes_of(folder: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.fsencode(folder) in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


async def test_returns_what_the_program_printed() -> None:
    ran = await run_python("import sys\nprint(6 * 7)\nprint('so', file=sys.stderr)")
    assert (ran.returncode, ran.stdout, ran.stderr, ran.stopped) == (0, "42\n", "so\n", "")


async def test_gives_standard_input_and_files_and_imports_them() -> None:
    ran = await run_python(
        "import sub.inner, os\nprint(sub.inner.x, input(), open('text.txt').read(), sorted(os.listdir()))",
        stdin="first\nsecond\n",
        files={"sub/inner.py": "x = 5", "text.txt": "grüße"},
    )
    assert ran.stdout == "5 first grüße ['sub', 'text.txt']\n"


async def test_standard_library_can_be_imported() -> None:
    names = "math decimal fractions statistics hashlib json re datetime itertools heapq sqlite3 zlib random".split()
    ran = await run_python(f"import {', '.join(names)}\nprint(hashlib.sha256(b'').hexdigest()[:4])")
    assert ran.stdout == "e3b0\n", ran.stderr


async def test_environment_is_empty_and_no_file_is_open() -> None:
    with open(__file__) as held:
        os.set_inheritable(held.fileno(), True)
        ran = await run_python(
            "import os\nfor d in range(3, 64):\n try: os.fstat(d); print(d)\n except OSError: pass\n"
            "print([name for name in os.environ if name != 'LC_CTYPE'])"
        )
    assert ran.stdout == "[]\n"


async def test_traceback_shows_the_program_and_nothing_of_the_launcher() -> None:
    ran = await run_python("def f():\n    return 1 / 0\nf()")
    assert ran.returncode == 1
    assert "return 1 / 0" in ran.stderr and "ZeroDivisionError" in ran.stderr
    assert "launcher" not in ran.stderr


@pytest.mark.parametrize(
    ("source", "returncode"),
    [("raise SystemExit(7)", 7), ("import os; os.abort()", -signal.SIGABRT), ("def", 1), ("\0", 1), ("", 0),
     ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL)],
)  # fmt: skip
async def test_tells_how_the_program_ended(source: str, returncode: int) -> None:
    ran = await run_python(source)
    assert (ran.returncode, ran.stopped) == (returncode, "")


async def test_endless_loop_ends_at_its_processor_time_though_it_catches_every_signal() -> None:
    source = """
import signal
for number in range(1, 65):
    try: signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError): pass
while True:
    try:
        while True: pass
    except BaseException: pass
"""
    ran = await run_python(source, limits=QUICK)
    assert (ran.returncode, ran.stopped) == (None, "cpu")


async def test_the_kernel_itself_says_that_processor_time_is_used_up() -> None:
    limits = Limits(cpu_s=1.5, wall_s=8)
    ran = await run_python("import resource; print(resource.getrlimit(resource.RLIMIT_CPU))", limits=limits)
    assert ran.stdout == "(2, 3)\n"
    # What is summed up afterwards may be less than what the kernel counted.
    for signalled, cpu_s in ((signal.SIGXCPU, 0.9), (signal.SIGKILL, 2.4)):
        report = {"status": int(signalled), "cpu_s": cpu_s, "too_much_written": False}
        assert _end(report, limits) == (None, "cpu")
    assert _end({"status": int(signal.SIGKILL), "cpu_s": 0.9, "too_much_written": False}, limits) == (-9, "")


@pytest.mark.parametrize("source", ["import time; time.sleep(60)", "import signal; signal.pause()"])
async def test_waiting_ends_at_its_wall_time(source: str) -> None:
    ran = await run_python(f"print('begun')\n{source}", limits=Limits(wall_s=0.7))
    assert (ran.returncode, ran.stdout, ran.stopped) == (None, "begun\n", "wall")


async def test_closing_its_output_does_not_hide_that_it_runs_on() -> None:
    ran = await run_python(
        "import os, time\nos.close(1)\nos.close(2)\ntime.sleep(60)", limits=Limits(wall_s=0.7)
    )
    assert ran.stopped == "wall"


@pytest.mark.parametrize(
    "source", ["x = bytearray(10**10)", "x = []\nwhile True: x.append(bytearray(10**6))", "import mmap; mmap.mmap(-1, 10**10); raise MemoryError"],
)  # fmt: skip
async def test_memory_bomb_is_stopped(source: str) -> None:
    ran = await run_python(source, limits=Limits(cpu_s=5, wall_s=20, memory_mb=100))
    assert ran.stopped == "memory" or "OSError: [Errno 12]" in ran.stderr


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
async def test_fifty_megabytes_of_output_are_cut(stream: str) -> None:
    source = f"import sys\nfor _ in range(50): sys.{stream}.write('x' * 10**6)"
    ran = await run_python(source, limits=Limits(output_chars=100))
    assert (getattr(ran, stream), ran.stopped, ran.returncode) == ("x" * 100, "output", None)


async def test_output_that_is_not_text_is_readable() -> None:
    ran = await run_python(r"import sys; sys.stdout.buffer.write(b'\xff\xfe a \xc3')")
    assert ran.stdout == "�� a �"


async def test_deep_recursion_is_an_error_of_the_program() -> None:
    ran = await run_python("def f(): f()\nf()", limits=QUICK)
    assert ran.returncode == 1 and "RecursionError" in ran.stderr
    deeper = await run_python(
        "import sys\nsys.setrecursionlimit(10**9)\nclass A:\n  def __getattr__(self, n): return getattr(self, n + 'a')\nA().x",
        limits=QUICK,
    )
    assert deeper.returncode != 0


async def test_input_that_is_never_read_does_not_block() -> None:
    ran = await run_python("print(1)", stdin="x" * 5_000_000)
    assert ran.stdout == "1\n"
    closed = await run_python("import sys\nprint(sys.stdin.read() == '', sys.stdin.isatty())")
    assert closed.stdout == "True False\n"


async def test_files_are_bounded_in_size_and_number() -> None:
    source = """
written = made = 0
try:
    for i in range(50): written += open(f'f{i}', 'wb').write(bytes(2**20))
except OSError: pass
import os
for i in range(50):
    try: os.unlink(f'f{i}')
    except OSError: pass
try:
    for made in range(20_000): open(f'g{made}', 'wb')
except OSError: pass
print(written <= 4 * 2**20, made < 2_000)
"""
    ran = await run_python(source, limits=Limits(file_mb=4))
    assert ran.stdout == "True True\n" or ran.stopped == "output"


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "", ".", "a\0b"])
async def test_refuses_a_file_outside_of_its_folder(name: str) -> None:
    with pytest.raises(ToolError, match="leaves the working folder"):
        await run_python("", files={name: ""})


@pytest.mark.parametrize(
    "files",
    [{"a": "", "a/b": ""}, {"a": "", "./a": ""}, {"a" * 300: ""}, {"\ud800": ""}, {"a\nb": ""}, {f"d{n}/x": "" for n in range(600)}],
)  # fmt: skip
async def test_refuses_files_that_cannot_all_be_made(files: dict[str, str]) -> None:
    with pytest.raises(ToolError, match=r"Rename|Shorten|Put fewer"):
        await run_python("", files=files)


async def test_refuses_more_files_than_fit() -> None:
    with pytest.raises(ToolError, match="more than the 1 MB"):
        await run_python("", files={"a": "x" * 2_000_000}, limits=Limits(file_mb=1))
    with pytest.raises(ToolError, match="more than the 1 MB"):
        await run_python("", files={str(number): "x" for number in range(300)}, limits=Limits(file_mb=1))
    full = {str(number): "x" for number in range(256)}
    assert (await run_python("print(1)", files=full, limits=Limits(file_mb=1))).stdout == "1\n"


@pytest.mark.parametrize(
    "wrong", [{"cpu_s": 0}, {"wall_s": float("nan")}, {"wall_s": float("inf")}, {"memory_mb": 1}, {"file_mb": 0}, {"output_chars": 0}],
)  # fmt: skip
def test_limits_that_limit_nothing_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError):
        Limits(**wrong)  # type: ignore[arg-type]


async def test_cancelling_ends_the_program(folder: Path) -> None:
    task = asyncio.create_task(run_python("import time; time.sleep(60)"))
    while not processes_of(folder):
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_many_run_at_once() -> None:
    rans = await asyncio.gather(*(run_python(f"print({number})") for number in range(6)))
    assert [ran.stdout for ran in rans] == [f"{number}\n" for number in range(6)]


def test_a_killed_caller_takes_its_programs_along(folder: Path, tmp_path: Path) -> None:
    script = (
        "import asyncio, tempfile\nfrom agot.sandbox.run import run_python\n"
        f"tempfile.tempdir = {str(tmp_path / 'other')!r}\n"
        "asyncio.run(run_python('import time\\nwhile True: time.sleep(1)'))"
    )
    other = tmp_path / "other"
    other.mkdir()
    caller = subprocess.Popen([sys.executable, "-c", script])
    try:
        _until(lambda: len(processes_of(other)) > 2)
    finally:
        caller.kill()
        caller.wait()
    _until(lambda: not [one for one in processes_of(other) if one != caller.pid])


def _until(true: object) -> None:
    deadline = time.monotonic() + 20
    while not true():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)
