"""What instruct models write as JSON, read as meant where only one meaning is likely, and as values."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field, model_validator

from agot.thought import Constraint, Solution, ToolCall, ToolCard, ToolRound


def _as_text(value: Any) -> Any:
    """Return a number, truth value, list or object as the text that JSON has for it."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _as_list(value: Any) -> Any:
    """Return a single value as the list of it, without the gaps of a list."""
    return [one for one in value if one is not None] if isinstance(value, list) else [value]


def _as_calls(value: Any) -> Any:
    return [one for one in _as_list(value) if one not in ({}, "")]


def _as_object(value: Any) -> Any:
    """Return an object that was written as a text; "" is the empty one."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value.strip() else {}
    except (ValueError, RecursionError):
        return value


_Text = Annotated[str, BeforeValidator(_as_text)]


class _Reply(BaseModel):
    """What models write where a schema is not enforced."""

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {name: inner for name, inner in value.items() if inner is not None}


class Demand(_Reply):
    text: _Text
    hard: bool = True
    check: _Text = ""
    argument: _Text = ""


class Demands(_Reply):
    constraints: Annotated[list[Demand], BeforeValidator(_as_list)]


class Wanted(_Reply):
    name: _Text
    arguments: Annotated[dict[str, Any], BeforeValidator(_as_object)] = Field(default_factory=dict)


class Round(_Reply):
    thought: _Text = ""
    calls: Annotated[list[Wanted], BeforeValidator(_as_calls)] = Field(default_factory=list)
    answer: _Text = ""


def constraints_of(got: Demands, checks: Iterable[str]) -> list[Constraint]:
    """Return constraints; a check that does not exist is left out, and a judge has to decide.

    Args:
        checks: Names of the deterministic checks.
    """
    known = set(checks)
    found = []
    for one in got.constraints:
        check = one.check.strip().casefold()
        bound = {"check": check, "argument": one.argument.strip()} if check in known else {}
        if one.text.strip():
            found.append(Constraint(text=one.text.strip(), hard=one.hard, **bound))
    return found


# -- tool calls ------------------------------------------------------------------------------------

_REFERENCE = re.compile(r"\$\d{1,3}\b")
_LONGEST_COMPLAINT = 200


def round_schema(cards: Sequence[ToolCard]) -> type[Round]:
    """Return the schema of one round with these tools: calls that do not fit them are faults, which the model is told."""
    by_name = {card.name: card for card in cards}

    class ToolRoundReply(Round):
        @model_validator(mode="after")
        def _fits(self) -> ToolRoundReply:
            faults = [fault for call in self.calls if (fault := _misfit(call, by_name))]
            if faults:
                raise ValueError("; ".join(faults))
            if not self.calls and not self.answer.strip():
                raise ValueError("there are neither calls nor an answer")
            return self

    return ToolRoundReply


def round_of(got: Round) -> ToolRound:
    """Return what a model does next; where it gives both calls and an answer, the calls come first."""
    if got.calls:
        calls = tuple(ToolCall(name=call.name.strip(), arguments=call.arguments) for call in got.calls)
        return ToolRound(thought=got.thought.strip(), calls=calls)
    solution = Solution(answer=got.answer.strip(), strategy="tools")
    return ToolRound(thought=got.thought.strip(), solution=solution)


def _misfit(call: Wanted, cards: Mapping[str, ToolCard]) -> str:
    """Return why a call does not fit its tool, "" if it does as far as the outer form of its arguments tells."""
    card = cards.get(call.name.strip())
    if card is None:
        return f"there is no tool {call.name[:_LONGEST_COMPLAINT]!r}; there are: {', '.join(cards) or 'none'}"
    properties = card.parameters.get("properties")
    properties = properties if isinstance(properties, dict) else {}
    required = card.parameters.get("required")
    missing = [name for name in required if name not in call.arguments] if isinstance(required, list) else []
    if missing:
        return f"the call of {card.name} lacks {', '.join(map(str, missing))}"
    for name, value in call.arguments.items():
        if name in properties:
            if not _of_kind(value, properties[name]):
                return f"the argument {name} of {card.name} must be {properties[name]['type']}"
        elif card.parameters.get("additionalProperties") is False:
            return f"{card.name} takes no {name!r}; it takes {', '.join(properties) or 'nothing'}"
    return ""


_KINDS: Mapping[str, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "integer": lambda value: not isinstance(value, bool) and (isinstance(value, int) or _whole(value)),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
    "null": lambda value: value is None,
}


def _whole(value: Any) -> bool:
    return isinstance(value, float) and value.is_integer()


def _of_kind(value: Any, schema: Any) -> bool:
    """Return whether a value is of a schema's type; a reference to another call's result may be of any."""
    if isinstance(value, str) and _REFERENCE.search(value):
        return True
    kinds = schema.get("type") if isinstance(schema, dict) else None
    kinds = [kinds] if isinstance(kinds, str) else kinds
    known = [_KINDS[kind] for kind in kinds if kind in _KINDS] if isinstance(kinds, list) else []
    return not known or any(holds(value) for holds in known)
