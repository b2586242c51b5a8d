"""What travels in chat completions: OpenAI's fields, and `agot` for what is ours."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

from agot.settings import Effort
from agot.web.wire import Limits, Name, Sent, Told

MOST_MESSAGES = 2_000


class Asked(BaseModel):
    """Part of a request; fields of OpenAI's that mean nothing here are let pass."""

    model_config = ConfigDict(extra="ignore", frozen=True)


def _only_text(kind: object) -> object:
    if kind != "text":
        raise PydanticCustomError("literal_error", "only text parts are taken")
    return kind


class TextPart(Asked):
    type: Annotated[Literal["text"], BeforeValidator(_only_text)]
    text: str


class FunctionCall(Asked):
    name: str
    arguments: str


class ToolCall(Asked):
    id: str
    type: Literal["function"] = "function"
    function: FunctionCall


class ChatMessage(Asked):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | list[TextPart] | None = None
    name: str | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None

    @property
    def text(self) -> str:
        """The content as one text."""
        if isinstance(self.content, list):
            return "\n".join(part.text for part in self.content)
        return self.content or ""


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


Tokens = Annotated[int, Field(strict=True, ge=1, lt=2**53)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class CompletionRequest(Asked):
    model: Annotated[str, Field(min_length=1, max_length=200)]
    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=MOST_MESSAGES)]
    stream: Annotated[bool, Field(strict=True)] | None = None
    stream_options: StreamOptions | None = None
    n: Annotated[int, Field(strict=True, ge=1, le=1)] | None = Field(default=None, description="Only 1.")
    max_tokens: Tokens | None = None
    max_completion_tokens: Tokens | None = None
    seed: Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63)] | None = None
    temperature: Annotated[Number, Field(ge=0, le=2)] | None = Field(
        default=None, description="For a request with tools."
    )
    top_p: Annotated[Number, Field(ge=0, le=1)] | None = Field(
        default=None, description="For a request with tools."
    )
    stop: str | Annotated[list[str], Field(max_length=4)] | None = Field(
        default=None, description="For a request with tools."
    )
    tools: list[dict[str, Any]] | None = None
    tool_choice: Literal["none", "auto", "required"] | dict[str, Any] | None = None
    parallel_tool_calls: Annotated[bool, Field(strict=True)] | None = None
    response_format: dict[str, Any] | None = Field(
        default=None, description="For a request with tools; without, only the type text is taken."
    )
    agot: Extension | None = None

    @property
    def tells_usage(self) -> bool:
        """A stream ends with a chunk that tells the usage."""
        return self.stream_options is not None and bool(self.stream_options.include_usage)


class Report(Told):
    """What a response says beyond OpenAI's fields."""

    run_id: str
    status: str
    trust: str = Field(default="unchecked", description="proved, cross-checked, judged, doubtful or unchecked.")
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


class Choice(Told):
    index: int
    message: dict[str, Any]
    finish_reason: str | None
    logprobs: None = None


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
