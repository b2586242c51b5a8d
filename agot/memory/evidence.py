"""What the thoughts of one run are given of the memory, what its answer cites of that, and what the run leaves behind.

A recall is journaled like any call, so that a resumed run reads what it read before, whatever was taken in meanwhile.
Recalled text reaches a model as a finding with a source, which is delimited as data (`agot.tools.untrusted`).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import regex
from pydantic import TypeAdapter

from agot.errors import StoreError
from agot.events import AnyEvent, Notice
from agot.ids import RunId, ThoughtId
from agot.journal import Journal, Performed
from agot.memory.memory import TRUSTED, Memory
from agot.memory.text import STOP_WORDS, terms_of, words_of
from agot.protocols import CallRecord
from agot.stores.database import SqlStore
from agot.stores.memory_items import note_recalls
from agot.thought import Finding, Passage, Task, Usage

PURPOSE = "recall"
"""Purpose of a recall in the journal."""

HELD = 0.7
"""Share of a sentence's terms that a passage has to hold to support it."""

LONGEST = 4_000
"""Characters of question and answer that are kept as one conclusion; longer ones hold material, which is taken in as a document."""

_PASSAGES = TypeAdapter(list[Passage])
_SENTENCE = regex.compile(r"[^.!?。！？\n]+[.!?。！？]?")


class Evidence:
    """The door between one run and the memory.

    Args:
        passages: That a thought is given, at most.
    """

    def __init__(
        self, memory: Memory, journal: Journal, emit: Callable[[AnyEvent], None], *, passages: int
    ) -> None:
        self.memory, self._journal, self._emit, self._most = memory, journal, emit, passages
        self.given: dict[ThoughtId, list[Passage]] = {}

    async def add(self, task: Task) -> Task:
        """Return the task with the passages that it brings to mind; without those that the thoughts it builds on were given.

        A memory that cannot be read takes nothing away from the run, which is told.
        """
        known = sorted({
            passage.id for finding in task.findings for passage in self.given.get(finding.thought, ())
        })  # fmt: skip
        query = "\n".join((task.question, *(finding.answer for finding in task.findings)))
        request = json.dumps(
            {"namespace": self.memory.namespace, "query": query, "k": self._most, "without": known}
        )
        key = self._journal.key("tool", request)
        earlier = self._journal.replay(key)
        try:
            if earlier is not None and earlier.reply is not None:
                found = _PASSAGES.validate_json(earlier.reply)
            else:
                found = await self._recall(task.thought, key, request, query, known)
        except StoreError as error:
            self._emit(
                Notice(level="warning", text=f"The memory could not be read, so it is left out: {error}")
            )
            return task
        if not found:
            return task
        self.given[task.thought] = found
        findings = tuple(
            Finding(thought=task.thought, question=_told(passage), answer=passage.text, source=passage.source)
            for passage in found
        )
        return task.model_copy(update={"findings": (*task.findings, *findings)})

    async def _recall(
        self, thought: ThoughtId, key: str, request: str, query: str, known: Sequence[int]
    ) -> list[Passage]:
        found: list[Passage] = []

        async def call() -> Performed:
            found.extend(await self.memory.associate(query, k=self._most, without=known))
            return Performed(_PASSAGES.dump_json(found).decode(), Usage(), "", 0.0)

        await self._journal.perform(key, "tool", request, call, thought=thought, purpose=PURPOSE)
        return found

    def passages(self) -> list[Passage]:
        """Return everything that was given to a thought of the run, each once, in order."""
        return list({passage.id: passage for some in self.given.values() for passage in some}.values())

    def cited(self, answer: str) -> list[Passage]:
        """Return the passages that support an answer: see `supporting`."""
        return supporting(answer, self.passages())


def supporting(answer: str, passages: Iterable[Passage]) -> list[Passage]:
    """Return the passages that an answer can be cited for.

    A short answer has to stand in the passage word by word; of a longer one, a sentence whose terms the passage holds
    by a share of `HELD`. Nothing is understood: what is cited speaks of the same, and is to be read.
    """
    words = words_of(answer)
    if not any(word not in STOP_WORDS for word in words):
        return []
    found = []
    short = " ".join(words) if len(words) <= 8 else ""
    sentences = [set(terms_of(sentence)) for sentence in _SENTENCE.findall(answer)]
    for passage in passages:
        text = f"{passage.title}\n{passage.text}"
        if short:
            held = f" {short} " in f" {' '.join(words_of(text))} "
        else:
            terms = set(terms_of(text))
            held = any(len(said) >= 3 and len(said & terms) >= HELD * len(said) for said in sentences)
        if held:
            found.append(passage)
    return found


def _told(passage: Passage) -> str:
    doubt = " (disputed)" if passage.disputed else ""
    return f"Passage {passage.id}, remembered from {passage.source}{doubt}"


def place_of(passage: Passage) -> str:
    """Return where a passage stands, as a citation: its number, its document, and the characters of that."""
    span = f", characters {passage.start} to {passage.stop}" if passage.stop else ""
    return f"[{passage.id}] {passage.source}{span}"


def recalled_before(records: Iterable[CallRecord]) -> bool:
    """Return whether earlier attempts of a run recalled anything, or tried to."""
    return any(record.purpose == PURPOSE for record in records)


async def leave(
    evidence: Evidence, store: SqlStore, run_id: RunId, thoughts: Iterable[Mapping[str, Any]], *, remember: bool, model: str
) -> None:  # fmt: skip
    """Keep what a run was given, and what it proved or cross-checked.

    Args:
        thoughts: Finished ones, with `id` and the fields of `agot.engine.graph.NODE_FIELDS`.
        remember: Also keep its conclusions.

    Raises:
        StoreError: If it could not be kept.
    """
    given = [(thought, one.id, one.score) for thought, some in evidence.given.items() for one in some]
    if given:
        await store.change(lambda connection: note_recalls(connection, run_id, given))
    for thought in thoughts if remember else ():
        question, answer = thought["question"].strip(), thought["answer"].strip()
        if thought["trust"] not in TRUSTED or not answer or len(question) + len(answer) > LONGEST:
            continue
        await evidence.memory.remember(
            question, answer, trust=thought["trust"], run_id=run_id, thought=thought["id"], model=model,
            rests_on=supporting(answer, evidence.given.get(thought["id"], ())),
        )  # fmt: skip
