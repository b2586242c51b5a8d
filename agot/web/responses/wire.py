"""What travels in responses: OpenAI's fields, and `agot` for what is ours."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from agot.web.completions.wire import MOST_MESSAGES, Asked, Extension, Number, Report, Tokens
from agot.web.wire import Told


class InputPart(Asked):
    type: Literal["input_text", "output_text", "text", "refusal", "input_image", "input_file"]
    text: str | None = None
    refusal: str | None = None
    image_url: str | None = None
    detail: str | None = None
    file_id: str | None = None
    file_data: str | None = None
    file_url: str | None = None
    filename: str | None = None


class InputItem(Asked):
    type: Literal["message", "function_call", "function_call_output", "reasoning"] | None = None
    role: Literal["user", "assistant", "system", "developer"] | None = None
    content: str | list[InputPart] | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    output: str | list[InputPart] | None = None


class FunctionTool(Asked):
    type: Literal["function"]
    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class NamedTool(Asked):
    type: Literal["function"]
    name: str


class TextOptions(Asked):
    format: dict[str, Any] | None = None
    verbosity: str | None = None


class ReasoningOptions(Asked):
    effort: str | None = None
    summary: str | None = None


class ResponseRequest(Asked):
    model: Annotated[str, Field(min_length=1, max_length=200)]
    input: str | Annotated[list[InputItem], Field(min_length=1, max_length=MOST_MESSAGES)]
    instructions: str | None = None
    stream: Annotated[bool, Field(strict=True)] | None = None
    store: Annotated[bool, Field(strict=True)] | None = Field(
        default=None, description="False deletes the run once it is answered."
    )
    tools: list[FunctionTool] | None = None
    tool_choice: Literal["none", "auto", "required"] | NamedTool | None = None
    parallel_tool_calls: Annotated[bool, Field(strict=True)] | None = None
    text: TextOptions | None = None
    reasoning: ReasoningOptions | None = None
    max_output_tokens: Tokens | None = Field(default=None, description="Room for the answer; -1 for no bound.")
    temperature: Annotated[Number, Field(ge=0, le=2)] | None = Field(default=None, description="With tools.")
    top_p: Annotated[Number, Field(ge=0, le=1)] | None = Field(default=None, description="With tools.")
    metadata: dict[str, str] | None = None
    previous_response_id: str | None = Field(default=None, description="Refused: send the earlier items.")
    conversation: str | dict[str, Any] | None = Field(default=None, description="Refused likewise.")
    background: Annotated[bool, Field(strict=True)] | None = Field(default=None, description="Only false.")
    prompt: dict[str, Any] | None = Field(default=None, description="Refused.")
    top_logprobs: Annotated[int, Field(strict=True, ge=0, le=20)] | None = Field(default=None, description="Only 0.")
    agot: Extension | None = None


class ResponseUsage(Told):
    input_tokens: int
    input_tokens_details: dict[str, int]
    output_tokens: int
    output_tokens_details: dict[str, int]
    total_tokens: int


class Response(Told):
    id: str
    object: Literal["response"] = "response"
    created_at: int
    status: Literal["in_progress", "completed", "incomplete", "failed"]
    error: dict[str, Any] | None = None
    incomplete_details: dict[str, Any] | None = None
    instructions: str | None = None
    max_output_tokens: int | None = None
    metadata: dict[str, str] = Field(default_factory=dict)
    model: str
    output: list[dict[str, Any]]
    parallel_tool_calls: bool = True
    previous_response_id: str | None = None
    reasoning: dict[str, Any] = Field(default_factory=dict)
    store: bool = True
    temperature: float | None = None
    text: dict[str, Any] = Field(default_factory=dict)
    tool_choice: str | dict[str, Any] = "auto"
    tools: list[dict[str, Any]] = Field(default_factory=list)
    top_p: float | None = None
    truncation: Literal["disabled"] = "disabled"
    usage: ResponseUsage | None = None
    agot: Report | None = None
