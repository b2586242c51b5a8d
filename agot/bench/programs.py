"""HumanEval: complete a function so that it passes unit tests (Chen et al. 2021, arXiv 2107.03374)."""

from __future__ import annotations

import ast
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from agot.bench.datasets import Grade, Item, json_lines
from agot.errors import ToolError
from agot.thought import Solution, Task
from agot.verifiers.code import UnitTestCheck

_ASK = """Complete this Python function. Answer with the whole function, imports included, in one Python code block.

```python
{prompt}
```"""


def humaneval(path: Path) -> Iterator[Item]:
    """Yield functions to complete; the answer is run against the row's tests in a sandbox."""
    for row in json_lines(path):
        gold = row["prompt"] + row["canonical_solution"]
        yield Item(
            id=row["task_id"],
            question=_ASK.format(prompt=row["prompt"].strip("\n")),
            gold=gold,
            wrong=(mutated(gold, row["entry_point"]),),
            grade=_passes(row["test"], row["entry_point"], row["prompt"]),
        )


def _passes(tests: str, entry_point: str, prompt: str) -> Callable[[str], Awaitable[Grade]]:
    async def grade(answer: str) -> Grade:
        # The prompt stands before the answer: it may hold imports and functions that the answer uses.
        check = UnitTestCheck(tests, entry_point, prelude=prompt)
        verdict = await check(Task(question=prompt), Solution(answer=answer))
        if verdict.reward is None:
            raise ToolError(f"The tests of {entry_point} could not tell: {verdict.feedback}")
        return Grade(verdict.reward >= 1.0)

    return grade


class _ReturnsNothing(ast.NodeTransformer):
    """Lets a function compute as before but return None."""

    def visit_Return(self, node: ast.Return) -> ast.Return:
        return ast.copy_location(ast.Return(ast.Constant(None)), node)


def mutated(code: str, entry_point: str) -> str:
    """Return the code with an entry point that gives None wherever it gave something."""
    tree = ast.parse(code)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == entry_point:
            _ReturnsNothing().visit(node)
    return ast.unparse(ast.fix_missing_locations(tree))
