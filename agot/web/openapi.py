"""The OpenAPI 3.1 document of all operations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from agot.web.operations import Operation
from agot.web.wire import FaultBody

_ALWAYS = (400, 401, 403, 413)
"""Faults that any operation may have: unusable input, no token, a foreign host or page, too much of it."""

_PATH_NAME = re.compile(r"\{(\w+)(?::\w+)?\}")


def document(operations: Iterable[Operation], *, version: str) -> dict[str, Any]:
    """Return the document as JSON values."""
    operations = list(operations)
    models: set[type[BaseModel]] = {FaultBody}
    for operation in operations:
        models |= {given for given in operation.gives.values() if not isinstance(given, str)}
        if operation.body is not None:
            models.add(operation.body)
    wanted = [(model, "validation") for model in sorted(models, key=lambda model: model.__name__)]
    _, definitions = models_json_schema(wanted, ref_template="#/components/schemas/{model}")  # type: ignore[arg-type]
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        path = _PATH_NAME.sub(r"{\1}", operation.path)
        paths.setdefault(path, {})[operation.method.lower()] = _described(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "AGoT",
            "version": version,
            "description": "Questions answered by graphs of thoughts. Errors have OpenAI's shape.",
        },
        "paths": paths,
        "components": {
            "schemas": definitions.get("$defs", {}),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        # Without a token on loopback, with one elsewhere.
        "security": [{}, {"token": []}],
    }


def _described(operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.about.partition("\n")[0],
        "description": operation.about,
        "tags": list(operation.tags),
        "parameters": [
            *({"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
              for name in _PATH_NAME.findall(operation.path)),
            *({"name": one.name, "in": one.where, "required": one.required, "description": one.about,
               "schema": dict(one.schema)} for one in operation.parameters),
        ],
        "responses": _responses(operation),
    }  # fmt: skip
    if operation.body is not None:
        described["requestBody"] = {
            "required": operation.body_required,
            "content": {"application/json": {"schema": _ref(operation.body)}},
        }
    return described


def _responses(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for status, given in operation.gives.items():
        content: Mapping[str, Any]
        if isinstance(given, str):
            content = {kind.strip(): {} for kind in given.split(",")} if given else {}
        else:
            content = {"application/json": {"schema": _ref(given)}}
        found[str(status)] = {
            "description": HTTPStatus(status).phrase,
            **({"content": content} if content else {}),
        }
    faults = {*_ALWAYS, *operation.faults, *((415,) if operation.body is not None else ())}
    for status in sorted(faults):
        fault = {
            "description": HTTPStatus(status).phrase,
            "content": {"application/json": {"schema": _ref(FaultBody)}},
        }
        found.setdefault(str(status), fault)
    return found


def _ref(model: type[BaseModel]) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{model.__name__}"}
