"""Log-probabilities are asked for where they decide something, and nowhere at all if the settings say so."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import agot
from agot.settings import EngineSettings, RoleSettings, Settings
from tests.servers.loopback import Loopback, Reply


def reply(request: Mapping[str, Any]) -> Reply:
    """Answer in two words, with log-probabilities for whoever asks."""
    return Reply("The answer is 7.", logprobs=[(word, -0.1) for word in ("The", " answer", " is", " 7.")])


async def asked(strategy: str, folder: Path, *, strong: bool = False, **engine: Any) -> list[dict[str, Any]]:
    """Return the requests that a run sends."""
    async with Loopback(reply) as server:
        roles = {"fast": RoleSettings(model="hosted_vllm/x", base_url=server.base_url)}
        if strong:
            roles["strong"] = RoleSettings(model="hosted_vllm/y", base_url=server.base_url)
        settings = Settings(
            roles=roles,
            database_url=f"sqlite:///{folder / 'agot.db'}",
            engine=EngineSettings(samples=4, **engine),
        )
        async with agot.Reasoner(settings) as reasoner:
            assert (await reasoner.ask("What is 3 + 4?", strategy=strategy)).answer == "7"
        # Judges are measured first, and asked for the probability of one word.
        return [one for one in server.requests if "Proposed solution" not in one["messages"][-1]["content"]]


@pytest.mark.parametrize("strategy", ["chain", "vote", "best-of-n"])
async def test_samples_that_nobody_weighs_by_their_probability_come_without(
    strategy: str, tmp_path: Path
) -> None:
    requests = await asked(strategy, tmp_path)
    assert requests and not any("logprobs" in request or "top_logprobs" in request for request in requests)


async def test_rpc_asks_for_what_it_weighs_by_and_no_alternatives(tmp_path: Path) -> None:
    requests = await asked("rpc", tmp_path)
    assert [request.get("logprobs") for request in requests] == [True]
    assert "top_logprobs" not in requests[0]


async def test_a_stronger_model_behind_the_fast_one_makes_its_unsureness_matter(tmp_path: Path) -> None:
    requests = await asked("chain", tmp_path, strong=True)
    assert requests[0]["logprobs"] is True and requests[0]["top_logprobs"] == 5


@pytest.mark.parametrize(("strategy", "strong"), [("rpc", False), ("chain", True)])
async def test_the_setting_turns_them_off_everywhere(strategy: str, strong: bool, tmp_path: Path) -> None:
    requests = await asked(strategy, tmp_path, strong=strong, logprobs=False)
    assert requests and not any("logprobs" in request or "top_logprobs" in request for request in requests)
