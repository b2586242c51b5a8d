"""A run as a streamed chat completion.

What was sent cannot be taken back, while an answer counts only once it was checked. So:

*  With the strategy "direct", whose one call writes the answer and nothing else, the model's text is sent as content while it
   arrives. Should the checks then lead to another answer, a correction follows, and says that it is one.
*  With all others the content is sent when the answer stands. How the run goes until then is sent as `reasoning_content`,
   a field that many clients show as thinking and all others ignore.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from agot.agents.dialects.standard.reading import bare, solution_of, without_label
from agot.agents.kinds import kind_of_reply
from agot.errors import AgotError
from agot.events import (
    AnyEvent,
    CallFinished,
    CallRetried,
    PlanProposed,
    StrategyChosen,
    TextStreamed,
    ThoughtFinished,
    ThoughtRetried,
)
from agot.ids import ROOT
from agot.protocols import Completion
from agot.question import split_material
from agot.thought import Result
from agot.web.completions import answering
from agot.web.desk import Desk, Job
from agot.web.events import event_of as event_of
from agot.web.faults import HttpFault, translated

KEEP_ALIVE_S = 15.0
HEADERS = {"x-accel-buffering": "no"}
"""Proxies should pass a stream on as it comes."""

_HELD_CHARS = 32
"""So much of a text is held back until it is clear whether it begins with a label such as "Answer:"."""

_LONGEST_LINE = 200


@dataclass(slots=True)
class DirectText:
    """Lets pass what a model writes as its answer, without a label.

    Attributes:
        sent: What was let pass so far.
    """

    sent: str = ""
    written: str = ""
    ended: bool = False
    _held: str = ""
    _begun: bool = False

    def take(self, event: AnyEvent) -> str:
        """Return the piece of content that an event brings, "" for none."""
        if self.ended or getattr(event, "thought", None) != ROOT:
            return ""
        if isinstance(event, TextStreamed) and event.purpose == "solve":
            self.written += event.text
            return self._passed(event.text)
        if isinstance(event, CallRetried) or (isinstance(event, CallFinished) and self.written):
            # What comes after it is another text.
            self.ended = True
            return self._passed("", last=True)
        return ""

    def _passed(self, piece: str, *, last: bool = False) -> str:
        self._held += piece
        if not self._begun:
            if not last and len(self._held.lstrip()) < _HELD_CHARS:
                return ""
            self._held = without_label(self._held.lstrip())
            self._begun = bool(self._held)
        # Space at the end may be the end of the text, which has none.
        passed = self._held.rstrip()
        self._held = "" if last else self._held[len(passed) :]
        self.sent += passed
        return passed

    def agrees_with(self, answer: str, question: str) -> bool:
        """Tell whether what was let pass says this answer to the question."""
        if not self.sent:
            return False
        read = solution_of(Completion(text=self.written), "direct", kind_of_reply(*split_material(question)))
        said = {_plain(self.sent), _plain(bare(self.sent)), _plain(read.answer if read is not None else "")}
        return _plain(answer) in said


def _plain(text: str) -> str:
    return " ".join(text.split())


def progress(event: AnyEvent) -> str:
    """Return a line for a person about how the run goes, "" for none."""
    match event:
        case PlanProposed():
            return f"{event.graph}: {event.count} sub-questions"
        case StrategyChosen():
            return f"{event.thought}: {event.strategy} ({_cut(event.why)})"
        case ThoughtRetried():
            return f"{event.thought}: again, {_cut(event.why)}"
        case ThoughtFinished() if event.thought != ROOT:
            return f"{event.thought}: {_cut(event.answer or event.reason)}"
        case _:
            return ""


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 1]}…"


@dataclass(slots=True)
class Chunks:
    """Makes the chunks of one completion."""

    id: str
    model: str
    created: int

    def delta(
        self,
        delta: dict[str, Any],
        finish_reason: str | None = None,
        *,
        logprobs: dict[str, Any] | None = None,
        **more: Any,
    ) -> str:
        """Return a chunk with a piece of the message."""
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": logprobs}
        return self.chunk([choice], **more)

    def chunk(self, choices: list[dict[str, Any]], **more: Any) -> str:
        """Return a chunk as a server-sent event."""
        return event_of({
            "id": self.id, "object": "chat.completion.chunk", "created": self.created, "model": self.model,
            "choices": choices, **more,
        })  # fmt: skip


DONE = "data: [DONE]\n\n"


@dataclass(slots=True)
class Listener:
    """Takes the events of a run, for a stream to read."""

    queue: asyncio.Queue[AnyEvent | None] = field(default_factory=asyncio.Queue)

    def __call__(self, event: AnyEvent) -> None:
        self.queue.put_nowait(event)

    async def until(self, task: asyncio.Task[Result], keep_alive_s: float) -> AsyncIterator[AnyEvent | None]:
        """Yield events until the task is done and all are read; None after a silence."""
        task.add_done_callback(lambda _: self.queue.put_nowait(None))
        while True:
            try:
                event = await asyncio.wait_for(self.queue.get(), keep_alive_s)
            except TimeoutError:
                yield None
                continue
            if event is None:
                return
            yield event


async def streamed(
    desk: Desk,
    job: Job,
    listener: Listener,
    chunks: Chunks,
    *,
    direct: bool,
    tell_progress: bool,
    include_usage: bool,
    room: answering.Room,
    formed: bool = False,
) -> AsyncIterator[str]:
    """Yield the server-sent events of a completion; a reader who leaves ends the run, which can be resumed.

    Args:
        direct: Send the model's text while it is written.
        formed: The answer has to be of a form, so it is sent only when it is.
    """
    assert job.task is not None
    text = DirectText()
    try:
        yield chunks.delta({"role": "assistant", "content": ""})
        async for event in listener.until(job.task, KEEP_ALIVE_S):
            if event is None:
                yield ": still at work\n\n"
                continue
            content = room.take(text.take(event), last=False) if direct else ""
            if content:
                yield chunks.delta({"content": content})
            line = progress(event) if tell_progress else ""
            if line:
                yield chunks.delta({"reasoning_content": f"{line}\n"})
        try:
            result = await job.result()
            answer, refusal = answering.said_of(result, formed=formed)
        except HttpFault as fault:
            yield event_of(fault.body())
            return
        except AgotError as error:
            yield event_of(translated(error).body())
            return
        if content := room.take(_rest(text, answer or "", result.question)):
            yield chunks.delta({"content": content})
        if refusal is not None:
            yield chunks.delta({"refusal": refusal})
        told = answering.report(result).model_dump(mode="json")
        yield chunks.delta({}, answering.finish_reason(result, room), agot=told)
        if include_usage:
            yield chunks.chunk([], usage=answering.usage_of(result.usage).model_dump())
        yield DONE
    finally:
        if not job.task.done():
            desk.cancel(job.run_id)


def _rest(text: DirectText, answer: str, question: str) -> str:
    """Return what is left to be said of the answer."""
    if not text.sent:
        return answer
    if text.agrees_with(answer, question):
        return ""
    return f"\n\nCorrection, after checks: {answer or 'no answer'}"
