"""Conversations over each kind of database, with models by script."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from agot.chat.conversation import Conversation
from agot.protocols import ModelRequest
from agot.settings import Settings
from agot.stores.database import SqlStore
from tests.scripted import ScriptedModels
from tests.stores.conftest import postgres_url as postgres_url
from tests.stores.conftest import store as store
from tests.stores.conftest import url as url

Reply = str | list[str] | Exception


class Model(ScriptedModels):
    """Understands, thinks and judges by three functions that a test may replace."""

    def __init__(self) -> None:
        super().__init__(self._reply, dialect="standard")
        self.understand: Callable[[ModelRequest], Reply | Awaitable[Reply]] = lambda request: "SAME"
        self.think: Callable[[ModelRequest], Reply | Awaitable[Reply]] = lambda request: answer("42")

    def _reply(self, request: ModelRequest) -> Reply | Awaitable[Reply]:
        if request.purpose == "understand":
            return self.understand(request)
        return "Yes" if request.purpose in ("judge", "verdict") else self.think(request)

    def purposes(self) -> list[str]:
        """Return what was asked for since the last time."""
        found = [request.purpose for request in self.requests]
        self.requests.clear()
        return found


def answer(text: str) -> str:
    return text


@pytest.fixture
def model() -> Model:
    return Model()


Open = Callable[..., Conversation]


@pytest.fixture
def begin(store: SqlStore, model: Model) -> Open:
    """Return a function that begins a conversation."""

    def begun(settings: Settings | None = None) -> Conversation:
        return Conversation(store, settings or Settings(), models=model)

    return begun
