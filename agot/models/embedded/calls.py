"""The gateway's calls of the embedded model: it works in a process of ours, so nothing made for servers is loaded."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from agot.errors import ContextTooLong, ModelError, ModelUnknown, ModelUnreachable
from agot.models.embedded.client import shared
from agot.models.embedded.messages import (
    Completion,
    EmbeddedError,
    Piece,
    PromptTooLong,
    Reply,
    RequestError,
    Token,
)
from agot.models.embedded.requests import generation
from agot.protocols import Completion as Sample
from agot.protocols import ModelReply, ModelRequest, OnText, TokenLogprob
from agot.thought import Usage

MODEL = "pico"


async def answered(
    request: ModelRequest, name: str, *, on_text: OnText | None, clock: Callable[[], float]
) -> ModelReply:
    """Return the reply of the embedded model.

    Args:
        name: The model's, without the provider.
        on_text: Told each piece of the text as it comes; with several samples told the first at once.
        clock: Seconds, monotonic.

    Raises:
        ModelError: Typed, as for every other model.
    """
    model = f"embedded/{name}"
    if name != MODEL:
        raise ModelUnknown(
            f"There is no embedded model {name!r}; there is embedded/{MODEL}. Set it: agot models set.",
            model=model,
        )
    began_s = clock()
    try:
        reply = await _generated(request, on_text if request.n == 1 else None)
    except EmbeddedError as error:
        raise _typed(error, model) from error
    latency_ms = (clock() - began_s) * 1000.0
    if on_text is not None and request.n > 1:
        on_text(reply.completions[0].text)
    usage = Usage(
        calls=1, prompt_tokens=reply.prompt_tokens,
        completion_tokens=sum(completion.generated for completion in reply.completions),
        wall_s=latency_ms / 1000.0,
    )  # fmt: skip
    samples = tuple(_sample(completion, logprobs=request.logprobs) for completion in reply.completions)
    return ModelReply(completions=samples, usage=usage, model=model, latency_ms=latency_ms)


async def _generated(request: ModelRequest, on_text: OnText | None) -> Reply:
    messages = [{"role": message.role, "content": message.content} for message in request.messages]
    options = {
        "n": request.n, "temperature": request.temperature, "top_p": request.top_p, "max_tokens": request.max_tokens,
        "stop": request.stop, "seed": request.seed, "logprobs": request.logprobs, "top_logprobs": request.top_logprobs,
    }  # fmt: skip
    asked = generation(messages, options)
    async with contextlib.aclosing(shared().stream(asked, pieces=on_text is not None)) as events:
        async for event in events:
            if not isinstance(event, Piece):
                return event
            if on_text is not None and event.text:
                on_text(event.text)
    raise RuntimeError("the embedded model's stream ended without a reply")


def _sample(completion: Completion, *, logprobs: bool) -> Sample:
    tokens = tuple(_logprob(token) for token in completion.tokens) if logprobs else ()
    return Sample(text=completion.text, finish_reason=completion.finish, logprobs=tokens or None)


def _logprob(token: Token) -> TokenLogprob:
    return TokenLogprob(token=token.text, logprob=token.logprob, top=token.top)


def _typed(error: EmbeddedError, model: str) -> ModelError:
    if isinstance(error, PromptTooLong):
        return ContextTooLong(
            f"The prompt and the room for an answer do not fit into the context of the embedded model: {error}. "
            "Shorten the question or its material, or set a model with a larger context.",
            model=model,
        )
    if isinstance(error, RequestError):
        return ModelError(f"The embedded model does not accept the request: {error}.", model=model)
    return ModelUnreachable(f"No answer from the embedded model: {error}.", model=model)
