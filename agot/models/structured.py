"""Typed answers: native JSON schema, else JSON mode, else free text, with bounded repair rounds.

Whether a server really follows a `response_format` is learned from what it answers: some reject the
parameter, others say 200 and ignore it. What was learned is kept in a `SchemaMemory` that the caller
owns, so that each endpoint is tried only once.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Literal, TypeVar

from pydantic import BaseModel

from agot.errors import ModelError, OutputError
from agot.models.json_text import expectation, is_json, parse
from agot.protocols import Ask, Message, ModelRequest

T = TypeVar("T", bound=BaseModel)

Form = Literal["json_schema", "json_object", "text"]

_FORMS: tuple[Form, ...] = ("json_schema", "json_object", "text")

_LONGEST_QUOTE = 6_000
"""Characters of its own answer that a model is shown in a repair round."""


class SchemaMemory:
    """The best form that each endpoint is known to follow; starts with what was measured, else native JSON schema."""

    def __init__(self) -> None:
        self._forms: dict[tuple[str, str], Form] = {}

    def form(self, endpoint: tuple[str, str], first: Form | None = None) -> Form:
        """Return the form to ask an endpoint for; `first` if nothing was learnt of it yet."""
        return self._forms.get(endpoint, first or "json_schema")

    def lower(self, endpoint: tuple[str, str], failed: Form) -> Form:
        """Remember that an endpoint does not follow a form; return the next one to try."""
        following = _FORMS[min(_FORMS.index(failed) + 1, len(_FORMS) - 1)]
        if _FORMS.index(self.form(endpoint)) < _FORMS.index(following):
            self._forms[endpoint] = following
        return following


async def structured(
    ask: Ask,
    request: ModelRequest,
    schema: type[T],
    *,
    repair_rounds: int = 2,
    memory: SchemaMemory | None = None,
) -> T:
    """Return the model's answer as a value of `schema`.

    Each round is a normal, journaled call. A round after a refused `response_format` does not count as
    a repair round, since the model has not answered yet.

    Args:
        request: The question; its `response_format` is replaced, and only its first sample is used.
        repair_rounds: Times the model is shown its own answer and what is wrong with it.
        memory: What is known of the endpoints; share one for a whole process or run.

    Raises:
        OutputError: If no answer fitted; says what was expected, what was got and what is wrong.
        ModelError, BudgetExceeded: From the calls.
    """
    memory = memory or SchemaMemory()
    profile = ask.profile(request.role)
    endpoint = (request.role, profile.model)
    form = memory.form(endpoint, profile.form)
    repairs: tuple[Message, ...] = ()
    rounds = 0
    while True:
        try:
            reply = await ask(_in_form(request, schema, form, repairs))
        except ModelError as error:
            if form == "text" or not _rejects_form(error):
                raise
            form = memory.lower(endpoint, form)
            continue
        sample = reply.completions[0]
        complete = sample.finish_reason != "length"
        if complete and form != "text" and not is_json(sample.text):
            # A server that enforces the form cannot have written this: it ignores the parameter.
            form = memory.lower(endpoint, form)
        try:
            return parse(sample.text, schema, complete=complete)
        except OutputError as error:
            fault = str(error)
        if not complete:
            fault = f"The answer was cut off after {request.max_tokens} tokens. {fault}"
        if rounds >= repair_rounds:
            raise OutputError(
                f"{reply.model} gave no usable answer in {rounds + 1} rounds ({request.purpose}). {fault} "
                f"Its last words were {sample.text[-200:]!r}. Set a stronger model for the role "
                f"{request.role!r}, or raise max_tokens.",
                model=reply.model,
            )
        rounds += 1
        repairs = _repair(sample.text, fault, schema, complete)


def _rejects_form(error: ModelError) -> bool:
    """Return whether a server may have refused the parameter: a plain 4xx or "not implemented"."""
    return (type(error) is ModelError and error.status in (400, 415, 422)) or error.status == 501


def _in_form(
    request: ModelRequest, schema: type[BaseModel], form: Form, repairs: tuple[Message, ...]
) -> ModelRequest:
    messages = request.messages
    response_format: dict[str, Any] | None = None
    if form == "json_schema":
        response_format = schema_format(schema)
    else:
        messages = _with_instruction(messages, schema)
        if form == "json_object":
            response_format = {"type": "json_object"}
    return request.model_copy(
        update={"messages": messages + repairs, "response_format": response_format, "n": 1}
    )


def _with_instruction(messages: tuple[Message, ...], schema: type[BaseModel]) -> tuple[Message, ...]:
    """Append the schema to the last message: many chat templates allow no second system message."""
    words = "\n\nAnswer with one JSON object and nothing else. It must fit this JSON schema:\n" + json.dumps(
        _plain_schema(schema), ensure_ascii=False
    )
    if not messages:
        return (Message(role="user", content=words.strip()),)
    last = messages[-1]
    return (*messages[:-1], last.model_copy(update={"content": last.content + words}))


def _repair(text: str, fault: str, schema: type[BaseModel], complete: bool) -> tuple[Message, ...]:
    if len(text) > _LONGEST_QUOTE:
        text = text[:_LONGEST_QUOTE] + " …"
    advice = "" if complete else " Be much shorter."
    return (
        # Some chat templates refuse an empty turn.
        Message(role="assistant", content=text or "(no answer)"),
        Message(
            role="user",
            content=f"That is not usable. {fault} Answer again with only one JSON object with "
            f"{expectation(schema)}.{advice}",
        ),
    )


def schema_format(schema: type[BaseModel]) -> dict[str, Any]:
    """Return OpenAI's `response_format` for a schema.

    In strict mode every object lists all its fields as required and allows no others. A schema with free
    keys (`dict[str, ...]`) cannot say so; it is sent with `strict` false.
    """
    # Building it takes a millisecond; a copy is returned because an adapter may change it in place.
    wanted: dict[str, Any] = json.loads(_format_text(schema))
    return wanted


@lru_cache(maxsize=256)
def _format_text(schema: type[BaseModel]) -> str:
    plain = _plain_schema(schema)
    strict = _close(plain)
    return json.dumps({
        "type": "json_schema",
        "json_schema": {"name": schema.__name__, "schema": plain, "strict": strict},
    })  # fmt: skip


def _plain_schema(schema: type[BaseModel]) -> dict[str, Any]:
    return schema.model_json_schema(by_alias=True)


def _close(node: Any) -> bool:
    """Close every object of a JSON schema in place; return False if one has free keys."""
    if isinstance(node, list):
        return _close_all(node)
    if not isinstance(node, dict):
        return True
    closed = True
    if node.get("type") == "object":
        if "properties" in node and not isinstance(node.get("additionalProperties"), dict):
            node["additionalProperties"] = False
            node["required"] = list(node["properties"])
        else:
            closed = False
    node.pop("default", None)
    for name in ("properties", "$defs"):
        closed = _close_all(node.get(name, {}).values()) and closed
    for name in ("items", "prefixItems", "anyOf", "allOf", "oneOf"):
        closed = _close(node.get(name)) and closed
    return closed


def _close_all(nodes: Iterable[Any]) -> bool:
    closed = True
    for node in nodes:
        closed = _close(node) and closed
    return closed
