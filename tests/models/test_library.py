"""Loading litellm in the background: nobody has to wait for it who no longer wants it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROGRAM = """
import asyncio, sys
from agot.models.library import load_litellm
async def main():
    try:
        await asyncio.wait_for(load_litellm(with_openai=True), float(sys.argv[1]))
    except TimeoutError:
        print("gave up")
asyncio.run(main())
"""
# Like a large package: much code, and care for whatever may be missing.
SLOW = """
import time
for _ in range(400):
    try:
        time.sleep(0.05)
    except Exception:
        pass
"""


def run(program: str, *arguments: str, path: Path = ROOT) -> tuple[subprocess.CompletedProcess[str], float]:
    began_s = time.monotonic()
    ended = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{path}{os.pathsep}{ROOT}"},
    )  # fmt: skip
    return ended, time.monotonic() - began_s


@pytest.mark.parametrize("slow", [SLOW, "import time\ntime.sleep(20)"])
def test_the_end_of_the_process_does_not_wait(tmp_path: Path, slow: str) -> None:
    (tmp_path / "litellm.py").write_text(slow)
    ended, took_s = run(PROGRAM, "0.2", path=tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "gave up\n", "")
    assert took_s < 8.0


@pytest.mark.parametrize("after_s", ["0.05", "0.6", "1.2"])
def test_the_real_one_is_broken_off_cleanly(after_s: str) -> None:
    ended, _ = run(PROGRAM, after_s)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_a_cancelled_caller_does_not_spoil_it_for_the_others(tmp_path: Path) -> None:
    (tmp_path / "litellm.py").write_text("import time\ntime.sleep(0.5)\ncount = 1\n")
    program = """
import asyncio, threading
from agot.models.library import load_litellm
async def main():
    calls = [asyncio.create_task(load_litellm(with_openai=False)) for _ in range(20)]
    await asyncio.sleep(0.1)
    calls[0].cancel()
    print(threading.active_count(), {module.count for module in await asyncio.gather(*calls[1:])})
asyncio.run(main())
print(asyncio.run(load_litellm(with_openai=False)).count)
"""
    ended, _ = run(program, path=tmp_path)
    assert (ended.stdout, ended.stderr) == ("2 {1}\n1\n", "")


def test_a_failed_import_can_be_tried_again(tmp_path: Path) -> None:
    (tmp_path / "litellm.py").write_text("raise ImportError('no such wheel')")
    program = """
import asyncio
from agot.models.library import load_litellm
for _ in range(2):
    try:
        asyncio.run(load_litellm(with_openai=False))
    except ImportError as error:
        print(error)
"""
    ended, _ = run(program, path=tmp_path)
    assert (ended.stdout, ended.stderr) == ("no such wheel\n" * 2, "")
