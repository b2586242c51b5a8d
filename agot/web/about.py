"""What a server tells of itself: its health, its figures, its API."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

import agot
from agot.web import openapi
from agot.web.measuring import Metrics
from agot.web.operations import Operation, told, told_raw
from agot.web.readable import POLICY, page
from agot.web.readiness import Readiness
from agot.web.wire import Health, Ready


class About:
    """Answers requests about the server.

    Args:
        operations: All others, for the document.
    """

    def __init__(self, readiness: Readiness, metrics: Metrics, operations: Sequence[Operation]) -> None:
        self._readiness, self._metrics = readiness, metrics
        self._document = openapi.document([*operations, *self.operations()], version=agot.__version__)
        self._page = page(self._document).encode()

    def operations(self) -> list[Operation]:
        """Return all routes."""
        ready = "Tell whether a question would be taken now: the database is writable, a place is free, the model's server is there."
        return [
            Operation("GET", "/health", "getHealth", "Tell that the server is alive.", self.health, {200: Health},
                      tags=("about",)),
            Operation("GET", "/ready", "getReady", ready, self.ready, {200: Ready, 503: Ready}, tags=("about",)),
            Operation("GET", "/metrics", "getMetrics", "Return figures for Prometheus.", self.metrics,
                      {200: "text/plain,application/openmetrics-text"}, tags=("about",)),
            Operation("GET", "/openapi.json", "getOpenapi", "Return this document.", self.document,
                      {200: "application/json"}, tags=("about",)),
            Operation("GET", "/docs", "getDocs", "Return this document as a page.", self.docs, {200: "text/html"},
                      tags=("about",)),
        ]  # fmt: skip

    async def health(self, request: Request) -> Response:
        return told(Health())

    async def ready(self, request: Request) -> Response:
        lacking = await self._readiness.lacking()
        return JSONResponse({"ready": not lacking, "lacking": lacking}, 503 if lacking else 200)

    async def metrics(self, request: Request) -> Response:
        body, kind = self._metrics.told(request.headers.get("accept", ""))
        return Response(body, headers={"content-type": kind})

    async def document(self, request: Request) -> Response:
        return told_raw(self._document)

    async def docs(self, request: Request) -> Response:
        return Response(self._page, media_type="text/html", headers={"content-security-policy": POLICY})
