"""Every error the project raises on purpose.

    AgotError
    ├── SetupError              the run could not begin: settings, model name, database, question
    ├── StoreError              the database: full or read-only disk, newer schema, broken file
    │   ├── NotStored                 it does not hold what was asked for, or more than one of it
    │   ├── RunHeld                   a live process is running the run
    │   └── LeaseLost                 another process has taken the run over
    └── RunError                the run began and hit something
        ├── BudgetExceeded      a limit fired; carries which one
        ├── Interrupted         a person asked to stop
        ├── ToolError           a tool failed
        │   └── NotRecorded           it may not begin, because that could not be recorded
        └── ModelError          a model call failed for good (after retries)
            ├── ModelUnreachable      nobody answers at that address, or the answer broke off
            │   └── ModelSilent             a server that had the request said nothing for too long
            ├── ModelUnauthorised     key missing, wrong or not allowed
            ├── ModelRateLimited      still limited after all retries
            ├── ContextTooLong        prompt and answer do not fit in the model's context
            ├── ContentRefused        the provider or model refused the content
            └── OutputError           the model answered, but not in the form asked for

A message says what was wrong, what was expected, and what to do. No key is in it, whoever wrote it.
"""

from __future__ import annotations

from typing import Any, Literal

from agot.redaction import redacted_message

LimitKind = Literal["calls", "tokens", "usd", "seconds"]


class AgotError(Exception):
    """Root of the tree; catching it catches everything the project raises on purpose."""

    def __init__(self, *message: object) -> None:
        super().__init__(*(redacted_message(one) if isinstance(one, str) else one for one in message))


class SetupError(AgotError):
    """The run cannot begin: bad settings, unknown model or strategy, unusable question."""


class StoreError(AgotError):
    """The database cannot be used: unreadable, read-only, full, or of a newer version."""


class NotStored(StoreError):
    """There is no such run, thought or call, or the beginning of an id fits several runs."""


class RunHeld(StoreError):
    """A live process is running the run."""


class LeaseLost(StoreError):
    """Another process has taken the run over: this one makes no further call."""


class RunError(AgotError):
    """Something went wrong inside a run."""


class BudgetExceeded(RunError):
    """A limit would be exceeded by the next call.

    Attributes:
        kind: Which limit fired.
        used: How much had been used, in the limit's unit.
        limit: The limit.
        scope: "" for the run's own budget, else the path of the thought whose share fired.
    """

    def __init__(self, kind: LimitKind, used: float, limit: float, scope: str = "") -> None:
        self.kind, self.used, self.limit, self.scope = kind, used, limit, scope
        whose = f"thought {scope}" if scope else "the run"
        super().__init__(
            f"The {kind} budget of {whose} is spent: {used:g} of {limit:g}. Raise the limit to go further."
        )


class Interrupted(RunError):
    """A person asked the run to stop; the best partial answer is returned."""


class ToolError(RunError):
    """A tool failed, or may not be run."""


class NotRecorded(ToolError):
    """A call with side effects was not begun, because the database cannot record that it was."""


class ModelError(RunError):
    """A model call failed for good.

    Attributes:
        model: The litellm model string that was called.
        status: The HTTP status, or None if there was none.
        retry_after_s: Seconds the server asked to wait, or None.
        said: The server's own words, "" if there were none.
    """

    said = ""

    def __init__(
        self, message: str, *, model: str = "", status: int | None = None, retry_after_s: float | None = None
    ) -> None:
        self.model, self.status, self.retry_after_s = model, status, retry_after_s
        super().__init__(message)


class ModelUnknown(ModelError):
    """The model's name says nothing of who provides it."""


class ModelUnreachable(ModelError):
    """Nobody answers at the model's address, or the answer broke off."""


class ModelSilent(ModelUnreachable):
    """A server that had the request said nothing for too long; the same request is not sent there again.

    Attributes:
        arrived: What had arrived of the answer before, as an `agot.protocols.ModelReply`, if it can be used.
    """

    def __init__(self, message: str, *, model: str = "", arrived: Any = None) -> None:
        self.arrived = arrived
        super().__init__(message, model=model)


class ModelUnauthorised(ModelError):
    """The key is missing, wrong, or not allowed to use this model."""


class ModelRateLimited(ModelError):
    """The endpoint still limits us after all retries."""


class ContextTooLong(ModelError):
    """The prompt plus the room for an answer do not fit into the model's context."""


class ContentRefused(ModelError):
    """The provider refused to process or to produce this content."""


class OutputError(ModelError):
    """The model answered, but not in the form asked for, also after the repair rounds."""
