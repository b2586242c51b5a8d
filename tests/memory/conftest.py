"""Databases for the tests of memory: both kinds, as those of the stores."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from agot.memory.memory import Memory
from agot.stores.database import SqlStore
from tests.stores.conftest import postgres_url, sqlite_url, url

__all__ = ["postgres_url", "sqlite_url", "url"]


def memory_of(store: SqlStore, namespace: str = "default") -> Memory:
    async def opened() -> SqlStore:
        return store

    return Memory(opened, namespace=namespace)


@pytest.fixture
async def store(url: str) -> AsyncIterator[SqlStore]:
    async with await SqlStore.open(url) as opened:
        yield opened


@pytest.fixture
def memory(store: SqlStore) -> Memory:
    return memory_of(store)


@pytest.fixture(name="memory_of")
def _memory_of() -> object:
    return memory_of
