"""A results file survives a kill at any byte."""

from pathlib import Path

import pytest

from agot.bench.results import Results
from agot.bench.verifiers import Checked
from agot.errors import SetupError


def row(name: str, fault: str = "", tokens: int = 1) -> Checked:
    return Checked(id=name, family="f", setup="s", opinions=(), fault=fault, tokens=tokens)


def test_goes_on_after_being_cut_off_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "results.jsonl"
    with Results(path, Checked) as results:
        results.add(row("a"))
        results.add(row("ü"))
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    for cut in range(len(whole) + 1):
        path.write_bytes(whole[:cut])
        with Results(path, Checked) as results:
            kept = [one.id for one in results.rows()]
            assert kept == (["a", "ü"] if cut == len(whole) else ["a"] if cut >= first else [])
            results.add(row("c"))
        with Results(path, Checked) as results:
            assert [one.id for one in results.rows()] == [*kept, "c"]


def test_rows_spoilt_from_outside_are_done_again(tmp_path: Path) -> None:
    with Results(tmp_path / "r", Checked) as results:
        results.add(row("a", fault="ModelUnreachable"))
        assert results.get("a|s") is None
        results.add(row("a", tokens=7))
    with Results(tmp_path / "r", Checked) as results:
        kept = results.get("a|s")
        assert kept is not None and kept.tokens == 7
        assert len(results.rows()) == 1


@pytest.mark.parametrize("text", ["dear diary\nno results here", "one line", '{"model": 1}', '{"id":"x"}\n'])
def test_refuses_a_file_of_something_else_and_leaves_it_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "notes.txt"
    path.write_text(text)
    with pytest.raises(SetupError, match="Line 1"), Results(path, Checked):
        pass
    assert path.read_text() == text


def test_refuses_a_second_writer(tmp_path: Path) -> None:
    with (
        Results(tmp_path / "r", Checked),
        pytest.raises(SetupError, match="Another process"),
        Results(tmp_path / "r", Checked),
    ):
        pass


def test_refuses_a_folder(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be used"), Results(tmp_path, Checked):
        pass


def test_without_a_file_rows_are_kept_in_memory() -> None:
    with Results(None, Checked) as results:
        results.add(row("a"))
        assert results.get("a|s") is not None
