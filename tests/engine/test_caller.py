"""The caller: journal, budget, retries and samples of one thought."""

from __future__ import annotations

import asyncio
import time

import pytest

from agot.budget import Budget, Meter
from agot.engine.caller import Caller, CallRoom
from agot.errors import BudgetExceeded, ModelRateLimited, ModelSilent, ModelUnauthorised, ModelUnreachable
from agot.events import AnyEvent
from agot.ids import ROOT, RunId, ThoughtId
from agot.journal import Journal
from agot.models.retry import LONGEST_WAIT_S
from agot.protocols import Message, ModelRequest
from agot.spending import spend
from agot.thought import Usage
from tests.scripted import Script, ScriptedModels
from tests.test_journal import MemoryStore

REQUEST = ModelRequest(purpose="solve", messages=(Message(role="user", content="hi"),))


def caller(
    script: Script, *, retries: int = 0, budget: Budget | None = None, thought: str = ROOT, **profile: object
):
    models = ScriptedModels(script, **profile)
    events: list[AnyEvent] = []
    room = CallRoom(
        models, Journal(RunId("r"), None, clock=time.time), events.append, lambda role: retries, seed=0
    )
    meter = Meter(budget or Budget(), time.monotonic)
    return Caller(room, meter, ThoughtId(thought)), models, meter, events


async def test_passing_fault_is_retried_and_each_attempt_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agot.engine.caller.delay_s", lambda error, attempt, rng: 0.0)
    replies = iter([ModelUnreachable("down"), ModelUnreachable("down"), "up"])
    ask, _models, meter, events = caller(lambda request: next(replies), retries=2)
    reply = await ask(REQUEST)
    assert reply.completions[0].text == "up"
    assert meter.usage.calls == reply.usage.calls == 3
    assert [event.kind for event in events] == [
        "call_started",
        "call_retried",
        "call_retried",
        "call_finished",
    ]


async def test_retries_stop_at_the_calls_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agot.engine.caller.delay_s", lambda error, attempt, rng: 0.0)
    ask, models, _meter, _ = caller(
        lambda request: ModelUnreachable("down"), retries=10, budget=Budget(calls=3)
    )
    with pytest.raises(BudgetExceeded):
        await ask(REQUEST)
    assert len(models.requests) == 3


async def test_refused_key_is_not_retried() -> None:
    ask, models, _, _ = caller(lambda request: ModelUnauthorised("no"), retries=5)
    with pytest.raises(ModelUnauthorised):
        await ask(REQUEST)
    assert len(models.requests) == 1


async def test_samples_without_native_n_run_concurrently() -> None:
    ask, models, _, _ = caller(lambda request: "a", dialect="standard", delay_s=0.01)
    assert len(await ask.samples(REQUEST, 32)) == 32
    assert models.most_at_once == 32


async def test_samples_that_a_server_withholds_are_drawn_singly() -> None:
    ask, models, _, _ = caller(lambda request: ["a"], native_n=True)
    assert len(await ask.samples(REQUEST, 4)) == 4
    assert [request.n for request in models.requests] == [4, 1, 1, 1]


async def test_samples_are_fewer_if_a_limit_fires_but_never_none() -> None:
    ask, _models, _, events = caller(lambda request: "a", dialect="standard", budget=Budget(calls=3))
    assert len(await ask.samples(REQUEST, 8)) == 3
    assert events[-1].kind == "notice"
    with pytest.raises(BudgetExceeded):
        await ask.samples(REQUEST, 8)


LONG = REQUEST.model_copy(update={"max_tokens": 400})


async def test_under_a_tight_limit_first_sample_says_how_many_more_fit() -> None:
    ask, models, meter, events = caller(lambda request: "a" * 240, budget=Budget(tokens=800))
    drawn = await ask.samples(LONG, 8)
    assert [request.n for request in models.requests] == [1, len(drawn) - 1]
    assert 1 < len(drawn) < 8
    assert models.requests[1].max_tokens >= 2 * 80
    assert "samples fit" in events[-1].text
    assert meter.usage.tokens < 800


async def test_short_samples_all_fit_under_a_tight_limit() -> None:
    ask, models, _, events = caller(lambda request: "a", budget=Budget(tokens=800))
    assert len(await ask.samples(LONG, 8)) == 8
    assert [request.n for request in models.requests] == [1, 7]
    assert all(event.kind != "notice" for event in events)


