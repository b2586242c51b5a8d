"""The committed page is what its sources build, within its limits, and names no place to fetch from."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.web_browser.conftest import APP
from tests.web_browser.fixture_server import STATIC

LIMITS_KB = {"main.js": 220, "worker.js": 90, "style.css": 40, "index.html": 4, "licenses.txt": 12}


def node() -> str:
    """Return where node is, or skip."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("no node on the PATH: the page cannot be built")
    if not (APP / "node_modules" / "esbuild").is_dir():
        pytest.skip("the libraries of the page are not installed: cd agot/web/app && npm ci")
    return found


@pytest.mark.slow
def test_committed_assets_are_what_the_sources_build(tmp_path: Path) -> None:
    subprocess.run([node(), "build.mjs", str(tmp_path)], cwd=APP, check=True, capture_output=True)
    built = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    committed = {path.name: path.read_bytes() for path in STATIC.iterdir()}
    assert sorted(built) == sorted(committed)
    stale = [name for name in built if built[name] != committed[name]]
    assert stale == [], "build again: cd agot/web/app && npm run build"


@pytest.mark.slow
def test_types_are_sound() -> None:
    done = subprocess.run(
        [node(), "node_modules/typescript/bin/tsc", "--noEmit"],
        cwd=APP,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_state_is_a_function_of_the_events_alone() -> None:
    done = subprocess.run([node(), "test.mjs"], cwd=APP, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_assets_are_small() -> None:
    sizes = {path.name: path.stat().st_size / 1000 for path in STATIC.iterdir()}
    assert set(sizes) == set(LIMITS_KB)
    assert {name: size for name, size in sizes.items() if size > LIMITS_KB[name]} == {}
    assert sum(sizes.values()) <= 350


def test_lock_file_has_hashes_and_no_addresses_of_a_registry() -> None:
    lock = json.loads((APP / "package-lock.json").read_text())
    for name, package in lock["packages"].items():
        assert "resolved" not in package
        assert not name or package["integrity"].startswith("sha512-")
    wanted = json.loads((APP / "package.json").read_text())
    for version in (wanted["dependencies"] | wanted["devDependencies"]).values():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)


def test_every_library_in_the_page_is_named_with_its_licence() -> None:
    told = (STATIC / "licenses.txt").read_text()
    for name in json.loads((APP / "package.json").read_text())["dependencies"]:
        assert f"{name} " in told
