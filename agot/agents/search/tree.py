"""A tree of partial chains: what every step-wise search builds, and what readers of the run see of it.

A node's state is the chain of steps that leads to it. A finished node holds an assessed solution. All
that happens is told as events, so that a viewer can replay the search.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field

from agot.agents.search.together import together
from agot.agents.tries import Try
from agot.agents.votes import weighted
from agot.errors import BudgetExceeded, OutputError
from agot.events import SearchFinished, SearchNodeAdded, SearchNodeVisited, SearchPruned
from agot.protocols import Assessed
from agot.settings import SearchSettings
from agot.thought import Solution, Step, Task

UNKNOWN = 0.5
"""What "cannot tell" counts where a search needs a number."""


_Judged = tuple[float | None, Assessed | None]
"""The value of a proposed step, and its assessment if it finishes the chain."""

_Proposals = list[tuple[Step, _Judged | None]]
"""Steps as often as they were proposed; None for what a check refutes."""


@dataclass(slots=True, eq=False)
class Node:
    """One state.

    Attributes:
        number: From 0 in the order of adding.
        steps: The chain so far; empty at the root.
        text: What the node added to its parent: a step, or the line that finishes.
        value: The search's estimate in [0, 1] when the node was added, or None for the root.
        assessed: The finished solution with its verdicts, else None.
        prior: Share of its siblings' probability that the model gives the step, in (0, 1].
        visits: Backups that passed, and `total` the sum of what they brought.
        waiting: Simulations under way below it (virtual loss).
        closed: Pruned, or explored to its end.
        note: An association that belongs to the state (CoAT).
        role: Role whose model wrote the state, where a search asks several.
        rollouts: Chains that were finished from here without becoming states of the search.
    """

    number: int
    parent: Node | None
    steps: tuple[str, ...]
    text: str = ""
    value: float | None = None
    assessed: Assessed | None = None
    prior: float = 1.0
    visits: int = 0
    total: float = 0.0
    waiting: int = 0
    closed: bool = False
    note: str = ""
    role: str = ""
    children: list[Node] = field(default_factory=list)
    rollouts: list[Node] = field(default_factory=list)

    @property
    def mean(self) -> float:
        """Mean of what was backed up; the node's own estimate before the first backup."""
        if self.visits:
            return self.total / self.visits
        return UNKNOWN if self.value is None else self.value

    def path(self) -> list[Node]:
        """Return the nodes from the root to this one."""
        found: list[Node] = []
        node: Node | None = self
        while node is not None:
            found.append(node)
            node = node.parent
        return found[::-1]


