"""Servers over a scripted model, each with a database of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.scripted import ScriptedModels
from tests.web.serving import Served, answering, serving


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the machine's own settings, databases and keys out of the tests."""
    for name in list(os.environ):
        if name.startswith("AGOT_") or name.endswith("_API_KEY"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AGOT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def loop_to_close() -> Iterator[None]:
    """An event loop for clients that make themselves one where there is none, and leave it open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.fixture
def models() -> ScriptedModels:
    return ScriptedModels(answering, dialect="standard")


@pytest.fixture
def served(tmp_path: Path, models: ScriptedModels) -> Iterator[Served]:
    with serving(tmp_path, models) as server:
        yield server


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    with served.client() as made:
        yield made
