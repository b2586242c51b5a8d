"""Answers of a best-of-n that lead with the same support are compared side by side, all others are not."""

from __future__ import annotations

import pytest

from agot.budget import Budget
from agot.protocols import ModelRequest
from tests.agents.search.conftest import Staged
from tests.scripted import Script, mode, user_text

QUESTION = "Which city is meant?"


def player(chains: list[str], says: dict[str, list[str]]) -> Script:
    """Return a model that draws these answers and judges each by its list of words, the last for all further times."""
    left, words = iter(chains), {answer: list(said) for answer, said in says.items()}

    def script(request: ModelRequest) -> str | list[str]:
        if mode(request) == "verify":
            answer = user_text(request).rpartition("answer: ")[2]
            said = words[answer]
            return said.pop(0) if len(said) > 1 else said[0]
        return [f"looked up {number}\nanswer: {next(left)}" for number in range(request.n)]

    return script


@pytest.mark.parametrize(("tie_break", "answer"), [(True, "Rome"), (False, "Paris")])
async def test_a_tie_is_broken_by_a_judge_and_not_by_the_order(
    stage: Staged, *, tie_break: bool, answer: str
) -> None:
    script = player(["Paris", "Rome"], {"Paris": ["yes", "no"], "Rome": ["yes"]})
    s = stage(script, question=QUESTION, samples=2, tie_break=tie_break)
    solution = await s.run("best-of-n")
    assert (solution.answer, solution.votes, solution.confidence) == (answer, 2, 0.5)
    assert sum(event.text.startswith("2 answers led") for event in s.of("notice")) == int(tie_break)


async def test_without_a_tie_nobody_is_asked_again(stage: Staged) -> None:
    for chains, says in (
        (["Paris", "Rome", "Rome"], {"Paris": ["yes"], "Rome": ["yes"]}),
        (["Paris", "Rome"], {"Paris": ["no"], "Rome": ["no"]}),
        (["Paris", "Rome"], {"Paris": ["no"], "Rome": ["yes"]}),
    ):
        s = stage(player(chains, says), question=QUESTION, samples=len(chains))
        await s.run("best-of-n")
        assert sum(mode(request) == "verify" for request in s.models.requests) == len(chains)


async def test_a_limit_inside_the_comparison_leaves_the_order(stage: Staged) -> None:
    script = player(["Paris", "Rome"], {"Paris": ["yes", "no"], "Rome": ["yes"]})
    s = stage(script, question=QUESTION, samples=2, budget=Budget(calls=4))
    assert (await s.run("best-of-n")).answer == "Paris"
    assert [event.limit for event in s.of("limit_fired")] == ["calls"]
