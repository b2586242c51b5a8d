"""The limit on seconds begins when the work does."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from agot.budget import Budget
from agot.models.gateway import Gateway
from agot.reasoner import Reasoner
from agot.settings import Settings
from tests.servers.loopback import Loopback, Reply


@pytest.fixture
def loading(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Let what calls need take half a second to load; set once it has begun."""
    begun, load = asyncio.Event(), Gateway._load

    async def slowly(self: Gateway, endpoint: Any) -> Any:
        begun.set()
        await asyncio.sleep(0.5)
        return await load(self, endpoint)

    monkeypatch.setattr(Gateway, "_load", slowly)
    return begun


def settings(server: Loopback, folder: Path) -> Settings:
    role = {"model": "hosted_vllm/x", "base_url": server.base_url}
    return Settings.model_validate({"roles": {"fast": role}, "database_url": f"sqlite:///{folder / 'a.db'}"})


async def test_loading_a_library_is_not_charged_to_the_limit_on_seconds(
    loading: asyncio.Event, tmp_path: Path
) -> None:
    async with Loopback(lambda _request: Reply("7")) as server:
        async with Reasoner(settings(server, tmp_path)) as warm:
            await warm.ask("What is 3+4?", strategy="direct")
        async with Reasoner(settings(server, tmp_path)) as reasoner:
            result = await reasoner.ask("What is 3+4?", strategy="direct", budget=Budget(seconds=0.45))
    assert result.status == "answered"
    assert result.usage.wall_s < 0.45


async def test_a_run_that_is_stopped_while_something_loads_ends_at_once(
    loading: asyncio.Event, tmp_path: Path
) -> None:
    async with Loopback(lambda _request: Reply("7")) as server:
        async with Reasoner(settings(server, tmp_path)) as reasoner:
            asked = asyncio.create_task(reasoner.ask("What is 3+4?", strategy="direct"))
            await loading.wait()
            reasoner.interrupt()
            result = await asked
        assert result.status == "interrupted"
        assert not server.requests
