"""What is said of calls: to the model that asked for one, and to the person who approves it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from agot.errors import ToolError
from agot.ids import ThoughtId
from agot.thought import ToolCall
from agot.tools.effects import Effect
from agot.tools.rendering import cut
from agot.tools.tool import Tool, ToolRequest
from agot.tools.untrusted import visible

SHOWN_CHARS = 500
"""Of arguments, results and messages where they are only mentioned."""

_ASKED_CHARS = 8_000

_STEERING = re.compile(r"[\x7f-\x9f\u2028\u2029]")
"""What JSON leaves as it is although it steers terminals: dropped, it would take what follows it along."""


def unfit(tool: Tool, arguments: Mapping[str, Any]) -> str:
    """Return what is wrong with the arguments, or ""."""
    if tool.check is None:
        return ""
    try:
        tool.check(arguments)
    except ToolError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001
        # A check is the author's code too; the model is told that its arguments broke it.
        return f"The arguments could not be checked: {said(error)}"
    return ""


def question(
    tool: Tool, call: ToolCall, thought: ThoughtId, known: Effect | None, changed: str = ""
) -> ToolRequest:
    """Return what a person is asked to approve.

    Args:
        known: The same call, if this run has begun it before.
        changed: What the tool's server says of it now, if that is not what it said before.
    """
    # What a person must judge is cut late, and nothing in it may hide from eyes.
    arguments = _seen(json.dumps(call.arguments, ensure_ascii=False))
    text = f"Call {tool.name} with {cut(arguments, _ASKED_CHARS)}?"
    if known is not None:
        text += f" {_before(known)}"
    if changed:
        text += f" Its server has changed the tool since it was listed, and says now: {visible(changed)}"
    return ToolRequest(
        thought=thought, tool=tool.name, description=tool.description, arguments=call.arguments,
        again=known is not None, changed=changed, text=text,
    )  # fmt: skip


def _before(known: Effect) -> str:
    if known.outcome is None:
        when = (
            "when this run was last stopped" if known.began_s is not None else "in this run and then stopped"
        )
        return (
            f"It was already begun {when}, and may have taken effect then. "
            "Look before you let it happen again."
        )
    came = _seen(known.outcome.text[:SHOWN_CHARS])
    if known.outcome.error:
        return (
            f"It was already tried in this run and failed ({came}), but may have taken effect all the same. "
            "Look before you let it happen again."
        )
    return f"It was already done in this run ({came}). Yes does it once more."


def _seen(text: str) -> str:
    return visible(_STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text))


def done_already(result: str) -> str:
    """Return what a model is told that asks for what this run has done."""
    return f"This was done already in this run, once, and is not done again. It gave: {result}"


def denied(tool: Tool) -> str:
    """Return what a model is told of a call that a person did not approve."""
    return f"A person did not approve this call of {tool.name!r}. Do not ask for it again; go on without it."


def offer(tools: Mapping[str, Tool]) -> str:
    """Return which tools there are."""
    return f"Tools are: {', '.join(tools)}." if tools else "There are no tools; go on without."


def shown(arguments: Mapping[str, Any]) -> str:
    """Return arguments as JSON, cut."""
    return json.dumps(arguments, ensure_ascii=False)[:SHOWN_CHARS].encode("utf-8", "replace").decode("utf-8")


def said(error: BaseException) -> str:
    """Return a fault's name and message, cut."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001
        # A fault of the fault's own text must not hide the fault.
        text = "(no message)"
    return f"{type(error).__name__}: {text[:SHOWN_CHARS]}"
