"""What is known of models at servers: kept by name, the last measured stands."""

from __future__ import annotations

from typing import Any

import pytest

from agot.errors import StoreError
from agot.stores.database import SqlStore

SERVER, MODEL = "http://127.0.0.1:8000", "qwen3-8b"


async def test_facts_are_kept_by_server_and_model_over_processes(url: str) -> None:
    told: dict[str, Any] = {"n": 4, "logprobs": False, "judge": {"auc": 0.69, "asked": 12}, "prefill": None}
    async with await SqlStore.open(url) as store:
        await store.keep_facts(SERVER, MODEL, told)
        await store.keep_facts(SERVER, "other", {"n": 1})
        await store.keep_facts("http://127.0.0.1:8080", MODEL, {"n": 2})
    async with await SqlStore.open(url) as store:
        assert await store.facts(SERVER, MODEL) == told
        assert await store.facts("http://127.0.0.1:8080", MODEL) == {"n": 2}
        assert await store.facts(SERVER, "unheard of") == {}


async def test_a_fact_measured_again_replaces_the_old_one_and_leaves_the_others(url: str) -> None:
    now_s = 1.0
    async with await SqlStore.open(url, clock=lambda: now_s) as store:
        await store.keep_facts(SERVER, MODEL, {"n": 4, "seed": True})
        now_s = 2.0
        await store.keep_facts(SERVER, MODEL, {"n": 8})
        assert [(fact.name, fact.value, fact.measured_at_s) for fact in await store.all_facts()] == [
            ("n", 8, 2.0),
            ("seed", True, 1.0),
        ]


async def test_any_text_a_server_calls_itself_can_be_kept(store: SqlStore) -> None:
    await store.keep_facts(SERVER, "m\0odel", {"first": "nul \0 and half a pair \ud800"})
    assert await store.facts(SERVER, "m\0odel") == {"first": "nul \0 and half a pair \ud800"}


async def test_what_is_no_json_value_is_refused_and_nothing_is_kept(store: SqlStore) -> None:
    with pytest.raises(ValueError, match="JSON"):
        await store.keep_facts(SERVER, MODEL, {"n": 4, "speed": float("nan")})
    with pytest.raises(StoreError):
        await store.keep_facts(SERVER, "", {"n": 4})
    assert await store.all_facts() == []
