"""From a conversation to one question.

*  The last message of the user is the question; where there is nothing but messages of the system, the last of those.
*  Earlier messages of user, assistant and tools are material: what the question may refer to, and data to every model. Of
   parts that are no text (images) it is said that they were there.
*  Messages of system and developer are demands on the answer; they stand below the question, as part of it, because what is
   material is not obeyed. The embedded model reads no demands, and would only be led astray: for it they are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from agot.agents.strategies.registry import STRATEGIES
from agot.budget import Budget
from agot.errors import SetupError
from agot.question import LONGEST_QUESTION, with_form
from agot.settings import Effort
from agot.web.completions.forms import form_of
from agot.web.completions.wire import ChatMessage, CompletionRequest, Extension
from agot.web.faults import HttpFault
from agot.web.runs import limited

AUTO = "agot"
DIRECT = "agot/direct"

_DEMANDING = ("system", "developer")
_SPEAKERS = {"user": "User", "assistant": "Assistant", "tool": "Tool", "function": "Tool"}


@dataclass(frozen=True, slots=True)
class Question:
    """What a request asks of a run."""

    text: str
    strategy: str
    budget: Budget
    effort: Effort | None
    seed: int | None


@dataclass(frozen=True, slots=True)
class Names:
    """What names of models mean.

    Attributes:
        other: The model that answers for names that are none of the server's; None refuses them.

    Raises:
        SetupError: If that is none itself.
    """

    other: str | None = None

    def __post_init__(self) -> None:
        if self.other is not None and _strategy_of(self.other) is None:
            raise SetupError(
                f"--any-model {self.other!r} is no model of this server. There are: {', '.join(models())}."
            )

    def strategy(self, model: str, own: Extension | None = None) -> str:
        """Return the strategy that a request names.

        Args:
            own: What the request says beyond OpenAI's fields; its strategy goes before the one of the name.

        Raises:
            HttpFault: 404, if there is no such model.
        """
        found = _strategy_of(model) or (_strategy_of(self.other) if self.other is not None else None)
        if found is None:
            raise HttpFault(
                404, f"There is no model {model[:80]!r}. There are: {', '.join(models())}.", code="model_not_found",
                param="model",
            )  # fmt: skip
        return own.strategy if own is not None and own.strategy is not None else found


def _strategy_of(model: str) -> str | None:
    """Return the strategy that a model's name stands for, None if it is none of the server's."""
    name, _, strategy = model.partition("/")
    if name == AUTO and (model == AUTO or strategy == "auto" or strategy in STRATEGIES.names()):
        return strategy or "auto"
    return None


def models() -> list[str]:
    """Return the names of all models: one for "auto", and one for each strategy."""
    return [AUTO, *(f"{AUTO}/{name}" for name in STRATEGIES.names())]


def question(request: CompletionRequest, strategy: str, server: Budget, *, reads_demands: bool) -> Question:
    """Return what is asked.

    Args:
        strategy: The one that the request names.
        server: The limits of the server; a request may set lower ones.
        reads_demands: The model follows instructions.

    Raises:
        HttpFault: If nothing is asked, or what is asked for cannot be given.
    """
    own = request.agot
    if request.logprobs:
        raise HttpFault(
            400, f"logprobs is only taken together with tools, or by the model {DIRECT}, where one call of a model gives the "
            "whole reply. Without them leave it out.", code="logprobs", param="logprobs",
        )  # fmt: skip
    form = form_of(request.response_format)
    if form is not None and not reads_demands:
        raise HttpFault(
            400, "The embedded model does not answer in a given form. Leave response_format out, or set another model: "
            "agot models set fast MODEL.", code="response_format", param="response_format",
        )  # fmt: skip
    text = text_of(request.messages, reads_demands=reads_demands)
    if form is not None:
        text = checked_length(with_form(text, form.document))
    seed = own.seed if own is not None and own.seed is not None else request.seed
    return Question(
        text, strategy, budget_of(request, server),
        _effort(request), seed,
    )  # fmt: skip


_REFUSED = {
    "functions": "is the older form of tools: send tools",
    "function_call": "is the older form of tool_choice: send tool_choice",
    "audio": "is not served: answers are text",
}


def check_fields(request: CompletionRequest) -> None:
    """Refuse fields that would change what a client gets, and that nothing here serves.

    Raises:
        HttpFault: 400, naming the field.
    """
    sent = request.model_extra or {}
    for name, why in _REFUSED.items():
        if sent.get(name):
            raise HttpFault(400, f"{name} {why}.", code="unsupported", param=name)
    kinds = sent.get("modalities")
    if kinds and kinds != ["text"]:
        raise HttpFault(400, 'modalities: expected ["text"]: answers are text.', code="unsupported", param="modalities")


_EFFORTS: dict[str, Effort] = {
    "none": "fast", "minimal": "fast", "low": "fast", "high": "thorough", "xhigh": "thorough"
}  # fmt: skip


def _effort(request: CompletionRequest) -> Effort | None:
    """Return the effort that is asked for, in our words or in OpenAI's."""
    if request.agot is not None and request.agot.effort is not None:
        return request.agot.effort
    return _EFFORTS.get(str((request.model_extra or {}).get("reasoning_effort")))


