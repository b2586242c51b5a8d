"""What was done with side effects is done once in a run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from agot.errors import Interrupted, SetupError, ToolError
from agot.ids import ROOT, ThoughtId
from agot.thought import ToolCall
from agot.tools.caller import ToolCaller
from agot.tools.effects import identity
from agot.tools.rounds import ToolRounds
from agot.tools.tool import Tool, ToolRequest, tool
from tests.tools.conftest import Bench

Build = Callable[..., Bench]


class Person:
    """Says always the same, and remembers what was asked."""

    def __init__(self, says: Any = "always") -> None:
        self.says, self.asked = says, list[ToolRequest]()

    async def __call__(self, request: ToolRequest) -> Any:
        self.asked.append(request)
        await asyncio.sleep(0)
        return self.says


class Till:
    """Pays people, and knows whom."""

    def __init__(self, fails: Exception | None = None, **options: Any) -> None:
        self.paid: list[str] = []

        @tool(side_effects=True, **options)
        async def pay(name: str, note: str | None = None, euros: float = 1) -> str:
            """Pay somebody."""
            self.paid.append(name)
            await asyncio.sleep(0)
            if fails is not None:
                raise fails
            return f"receipt {len(self.paid)}"

        self.tool = pay


def elsewhere(one: Bench, thought: str) -> Callable[..., Any]:
    """Return a way to call tools from another thought of the same run."""
    caller = ToolCaller(one.caller._room, one.caller._meter, ThoughtId(thought))

    async def call(tool: str, /, **arguments: Any) -> Any:
        return await caller(ToolCall(name=tool, arguments=arguments))

    return call


async def test_the_same_call_is_made_once_although_everything_is_approved(bench: Build) -> None:
    till, person = Till(), Person("always")
    one = bench(till.tool, approve=person)
    first = await one.call("pay", name="carol")
    again = [await one.call("pay", name="carol"), await elsewhere(one, "0.1")("pay", name="carol")]
    assert first.text == "receipt 1" and till.paid == ["carol"] and len(person.asked) == 1
    for outcome in again:
        assert not outcome.error and "done already" in outcome.text and outcome.text.endswith("receipt 1")
    assert (await one.call("pay", name="dave")).text == "receipt 2", "another payment is another call"


async def test_two_that_ask_at_the_same_moment_share_one_call_and_one_question(bench: Build) -> None:
    till, person = Till(), Person(True)
    one = bench(till.tool, approve=person)
    other = elsewhere(one, "0.2")
    outcomes = await asyncio.gather(
        one.call("pay", name="carol"), other("pay", name="carol"), one.call("pay", name="carol")
    )
    assert till.paid == ["carol"] and len(person.asked) == 1
    assert sorted("done already" in outcome.text for outcome in outcomes) == [False, True, True]


async def test_a_no_holds_for_whoever_else_asks_for_the_same(bench: Build) -> None:
    till, person = Till(), Person(False)
    one = bench(till.tool, approve=person)
    outcomes = await asyncio.gather(one.call("pay", name="carol"), elsewhere(one, "0.2")("pay", name="carol"))
    assert all(outcome.error and "did not approve" in outcome.text for outcome in outcomes)
    assert len(person.asked) == 1 and till.paid == []


async def test_what_was_done_is_known_after_a_resume_also_to_other_thoughts(bench: Build) -> None:
    till = Till()
    first = bench(till.tool, approve=Person(True))
    await first.call("pay", name="carol")
    resumed = first.resumed(approve=Person(True))
    assert "done already" in (await elsewhere(resumed, "0.7")("pay", name="carol")).text
    assert (await resumed.call("pay", name="carol")).text == "receipt 1"
    assert "done already" in (await resumed.call("pay", name="carol")).text
    assert till.paid == ["carol"]


@pytest.mark.parametrize("said", ["always", True])
async def test_a_call_that_failed_is_made_again_only_after_a_word_that_knows_of_it(
    bench: Build, said: Any
) -> None:
    till, person = Till(fails=ToolError("no answer from the bank")), Person(said)
    one = bench(till.tool, approve=person)
    await one.call("pay", name="carol")
    person.says = False
    assert (await elsewhere(one, "0.1")("pay", name="carol")).error
    assert till.paid == ["carol"] and [asked.again for asked in person.asked] == [False, True]
    assert (
        "no answer from the bank" in person.asked[1].text and "may have taken effect" in person.asked[1].text
    )


async def test_a_call_that_was_stopped_in_the_middle_is_asked_about_in_the_same_run(bench: Build) -> None:
    till, person = Till(fails=Interrupted("stopped")), Person("always")
    one = bench(till.tool, approve=person)
    with pytest.raises(Interrupted):
        await one.call("pay", name="carol")
    person.says = False
    assert (await one.call("pay", name="carol")).error
    assert till.paid == ["carol"] and "may have taken effect" in person.asked[1].text


async def test_another_thought_of_a_resumed_run_does_not_repeat_what_was_begun(bench: Build) -> None:
    till = Till(fails=Interrupted("killed"))
    first = bench(till.tool, approve=Person(True))
    with pytest.raises(Interrupted):
        await first.call("pay", name="carol")
    person = Person(False)
    assert (await elsewhere(first.resumed(approve=person), "0.3")("pay", name="carol")).error
    assert (
        person.asked[0].again and "may have taken effect" in person.asked[0].text and till.paid == ["carol"]
    )


async def test_an_idempotency_key_says_which_arguments_count(bench: Build) -> None:
    till = Till(idempotency_key=["name"])
    one = bench(till.tool, approve=Person())
    await one.call("pay", name="carol", note="rent")
    assert "done already" in (await one.call("pay", name="carol", note="Rent!")).text
    assert till.paid == ["carol"]


async def test_a_call_that_may_be_wanted_twice_is_asked_about_each_time(bench: Build) -> None:
    till, person = Till(repeatable=True), Person("always")
    one = bench(till.tool, approve=person)
    assert [(await one.call("pay", name="carol")).text for _ in range(2)] == ["receipt 1", "receipt 2"]
    assert [asked.again for asked in person.asked] == [False, True]
    assert "already done in this run (receipt 1)" in person.asked[1].text


@pytest.mark.parametrize(
    ("options", "says"),
    [({"side_effects": True, "idempotency_key": ["iban"]}, "'iban', which is none of its arguments: name"),
     ({"repeatable": True}, "no side effects"), ({"idempotency_key": ["name"]}, "no side effects")],
)  # fmt: skip
def test_a_tool_that_cannot_mean_it_is_refused(options: dict[str, Any], says: str) -> None:
    with pytest.raises(SetupError, match=says):

        @tool(**options)
        def pay(name: str) -> str:
            """Pay."""
            return name


async def test_a_tool_that_only_reads_may_be_called_as_often_as_wanted(bench: Build) -> None:
    seen: list[int] = []

    @tool
    def look(x: int) -> int:
        """Look."""
        seen.append(x)
        return len(seen)

    one = bench(look)
    assert [(await one.call("look", x=1)).text for _ in range(2)] == ["1", "2"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [({"name": "c"}, {"name": "c", "note": None}, True), ({"name": "c"}, {"name": "c", "euros": 1}, True),
     ({"name": "c", "euros": "2"}, {"name": "c", "euros": 2.0}, True), ({"name": "c", "euros": 2}, {"name": "c"}, False),
     ({"name": "c"}, {"name": "C"}, False), ({"name": "c", "note": "x"}, {"note": "x", "name": "c"}, True)],
)  # fmt: skip
@pytest.mark.parametrize("typed", [True, False])
def test_arguments_are_compared_as_the_tool_takes_them(
    one: dict[str, Any], other: dict[str, Any], same: bool, typed: bool
) -> None:
    pay = Till().tool
    if not typed:
        if one.get("euros") == "2":
            pytest.skip("nobody tells that this text is a number")
        pay = Tool("pay", "Pay.", pay.parameters, pay.invoke, side_effects=True)
    assert (identity(pay, one) == identity(pay, other)) is same


async def test_a_further_try_is_told_what_was_done_and_strangers_are_not(bench: Build) -> None:
    till = Till()
    one = bench(till.tool, approve=Person(True))
    await elsewhere(one, "0.1")("pay", name="carol")
    room, meter = one.caller._room, one.caller._meter

    def told(thought: str) -> list[str]:
        return [note.text for note in ToolRounds(ToolCaller(room, meter, ThoughtId(thought))).before()]

    assert told("0.2") == told("0.10") == told(ROOT) == []
    assert told("0.1") == told("0.1/0.0")
    assert len(told("0.1")) == 1 and told("0.1")[0].endswith("receipt 1")
    assert [note.text for note in ToolRounds(one.resumed().caller).before()] == [], (
        "the first try is asked as it was before"
    )
