"""The embedded model as a litellm provider: `litellm.acompletion(model="embedded/pico", ...)`.

The last user message is the question. A system message that is exactly the name of a mode forces that
mode; without one, or with `auto`, the model chooses, and the first line of its text then names its choice
(`chain:`). A trailing assistant message is the beginning of the output, which the model continues.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Iterator
from typing import Any

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
from agot.models.library import import_litellm

# With our settings: by itself litellm fetches price lists from the network when it is imported.
import_litellm()

import litellm  # noqa: E402
from litellm import CustomLLM  # noqa: E402
from litellm.types.utils import (  # noqa: E402
    ChatCompletionTokenLogprob,
    ChoiceLogprobs,
    Choices,
    Delta,
    Message,
    ModelResponse,
    ModelResponseStream,
    StreamingChoices,
    TopLogprob,
    Usage,
)
from litellm.utils import custom_llm_setup  # noqa: E402

PROVIDER = "embedded"
MODEL = "pico"
CONTEXT = 1280
"""Tokens of prompt and output together."""


def register() -> None:
    """Make `embedded/pico` known to litellm; any number of calls do what one does."""
    if not any(item["provider"] == PROVIDER for item in litellm.custom_provider_map):
        litellm.custom_provider_map.append({"provider": PROVIDER, "custom_handler": EmbeddedProvider()})
        custom_llm_setup()  # type: ignore[no-untyped-call]


def _logprobs(tokens: tuple[Token, ...]) -> ChoiceLogprobs:
    return ChoiceLogprobs(
        content=[
            ChatCompletionTokenLogprob(
                token=token.text,
                bytes=list(token.text.encode("utf-8", "replace")),
                logprob=token.logprob,
                top_logprobs=[
                    TopLogprob(token=text, bytes=list(text.encode("utf-8", "replace")), logprob=logprob)
                    for text, logprob in token.top
                ],
            )
            for token in tokens
        ]
    )


def _usage(reply: Reply) -> Usage:
    generated = sum(completion.generated for completion in reply.completions)
    return Usage(
        prompt_tokens=reply.prompt_tokens,
        completion_tokens=generated,
        total_tokens=reply.prompt_tokens + generated,
    )


def _choice(index: int, completion: Completion, logprobs: bool) -> Choices:
    choice = Choices(
        finish_reason=completion.finish,
        index=index,
        message=Message(content=completion.text, role="assistant"),
    )
    if logprobs:
        choice.logprobs = _logprobs(completion.tokens)
    return choice


def _response(reply: Reply, model: str, response: ModelResponse, logprobs: bool) -> ModelResponse:
    response.choices = [_choice(i, completion, logprobs) for i, completion in enumerate(reply.completions)]
    response.model = f"{PROVIDER}/{model}"
    response.usage = _usage(reply)  # type: ignore[attr-defined]
    return response


def _chunk(
    model: str, index: int, text: str, tokens: tuple[Token, ...], finish: str | None
) -> ModelResponseStream:
    choice = StreamingChoices(
        index=index,
        delta=Delta(content=text, role="assistant"),
        finish_reason=finish,
        logprobs=_logprobs(tokens) if tokens else None,
    )
    return ModelResponseStream(choices=[choice], model=f"{PROVIDER}/{model}")


def _chunks(event: Piece | Reply, model: str, logprobs: bool) -> Iterator[ModelResponseStream]:
    """Yield the stream chunks of an event; the reply gives the end of every choice and the usage."""
    if isinstance(event, Piece):
        yield _chunk(model, event.sample, event.text, event.tokens if logprobs else (), None)
        return
    # litellm drops an empty chunk that ends a choice, so the usage travels in one of its own before it.
    usage = _chunk(model, 0, "", (), None)
    usage.usage = _usage(event)
    yield usage
    for index, completion in enumerate(event.completions):
        yield _chunk(model, index, "", (), completion.finish)


def _error(error: EmbeddedError, model: str) -> Exception:
    """Return the litellm exception for an error of the embedded model."""
    name = f"{PROVIDER}/{model}"
    if isinstance(error, PromptTooLong):
        return litellm.ContextWindowExceededError(message=str(error), model=name, llm_provider=PROVIDER)
    if isinstance(error, RequestError):
        return litellm.BadRequestError(message=str(error), model=name, llm_provider=PROVIDER)
    return litellm.APIConnectionError(message=str(error), model=name, llm_provider=PROVIDER)


def _known(model: str) -> None:
    if model != MODEL:
        raise litellm.NotFoundError(
            message=f"there is no embedded model {model!r}; there is {PROVIDER}/{MODEL}",
            model=f"{PROVIDER}/{model}",
            llm_provider=PROVIDER,
        )


class EmbeddedProvider(CustomLLM):
    """litellm's handler of the provider `embedded`."""

    async def acompletion(self, *_: Any, **call: Any) -> ModelResponse:
        """Return the response to a chat request."""
        model, options = call["model"], call["optional_params"]
        _known(model)
        try:
            reply = await shared().generate(generation(call["messages"], options))
        except EmbeddedError as error:
            raise _error(error, model) from error
        return _response(reply, model, call["model_response"], bool(options.get("logprobs")))

    def completion(self, *_: Any, **call: Any) -> ModelResponse:
        """Return the response to a chat request, blocking."""
        model, options = call["model"], call["optional_params"]
        _known(model)
        try:
            reply = shared().generate_blocking(generation(call["messages"], options))
        except EmbeddedError as error:
            raise _error(error, model) from error
        return _response(reply, model, call["model_response"], bool(options.get("logprobs")))

    async def astreaming(  # type: ignore[override]
        self, *_: Any, **call: Any
    ) -> AsyncGenerator[ModelResponseStream]:
        """Yield the response in pieces."""
        model, options = call["model"], call["optional_params"]
        _known(model)
        try:
            async with contextlib.aclosing(shared().stream(generation(call["messages"], options))) as events:
                async for event in events:
                    for chunk in _chunks(event, model, bool(options.get("logprobs"))):
                        yield chunk
        except EmbeddedError as error:
            raise _error(error, model) from error

    def streaming(  # type: ignore[override]
        self, *_: Any, **call: Any
    ) -> Iterator[ModelResponseStream]:
        """Yield the response in pieces, blocking."""
        model, options = call["model"], call["optional_params"]
        _known(model)
        try:
            for event in shared().stream_blocking(generation(call["messages"], options)):
                yield from _chunks(event, model, bool(options.get("logprobs")))
        except EmbeddedError as error:
            raise _error(error, model) from error
