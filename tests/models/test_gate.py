"""A server that holds few models at a time: each is loaded once for many calls, and nobody starves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agot.errors import ModelUnreachable
from agot.models.gate import MOST_AHEAD, Gate, Gates
from agot.models.gateway import Gateway
from agot.models.pool import Pool
from agot.protocols import Message, ModelRequest
from agot.reasoner import Reasoner
from agot.settings import EngineSettings, RoleSettings, Settings
from agot.thought import Result
from tests.servers.loopback import Loopback, Reply


class Swapping:
    """A reply script that counts how often the server would have loaded a model; it holds one.

    Attributes:
        together: A model answers its first request only when so many have come, however late they are.
        mixed: Two models were ever asked at the same time.
    """

    def __init__(self, together: int, answer: str = "7") -> None:
        self.together, self._answer = together, answer
        self._answering: list[str] = []
        self.forget()

    def forget(self) -> None:
        self.loads: list[str] = []
        self.mixed = False
        self._come: dict[str, int] = {}
        self._enough: dict[str, asyncio.Event] = {}

    async def __call__(self, request: dict[str, Any]) -> Reply:
        model = request["model"]
        if not self.loads or self.loads[-1] != model:
            self.loads.append(model)
        self._answering.append(model)
        self.mixed |= len(set(self._answering)) > 1
        enough = self._enough.setdefault(model, asyncio.Event())
        self._come[model] = self._come.get(model, 0) + 1
        if self._come[model] >= self.together:
            enough.set()
        await enough.wait()
        self._answering.remove(model)
        return Reply(self._answer.format(model=model))


def at(server: Loopback, *models: str, **changes: Any) -> Settings:
    experts = {
        name: RoleSettings(model=f"hosted_vllm/{name}", base_url=server.base_url, **changes)
        for name in models
    }
    return Settings(experts=experts)


def request(role: str) -> ModelRequest:
    return ModelRequest(role=role, purpose="solve", messages=(Message(role="user", content="hello"),))


async def test_each_model_is_loaded_once_for_mixed_calls() -> None:
    swapping = Swapping(together=8)
    async with Loopback(swapping) as server:
        models = Gateway(at(server, "a", "b", "c", max_loaded_models=1))
        await asyncio.gather(*(
            models.complete(request(name), timeout_s=60, on_text=None) for _ in range(8) for name in "abc"
        ))  # fmt: skip
        await models.close()
    assert sorted(swapping.loads) == ["a", "b", "c"] and not swapping.mixed
    assert len(server.requests) == 24 and server.max_in_flight > 1


async def test_servers_that_hold_all_models_are_not_gated() -> None:
    async with Loopback(swapping := Swapping(together=2)) as server:
        models = Gateway(at(server, "a", "b"))
        first = asyncio.create_task(models.complete(request("a"), timeout_s=60, on_text=None))
        while not server.requests:
            await asyncio.sleep(0.005)
        await asyncio.gather(first, *(
            models.complete(request(name), timeout_s=60, on_text=None) for name in "bba"
        ))  # fmt: skip
        await models.close()
    assert swapping.mixed


async def test_a_model_that_does_not_answer_in_time_leaves_the_gate() -> None:
    async with Loopback(lambda asked: Reply("ok", fault="hang" if asked["model"] == "a" else None)) as server:
        models = Gateway(at(server, "a", "b", max_loaded_models=1, timeout_s=1.0))
        stuck, answered = await asyncio.gather(
            models.complete(request("a"), timeout_s=30, on_text=None),
            models.complete(request("b"), timeout_s=30, on_text=None),
            return_exceptions=True,
        )
        await models.close()
    assert isinstance(stuck, ModelUnreachable)
    assert not isinstance(answered, BaseException) and answered.completions[0].text == "ok"


async def ask_many(server: Loopback, swapping: Swapping, count: int) -> list[Result]:
    """Ask so many questions at once of the experts a, b and c of one server, after a first one alone."""
    async with Loopback(lambda _asked: Reply("Yes")) as other:
        fast = RoleSettings(model="hosted_vllm/judge", base_url=other.base_url)
        chosen = at(server, "a", "b", "c", max_loaded_models=1).model_copy(update={
            "roles": {"fast": fast}, "database_url": "sqlite://", "engine": EngineSettings(learn=False),
        })  # fmt: skip
        async with Reasoner(chosen) as reasoner:
            await reasoner.ask("Who was it?", strategy="experts")
            swapping.forget()
            swapping.together = count
            asked = (reasoner.ask(f"Who is number {n}?", strategy="experts") for n in range(count))
            return await asyncio.wait_for(asyncio.gather(*asked), 60)


async def test_concurrent_runs_of_one_reasoner_share_the_loads() -> None:
    async with Loopback(swapping := Swapping(together=1)) as server:
        results = await ask_many(server, swapping, 4)
    assert [(result.status, result.answer) for result in results] == [("answered", "7")] * 4
    assert len(server.requests) == 3 * 5
    assert sorted(swapping.loads) == ["a", "b", "c"] and not swapping.mixed


async def test_putting_answers_together_needs_no_further_load() -> None:
    async with Loopback(swapping := Swapping(together=1, answer="{model}")) as server:
        await ask_many(server, swapping, 4)
    assert len(server.requests) == 4 * 5
    assert swapping.loads == ["c", "b", "a"] and not swapping.mixed


# -- the gate alone --------------------------------------------------------------------------------


async def settle() -> None:
    for _ in range(6):
        await asyncio.sleep(0)


class Server:
    """Calls that end when they are told to."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.begun: list[tuple[str, int]] = []
        self.in_flight: dict[tuple[str, int], asyncio.Event] = {}
        self.tasks: dict[tuple[str, int], asyncio.Task[None]] = {}

    def call(self, model: str) -> tuple[str, int]:
        name = model, len(self.tasks)
        self.tasks[name] = asyncio.create_task(self._call(name))
        return name

    async def _call(self, name: tuple[str, int]) -> None:
        async with self.gate.passing(name[0]):
            self.begun.append(name)
            self.in_flight[name] = asyncio.Event()
            try:
                await self.in_flight[name].wait()
            finally:
                del self.in_flight[name]

    @property
    def busy(self) -> set[str]:
        return {model for model, _ in self.in_flight}

    async def finish(self) -> None:
        while self.in_flight:
            for done in list(self.in_flight.values()):
                done.set()
            await settle()


