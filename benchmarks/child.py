"""What the benchmarks "kill" and "soak" run in processes of their own, to be killed at any moment."""

from __future__ import annotations

import asyncio
import random
from multiprocessing.connection import Connection

from agot.errors import StoreError
from agot.events import AnyEvent, RunStarted
from agot.models.gateway import Gateway
from agot.models.library import import_litellm
from agot.reasoner import Reasoner
from agot.settings import Settings
from agot.thought import Result
from agot.tools.tool import ToolRequest, tool
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


def pay(settings_json: str, question: str, run_id: str | None, ledger: str, told: Connection) -> None:
    """Ask for a payment, or resume the run that was asked for it; say at the end how it ended, or why it could not begin.

    A payment is a line of the ledger. A person says yes to it, and no if it may have been made already.
    """
    try:
        told.send(asyncio.run(_pay(Settings.model_validate_json(settings_json), question, run_id, ledger)))
    except StoreError as error:
        told.send((None, str(error)))


async def _pay(settings: Settings, question: str, run_id: str | None, ledger: str) -> tuple[str, str]:
    @tool(side_effects=True, name="pay")
    async def paid(name: str) -> str:
        """Pay somebody.

        Args:
            name: Who is paid.
        """
        with open(ledger, "a", buffering=1) as lines:
            lines.write(f"{name}\n")
        await asyncio.sleep(random.random() / 2)
        return f"paid {name}"

    async def approve(request: ToolRequest) -> bool:
        return not request.again

    async with Reasoner(settings, tools=[paid], approve=approve) as reasoner:
        if run_id is None:
            result = await reasoner.ask(question, strategy="tools")
        else:
            result = await reasoner.resume(run_id)
    return result.status, result.answer
