"""What a refusal teaches: which field of a request a server does not take, or takes in another form.

Servers refuse fields that others demand: `seed`, a turn of the system, `max_tokens` or its newer name, a temperature. What they
say names the field; the same request is then sent without it, or in the form that they want.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

_NOT_TAKEN = re.compile(
    r"unsupported|not (?:be )?(?:currently )?(?:support|allow|permit|implement|recogni[sz]|accept|available|valid|a valid|enabled)"
    r"|unrecogni[sz]ed|unknown|unexpected|extra|does ?n[o']t (?:support|accept|allow)|invalid|only |must be|cannot|can't|forbidden"
    r"|disabled|remove|greater|less|too (?:many|large)|at most|no longer|deprecated|ignored|between",
    re.IGNORECASE,
)
_DROPPABLE = (
    "seed", "stop", "temperature", "top_p", "logprobs", "top_logprobs", "stream_options", "stream", "parallel_tool_calls",
    "frequency_penalty", "presence_penalty", "logit_bias", "user", "metadata", "store", "reasoning_effort", "service_tier",
)  # fmt: skip
"""Fields that a request can do without; what it asks is the same."""

_IN_WORDS = {
    "logprobs": r"(?<!top_)(?<!top )\blog[ _-]?prob(?:abilitie)?s?\b",
    "stream": r"\bstream(?:ing|_options)?\b",
    "top_logprobs": r"\btop[ _-]?log[ _-]?prob",
    "stop": r"['\"`]stop['\"`]|\bstop[ _](?:sequence|string|word|token|parameter|is|not)|(?:argument|parameter|field|supplied|permitted"
    r"|input|property|body)\w*[.:]? *stop\b|\bbody\.stop\b",
    **{
        name: rf"['\"`]{name}['\"`]|(?:argument|parameter|field|supplied|permitted|input|property)\w*:? *{name}\b|\bbody\.{name}\b"
        for name in ("user", "store", "metadata")
    },
}
_SYSTEM = re.compile(
    r"system[- '\"`]*(?:role|message|prompt|turn|instruction)s?\b.{0,60}(?:not|n't|un|must)|(?:unsupported|unknown|unexpected|invalid)"
    r"\b.{0,30}\brole\b.{0,30}system|only\b.{0,20}user\b.{0,20}assistant\b.{0,20}roles?|developer instruction is not enabled"
    r"|role[ '\":`]+system['\"`]? *(?:is )?(?:not|un)|['\"`]system['\"`] (?:is not|does not|not).{0,40}(?:enum|one of|support|allow|valid)",
    re.IGNORECASE | re.DOTALL,
)
_ALTERNATE = re.compile(
    r"roles? must alternate|must alternate|consecutive .{0,20}(?:roles?|messages|turns)", re.IGNORECASE
)
_AT_MOST = r"\D{0,80}?(?:at most|<=|less than or equal to|maximum|exceed|up to|max allowed|between \d+ and)\D{0,40}?(\d[\d,]*)"
_MOST_TOKENS = re.compile(
    r"max_(?:completion_|new_)?tokens\b[^.]{0,40}\. .{0,40}supports"
    + _AT_MOST
    + r"|max_(?:completion_|new_)?tokens\b"
    + _AT_MOST,
    re.IGNORECASE | re.DOTALL,
)
_MOST_ALTERNATIVES = re.compile(r"log[ _-]?probs?\b" + _AT_MOST, re.IGNORECASE)
_OTHER_NAME = re.compile(
    r"use\W{1,3}max_completion_tokens|\bmax_tokens\W{1,3}(?:is |are )?(?:not|no longer|deprecated|unsupported)"
    r"|(?:unsupported|unrecogni[sz]ed|unknown|extra|not permitted|unexpected)[^.]{0,60}\bmax_tokens\b|body\.max_tokens: extra",
    re.IGNORECASE,
)
_CONTEXT = re.compile(
    r"context (?:length|window|size)\D{0,30}(\d[\d,]*)|max_new_tokens\W+must be <= (\d[\d,]*)|n_ctx\W{0,5}(\d[\d,]*)",
    re.IGNORECASE,
)
_PROMPT = re.compile(
    r"(\d[\d,]*)\s*(?:input|prompt)?\s*tokens?\s*(?:in|from|of)?\s*(?:the |your )?(?:input|messages|prompt)"
    r"|(\d[\d,]*)\W{0,2}(?:input|inputs|prompt)\W{0,2} tokens|(\d[\d,]*) in (?:the|your) (?:messages|prompt|input)",
    re.IGNORECASE,
)
_SPARE = 8
"""Tokens between what a server counted and what is asked for: templates are counted differently."""


def lesson(words: str, sent: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts that a refusal teaches, by the names of `agot.models.known`; empty if it teaches nothing new.

    Args:
        words: What the server said.
        sent: The fields that were sent to it, as they were sent.
    """
    return _of_turns(words, sent) or _of_room(words, sent) or _of_fields(words, sent)


def room_left(words: str, sent: Mapping[str, Any]) -> int | None:
    """Return the tokens that a refusal leaves for this one answer, or None if it says nothing of the kind."""
    room = sent.get("max_tokens") or sent.get("max_completion_tokens")
    context, prompt = _CONTEXT.search(words), _PROMPT.search(words)
    if not room or context is None or prompt is None:
        return None
    left = _number(context) - _number(prompt) - _SPARE
    if left <= 0:
        return None
    # Refused although it would fit: the server counts otherwise than it says.
    return left if left < room else room // 2 or None


def _of_turns(words: str, sent: Mapping[str, Any]) -> dict[str, Any]:
    roles = [str(message.get("role")) for message in sent.get("messages") or ()]
    has_system = bool({"system", "developer"} & set(roles))
    if has_system and _SYSTEM.search(words):
        return {"system": False}
    if _ALTERNATE.search(words):
        if any(a == b for a, b in pairwise(roles)):
            return {"alternate": True}
        if has_system:
            return {"system": False, "alternate": True}
    return {}


def _of_room(words: str, sent: Mapping[str, Any]) -> dict[str, Any]:
    name = next((one for one in ("max_tokens", "max_completion_tokens") if one in sent), "")
    if not name or not re.search(r"\bmax_\w*tokens\b", words) or _CONTEXT.search(words):
        return {}
    most = _MOST_TOKENS.search(words)
    if most and 0 < _number(most) < sent[name]:
        return {"most_tokens": _number(most)}
    if name == "max_tokens" and _OTHER_NAME.search(words):
        return {"limit_name": "max_completion_tokens"}
    if name == "max_completion_tokens" and _NOT_TAKEN.search(words):
        return {"limit_name": "", "refused": ["max_tokens"]}
    return {}


def _of_fields(words: str, sent: Mapping[str, Any]) -> dict[str, Any]:
    if "top_logprobs" in sent:
        most = _MOST_ALTERNATIVES.search(words)
        if most and 0 < _number(most) < sent["top_logprobs"]:
            return {"top_logprobs": _number(most)}
    if not _NOT_TAKEN.search(words):
        return {}
    for name in _DROPPABLE:
        if name in sent and re.search(
            _IN_WORDS.get(name, rf"(?<!\w){re.escape(name)}(?!\w)"), words, re.IGNORECASE
        ):
            return {name: False} if name in ("seed", "logprobs", "stream") else {"refused": [name]}
    return {}


def _number(found: re.Match[str]) -> int:
    return int(next(group for group in found.groups() if group).replace(",", ""))
