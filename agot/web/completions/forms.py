"""The form of an answer that a client asks for: what `response_format` means."""

from __future__ import annotations

import json
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from typing import Any

from agot.errors import OutputError, SetupError
from agot.models.schemas import Schema
from agot.web.events import chunk_of, event_of
from agot.web.faults import NOT_REPEATED, HttpFault

OBJECT: Mapping[str, Any] = {"type": "object"}
"""The schema behind the form "json_object"."""

REPAIRS = 2
"""Times that a model whose reply is passed on is shown what is wrong with its form."""


def form_of(response_format: Mapping[str, Any] | None, param: str = "response_format") -> Schema | None:
    """Return the schema that an answer has to fit; None if any text will do.

    Args:
        response_format: OpenAI's.
        param: Its name in the request.

    Raises:
        HttpFault: 400, if it is none, or asks for what is not done.
    """
    kind = "text" if response_format is None else response_format.get("type")
    if response_format is None or kind == "text":
        return None
    if kind == "json_object":
        return Schema(OBJECT)
    if kind != "json_schema":
        raise HttpFault(
            400, f"{param}.type is {str(kind)[:80]!r}; expected text, json_object or json_schema.", code=param,
            param=f"{param}.type",
        )  # fmt: skip
    # Chat completions put name and schema into an object of their own, responses beside the type.
    within = response_format.get("json_schema", response_format)
    schema = within.get("schema") if isinstance(within, Mapping) else None
    where = f"{param}.json_schema.schema" if "json_schema" in response_format else f"{param}.schema"
    if not isinstance(schema, dict):
        raise HttpFault(400, f"{where}: Input should be an object.", code=param, param=where)
    try:
        return Schema(schema)
    except SetupError as error:
        raise HttpFault(400, f"{where}: {error}", code=param, param=where) from None


def fault_of(said: str, form: Schema) -> str:
    """Return what keeps a reply that is passed on from being of a form, "" for nothing."""
    try:
        return "; ".join(form.faults(json.loads(said)))
    except (ValueError, RecursionError):
        return "it is not JSON and nothing else"


def fitted(said: str, form: Schema) -> str | None:
    """Return what of a reply fits the form, without what stands around it; None if nothing does.

    A reply that fits as it is stays as it is.
    """
    if not fault_of(said, form):
        return said
    try:
        return form.fitted(said)
    except OutputError:
        return None


async def checked_stream(events: AsyncIterable[Any], form: Schema) -> AsyncIterator[Any]:
    """Pass the events of a reply on as they come; one that is not of its form ends with an error instead of its end."""
    said: list[str] = []
    async for event in events:
        chunk = chunk_of(event)
        choices = chunk.get("choices") or [{}]
        delta = choices[0].get("delta") or {}
        said.append(delta.get("content") or "")
        if choices[0].get("finish_reason") == "stop" and (fault := fault_of("".join(said), form)):
            text = f"The model's reply is not of the form that was asked for: {fault}."
            yield event_of(HttpFault(502, text, code="response_format", headers=NOT_REPEATED).body())
            return
        yield event
