"""Searches over whole answers: improve, keep the best, improve again; wider or deeper.

Sources: Cheng et al. 2024, "SPaR: Self-Play with Tree-Search Refinement", arXiv 2412.11605; Inoue et al. 2025, "Wider or
Deeper? Scaling LLM Inference-Time Compute with Adaptive Branching Tree Search" (AB-MCTS), arXiv 2503.04412;
Besta et al. 2023, "Graph of Thoughts", arXiv 2308.09687; Buehler 2024, "PRefLexOR", arXiv 2410.12375.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from random import Random

from agot.agents.search.together import together
from agot.agents.search.tree import UNKNOWN, Node, SearchTree
from agot.agents.tries import Try
from agot.errors import OutputError
from agot.thought import Solution, Task


def value(node: Node) -> float:
    """Return what a state is worth to the search, in [0, 1]."""
    return UNKNOWN if node.value is None else node.value


async def draw(tree: SearchTree, n: int, *, temperature: float | None = None) -> list[Node]:
    """Draw `n` new answers below the root and assess them side by side."""
    role = tree.try_.role
    return await tree.answer([(tree.root, one, role) for one in await _drawn(tree, n, role, temperature)])


async def _drawn(tree: SearchTree, n: int, role: str, temperature: float | None = None) -> list[Solution]:
    try:
        return await tree.try_.solve(
            tree.task, n=n, role=role, temperature=tree.search.temperature if temperature is None else temperature
        )
    except OutputError:
        return []


async def criticise(tree: SearchTree, nodes: Sequence[Node], *, grading: bool = False) -> list[str]:
    """Return what the critics say of each answer.

    Args:
        grading: An unproven answer's value becomes the share of critics that finds it right.
    """
    return await together(*(_criticised(tree, node, grading=grading) for node in nodes))


async def _criticised(tree: SearchTree, node: Node, *, grading: bool) -> str:
    assert node.assessed is not None
    critiques = await tree.try_.critique(tree.task, node.assessed.solution)
    rewards = [critique.reward for critique in critiques if critique.reward is not None]
    if grading and rewards and not node.assessed.settled:
        node.value = sum(rewards) / len(rewards)
    broken = [verdict.feedback for verdict in node.assessed.verdicts if verdict.feedback]
    said = [critique.text for critique in critiques if critique.text]
    return "\n".join(dict.fromkeys((*broken, *said)))


async def improve(tree: SearchTree, nodes: Sequence[Node], n: int) -> list[Node]:
    """Draw `n` improved versions of each answer, from what the critics say of it, and add them below it."""
    return await _refine(tree, list(zip(nodes, await criticise(tree, nodes), strict=True)), n)


async def _refine(tree: SearchTree, wanted: Sequence[tuple[Node, str]], n: int) -> list[Node]:
    """Draw `n` versions of each answer that heed its critique, side by side, and add them below it."""
    role = tree.try_.role
    drawn = await together(*(_refined(tree, node, critique, n, role) for node, critique in wanted))
    return await tree.answer([
        (node, solution, role) for (node, _), solutions in zip(wanted, drawn, strict=True) for solution in solutions
    ])  # fmt: skip


async def _refined(tree: SearchTree, node: Node, critique: str, n: int, role: str) -> list[Solution]:
    assert node.assessed is not None
    try:
        solutions = await tree.try_.refine(tree.task, node.assessed.solution, critique, n=n, role=role)
    except OutputError:
        return []
    known = {child.text for child in node.children}
    fresh = {"\n".join((*solution.steps, solution.answer)): solution for solution in solutions}
    return [solution for text, solution in fresh.items() if text not in known]


async def refine_breadth_first(tree: SearchTree, *, keep: int = 2) -> Node | None:
    """SPaR's breadth-first refinement: each kept answer gets `search.branch` refinements, `search.rounds` levels deep.

    An answer is criticised once, when it is new: the critics' share of yes is its value.

    Args:
        keep: Answers kept on each level.

    Returns:
        The answer that the critics liked best.
    """
    new = await draw(tree, 1, temperature=0.0)
    critiques = dict(zip(new, await criticise(tree, new, grading=True), strict=True))
    level = new
    for _ in range(tree.search.rounds):
        if not level or tree.satisfied():
            break
        new = await _refine(tree, [(node, critiques[node]) for node in level], tree.search.branch)
        critiques |= dict(zip(new, await criticise(tree, new, grading=True), strict=True))
        everyone = [*level, *new]
        level = sorted(everyone, key=value, reverse=True)[:keep]
        for node in everyone:
            if node not in level:
                tree.prune(node, f"value {value(node):.2f} is not among the best {keep}")
    return max(critiques, key=value, default=None)


async def critic_rounds(tree: SearchTree) -> None:
    """PRefLexOR's loop: answer, criticise, improve, `search.rounds` times, then put the answers together."""
    answers = await draw(tree, 1, temperature=0.0)
    for _ in range(tree.search.rounds):
        if not answers or tree.satisfied():
            return
        improved = await improve(tree, answers[-1:], 1)
        if not improved:
            break
        answers += improved
    await _merged(tree, answers)


