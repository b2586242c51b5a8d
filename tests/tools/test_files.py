"""Files below one folder and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agot.errors import SetupError
from agot.tools.files import file_tools
from tests.tools.conftest import Bench


@pytest.fixture
def root(tmp_path: Path) -> Path:
    inner = tmp_path / "root"
    (inner / "docs").mkdir(parents=True)
    (inner / "docs" / "Guide.md").write_text("one\nThe needle is here\nthree\n")
    (inner / "long.txt").write_text("\n".join(f"line {number}" for number in range(1, 1001)))
    (inner / "data.bin").write_bytes(b"needle\0\xff")
    (tmp_path / "secret.txt").write_text("needle outside")
    (tmp_path / "root2").mkdir()
    (tmp_path / "root2" / "x").write_text("needle beside")
    (inner / "out").symlink_to(tmp_path / "secret.txt")
    (inner / "outside").symlink_to(tmp_path)
    (inner / "inside").symlink_to(inner / "docs" / "Guide.md")
    os.mkfifo(inner / "pipe")
    return inner


async def test_finds_files_by_name(root: Path) -> None:
    bench = Bench(file_tools(root))
    assert (await bench.call("find_files", name="*.MD")).text == "docs/Guide.md"
    assert (await bench.call("find_files", name="docs/*")).text == "docs/Guide.md"
    assert (await bench.call("find_files", name="*.xyz")).text == "No file matches."


async def test_searches_text_inside_of_the_root_only(root: Path) -> None:
    outcome = await Bench(file_tools(root)).call("search_files", text="NEEDLE")
    assert outcome.text.splitlines() == [
        "inside:2: The needle is here",
        "docs/Guide.md:2: The needle is here",
    ]


async def test_reads_a_file_in_parts(root: Path) -> None:
    bench = Bench(file_tools(root))
    first = await bench.call("read_file", path="long.txt")
    assert first.text.startswith("line 1\n") and first.text.endswith("[lines 1 to 400 of 1000]")
    assert (
        await bench.call("read_file", path="long.txt", first_line=999)
    ).text == "line 999\nline 1000\n[lines 999 to 1000 of 1000]"
    assert (
        await bench.call("read_file", path="long.txt", first_line=5000)
    ).text == "[the file has 1000 lines]"
    assert (await bench.call("read_file", path="inside")).text == "one\nThe needle is here\nthree"


@pytest.mark.parametrize(
    "path",
    ["out", "outside/secret.txt", "../secret.txt", "docs/../../secret.txt", "/etc/passwd", "../root2/x", "", ".", "docs", "pipe",
     "data.bin", "missing", "a\0b", "docs/Guide.md/x", "x" * 5000, "outside"],
)  # fmt: skip
async def test_refuses_what_is_no_text_file_below_the_root(root: Path, path: str) -> None:
    outcome = await Bench(file_tools(root)).call("read_file", path=path)
    assert outcome.error and "needle" not in outcome.text


async def test_a_link_put_in_between_is_not_followed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The path is resolved while it is honest, and becomes a link before it is opened.
    real = os.path.realpath
    (root / "turned").mkdir()
    (root / "turned" / "secret.txt").write_text("honest")

    def realpath(path: str) -> str:
        resolved = real(path)
        if path.endswith("turned/secret.txt") and not (root / "turned").is_symlink():
            (root / "turned").rename(root / "was")
            (root / "turned").symlink_to(root.parent)
        return resolved

    tools = file_tools(root)
    monkeypatch.setattr(os.path, "realpath", realpath)
    outcome = await Bench(tools).call("read_file", path="turned/secret.txt")
    assert outcome.error and "needle" not in outcome.text


async def test_large_files_and_many_hits_are_bounded(root: Path) -> None:
    (root / "huge.txt").write_bytes(b"needle\n" * 500_000)
    (root / "hits.txt").write_text("pin\n" * 5000)
    bench = Bench(file_tools(root))
    assert (await bench.call("read_file", path="huge.txt")).error
    assert "[stopped after 200 lines" in (await bench.call("search_files", text="pin")).text
    assert (await bench.call("search_files", text=" ")).error


def test_refuses_a_root_that_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(SetupError):
        file_tools(tmp_path / "missing")
