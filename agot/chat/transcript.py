"""A conversation as a document: Markdown for people, JSON for programs."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any

from agot.stores.sessions import StoredSession, StoredTurn

EXPORT_FORMAT = "agot.conversation"
EXPORT_VERSION = 1

_FENCE = re.compile(r"^`{3,}", re.MULTILINE)


def as_json(session: StoredSession, turns: Sequence[StoredTurn]) -> dict[str, Any]:
    """Return everything of a conversation as JSON values: `format`, `version`, the conversation, its turns."""
    return {
        "format": EXPORT_FORMAT, "version": EXPORT_VERSION, "conversation": session.model_dump(mode="json"),
        "turns": [turn.model_dump(mode="json") for turn in turns],
    }  # fmt: skip


def as_markdown(session: StoredSession, turns: Sequence[StoredTurn]) -> str:
    """Return a conversation as Markdown: messages as quotations, answers as they were given."""
    began = time.strftime("%Y-%m-%d %H:%M", time.localtime(session.created_s))
    origin = ""
    if session.forked_from is not None:
        origin = f" · from {session.forked_from}, turn {session.forked_at}"
    parts = [f"# {' '.join(session.title.split())}", f"{began} · {session.session_id}{origin}"]
    for turn in turns:
        parts.append(f"## {turn.number}")
        parts.append(_quoted(turn.said))
        if turn.understood:
            parts.append(f"*Understood as:* {turn.understood}")
        if turn.material_names:
            parts.append(f"*With:* {', '.join(turn.material_names)}")
        if turn.answer:
            parts.append(_closed(turn.answer))
        if turn.status != "answered":
            told = f": {turn.reason}" if turn.reason else ""
            parts.append(f"*{'Partial answer, ' if turn.answer else ''}{turn.status}{told}*")
        usage = turn.usage
        facts = [turn.model, f"{usage.tokens} tokens"]
        if usage.cost_usd:
            facts.append(f"${usage.cost_usd:.4f}")
        if turn.run_id is not None:
            facts.append(f"run {turn.run_id}")
        parts.append(f"<sub>{' · '.join(fact for fact in facts if fact)}</sub>")
    return "\n\n".join(parts) + "\n"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.splitlines())


def _closed(answer: str) -> str:
    """Return an answer whose code block, if one was never ended, does not swallow what follows."""
    return answer if len(_FENCE.findall(answer)) % 2 == 0 else f"{answer}\n```"
