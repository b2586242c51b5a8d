"""How a run ends for a script: the exit code and the JSON object."""

from __future__ import annotations

import json
import math
import re
import sys
from typing import TYPE_CHECKING, Any

from agot.errors import AgotError, BudgetExceeded, SetupError

if TYPE_CHECKING:
    import networkx as nx

    from agot.ids import ThoughtId
    from agot.stores.rows import StoredRun
    from agot.thought import Result

ANSWERED, ERROR, USAGE, ABSTAINED, BUDGET = 0, 1, 2, 3, 4
UNREACHABLE, RATE_LIMITED, UNAUTHORISED, TIMEOUT, INTERRUPTED = 69, 75, 77, 124, 130

_BY_ERROR = {
    "SetupError": USAGE,
    "ModelUnknown": USAGE,
    "ModelUnreachable": UNREACHABLE,
    "ModelSilent": UNREACHABLE,
    "ModelRateLimited": RATE_LIMITED,
    "ModelUnauthorised": UNAUTHORISED,
    "Interrupted": INTERRUPTED,
}
_BY_STATUS = {"answered": ANSWERED, "abstained": ABSTAINED, "budget": BUDGET, "interrupted": INTERRUPTED}


def exit_code(result: Result) -> int:
    """Return the exit code of a finished run."""
    if result.status == "budget" and result.limit == "seconds":
        return TIMEOUT
    if result.status == "failed":
        return _BY_ERROR.get(result.error, ERROR)
    return _BY_STATUS.get(result.status, ERROR)


def exit_code_of(error: AgotError) -> int:
    """Return the exit code of an error that kept a run from beginning."""
    if isinstance(error, BudgetExceeded):
        return TIMEOUT if error.kind == "seconds" else BUDGET
    if isinstance(error, SetupError):
        return USAGE
    return next((code for kind in type(error).__mro__ if (code := _BY_ERROR.get(kind.__name__))), ERROR)


def as_object(result: Result) -> dict[str, Any]:
    """Return the one object that `--output json` prints."""
    made = run_object(result, strategy=result.strategy, graph=result.graph)
    return made | {"citations": list(result.citations)} if result.citations else made


def run_object(
    run: Result | StoredRun, *, strategy: str, graph: nx.DiGraph[ThoughtId] | None
) -> dict[str, Any]:
    """Return a run as one JSON object, finished just now or stored.

    An answered run has exactly the documented keys; any other also says why: `error`, `reason`, `limit`.

    Args:
        strategy: The one that answered.
        graph: The graph of thoughts, with the node attributes of `agot.engine.graph.NODE_FIELDS`.
    """
    usage = run.usage
    found: dict[str, Any] = {
        "run_id": run.run_id,
        "status": run.status,
        "answer": run.answer,
        "trust": run.trust,
        "trust_reason": run.trust_reason,
        "candidate": run.candidate,
        "confidence": run.confidence,
        "strategy": strategy,
        "verdicts": [verdict.model_dump(mode="json") for verdict in run.verdicts],
        "usage": {
            "calls": usage.calls,
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "cost_usd": usage.cost_usd,
            "wall_s": round(usage.wall_s, 3),
        },
        "graph": _graph(graph),
        "model": run.model,
    }
    if run.status != "answered":
        found |= {"error": run.error, "reason": run.reason, "limit": run.limit}
    return found


def _graph(graph: nx.DiGraph[ThoughtId] | None) -> dict[str, Any]:
    fields = ("parent_graph", "depth", "layer", "question", "strategy", "status", "answer", "reward", "trust")
    if graph is None:
        return {"nodes": [], "edges": []}
    return {
        "nodes": [
            {"id": node, **{field: _plain(data.get(field)) for field in fields}}
            for node, data in graph.nodes(data=True)
        ],
        "edges": [[source, target] for source, target in graph.edges],
    }


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (bool, int)):
        return value
    return str(value)


_STEERING = re.compile(r"[\x7f-\x9f\u2028\u2029]")


def print_json(value: Any, *, indent: int | None = 2) -> None:
    """Write one JSON value and a newline to standard output."""
    # Outside UTF-8 the stream would replace what it cannot write, and that need not be JSON.
    utf8 = (getattr(sys.stdout, "encoding", None) or "").lower().replace("-", "") == "utf8"
    text = json.dumps(value, ensure_ascii=not utf8, indent=indent)
    if utf8:
        # JSON lets these stand, and terminals obey them.
        text = _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