class SearchTree:
    """The states of one search over one task, in the voice of one try."""

    def __init__(self, task: Task, try_: Try) -> None:
        self.task, self.try_ = task, try_
        self.search: SearchSettings = try_.search
        self.number = try_.next_search()
        self._numbers = itertools.count()
        self.finished: list[Node] = []
        self.root = self._add(None, (), "", None, None, 1.0)

    # -- growing ---------------------------------------------------------------------------------

    def _add(
        self,
        parent: Node | None,
        steps: tuple[str, ...],
        text: str,
        value: float | None,
        assessed: Assessed | None,
        prior: float,
    ) -> Node:
        node = Node(next(self._numbers), parent, steps, text, value, assessed, prior)
        if assessed is not None:
            self.finished.append(node)
        self.try_.emit(SearchNodeAdded(
            thought=self.task.thought, search=self.number, node=node.number,
            parent=None if parent is None else parent.number, text=text, value=value, done=assessed is not None,
        ))  # fmt: skip
        return node

    async def expand(self, node: Node, n: int, *, valued: bool = True) -> list[Node]:
        """Propose up to `n` next steps and return the new states; a state without any child is pruned.

        Args:
            valued: Ask for the value of unfinished children; otherwise they have none.
        """
        before = len(node.children)
        await self.extend([(node, n)], valued=valued)
        return node.children[before:]

    async def extend(
        self, wanted: Sequence[tuple[Node, int]], *, valued: bool = True, spare: int = 0
    ) -> list[list[Node]]:
        """Propose next steps at several states side by side.

        The new states are added once all is known, in the order asked for, so that a tree is the same however
        long calls take.

        Args:
            valued: Ask for the value of unfinished new states; otherwise they have none.
            spare: Up to so many of them none is valued: where all are kept, a value would change nothing.

        Returns:
            For each state those its proposals lead to, as often as they were proposed. Steps that a check refutes lead
            nowhere; neither does a state that is finished, or as deep as searches go.
        """
        at_once = valued and not spare
        proposed = await together(*(self._propose(node, n, valued=at_once) for node, n in wanted))
        if valued and spare:
            proposed = await self._valued([node for node, _ in wanted], proposed, spare)
        return [self._grow(node, steps) for (node, _), steps in zip(wanted, proposed, strict=True)]

    async def _valued(
        self, nodes: Sequence[Node], proposed: list[_Proposals], spare: int
    ) -> list[_Proposals]:
        """Return the proposals with the values of the unfinished ones, if there are more than `spare` of them."""
        open_ = list(dict.fromkeys(
            (place, step.text)
            for place, group in enumerate(proposed) for step, judged in group if judged == (None, None)
        ))  # fmt: skip
        if len(open_) <= spare:
            return proposed
        values = await together(*(self.value((*nodes[place].steps, text)) for place, text in open_))
        known = dict(zip(open_, values, strict=True))
        return [
            [
                (step, (known[place, step.text], None) if judged == (None, None) else judged)
                for step, judged in group
            ]
            for place, group in enumerate(proposed)
        ]

    async def _propose(self, node: Node, n: int, *, valued: bool) -> _Proposals:
        if len(node.steps) >= self.search.depth or node.assessed is not None:
            return []
        try:
            proposed = await self.try_.step(self._seen_by(node), node.steps, n=n)
        except OutputError:
            return []
        known = {child.text for child in node.children}
        fresh = [step for step in {step.text: step for step in proposed}.values() if step.text not in known]
        judged = await together(*(self._judge(node, step, valued=valued) for step in fresh))
        by_text = {step.text: verdict for step, verdict in zip(fresh, judged, strict=True)}
        return [(step, by_text.get(step.text)) for step in proposed]

    def _grow(self, node: Node, proposed: _Proposals) -> list[Node]:
        priors = _priors(
            [step for step, _ in {step.text: (step, judged) for step, judged in proposed}.values()]
        )
        known = {child.text: child for child in node.children}
        for step, judged in proposed:
            if judged is not None and step.text not in known:
                value, assessed = judged
                steps = (*node.steps, step.text) if assessed is None else assessed.solution.steps
                known[step.text] = self._add(node, steps, step.text, value, assessed, priors[step.text])
                node.children.append(known[step.text])
        if not node.children:
            self.prune(node, "no step goes on from here")
        return [known[step.text] for step, _ in proposed if step.text in known]

    def _seen_by(self, node: Node) -> Task:
        """Return the task with what is associated with the states on the path."""
        notes = tuple(state.note for state in node.path() if state.note)
        if not notes:
            return self.task
        material = "\n".join((self.task.material, *notes)).strip()
        return self.task.model_copy(update={"material": material})

    async def _judge(self, node: Node, step: Step, *, valued: bool) -> _Judged | None:
        """Return the value of a step, and the assessment if it finishes; None if a check refutes it."""
        if step.solution is not None:
            assessed = await self.try_.assess(step.solution)
            return UNKNOWN if assessed.reward is None else assessed.reward, assessed
        steps = (*node.steps, step.text)
        if await self.try_.refuted(steps):
            return None
        return (await self.value(steps) if valued else None), None

    async def value(self, steps: Sequence[str]) -> float:
        """Return the model's estimate of an unfinished chain in [0, 1]."""
        value = await self.try_.value(self.task, steps)
        return UNKNOWN if value is None else value

    async def unfold(self, wanted: Sequence[tuple[Node, int]]) -> list[list[tuple[Node, float]]]:
        """Finish `n` chains from each state; their first steps are its new states, the rest are rollouts.

        One call proposes and simulates: the prompt is paid once for all chains of a state.

        Returns:
            For each state the states its chains begin with, and their rewards, in the order of drawing.
        """
        drawn = await together(*(self._ends(node, n) for node, n in wanted))
        return [self._unfolded(node, ends) for (node, _), ends in zip(wanted, drawn, strict=True)]

    async def _ends(self, node: Node, n: int) -> list[Assessed]:
        """Return up to `n` finished chains that go on from a state, assessed."""
        if len(node.steps) >= self.search.depth or node.assessed is not None:
            return []
        try:
            drawn = await self.try_.solve(
                self._seen_by(node), n=n, temperature=self.search.temperature, steps=node.steps
            )
        except OutputError:
            return []
        return await together(*map(self.try_.assess, drawn))

    def _unfolded(self, node: Node, ends: Sequence[Assessed]) -> list[tuple[Node, float]]:
        known = {child.text: child for child in node.children}
        found: list[tuple[Node, float]] = []
        for end in ends:
            rest = end.solution.steps[len(node.steps) :]
            text = rest[0] if rest else end.solution.answer
            reward = UNKNOWN if end.reward is None else end.reward
            if text not in known:
                steps = (*node.steps, *rest[:1])
                known[text] = self._add(
                    node, steps, text, None if rest else reward, None if rest else end, 1.0
                )
                node.children.append(known[text])
            if rest:
                self.rolled_out(known[text], end)
            found.append((known[text], reward))
        if not node.children:
            self.prune(node, "no chain goes on from here")
        return found

    def rolled_out(self, node: Node, assessed: Assessed) -> None:
        """Keep the end of a simulated chain below a node, for the choice at the end."""
        solution = assessed.solution
        text = "\n".join((*solution.steps[len(node.steps) :], solution.answer))
        node.rollouts.append(self._add(node, solution.steps, text, assessed.reward, assessed, 1.0))

    async def answer(self, wanted: Sequence[tuple[Node, Solution, str]]) -> list[Node]:
        """Assess whole solutions side by side and add each below its parent: the states of a search over answers.

        Args:
            wanted: Parent, solution, and the role whose model wrote it.
        """
        assessed = await together(*(self.try_.assess(solution) for _, solution, _ in wanted))
        added = []
        for (parent, solution, role), one in zip(wanted, assessed, strict=True):
            value = UNKNOWN if one.reward is None else one.reward
            text = "\n".join((*solution.steps, solution.answer))
            node = self._add(parent, solution.steps, text, value, one, 1.0)
            node.role = role
            parent.children.append(node)
            added.append(node)
        return added

    # -- what happened ---------------------------------------------------------------------------

    def back_up(self, node: Node, reward: float) -> None:
        """Count a visit and its reward on the node and all above it."""
        for state in node.path():
            state.visits += 1
            state.total += reward
            self.try_.emit(SearchNodeVisited(
                thought=self.task.thought, search=self.number, node=state.number, visits=state.visits,
                value=state.mean,
            ))  # fmt: skip

    def prune(self, node: Node, why: str) -> None:
        """Close a state."""
        if not node.closed:
            node.closed = True
            self.try_.emit(
                SearchPruned(thought=self.task.thought, search=self.number, node=node.number, why=why)
            )

    def satisfied(self) -> bool:
        """Return whether a finished solution is good enough to stop: proven, or rewarded as `search.satisfied` asks."""
        return any(
            good_enough(node.assessed, self.try_) for node in self.finished if node.assessed is not None
        )

    async def grown_by(self, growing: Awaitable[Node | None]) -> Solution:
        """Let a loop grow the tree and return the finished solution it chose, else the best by weighted majority.

        Raises:
            BudgetExceeded: If a limit fired before any chain was finished.
            OutputError: If no chain was finished.
        """
        chosen = None
        try:
            chosen = await growing
        except BudgetExceeded as fired:
            if not self.finished:
                raise
            self.try_.tell_limit(fired, f"the search ({self.try_.name}) ended with what it had finished")
        return self._conclude(chosen)

    def _conclude(self, chosen: Node | None) -> Solution:
        """Return the solution of a chosen node, or, without one, the best finished one by weighted majority.

        Raises:
            OutputError: If no chain was finished.
        """
        assessed = [node.assessed for node in self.finished if node.assessed is not None]
        if not assessed:
            raise OutputError(f"The search ({self.try_.name}) finished no chain.")
        best = chosen.assessed if chosen is not None and chosen.assessed is not None else None
        if best is None:
            best = weighted(assessed, self.try_.name)
        chosen = next(
            node for node in self.finished
            if node.assessed is not None and node.assessed.solution.steps == best.solution.steps
            and node.assessed.solution.answer == best.solution.answer
        )  # fmt: skip
        self.try_.emit(SearchFinished(
            thought=self.task.thought, search=self.number, strategy=self.try_.name,
            path=tuple(node.number for node in chosen.path()),
            why=f"reward {best.reward if best.reward is not None else UNKNOWN:.2f}, best of {len(assessed)} finished chains",
        ))  # fmt: skip
        return best.solution


def good_enough(assessed: Assessed, try_: Try) -> bool:
    """Return whether a solution is proven right, or rewarded as `search.satisfied` asks."""
    if assessed.settled:
        return (assessed.reward or 0.0) >= try_.accept
    return assessed.reward is not None and assessed.reward >= try_.search.satisfied


def _priors(steps: Sequence[Step]) -> dict[str, float]:
    """Return each step's share of the model's probability; equal shares where the model gives none."""
    weights = {step.text: 1.0 if step.logprob is None else math.exp(step.logprob) for step in steps}
    total = sum(weights.values()) or 1.0
    return {text: weight / total for text, weight in weights.items()}
