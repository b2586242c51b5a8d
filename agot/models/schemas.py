"""JSON schemas that others wrote, applied to what models answer, within bounds.

A schema of a few lines can keep a validator busy for days: by a pattern that backtracks, or by references that double at
every level. Patterns are matched with a limit on time, and the references that one check follows are counted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from pydantic import RootModel, model_validator

from agot.errors import SetupError
from agot.models.json_text import parse

LONGEST_SCHEMA = 100_000
_MOST_REFERENCES = 10_000
_MOST_COMPLAINTS = 5
_LONGEST_PATTERN = 1_000
_PATTERN_TIMEOUT_S = 0.2


class Schema:
    """A JSON schema, draft 2020-12 unless its `$schema` says otherwise.

    Args:
        document: The schema.

    Raises:
        SetupError: If it is none, or asks for what is not done: references that leave it, `patternProperties`.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = dict(document)
        validators, referencing = import_module("jsonschema.validators"), import_module("referencing")
        try:
            if len(json.dumps(self.document)) > LONGEST_SCHEMA:
                raise SetupError(f"The schema has more than {LONGEST_SCHEMA:,} characters. Shorten it.")
            base = validators.validator_for(self.document, default=validators.Draft202012Validator)
            base.check_schema(self.document)
            _refuse_unbounded(self.document)
            _refuse_lost(self.document)
        except import_module("jsonschema.exceptions").SchemaError as error:
            raise SetupError(f"The schema is no JSON Schema: {str(error.message)[:300]}. Mend it.") from None
        except RecursionError:
            raise SetupError("The schema is nested too deeply. Flatten it.") from None
        except SetupError:
            raise
        except Exception as error:  # noqa: BLE001 - whoever reads a schema that is none raises what he likes
            raise SetupError(f"The schema is no JSON Schema: {str(error)[:300]}. Mend it.") from None
        self._followed = 0
        kind = validators.extend(base, {"pattern": _pattern, "$ref": self._counted(base.VALIDATORS["$ref"])})
        # With a registry of its own, the validator does not load references from the network.
        self._validator: Any = kind(self.document, registry=referencing.Registry())
        self._unresolvable = import_module("referencing.exceptions").Unresolvable

    def _counted(self, follow: Any) -> Any:
        def counted(validator: Any, reference: Any, instance: Any, schema: Any) -> Any:
            self._followed += 1
            if self._followed > _MOST_REFERENCES:
                raise _TooMuch
            return follow(validator, reference, instance, schema)

        return counted

    def faults(self, value: Any) -> list[str]:
        """Return what is wrong with a value, at most five things; nothing if it fits."""
        self._followed = 0
        try:
            json.dumps(value, allow_nan=False)
            found = [
                f"{error.json_path}: {error.message[:200]}"
                for error, _ in zip(self._validator.iter_errors(value), range(_MOST_COMPLAINTS), strict=False)
            ]
        except ValueError:
            return ["it holds a number that JSON has not"]
        except self._unresolvable as error:
            return [f"the schema refers to what it does not hold: {str(error)[:200]}"]
        except (_TooMuch, RecursionError):
            return ["the schema refers to itself too often to be applied"]
        except Exception as error:  # noqa: BLE001 - as above
            return [f"the schema could not be applied: {str(error)[:200]}"]
        return found

    def fitted(self, text: str) -> str:
        """Return the JSON that a model's text holds and that fits, without what stands around it.

        Raises:
            OutputError: If nothing in it fits; says what is wrong.
        """
        return parse(text, value_of(self)).model_dump_json()


class _TooMuch(Exception):
    pass


def value_of(schema: Schema) -> type[RootModel[Any]]:
    """Return a type of pydantic's whose values are those that fit a schema."""

    class Answer(RootModel[Any]):
        @model_validator(mode="after")
        def _fits(self) -> Answer:
            if faults := schema.faults(self.root):
                raise ValueError("; ".join(faults))
            return self

        @classmethod
        def model_json_schema(cls, *arguments: Any, **named: Any) -> dict[str, Any]:
            # As it was written: pydantic would look for references of its own. A copy, since who is given it may change it.
            copy: dict[str, Any] = json.loads(json.dumps(schema.document))
            return copy

    return Answer


def _pattern(validator: Any, pattern: Any, instance: Any, schema: Any) -> Iterator[Any]:
    if not isinstance(instance, str):
        return
    fault = import_module("jsonschema.exceptions").ValidationError
    try:
        found = import_module("regex").search(pattern, instance, timeout=_PATTERN_TIMEOUT_S)
    except TimeoutError:
        yield fault(f"matching {pattern!r} takes too long")
        return
    if found is None:
        yield fault(f"{instance!r} does not match {pattern!r}")


_INNER = ("items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames",
          "unevaluatedItems", "unevaluatedProperties", "additionalItems")  # fmt: skip
_LISTED = ("items", "prefixItems", "anyOf", "oneOf", "allOf")
_NAMED = ("properties", "$defs", "definitions", "dependentSchemas", "dependencies")


def _refuse_unbounded(schema: Any) -> None:
    """Raise SetupError for what could not be applied within bounds, wherever it stands in a schema."""
    if not isinstance(schema, dict):
        return
    for name in ("patternProperties", "$dynamicRef", "$recursiveRef"):
        if name in schema:
            raise SetupError(f"The schema has {name!r}, which is not applied here. Say it without.")
    reference = schema.get("$ref")
    if isinstance(reference, str) and not reference.startswith("#"):
        raise SetupError(f"The schema refers to {reference[:80]!r}; only what begins with # is followed.")
    pattern = schema.get("pattern")
    if isinstance(pattern, str):
        _refuse_pattern(pattern)
    for name in _INNER:
        _refuse_unbounded(schema.get(name))
    for name in _LISTED:
        for one in schema[name] if isinstance(schema.get(name), list) else ():
            _refuse_unbounded(one)
    for name in _NAMED:
        for one in schema[name].values() if isinstance(schema.get(name), dict) else ():
            _refuse_unbounded(one)


def _refuse_lost(document: dict[str, Any]) -> None:
    """Raise SetupError for references to what is not there; names of its own (`$id`) change where references begin."""
    text = json.dumps(document)
    if '"$id"' in text or '"$ref"' not in text:
        return
    referencing, draft = import_module("referencing"), import_module("referencing.jsonschema").DRAFT202012
    whole = referencing.Resource.from_contents(document, default_specification=draft)
    resolver = referencing.Registry().with_resource("", whole).resolver()
    for reference in dict.fromkeys(_references(document)):
        try:
            resolver.lookup(reference)
        except import_module("referencing.exceptions").Unresolvable:
            raise SetupError(
                f"The schema refers to {reference[:80]!r}, which it does not hold. Add it."
            ) from None


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        value = list(value.values())
    for one in value if isinstance(value, list) else ():
        yield from _references(one)


def _refuse_pattern(pattern: str) -> None:
    regex = import_module("regex")
    # Repetitions are written out when a pattern is compiled, and nested ones multiply.
    times = [
        int(most or least or 1) for least, most in regex.findall(r"\{(\d{0,9})(?:,(\d{0,9}))?\}", pattern)
    ]
    size = len(pattern)
    for one in times:
        size *= max(1, one)
    if len(pattern) > _LONGEST_PATTERN or size > 1_000_000:
        raise SetupError(f"The pattern {pattern[:80]!r} is too large once it is written out. Shorten it.")
    try:
        regex.compile(pattern)
    except (regex.error, RecursionError) as error:
        raise SetupError(
            f"The pattern {pattern[:80]!r} cannot be read: {str(error)[:200]}. Mend it."
        ) from None
