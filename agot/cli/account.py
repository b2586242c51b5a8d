"""How a run came to its answer, thought by thought, as a fold over its events: what `/why` and `/evidence` tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from agot.cli.paint import one_line, printable
from agot.cli.verdicts import said, standing, weakest
from agot.errors import SetupError

if TYPE_CHECKING:
    from agot.events import AnyEvent
    from agot.ids import RunId
    from agot.stores.database import SqlStore
    from agot.thought import Verdict

_LONGEST_SHOWN = 2_000
_ADVICE_CHARS = 60
_PART_CHARS = 40
_MOST_IDS = 60


@dataclass(slots=True)
class Thought:
    """One thought.

    Attributes:
        strategy: The one that gave the answer; the last chosen may have called itself otherwise.
        choices: Each strategy with why it was chosen, in order.
        retries: Why each earlier answer was not accepted.
        checked: What each check said, with the answer it is about.
        tools: Each tool call with what came of it.
        needs: Thoughts whose answers it was given.
        parts: Thoughts nested in it.
    """

    id: str
    question: str = ""
    status: str = "pending"
    answer: str = ""
    reason: str = ""
    reward: float | None = None
    strategy: str = ""
    choices: list[tuple[str, str]] = field(default_factory=list)
    retries: list[str] = field(default_factory=list)
    checked: list[tuple[str, Verdict]] = field(default_factory=list)
    tools: list[tuple[str, str]] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    split: str = ""
    calls: int = 0
    tokens: int = 0
    cost_usd: float = 0.0


def account(events: Iterable[AnyEvent]) -> dict[str, Thought]:
    """Return the thoughts of a run's last attempt, in the order in which they came up."""
    found: dict[str, Thought] = {}
    arguments: dict[str, str] = {}

    def of(thought: str) -> Thought:
        return found.setdefault(thought, Thought(thought))

    for event in events:
        match event.kind:
            case "run_started":
                found.clear()
            case "thought_added":
                of(event.thought).question = event.question
                if event.parent_graph is not None:
                    of(event.parent_graph).parts.append(event.thought)
            case "thought_started":
                one = of(event.thought)
                one.status, one.question = "running", event.question or one.question
            case "edge_added":
                of(event.target).needs.append(event.source)
            case "strategy_chosen":
                of(event.thought).choices.append((event.strategy, event.why))
            case "thought_expanded":
                of(event.thought).split = event.why
            case "thought_retried":
                of(event.thought).retries.append(event.why)
            case "verified":
                of(event.thought).checked.append((event.answer, event.verdict))
            case "tool_started":
                arguments[event.call] = event.arguments
            case "tool_finished":
                call = f"{event.tool} {arguments.get(event.call, '')}".strip()
                of(event.thought).tools.append((call, ("failed: " if event.error else "") + event.text))
            case "call_finished":
                one = of(event.thought)
                one.calls += event.usage.calls
                one.tokens += event.usage.tokens
                one.cost_usd += event.usage.cost_usd
            case "thought_finished":
                one = of(event.thought)
                one.status, one.answer, one.reason = str(event.status), event.answer, event.reason
                one.reward, one.strategy = event.reward, event.strategy
            case _:
                pass
    return found


def named(thoughts: dict[str, Thought], name: str) -> Thought:
    """Return the thought of a name; of "" the question itself.

    Raises:
        SetupError: If there is none.
    """
    wanted = name.strip() or "root"
    if wanted in thoughts:
        return thoughts[wanted]
    shown = ", ".join(list(thoughts)[:_MOST_IDS]) + (", ..." if len(thoughts) > _MOST_IDS else "")
    raise SetupError(
        f"There is no thought {one_line(wanted, _ADVICE_CHARS)!r} in this run. There are: {shown or 'none'}."
    )


async def explained(store: SqlStore, run_id: RunId, name: str) -> list[str]:
    """Return in lines how a thought of a run came to its answer, and last what the model wrote there.

    Raises:
        SetupError: If the run has no thought of this name.
    """
    from agot.cli.reply import reply_for, reply_lines

    thoughts = account(await store.events(run_id))
    one = named(thoughts, name)
    lines = why(thoughts, one)
    writer = _writer(thoughts, one)
    if writer is None:
        return lines
    if one.strategy == "plan":
        return [*lines, f"  the answer is that of {writer.id}: look there for what the model wrote"]
    reply = await store.view(lambda connection: reply_for(connection, run_id, writer.id, one.answer))
    return [*lines, *(f"  {line}" for line in (reply_lines(reply, run_id) if reply is not None else ()))]