async def graph_operations(tree: SearchTree) -> None:
    """Graph of Thoughts over answers: generate `search.width`, keep the best `search.branch`, aggregate, improve."""
    answers = await draw(tree, tree.search.width)
    for _ in range(tree.search.rounds):
        if not answers or tree.satisfied():
            return
        best = sorted(answers, key=value, reverse=True)[: tree.search.branch]
        for node in answers:
            if node not in best:
                tree.prune(node, f"value {value(node):.2f} is not among the best {tree.search.branch}")
        merged = await _merged(tree, best)
        answers = [*best, *merged, *(await improve(tree, (merged or best)[:1], 1))]


async def _merged(tree: SearchTree, nodes: Sequence[Node]) -> list[Node]:
    solutions: list[Solution] = [node.assessed.solution for node in nodes if node.assessed is not None]
    if len(solutions) < 2:
        return []
    try:
        merged = await tree.try_.aggregate(tree.task, solutions)
    except OutputError:
        return []
    return await tree.answer([(tree.root, merged, tree.try_.role)])


async def adaptive_branching(tree: SearchTree) -> None:
    """AB-MCTS: at each answer choose by Thompson sampling between a new one beside it (wider) and refining it (deeper).

    A Beta posterior stands for each choice: for a new answer of a role, the rewards that its new answers brought; for
    going on below a child, the rewards found below it. Choices of one round are drawn one after another, their
    calls run side by side.
    """
    search = tree.search
    spent, critiques = 0, dict[Node, str]()
    while spent < search.iterations and not tree.satisfied():
        count = min(search.workers, search.iterations - spent)
        chosen = [_thompson(tree) for _ in range(count)]
        spent += count
        # Equal choices of a round are one request of several samples, so that their order cannot matter.
        counted = list(Counter(chosen).items())
        nodes = dict.fromkeys(node for (node, _), _ in counted if node is not tree.root)
        deeper = [node for node in nodes if node not in critiques]
        # All critiques come before all refinements, so that equal requests are numbered alike after a resume.
        critiques |= dict(zip(deeper, await criticise(tree, deeper), strict=True))
        drawn = await together(*(
            _drawn(tree, count, role) if node is tree.root else _refined(tree, node, critiques[node], count, role)
            for (node, role), count in counted
        ))  # fmt: skip
        answers = [
            (node, solution, role)
            for ((node, role), _), solutions in zip(counted, drawn, strict=True)
            for solution in solutions
        ]
        for child in await tree.answer(answers):
            tree.back_up(child, value(child))


def _thompson(tree: SearchTree) -> tuple[Node, str]:
    """Return where to add an answer, and the role that writes it."""
    rng, node = tree.try_.rng, tree.root
    while True:
        arms: list[tuple[float, Node | str]] = []
        for role in tree.try_.roles:
            made = [value(child) for child in node.children if child.role == role]
            arms.append((_beta(rng, sum(made), len(made)), role))
        arms += [
            (_beta(rng, child.total, child.visits), child) for child in node.children if not child.closed
        ]
        _, choice = max(arms, key=lambda arm: arm[0])
        if isinstance(choice, str):
            return node, choice
        node = choice


def _beta(rng: Random, rewards: float, count: int) -> float:
    return rng.betavariate(1.0 + rewards, 1.0 + max(0.0, count - rewards))


# -- presets -----------------------------------------------------------------------------------------


async def refinement_tree(task: Task, try_: Try) -> Solution:
    """Refine answers breadth-first and keep the best two of each level (SPaR)."""
    tree = SearchTree(task, try_)
    return await tree.grown_by(refine_breadth_first(tree))


async def ab_mcts(task: Task, try_: Try) -> Solution:
    """Choose between new answers and better ones, and among the models, by Thompson sampling (AB-MCTS)."""
    tree = SearchTree(task, try_)
    return await tree.grown_by(adaptive_branching(tree))


async def graph_of_thoughts(task: Task, try_: Try) -> Solution:
    """Generate, keep the best, aggregate, improve (Graph of Thoughts)."""
    tree = SearchTree(task, try_)
    return await tree.grown_by(graph_operations(tree))


async def critic(task: Task, try_: Try) -> Solution:
    """Answer, criticise, improve, and put the answers together (PRefLexOR)."""
    tree = SearchTree(task, try_)
    return await tree.grown_by(critic_rounds(tree))