def budget_of(request: CompletionRequest, server: Budget) -> Budget:
    """Return the limits of a request, with tools or without.

    Args:
        server: The limits of the server; a request may set lower ones.
    """
    return server if request.agot is None else limited(server, request.agot.budget, most=server)


def text_of(messages: Sequence[ChatMessage], *, reads_demands: bool = True) -> str:
    """Return the question of a conversation, with its material before a last line "Question: ...".

    Raises:
        HttpFault: 400, if the user asks nothing, or all together is too long.
    """
    last = _last(messages, ("user",))
    if last is None and not any(one.role in _SPEAKERS for one in messages):
        # Some clients say all that they want in one message of the system.
        last = _last(messages, _DEMANDING)
    if last is None:
        raise HttpFault(400, "No message of the user asks anything.", code="no_question", param="messages")
    demanding = [
        place for place, one in enumerate(messages) if one.role in _DEMANDING and place != last and _says(one)
    ]
    for place in (last, *demanding):
        if (strange := messages[place].strange_part) is not None:
            where = f"messages.{place}.content.{strange}.type"
            raise HttpFault(
                400, f"{where}: in a question only text parts are taken; leave the others out.", code="literal_error",
                param=where,
            )  # fmt: skip
    demands = [messages[place].text.strip() for place in demanding]
    text = messages[last].text.strip()
    if demands and reads_demands:
        text += "\n\nDemands on the answer:\n" + "\n".join(demands)
    said = [_said(one) for place, one in enumerate(messages) if place != last and one.role in _SPEAKERS]
    lines = [line for line in said if line]
    if lines:
        text = "The conversation so far:\n" + "\n".join(lines) + f"\nQuestion: {text}"
    return checked_length(text)


def checked_length(text: str) -> str:
    """Return a question if it is short enough.

    Raises:
        HttpFault: 400, if it is too long.
    """
    if len(text) > LONGEST_QUESTION:
        raise HttpFault(
            400, f"The conversation has {len(text):,} characters; at most {LONGEST_QUESTION:,} are accepted.",
            code="context_length_exceeded", param="messages",
        )  # fmt: skip
    return text


def _says(message: ChatMessage) -> bool:
    return bool(message.text.strip()) or message.strange_part is not None


def _last(messages: Sequence[ChatMessage], roles: tuple[str, ...]) -> int | None:
    """Return the place of the last message of some roles that says anything."""
    places = (place for place in range(len(messages) - 1, -1, -1) if messages[place].role in roles)
    return next((place for place in places if _says(messages[place])), None)


def _said(message: ChatMessage) -> str:
    called = [call.function for call in message.tool_calls or ()]
    if message.function_call is not None:
        called.append(message.function_call)
    calls = [f"(calls {call.name} with {call.arguments})" for call in called]
    strange = [] if message.strange_part is None else ["(something that is no text)"]
    text = " ".join([message.text.strip(), *strange, *calls]).strip()
    return f"{_SPEAKERS[message.role]}: {text}" if text else ""
