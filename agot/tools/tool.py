"""What a tool is, what calling one means, and how a function becomes one."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, ParamSpec, Protocol, TypeVar, overload

from agot.errors import SetupError
from agot.ids import ROOT, ThoughtId
from agot.protocols import ModelText
from agot.thought import Value
from agot.tools.rendering import rendered
from agot.tools.signature import Signature
from agot.tools.threads import in_thread

Invoke = Callable[[Mapping[str, Any]], Awaitable[str]]
"""Does the work and returns text. Raises `ToolError` with a text for the model; what else it raises is told as well."""

Check = Callable[[Mapping[str, Any]], object]
"""Raises `ToolError` if the arguments do not fit."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
"""What every provider takes for the name of a tool."""


class Watch(Protocol):
    """Knows whether a tool still is what it was when it was listed."""

    async def change(self) -> str:
        """Return what is told of the tool now, if it is not what was told before; else "".

        Raises:
            ToolError: If it is not there any more, or cannot be looked at.
        """
        ...

    def accept(self) -> None:
        """Take what `change` told of as known from now on: a person approved it."""
        ...


@dataclass(frozen=True, slots=True)
class Tool:
    """Something a model may ask for.

    Attributes:
        parameters: JSON schema of the arguments, an object.
        check: Tells wrong arguments before anybody is asked to approve them; None leaves that to `invoke`.
        timeout_s: Seconds one call may take, the wait for `concurrency` not included.
        output_chars: Characters of a result that the model sees; the rest is cut, and the text says so.
        side_effects: It changes something outside of the run: called only after a person's approval, and the same
            call is made once in a run: who asks for it again is given the result that it had.
        idempotency_key: Names of the arguments that make two calls the same; None for all of them.
        repeatable: The same call may be wanted twice in a run, such as a key to press: a person is asked anew each time,
            also one who said "always".
        concurrency: Calls at once in one run, or None.
        calls: Calls in one run, or None.
        origin: Where it comes from, for people; "" for a program's own.
        watch: Asked before each call whether the tool has changed, which needs a person's approval; None for what cannot.
    """

    name: str
    description: str
    parameters: dict[str, Any]
    invoke: Invoke
    check: Check | None = None
    timeout_s: float = 30.0
    output_chars: int = 8_000
    side_effects: bool = False
    idempotency_key: tuple[str, ...] | None = None
    repeatable: bool = False
    concurrency: int | None = None
    calls: int | None = None
    origin: str = ""
    watch: Watch | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise SetupError(
                f"The tool name {self.name!r} cannot be used: expected a letter, then at most 63 letters, digits, _ or -."
            )
        if not self.description.strip():
            raise SetupError(
                f"The tool {self.name!r} has no description; a model cannot choose it. Write a docstring."
            )
        if not 0 < self.timeout_s < float("inf") or self.output_chars < 1:
            raise SetupError(f"The tool {self.name!r} needs a timeout_s and output_chars above 0.")
        if (self.concurrency is not None and self.concurrency < 1) or (
            self.calls is not None and self.calls < 0
        ):
            raise SetupError(
                f"The tool {self.name!r} needs a concurrency of at least 1 and calls of at least 0."
            )
        arguments = self.parameters.get("properties", {})
        unknown = [name for name in self.idempotency_key or () if name not in arguments]
        if unknown or not (self.side_effects or (self.idempotency_key is None and not self.repeatable)):
            raise SetupError(
                f"The idempotency_key of the tool {self.name!r} names {unknown[0]!r}, which is none of its arguments: "
                f"{', '.join(arguments) or 'it has none'}."
                if unknown
                else f"The tool {self.name!r} has no side effects, so idempotency_key and repeatable mean nothing for it."
            )


class ToolOutcome(Value):
    """What the model reads of a call.

    Attributes:
        error: It failed or was not made; `text` says why and what to do.
    """

    text: ModelText
    error: bool = False


