"""What importing costs, and that it neither reaches for the network nor reads the environment's services."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

import agot

ROOT = Path(__file__).parents[1]
HEAVY = ("litellm", "langgraph", "sqlalchemy", "onnxruntime", "networkx", "numpy", "pydantic", "httpx")


def modules() -> list[str]:
    """Return the name of every shipped module."""
    names = []
    for folder in {init.parent for init in (ROOT / "agot").rglob("__init__.py")}:
        package = ".".join(folder.relative_to(ROOT).parts)
        for file in folder.glob("*.py"):
            names.append(package if file.stem == "__init__" else f"{package}.{file.stem}")
    return sorted(name for name in names if not name.endswith("__main__"))


def _python(program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, cwd=ROOT, check=False, timeout=120,
        env=os.environ | environment,
    )  # fmt: skip


NO_NETWORK = """
import socket, sys
def refuse(*args, **kwargs):
    raise AssertionError("an import reached for the network")
socket.socket.connect = socket.socket.connect_ex = socket.socket.bind = refuse
socket.getaddrinfo = socket.create_connection = refuse
import importlib
for name in sys.argv[1:]:
    importlib.import_module(name)
for name in ("Reasoner", "ask", "Settings"):
    getattr(sys.modules["agot"], name)
"""


def test_no_import_reaches_for_the_network() -> None:
    ended = _python(NO_NETWORK, *modules())
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("statement", ["import agot", "import agot.cli.main"])
def test_nothing_heavy_is_loaded_early(statement: str) -> None:
    ended = _python(f"import sys\n{statement}\nprint(*sorted(set(sys.argv[1:]) & set(sys.modules)))", *HEAVY)
    assert (ended.stdout.strip(), ended.stderr) == ("", "")


def test_no_import_loads_litellm_or_the_model_runtime() -> None:
    program = "import sys, importlib\nfor name in sys.argv[1:]: importlib.import_module(name)\n"
    # What runs the embedded model is itself imported only when it is asked.
    names = [name for name in modules() if not name.startswith("agot.models.embedded.")]
    ended = _python(program + "print([n for n in ('litellm', 'onnxruntime') if n in sys.modules])", *names)
    assert ended.stdout.strip() == "[]", ended.stderr


@pytest.mark.parametrize(
    ("arguments", "limit_s"), [(["-c", "import agot"], 0.2), (["-m", "agot", "--help"], 0.4), (["-m", "agot", "--version"], 0.4)]
)  # fmt: skip
def test_start_is_quick(arguments: list[str], limit_s: float) -> None:
    def cpu_s() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, *arguments], cwd=ROOT, check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    # The first try may compile; the least of several is what the work itself takes.
    assert min(cpu_s() for _ in range(5)) < limit_s


def test_every_public_name_is_there() -> None:
    assert sorted(agot.__all__) == agot.__all__
    for name in agot.__all__:
        assert getattr(agot, name) is not None
    assert set(agot.__all__) <= set(dir(agot))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = agot.nonsense


async def test_ask_sync_refuses_inside_a_loop() -> None:
    with pytest.raises(agot.SetupError, match=r"await agot\.ask"):
        agot.ask_sync("What is 1 + 1?")
