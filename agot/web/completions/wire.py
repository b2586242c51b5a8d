"""What travels in chat completions: OpenAI's fields, and `agot` for what is ours."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from agot.settings import Effort
from agot.web.wire import Limits, Name, Sent, Told

MOST_MESSAGES = 2_000
MOST_STOPS = 64


class Asked(BaseModel):
    """Part of a request; what is not named here is kept for a request that is passed on."""

    model_config = ConfigDict(extra="allow", frozen=True)


class Part(Asked):
    """A part of a message's content: a text, or what only a model that it is passed on to may understand."""

    type: str
    text: str | None = None
    refusal: str | None = None


class FunctionCall(Asked):
    name: str
    arguments: str


class ToolCall(Asked):
    id: str
    type: Literal["function"] = "function"
    function: FunctionCall


class ChatMessage(Asked):
    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[Part] | None = None
    name: str | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None
    function_call: FunctionCall | None = Field(default=None, description="The older form of tool_calls.")

    @property
    def text(self) -> str:
        """The content as one text; parts that are none are left out."""
        if isinstance(self.content, list):
            texts = (part.text if part.text is not None else part.refusal for part in self.content)
            return "\n".join(text for text in texts if text is not None)
        return self.content or ""

    @property
    def strange_part(self) -> int | None:
        """The place of the first part that is no text, None if all are."""
        parts = self.content if isinstance(self.content, list) else []
        strange = (place for place, part in enumerate(parts) if part.text is None and part.refusal is None)
        return next(strange, None)


class StreamOptions(Asked):
    include_usage: Annotated[bool, Field(strict=True)] | None = None


class Extension(Sent):
    """What a request may say beyond OpenAI's fields."""

    strategy: Name | None = Field(default=None, description="Goes before the one in `model`.")
    budget: Limits | None = None
    effort: Effort | None = None
    seed: Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63)] | None = None
    approvals: Annotated[bool, Field(strict=True)] = False
    progress: Annotated[bool, Field(strict=True)] = True


def _room(value: int) -> int:
    if value == 0:
        raise PydanticCustomError("room", "an answer of 0 tokens is none; leave it out for no bound")
    return value


Tokens = Annotated[int, Field(strict=True, ge=-1, lt=2**53), AfterValidator(_room)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


StopText = Annotated[str, Field(max_length=1_000)]


class CompletionRequest(Asked):
    model: Annotated[str, Field(min_length=1, max_length=200)]
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=MOST_MESSAGES)]
    stream: Annotated[bool, Field(strict=True)] | None = None
    stream_options: StreamOptions | None = None
    n: Annotated[int, Field(strict=True, ge=1, le=1)] | None = Field(default=None, description="Only 1.")
    max_tokens: Tokens | None = Field(default=None, description="Room for the answer; -1 for no bound.")
    max_completion_tokens: Tokens | None = Field(
        default=None, description="As max_tokens, and goes before it."
    )
    seed: Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63)] | None = None
    temperature: Annotated[Number, Field(ge=0, le=2)] | None = Field(
        default=None, description="For a request with tools."
    )
    top_p: Annotated[Number, Field(ge=0, le=1)] | None = Field(
        default=None, description="For a request with tools."
    )
    stop: StopText | Annotated[list[StopText], Field(max_length=MOST_STOPS)] | None = Field(
        default=None, description="Texts before which the answer ends."
    )
    tools: list[dict[str, Any]] | None = None
    tool_choice: Literal["none", "auto", "required"] | dict[str, Any] | None = None
    parallel_tool_calls: Annotated[bool, Field(strict=True)] | None = None
    response_format: dict[str, Any] | None = Field(
        default=None,
        description="Of the type text, json_object or json_schema; with tools, and of agot/direct, passed on.",
    )
    logprobs: Annotated[bool, Field(strict=True)] | None = Field(
        default=None, description="With tools, or of agot/direct."
    )
    agot: Extension | None = None

    @property
    def room(self) -> int | None:
        """Tokens that the answer may have, or None for no bound."""
        asked = self.max_completion_tokens if self.max_completion_tokens is not None else self.max_tokens
        return None if asked is None or asked < 0 else asked

    @property
    def formed(self) -> bool:
        """It asks for an answer of a form."""
        return self.response_format is not None and self.response_format.get("type") != "text"

    @property
    def stops(self) -> tuple[str, ...]:
        """Texts before which the answer ends."""
        named = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return tuple(dict.fromkeys(text for text in named if text))

    @property
    def tells_usage(self) -> bool:
        """A stream ends with a chunk that tells the usage."""
        return self.stream_options is not None and bool(self.stream_options.include_usage)


class Report(Told):
    """What a response says beyond OpenAI's fields."""

    run_id: str
    status: str
    trust: str = Field(
        default="unchecked", description="proved, cross-checked, judged, doubtful or unchecked."
    )
    trust_reason: str = ""
    candidate: str = Field(default="", description="The best answer that there was, also if it was withheld.")
    confidence: float | None = None
    reward: float | None = Field(default=None, description="The least that a check said of the answer.")
    verdicts: list[dict[str, Any]] = Field(default_factory=list)
    strategy: str = ""
    reason: str = ""
    usage: dict[str, Any] = Field(default_factory=dict)


class CompletionUsage(Told):
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int

    def plus(self, other: CompletionUsage) -> CompletionUsage:
        """Return the sum."""
        return CompletionUsage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            total_tokens=self.total_tokens + other.total_tokens,
        )


class Choice(Told):
    index: int
    message: dict[str, Any]
    finish_reason: str | None
    logprobs: dict[str, Any] | None = None


class Completion(Told):
    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[Choice]
    usage: CompletionUsage
    agot: Report


class Model(Told):
    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str


class ModelList(Told):
    object: Literal["list"] = "list"
    data: list[Model]
