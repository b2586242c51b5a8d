"""What the kill benchmark runs in processes of their own, to be killed at any moment."""

from __future__ import annotations

import asyncio
from multiprocessing.connection import Connection

from agot.events import AnyEvent, RunStarted
from agot.models.gateway import Gateway
from agot.models.library import import_litellm
from agot.reasoner import Reasoner
from agot.settings import Settings
from agot.thought import Result
from benchmarks.server import Bent

import_litellm()  # once, in the process from which the others are forked


def ask(settings_json: str, question: str, run_id: str | None, told: Connection) -> None:
    """Ask a question, or resume a run; say "begun" when that begins to think, and at the end how it ended."""
    result = asyncio.run(_ask(Settings.model_validate_json(settings_json), question, run_id, told))
    told.send((result.status, result.answer))


async def _ask(settings: Settings, question: str, run_id: str | None, told: Connection) -> Result:
    models = Bent(Gateway(settings), native_n=False)
    async with Reasoner(settings, models=models) as reasoner:

        def tell(event: AnyEvent) -> None:
            if isinstance(event, RunStarted):
                told.send("begun")

        if run_id is None:
            return await reasoner.ask(question, on_event=tell)
        return await reasoner.resume(run_id, on_event=tell)
