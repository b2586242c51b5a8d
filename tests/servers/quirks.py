"""Small servers that answer as well-known ones do: what each takes, refuses, ignores and leaves out.

Behind all is one model that does what the examinations ask of it, so that any difference is the server's.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.servers.loopback import Loopback
from tests.servers.replies import Reply, failure

Way = Literal["works", "ignored", "refused"]

_NUMBERS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen".split()
)


@dataclass(frozen=True)
class Quirks:
    """How a server takes each field.

    Attributes:
        listed: Its entry in the list of models, beside the name.
        pages: Further pages: (status, JSON) by path.
        n: Samples that it gives for one request, at most; more are refused if `refuses_n`, else left out.
        prefill: Whether it goes on from a beginning: "echo" repeats it, "asked" wants vLLM's field.
        thinks: "" or "always", or "switch" if it can be switched off.
    """

    listed: Mapping[str, Any] = field(default_factory=dict)
    pages: Mapping[str, tuple[int, Any]] = field(default_factory=dict)
    n: int = 10_000
    refuses_n: bool = True
    logprobs: Way = "works"
    top: int = 20
    seed: Way = "works"
    stop: Way = "works"
    system: Way = "works"
    json_schema: Way = "works"
    json_object: Way = "works"
    tools: Way = "works"
    prefill: Literal["as is", "echo", "asked", "no"] = "as is"
    embeddings: bool = False
    thinks: Literal["", "switch", "always"] = ""


VLLM = Quirks(
    listed={"owned_by": "vllm", "max_model_len": 32768}, tools="refused", prefill="asked", thinks="switch"
)
SGLANG = Quirks(
    listed={"owned_by": "sglang", "max_model_len": 8192}, prefill="asked", embeddings=True, thinks="always"
)
LLAMACPP = Quirks(
    listed={"owned_by": "llamacpp", "meta": {"n_ctx": 4096, "n_ctx_train": 131072}},
    n=4,
    prefill="echo",
)
GEMMA_ON_LLAMACPP = Quirks(
    listed={"owned_by": "llamacpp", "meta": {"n_ctx": 2048}},
    n=1,
    system="refused",
    tools="ignored",
    prefill="echo",
)
OLLAMA = Quirks(
    listed={"owned_by": "library"},
    n=1,
    refuses_n=False,
    logprobs="ignored",
    embeddings=True,
    pages={"/api/version": (200, {"version": "0.12.0"})},
)
LMSTUDIO = Quirks(
    listed={"owned_by": "organization_owner"},
    n=1,
    refuses_n=False,
    logprobs="ignored",
    seed="ignored",
    json_object="refused",
    prefill="no",
    embeddings=True,
)
CARELESS = Quirks(
    listed={"owned_by": "me"},
    n=1,
    refuses_n=False,
    logprobs="refused",
    seed="ignored",
    stop="ignored",
    system="ignored",
    json_schema="ignored",
    json_object="ignored",
    tools="ignored",
    prefill="no",
)
"""Takes everything and does nothing of it."""


def imitating(quirks: Quirks, name: str = "m") -> Loopback:
    """Return a server, to be entered, that has these quirks."""
    server = Loopback(lambda request: _reply(quirks, request))
    entry = {"id": name, "object": "model", **quirks.listed}
    server.pages = {"/v1/models": (200, {"object": "list", "data": [entry]}), **quirks.pages}
    vectors = [[1.0, 0.1, 0.0], [0.9, 0.2, 0.0], [0.0, 0.1, 1.0]]
    found = {"data": [{"index": at, "embedding": vector} for at, vector in enumerate(vectors)]}
    refusal = {"error": {"message": "this server does not support embeddings"}}
    server.pages["/v1/embeddings"] = (200, found) if quirks.embeddings else (501, refusal)
    return server


def _reply(quirks: Quirks, request: dict[str, Any]) -> Reply:
    kind = (request.get("response_format") or {}).get("type")
    n = request.get("n", 1)
    refusals = {
        "logprobs": "logprobs" in request
        and (quirks.logprobs == "refused" or request.get("top_logprobs", 0) > quirks.top),
        "n": quirks.refuses_n and n > quirks.n,
        "tools": "tools" in request and quirks.tools == "refused",
        "System role": quirks.system == "refused" and request["messages"][0]["role"] == "system",
        "response_format": (kind == "json_schema" and quirks.json_schema == "refused")
        or (kind == "json_object" and quirks.json_object == "refused"),
    }
    refused = [named for named, does in refusals.items() if does]
    if refused:
        return failure(400, f"{refused[0]} not supported here")
    texts = [_text(quirks, request, kind, sample) for sample in range(min(n, quirks.n))]
    logprobs = [("a", -0.5), ("b", -1.5), *((f"c{at}", -2.0 - at) for at in range(quirks.top))]
    message: dict[str, Any] = {}
    off = (request.get("chat_template_kwargs") or {}).get("enable_thinking") is False
    if quirks.thinks == "always" or (quirks.thinks == "switch" and not off):
        message["reasoning_content"] = "Let me think."
    if "tools" in request and quirks.tools == "works":
        call = {"name": "get_weather", "arguments": json.dumps({"city": "Lisbon"})}
        message["tool_calls"] = [{"id": "1", "type": "function", "function": call}]
        texts = [""]
    return Reply(texts, logprobs=logprobs if quirks.logprobs == "works" else None, message=message)


def _text(quirks: Quirks, request: dict[str, Any], kind: str | None, sample: int) -> str:
    turns = request["messages"]
    asked = turns[-1]["content"]
    if kind == "json_schema" and quirks.json_schema == "works":
        return '{"colour": "turquoise", "weight_kg": 3}'
    if kind == "json_object" and quirks.json_object == "works":
        return '{"greeting": "hello"}'
    if turns[-1]["role"] == "assistant":
        goes_on = quirks.prefill in ("as is", "echo") or (
            quirks.prefill == "asked" and request.get("continue_final_message")
        )
        return ((asked if quirks.prefill == "echo" else "") + " 5, 6, 7") if goes_on else "1, 2, 3"
    if turns[0]["role"] == "system" and quirks.system == "works" and "BANANA" in turns[0]["content"]:
        return "BANANA"
    if "sub-questions" in asked:
        return "1. What does Ana pay?\n2. What does Ben pay?\n3. What is the difference of #1 and #2?"
    if "random" in asked:
        seed = request.get("seed") if quirks.seed == "works" else None
        drawn = random.Random(None if seed is None else f"{seed}-{sample}")
        return " ".join(str(drawn.randrange(10)) for _ in range(10))
    text = " ".join(_NUMBERS)
    stop = (request.get("stop") or [None])[0]
    return text.partition(stop)[0] if stop and quirks.stop == "works" else text
