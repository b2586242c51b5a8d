"""Programs as a strategy, beside a chain and in a vote: whole runs against a server, programs run in the sandbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agot import reasoner as composing
from agot.agents.strategies.program import second_opinion
from agot.agents.strategies.registry import STRATEGIES
from agot.agents.tries import Try
from agot.budget import Budget
from agot.events import AnyEvent
from agot.reasoner import Reasoner
from agot.sandbox.run import Limits, why_not
from agot.settings import Settings
from agot.thought import Result, Solution, Task
from agot.tools import programs
from tests.servers.loopback import Loopback, Reply, failure

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

QUESTION = "Ann packs 6 boxes of 7 pears. How many pears does she pack?"


def code(expression: object) -> str:
    return f"```python\ndef solution():\n    return {expression}\n```"


def chain(answer: object) -> str:
    return f"1. so it is\nAnswer: {answer}"


class Author:
    """A model that answers requests for programs and for chains, each with its next reply, the last one again and again."""

    def __init__(self, *written: str | list[str] | Reply, chains: str | list[str] | Reply = "") -> None:
        self._written, self._chains = list(written), chains
        self.programs: list[dict[str, Any]] = []

    def __call__(self, request: dict[str, Any]) -> Reply:
        if not any("solution()" in message["content"] for message in request["messages"]):
            said = self._chains
        else:
            self.programs.append(request)
            said = self._written.pop(0) if len(self._written) > 1 else self._written[0]
        return said if isinstance(said, Reply) else Reply(said)


def settings(server: Loopback, url: str = "sqlite://", **more: Any) -> Settings:
    fast = {"model": "hosted_vllm/x", "base_url": server.base_url, "timeout_s": 10.0, "retries": 0}
    engine = {"verify": False, "samples": 4, "retries": 0, **more.pop("engine", {})}
    return Settings.model_validate(
        {"roles": {"fast": fast}, "database_url": url, "engine": engine, "budget": {"seconds": 60}, **more}
    )


async def answered(author: Author, strategy: str = "program", **how: Any) -> tuple[Result, list[AnyEvent]]:
    events: list[AnyEvent] = []
    async with Loopback(author) as server, Reasoner(settings(server, **how)) as reasoner:
        return await reasoner.ask(QUESTION, strategy=strategy, on_event=events.append), events


async def test_the_program_is_run_and_what_it_returns_is_the_answer() -> None:
    author = Author(code("6 * 7 / 1"))
    result, events = await answered(author)
    assert (result.status, result.answer, result.strategy) == ("answered", "42", "program")
    assert len(author.programs) == 1 and author.programs[0]["temperature"] == 0.0
    assert [event.text for event in events if event.kind == "tool_finished"] == ["42"]


async def test_a_failed_program_is_sent_back_once_with_its_fault() -> None:
    author = Author(code("boxes * 7"), code("6 * 7"))
    result, _ = await answered(author)
    assert result.answer == "42" and len(author.programs) == 2
    told = author.programs[1]["messages"]
    assert told[:1] == author.programs[0]["messages"] and "boxes * 7" in told[1]["content"]
    assert "NameError: name 'boxes' is not defined" in told[2]["content"]


async def test_a_program_that_prints_nothing_is_sent_back_too() -> None:
    author = Author("```python\nx = 6 * 7\n```", code("6 * 7"))
    result, _ = await answered(author)
    assert result.answer == "42" and "prints nothing" in author.programs[1]["messages"][2]["content"]


async def test_an_endless_loop_is_stopped_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    quick = programs.program_tool(Limits(cpu_s=1, wall_s=8))
    monkeypatch.setattr(composing, "program_tool", lambda: quick)
    author = Author("```python\ndef solution():\n    while True: pass\n```", code("6 * 7"))
    result, _ = await answered(author)
    assert result.answer == "42"
    assert "stopped after 1 seconds" in author.programs[1]["messages"][2]["content"]


async def test_a_program_that_fails_twice_is_no_answer() -> None:
    author = Author(code("1 / 0"), code("2 / 0"), code("42"))
    result, events = await answered(author)
    assert result.status == "failed" and "ZeroDivisionError" in result.reason
    assert len(author.programs) == 2
    assert len([event for event in events if event.kind == "tool_started"]) == 2


async def test_a_resumed_run_runs_no_program_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/agot.sqlite"
    source = "```python\nimport random\ndef solution():\n    return random.getrandbits(90)\n```"
    author = Author(source)
    async with Loopback(author) as server, Reasoner(settings(server, url)) as reasoner:
        first = await reasoner.ask(QUESTION, strategy="program")
        events: list[AnyEvent] = []
        again = await reasoner.resume(first.run_id, again=True, on_event=events.append)
    assert first.answer == again.answer and len(author.programs) == 1
    assert [event.replayed for event in events if event.kind == "tool_finished"] == [True]


# -- voting ----------------------------------------------------------------------------------------


async def test_half_are_chains_and_half_are_programs_and_the_most_frequent_answer_wins() -> None:
    author = Author([code("6 * 7"), code("84 // 2")], chains=[chain(13), chain("42.0")])
    result, _ = await answered(author, "chain-program-vote")
    assert (result.answer, result.strategy) == ("42", "chain-program-vote") or result.answer == "42.0"
    assert result.confidence == pytest.approx(0.75)
    assert author.programs[0]["n"] == 2 and author.programs[0]["temperature"] > 0


async def test_of_equally_frequent_answers_one_that_both_ways_gave_wins() -> None:
    # The chains that agree were drawn first, and would win by order.
    author = Author([code("6 * 7"), code("5"), code("6")], chains=[chain(13), chain(13), chain(42)])
    result, _ = await answered(author, "chain-program-vote", engine={"samples": 6})
    assert result.answer == "42" and result.confidence == pytest.approx(2 / 6)


async def test_programs_that_fail_do_not_vote_and_are_not_sent_back() -> None:
    author = Author([code("1 / 0"), code("6 * 7")], chains=[chain(42), chain(13)])
    result, _ = await answered(author, "chain-program-vote")
    assert result.answer == "42" and result.confidence == pytest.approx(2 / 3)
    assert len(author.programs) == 1


async def test_equal_programs_run_once_and_vote_each() -> None:
    author = Author([code("13")], chains=[chain(42)])
    result, events = await answered(author, "chain-program-vote", engine={"samples": 5})
    assert len([event for event in events if event.kind == "tool_started"]) == 1
    assert result.answer == "42" and result.confidence == pytest.approx(3 / 5)


@pytest.mark.parametrize(
    ("author", "answer"),
    [
        (Author("I cannot.", chains=chain(42)), "42"),
        (Author(code("1 / 0"), chains=chain(42)), "42"),
        (Author(code("6 * 7"), chains=failure(400, "no")), "42"),
    ],
)
async def test_chains_or_programs_vote_alone_where_the_others_cannot_be_had(
    author: Author, answer: str
) -> None:
    result, events = await answered(author, "chain-program-vote")
    assert (result.status, result.answer) == ("answered", answer)
    assert any(
        "Only one of chains and programs votes" in event.text for event in events if event.kind == "notice"
    )


async def test_answers_that_a_check_refutes_do_not_vote() -> None:
    author = Author([code("6 + 7"), code("6 + 7")], chains=[chain(13), chain(42)])
    events: list[AnyEvent] = []
    async with Loopback(author) as server:
        async with Reasoner(settings(server, engine={"verify": True})) as reasoner:
            result = await reasoner.ask(
                "What is 6 * 7?", strategy="chain-program-vote", on_event=events.append
            )
    assert result.answer == "42"


async def test_a_vote_of_one_draws_one_of_each() -> None:
    author = Author(code("6 * 7"), chains=chain(42))
    result, _ = await answered(author, "chain-program-vote", engine={"samples": 1})
    assert (result.answer, result.confidence) == ("42", 1.0)


# -- where it cannot be done -----------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["program", "chain-program-vote"])
async def test_where_no_program_can_be_isolated_the_strategies_refuse(
    strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "why_not", lambda: "this kernel cannot")
    author = Author(code("6 * 7"), chains=chain(42))
    result, _ = await answered(author, strategy)
    assert result.status == "failed" and not author.programs
    assert (
        strategy in result.reason
        and "this kernel cannot" in result.reason
        and "Choose another" in result.reason
    )


async def test_settings_that_forbid_python_are_heeded() -> None:
    author = Author(code("6 * 7"))
    result, _ = await answered(author, tools={"python": False})
    assert result.status == "failed" and "tools.python" in result.reason and not author.programs


async def test_auto_goes_without_programs_where_they_cannot_be_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "why_not", lambda: "this kernel cannot")
    chains = iter([chain(13)])

    def reply(request: dict[str, Any]) -> Reply:
        asked = any("6 * 7" in message["content"] for message in request["messages"])
        return Reply(next(chains, chain(42)) if asked else "Yes")

    events: list[AnyEvent] = []
    engine = {"verify": True, "retries": 3, "ladder": ["chain-program-vote", "vote"]}
    async with Loopback(reply) as server, Reasoner(settings(server, engine=engine)) as reasoner:
        result = await reasoner.ask("What is 6 * 7?", on_event=events.append)
    tried = [event.strategy for event in events if event.kind == "strategy_chosen"]
    assert (result.status, result.answer) == ("answered", "42")
    assert tried[-2:] == ["chain-program-vote", "vote"]
    assert any("this kernel cannot" in event.text for event in events if event.kind == "notice")


async def test_the_embedded_model_is_said_to_write_no_programs() -> None:
    fast = {"model": "hosted_vllm/x", "dialect": "compact", "retries": 0}
    async with Loopback(lambda request: Reply("answer: 42")) as server:
        own = settings(server).model_dump() | {"roles": {"fast": fast | {"base_url": server.base_url}}}
        async with Reasoner(Settings.model_validate(own)) as reasoner:
            alone = await reasoner.ask(QUESTION, strategy="program")
            voted = await reasoner.ask(QUESTION, strategy="chain-program-vote")
    assert alone.status == "failed" and "writes no programs" in alone.reason
    assert (voted.status, voted.answer) == ("answered", "42")


# -- beside a chain --------------------------------------------------------------------------------


@pytest.fixture
def opinions(monkeypatch: pytest.MonkeyPatch) -> list[Solution | None]:
    """What `second_opinion` gives within a strategy that answers with a chain."""
    found: list[Solution | None] = []

    async def with_opinion(task: Task, try_: Try) -> Solution:
        solved = await STRATEGIES.get("chain")(task, try_)
        found.append(await second_opinion(task, try_))
        return solved

    monkeypatch.setitem(STRATEGIES._strategies, "with-opinion", with_opinion)
    return found


async def test_a_second_opinion_is_one_program_at_temperature_0(opinions: list[Solution | None]) -> None:
    author = Author(code("6 * 7"), chains=chain(42))
    await answered(author, "with-opinion")
    assert opinions[0] is not None and opinions[0].answer == "42"
    assert len(author.programs) == 1 and author.programs[0]["temperature"] == 0.0


@pytest.mark.parametrize("written", [code("1 / 0"), "It is 42.", failure(400, "no")])
async def test_a_program_that_gives_nothing_is_no_opinion(
    written: str | Reply, opinions: list[Solution | None]
) -> None:
    author = Author(written, chains=chain(42))
    result, _ = await answered(author, "with-opinion")
    assert opinions == [None] and result.answer == "42" and len(author.programs) == 1


async def test_without_a_sandbox_there_is_no_opinion(
    opinions: list[Solution | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "why_not", lambda: "this kernel cannot")
    author = Author(code("6 * 7"), chains=chain(42))
    await answered(author, "with-opinion")
    assert opinions == [None] and not author.programs


async def test_a_limit_that_leaves_no_room_for_an_opinion_is_raised(opinions: list[Solution | None]) -> None:
    author = Author(code("6 * 7"), chains=chain(42))
    result, _ = await answered(author, "with-opinion", budget=Budget(calls=1).model_dump())
    assert result.status == "budget" and opinions == []
