"""What travels between the server and its clients, apart from chat completions.

Times are seconds since the run was begun, unless the name ends in `_at` (ISO 8601, UTC).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agot.question import LONGEST_QUESTION
from agot.settings import Effort

RunStanding = Literal["running", "unfinished", "answered", "abstained", "budget", "failed", "interrupted"]
"""A run's status; "unfinished" is one that nobody runs and that has no end: it can be resumed."""

Text = Annotated[str, Field(max_length=10_000)]
Name = Annotated[str, Field(max_length=400)]
Count = Annotated[int, Field(strict=True, ge=0, lt=2**53)]
Amount = Annotated[float, Field(strict=True, ge=0, allow_inf_nan=False)]


class Sent(BaseModel):
    """A request; a field that it does not know is refused, since it is a misspelt one."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Told(BaseModel):
    """A response."""

    model_config = ConfigDict(frozen=True)


class Limits(Sent):
    """Limits of one run, as `agot.budget.Budget`; what is left out is as in the settings of the server."""

    calls: Count | None = None
    tokens: Count | None = None
    usd: Amount | None = None
    seconds: Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)] | None = None
    depth: Annotated[int, Field(strict=True, ge=0, le=100)] | None = None
    thoughts: Annotated[int, Field(strict=True, ge=1, lt=2**31)] | None = None


class StartRequest(Sent):
    question: Annotated[str, Field(min_length=1, max_length=LONGEST_QUESTION)]
    strategy: Name | None = Field(default=None, description='"auto" or the name of a strategy.')
    budget: Limits | None = None
    effort: Effort | None = None
    seed: Annotated[int, Field(strict=True, ge=-(2**63), lt=2**63)] | None = None


class ResumeRequest(Sent):
    budget: Limits | None = None
    again: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="Answer anew, also if it is answered."
    )


class ForkRequest(Sent):
    thought: Annotated[str, Field(min_length=1, max_length=400)]
    strategy: Name | None = Field(default=None, description="Only for the root thought.")


class DecisionRequest(Sent):
    decision: Literal["yes", "no", "always"] = Field(description="always: for this tool, in this run")


class AnnotationRequest(Sent):
    thought: Name = Field(default="", description="Empty for the whole run.")
    text: Annotated[str, Field(min_length=1, max_length=10_000)]


class RunRow(Told):
    id: str
    question: str
    status: RunStanding
    answer: str
    trust: str
    trust_reason: str
    strategy: str
    model: str
    created_at: str
    wall_s: float
    tokens: int
    calls: int
    cost_usd: float
    thoughts: int
    session: str | None


class RunList(Told):
    runs: list[RunRow]
    next: str | None = Field(description="The cursor of the next page.")


class RunDetail(RunRow):
    reason: str
    error: str
    limit: str
    candidate: str
    confidence: float | None
    answer_strategy: str
    seed: int
    verdicts: list[dict[str, Any]]
    usage: dict[str, Any]
    settings: dict[str, Any]
    attempts: int
    seq: int
    running: bool
    here: bool = Field(description="A server has it, and can cancel it.")


class Skeleton(Told):
    run: str
    seq: int
    columns: list[str]
    nodes: list[list[Any]]


class Events(Told):
    events: list[dict[str, Any]]
    seq: int
    more: bool


class ThoughtDetail(Told):
    id: str
    question: str
    answer: str
    status: str
    reason: str
    strategy: str
    reward: float | None
    confidence: float | None
    trust: str
    trust_reason: str
    parent: str | None
    layer: int
    depth: int
    start_s: float | None
    end_s: float | None
    choices: list[dict[str, Any]]
    verdicts: list[dict[str, Any]]
    findings: list[dict[str, Any]]
    calls: list[dict[str, Any]]
    tools: list[dict[str, Any]]


class CallDetail(Told):
    key: str
    kind: str
    state: str
    thought: str
    purpose: str
    model: str
    start_s: float
    wall_s: float
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float
    request: Any
    response: Any


class Searches(Told):
    searches: list[dict[str, Any]]


class AnnotationRow(Told):
    id: str
    thought: str
    text: str
    created_at: str


class Annotations(Told):
    annotations: list[AnnotationRow]


class Approval(Told):
    call: str
    tool: str
    arguments: dict[str, Any]
    text: str
    again: bool = Field(description="It may have taken effect already.")


class Approvals(Told):
    approvals: list[Approval]


class ForkEstimate(Told):
    replayed_calls: int
    repeated_calls: int
    tokens: int
    cost_usd: float
    thoughts: list[str] = Field(description="Those whose calls are all made again.")


class RunId(Told):
    id: str


class Health(Told):
    status: Literal["alive"] = "alive"


class Ready(Told):
    ready: bool
    lacking: list[Literal["database", "model", "places"]] = Field(description="What is in the way.")


class Done(Told):
    done: Literal[True] = True


class Fault(Told):
    message: str
    type: str
    param: str | None = None
    code: str | None = None


class FaultBody(Told):
    error: Fault
