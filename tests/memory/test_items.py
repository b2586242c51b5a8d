"""Conclusions: kept once, contradicted, corrected, taken back, and what follows for what rests on them. On both databases."""

from __future__ import annotations

import pytest

from agot.errors import NotStored, SetupError
from agot.memory.evidence import supporting
from agot.memory.memory import Memory
from agot.thought import Passage

QUESTION = "Which river flows past Beitbridge?"


async def standing(memory: Memory) -> dict[str, str]:
    return {item.answer: item.status for item in await memory.items()}


async def test_a_conclusion_is_found_by_its_question_and_kept_once(memory: Memory) -> None:
    first = await memory.remember(QUESTION, "the Limpopo", trust="proved", run_id="01run", thought="root")
    same = await memory.remember(QUESTION.upper(), "The  Limpopo.", trust="cross-checked")
    assert same.id == first.id
    (found,) = await memory.search(QUESTION)
    assert (found.source, found.trust, found.text) == (
        f"memory:{first.id}",
        "proved",
        f"{QUESTION}\nthe Limpopo",
    )


async def test_of_two_that_contradict_the_better_founded_stands(memory: Memory) -> None:
    await memory.remember(QUESTION, "the Sava", trust="cross-checked")
    await memory.remember(QUESTION, "the Limpopo", trust="proved")
    assert await standing(memory) == {"the Sava": "superseded", "the Limpopo": "verified"}
    await memory.remember(QUESTION, "the Drina", trust="cross-checked")
    assert await standing(memory) == {
        "the Sava": "superseded",
        "the Limpopo": "disputed",
        "the Drina": "disputed",
    }
    assert {passage.disputed for passage in await memory.search(QUESTION)} == {True}


async def test_a_persons_word_goes_before_any_models(memory: Memory) -> None:
    wrong = await memory.remember(QUESTION, "the Sava", trust="proved")
    right = await memory.correct(wrong.id, "the Limpopo")
    await memory.remember(QUESTION, "the Sava", trust="proved")
    assert {(item.answer, item.status) for item in await memory.items()} == {
        ("the Sava", "superseded"), ("the Limpopo", "verified"), ("the Sava", "disputed"),
    }  # fmt: skip
    assert (await memory.item(right.id)).status == "verified"
    with pytest.raises(SetupError, match="empty"):
        await memory.correct(wrong.id, "  ")
    with pytest.raises(NotStored, match="no conclusion 'nobody'"):
        await memory.correct("nobody", "x")


async def test_what_was_displaced_stands_again_when_what_displaced_it_is_taken_back(memory: Memory) -> None:
    await memory.ingest(data=b"The Sava flows past Beitbridge.", name="poisoned.txt")
    true = await memory.remember(QUESTION, "the Limpopo", trust="proved")
    poisoned = await memory.search("Sava Beitbridge", k=1)
    false = await memory.remember(QUESTION, "the Sava", trust="proved", rests_on=poisoned)
    built = await memory.search(QUESTION, k=1)
    assert built[0].source == f"memory:{false.id}"
    above = await memory.remember("Is the Sava in Africa?", "yes", trust="proved", rests_on=built)
    assert (await memory.item(true.id)).status == "superseded"
    await memory.retract("poisoned.txt")
    assert {item.id: item.status for item in await memory.items()} == {
        true.id: "verified", false.id: "retracted", above.id: "disputed",
    }  # fmt: skip
    assert [passage.source for passage in await memory.search("Sava Limpopo Beitbridge")] == [
        f"memory:{true.id}", f"memory:{above.id}",
    ]  # fmt: skip
    with pytest.raises(NotStored, match=r"no document or conclusion 'nothing\.txt'"):
        await memory.retract("nothing.txt")


async def test_nothing_is_trusted_more_than_what_it_rests_on(memory: Memory) -> None:
    await memory.remember(QUESTION, "the Limpopo", trust="cross-checked")
    below = await memory.search(QUESTION)
    item = await memory.remember(
        "How long is the river past Beitbridge?", "1,750 km", trust="proved", rests_on=below
    )
    assert item.trust == "cross-checked"
    with pytest.raises(SetupError, match="only what was proved or cross-checked"):
        await memory.remember("x", "y", trust="judged")


async def test_a_disputed_conclusion_says_so(memory: Memory) -> None:
    item = await memory.remember(QUESTION, "the Limpopo", trust="proved")
    await memory.dispute(item.id)
    assert (await memory.search(QUESTION))[0].disputed


@pytest.mark.parametrize(
    ("answer", "cited"),
    [
        ("Beitbridge", True),
        ("beitbridge.", True),
        ("Harare", False),
        ("the", False),
        ("", False),
        ("Beit", False),
        (
            "As was asked, and after some thought: the Bubye River flows past the town of Beitbridge in Zimbabwe.",
            True,
        ),
        (
            "As was asked, and after some thought: the Sava River flows past the castle of Zagreb in Croatia.",
            False,
        ),
    ],
)
def test_a_passage_is_cited_if_it_holds_what_the_answer_says(answer: str, cited: bool) -> None:
    passage = Passage(
        id=1, text="The Bubye River of Zimbabwe flows past the town Beitbridge.", source="a.txt"
    )
    assert bool(supporting(answer, [passage])) is cited
