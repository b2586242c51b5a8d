"""A typed function becomes a tool."""

from __future__ import annotations

import datetime
import json
from typing import Any, Literal

import pytest
from pydantic import BaseModel

from agot.errors import SetupError, ToolError
from agot.tools.tool import tool


class Place(BaseModel):
    """A place."""

    name: str
    floor: int = 0


@tool
def book(
    room: Literal["red", "blue"], day: datetime.date, seats: int = 2, *, place: Place | None = None
) -> str:
    """Book a room.

    Only for a day that is to come.

    Args:
        room: Which one.
        day: As YYYY-MM-DD,
            in the local calendar.
        seats (int): From 1: how many.

    Returns:
        A confirmation.
    """
    return f"{room} {day.year} {seats} {place and place.name}"


def test_name_description_and_schema_come_from_the_function() -> None:
    assert (book.name, book.description) == ("book", "Book a room.\n\nOnly for a day that is to come.")
    properties = book.parameters["properties"]
    assert properties["room"] == {"description": "Which one.", "enum": ["red", "blue"], "type": "string"}
    assert properties["day"]["description"] == "As YYYY-MM-DD, in the local calendar."
    assert properties["seats"] == {"default": 2, "description": "From 1: how many.", "type": "integer"}
    assert book.parameters["required"] == ["room", "day"]
    assert book.parameters["additionalProperties"] is False
    json.dumps(book.parameters)


async def test_arguments_are_read_as_the_types_say() -> None:
    assert await book.invoke({"room": "red", "day": "2030-01-02", "seats": "3"}) == "red 2030 3 None"
    assert await book.invoke({"room": "red", "day": "2030-01-02", "place": {"name": "x"}}) == "red 2030 2 x"


async def test_wrong_arguments_are_told_so_that_a_model_can_mend_them() -> None:
    with pytest.raises(ToolError) as raised:
        await book.invoke({"room": "green", "seats": [], "sets": 1})
    text = str(raised.value)
    for part in (
        "room: Input should be 'red' or 'blue' (got 'green')",
        "day: Field required",
        "sets: Extra",
        "Expected: {",
    ):
        assert part in text
    assert "pydantic.dev" not in text


async def test_parameters_may_be_called_as_pydantic_calls_its_own() -> None:
    @tool
    def odd(json: str, schema: int, copy: bool, model_config: int, _private: int = 1) -> str:
        """Take odd names."""
        return f"{json} {schema} {copy} {model_config} {_private}"

    assert await odd.invoke({"json": "a", "schema": 1, "copy": True, "model_config": 2}) == "a 1 True 2 1"
    assert set(odd.parameters["properties"]) == {"json", "schema", "copy", "model_config", "_private"}


async def test_async_functions_and_callable_objects_work() -> None:
    @tool(name="named", description="Double.", timeout_s=1, calls=2, concurrency=1, side_effects=True)
    async def double(x: int) -> int:
        return 2 * x

    class Adder:
        async def __call__(self, x: int) -> int:
            """Add one."""
            return x + 1

    assert (double.name, await double.invoke({"x": 4}), double.calls, double.side_effects) == (
        "named",
        "8",
        2,
        True,
    )
    adder = tool(Adder())
    assert (adder.name, await adder.invoke({"x": 4})) == ("Adder", "5")


def test_what_cannot_be_a_tool_is_refused() -> None:
    def untyped(x) -> str:  # type: ignore[no-untyped-def]
        """Do."""
        return ""

    def starred(*x: int) -> str:
        """Do."""
        return ""

    def silent(x: int) -> str:
        return ""

    def strange(x: type[Any] | object, y: tool) -> str:  # type: ignore[valid-type]
        """Do."""
        return ""

    def unknown(x: Missing) -> str:  # type: ignore[name-defined]  # noqa: F821
        """Do."""
        return ""

    for function in (untyped, starred, silent, strange, unknown, lambda: 1):
        with pytest.raises(SetupError):
            tool(function)
    for wrong in (
        {"name": "a b"},
        {"timeout_s": 0},
        {"timeout_s": float("inf")},
        {"concurrency": 0},
        {"output_chars": 0},
    ):
        with pytest.raises(SetupError):
            tool(description="Do.", **wrong)(len_of)  # type: ignore[call-overload]


def len_of(text: str) -> int:
    """Count."""
    return len(text)
