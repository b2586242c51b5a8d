"""A message of a conversation as a question that stands alone."""

from __future__ import annotations

from collections.abc import Sequence

from agot.agents.dialects.standard import writing
from agot.agents.prompts.library import default
from agot.errors import OutputError
from agot.ids import ThoughtId
from agot.models.thinking import answering
from agot.protocols import Ask
from agot.question import LONGEST_QUESTION
from agot.stores.sessions import StoredTurn
from agot.thought import Finding, Task

PURPOSE = "understand"
LONGEST_PART = 8_000
LONGEST_HISTORY = 32_000
"""Characters of one earlier question or answer, and of all together, that the model reads; the newest go first."""

_CUT = " [cut here]"


async def understood(
    ask: Ask, message: str, earlier: Sequence[StoredTurn], *, names: Sequence[str] = ()
) -> str:
    """Return the question that a message asks, with all it refers to; the message itself if it needs nothing.

    Args:
        ask: Whose role "fast" is asked, once.
        earlier: The turns before, in order.
        names: Of material that is given with the message; its text is not needed to understand what is asked.

    Raises:
        BudgetExceeded, ModelError: If the call cannot be made.
        OutputError: If the model replied nothing usable.
    """
    given = f"Text that is given with the message: {', '.join(names)}" if names else ""
    task = Task(question=message, findings=tuple(history(earlier)), material=given)
    request = writing.request(ask, "fast", PURPOSE, default("understand"), writing.user(task))
    completion = answering((await ask(request)).completions[0])
    text = completion.text.strip()
    if not text or completion.finish_reason == "length" or len(text) > LONGEST_QUESTION:
        raise OutputError(
            "The model did not say how it understands the message. Say it with everything it refers to.",
            model=ask.profile("fast").model,
        )
    if text.strip(".'\"`* ").casefold() == "same" or _plain(text) == _plain(message):
        return message
    return text


def history(turns: Sequence[StoredTurn]) -> list[Finding]:
    """Return what a model reads of earlier turns, oldest first; what is left out is marked."""
    found: list[Finding] = []
    room = LONGEST_HISTORY
    for turn in reversed(turns):
        question, answer = _cut(turn.question), _cut(turn.answer or "(no answer)")
        room -= len(question) + len(answer)
        if room < 0:
            break
        found.append(Finding(thought=ThoughtId(f"turn-{turn.number}"), question=question, answer=answer))
    return found[::-1]


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_PART else text[:LONGEST_PART] + _CUT


def _plain(text: str) -> str:
    return " ".join(text.split()).casefold()