def why(thoughts: dict[str, Thought], one: Thought) -> list[str]:
    """Return in lines what was asked, how and why it was worked on, and what came of it."""
    lines = [f"{one.id}: {_short(one.question)}"]
    if one.split:
        lines.append(f"  split into {len(one.parts)}: {_short(one.split)}")
        lines += [f"    {line}" for line in _parts(thoughts, one)]
    for strategy, reason in one.choices:
        lines.append(f"  strategy {strategy}: {_short(reason)}")
    chosen = one.choices[-1][0] if one.choices else one.strategy
    if one.answer and not one.split and one.strategy not in ("", chosen):
        lines.append(f"  strategy {chosen}, answered as {one.strategy}")
    for reason in one.retries:
        lines.append(f"  tried again: {_short(reason)}")
    for need in one.needs:
        lines.append(f"  given {need}: {_short(thoughts[need].answer) if need in thoughts else ''}")
    lines += [f"  {line}" for line in _checks(thoughts, one)]
    for call, text in one.tools:
        lines.append(f"  tool {_short(call)} -> {_short(text)}")
    answered = f" -> {_short(one.answer)}" if one.answer else ""
    reward = f" ({one.reward:.2f})" if one.reward is not None else ""
    lines.append(f"  {one.status}{reward}{answered}")
    if one.reason:
        lines.append(f"  {_short(one.reason)}")
    if one.calls:
        cost = f" · ${one.cost_usd:.4f}" if one.cost_usd else ""
        lines.append(f"  {one.calls} call{'s' * (one.calls != 1)} · {one.tokens} tokens{cost}")
    return lines


def evidence(thoughts: dict[str, Thought], one: Thought) -> list[str]:
    """Return in lines what an answer rests on: answers it was given, what tools said, and what checks said."""
    lines: list[str] = []
    for member in _below(thoughts, one):
        rests = [
            f"  given {need}: {_short(thoughts[need].answer)}" for need in member.needs if need in thoughts
        ]
        rests += [f"  tool {_short(call)} -> {_short(text)}" for call, text in member.tools]
        rests += [f"  {line}" for line in _checks(thoughts, member)]
        if rests:
            answered = f" -> {_short(member.answer)}" if member.answer else ""
            lines += [f"{member.id}: {_short(member.question)}{answered}", *rests]
    return lines or ["Nothing: no part, no tool and no check stands behind the answer."]


def _below(thoughts: dict[str, Thought], one: Thought) -> list[Thought]:
    found, waiting = [], [one]
    while waiting:
        member = waiting.pop(0)
        found.append(member)
        waiting = [thoughts[part] for part in member.parts if part in thoughts] + waiting
    return found


def _writer(thoughts: dict[str, Thought], one: Thought) -> Thought | None:
    """Return the thought in whose calls an answer was written: for one put together from parts, one of these."""
    if not one.answer or one.strategy not in ("plan", "synthesis"):
        return one if one.answer else None
    parts = [thoughts[part] for part in one.parts if part in thoughts]
    return next((part for part in reversed(parts) if part.answer == one.answer), None)


def _parts(thoughts: dict[str, Thought], one: Thought) -> list[str]:
    """Return a line for each part with its reward and how sure it is, the weakest marked."""
    parts = [thoughts[part] for part in one.parts if part in thoughts]
    weak = weakest(parts, thoughts)
    lines = []
    for part in parts:
        facts = [part.status] if part.reward is None else [f"{part.reward:.2f}", standing(part, thoughts)]
        facts += ["the weakest"] if part is weak else []
        answered = f" -> {one_line(part.answer, _PART_CHARS)}" if part.answer else ""
        lines.append(f"{part.id} ({', '.join(facts)}): {one_line(part.question, _PART_CHARS)}{answered}")
    return lines


def _checks(thoughts: dict[str, Thought], one: Thought) -> list[str]:
    return [
        f"{verdict.check}: {said(verdict, one, thoughts)}"
        + (f" of {_short(answer)}" if answer != one.answer else "")
        + (f" - {_short(verdict.feedback)}" if verdict.feedback else "")
        for answer, verdict in one.checked
    ]


def _short(text: str) -> str:
    flat = " ".join(printable(text[: 2 * _LONGEST_SHOWN]).split())
    return flat if len(flat) <= _LONGEST_SHOWN else flat[:_LONGEST_SHOWN] + " [cut here]"
