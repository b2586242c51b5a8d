"""One route: what it takes, what it gives, who answers it. The router and the OpenAPI document are made of the same values."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agot.errors import AgotError
from agot.web.complaints import LOGGER
from agot.web.faults import HttpFault, translated

M = TypeVar("M", bound=BaseModel)

Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter in the query or a header.

    Attributes:
        schema: JSON schema of its value.
    """

    name: str
    schema: Mapping[str, Any]
    about: str = ""
    where: str = "query"
    required: bool = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path.

    Attributes:
        path: With names in braces; `{run}` may be a beginning of the id.
        body: What is sent, or None.
        body_required: A request without a body is refused.
        gives: Status to what is told: a model, or a media type for anything else.
        faults: Further statuses with the shape of an error; 400, 401, 403 and 413 are always possible.
    """

    method: str
    path: str
    name: str
    about: str
    handler: Handler
    gives: Mapping[int, type[BaseModel] | str]
    body: type[BaseModel] | None = None
    body_required: bool = True
    parameters: tuple[Parameter, ...] = ()
    faults: tuple[int, ...] = ()
    tags: tuple[str, ...] = field(default=("runs",))


def routes(operations: list[Operation]) -> list[Route]:
    """Return the routes; a path that several operations share is one route, so that a wrong method is a 405."""
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in operations:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    return [
        Route(path, _endpoint(methods), methods=list(methods), name=path) for path, methods in by_path.items()
    ]


def _endpoint(methods: Mapping[str, Operation]) -> Handler:
    async def answer(request: Request) -> Response:
        # Starlette lets HEAD in wherever GET is.
        operation = methods.get(request.method) or methods["GET"]
        try:
            _checked_query(request, operation)
            return await operation.handler(request)
        except ClientDisconnect:
            LOGGER.warning("agot: A client left in the midst of what it was sending.")
            # Nobody reads this.
            return Response(status_code=400)
        except HttpFault as fault:
            return fault.response()
        except AgotError as error:
            return translated(error).response()

    return answer


def _checked_query(request: Request, operation: Operation) -> None:
    known = {parameter.name for parameter in operation.parameters if parameter.where == "query"} | {"token"}
    for name in request.query_params:
        if name not in known:
            offered = ", ".join(sorted(known - {"token"})) or "none"
            raise HttpFault(
                400, f"There is no parameter {name[:80]!r} here. Known: {offered}.", param=name[:80]
            )


def told(value: BaseModel, status: int = 200) -> Response:
    """Return a value as JSON."""
    return Response(value.model_dump_json(), status, media_type="application/json")


def told_raw(value: Any, status: int = 200) -> JSONResponse:
    """Return JSON values as they are, unchecked: for what may be large."""
    return JSONResponse(value, status)


async def sent(request: Request, model: type[M], *, required: bool = True) -> M:
    """Return the body of a request.

    Raises:
        HttpFault: If it is not JSON, or does not fit; names the field and the reason.
    """
    body = await request.body()
    if not body and not required:
        return model()
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        # A page of another site can send forms and plain text unasked, but not this.
        raise HttpFault(
            415, f"The content type is {kind[:80]!r}; expected application/json.", code="content_type"
        )
    try:
        # Kept by the request, for whoever passes it on.
        value = await request.json()
    except (ValueError, RecursionError) as error:
        raise HttpFault(400, f"The body is not JSON: {error}.", code="json") from None
    return checked(value, model)


def checked(value: Any, model: type[M]) -> M:
    """Return JSON values as a request.

    Raises:
        HttpFault: 400, if they do not fit; names the field and the reason.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        faults = [
            (_path(value, one["loc"], missing=one["type"] == "missing"), one)
            for one in error.errors(include_url=False, include_context=False)
        ]
        # Where a value may be of several kinds, the complaint that goes deepest is about the kind that was meant.
        # Of those that go equally deep, one that is of the right kind goes before those that name another kind.
        path, first = max(faults, key=lambda fault: (len(fault[0]), not fault[1]["type"].endswith("_type")))
        kinds = [one for other, one in faults if other == path and one["type"].endswith("_type")]
        told = kinds if first in kinds else [first]
        texts = dict.fromkeys(_SAID.get(one["type"], one["msg"]) for one in told)
        said = " or ".join(
            text if not n else text.removeprefix("Input should be ") for n, text in enumerate(texts)
        )
        where = ".".join(path)
        raise HttpFault(
            400, f"{where or 'The body'}: {said}.", code=first["type"], param=where or None
        ) from None
    except RecursionError:
        raise HttpFault(400, "The body is nested too deeply.", code="json") from None


_SAID = {kind: "Input should be an object" for kind in ("model_type", "model_attributes_type", "dict_type")}
"""Messages of pydantic's that would name classes of ours, or things of Python's."""


def _path(value: Any, loc: tuple[int | str, ...], *, missing: bool) -> list[str]:
    """Return where a fault is in the JSON that was sent.

    Args:
        loc: pydantic's own account, which also names the kinds that were tried where there are several.
        missing: The last part is not there, and that is the fault.
    """
    path: list[str] = []
    for place, part in enumerate(loc):
        there = (
            part in value if isinstance(value, dict) else isinstance(value, list) and isinstance(part, int)
        )
        if there:
            value = value[part]
        elif not (missing and place == len(loc) - 1):
            continue
        path.append(str(part))
    return path


def number(request: Request, name: str, default: int, *, least: int, most: int) -> int:
    """Return a whole number of the query.

    Raises:
        HttpFault: If it is none, or out of range.
    """
    text = request.query_params.get(name)
    if text is None:
        return default
    # isascii: int() reads digits of every script.
    value = int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else -1
    if not least <= value <= most:
        raise HttpFault(
            400, f"{name} is {text[:40]!r}; expected a whole number from {least} to {most}.", param=name
        )
    return value
