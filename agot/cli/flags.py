"""Flags that several commands share."""

from __future__ import annotations

import os
from typing import Annotated, Literal

import typer

Output = Literal["text", "json", "jsonl"]
TableOutput = Literal["text", "json"]


def _set_debug(value: bool) -> None:
    if value:
        os.environ["AGOT_DEBUG"] = "1"


def debugging() -> bool:
    """Return whether a failure shows its traceback."""
    return os.environ.get("AGOT_DEBUG", "") not in ("", "0")


DebugFlag = Annotated[
    bool, typer.Option("--debug", help="Show the traceback of a failure.", callback=_set_debug, is_eager=True)
]
ModelFlag = Annotated[
    str | None,
    typer.Option(
        "--model", "-m", metavar="MODEL", help="litellm model string; the default is in the settings."
    ),
]
BaseUrlFlag = Annotated[
    str | None,
    typer.Option("--base-url", metavar="URL", help="Address of an OpenAI-compatible server for the model."),
]
STRATEGIES = (
    "ab-mcts, adaptive-best-of-n, best-of-n, chain, chain-program-vote, coat, critic, cross-check, direct, experts, got, "
    "least-to-most, mcts, particle-filter, particle-gibbs, program, puct, rebase, refinement-tree, rewind, rpc, tools, "
    "tot-bfs, tot-dfs, vote"
)
"""The registry's, written out: importing it would keep every help waiting for a second."""

StrategyFlag = Annotated[
    str | None,
    typer.Option(
        "--strategy", metavar="NAME", help=f"auto, which chooses per thought, or one of {STRATEGIES}."
    ),
]
OutputFlag = Annotated[
    Output, typer.Option("--output", help="The answer, one JSON object, or every event as a JSON line.")
]
TableFlag = Annotated[TableOutput, typer.Option("--output", help="A table, or JSON.")]
FastFlag = Annotated[
    bool, typer.Option("--fast", help="One or two calls: the model's own answer, checked only by code.")
]
ThoroughFlag = Annotated[
    bool,
    typer.Option("--thorough", help="As many calls as may help: more samples, the judge, searches, plans."),
]
AbstainFlag = Annotated[
    float | None,
    typer.Option(
        "--abstain",
        metavar="P",
        min=0.0,
        max=1.0,
        help="Withhold an answer whose calibrated chance is below P.",
    ),
]
SeedFlag = Annotated[int | None, typer.Option("--seed", metavar="N", help="Seed of all sampling.")]
CallsFlag = Annotated[int | None, typer.Option("--budget-calls", metavar="N", help="Model calls, at most.")]
TokensFlag = Annotated[
    int | None, typer.Option("--budget-tokens", metavar="N", help="Prompt and answer tokens, at most.")
]
UsdFlag = Annotated[float | None, typer.Option("--budget-usd", metavar="X", help="US dollars, at most.")]
TimeoutFlag = Annotated[float | None, typer.Option("--timeout", metavar="S", help="Seconds, at most.")]
DatabaseFlag = Annotated[
    str | None,
    typer.Option("--database", metavar="URL", help="SQLite or PostgreSQL; the default is in the settings."),
]
VerboseFlag = Annotated[
    bool, typer.Option("--verbose", "-v", help="Tell the progress on standard error, also in a pipe.")
]
AgainFlag = Annotated[bool, typer.Option("--again", help="Answer anew, also if the run is answered already.")]


def engine(fast: bool, thorough: bool, abstain: float | None) -> dict[str, object]:
    """Return the settings of the engine that were given.

    Raises:
        SetupError: If both ends of the effort are asked for.
    """
    if fast and thorough:
        from agot.errors import SetupError

        raise SetupError("--fast and --thorough do not go together. Give one of them, or neither.")
    given: dict[str, object] = {} if abstain is None else {"abstain": abstain}
    return given | ({"effort": "fast"} if fast else {"effort": "thorough"} if thorough else {})


def limits(
    calls: int | None, tokens: int | None, usd: float | None, seconds: float | None
) -> dict[str, float | int]:
    """Return the limits that were given, named as in `agot.budget.Budget`."""
    given = {"calls": calls, "tokens": tokens, "usd": usd, "seconds": seconds}
    return {name: value for name, value in given.items() if value is not None}
