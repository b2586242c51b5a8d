"""The scripted server in a process of its own, with a log of what reached it.

Each request is one JSON line of the log, written before it is answered: `at_s` (monotonic clock, the same for
all processes of the machine) and `body`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from agot.judging import PLANS
from agot.models.pool import Pool
from agot.protocols import ModelProfile, ModelReply, ModelRequest, Models, OnText
from agot.settings import EngineSettings, RoleSettings, Settings
from agot.stores.database import SqlStore
from benchmarks.scenario import reply
from tests.servers.loopback import Loopback
from tests.servers.replies import Reply

MODEL = "hosted_vllm/test-model"


@dataclass(frozen=True, slots=True)
class Logged:
    """One request that reached the server."""

    at_s: float
    body: dict[str, Any]

    @property
    def prompt(self) -> str:
        """The messages as JSON."""
        return json.dumps(self.body["messages"])


@dataclass(slots=True)
class Server:
    """A running server."""

    base_url: str
    log: Path
    pid: int
    _read: int = 0

    def requests(self) -> list[Logged]:
        """Return the requests that came since the last time this was asked."""
        text = self.log.read_text()
        # A line that is being written is left for the next time.
        end = text.rfind("\n") + 1
        fresh, self._read = text[self._read : end], end
        return [Logged(**json.loads(line)) for line in fresh.splitlines()]

    def settings(self, folder: Path, **engine: Any) -> Settings:
        """Return settings that reach the server, with a database in `folder` that knows the model to plan."""
        role = RoleSettings(model=MODEL, base_url=self.base_url, concurrency=64, retries=2, timeout_s=30.0)
        settings = Settings(
            roles={"fast": role},
            engine=EngineSettings(**engine),
            database_url=f"sqlite:///{folder / 'agot.db'}",
        )
        endpoint = Pool(settings).endpoint("fast")
        keeping = _keep_planning(str(settings.database_url), (endpoint.server, endpoint.name), ("", MODEL))
        # In a thread with an event loop of its own: whoever calls this may have one at work.
        thread = threading.Thread(target=asyncio.run, args=(keeping,))
        thread.start()
        thread.join()
        return settings


async def _keep_planning(database_url: str, *places: tuple[str, str]) -> None:
    """Keep as a fact that models, named by server and name, were seen to plan, as examining them would.

    A program's own models are at no server.
    """
    async with await SqlStore.open(database_url) as store:
        for server, model in places:
            await store.keep_facts(server, model, {PLANS: True})


@contextlib.contextmanager
def serving(folder: Path, *, delay_s: float = 0.0) -> Iterator[Server]:
    """Start the server, and end it by its process id afterwards.

    Args:
        folder: For the log.
        delay_s: Before every reply whose question does not name its own delay, judges' included.
    """
    log = folder / "server.jsonl"
    log.touch()
    command = [sys.executable, "-m", "benchmarks.server", "--log", str(log), "--delay", str(delay_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            base_url = process.stdout.readline().strip()
            if not base_url:
                raise RuntimeError("the loopback server did not start")
            yield Server(base_url, log, process.pid)
        finally:
            process.kill()


class Bent:
    """Models with another profile: to switch a feature off, or to give a local model a price.

    Implements `agot.protocols.Models`.
    """

    def __init__(self, models: Models, **profile: Any) -> None:
        self._models, self._changed = models, profile
        self._profiles: dict[str, ModelProfile] = {}

    def profile(self, role: str) -> ModelProfile:
        """Return the profile with the changes."""
        if role not in self._profiles:
            self._profiles[role] = self._models.profile(role).model_copy(update=self._changed)
        return self._profiles[role]

    def estimate_tokens(self, request: ModelRequest) -> int:
        """Return the models' own estimate."""
        return self._models.estimate_tokens(request)

    async def complete(
        self, request: ModelRequest, *, timeout_s: float | None, on_text: OnText | None
    ) -> ModelReply:
        """Make the call, and price it as the profile says."""
        got = await self._models.complete(request, timeout_s=timeout_s, on_text=on_text)
        profile = self.profile(request.role)
        cost = (
            got.usage.prompt_tokens * profile.usd_per_prompt_token
            + got.usage.completion_tokens * profile.usd_per_output_token
        )
        return (
            got.model_copy(update={"usage": got.usage.model_copy(update={"cost_usd": cost})}) if cost else got
        )

    async def close(self) -> None:
        """Close the models."""
        await self._models.close()


async def _serve(log: Path, delay_s: float, port: int) -> None:
    with log.open("a", buffering=1) as lines:

        def logged(request: dict[str, Any]) -> Reply:
            lines.write(json.dumps({"at_s": time.monotonic(), "body": request}) + "\n")
            answer = reply(request)
            return answer if answer.delay_s else replace(answer, delay_s=delay_s)

        async with Loopback(logged, port=port) as server:
            print(server.base_url, flush=True)
            await asyncio.Event().wait()


def main() -> None:
    """Serve until killed; print the base URL first."""
    parser = argparse.ArgumentParser(description="OpenAI-compatible server that speaks benchmarks.scenario")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    asyncio.run(_serve(options.log, options.delay, options.port))


if __name__ == "__main__":
    main()