async def test_samples_are_drawn_at_once_where_the_limit_has_room_for_them() -> None:
    ask, models, _, _ = caller(lambda request: "a", budget=Budget(tokens=8000))
    await ask.samples(LONG, 8)
    assert [request.n for request in models.requests] == [8]


async def test_first_sample_is_kept_if_no_other_can_be_paid() -> None:
    ask, models, _, events = caller(lambda request: "a", budget=Budget(tokens=800, calls=1))
    assert len(await ask.samples(LONG, 8)) == 1
    assert len(models.requests) == 1
    assert "7 of 8 samples are missing" in events[-1].text


async def test_samples_under_a_tight_limit_are_replayed_and_none_is_sent_again() -> None:
    store = MemoryStore()
    drawn = []
    for script in (lambda request: "a" * 240, lambda request: ModelUnreachable("sent again")):
        journal = Journal(RunId("r"), store, list(store.calls.values()), clock=time.time)
        room = CallRoom(ScriptedModels(script), journal, lambda event: None, lambda role: 0, seed=0)
        ask = Caller(room, Meter(Budget(tokens=800), time.monotonic), ThoughtId(ROOT))
        drawn.append(await ask.samples(LONG, 8))
    assert drawn[0] == drawn[1]


async def test_seeds_differ_between_samples_and_repeat_between_runs() -> None:
    first, models, _, _ = caller(lambda request: "a", dialect="standard")
    await first.samples(REQUEST, 4)
    again, others, _, _ = caller(lambda request: "a", dialect="standard")
    await again.samples(REQUEST, 4)
    seeds = [request.seed for request in models.requests]
    assert len(set(seeds)) == 4
    assert sorted(seeds) == sorted(request.seed for request in others.requests)


async def test_equal_requests_of_different_thoughts_have_different_seeds() -> None:
    one, models, _, _ = caller(lambda request: "a", thought="0.0")
    two, others, _, _ = caller(lambda request: "a", thought="0.1")
    await asyncio.gather(one(REQUEST), two(REQUEST))
    assert models.requests[0].seed != others.requests[0].seed


async def test_cancelled_call_is_counted_and_releases_its_reservation() -> None:
    ask, _models, meter, _ = caller(lambda request: "a", delay_s=60, budget=Budget(calls=2))
    task = asyncio.create_task(ask(REQUEST))
    await asyncio.sleep(0.01)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert meter.usage.calls == 1
    assert meter.left("calls") == 1


async def test_half_a_surrogate_pair_from_a_model_is_replaced() -> None:
    ask, _, _, _ = caller(lambda request: "bad \ud83d text")
    assert (await ask(REQUEST)).completions[0].text == "bad ? text"


async def test_that_a_model_gave_no_log_probabilities_is_told_once() -> None:
    ask, _models, _, events = caller(lambda request: "a")
    for _ in range(2):
        await ask(REQUEST.model_copy(update={"logprobs": True}))
    told = [event.text for event in events if event.kind == "notice"]
    assert len(told) == 1 and "gave none" in told[0]


def journaled(script: Script, store: MemoryStore, *, budget: Budget | None = None) -> tuple[Caller, Meter]:
    journal = Journal(RunId("r"), store, list(store.calls.values()), clock=time.time)
    room = CallRoom(ScriptedModels(script), journal, lambda event: None, lambda role: 0, seed=0)
    meter = Meter(budget or Budget(), time.monotonic)
    meter.charge(journal.begun())
    return Caller(room, meter, ROOT), meter


async def test_a_call_is_recorded_before_it_is_sent_with_all_that_it_may_cost() -> None:
    store, seen = MemoryStore(), []

    def script(request: ModelRequest) -> str:
        seen.extend(store.calls.values())
        return "fine"

    ask, meter = journaled(script, store)
    await ask(REQUEST.model_copy(update={"max_tokens": 500}))
    assert [(one.state, one.usage.calls, one.usage.completion_tokens) for one in seen] == [
        ("started", 1, 500)
    ]
    assert [one.state for one in store.calls.values()] == ["done"]
    assert meter.usage.completion_tokens < 500


