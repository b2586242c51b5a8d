"""The tree of thoughts as a fold over a run's events, and its rows at a given height.

Live screen, final print and `agot runs show` all read this one fold, so they cannot disagree.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agot.events import AnyEvent
    from agot.thought import Verdict

OPEN = ("pending", "running")


@dataclass(slots=True)
class Node:
    """One thought.

    Attributes:
        tokens: Of its own calls, not those of thoughts nested in it.
        checked: What each check said, with the answer it is about.
        parts: Thoughts nested in it.
    """

    id: str
    parent: str | None
    question: str
    status: str = "pending"
    strategy: str = ""
    answer: str = ""
    reward: float | None = None
    reason: str = ""
    activity: str = ""
    tokens: int = 0
    cost_usd: float = 0.0
    retries: int = 0
    checked: list[tuple[str, Verdict]] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Tree:
    """Everything a display needs of a run."""

    run_id: str = ""
    question: str = ""
    model: str = ""
    limits: dict[str, float | int | None] = field(default_factory=dict)
    nodes: dict[str, Node] = field(default_factory=dict)
    needs: dict[str, list[str]] = field(default_factory=dict)
    calls: int = 0
    tokens: int = 0
    cost_usd: float = 0.0
    replayed: int = 0
    status: str = "running"
    phase: str = "starting"
    notes: list[str] = field(default_factory=list)

    def apply(self, event: AnyEvent) -> None:
        """Fold one event in. A resume tells the whole story again, so it begins afresh."""
        match event.kind:
            case "run_started":
                self._restart(event)
            case "thought_added":
                self._add(event.thought, event.parent_graph, event.question)
            case "edge_added":
                self.needs.setdefault(event.target, []).append(event.source)
            case "plan_proposed":
                self.phase = "planning" if event.round == 0 else "extending the plan"
            case "thought_started":
                node = self._node(event.thought)
                node.status, node.question = "running", event.question or node.question
            case "strategy_chosen":
                self._node(event.thought).strategy = event.strategy
            case "verified":
                self._node(event.thought).checked.append((event.answer, event.verdict))
            case "thought_retried":
                node = self._node(event.thought)
                node.retries, node.activity = event.retry, "trying again"
            case "thought_finished":
                node = self._node(event.thought)
                node.status, node.answer, node.reward = str(event.status), event.answer, event.reward
                node.strategy, node.reason, node.activity = event.strategy or node.strategy, event.reason, ""
            case "call_started":
                self._node(event.thought).activity = event.purpose
                self.phase = _PHASES.get(event.purpose, "solving")
            case "search_node_added":
                self._node(event.thought).activity = f"searching, {event.node + 1} states"
            case "tool_started":
                self._node(event.thought).activity = f"tool {event.tool}"
            case "call_finished":
                node = self._node(event.thought)
                node.tokens += event.usage.tokens
                node.cost_usd += event.usage.cost_usd
                self.calls += event.usage.calls
                self.tokens += event.usage.tokens
                self.cost_usd += event.usage.cost_usd
                self.replayed += event.replayed
            case "limit_fired":
                self.notes.append(f"{event.limit} limit: {event.used:g} of {event.allowed:g}; {event.effect}")
            case "notice":
                self.notes.append(event.text)
            case "run_finished":
                self.status, self.phase = event.status, "done"
            case _:
                pass

    def counts(self) -> tuple[int, int]:
        """Return how many thoughts are open and how many are finished."""
        opened = sum(node.status in OPEN for node in self.nodes.values())
        return opened, len(self.nodes) - opened

    def roots(self) -> list[str]:
        """Return the thoughts that are nested in none."""
        return [node.id for node in self.nodes.values() if node.parent is None]

    def below(self, thought: str) -> list[Node]:
        """Return all thoughts nested in a thought, in order, without itself."""
        found: list[Node] = []
        for part in self.nodes[thought].parts:
            found.append(self.nodes[part])
            found.extend(self.below(part))
        return found

    def _restart(self, event: AnyEvent) -> None:
        assert event.kind == "run_started"
        self.run_id, self.question, self.model = event.run_id, event.question, event.model
        self.limits = dict(event.limits)
        self.nodes, self.needs, self.notes = {}, {}, []
        self.calls = self.tokens = self.replayed = 0
        self.cost_usd, self.status, self.phase = 0.0, "running", "starting"

    def _node(self, thought: str) -> Node:
        return self.nodes[thought] if thought in self.nodes else self._add(thought, None, "")

    def _add(self, thought: str, parent: str | None, question: str) -> Node:
        known = self.nodes.get(thought)
        if known is not None and known.parent is None and parent is not None:
            known.parent, known.question = parent, question
        node = known or self.nodes.setdefault(thought, Node(thought, parent, question))
        if parent is not None and parent in self.nodes and thought not in self.nodes[parent].parts:
            self.nodes[parent].parts.append(thought)
        return node


_PHASES = {
    "understand": "understanding", "think": "thinking", "plan": "planning", "solve": "solving", "judge": "verifying",
    "final": "putting together",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the tree.

    Attributes:
        indent: Nesting on the screen, from 0.
        node: The thought, or None for a line that stands for several.
        folded: Text that replaces what is not shown; "" if nothing is hidden.
    """

    indent: int
    node: Node | None
    folded: str = ""


