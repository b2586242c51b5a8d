"""Calls that use the results of other calls: `$1` or `${1}` in an argument stands for what call 1 returned.

`$$` is a plain dollar sign.

Source: Kim et al. 2023, "An LLM Compiler for Parallel Function Calling", arXiv 2312.04511.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agot.errors import ToolError
from agot.thought import ToolCall

_REFERENCE = re.compile(r"\$\$|\$\{([\w.-]{1,64})\}|\$(\d{1,9})")
_MOST_CHARS = 200_000
"""Of arguments in which results were put."""


def needs(call: ToolCall) -> set[str]:
    """Return the ids of the calls whose results this one uses."""
    return {
        match[1] or match[2] for text in _texts(call.arguments) for match in _REFERENCE.finditer(text)
    } - {None}


def faults(calls: Sequence[ToolCall]) -> dict[int, str]:
    """Return why calls cannot be made, by their place: an id used twice, an unknown reference, a cycle."""
    found: dict[int, str] = {}
    named = Counter(call.id for call in calls if call.id)
    for place, call in enumerate(calls):
        unknown = sorted(needs(call) - named.keys())
        if call.id and named[call.id] > 1:
            found[place] = f"The id {call.id!r} is used by {named[call.id]} calls. Give each its own."
        elif unknown:
            found[place] = (
                f"There is no call with the id {', '.join(unknown)}. Ids are: {', '.join(named) or 'none'}. "
                "Write $$ for a dollar sign."
            )
    waiting = {call.id: needs(call) & named.keys() for call in calls if call.id}
    while free := [name for name, those in waiting.items() if not those & waiting.keys()]:
        for name in free:
            del waiting[name]
    for place, call in enumerate(calls):
        if call.id in waiting and place not in found:
            circle = ", ".join(
                f"{name} needs {' and '.join(sorted(waiting[name] & waiting.keys()))}" for name in waiting
            )
            found[place] = f"These calls wait for each other: {circle}."
    return found


def filled(call: ToolCall, results: Mapping[str, str], parameters: Mapping[str, Any]) -> ToolCall:
    """Return the call with results in the place of its references.

    An argument that is nothing but a reference, where the tool does not take text, is read as JSON.

    Args:
        results: Texts by id; all that `needs` names.
        parameters: The tool's schema.

    Raises:
        ToolError: If the arguments become too long.
    """
    properties = parameters.get("properties", {})
    arguments: dict[str, Any] = {}
    for name, value in call.arguments.items():
        whole = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
        filled_in = _replaced(value, results)
        expects = properties.get(name) if isinstance(properties, Mapping) else None
        if whole and whole[0] != "$$" and isinstance(expects, Mapping) and expects.get("type") != "string":
            filled_in = _read(filled_in)
        arguments[name] = filled_in
    if sum(len(text) for text in _texts(arguments)) > _MOST_CHARS:
        raise ToolError(f"With the results put in, the arguments are longer than {_MOST_CHARS:,} characters.")
    return call.model_copy(update={"arguments": arguments})


def _texts(value: Any) -> Iterator[str]:
    pending = [value]
    while pending:
        inner = pending.pop()
        if isinstance(inner, str):
            yield inner
        elif isinstance(inner, Mapping):
            pending += inner.values()
        elif isinstance(inner, (list, tuple)):
            pending += inner


def _replaced(value: Any, results: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        if (
            sum(len(results.get(match[1] or match[2], "")) for match in _REFERENCE.finditer(value))
            > _MOST_CHARS
        ):
            raise ToolError(
                f"With the results put in, the arguments are longer than {_MOST_CHARS:,} characters."
            )
        return _REFERENCE.sub(lambda match: "$" if match[0] == "$$" else results[match[1] or match[2]], value)
    if isinstance(value, Mapping):
        return {name: _replaced(inner, results) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_replaced(inner, results) for inner in value]
    return value


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
