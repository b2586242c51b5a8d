"""Recall: what a question brings to mind. On both databases, which have to agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agot.memory.memory import Memory
from agot.memory.recall import Weights
from agot.stores.database import SqlStore

MemoryOf = Callable[..., Memory]

PASSAGES = {
    "Bubye River": "The Bubye River is a river in southern Zimbabwe that flows past Beitbridge.",
    "Victoria Falls": "Victoria Falls is a waterfall on the border between Zambia and Zimbabwe, wide, tall, loud and always wet.",
    "Kuda Oya": "The Kuda Oya has a waterfall.",
    "Tat Sae": "The waterfalls of Laos are found near the country town Luang Prabang, and have a name.",
    "Sava": "The Sava is a river of the country Croatia; the name is found in old maps.",
}
PASSAGES |= {
    f"Town {number}": f"A town found by a river of the country whose name has {number} letters."
    for number in range(40)
}
QUESTION = "What is the name of the waterfall in the country where the Bubye River is found?"


async def take_in(memory: Memory, passages: dict[str, str] | None = None) -> None:
    text = "\n\n".join(f"# {title}\n\n{text}" for title, text in (passages or PASSAGES).items())
    await memory.ingest(data=text.encode(), name="lands.md")


def titles(found: list[object]) -> list[str]:
    return [passage.title.removeprefix("lands.md: ") for passage in found]  # type: ignore[attr-defined]


async def test_a_passage_is_reached_that_shares_hardly_a_word_with_the_question(memory: Memory) -> None:
    await take_in(memory)
    found = await memory.search(QUESTION, k=2)
    assert titles(found) == ["Bubye River", "Victoria Falls"]
    assert any("linked to 'lands.md: Bubye River'" in line and "'Zimbabwe'" in line for line in found[1].why)
    # Without what connects passages it is not among the first.
    alone = await memory.search(QUESTION, k=2, weights=replace(Weights(), link=0.0, spread=0.0))
    assert "Victoria Falls" not in titles(alone)


async def test_a_passage_without_any_word_of_the_question_is_told_with_its_path(memory: Memory) -> None:
    await take_in(
        memory, {"Ada Berg": "Ada Berg founded Nordwind.", "Nordwind": "Nordwind builds kites in Esbjerg."}
    )
    found = await memory.search("Where does what Ada started build?")
    assert titles(found) == ["Ada Berg", "Nordwind"]
    assert any(line.startswith("path: 'lands.md: Ada Berg'") for line in found[1].why)


async def test_what_was_given_before_is_not_given_again(memory: Memory) -> None:
    await take_in(memory)
    first = await memory.associate(QUESTION, k=2)
    more = await memory.associate(QUESTION, k=5, without=[passage.id for passage in first])
    assert not {passage.id for passage in first} & {passage.id for passage in more}


async def test_nothing_is_recalled_for_what_nothing_is_known_of(memory: Memory) -> None:
    assert await memory.is_empty()
    assert await memory.associate("Which enzyme digests lactose in the gut?") == []
    await take_in(memory)
    assert not await memory.is_empty()
    assert await memory.associate("Which enzyme digests lactose where the gut is found?") == []
    assert await memory.search("Which enzyme digests lactose where the gut is found?") != []


async def test_no_namespace_sees_another_one_or_how_common_its_words_are(
    store: SqlStore, memory_of: MemoryOf
) -> None:
    one, other = memory_of(store, "one"), memory_of(store, "other")
    await take_in(one)
    before = await one.search(QUESTION)
    for number in range(20):
        await other.ingest(data=f"Bubye Zimbabwe waterfall {number}".encode(), name=f"{number}.txt")
    assert await one.search(QUESTION) == before
    assert await memory_of(store, "third").search(QUESTION) == []
    assert dict(await one.namespaces()) == {"one": 45, "other": 20}


async def test_both_databases_recall_the_same_in_the_same_order(
    sqlite_url: str, postgres_url: str, memory_of: MemoryOf
) -> None:
    from tests.stores.conftest import empty_postgres

    told = []
    for url in (sqlite_url, empty_postgres(postgres_url)):
        async with await SqlStore.open(url) as store:
            memory = memory_of(store)
            await take_in(memory)
            for number in range(40):
                await memory.ingest(
                    data=f"River {number} flows {'far ' * number}in Land {number % 7}.".encode(),
                    name=f"{number}.txt",
                )
            found = [
                await memory.search(question, k=10)
                for question in (QUESTION, "river far land 3", "Land 6 flows")
            ]
            told.append([[(p.source, p.title, round(p.score, 9), p.why[-1]) for p in some] for some in found])
    assert told[0] == told[1]
    assert all(told[0])


@pytest.mark.parametrize(
    "question", ["", "the of and", '"', "a' OR 1=1; --", "NEAR(x y) AND *", "( \0 \ud800", "x" * 5_000]
)
async def test_any_question_can_be_asked(memory: Memory, question: str) -> None:
    await take_in(memory)
    assert isinstance(await memory.search(question), list)


async def test_a_common_word_among_rare_ones_costs_no_passage(
    memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    from agot.memory import recall

    await take_in(memory)
    monkeypatch.setattr(recall, "MOST_POSTINGS", 2)
    monkeypatch.setattr(recall, "FEWEST_TERMS", 1)
    assert titles(await memory.search(QUESTION, k=2)) == ["Bubye River", "Victoria Falls"]


async def test_a_passage_can_be_shown_by_its_number(memory: Memory, folder_of_one: Path) -> None:
    from agot.errors import NotStored

    await memory.ingest(folder_of_one)
    found = (await memory.search("kites"))[0]
    assert (await memory.show(found.id)).text == "Nordwind builds kites."
    with pytest.raises(NotStored, match="There is no passage 999"):
        await memory.show(999)


@pytest.fixture
def folder_of_one(tmp_path: Path) -> Path:
    made = tmp_path / "one"
    made.mkdir()
    (made / "a.txt").write_text("Nordwind builds kites.")
    return made
