"""The arithmetic of a real model's report, exactly."""

from __future__ import annotations

from typing import Any

import pytest

from agot.bench.pairwise import Judged, verdicts
from agot.bench.real import Measured
from agot.bench.real_report import (
    COLUMNS,
    JUDGED_COLUMNS,
    as_json,
    cells,
    figures,
    judged_cells,
    markdown,
    texts,
    trusted,
)
from agot.bench.statistics import paired_difference, wilson


def row(number: int, arm: str, right: bool | None, **more: Any) -> Measured:
    told: dict[str, Any] = {
        "id": f"q{number}", "set": "gsm8k", "split": "test", "arm": arm, "seed": 0, "setup": "s", "model": "m",
        "status": "answered", "answer": "a b", "right": right, "read": 10, "written": 100 + number, "calls": 1,
        "began_s": 50.0, "seconds": 2.0,
    }  # fmt: skip
    return Measured.model_validate(told | more)


PLAIN = [row(n, "plain", n < 6) for n in range(10)]
ABOUT = {"model": "m", "date": "today", "server": {"address": "http://x/v1"}, "arms": ["plain"], "device": ""}


def test_shares_means_and_intervals_are_those_of_the_rows() -> None:
    rows = [row(n, "chain", n < 8, calls=n + 1) for n in range(10)]
    plain, chain = figures([*PLAIN, *rows])
    assert plain.right == (0.6, *wilson(6, 10)) and chain.right == (0.8, *wilson(8, 10))
    assert plain.against is None
    assert chain.against == paired_difference([n < 8 for n in range(10)], [n < 6 for n in range(10)])
    assert chain.written[0] == 104.5 and chain.read[0] == 10 and chain.calls[0] == 5.5
    assert (chain.calls_p95, chain.calls_max) == (10, 10)
    assert chain.tokens_per_s == sum(100 + n for n in range(10)) / 2.0, "all were in flight at the same time"


def test_the_calls_of_one_in_twenty_lie_above_the_95th_percentile() -> None:
    (one,) = figures([row(n, "auto", True, calls=n + 1) for n in range(100)])
    assert one.calls_p95 == 95 and one.calls_max == 100


def test_a_failure_is_wrong_and_an_abstention_too() -> None:
    rows = [
        row(0, "auto", True), row(1, "auto", False, status="failed", fault="ModelError: x", answer=""),
        row(2, "auto", False, status="abstained", answer=""),
    ]  # fmt: skip
    (one,) = figures(rows)
    assert one.right is not None and one.right[0] == 1 / 3 and (one.failed, one.abstained) == (1, 1)


def test_what_could_not_be_graded_counts_nowhere() -> None:
    rows = [row(0, "chain", True), row(1, "chain", None, ungraded="no sandbox"), row(2, "chain", False)]
    chain = figures([*PLAIN[:3], *rows])[1]
    assert chain.right == (0.5, *wilson(1, 2)) and (chain.n, chain.ungraded) == (3, 1)
    assert chain.against == paired_difference([True, False], [True, True])
    assert cells([chain])[0][2] == "3 (1 ungraded)"


def test_the_difference_is_over_the_questions_that_both_were_asked() -> None:
    chain = figures([*PLAIN[:4], *(row(n, "chain", n % 2 == 0) for n in range(2, 8))])[1]
    assert chain.against == paired_difference([True, False], [True, True])


def test_every_line_has_a_cell_for_every_column() -> None:
    found = figures([*PLAIN, row(0, "open", None)])
    assert {len(line) for line in cells(found)} == {len(COLUMNS)}
    assert cells(found)[0][:5] == ["gsm8k", "plain", "10", "60.0% (31.3..83.2)", "-"]


def test_what_is_trusted_alike_is_counted_together() -> None:
    rows = [
        row(0, "auto", True, trust="proved"), row(1, "auto", False, trust="doubtful"), row(2, "auto", True, trust="doubtful"),
        row(3, "auto", False, trust="unchecked", answer="", status="failed"), *PLAIN,
    ]  # fmt: skip
    found = trusted(rows)
    assert [(one.trust, one.n, one.right and one.right[0]) for one in found] == [
        ("proved", 1, 1.0),
        ("doubtful", 2, 0.5),
    ]
    assert "| gsm8k | auto | doubtful | 2 | 50.0% (9.5..90.5) |" in markdown(ABOUT, rows, ())


def judged(number: int, winner: str, preferred: tuple[str, str] = ("arm", "plain")) -> Judged:
    told = {"id": f"q{number}", "set": "gsm8k", "arm": "auto", "judge": "j", "pair": "p"}
    return Judged.model_validate(told | {"preferred": preferred, "winner": winner})


def test_won_minus_lost_has_the_interval_of_a_paired_difference() -> None:
    rows = [*PLAIN, *(row(n, "auto", None, answer="one two three") for n in range(10))]
    told = [*(judged(n, "arm", ("arm", "arm")) for n in range(5)), *(judged(n, "plain", ("plain", "plain")) for n in (5, 6)),
            judged(7, "tie"), judged(8, "tie", ("arm", "")), judged(9, "tie")]  # fmt: skip
    (one,) = verdicts(rows, told)
    assert (one.n, one.won, one.tied, one.lost, one.untold) == (10, 5, 3, 2, 1)
    assert one.difference == paired_difference([n < 5 for n in range(10)], [n in (5, 6) for n in range(10)])
    assert one.difference[0] == pytest.approx(0.3) and one.difference[1] < 0.3 < one.difference[2]
    assert (one.words, one.words_of_plain) == (3, 2)
    assert len(judged_cells([one])[0]) == len(JUDGED_COLUMNS)
    report = markdown(ABOUT, rows, told)
    assert "| gsm8k | auto | 10 | 5 | 3 | 2 | +30.0 (" in report and "- device: -" in report
    assert as_json(ABOUT, rows, told)["judged"][0]["won"] == 5


def test_replies_stand_beside_each_other_for_reading() -> None:
    rows = [
        row(0, "plain", None, answer="| a |"),
        row(0, "auto", None, answer="", status="failed", fault="Timeout"),
    ]
    text = texts(rows, "gsm8k", {"q0": "Make\na table"})
    assert text.startswith("# q0\n\n> Make\n> a table\n\n## plain: answered; 1 calls, 100 tokens written")
    assert "\n| a |\n" in text and "(no answer) Timeout" in text
