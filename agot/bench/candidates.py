"""The answers that stand in a run's model replies, whichever was chosen in the end."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from pydantic import ValidationError

from agot.agents.dialects.standard.reading import answer_in as announced_in
from agot.agents.kinds import VALUE, Kind, kind_of_reply
from agot.bench.maths import boxed
from agot.ids import ROOT
from agot.models.json_text import without_reasoning
from agot.protocols import CallRecord, ModelReply

_LONGEST = 20_000
_MARKED = re.compile(r"[\W_]{0,9}(?:the |final ){0,2}answer(?: is)?[\s*_]{0,3}:(.{1,2000})", re.IGNORECASE)
_ANSWERING = ("think", "solve", "step", "refine", "aggregate", "final", "tools")
"""Purposes of calls that may answer the question; in others, an answer is only spoken of."""


def answers_in(calls: Iterable[CallRecord], question: str) -> list[str]:
    """Return the answers drawn for the whole question, in the order of the calls.

    Only calls of the root thought count: an answer to a sub-question is none to the question.
    """
    found: list[str] = []
    kind = kind_of_reply(question)
    for call in calls:
        if (
            call.kind != "model"
            or call.thought != ROOT
            or call.purpose not in _ANSWERING
            or call.reply is None
        ):
            continue
        try:
            reply = ModelReply.model_validate_json(call.reply)
        except ValidationError:
            continue
        # Only who was asked for the answer alone may give it without saying that it is one.
        bare = call.purpose == "solve"
        found += [answer for one in reply.completions if (answer := answer_in(one.text, kind, bare=bare))]
    return found


def answer_in(text: str, kind: Kind = VALUE, *, bare: bool = False) -> str:
    """Return what a reply gives as its answer: its JSON's `answer`, its last `answer: X` line, or what it says that the
    answer is; "" if it says nothing of the kind.

    Args:
        kind: Of the reply that was asked for.
        bare: A single line without any of these is an answer, too.
    """
    text = without_reasoning(text[-_LONGEST:]).strip()
    if text.startswith("{"):
        try:
            told = json.loads(text)
        except (ValueError, RecursionError):
            return ""
        answer = told.get("answer") if isinstance(told, dict) else None
        return "" if answer is None else answer if isinstance(answer, str) else json.dumps(answer)
    lines = text.splitlines()
    for line in reversed(lines):
        if match := _MARKED.match(line):
            return match[1].strip().strip("*$` ")
    # The reader of a text that was cut off believes only what is announced, but not on the last line.
    announced = announced_in([*lines, ""], kind, whole=False, cut=True)[0] or boxed(text)
    if announced:
        return announced
    return lines[0] if bare and len(lines) == 1 and not lines[0].endswith(":") else ""
