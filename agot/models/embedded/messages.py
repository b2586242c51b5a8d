"""What is asked of the embedded model and what it replies; plain data that crosses the worker's pipes."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Finish = Literal["stop", "length"]


@dataclass(frozen=True, slots=True)
class Generation:
    """One request.

    Attributes:
        user: The question.
        mode: Mode to answer in, or "" to let the model choose one.
        prefix: Beginning of the output, which the model continues; needs a mode.
        samples: Number of independent outputs.
        temperature: Divides the logits; 0 takes the most likely token.
        top_p: Samples among the most likely tokens whose probabilities just reach this sum.
        max_tokens: Most tokens to generate, a chosen mode's included; None: up to the context's end.
        stop: Texts at which the output ends; they are not part of it.
        seed: With the sample's index, decides every random choice.
        top_logprobs: How many alternatives to report with each token.
    """

    user: str
    mode: str = ""
    prefix: str = ""
    samples: int = 1
    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int = 0
    top_logprobs: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return the fields for a JSON message."""
        return asdict(self)

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Generation:
        """Return the request of a JSON message's fields."""
        return cls(**{**fields, "stop": tuple(fields.get("stop", ()))})


@dataclass(frozen=True, slots=True)
class Token:
    """One generated token.

    Attributes:
        text: Its text; for a chosen mode the mode's name and a colon.
        logprob: Natural logarithm of its probability at temperature 1.
        top: The most likely tokens at this place and their log probabilities, likeliest first.
    """

    text: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()

    def to_list(self) -> list[Any]:
        """Return the token for a JSON message."""
        return [self.text, self.logprob, self.top]

    @classmethod
    def from_list(cls, fields: list[Any]) -> Token:
        """Return the token of a JSON message's fields."""
        return cls(fields[0], fields[1], tuple((text, logprob) for text, logprob in fields[2]))


@dataclass(frozen=True, slots=True)
class Piece:
    """What one step added to a sample.

    Attributes:
        sample: Index of the sample.
        text: New text, perhaps none.
        tokens: The tokens of that text.
    """

    sample: int
    text: str
    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Completion:
    """One finished sample.

    Attributes:
        mode: The mode it was written in.
        chosen: Whether the model chose the mode; the text then begins with a line naming it.
        text: The output.
        finish: "stop" at the end of the output or a stop text, "length" at a limit.
        tokens: The tokens of the text.
        generated: Number of tokens generated, those of a stop text included.
    """

    mode: str
    chosen: bool
    text: str
    finish: Finish
    tokens: tuple[Token, ...]
    generated: int


@dataclass(frozen=True, slots=True)
class Reply:
    """All samples of a request, and the tokens of its prompt."""

    completions: tuple[Completion, ...]
    prompt_tokens: int

    def to_dict(self) -> dict[str, Any]:
        """Return the reply for a JSON message."""
        return {
            "prompt_tokens": self.prompt_tokens,
            "completions": [
                [c.mode, c.chosen, c.text, c.finish, [token.to_list() for token in c.tokens], c.generated]
                for c in self.completions
            ],
        }

    @classmethod
    def from_dict(cls, fields: dict[str, Any]) -> Reply:
        """Return the reply of a JSON message's fields."""
        completions = tuple(
            Completion(mode, chosen, text, finish, tuple(map(Token.from_list, tokens)), generated)
            for mode, chosen, text, finish, tokens, generated in fields["completions"]
        )
        return cls(completions, fields["prompt_tokens"])


class EmbeddedError(Exception):
    """The embedded model could not answer."""


class RequestError(EmbeddedError):
    """The request makes no sense: an unknown mode, a prefix without a mode, a value out of range."""


class WorkerError(EmbeddedError):
    """The worker process could not be started, or died while it worked on the request."""


class PromptTooLong(EmbeddedError):
    """The prompt and the tokens asked for do not fit into the context.

    Attributes:
        prompt_tokens: Tokens of the prompt.
        max_tokens: Tokens asked for, at least 1.
        context: Tokens that fit.
    """

    def __init__(self, prompt_tokens: int, max_tokens: int, context: int) -> None:
        super().__init__(
            f"the prompt has {prompt_tokens} tokens; with {max_tokens} more to generate that is "
            f"{prompt_tokens + max_tokens}, and the model's context holds {context}"
        )
        self.prompt_tokens, self.max_tokens, self.context = prompt_tokens, max_tokens, context
