"""What a plain `pip install .` costs: megabytes, packages, and the time until anything can be used.

A virtual environment is made in a temporary folder, and a copy of the checkout is installed into it from
whatever package index pip is configured to use. Import times are CPU times beyond those of an empty program.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.report import Figure, Report, main

ROOT = Path(__file__).parent.parent
_UNWANTED = ("torch", "tensorflow", "jax", "transformers")
_LIMIT_S = 900


def measure(quick: bool) -> Report:
    """Install and measure; a quick measurement looks at the environment it runs in instead."""
    if quick:
        return _report(Path(sys.prefix), 0.0, 2)
    with tempfile.TemporaryDirectory() as name:
        source, environment = Path(name) / "source", Path(name) / "environment"
        _copy(source)
        _call([sys.executable, "-m", "venv", str(environment)])
        empty_mb = _megabytes(environment)
        _call([str(environment / "bin/python"), "-m", "pip", "install", "--quiet", str(source)])
        return _report(environment, empty_mb, 9)


def _copy(source: Path) -> None:
    source.mkdir()
    shutil.copytree(
        ROOT / "agot", source / "agot", ignore=shutil.ignore_patterns("__pycache__", "node_modules")
    )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy2(ROOT / name, source / name)


def _call(command: list[str]) -> str:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_LIMIT_S, check=False, cwd=tempfile.gettempdir()
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def _report(environment: Path, empty_mb: float, repeats: int) -> Report:
    python = str(environment / "bin/python")
    listed = json.loads(_call([python, "-m", "pip", "list", "--format=json", "--disable-pip-version-check"]))
    names = {item["name"].lower() for item in listed} - {"pip", "setuptools"}
    unwanted = sorted(names & set(_UNWANTED))
    packages = next(environment.glob("lib/python*/site-packages"))
    largest = sorted(
        ((_megabytes(path), path.name) for path in packages.iterdir() if path.is_dir()), reverse=True
    )
    empty = _cpu([python, "-c", "pass"], repeats)
    imported = _beyond([python, "-c", "import agot"], empty, repeats)
    helped = _beyond([str(environment / "bin/agot"), "--help"], empty, repeats)
    asked = _beyond([python, "-c", "import agot.reasoner"], empty, repeats)
    return Report("install", [
        Figure("added to an empty environment", "MB", (_megabytes(environment) - empty_mb,), at_most=600.0),
        Figure("of these, compiled by pip (*.pyc)", "MB", (_megabytes(environment, "*.pyc"),)),
        Figure("packages, agot included", "packages", (len(names),)),
        Figure(f"of {', '.join(_UNWANTED)}", "packages", (len(unwanted),), at_most=0),
        Figure("import agot, CPU", "s", imported, at_most=0.2),
        Figure("agot --help, CPU", "s", helped, at_most=0.4),
        Figure("import agot.reasoner, CPU", "s", asked),
    ], ["largest: " + ", ".join(f"{name} {size:.0f} MB" for size, name in largest[:6])])  # fmt: skip


def _megabytes(folder: Path, pattern: str = "*") -> float:
    files = (path for path in folder.rglob(pattern) if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files) / 1e6


def _beyond(command: list[str], empty: float, repeats: int) -> tuple[float, ...]:
    """Return CPU seconds beyond those of an empty program, for each repeat; compiled files exist by then."""
    return tuple(seconds - empty for seconds in _each(command, repeats))


def _cpu(command: list[str], repeats: int) -> float:
    return sorted(_each(command, repeats))[repeats // 2]


def _each(command: list[str], repeats: int) -> list[float]:
    found = []
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(repeats + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(
            command,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=_LIMIT_S,
            env=environment,
            cwd=tempfile.gettempdir(),
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        found.append(after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime)
    return found[1:]  # the first one reads from the disk, and compiles what was not yet compiled


if __name__ == "__main__":
    main(measure)
