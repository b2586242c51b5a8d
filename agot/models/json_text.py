"""Finding the JSON that a model meant in the text that it wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, TypeVar

from pydantic import BaseModel, RootModel, ValidationError

from agot.errors import OutputError

T = TypeVar("T", bound=BaseModel)

_LONGEST = 200_000
"""Characters that are looked at; a model's answer is far shorter, a broken server's need not be."""

_LONGEST_MENDED = 20_000
"""Characters of broken JSON that are mended: on the worst texts the mender's time grows with the square."""

_MOST_FENCES = 4

_MOST_STARTS = 100
"""Opening brackets that are tried as the beginning of a JSON value."""

_TAG = re.compile(r"<(/?)(?:think|thinking|reasoning|reflection)>", re.IGNORECASE)
_OPENING = re.compile(r"[{\[]")
_FENCE = re.compile(r"```[\w+-]*[ \t]*\n?(.*?)(?:```|\Z)", re.DOTALL)


def without_reasoning(text: str) -> str:
    """Return the text without its reasoning blocks; chat templates may have eaten the opening tag."""
    kept: list[str] = []
    inside, at = False, 0
    for tag in _TAG.finditer(text):
        if tag.group(1):
            if not inside:
                kept.clear()
            inside, at = False, tag.end()
        elif not inside:
            kept.append(text[at : tag.start()])
            inside = True
    if not inside:
        kept.append(text[at:])
    return "".join(kept).strip()


def parse(text: str, schema: type[T], *, complete: bool = True) -> T:
    """Return the value that a text holds.

    Tried in this order: the text as it is, fenced blocks (the last first, as answers come last), JSON
    values within prose (the last first), and then the same places once more with broken JSON mended.

    Args:
        text: What the model wrote.
        schema: What it should hold.
        complete: False if the answer was cut off; broken JSON is not mended then, since a mended half
            looks like a whole that says less.

    Raises:
        OutputError: If nothing in it fits; says what was found and what is wrong with the best find.
    """
    text = without_reasoning(text[:_LONGEST])
    fault: ValidationError | None = None
    for value in _values(text, mend=complete):
        for candidate in _unwrapped(value):
            try:
                return schema.model_validate(candidate)
            except ValidationError as error:
                # The first fault is about the likeliest place, so it is the one to show.
                fault = fault or error
            except RecursionError:
                continue
    if fault is not None:
        raise OutputError(f"The JSON does not fit: {faults_in_words(fault)}.")
    found = "nothing" if not text else f"text that begins with {text[:80]!r}"
    raise OutputError(f"Expected one JSON object with {expectation(schema)}, got {found}.")


def is_json(text: str) -> bool:
    """Return whether a text is JSON and nothing else, as a server that enforces a schema writes it."""
    return _strict(without_reasoning(text)) is not _NOTHING


def faults_in_words(error: ValidationError, most: int = 6) -> str:
    """Return what is wrong, one clause per place, in words a model can act on."""
    clauses = []
    for fault in error.errors(include_url=False, include_context=False)[:most]:
        place = ".".join(str(part) for part in fault["loc"]) or "the whole"
        got = repr(fault.get("input"))
        clauses.append(f"{place}: {fault['msg']} (got {got if len(got) <= 60 else got[:60] + '…'})")
    more = error.error_count() - len(clauses)
    return "; ".join(clauses) + (f"; and {more} more" if more > 0 else "")


def expectation(schema: type[BaseModel]) -> str:
    """Return the fields of a schema, as a phrase."""
    if issubclass(schema, RootModel):
        return "what its schema asks for"
    names = [repr(field.alias or name) for name, field in schema.model_fields.items()]
    return "the fields " + ", ".join(names) if names else "no fields"


_NOTHING = object()


def _strict(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _NOTHING


def _values(text: str, *, mend: bool) -> Iterator[Any]:
    whole = _strict(text)
    if whole is not _NOTHING:
        yield whole
        return
    fences = [match.group(1).strip() for match in _FENCE.finditer(text)][: -_MOST_FENCES - 1 : -1]
    for block in fences:
        value = _strict(block)
        if value is not _NOTHING:
            yield value
    # A value inside prose is only believed if it is an object or list that is not empty.
    yield from (value for value in reversed(_embedded(text)) if value)
    if mend:
        first = text.find("{")
        last = text.rfind("}")
        places = [
            *fences,
            text[first : last + 1] if 0 <= first < last else "",
            text[first:] if first >= 0 else "",
        ]
        for place in dict.fromkeys(place for place in places if place):
            value = _mended(place[:_LONGEST_MENDED])
            if value:
                yield value


def _embedded(text: str) -> list[Any]:
    """Return the JSON objects and lists within a text, in order; none inside another."""
    decoder = json.JSONDecoder()
    found: list[Any] = []
    at, starts = 0, 0
    while starts < _MOST_STARTS:
        match = _OPENING.search(text, at)
        if match is None:
            break
        starts += 1
        try:
            value, at = decoder.raw_decode(text, match.start())
        except (ValueError, RecursionError):
            at = match.end()
        else:
            found.append(value)
    return found


def _mended(text: str) -> Any:
    import json_repair

    try:
        value = json_repair.loads(text, skip_json_loads=True)
    except (ValueError, TypeError, IndexError, KeyError, AttributeError, RecursionError):
        # The mender guesses; whatever it stumbles over is simply no JSON.
        return None
    return value if isinstance(value, (dict, list)) else None


def _unwrapped(value: Any) -> Iterator[Any]:
    """Yield a value, and what it may only be the wrapping of: a list of one, an object with one field."""
    yield value
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        yield value[0]
    if isinstance(value, dict) and len(value) == 1:
        inner = next(iter(value.values()))
        if isinstance(inner, dict):
            yield inner
