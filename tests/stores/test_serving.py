"""What servers tell each other of their runs."""

from __future__ import annotations

from functools import partial

import pytest

from agot.errors import RunHeld
from agot.ids import RunId
from agot.stores import serving
from agot.stores.database import SqlStore
from agot.stores.serving import Asked, Served, Terms
from tests.stores.conftest import RUN, execute

KEPT = Terms(kept=True, attended=True, budget='{"calls":3}')
ASKED = Asked("tool:1", "send", {"to": "Oslo"}, "Send it?", again=False)


async def _enter(store: SqlStore, token: str, terms: Terms = KEPT) -> None:
    await store.change(
        partial(serving.enter, run_id=RUN, terms=terms, group="us", token=token, now_s=5.0)
    )  # fmt: skip


async def _begin(store: SqlStore) -> None:
    await store.begin_run(RUN, question="?", model="m", strategy="auto", seed=0)


async def _found(store: SqlStore) -> Served:
    return (await store.view(partial(serving.find, names=[RUN])))[RUN]


async def _behind(store: SqlStore, group: str = "us") -> list[Served]:
    return await store.view(partial(serving.left_behind, group=group))


async def test_a_run_has_one_server_until_that_gives_no_sign_of_life(store: SqlStore, url: str) -> None:
    await _begin(store)
    await _enter(store, "a")
    assert (await _found(store)).live and await _behind(store) == []
    with pytest.raises(RunHeld):
        await _enter(store, "b")
    execute(url, "UPDATE served SET heartbeat_s = heartbeat_s - 60")
    (run,) = await _behind(store)
    assert run.terms == KEPT and run.owner == "a" and not run.over and await _behind(store, "others") == []
    assert [await store.change(partial(serving.claim, run=run, token=name)) for name in "bc"] == [True, False]
    found = await _found(store)
    assert (found.owner, found.live, found.moves) == ("b", True, 1)
    # It was taken over: what the first says no longer counts.
    await store.change(partial(serving.leave, run_id=RUN, token="a", to_others=False))
    assert (await _found(store)).owner == "b"


async def test_a_sign_of_life_keeps_a_run(store: SqlStore, url: str) -> None:
    await _begin(store)
    await _enter(store, "a")
    execute(url, "UPDATE served SET heartbeat_s = heartbeat_s - 60")
    await store.change(partial(serving.beat, token="a"))
    assert await _behind(store) == []


async def test_a_run_is_not_taken_up_while_somebody_still_writes_it(store: SqlStore) -> None:
    await _begin(store)
    await _enter(store, "a")
    await store.begin_attempt(RUN)
    await store.change(partial(serving.leave, run_id=RUN, token="a", to_others=True))
    assert await _behind(store) == []
    await store.end_attempt(RUN)
    assert [run.run_id for run in await _behind(store)] == [RUN]


async def test_a_run_that_came_to_an_end_is_over(store: SqlStore, url: str) -> None:
    await _begin(store)
    await _enter(store, "a")
    execute(url, "UPDATE runs SET status = 'answered', finished_s = 6.0")
    assert (await _found(store)).over
    execute(url, "UPDATE runs SET finished_s = 4.0")
    assert not (await _found(store)).over


async def test_a_call_is_answered_once(store: SqlStore) -> None:
    await _begin(store)
    await _enter(store, "a")
    await store.change(partial(serving.ask_approval, run_id=RUN, asked=ASKED))
    assert await store.view(partial(serving.waiting_approvals, run_id=RUN)) == [ASKED]
    said = [
        await store.change(partial(serving.decide, run_id=RUN, call="tool:1", decision=word)) for word in ("yes", "no")
    ]  # fmt: skip
    assert said == [True, False]
    assert await store.view(partial(serving.waiting_approvals, run_id=RUN)) == []
    assert await store.view(partial(serving.asked_of, token="a")) == ([], [(RUN, "tool:1", "yes")])
    # The word holds for this question and no other.
    await store.change(partial(serving.ask_approval, run_id=RUN, asked=ASKED))
    assert (await store.view(partial(serving.asked_of, token="a")))[1]
    other = Asked("tool:1", "send", {"to": "Oslo"}, "It may be sent already. Again?", again=True)
    await store.change(partial(serving.ask_approval, run_id=RUN, asked=other))
    assert await store.view(partial(serving.waiting_approvals, run_id=RUN)) == [other]


async def test_what_is_asked_of_a_server_goes_with_the_run(store: SqlStore) -> None:
    await _begin(store)
    await _enter(store, "a")
    await store.change(partial(serving.ask_approval, run_id=RUN, asked=ASKED))
    await store.change(partial(serving.ask_cancel, run_id=RUN))
    assert (await store.view(partial(serving.asked_of, token="a")))[0] == [RUN]
    await store.change(partial(serving.leave, run_id=RUN, token="a", to_others=False))
    await _enter(store, "b")
    assert await store.view(partial(serving.asked_of, token="b")) == ([], [])
    assert await store.view(partial(serving.waiting_approvals, run_id=RunId(RUN))) == []