class ToolRequest(Value):
    """What a person is asked to approve.

    Attributes:
        again: This run has begun the same call before: it has taken effect already, or may have. `text` says what is
            known.
        changed: What the tool's server says of it now, which is not what it said when it was listed; "" if it is the same.
        text: The question as a sentence.
    """

    thought: ThoughtId = ROOT
    tool: str
    description: str
    arguments: dict[str, Any]
    again: bool = False
    changed: str = ""
    text: str


Approve = Callable[[ToolRequest], Awaitable[bool | Literal["always"]]]
"""Asks a person; True lets the call be made, "always" also all later calls of the tool in the run."""

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class FunctionTool(Tool, Generic[P, R]):
    """A tool that a function was made into; called, it is that function still."""

    function: Callable[P, R] | None = None

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function, as if it were no tool."""
        if self.function is None:
            raise TypeError(f"The tool {self.name!r} has no function to call.")
        return self.function(*args, **kwargs)


@overload
def tool(function: Callable[P, R], /) -> FunctionTool[P, R]: ...
@overload
def tool(
    *,
    name: str | None = None,
    description: str | None = None,
    timeout_s: float = 30.0,
    output_chars: int = 8_000,
    side_effects: bool = False,
    idempotency_key: Sequence[str] | None = None,
    repeatable: bool = False,
    concurrency: int | None = None,
    calls: int | None = None,
) -> Callable[[Callable[P, R]], FunctionTool[P, R]]: ...


def tool(
    function: Callable[P, R] | None = None,
    /,
    *,
    name: str | None = None,
    description: str | None = None,
    timeout_s: float = 30.0,
    output_chars: int = 8_000,
    side_effects: bool = False,
    idempotency_key: Sequence[str] | None = None,
    repeatable: bool = False,
    concurrency: int | None = None,
    calls: int | None = None,
) -> FunctionTool[P, R] | Callable[[Callable[P, R]], FunctionTool[P, R]]:
    """Make a tool of a typed function, sync or async; it can still be called like the function.

    The description is the docstring without its sections, the parameters come from the annotations and the
    docstring's `Args`. A result that is not text is given to the model as JSON.

    A sync function runs in a thread of its own. Python cannot stop a thread: one that outlasts `timeout_s`
    is left behind and ends when it ends, or with the process, which does not wait for it; its call
    no longer counts against `concurrency`. An async function is cancelled. Nothing helps against
    an async function that blocks the event loop.

    Args:
        name: The function's own by default.
        description: The docstring's by default.
        idempotency_key: Of two calls with side effects that agree in these arguments only one is made in a run; by
            default they have to agree in all.
        repeatable: See `Tool`.

    Raises:
        SetupError: If a parameter has no usable type, or the function has no docstring.
    """

    def made(function: Callable[P, R]) -> FunctionTool[P, R]:
        own_name = name or str(getattr(function, "__name__", type(function).__name__))
        signature = Signature.of(function, own_name)
        return FunctionTool(
            name=own_name,
            description=description or signature.description,
            parameters=signature.schema,
            invoke=_invoke(function, signature),
            check=signature.checked,
            timeout_s=timeout_s,
            output_chars=output_chars,
            side_effects=side_effects,
            idempotency_key=None if idempotency_key is None else tuple(idempotency_key),
            repeatable=repeatable,
            concurrency=concurrency,
            calls=calls,
            function=function,
        )

    return made if function is None else made(function)


def as_tool(given: Tool | Callable[..., object]) -> Tool:
    """Return a tool as it is, and a function as a tool.

    Raises:
        SetupError: If it is neither, or the function cannot be a tool.
    """
    if isinstance(given, Tool):
        return given
    if not callable(given):
        raise SetupError(f"{given!r} is no tool. Give a function, or what agot.tool made of one.")
    return tool(given)


def _invoke(function: Callable[..., Any], signature: Signature) -> Invoke:
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(
        getattr(function, "__call__", None)  # noqa: B004
    ):

        async def awaited(arguments: Mapping[str, Any]) -> str:
            return rendered(await function(**signature.checked(arguments)))

        return awaited

    async def threaded(arguments: Mapping[str, Any]) -> str:
        checked = signature.checked(arguments)
        # Rendering a large result takes time too, and is kept off the event loop.
        return await in_thread(lambda: rendered(function(**checked)))

    return threaded
