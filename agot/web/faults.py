"""Errors over HTTP: one shape, OpenAI's, for every route."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse

from agot.errors import AgotError, NotStored, RunHeld, SetupError, StoreError
from agot.redaction import redacted_message

NOT_REPEATED = {"x-should-retry": "false"}
"""Header of a fault that models were asked before: the official clients would pay for the same again by themselves."""


class HttpFault(Exception):
    """An error that is told to the client as it is.

    Attributes:
        status: HTTP status.
        kind: OpenAI's `type`: "invalid_request_error", "not_found_error", "rate_limit_error", "server_error", ...
        code: A word for programs, or None.
        param: The field of the request that is wrong, or None.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "",
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        # What is wrong with a request is often said in the request's own words.
        message = redacted_message(message)
        self.status, self.message, self.code, self.param = status, message, code, param
        self.kind = kind or _KINDS.get(status, "server_error" if status >= 500 else "invalid_request_error")
        self.headers = dict(headers or {})
        super().__init__(message)

    def about(self, ours: str, theirs: str) -> HttpFault:
        """Return the same fault of a request in which a field has another name.

        Args:
            ours: The field as this fault names it, if it does.
        """
        if self.param is None or self.param.partition(".")[0] != ours:
            return self
        message = f"{theirs}: {self.message.removeprefix(self.param + ': ')}"
        return HttpFault(
            self.status, message, kind=self.kind, code=self.code, param=theirs, headers=self.headers
        )

    def body(self) -> dict[str, Any]:
        """Return OpenAI's error object."""
        return {"error": {"message": self.message, "type": self.kind, "param": self.param, "code": self.code}}

    def response(self) -> JSONResponse:
        """Return the whole response."""
        return JSONResponse(self.body(), self.status, self.headers)


_KINDS = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    429: "rate_limit_error",
}


def not_found(what: str) -> HttpFault:
    """Return the 404 for something that is not there."""
    return HttpFault(404, f"There is no {what}.", code="not_found")


def busy(retry_after_s: int, what: str) -> HttpFault:
    """Return the 429 for a bound that is reached."""
    return HttpFault(
        429, f"{what} Try again in {retry_after_s} s.", code="busy", headers={"retry-after": str(retry_after_s)}
    )  # fmt: skip


def translated(error: AgotError) -> HttpFault:
    """Return what an error of ours means over HTTP."""
    if isinstance(error, SetupError):
        return HttpFault(400, str(error), code="setup")
    if isinstance(error, NotStored):
        return HttpFault(404, str(error), code="not_found")
    if isinstance(error, RunHeld):
        return HttpFault(409, str(error), code="running")
    if isinstance(error, StoreError):
        return HttpFault(503, str(error), code="database")
    return HttpFault(500, str(error), code=type(error).__name__)