async def test_later_calls_go_past_a_waiting_one_only_so_often() -> None:
    server = Server(Gate(1))
    first = server.call("a")
    await settle()
    waiting = server.call("b")
    await settle()
    for _ in range(MOST_AHEAD + 5):
        server.call("a")
    await settle()
    assert len(server.begun) == 1 + MOST_AHEAD and server.busy == {"a"}
    for name in [first, *list(server.in_flight)]:
        if name in server.in_flight:
            server.in_flight[name].set()
    await settle()
    assert list(server.in_flight) == [waiting]
    server.in_flight[waiting].set()
    await settle()
    assert len(server.in_flight) == 5 and server.busy == {"a"}
    await server.finish()


async def test_models_take_turns_in_the_order_in_which_they_began_to_wait() -> None:
    server = Server(Gate(1))
    server.call("a")
    await settle()
    for model in ("b", "c", "b", "a", "c"):
        server.call(model)
        await settle()
    await server.finish()
    assert [model for model, _ in server.begun] == ["a", "a", "b", "b", "c", "c"]


async def test_a_server_that_holds_two_drops_the_one_that_rests() -> None:
    server = Server(Gate(2))
    resting, working = server.call("a"), server.call("b")
    await settle()
    assert server.busy == {"a", "b"}
    third = server.call("c")
    await settle()
    assert third not in server.in_flight
    server.in_flight[resting].set()
    await settle()
    assert server.busy == {"b", "c"} and working in server.in_flight
    await server.finish()


async def test_given_up_calls_hold_nobody_up() -> None:
    server = Server(Gate(1))
    held = server.call("a")
    await settle()
    waiting = [server.call("b"), server.call("b"), server.call("c")]
    await settle()
    server.tasks[waiting[0]].cancel()
    await settle()
    # The other one is let in and given up in the same moment.
    server.in_flight[held].set()
    await asyncio.sleep(0)
    server.tasks[waiting[1]].cancel()
    await settle()
    assert server.busy == {"c"}
    await server.finish()


async def test_blocked_calls_go_on_when_the_one_they_waited_for_is_given_up() -> None:
    server = Server(Gate(1))
    server.call("a")
    await settle()
    waiting = server.call("b")
    await settle()
    blocked = [server.call("a") for _ in range(MOST_AHEAD + 1)][-1]
    await settle()
    assert blocked not in server.in_flight
    server.tasks[waiting].cancel()
    await settle()
    assert blocked in server.in_flight
    await server.finish()


MOVES = st.lists(
    st.tuples(st.sampled_from(["call", "finish", "cancel"]), st.sampled_from("abcd"), st.integers(0, 99)),
    max_size=60,
)


@settings(max_examples=60, deadline=None)
@given(moves=MOVES, most=st.integers(1, 3))
def test_never_more_models_than_the_server_holds_and_every_call_ends(
    moves: Sequence[tuple[str, str, int]], most: int
) -> None:
    async def play() -> None:
        server = Server(Gate(most))
        for what, model, pick in moves:
            if what == "call":
                server.call(model)
            elif what == "finish" and server.in_flight:
                list(server.in_flight.values())[pick % len(server.in_flight)].set()
            elif what == "cancel" and server.tasks:
                list(server.tasks.values())[pick % len(server.tasks)].cancel()
            if pick % 3:
                await settle()
            assert len(server.busy) <= most
        await settle()
        await server.finish()
        done = await asyncio.wait_for(asyncio.gather(*server.tasks.values(), return_exceptions=True), 10)
        assert all(one is None or isinstance(one, asyncio.CancelledError) for one in done)

    asyncio.run(play())


def test_one_gate_for_each_server_and_event_loop() -> None:
    gates = Gates()

    async def gate() -> Gate:
        assert gates.of("x", 1) is gates.of("x", 1) is not gates.of("y", 1)
        return gates.of("x", 2)

    assert asyncio.run(gate()) is not asyncio.run(gate())


# -- which endpoints share a gate ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ollama/a", None), ("ollama_chat/b", None)),
        (("hosted_vllm/a", "http://127.0.0.1:9/v1"), ("ollama/b", "http://127.0.0.1:9")),
    ],
)
def test_what_one_role_says_of_a_server_holds_for_all(
    one: tuple[str, str | None], other: tuple[str, str | None]
) -> None:
    pool = Pool(Settings(
        roles={"fast": RoleSettings(model=one[0], base_url=one[1], max_loaded_models=2)},
        experts={
            "other": RoleSettings(model=other[0], base_url=other[1], max_loaded_models=1),
            "elsewhere": RoleSettings(model="openai/gpt-4o"),
        },
    ))  # fmt: skip
    fast, expert = pool.endpoint("fast"), pool.endpoint("other")
    assert fast.server == expert.server
    assert (fast.max_loaded_models, expert.max_loaded_models) == (1, 1)
    assert pool.endpoint("elsewhere").max_loaded_models is None