def rows(tree: Tree, limit: int | None = None, *, fold: bool = True) -> list[Row]:
    """Return the tree's lines, at most `limit` of them.

    What is folded first: finished subtrees, then finished siblings, then waiting siblings, then
    whatever is left beyond the limit. The path to what is running goes last.

    Args:
        limit: None for no limit; at least 2.
        fold: False shows finished subtrees in full as long as they fit.
    """
    for step in range(1 if fold else 0, 4):
        found: list[Row] = []
        for root in tree.roots():
            _walk(tree, root, 0, step, found)
        if limit is None or len(found) <= limit:
            return found
    assert limit is not None
    return _cut(found, limit)


def _walk(tree: Tree, thought: str, indent: int, step: int, out: list[Row]) -> None:
    node = tree.nodes[thought]
    if step >= 1 and node.parts and node.status not in OPEN:
        out.append(Row(indent, node, _summary([node, *tree.below(thought)])))
        return
    out.append(Row(indent, node))
    done: list[Node] = []
    waiting: list[str] = []
    for part in node.parts:
        status = tree.nodes[part].status
        if step >= 2 and status not in OPEN:
            done.extend([tree.nodes[part], *tree.below(part)])
        elif step >= 3 and status == "pending":
            waiting.append(part)
        else:
            _walk(tree, part, indent + 1, step, out)
    if done:
        out.append(Row(indent + 1, None, _summary(done)))
    if waiting:
        out.append(Row(indent + 1, None, f"{_counted(len(waiting))} waiting"))


def _cut(found: list[Row], limit: int) -> list[Row]:
    """Keep the running thoughts and the paths to them as far as they fit; count the rest."""
    room = limit - 1
    running = [
        place for place, row in enumerate(found) if row.node is not None and row.node.status == "running"
    ]
    order = running + [place for place in range(len(found)) if place not in set(running)]
    kept = sorted(order[:room])
    return [*(found[place] for place in kept), Row(1, None, f"{len(found) - room} more lines")]


def _summary(nodes: list[Node]) -> str:
    tokens = sum(node.tokens for node in nodes)
    cost = sum(node.cost_usd for node in nodes)
    failed = sum(node.status == "failed" for node in nodes)
    parts = [f"done {_counted(len(nodes))}"]
    if failed:
        parts.append(f"{failed} failed")
    if tokens:
        parts.append(f"{short(tokens)} tok")
    if cost:
        parts.append(f"${cost:.2f}" if cost >= 0.01 else f"${cost:.4f}")
    return " · ".join(parts)


def _counted(number: int) -> str:
    return f"{number} thought" if number == 1 else f"{number} thoughts"


def short(number: float) -> str:
    """Return a count in at most five characters: 950, 9.1k, 14k, 2.3M."""
    for size, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= size:
            scaled = number / size
            return f"{scaled:.1f}{letter}" if scaled < 10 else f"{scaled:.0f}{letter}"
    return f"{number:g}"
