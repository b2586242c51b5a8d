"""Cells, bars and the plot from rows of known content."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.bench import tables
from agot.bench.compare import ALL, Table, as_json, bars, tokens_at
from agot.bench.plot import svg
from agot.bench.strategies import Answered


def row(place: int, strategy: str, *, right: bool = True, level: int = 500, family: str = "dates", tokens: int = 100,
        given: bool = True, withheld: bool | None = None, fault: str = "", covered: bool | None = None) -> Answered:  # fmt: skip
    return Answered(
        id=f"{family}-{place}", split="test", family=family, strategy=strategy, level=level, seed=0, setup="s", model="m",
        status="answered" if given else "abstained", answer="x", right=right and given, given=given,
        withheld_right=withheld, covered=covered, reward=None, effort=0, fault=fault, tokens=tokens, calls=1, cost_usd=0.0, wall_s=0.5,
    )  # fmt: skip


def test_faults_from_outside_are_no_wrong_answers() -> None:
    table = Table([row(1, "chain"), row(2, "chain", right=False, fault="ModelUnreachable")])
    cell = table.cell("chain", 500)
    assert cell is not None and (cell.n, cell.faults, cell.accuracy[0]) == (1, 1, 1.0)


def test_abstaining_counts_as_wrong_but_not_against_precision() -> None:
    cell = Table([row(1, "chain"), row(2, "chain", given=False), row(3, "chain", right=False)]).cell(
        "chain", 500
    )
    assert cell is not None and cell.precision is not None
    assert (cell.given, cell.abstained) == (2, 1)
    assert cell.accuracy[0] == pytest.approx(1 / 3) and cell.precision[0] == 0.5
    assert cell.coverage is None and cell.coverage_n == 0


def test_differences_use_the_questions_that_both_answered() -> None:
    table = Table([row(1, "auto"), row(2, "auto"), row(1, "chain", right=False), row(9, "chain")])
    difference = table.difference("auto", "chain", 500)
    # One question is no proof.
    assert difference is not None and difference[0] == 1.0 and difference[1] < 0.0
    assert table.difference("auto", "vote", 500) is None


def test_bars_tell_all_comparisons() -> None:
    rows = [row(i, "auto", right=i < 9, family="countdown", tokens=300) for i in range(10)]
    rows += [row(i, "chain", right=i < 3, family="countdown") for i in range(10)]
    rows += [row(i, "vote", right=i < 8, family="countdown", tokens=400) for i in range(10)]
    rows += [row(i, "mcts", right=i < 6, family="countdown", tokens=400) for i in range(10)]
    rows += [row(10 + i, "auto", given=False, withheld=i == 0, family="countdown") for i in range(4)]
    told = {bar["bar"]: bar for bar in bars(Table(rows)) if bar.get("family") in (None, ALL, "countdown")}
    best = told["auto against the best fixed strategy"]
    assert best["best"] == "vote" and best["difference"][0] == pytest.approx(0.1)
    puzzle = told["best search against chain on the Game of 24"]
    assert puzzle["best"] == "mcts" and puzzle["difference"][0] == pytest.approx(0.3)
    assert puzzle["ratio"] == pytest.approx(2.0), "a vote is no search"
    gained = told["precision gained by abstaining"]
    assert gained["precision"][0] == pytest.approx(0.9) and gained["precision_without"] == pytest.approx(
        10 / 14
    )
    assert len([tables.sentence(bar) for bar in told.values()]) == 4
    assert all("nan" not in tables.sentence(bar) for bar in told.values())


def test_equal_accuracy_is_read_off_the_curve() -> None:
    curve = [(1000.0, 0.8), (200.0, 0.4), (500.0, 0.6)]
    assert tokens_at(curve, 0.5) == pytest.approx(350)
    assert tokens_at(curve, 0.1) == 200
    assert tokens_at(curve, 0.8) == 1000
    assert tokens_at(curve, 0.81) is None
    assert tokens_at([], 0.5) is None


@given(st.lists(st.tuples(st.floats(1, 1e6), st.floats(0, 1)), max_size=6), st.floats(0, 1))
def test_equal_accuracy_lies_within_the_curve(curve: list[tuple[float, float]], accuracy: float) -> None:
    tokens = tokens_at(curve, accuracy)
    if tokens is not None:
        assert min(t for t, _ in curve) - 1e-6 <= tokens <= max(t for t, _ in curve) + 1e-6
    else:
        assert all(reached < accuracy for _, reached in curve)


def test_the_plot_names_every_strategy_and_knows_both_modes() -> None:
    names = ["auto", "chain", *(f"search_{n}" for n in range(9)), "<odd> & name"]
    rows = [
        row(i, name, right=i % 3 > 0, level=level, family=family, tokens=level // 2 + 10 * i)
        for name in names for level in (500, 1000, 4000) for family in ("countdown", "dates") for i in range(5)
    ]  # fmt: skip
    drawn = svg(Table(rows), 'A "title"')
    root = ET.fromstring(drawn)
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {*names, "all families", "countdown", "dates"} <= texts
    assert "prefers-color-scheme:dark" in drawn
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    for mark in root.iter("{http://www.w3.org/2000/svg}circle"):
        assert 0 <= float(mark.attrib["cx"]) <= width and 0 <= float(mark.attrib["cy"]) <= height


def test_one_row_is_enough_for_table_and_plot() -> None:
    table = Table([row(1, "chain", tokens=0)])
    ET.fromstring(svg(table))
    assert len(tables.rows(table.cells())) == 2
    assert as_json(table)["bars"] == []


def test_no_rows_give_no_cells() -> None:
    assert as_json(Table([])) == {"cells": [], "bars": []}
