"""A judge that compares replies in both orders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from agot.bench.pairwise import Judged, Pair, compared, judge, judgements, letter_in
from agot.bench.plain import PlainClient
from agot.bench.real import Clock, Measured
from agot.bench.results import Results
from tests.servers.loopback import Loopback, Reply, failure


def reply(arm: str, answer: str) -> Measured:
    return Measured(
        id="q", set="open", split="test", arm=arm, seed=0, setup="s", model="m", status="answered", answer=answer,
        began_s=0.0, seconds=1.0,
    )  # fmt: skip


def choosing(good: str) -> Callable[[dict[str, Any]], Reply]:
    """Return a judge that names the reply with a word in it, wherever it stands."""

    def choose(request: dict[str, Any]) -> Reply:
        text = request["messages"][0]["content"]
        first = text.index("=== Reply A ===") < text.index(good) < text.index("=== Reply B ===")
        return Reply(f"Reply {'A' if first else 'B'} is better.")

    return choose


async def asked(script: Callable[[dict[str, Any]], Reply], ours: str, plain: str) -> tuple[Judged, int]:
    async with Loopback(script) as server, PlainClient(server.base_url, "test-model") as client:
        found = await compared(Pair("Write.", reply("auto", ours), reply("plain", plain)), client)
    return found, len(server.requests)


@pytest.mark.parametrize(("good", "winner"), [("ours", "arm"), ("theirs", "plain")])
async def test_the_winner_is_who_wins_in_both_orders(good: str, winner: str) -> None:
    found, requests = await asked(choosing(good), "ours it is", "theirs it is")
    assert found.winner == winner and found.preferred == (winner, winner) and requests == 2


@pytest.mark.parametrize(
    ("letter", "preferred"), [("A", ("arm", "plain")), ("B", ("plain", "arm")), ("?", ("", ""))]
)
async def test_a_judge_that_prefers_a_place_ties(letter: str, preferred: tuple[str, str]) -> None:
    found, _ = await asked(lambda request: Reply(letter), "ours", "theirs")
    assert found.winner == "tie" and found.preferred == preferred


@pytest.mark.parametrize(
    ("ours", "plain", "winner"), [("x", "", "arm"), ("", "x", "plain"), ("x", " x\n", "tie"), ("", "", "tie")]
)
async def test_no_judge_is_asked_where_a_reply_is_missing_or_both_are_the_same(
    ours: str, plain: str, winner: str
) -> None:
    found, requests = await asked(lambda request: Reply("A"), ours, plain)
    assert found.winner == winner and requests == 0


async def test_a_comparison_that_failed_is_made_again(tmp_path: Path) -> None:
    rows = [reply("plain", "theirs"), reply("auto", "ours")]
    requests = {"open": {"q": "Write."}}
    told: list[str] = []
    async with (
        Loopback(lambda request: failure(400, "no")) as server,
        PlainClient(server.base_url, "j") as client,
    ):
        with Results(tmp_path / "j.jsonl", Judged) as results:
            for script, found in ((None, 0), (choosing("ours"), 1), (None, 1)):
                if script is not None:
                    server.reply = script
                await judge(
                    rows,
                    requests,
                    client,
                    in_flight=2,
                    results=results,
                    clock=Clock.started(None),
                    tell=told.append,
                )
                assert len(judgements(rows, requests, "j", results)) == found
            assert len(server.requests) == 4, "two that failed, two that did not"
            assert not judgements([rows[0], reply("auto", "other")], requests, "j", results), "another reply"


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("A", "A"), ("**B**", "B"), ("Reply B.", "B"), ("Answer: A", "A"), ("b", ""), ("Neither.", ""),
        ("Reply A is good, but Reply B is better.", "B"), ("The better reply is A. B is too long.", "A"),
        ("<think>B is better? No.</think>A", "A"), ("A close call; I take B", "B"), ("I prefer B to A.", "B"),
        ("B\n\nReply A is too short.", "B"),
    ],
)  # fmt: skip
def test_a_judges_letter_is_found(reply: str, letter: str) -> None:
    assert letter_in(reply) == letter
