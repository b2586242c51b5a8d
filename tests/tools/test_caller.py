"""How a thought calls tools: bounded, observed, journaled, approved."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from agot.errors import BudgetExceeded, Interrupted, ToolError
from agot.events import ApprovalAsked, ApprovalGiven, ToolFinished, ToolStarted, event_from_json
from agot.thought import ToolCall
from agot.tools.caller import _contained
from agot.tools.threads import MOST_LEFT_BEHIND
from agot.tools.tool import ToolRequest, tool
from tests.tools.conftest import Bench

Build = Callable[..., Bench]


@tool
def double(x: int) -> int:
    """Double."""
    return 2 * x


async def test_a_call_is_answered_and_observed(bench: Build) -> None:
    one = bench(double)
    assert await one.call("double", x=4) == (await bench(double).call("double", x="4"))
    started, finished = one.events
    assert isinstance(started, ToolStarted) and started.arguments == '{"x": 4}'
    assert isinstance(finished, ToolFinished)
    assert (finished.tool, finished.text, finished.error, finished.replayed) == ("double", "8", False, False)
    assert event_from_json(finished.model_dump_json()) == finished


async def test_a_finished_call_is_replayed_and_not_made_again(bench: Build) -> None:
    made: list[int] = []

    @tool(calls=3)
    def count(x: int) -> int:
        """Count."""
        made.append(x)
        return len(made)

    first = bench(count)
    before = [await first.call("count", x=1), await first.call("count", x=1), await first.call("count", x=2)]
    again = first.resumed()
    assert [
        await again.call("count", x=1),
        await again.call("count", x=1),
        await again.call("count", x=2),
    ] == before
    assert made == [1, 1, 2]
    assert again.kinds() == ["tool_finished"] * 3
    assert (await again.call("count", x=3)).error, "replayed calls count against the limit too"


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [("double", {"x": "a"}, "x: Input should be a valid integer"), ("double", {}, "Field required"),
     ("tripel", {}, "There is no tool 'tripel'. Tools are: double."), ("double", {"x": float("nan")}, "not JSON"),
     ("double", {"x": object()}, "not JSON"), ("double", {"\ud800": "\udfff"}, "do not fit")],
)  # fmt: skip
async def test_a_wrong_call_is_text_for_the_model(
    bench: Build, name: str, arguments: dict[str, Any], says: str
) -> None:
    one = bench(double)
    outcome = await one.caller(ToolCall(name=name, arguments=arguments))
    assert outcome.error and says in outcome.text
    assert one.kinds() == ["tool_finished"]


class Own(BaseException):
    """One that no `except Exception` catches."""


class Hostile(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text for you")


def endless() -> Iterator[int]:
    while True:
        yield 1


def circle() -> list[Any]:
    inner: list[Any] = []
    inner.append(inner)
    return inner


def raises(error: BaseException) -> Any:
    raise error


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(
    ("behave", "says"),
    [(lambda: raises(ValueError("bad value")), "The tool failed: ValueError: bad value"),
     (lambda: raises(Hostile()), "Hostile: (no message)"), (lambda: raises(StopIteration(1)), "Stop"),
     (lambda: raises(SystemExit(3)), "SystemExit"), (lambda: raises(KeyboardInterrupt()), "KeyboardInterrupt"),
     (lambda: raises(GeneratorExit()), "GeneratorExit"), (lambda: raises(BaseExceptionGroup("g", [KeyboardInterrupt()])), "BaseExceptionGroup"),
     (lambda: raises(Own("x")), "Own: x"), (lambda: raises(ToolError("try x=2")), "try x=2"),
     (lambda: raises(asyncio.CancelledError()), "ancel"), (lambda: raises(MemoryError()), "MemoryError"),
     (object, "cannot be written as JSON"), (endless, "cannot be written as JSON"), (circle, "cannot be written as JSON"),
     (lambda: {(1, 2): 3}, "cannot be written as JSON"), (lambda: open, "cannot be written as JSON")],
)  # fmt: skip
async def test_faults_of_a_tool_are_text_for_the_model(
    bench: Build, behave: Callable[[], Any], says: str, is_async: bool
) -> None:
    def faulty() -> str:
        """Fail."""
        return behave()  # type: ignore[no-any-return]

    async def faulty_async() -> str:
        """Fail."""
        return behave()  # type: ignore[no-any-return]

    outcome = await bench(tool(name="faulty")(faulty_async if is_async else faulty)).call("faulty")
    assert outcome.error and says in outcome.text


@pytest.mark.parametrize(
    ("result", "text"),
    [(None, "null"), (3, "3"), ({"b": [1, "ä"]}, '{"b": [1, "ä"]}'), ({2, 1}, "[1, 2]"), (b"x\xff", '"x�"'), ("half \ud800", "half ?")],
)  # fmt: skip
async def test_a_tool_that_returns_other_than_it_declares_is_rendered(
    bench: Build, result: Any, text: str
) -> None:
    @tool
    def lies() -> str:
        """Lie."""
        return result  # type: ignore[no-any-return]

    outcome = await bench(lies).call("lies")
    assert (outcome.text, outcome.error) == (text, False)


@pytest.mark.parametrize("kind", [str, list])
async def test_fifty_megabytes_are_cut(bench: Build, kind: type) -> None:
    @tool(output_chars=100)
    def floods() -> Any:
        """Flood."""
        return "x" * 50_000_000 if kind is str else ["y"] * 5_000_000

    one = bench(floods)
    outcome = await one.call("floods")
    assert len(outcome.text) < 200 and "[cut: 100 of" in outcome.text
    assert all(len(record.reply or "") < 300 for record in one.store.calls.values())


async def test_a_hanging_sync_tool_does_not_hang_the_run(bench: Build) -> None:
    release = threading.Event()

    @tool(timeout_s=0.1)
    def hangs() -> str:
        """Hang."""
        release.wait()
        return "late"

    outcome = await bench(hangs).call("hangs")
    assert outcome.error and "within 0.1 seconds" in outcome.text
    release.set()


async def test_when_too_many_threads_hang_no_more_are_started(bench: Build) -> None:
    release = threading.Event()

    @tool(timeout_s=0.2)
    def hangs() -> str:
        """Hang."""
        release.wait()
        return "late"

    one = bench(hangs)
    await one.caller.run_graph([ToolCall(name="hangs")] * MOST_LEFT_BEHIND)
    assert "still hang" in (await one.call("hangs")).text
    release.set()
    deadline = time.monotonic() + 10
    while "still hang" in (await bench(double).call("double", x=1)).text:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_an_async_tool_that_will_not_be_cancelled_is_left_behind(bench: Build) -> None:
    stop = asyncio.Event()

    @tool(timeout_s=0.05)
    async def stubborn() -> str:
        """Refuse to end."""
        while not stop.is_set():
            try:
                await stop.wait()
            except asyncio.CancelledError:
                continue
        return ""

    outcome = await bench(stubborn).call("stubborn")
    assert outcome.error and "within 0.05 seconds" in outcome.text
    stop.set()
    await asyncio.sleep(0)


async def test_the_deadline_of_the_run_ends_a_call(bench: Build) -> None:
    @tool
    async def waits() -> str:
        """Wait."""
        await asyncio.sleep(60)
        return ""

    one = bench(waits, seconds=0.1)
    with pytest.raises(BudgetExceeded):
        await one.call("waits")
    with pytest.raises(BudgetExceeded):
        await one.call("waits")
    assert one.store.calls == {}, "a call that was cut is made anew on resume"


@pytest.mark.parametrize("error", [BudgetExceeded("calls", 1, 1), Interrupted("stop")])
async def test_limits_and_interruptions_pass_through_a_tool(bench: Build, error: Exception) -> None:
    @tool
    def asks() -> str:
        """Ask."""
        raise error

    with pytest.raises(type(error)):
        await bench(asks).call("asks")
    with pytest.raises(type(error)):
        await bench(asks, double).caller.run_graph(
            [ToolCall(name="double", arguments={"x": 1}), ToolCall(name="asks")]
        )


async def test_cancelling_the_caller_cancels_the_tool(bench: Build) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    @tool
    async def waits() -> str:
        """Wait."""
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        return ""

    task = asyncio.create_task(bench(waits).call("waits"))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


async def test_calls_of_one_run_and_calls_at_once_are_limited(bench: Build) -> None:
    at_once = most = 0

    @tool(calls=3, concurrency=2)
    async def counts(x: int) -> int:
        """Count."""
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.01)
        at_once -= 1
        return x

    outcomes = await bench(counts).caller.run_graph(
        [ToolCall(name="counts", arguments={"x": x}) for x in range(5)]
    )
    assert [outcome.text for outcome in outcomes[:3]] == ["0", "1", "2"]
    assert all(outcome.error and "called 3 times" in outcome.text for outcome in outcomes[3:])
    assert most == 2


async def test_a_coroutine_that_is_closed_from_outside_just_ends(bench: Build) -> None:
    @tool
    async def waits() -> str:
        """Wait."""
        await asyncio.Event().wait()
        return "never"

    work = _contained(waits, {})
    task = asyncio.ensure_future(work)
    await asyncio.sleep(0)
    work.close()
    task.cancel()
    await asyncio.wait({task})


async def test_a_resumed_run_makes_no_more_calls_than_allowed_in_whatever_order_they_come(
    bench: Build,
) -> None:
    made: list[int] = []

    @tool(calls=2)
    def count(x: int) -> int:
        """Count."""
        made.append(x)
        return x

    first = bench(count)
    assert [(await first.call("count", x=x)).error for x in (1, 2, 3)] == [False, False, True]
    again = first.resumed()
    assert [(await again.call("count", x=x)).error for x in (3, 2, 1)] == [True, False, False]
    assert made == [1, 2]


async def test_a_call_that_was_begun_before_a_resume_counts_once(bench: Build) -> None:
    async def yes(asked: ToolRequest) -> bool:
        return True

    effects: list[int] = []

    @tool(calls=2, side_effects=True)
    def send(x: int) -> int:
        """Send."""
        effects.append(x)
        return x

    first = bench(send, approve=yes)
    await first.call("send", x=1)
    # As if the process had ended in the middle.
    for key, record in first.store.calls.items():
        if record.kind == "tool":
            first.store.calls[key] = record.model_copy(update={"state": "started", "reply": None})
    again = first.resumed(yes)
    assert [(await again.call("send", x=x)).error for x in (1, 2, 3)] == [False, False, True]
    again = bench(send, approve=yes)
    assert [(await again.call("send", x=x)).error for x in (4, 5, 6)] == [False, False, True]


async def test_a_round_runs_at_once_and_answers_in_order(bench: Build) -> None:
    both = asyncio.Barrier(2)

    @tool
    async def meet(delay_s: float) -> float:
        """Meet."""
        await both.wait()
        await asyncio.sleep(delay_s)
        return delay_s

    outcomes = await bench(meet).caller.run_graph(
        [
            ToolCall(name="meet", arguments={"delay_s": 0.02}),
            ToolCall(name="meet", arguments={"delay_s": 0.0}),
        ]
    )
    assert [outcome.text for outcome in outcomes] == ["0.02", "0.0"]


# -- side effects ----------------------------------------------------------------------------------


class Person:
    """Approves as told, and remembers what was asked."""

    def __init__(self, *says: Any) -> None:
        self.says, self.asked = list(says), list[ToolRequest]()

    async def __call__(self, request: ToolRequest) -> bool:
        self.asked.append(request)
        said = self.says.pop(0)
        if isinstance(said, BaseException):
            raise said
        return said  # type: ignore[no-any-return]


class Mailbox:
    """A tool with side effects; dies in the middle of the first `deaths` calls."""

    def __init__(self, deaths: int = 0) -> None:
        self.sent: list[str] = []
        self._deaths = deaths

        @tool(side_effects=True)
        async def send(text: str) -> str:
            """Send a message."""
            self.sent.append(text)
            if len(self.sent) <= deaths:
                raise Interrupted("killed here")
            return "sent"

        self.tool = send


async def test_without_an_approver_side_effects_are_refused(bench: Build) -> None:
    box = Mailbox()
    outcome = await bench(box.tool).call("send", text="x")
    assert outcome.error and "nobody is here to approve" in outcome.text and box.sent == []


async def test_side_effects_happen_only_after_a_yes(bench: Build) -> None:
    box, person = Mailbox(), Person(True, False, "yes", 1)
    one = bench(box.tool, approve=person)
    outcomes = [await one.call("send", text=text) for text in "abcd"]
    assert [outcome.error for outcome in outcomes] == [False, True, True, True], "only True is a yes"
    assert box.sent == ["a"]
    assert person.asked[0].text == 'Call send with {"text": "a"}?' and not person.asked[0].again
    assert one.kinds()[:4] == ["approval_asked", "approval_given", "tool_started", "tool_finished"]
    asked, given = one.events[0], one.events[1]
    assert isinstance(asked, ApprovalAsked) and isinstance(given, ApprovalGiven) and given.approved
    assert asked.call == given.call


async def test_a_person_sees_all_of_what_is_asked(bench: Build) -> None:
    person = Person(False, False)
    one = bench(Mailbox().tool, approve=person)
    await one.call("send", text="x" * 3000 + "end\u202e\x1b[2J\x9b1m")
    assert "end[U+202E]\\u001b[2J\\u009b1m" in person.asked[0].text
    await one.call("send", text="x" * 10_000)
    assert "[cut: 8,000 of" in person.asked[1].text and len(person.asked[1].arguments["text"]) == 10_000


async def test_wrong_arguments_are_told_before_anybody_is_asked(bench: Build) -> None:
    person = Person()
    assert "Field required" in (await bench(Mailbox().tool, approve=person).call("send")).text
    assert person.asked == []


async def test_an_approver_that_fails_has_approved_nothing(bench: Build) -> None:
    box, person = Mailbox(), Person(RuntimeError("terminal gone"), TimeoutError(), asyncio.CancelledError())
    one = bench(box.tool, approve=person)
    for text in "abc":
        outcome = await one.call("send", text=text)
        assert outcome.error and "could not be had" in outcome.text
    assert box.sent == [] and not any(record.kind == "tool" for record in one.store.calls.values())
    assert (
        "could not be had"
        in (await bench(box.tool, approve=lambda request: True).call("send", text="d")).text
    )


async def test_an_approver_that_never_answers_ends_with_the_run(bench: Build) -> None:
    async def silent(request: ToolRequest) -> bool:
        await asyncio.sleep(60)
        return True

    with pytest.raises(BudgetExceeded):
        await bench(Mailbox().tool, approve=silent, seconds=0.1).call("send", text="x")


async def test_a_person_is_asked_one_thing_at_a_time(bench: Build) -> None:
    asking = 0

    async def approve(request: ToolRequest) -> bool:
        nonlocal asking
        asking += 1
        assert asking == 1
        await asyncio.sleep(0.01)
        asking -= 1
        return True

    outcomes = await bench(Mailbox().tool, approve=approve).caller.run_graph(
        [ToolCall(name="send", arguments={"text": text}) for text in "abc"]
    )
    assert [outcome.text for outcome in outcomes] == ["sent"] * 3


async def test_always_holds_for_the_run_and_its_resumes_but_not_for_what_may_have_happened(
    bench: Build,
) -> None:
    box, person = Mailbox(), Person("always")
    first = bench(box.tool, approve=person)
    calls = [ToolCall(name="send", arguments={"text": text}) for text in "abc"]
    assert [outcome.text for outcome in await first.caller.run_graph(calls)] == ["sent"] * 3
    assert len(person.asked) == 1 and first.kinds().count("approval_asked") == 1
    assert first.kinds().count("approval_given") == 3
    resumed = first.resumed(approve=Person())
    # The model's second round is new: what was said of the first call holds for it too.
    for text in "ad":
        assert (await resumed.call("send", text=text)).text == "sent"
    assert box.sent == ["a", "b", "c", "d"]


async def test_always_does_not_cover_a_call_found_begun(bench: Build) -> None:
    box = Mailbox(deaths=1)
    first = bench(box.tool, approve=Person("always"))
    with pytest.raises(Interrupted):
        await first.call("send", text="a")
    person = Person(False)
    assert (await first.resumed(approve=person).call("send", text="a")).error
    assert person.asked[0].again and box.sent == ["a"]


async def test_a_reader_is_told_once_that_nobody_approves(bench: Build) -> None:
    one = bench(Mailbox().tool)
    for text in "ab":
        await one.call("send", text=text)
    notices = [event.text for event in one.events if event.kind == "notice"]
    assert len(notices) == 1 and "'send'" in notices[0]


async def test_an_approved_and_finished_call_is_neither_asked_nor_made_again(bench: Build) -> None:
    box = Mailbox()
    first = bench(box.tool, approve=Person(True))
    await first.call("send", text="a")
    outcome = await first.resumed(approve=Person()).call("send", text="a")
    assert (outcome.text, box.sent) == ("sent", ["a"])


async def test_a_call_found_begun_and_unfinished_is_asked_anew_each_time_and_says_so(bench: Build) -> None:
    box = Mailbox(deaths=2)
    first = bench(box.tool, approve=Person(True))
    with pytest.raises(Interrupted):
        await first.call("send", text="a")
    person = Person(True)
    second = first.resumed(approve=person)
    with pytest.raises(Interrupted):
        await second.call("send", text="a")
    assert person.asked[0].again and "may have taken effect" in person.asked[0].text
    third_person = Person(False)
    outcome = await second.resumed(approve=third_person).call("send", text="a")
    assert third_person.asked[0].again, "an earlier yes does not hold for a later start"
    assert outcome.error and box.sent == ["a", "a"]


async def test_a_call_found_unfinished_is_refused_without_an_approver(bench: Build) -> None:
    box = Mailbox(deaths=1)
    first = bench(box.tool, approve=Person(True))
    with pytest.raises(Interrupted):
        await first.call("send", text="a")
    assert (await first.resumed().call("send", text="a")).error
    assert box.sent == ["a"]


async def test_a_no_is_remembered(bench: Build) -> None:
    box = Mailbox()
    first = bench(box.tool, approve=Person(False))
    await first.call("send", text="a")
    assert (await first.resumed(approve=Person()).call("send", text="a")).error
    records = [
        json.loads(record.reply or "{}") for record in first.store.calls.values() if record.kind == "human"
    ]
    assert records == [{"approved": False}]
