"""A run as OpenTelemetry spans: one for the run, one for each thought below it, one for each call below its thought.

What a span is called and which attributes it has follows OpenTelemetry's semantic conventions for generative AI; what these
have no word for is named `agot.*`. Ids derive from those of the run, so that a span is the same however often it is sent.
Texts of questions and answers are attributes, bodies of calls are not: they can be large, and private.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from agot.errors import StoreError

_PATH = "/v1/traces"
_SCOPE = {"name": "agot"}
_INTERNAL, _CLIENT = 1, 3
_OK, _ERROR = 1, 2
_LONGEST_TEXT = 4_000


def otlp(exported: Mapping[str, Any]) -> dict[str, Any]:
    """Return an exported run (`SqlStore.export`) as the JSON of an OTLP trace request."""
    resource = {"attributes": _attributes({"service.name": "agot"})}
    scope_spans = [{"scope": _SCOPE, "spans": list(_spans(exported))}]
    return {"resourceSpans": [{"resource": resource, "scopeSpans": scope_spans}]}


async def push(
    exported: Mapping[str, Any], *, endpoint: str, headers: Mapping[str, str], timeout_s: float
) -> None:
    """Send an exported run to an OTLP/HTTP collector.

    Args:
        endpoint: Its address; `/v1/traces` is added where it is missing.

    Raises:
        StoreError: If it could not be sent.
    """
    import httpx

    url = endpoint.rstrip("/")
    url = url if url.endswith(_PATH) else f"{url}{_PATH}"
    content = json.dumps(otlp(exported), ensure_ascii=True).encode()
    try:
        async with httpx.AsyncClient(timeout=timeout_s, trust_env=False) as client:
            sent = await client.post(
                url, content=content, headers={**headers, "content-type": "application/json"}
            )
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise StoreError(f"The run could not be told to {url}: {error or type(error).__name__}.") from None
    if not sent.is_success:
        raise StoreError(f"The run could not be told to {url}: it answered with HTTP {sent.status_code}.")


def _spans(exported: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    run = exported["run"]
    run_id, began_s, attempt = run["run_id"], run["created_s"], run["attempt"]
    now_s = max([began_s, *(event["at_s"] for event in exported["events"])])
    trace = _digest(run_id, 16)
    top = _digest(f"{run_id} run", 8)

    def span(
        name: str, key: str, parent: str, start_s: float, end_s: float, attributes: Mapping[str, Any], *,
        kind: int = _INTERNAL, error: str | None = None,
    ) -> dict[str, Any]:  # fmt: skip
        made = {
            "traceId": trace, "spanId": key, "name": name, "kind": kind,
            "startTimeUnixNano": _nanoseconds(start_s), "endTimeUnixNano": _nanoseconds(max(start_s, end_s)),
            "attributes": _attributes(attributes),
            "status": {"code": _OK} if error is None else {"code": _ERROR, "message": error},
        }  # fmt: skip
        return made | ({"parentSpanId": parent} if parent else {})

    usage = run["usage"]
    failed = None if run["status"] in ("answered", "abstained") else run["reason"] or run["status"]
    yield span("invoke_agent agot", top, "", began_s, run["finished_s"] or now_s, {
        "gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "agot", "gen_ai.conversation.id": run_id,
        "gen_ai.request.model": run["model"], "gen_ai.usage.input_tokens": usage["prompt_tokens"],
        "gen_ai.usage.output_tokens": usage["completion_tokens"], "agot.run": run_id, "agot.status": run["status"],
        "agot.strategy": run["strategy"], "agot.question": _cut(run["question"]), "agot.answer": _cut(run["answer"]),
        "agot.cost_usd": usage["cost_usd"], "agot.calls": usage["calls"],
        **({"error.type": run["error"] or run["status"]} if failed else {}),
    }, error=failed)  # fmt: skip
    thoughts = {
        one["thought"]: one
        for one in exported["thoughts"]
        if one["attempt"] == attempt and one["started_s"] is not None
    }
    for name, one in thoughts.items():
        above = one["parent_graph"]
        wrong = one["reason"] or "failed" if one["status"] == "failed" else None
        yield span(
            f"thought {name}", _digest(f"{run_id} thought {name}", 8),
            _digest(f"{run_id} thought {above}", 8) if above in thoughts else top,
            one["started_s"], one["finished_s"] or now_s, {
                "agot.thought": name, "agot.status": one["status"], "agot.strategy": one["strategy"],
                "agot.reward": one["reward"], "agot.question": _cut(one["question"]), "agot.answer": _cut(one["answer"]),
                "agot.depth": one["depth"], "agot.layer": one["layer"],
            }, error=wrong,
        )  # fmt: skip
    roles = {event["call"]: event["role"] for event in exported["events"] if event["kind"] == "call_started"}
    for call in exported["calls"]:
        if call["state"] != "done" or call["kind"] == "human":
            continue
        thought = call["thought"]
        parent = _digest(f"{run_id} thought {thought}", 8) if thought in thoughts else top
        is_model = call["kind"] == "model"
        name = f"chat {call['model']}" if is_model else f"execute_tool {call['purpose']}"
        yield span(
            name, _digest(f"{run_id} call {call['key']}", 8), parent, call["at_s"],
            call["at_s"] + call["latency_ms"] / 1000,
            _of_model(call, roles) if is_model else _of_tool(call), kind=_CLIENT if is_model else _INTERNAL,
        )  # fmt: skip


def _of_model(call: Mapping[str, Any], roles: Mapping[str, str]) -> dict[str, Any]:
    provider, _, _ = call["model"].partition("/")
    return {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": provider, "gen_ai.request.model": call["model"],
        "gen_ai.response.model": call["model"], "gen_ai.usage.input_tokens": call["usage"]["prompt_tokens"],
        "gen_ai.usage.output_tokens": call["usage"]["completion_tokens"], "agot.cost_usd": call["usage"]["cost_usd"],
        "agot.purpose": call["purpose"], "agot.role": roles.get(call["key"]), "agot.thought": call["thought"],
        "agot.call": call["key"],
    }  # fmt: skip


def _of_tool(call: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": call["purpose"],
        "gen_ai.tool.call.id": call["key"], "agot.thought": call["thought"],
    }  # fmt: skip


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return attributes in OTLP's JSON; those that are None are left out."""
    return [{"key": key, "value": _value(value)} for key, value in values.items() if value is not None]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        # 64-bit integers are strings in the JSON of Protocol Buffers.
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"stringValue": str(value)}


def _digest(text: str, size: int) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()[:size].hex()


def _nanoseconds(seconds: float) -> str:
    return str(int(seconds * 1e9))


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"
