"""Checks of an answer as data: JSON under a JSON Schema, or under a pydantic model."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from pydantic import BaseModel, ValidationError

from agot.errors import SetupError
from agot.thought import Solution, Task, Verdict

_LONGEST_ANSWER = 200_000
"""Longer ones are not held against a schema, which may take the square of their length."""
_MOST_COMPLAINTS = 5
_OPENED = re.compile(r"```[ \t]*+\w*+[ \t]*+\n")
_CLOSED = re.compile(r"\n[ \t]*+```")


class NotJson(ValueError):
    """The answer holds no JSON."""


class JsonSchemaCheck:
    """The answer must be JSON under a schema. References to other documents are not followed.

    Being of the right form does not make an answer right: only a violation gives a conclusive verdict.

    Args:
        schema: JSON Schema, draft 2020-12 unless its `$schema` says otherwise. Its patterns are run by `re`
            on the answer; write none that backtrack without end.

    Raises:
        SetupError: If it is no JSON Schema, or the package `jsonschema` is missing.
    """

    name = "json_schema"

    def __init__(self, schema: Mapping[str, Any]) -> None:
        try:
            validators, referencing = import_module("jsonschema.validators"), import_module("referencing")
        except ImportError as error:
            raise SetupError(
                "JsonSchemaCheck needs the package `jsonschema`. Install it: pip install jsonschema"
            ) from error
        document = dict(schema)
        kind = validators.validator_for(document, default=validators.Draft202012Validator)
        try:
            kind.check_schema(document)
        except import_module("jsonschema.exceptions").SchemaError as error:
            raise SetupError(f"The schema is no JSON Schema: {error.message}. Mend it.") from error
        # With a registry of its own, the validator does not load references from the network.
        self._validator: Any = kind(document, registry=referencing.Registry())
        self._unresolvable = import_module("referencing.exceptions").Unresolvable

    def __call__(self, task: Task, solution: Solution) -> Verdict:
        """Return a conclusive 0 naming up to five violations, or an inconclusive 1.

        None if the schema cannot be applied, as to an answer of great length.
        """
        try:
            value = json_of(solution.answer)
            if len(solution.answer) > _LONGEST_ANSWER:
                # Its length alone says nothing against an answer.
                return Verdict(
                    check=self.name, feedback=f"the answer has more than {_LONGEST_ANSWER} characters"
                )
            errors = [
                f"{error.json_path}: {error.message[:200]}" for error in self._validator.iter_errors(value)
            ]
        except NotJson as error:
            errors = [str(error)]
        except (self._unresolvable, RecursionError) as error:
            return Verdict(check=self.name, feedback=f"the schema could not be applied: {str(error)[:200]}")
        return _verdict(self.name, errors)


class ModelCheck:
    """The answer must be JSON that a pydantic model accepts.

    Args:
        model: The model; its validators run on the answer.
        strict: No conversions, such as of "1" to 1.
    """

    name = "model"

    def __init__(self, model: type[BaseModel], *, strict: bool = False) -> None:
        self._model, self._strict = model, strict

    def __call__(self, task: Task, solution: Solution) -> Verdict:
        """Return a conclusive 0 naming up to five violations, or an inconclusive 1."""
        errors: list[str] = []
        try:
            # As JSON, so that strict means what it means for JSON: a list may be a tuple.
            self._model.model_validate_json(json.dumps(json_of(solution.answer)), strict=self._strict)
        except NotJson as error:
            errors = [str(error)]
        except ValidationError as error:
            errors = [
                f"{'.'.join(str(part) for part in one['loc']) or 'the whole'}: {one['msg'][:200]}"
                for one in error.errors(include_url=False, include_context=False, include_input=False)
            ]
        return _verdict(self.name, errors)


def json_of(answer: str) -> Any:
    """Return the value of an answer's JSON: of its only fenced block, or of the whole.

    Raises:
        NotJson: If there is none, or it is too deep.
    """
    blocks = _fenced(answer)
    if len(blocks) > 1:
        raise NotJson("the answer holds several fenced blocks, but must hold one")
    try:
        return json.loads(blocks[0] if blocks else answer, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NotJson(f"the answer is not JSON: {str(error)[:200]}") from error


def _fenced(answer: str) -> list[str]:
    """Return what the fenced blocks of an answer hold; one that is not closed is none."""
    blocks: list[str] = []
    at = 0
    while opened := _OPENED.search(answer, at):
        closed = _CLOSED.search(answer, opened.end())
        if closed is None:
            break
        blocks.append(answer[opened.end() : closed.start()])
        at = closed.end()
    return blocks


def _refuse(constant: str) -> None:
    raise NotJson(f"{constant} is no JSON")


def _verdict(check: str, errors: list[str]) -> Verdict:
    if not errors:
        return Verdict(check=check, reward=1.0)
    more = f"; and {len(errors) - _MOST_COMPLAINTS} more" if len(errors) > _MOST_COMPLAINTS else ""
    feedback = "; ".join(errors[:_MOST_COMPLAINTS]) + more
    return Verdict(check=check, reward=0.0, feedback=feedback, conclusive=True)
