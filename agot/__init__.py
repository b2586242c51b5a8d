"""Adaptive Graph of Thoughts: test-time reasoning as a recursive graph, over any model litellm reaches.

    import agot

    result = agot.ask_sync("What is (17 + 4) * 3?")
    print(result.answer, result.status, result.confidence)

Names are loaded when they are first used: `import agot` costs a few milliseconds and reaches for
nothing, and a program pays for litellm only when it asks a model. What is not named here is private: it may
change in any version.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agot.agents.strategies.registry import Strategy
    from agot.agents.tries import Try
    from agot.budget import Budget
    from agot.errors import (
        AgotError,
        BudgetExceeded,
        ContentRefused,
        ContextTooLong,
        Interrupted,
        ModelError,
        ModelRateLimited,
        ModelSilent,
        ModelUnauthorised,
        ModelUnknown,
        ModelUnreachable,
        OutputError,
        RunError,
        SetupError,
        StoreError,
        ToolError,
    )
    from agot.events import (
        AnyEvent,
        ApprovalAsked,
        ApprovalGiven,
        CallFinished,
        CallRetried,
        CallStarted,
        EdgeAdded,
        Event,
        LimitFired,
        Notice,
        PlanProposed,
        PlanRejected,
        PlanRepaired,
        RunFinished,
        RunStarted,
        SearchFinished,
        SearchNodeAdded,
        SearchNodeVisited,
        SearchPruned,
        StrategyChosen,
        TextStreamed,
        ThoughtAdded,
        ThoughtExpanded,
        ThoughtFinished,
        ThoughtRetried,
        ThoughtStarted,
        ToolFinished,
        ToolStarted,
        Verified,
    )
    from agot.protocols import Ask, Assessed, Verifier
    from agot.reasoner import Reasoner
    from agot.settings import RoleSettings, Settings, load_settings
    from agot.thought import Result, Solution, Step, Task, Usage, Verdict
    from agot.tools.tool import Tool, tool

__version__ = "0.1.0"

_HOMES = {
    "agot.agents.strategies.registry": ("Strategy",),
    "agot.agents.tries": ("Try",),
    "agot.budget": ("Budget",),
    "agot.errors": (
        "AgotError", "BudgetExceeded", "ContentRefused", "ContextTooLong", "Interrupted", "ModelError",
        "ModelRateLimited", "ModelSilent", "ModelUnauthorised", "ModelUnknown", "ModelUnreachable", "OutputError", "RunError", "SetupError",
        "StoreError", "ToolError",
    ),
    "agot.events": (
        "AnyEvent", "ApprovalAsked", "ApprovalGiven", "CallFinished", "CallRetried", "CallStarted",
        "EdgeAdded", "Event", "LimitFired", "Notice", "PlanProposed", "PlanRejected",
        "PlanRepaired", "RunFinished", "RunStarted", "SearchFinished", "SearchNodeAdded",
        "SearchNodeVisited", "SearchPruned", "StrategyChosen", "TextStreamed", "ThoughtAdded",
        "ThoughtExpanded", "ThoughtFinished", "ThoughtRetried", "ThoughtStarted", "ToolFinished",
        "ToolStarted", "Verified",
    ),
    "agot.protocols": ("Ask", "Assessed", "Verifier"),
    "agot.reasoner": ("Reasoner",),
    "agot.settings": ("RoleSettings", "Settings", "load_settings"),
    "agot.tools.tool": ("Tool", "tool"),
    "agot.thought": ("Result", "Solution", "Step", "Task", "Usage", "Verdict"),
}  # fmt: skip
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "AgotError",
    "AnyEvent",
    "ApprovalAsked",
    "ApprovalGiven",
    "Ask",
    "Assessed",
    "Budget",
    "BudgetExceeded",
    "CallFinished",
    "CallRetried",
    "CallStarted",
    "ContentRefused",
    "ContextTooLong",
    "EdgeAdded",
    "Event",
    "Interrupted",
    "LimitFired",
    "ModelError",
    "ModelRateLimited",
    "ModelSilent",
    "ModelUnauthorised",
    "ModelUnknown",
    "ModelUnreachable",
    "Notice",
    "OutputError",
    "PlanProposed",
    "PlanRejected",
    "PlanRepaired",
    "Reasoner",
    "Result",
    "RoleSettings",
    "RunError",
    "RunFinished",
    "RunStarted",
    "SearchFinished",
    "SearchNodeAdded",
    "SearchNodeVisited",
    "SearchPruned",
    "Settings",
    "SetupError",
    "Solution",
    "Step",
    "StoreError",
    "Strategy",
    "StrategyChosen",
    "Task",
    "TextStreamed",
    "ThoughtAdded",
    "ThoughtExpanded",
    "ThoughtFinished",
    "ThoughtRetried",
    "ThoughtStarted",
    "Tool",
    "ToolError",
    "ToolFinished",
    "ToolStarted",
    "Try",
    "Usage",
    "Verdict",
    "Verified",
    "Verifier",
    "__version__",
    "ask",
    "ask_sync",
    "load_settings",
    "tool",
]


def __getattr__(name: str) -> Any:
    module = _HOME_OF.get(name)
    if module is None:
        raise AttributeError(f"module 'agot' has no attribute {name!r}")
    value = getattr(importlib.import_module(module), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})


async def ask(
    question: str,
    *,
    settings: Settings | None = None,
    strategy: str | None = None,
    budget: Budget | None = None,
    seed: int | None = None,
    strategies: Sequence[Strategy] = (),
    checks: Sequence[Verifier] = (),
    tools: Sequence[Tool | Callable[..., object]] = (),
    on_event: Callable[[AnyEvent], None] | None = None,
) -> Result:
    """Answer one question with a reasoner of its own; keep a `Reasoner` to ask several.

    Args:
        settings: None for those of the settings file and the environment.
        strategy: None for the one of the settings.
        budget: None for the one of the settings.
        seed: None for the one of the settings.
        strategies, checks, tools: Own ones, as for `Reasoner`.
        on_event: Called with every event of the run, in order; must not block.

    Returns:
        The result. Faults of models and limits never raise; `Result.status` tells.

    Raises:
        SetupError: If the run cannot begin.
        StoreError: If the database cannot be used.
    """
    from agot.reasoner import Reasoner
    from agot.settings import load_settings

    own = load_settings() if settings is None else settings
    async with Reasoner(own, strategies=strategies, checks=checks, tools=tools) as reasoner:
        return await reasoner.ask(question, strategy=strategy, budget=budget, seed=seed, on_event=on_event)


def ask_sync(
    question: str,
    *,
    settings: Settings | None = None,
    strategy: str | None = None,
    budget: Budget | None = None,
    seed: int | None = None,
    strategies: Sequence[Strategy] = (),
    checks: Sequence[Verifier] = (),
    tools: Sequence[Tool | Callable[..., object]] = (),
    on_event: Callable[[AnyEvent], None] | None = None,
) -> Result:
    """Answer one question from code that is not async; arguments and errors as in `ask`.

    Raises:
        SetupError: Also if an event loop runs in this thread; `await agot.ask(...)` there.
    """
    import asyncio

    from agot.errors import SetupError

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(
            ask(
                question,
                settings=settings,
                strategy=strategy,
                budget=budget,
                seed=seed,
                strategies=strategies,
                checks=checks,
                tools=tools,
                on_event=on_event,
            )
        )
    raise SetupError("ask_sync was called while an event loop runs in this thread. Use: await agot.ask(...)")
