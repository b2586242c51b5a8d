"""What a model wrote where it gave an answer: found among the calls of a run, and told in a few lines."""

from __future__ import annotations

import json
import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agot.cli.answer import ANSWERING
from agot.cli.paint import printable
from agot.errors import NotStored

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from agot.ids import RunId

MOST_LINES = 10
WIDTH = 96

_PURPOSES = ANSWERING | {"step"}
_FENCED = re.compile(r"\s*```\w*\s(.*)```\s*", re.DOTALL)
_ANSWER = re.compile(r"[\s*#]*answer[\s*]*:?[\s*]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply with what the call was for."""

    purpose: str
    text: str


def reply_for(connection: Connection, run_id: RunId, thought: str, answer: str) -> Reply | None:
    """Return the newest reply of a thought's calls that gives an answer, else the newest that holds it; None if none does."""
    from agot.stores import views

    holds: Reply | None = None
    asked = views.thought(connection, run_id, thought)
    for told in reversed(asked["calls"]):
        if told["purpose"] not in _PURPOSES:
            continue
        try:
            call = views.call(connection, run_id, told["key"])
        except NotStored:  # a call that failed is no part of the journal
            continue
        for text in _texts(call):
            if answer in (_given(text), _read(text, asked["question"])):
                return Reply(told["purpose"], text)
            if holds is None and answer in text:
                holds = Reply(told["purpose"], text)
    return holds


def reply_lines(reply: Reply, run_id: str) -> list[str]:
    """Return a reply in at most ten lines, and one that tells of the rest if there is more."""
    *thinking, said = reply.text.split("</think>")
    wrapped = _wrapped(_plain(said))
    hidden = len(_wrapped("\n".join(thinking))) + max(0, len(wrapped) - MOST_LINES)
    lines = [f"the model wrote ({reply.purpose}):", *(f"  {line}" for line in wrapped[:MOST_LINES])]
    if hidden:
        more = f"{hidden} more line{'s' * (hidden != 1)}"
        lines.append(f"  [{more}; all of it: agot runs export {run_id}, or the page: agot serve]")
    return lines


def _texts(call: dict[str, Any]) -> list[str]:
    """Return the replies of a call, each with the steps that it was asked to go on from."""
    last = call["request"]["messages"][-1]
    begun = last["content"] if last["role"] == "assistant" else ""
    return [begun + completion["text"] for completion in (call["response"] or {}).get("completions", ())]


def _given(text: str) -> str:
    """Return the answer that a reply gives: the field of an object, or its last line without the word "answer"."""
    found = _object(text.rpartition("</think>")[2])
    if found is not None:
        return str(found.get("answer", "")).strip()
    last = text.strip().rpartition("\n")[2]
    return _ANSWER.sub("", last, count=1).strip() if _ANSWER.match(last) else last.strip()


def _read(text: str, question: str) -> str:
    """Return the answer that is read in a reply to a plain request, "" for none."""
    from agot.agents.dialects.standard.reading import solution_of
    from agot.agents.kinds import kind_of_reply
    from agot.protocols import Completion

    found = solution_of(Completion(text=text), "chain", kind_of_reply(question))
    return found.answer if found is not None else ""


def _object(text: str) -> dict[str, Any] | None:
    fenced = _FENCED.fullmatch(text)
    try:
        found = json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _plain(text: str) -> str:
    """Return a reply as lines: of an object each field that says something, of a list in it each item."""
    found = _object(text)
    if found is None:
        return text
    lines: list[str] = []
    for name, value in found.items():
        if isinstance(value, list):
            lines += [one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in value]
        elif value not in ("", None):
            lines.append(f"{name}: {value}")
    return "\n".join(lines)


def _wrapped(text: str) -> list[str]:
    """Return a text in harmless lines that fit most terminals, without the empty ones."""
    return [
        piece
        for line in printable(text).splitlines()
        for piece in textwrap.wrap(line, WIDTH, break_on_hyphens=False)
    ]
