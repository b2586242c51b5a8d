"""From a result to a chat completion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from agot.thought import Result, Usage
from agot.web.completions.wire import Choice, Completion, CompletionUsage, Report
from agot.web.faults import NOT_REPEATED, HttpFault

_STATUS = {"ModelRateLimited": 429, "Interrupted": 503, "SetupError": 500}
"""HTTP status of what ended a run without an answer; whatever a model or its server did is 502."""


def content_of(result: Result) -> str:
    """Return what the assistant says.

    Raises:
        HttpFault: If the run failed or was stopped and reached nothing.
    """
    if result.answer:
        return result.answer
    if result.status == "abstained":
        return f"I have no answer that I could stand behind. {result.reason}".strip()
    if result.status == "budget":
        return ""
    error = result.error or "RunError"
    raise HttpFault(
        _STATUS.get(error, 502), f"The run {result.run_id} gave no answer: {result.reason or error}", code=error,
        headers=NOT_REPEATED,
    )  # fmt: skip


@dataclass(slots=True)
class Room:
    """What of an answer a client has room for.

    Tokens are counted as four characters of ASCII, or one of any other script: a run has no tokenizer of its model.

    Attributes:
        tokens: What is left, or None for no bound.
        spent: Something did not fit.
    """

    tokens: float | None
    spent: bool = False

    def take(self, text: str) -> str:
        """Return what of the next piece of the answer fits."""
        if self.tokens is None:
            return text
        for place, character in enumerate(text):
            cost = 0.25 if character.isascii() else 1.0
            if self.spent or cost > self.tokens:
                self.spent = True
                return text[:place]
            self.tokens -= cost
        return text


def finish_reason(result: Result, room: Room) -> str:
    """Return OpenAI's word for how it ended."""
    return "length" if room.spent or result.status == "budget" else "stop"


def usage_of(usage: Usage) -> CompletionUsage:
    """Return the tokens of all calls of a run."""
    return CompletionUsage(
        prompt_tokens=usage.prompt_tokens, completion_tokens=usage.completion_tokens, total_tokens=usage.tokens
    )  # fmt: skip


def report(result: Result) -> Report:
    """Return what is said of a run beyond OpenAI's fields."""
    rewards = [verdict.reward for verdict in result.verdicts if verdict.reward is not None]
    return Report(
        run_id=result.run_id, status=result.status, trust=result.trust, trust_reason=result.trust_reason,
        candidate=result.candidate, confidence=result.confidence,
        reward=min(rewards, default=None), verdicts=[verdict.model_dump(mode="json") for verdict in result.verdicts],
        strategy=result.strategy, reason=result.reason, usage=result.usage.model_dump(mode="json"),
    )  # fmt: skip


def completion(result: Result, *, model: str, created: int, room: Room) -> Completion:
    """Return the whole response.

    Raises:
        HttpFault: As `content_of`.
    """
    message: dict[str, Any] = {"role": "assistant", "content": room.take(content_of(result))}
    return Completion(
        id=f"chatcmpl-{result.run_id}", created=created, model=model, usage=usage_of(result.usage),
        choices=[Choice(index=0, message=message, finish_reason=finish_reason(result, room))], agot=report(result),
    )  # fmt: skip
