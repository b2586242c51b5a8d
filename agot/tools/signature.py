"""The parameters of a function: as JSON schema for a model, and as a check of what the model sends."""

from __future__ import annotations

import inspect
import json
import re
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo

from agot.errors import SetupError, ToolError

_MOST_COMPLAINTS = 5
_MOST_CHARS = 200

_SECTION = re.compile(
    r"\s*(Args|Arguments|Returns?|Yields?|Raises|Attributes|Examples?|Notes?|Source):\s*\S*.*"
)
_ARGUMENT = re.compile(r"(\s*)\*{0,2}(\w{1,64})(?: ?\([^)]{0,200}\))?:\s*(.*)")


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function takes.

    Attributes:
        description: The docstring up to its first section.
        schema: JSON schema of the arguments.
    """

    description: str
    schema: dict[str, Any]
    _model: type[BaseModel]
    _names: dict[str, str]

    @classmethod
    def of(cls, function: Callable[..., Any], name: str) -> Signature:
        """Read a function's annotations and docstring.

        Raises:
            SetupError: If a parameter has no type, or one that no JSON stands for.
        """
        called = function if inspect.isroutine(function) else type(function).__call__
        description, about = _described(inspect.getdoc(function) or inspect.getdoc(called) or "")
        types = _types(called, name)
        fields: dict[str, Any] = {}
        names: dict[str, str] = {}
        for place, parameter in enumerate(inspect.signature(function).parameters.values()):
            if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
                raise SetupError(
                    f"The tool {name!r} takes {parameter}; a tool's parameters are called by name."
                )
            if parameter.name not in types:
                raise SetupError(
                    f"The parameter {parameter.name!r} of the tool {name!r} has no type. Annotate it."
                )
            default = ... if parameter.default is parameter.empty else parameter.default
            # Own names, because a parameter may be called what a model's attributes are called.
            own = f"a{place}"
            names[own] = parameter.name
            fields[own] = (types[parameter.name], _field(default, parameter.name, about.get(parameter.name)))
        try:
            model = create_model(name, __config__=ConfigDict(extra="forbid"), **fields)
            schema = model.model_json_schema(by_alias=True)
        except (PydanticUserError, TypeError, NameError) as error:
            raise SetupError(
                f"The parameters of the tool {name!r} cannot be written as JSON schema: {error}"
            ) from None
        return cls(description, _untitled(schema), model, names)

    def checked(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the arguments as the function takes them.

        Raises:
            ToolError: If they do not fit; the text tells a model what to change.
        """
        try:
            model = self._model.model_validate(dict(arguments))
        except ValidationError as error:
            raise ToolError(self._complaint(error)) from None
        return {
            name: getattr(model, own) for own, name in self._names.items() if own in model.model_fields_set
        }

    def _complaint(self, error: ValidationError) -> str:
        lines = []
        for fault in error.errors(include_url=False)[:_MOST_COMPLAINTS]:
            where = ".".join(str(part) for part in fault["loc"]) or "arguments"
            got = "" if fault["type"] == "missing" else f" (got {_cut(repr(fault['input']))})"
            lines.append(f"- {where}: {fault['msg']}{got}")
        left = error.error_count() - len(lines)
        if left > 0:
            lines.append(f"- and {left} more")
        expected = json.dumps(self.schema.get("properties", {}), ensure_ascii=False)
        return "The arguments do not fit:\n" + "\n".join(lines) + f"\nExpected: {_cut(expected, 2000)}"


def _cut(text: str, most: int = _MOST_CHARS) -> str:
    return text if len(text) <= most else f"{text[:most]}..."


def _field(default: Any, name: str, about: str | None) -> FieldInfo:
    field: FieldInfo = Field(default, alias=name, description=about)
    return field


def _types(function: Callable[..., Any], name: str) -> dict[str, Any]:
    try:
        return typing.get_type_hints(function, include_extras=True)
    except (NameError, TypeError) as error:
        raise SetupError(
            f"The types of the tool {name!r} cannot be read: {error}. Define them before it."
        ) from None


def _described(doc: str) -> tuple[str, dict[str, str]]:
    """Split a docstring into what stands before its sections, and its arguments."""
    before: list[str] = []
    about: dict[str, str] = {}
    section, current, indent = "", "", 0
    for line in doc.splitlines():
        head = _SECTION.fullmatch(line)
        if head and not line[:1].isspace():
            section, current = head[1], ""
            continue
        if not section:
            before.append(line)
        elif section in ("Args", "Arguments"):
            named = _ARGUMENT.fullmatch(line)
            if named and (not current or len(named[1]) <= indent):
                current, indent = named[2], len(named[1])
                about[current] = named[3].strip()
            elif current:
                about[current] = f"{about[current]} {line.strip()}".strip()
    return "\n".join(before).strip(), about


def _untitled(schema: Any) -> Any:
    """Drop the titles that pydantic makes of names: they tell a model nothing."""
    if isinstance(schema, list):
        return [_untitled(inner) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _untitled(inner) for key, inner in schema.items() if key != "title" or not isinstance(inner, str)
    }
