"""Arithmetic, dates and programs as tools."""

from __future__ import annotations

from typing import Any

import pytest

from agot.sandbox.run import Limits, why_not
from agot.tools.builtin import builtin_tools, python_tool
from tests.tools.conftest import Bench

TOOLS = (*builtin_tools(), python_tool(Limits(cpu_s=1, wall_s=5)))


@pytest.mark.parametrize(
    ("name", "arguments", "text"),
    [("calculator", {"expression": "(17 + 4) * 3"}, "63"), ("calculator", {"expression": "10/4"}, "2.5"),
     ("calculator", {"expression": "-1/8"}, "-0.125"), ("calculator", {"expression": "1/3"}, "1/3 (about 0.333333333333)"),
     ("calculator", {"expression": "0.1 + 0.2"}, "0.3"), ("calculator", {"expression": "1/2**40"}, "1/1099511627776 (about 9.09494701773e-13)"),
     ("date_difference", {"first": "2024-02-28", "second": "2024-03-01"}, "2 days (0 weeks and 2 days)"),
     ("date_difference", {"first": "2024-03-10", "second": "2024-03-01"}, "-9 days (-1 weeks and 2 days)"),
     ("date_add", {"date": "2024-01-31", "months": 1}, "2024-02-29 (Thursday)"),
     ("date_add", {"date": "2024-02-29", "years": 1, "days": 1}, "2025-03-01 (Saturday)"),
     ("date_add", {"date": "2024-01-01", "weeks": -1}, "2023-12-25 (Monday)"), ("weekday", {"date": "2026-11-24"}, "Tuesday")],
)  # fmt: skip
async def test_gives_the_result(name: str, arguments: dict[str, Any], text: str) -> None:
    outcome = await Bench(TOOLS).call(name, **arguments)
    assert (outcome.text, outcome.error) == (text, False)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("calculator", {"expression": "1/0"}), ("calculator", {"expression": "9**9**9**9"}), ("calculator", {"expression": "__import__('os')"}),
     ("calculator", {"expression": "(" * 5000}), ("weekday", {"date": "2024-02-30"}), ("weekday", {"date": "tomorrow"}),
     ("date_add", {"date": "2024-01-01", "years": 10**9}), ("date_add", {"date": "9999-12-31", "days": 1}),
     ("date_add", {"date": "0001-01-01", "months": -1}), ("date_add", {"date": "2024-01-01", "days": 10**30})],
)  # fmt: skip
async def test_what_has_no_result_is_told(name: str, arguments: dict[str, Any]) -> None:
    outcome = await Bench(TOOLS).call(name, **arguments)
    assert outcome.error and len(outcome.text) > 10


@pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
@pytest.mark.parametrize(
    ("source", "text", "error"),
    [("print(6 * 7)", "42", False), ("x = 1", "[It printed nothing. Print what you want to know.]", False),
     ("while True: pass", "[It was stopped after 1 seconds of processor time.]", True),
     ("x = 'a' * 10**10", "[It needed more than 512 MB of memory.]", True), ("raise SystemExit(3)", "[It ended with exit code 3.]", True),
     ("1 / 0", "ZeroDivisionError", True), ("open('/etc/passwd')", "Error", True), ("import socket; socket.socket()", "PermissionError", True)],
)  # fmt: skip
async def test_runs_programs_in_the_sandbox(source: str, text: str, error: bool) -> None:
    outcome = await Bench(TOOLS).call("python", source=source)
    assert text in outcome.text and outcome.error is error
