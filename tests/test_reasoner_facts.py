"""What was measured of a model is what its runs go by, and what they miss is said."""

from __future__ import annotations

from pathlib import Path

from agot.events import Notice
from agot.reasoner import Reasoner
from agot.settings import RoleSettings, Settings
from agot.stores.database import SqlStore
from tests.servers.loopback import Loopback, Reply


async def test_a_run_samples_as_it_was_measured_and_says_what_it_has_to_do_without(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'agot.db'}"
    async with Loopback(lambda request: Reply(["Answer: 13"] * request.get("n", 1))) as server:
        async with await SqlStore.open(url) as store:
            await store.keep_facts(server.base_url.removesuffix("/v1"), "x", {"n_most": 1, "logprobs": False})
        role = RoleSettings(model="hosted_vllm/x", base_url=server.base_url)
        settings = Settings(roles={"fast": role}, database_url=url)
        notices: list[str] = []
        async with Reasoner(settings) as reasoner:
            result = await reasoner.ask(
                "A bag holds six red and seven blue balls. How many balls is that?",
                strategy="vote",
                on_event=lambda event: notices.append(event.text) if isinstance(event, Notice) else None,
            )
    assert result.status == "answered"
    assert len(server.requests) > 1 and all(request.get("n", 1) == 1 for request in server.requests)
    assert not any("logprobs" in request for request in server.requests)
    assert any("gives no log-probabilities" in text for text in notices)
    assert any("one sample a request" in text for text in notices)
