"""Figures for Prometheus: requests, runs, calls, tokens, connections.

With `PROMETHEUS_MULTIPROC_DIR` set, as the client library wants it for servers of several processes, each of them adds to
the same figures.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agot.events import AnyEvent, CallFinished, RunFinished, RunStarted

_SECONDS = (0.005, 0.02, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0)
"""Bounds of all histograms: a look at a run takes milliseconds, a search minutes."""

_SEVERAL = "PROMETHEUS_MULTIPROC_DIR"

NO_ROUTE = "other"
"""Stands for every path that is none of the server's: names of clients' making are no labels."""


class Metrics:
    """The figures of one server.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._registry = at = CollectorRegistry()
        self._requests = Counter(
            "agot_requests", "Requests that were answered.", ("route", "method", "status"), registry=at
        )
        self._request_s = Histogram(
            "agot_request_seconds",
            "Until the end of the response.",
            ("route",),
            registry=at,
            buckets=_SECONDS,
        )
        self._in_flight = Gauge(
            "agot_requests_in_flight", "Requests being answered.", registry=at, multiprocess_mode="livesum"
        )
        self._connections = Gauge(
            "agot_connections", "Open connections of clients.", registry=at, multiprocess_mode="livesum"
        )
        self._runs = Counter("agot_runs", "Runs that ended.", ("status",), registry=at)
        self._run_s = Histogram(
            "agot_run_seconds",
            "From the beginning of an attempt at a run to its end.",
            registry=at,
            buckets=_SECONDS,
        )
        self._at_work = Gauge(
            "agot_runs_in_flight", "Runs at work.", registry=at, multiprocess_mode="livesum"
        )
        self._calls = Counter(
            "agot_calls",
            "Calls of models that were made, replays left out.",
            ("model", "outcome"),
            registry=at,
        )
        self._call_s = Histogram(
            "agot_call_seconds", "How long calls of models took.", ("model",), registry=at, buckets=_SECONDS
        )
        self._tokens = Counter("agot_tokens", "Tokens that calls took.", ("model", "kind"), registry=at)
        self._usd = Counter("agot_cost_usd", "US dollars that calls cost.", ("model",), registry=at)
        self._begun: dict[str, float] = {}

    def read(self, event: AnyEvent) -> None:
        """Count what an event tells; a reader for `SqlStore.readers`."""
        match event:
            case RunStarted():
                self._begun[event.run_id] = self._clock()
                self._at_work.set(len(self._begun))
            case RunFinished():
                began_s = self._begun.pop(event.run_id, None)
                self._at_work.set(len(self._begun))
                self._runs.labels(event.status).inc()
                if began_s is not None:
                    self._run_s.observe(self._clock() - began_s)
            case CallFinished() if not event.replayed:
                usage = event.usage
                self._calls.labels(event.model, "failed" if event.error else "done").inc()
                self._call_s.labels(event.model).observe(event.latency_ms / 1000)
                self._tokens.labels(event.model, "prompt").inc(usage.prompt_tokens)
                self._tokens.labels(event.model, "completion").inc(usage.completion_tokens)
                self._usd.labels(event.model).inc(usage.cost_usd)

    def connected(self, by: int) -> None:
        """Count connections that were opened, or with a negative number closed."""
        self._connections.inc(by)

    def told(self, accept: str) -> tuple[bytes, str]:
        """Return the figures and their media type.

        Args:
            accept: Of the request; the newer format (OpenMetrics) is told to whoever asks for it.
        """
        registry = self._registry
        if os.environ.get(_SEVERAL):
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        encode, kind = choose_encoder(accept)
        return encode(registry), kind

    def measured(self, app: ASGIApp) -> ASGIApp:
        """Return an application whose requests are counted, those that are refused included."""

        async def measuring(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            status = 500

            async def sending(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            began_s = self._clock()
            self._in_flight.inc()
            try:
                await app(scope, receive, sending)
            finally:
                self._in_flight.dec()
                # Only a path of the router's own making is told: it noted the route where it found one.
                route = getattr(scope.get("route"), "path", NO_ROUTE)
                method = scope["method"] if scope["method"] in _METHODS else NO_ROUTE
                self._requests.labels(route, method, str(status)).inc()
                self._request_s.labels(route).observe(self._clock() - began_s)

        return measuring


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
