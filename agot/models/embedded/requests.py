"""Chat messages and OpenAI options as requests of the embedded model, and how long their prompts are.

Apart from the calls, because counting needs neither a worker process nor its threads.
"""

from __future__ import annotations

import secrets
from functools import cache
from pathlib import Path
from typing import Any

from agot.models.embedded.messages import Generation, RequestError
from agot.models.embedded.tokenizer import MODES, Tokenizer

WEIGHTS = Path(__file__).parent / "weights"


def generation(messages: list[dict[str, Any]], options: dict[str, Any]) -> Generation:
    """Return the request of chat messages and OpenAI options.

    Raises:
        RequestError: There is no user message, or a value makes no sense.
    """
    mode, user, prefix = "", None, ""
    for message in messages:
        text = _content(message)
        role = message.get("role")
        if role == "system" and text.strip() in MODES:
            mode = text.strip()
        elif role == "user":
            user, prefix = text, ""
        elif role == "assistant":
            prefix = text
    if user is None:
        raise RequestError("there is no user message")
    if prefix and not mode:
        first, _, rest = prefix.partition("\n")
        if not first.endswith(":") or first[:-1] not in MODES:
            raise RequestError(
                "an assistant message to continue needs a mode, from a system message or its first line"
            )
        mode, prefix = first[:-1], rest
    stop = options.get("stop") or ()
    limit = options.get("max_completion_tokens", options.get("max_tokens"))
    seed = options.get("seed")
    temperature = options.get("temperature")
    top_p = options.get("top_p")
    return Generation(
        user=user,
        mode=mode,
        prefix=prefix,
        samples=int(options.get("n") or 1),
        temperature=1.0 if temperature is None else float(temperature),
        top_p=1.0 if top_p is None else float(top_p),
        max_tokens=None if limit is None else int(limit),
        stop=(stop,) if isinstance(stop, str) else tuple(stop),
        seed=secrets.randbits(63) if seed is None else int(seed),
        top_logprobs=int(options.get("top_logprobs") or 0) if options.get("logprobs") else 0,
    )


def _content(message: dict[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return "" if content is None else str(content)


def prompt_tokens(messages: list[dict[str, Any]]) -> int:
    """Return how many tokens the model reads for these messages, exactly.

    Raises:
        RequestError: There is no user message, or a value makes no sense.
    """
    request, tokenizer = generation(messages, {}), _tokenizer()
    asked = 2 + len(tokenizer.encode(request.user))
    return asked + (1 + len(tokenizer.encode(request.prefix)) if request.mode else 0)


@cache
def _tokenizer() -> Tokenizer:
    return Tokenizer.load(WEIGHTS / "vocab.json")
