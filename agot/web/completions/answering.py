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


def said_of(result: Result, *, formed: bool) -> tuple[str | None, str | None]:
    """Return what the assistant says, or why it refuses to.

    Args:
        formed: The answer has to be of a form, which only one that stands is.

    Raises:
        HttpFault: As `content_of`; where a form is asked for, also if there is only a part of an answer.
    """
    if not formed or result.status == "answered":
        return content_of(result), None
    if result.status in ("abstained", "budget"):
        return None, f"I have no answer that I could stand behind. {result.reason}".strip()
    return content_of(result.model_copy(update={"answer": ""})), None


@dataclass(slots=True)
class Room:
    """What of an answer reaches a client: up to the room it has, and before the first text that it wants to end it.

    Tokens are counted as four characters of ASCII, or one of any other script: a run has no tokenizer of its model.

    Attributes:
        tokens: What is left, or None for no bound.
        stops: Texts before which the answer ends.
        spent: Something did not fit.
        stopped: Such a text came.
    """

    tokens: float | None
    stops: tuple[str, ...] = ()
    spent: bool = False
    stopped: bool = False
    _held: str = ""

    def take(self, text: str, *, last: bool = True) -> str:
        """Return what of the next piece of the answer reaches the client.

        Args:
            last: Nothing follows; otherwise what may be the beginning of a stop text is held back until more is known.
        """
        return self._fitting(self._before_stop(text, last))

    def _before_stop(self, text: str, last: bool) -> str:
        if self.stopped or not self.stops:
            return "" if self.stopped else text
        self._held += text
        places = [place for stop in self.stops if (place := self._held.find(stop)) >= 0]
        if places:
            self.stopped, passed, self._held = True, self._held[: min(places)], ""
            return passed
        kept = 0 if last else max(_begun(self._held, stop) for stop in self.stops)
        passed, self._held = self._held[: len(self._held) - kept], self._held[len(self._held) - kept :]
        return passed

    def _fitting(self, text: str) -> str:
        if self.tokens is None:
            return text
        for place, character in enumerate(text):
            cost = 0.25 if character.isascii() else 1.0
            if self.spent or cost > self.tokens:
                self.spent = True
                return text[:place]
            self.tokens -= cost
        return text


def _begun(text: str, stop: str) -> int:
    """Return how many characters at the end of a text may be the beginning of another."""
    return next((size for size in range(min(len(stop) - 1, len(text)), 0, -1) if text.endswith(stop[:size])), 0)


def finish_reason(result: Result, room: Room) -> str:
    """Return OpenAI's word for how it ended."""
    cut = room.spent or (result.status == "budget" and not room.stopped)
    return "length" if cut else "stop"


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


def completion(result: Result, *, model: str, created: int, room: Room, formed: bool = False) -> Completion:
    """Return the whole response.

    Args:
        formed: As `said_of` takes it.

    Raises:
        HttpFault: As `said_of`.
    """
    content, refusal = said_of(result, formed=formed)
    message: dict[str, Any] = {"role": "assistant", "content": None if content is None else room.take(content)}
    if refusal is not None:
        message["refusal"] = refusal
    return Completion(
        id=f"chatcmpl-{result.run_id}", created=created, model=model, usage=usage_of(result.usage),
        choices=[Choice(index=0, message=message, finish_reason=finish_reason(result, room))], agot=report(result),
    )  # fmt: skip
