"""What a user installs: all of the packages, the weights, and nothing else."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

import agot

ROOT = Path(__file__).parents[1]
ROOMS = ("agents", "stores", "verifiers", "web")
WEIGHTS = "agot/models/embedded/weights/"


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    """The parsed pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel, built from what git would commit: no ignored leftovers can make it look complete."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        here, there = ROOT / name, source / name
        there.parent.mkdir(parents=True, exist_ok=True)
        if here.is_symlink():
            there.symlink_to(here.readlink())
        elif here.exists():
            there.write_bytes(here.read_bytes())
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(target), str(source)],
        check=True, capture_output=True,
    )  # fmt: skip
    return zipfile.ZipFile(next(target.glob("agot-*.whl")))


def _packages_on_disk() -> set[str]:
    listed = subprocess.run(
        ["git", "ls-files", "agot/*.py"], cwd=ROOT, capture_output=True, check=True, text=True
    )
    return {name.rpartition("/")[0].replace("/", ".") for name in listed.stdout.splitlines()}


def test_every_folder_of_modules_is_a_package() -> None:
    for package in _packages_on_disk():
        assert (ROOT / package.replace(".", "/") / "__init__.py").is_file(), f"{package} has no __init__.py"


@pytest.mark.parametrize("room", ROOMS)
def test_the_names_at_the_root_are_links_to_the_packages_and_no_second_copy(room: str) -> None:
    link = ROOT / room
    assert link.is_symlink() and link.readlink() == Path("agot") / room
    ended = subprocess.run(
        [sys.executable, "-c", f"import {room}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert f"ImportError: Import agot.{room}" in ended.stderr


def test_a_clone_without_links_installs_imports_and_is_typed(tmp_path: Path) -> None:
    clone, environment = tmp_path / "clone", tmp_path / "environment"
    subprocess.run(
        ["git", "-c", "core.symlinks=false", "clone", "--quiet", str(ROOT), str(clone)],
        check=True,
        capture_output=True,
    )
    assert not (clone / "agents").is_symlink() and (clone / "agot" / "agents" / "__init__.py").is_file()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    python = environment / "bin" / "python"
    # What the project needs is installed beside this Python already; only the clone is new.
    site = next((environment / "lib").glob("python*")) / "site-packages"
    (site / "needs.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n")
    subprocess.run(
        [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-deps", "--no-build-isolation",
         "-e", str(clone)], check=True, capture_output=True,
    )  # fmt: skip
    where = subprocess.run(
        [python, "-c", "import agot.agents.planner as it; print(it.__file__)"], cwd=tmp_path, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    assert where.stdout.strip() == str(clone / "agot" / "agents" / "planner.py")
    program = tmp_path / "program.py"
    program.write_text('import agot\n\nreveal_type(agot.ask_sync("What is 1 + 1?").answer)\n')
    typed = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--python-executable", str(python), str(program)], cwd=tmp_path,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert re.search(r'Revealed type is "(builtins\.)?str"', typed.stdout), typed.stdout + typed.stderr


def test_wheel_holds_the_packages_and_nothing_else(wheel: zipfile.ZipFile, project: dict[str, Any]) -> None:
    names = wheel.namelist()
    roots = {name.partition("/")[0] for name in names}
    assert roots == {"agot", f"agot-{agot.__version__}.dist-info"}
    folders = {name.rpartition("/")[0].replace("/", ".") for name in names if name.endswith(".py")}
    assert folders == _packages_on_disk()
    assert "agot/py.typed" in names
    data = [
        file for package, patterns in project["tool"]["setuptools"]["package-data"].items()
        for pattern in patterns for file in (ROOT / package.replace(".", "/")).glob(pattern)
    ]  # fmt: skip
    listed = {str(file.relative_to(ROOT)) for file in data if file.is_file()}
    assert len(listed) > 10 and listed <= set(names)
    odd = [name for name in names if name.startswith("agot/") and not name.endswith(".py")]
    assert set(odd) == listed


def test_wheel_holds_the_weights(wheel: zipfile.ZipFile) -> None:
    weights = [info for info in wheel.infolist() if info.filename.startswith(WEIGHTS)]
    on_disk = [file for file in (ROOT / WEIGHTS).iterdir() if file.is_file()]
    assert {info.filename for info in weights} == {WEIGHTS + file.name for file in on_disk}
    assert sum(info.file_size for info in weights) > 1_000_000


def test_wheel_names_licence_entry_point_and_version(wheel: zipfile.ZipFile) -> None:
    info = f"agot-{agot.__version__}.dist-info"
    assert "agot = agot.cli.main:main" in wheel.read(f"{info}/entry_points.txt").decode()
    assert f"{info}/licenses/LICENSE" in wheel.namelist()
    metadata = wheel.read(f"{info}/METADATA").decode()
    assert f"Version: {agot.__version__}\n" in metadata and "License-Expression: Apache-2.0" in metadata


def test_every_import_is_declared(project: dict[str, Any]) -> None:
    extras = project["project"]["optional-dependencies"]
    listed = " ".join(
        project["project"]["dependencies"]
        + extras["postgres"]
        + extras["math"]
        + extras["mcp"]
        + extras["llamacpp"]
    )
    declared = {"pydantic_core"} | {
        name.replace("-", "_")
        for name in listed.replace("[", " ").replace(">", " ").split()
        if name[0].isalpha()
    }
    used: set[str] = set()
    for file in (ROOT / "agot").rglob("*.py"):
        if "node_modules" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                used |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                used.add(node.module.partition(".")[0])
    assert used - sys.stdlib_module_names - {"agot", "__future__"} <= declared


def test_locks_name_no_address_and_agree() -> None:
    def pins(name: str) -> dict[str, str]:
        lines = (ROOT / name).read_text().splitlines()
        return dict(line.rstrip(" \\").split("==", 1) for line in lines if line[:1].isalnum())

    for name in ("constraints.txt", "constraints-run.txt"):
        text = (ROOT / name).read_text()
        assert "://" not in text and "--index" not in text and "--find-links" not in text
        assert text.count("--hash=sha256:") >= len(pins(name))
    everything = pins("constraints.txt")
    assert pins("constraints-run.txt").items() <= everything.items()


def test_the_version_is_said_once(project: dict[str, Any]) -> None:
    assert project["project"]["version"] == agot.__version__
    assert f"## [{agot.__version__}]" in (ROOT / "CHANGELOG.md").read_text()
