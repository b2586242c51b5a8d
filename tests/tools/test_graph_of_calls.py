"""Calls that use each other's results."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agot.thought import ToolCall
from agot.tools.references import faults
from agot.tools.tool import tool
from tests.tools.conftest import Bench

Build = Callable[..., Bench]


@tool
async def join(parts: list[str]) -> str:
    """Join."""
    return "+".join(parts)


@tool
async def add(a: int, b: int) -> int:
    """Add."""
    return a + b


@tool
async def total(numbers: list[int]) -> int:
    """Sum up."""
    return sum(numbers)


@tool
async def numbers() -> list[int]:
    """List numbers."""
    return [1, 2, 3]


@tool
async def fails() -> str:
    """Fail."""
    raise ValueError("no")


def call(id: str, name: str, **arguments: Any) -> ToolCall:
    return ToolCall(id=id, name=name, arguments=arguments)


async def test_results_stand_in_for_references(bench: Build) -> None:
    outcomes = await bench(join, add, total, numbers).caller.run_graph([
        call("4", "join", parts=["is $1", "${2}!", "$$1", "$x"]), call("1", "add", a=1, b=2), call("2", "add", a="$1", b="${1}"),
        call("n", "numbers"), call("5", "total", numbers="${n}"),
    ])  # fmt: skip
    assert [outcome.text for outcome in outcomes] == ["is 3+6!+$1+$x", "3", "6", "[1, 2, 3]", "6"]


async def test_a_call_starts_as_soon_as_its_own_needs_are_met(bench: Build) -> None:
    last_done = asyncio.Event()

    @tool
    async def slow() -> str:
        """Wait for the chain beside it."""
        await last_done.wait()
        return "slow"

    @tool
    async def last(x: str) -> str:
        """End the chain."""
        last_done.set()
        return x

    outcomes = await bench(slow, last, add).caller.run_graph(
        [call("1", "slow"), call("2", "add", a=1, b=1), call("3", "last", x="$2")]
    )
    assert [outcome.text for outcome in outcomes] == ["slow", "2", "2"]


async def test_what_refers_to_a_failed_call_is_not_made_and_the_rest_is(bench: Build) -> None:
    outcomes = await bench(fails, join, add).caller.run_graph(
        [
            call("1", "fails"),
            call("2", "join", parts=["$1"]),
            call("3", "join", parts=["$2"]),
            call("4", "add", a=1, b=1),
        ]
    )
    assert [outcome.error for outcome in outcomes] == [True, True, True, False]
    assert "call 1 failed: The tool failed: ValueError: no" in outcomes[1].text


@pytest.mark.parametrize(
    ("calls", "says"),
    [([call("1", "join", parts=["$1"])], "1 needs 1"),
     ([call("1", "join", parts=["$2"]), call("2", "join", parts=["$1"])], "wait for each other: 1 needs 2, 2 needs 1"),
     ([call("1", "join", parts=["costs $5"])], "no call with the id 5. Ids are: 1. Write $$"),
     ([call("1", "join", parts=["a"]), call("1", "join", parts=["b"])], "used by 2 calls"),
     ([call("", "join", parts=["${x}"])], "Ids are: none"),
     ([call("1", "nothing"), call("2", "join", parts=["$1"])], "There is no tool")],
)  # fmt: skip
async def test_cycles_and_unknown_references_are_reported(
    bench: Build, calls: list[ToolCall], says: str
) -> None:
    outcomes = await asyncio.wait_for(bench(join, add).caller.run_graph(calls), 10)
    assert all(outcome.error for outcome in outcomes)
    assert says in outcomes[0].text


async def test_results_cannot_make_arguments_without_bound(bench: Build) -> None:
    @tool
    async def long() -> str:
        """Be long."""
        return "x" * 8000

    calls = [
        call("1", "long"),
        call("2", "join", parts=["$1" * 1000]),
        call("3", "join", parts=["$1"] * 1000),
    ]
    outcomes = await bench(long, join).caller.run_graph(calls)
    assert "longer than" in outcomes[1].text and "longer than" in outcomes[2].text


async def test_a_result_that_looks_like_a_reference_is_not_one(bench: Build) -> None:
    @tool
    async def sly() -> str:
        """Be sly."""
        return "$1 ${2} $$"

    outcomes = await bench(sly, join).caller.run_graph([call("1", "sly"), call("2", "join", parts=["$1"])])
    assert outcomes[1].text == "$1 ${2} $$"


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(st.sampled_from("12345"), st.lists(st.sampled_from("1234567"), max_size=3)), max_size=6
    )
)
async def test_any_graph_ends_with_one_outcome_for_each_call(drawn: list[tuple[str, list[str]]]) -> None:
    calls = [call(id, "join", parts=[f"${need}" for need in needs]) for id, needs in drawn]
    outcomes = await asyncio.wait_for(Bench((join,)).caller.run_graph(calls), 10)
    assert len(outcomes) == len(calls)
    assert {place for place, outcome in enumerate(outcomes) if outcome.error} >= faults(calls).keys()