async def test_a_limit_on_calls_holds_over_kills() -> None:
    store, made = MemoryStore(), 0

    async def script(request: ModelRequest) -> str:
        nonlocal made
        made += 1
        await asyncio.sleep(3600)
        return "never"

    for _ in range(5):
        ask, _meter = journaled(script, store, budget=Budget(calls=3))
        calls = [asyncio.create_task(ask(REQUEST)) for _ in range(2)]
        before = made
        while made == before and not all(call.done() for call in calls):
            await asyncio.sleep(0)
        left = dict(store.calls)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        # As if the process had been killed: what was written after that moment is gone.
        store.calls = left
    assert made == 3


async def test_what_a_call_that_failed_for_good_has_cost_is_known_after_a_resume() -> None:
    store = MemoryStore()
    ask, meter = journaled(lambda request: ModelUnreachable("the server failed"), store)
    with pytest.raises(ModelUnreachable):
        await ask(REQUEST)
    _ask, again = journaled(lambda request: "fine", store)
    assert again.usage.tokens == meter.usage.tokens > 0


async def test_a_request_that_a_server_sat_over_in_silence_is_not_sent_again_by_anybody_in_the_run() -> None:
    ask, models, _meter, _events = caller(lambda request: ModelSilent("was silent"), retries=4)
    for _ in range(2):
        with pytest.raises(ModelSilent):
            await ask(REQUEST)
    assert len(models.requests) == 1
    with pytest.raises(ModelSilent):
        await ask(REQUEST.model_copy(update={"max_tokens": 10}))
    assert len(models.requests) == 2


@pytest.mark.parametrize(("asked_s", "seconds"), [(LONGEST_WAIT_S + 1, None), (5.0, 2.0)])
async def test_a_server_is_not_waited_for_longer_than_is_worth_it_or_than_the_run_has_left(
    asked_s: float, seconds: float | None
) -> None:
    error = ModelRateLimited("slow down", retry_after_s=asked_s)
    ask, models, _meter, _ = caller(lambda request: error, retries=4, budget=Budget(seconds=seconds))
    with pytest.raises(ModelRateLimited):
        await asyncio.wait_for(ask(REQUEST), 1.5)
    assert len(models.requests) == 1


async def test_what_other_attempts_of_a_call_cost_is_counted_with_its_reply() -> None:
    def script(request: ModelRequest) -> str:
        spend(Usage(calls=1, prompt_tokens=1000))
        return "fine"

    ask, _models, meter, _ = caller(script)
    reply = await ask(REQUEST)
    assert meter.usage.calls == reply.usage.calls == 2
    assert meter.usage.prompt_tokens > 1000


async def test_calls_are_stored_under_the_keys_and_in_the_words_of_older_journals() -> None:
    store = MemoryStore()
    ask, _meter = journaled(lambda request: "x", store)
    await ask(REQUEST)
    await ask(REQUEST.model_copy(update={"prompt": "p@1"}))
    assert list(store.calls) == ["c567895bf9f972750845721470a01205:0", "433b38187289ddffe7606a074b13fc1d:0"]
    replies = [one.reply or "" for one in store.calls.values()]
    said = '{"text":"x","finish_reason":"stop","logprobs":null,"reasoning":""}'
    assert all(reply.startswith('{"completions":[' + said + "]") for reply in replies)


async def test_requests_that_differ_only_in_what_is_passed_on_have_keys_of_their_own() -> None:
    store = MemoryStore()
    models = ScriptedModels(lambda request: "x")

    class Verbatim(ScriptedModels):
        async def complete(self, request, *, timeout_s, on_text, on_chunk=None):  # type: ignore[no-untyped-def]
            return await models.complete(request, timeout_s=timeout_s, on_text=on_text)

    journal = Journal(RunId("r"), store, clock=time.time)
    room = CallRoom(Verbatim(lambda request: ""), journal, lambda event: None, lambda role: 0, seed=0)
    ask = Caller(room, Meter(Budget(tokens=1000), time.monotonic), ROOT)
    bodies = [{"messages": [], "top_k": 5}, {"messages": [], "top_k": 6, "max_tokens": 50}]
    for body in bodies:
        await ask(ModelRequest(purpose="relay", messages=(), verbatim=body, max_tokens=400))
    assert len(store.calls) == 2
    sent = [request.verbatim for request in models.requests]
    # A limit bounds the room: of a request that names none, too.
    assert sent == [{**bodies[0], "max_tokens": 400}, bodies[1]]
