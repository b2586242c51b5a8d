"""Is a model's answer right? Puzzles are recomputed; everything else is compared as at run time."""

from __future__ import annotations

import ast
from collections import Counter
from fractions import Fraction

from agot.verifiers.answers import equivalent
from training.example import Problem

_OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div)
_LONGEST = 200


def is_correct(problem: Problem, answer_text: str) -> bool:
    """Return whether the answer text answers the problem.

    Answers are the same as they are for votes and checks (`agot.verifiers.answers`). A countdown answer is right
    if it is an expression over exactly the given numbers with the right value, whichever solution it is.
    """
    text = answer_text.strip()
    if not text:
        return False
    if problem.family == "countdown":
        return _countdown(problem, text)
    return equivalent(text, problem.answer)


def expression_value(text: str) -> tuple[Fraction, Counter[int]] | None:
    """Return the exact value of an expression and the numbers it uses, or None if it is not one."""
    if len(text) > _LONGEST:
        return None
    text = text.split("=")[0].replace("×", "*").replace("÷", "/").replace("x", "*")
    used: Counter[int] = Counter()
    try:
        value = _evaluate(ast.parse(text.strip(), mode="eval").body, used)
    except (SyntaxError, ValueError, ZeroDivisionError, MemoryError, RecursionError):
        return None
    return value, used


def _evaluate(node: ast.expr, used: Counter[int]) -> Fraction:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        used[node.value] += 1
        return Fraction(node.value)
    if not isinstance(node, ast.BinOp) or not isinstance(node.op, _OPERATORS):
        raise ValueError("not arithmetic over integers")
    left, right = _evaluate(node.left, used), _evaluate(node.right, used)
    if isinstance(node.op, ast.Add):
        return left + right
    if isinstance(node.op, ast.Sub):
        return left - right
    return left * right if isinstance(node.op, ast.Mult) else left / right


def _countdown(problem: Problem, text: str) -> bool:
    """Return whether the expression has the value and the numbers of the reference solution."""
    wanted, found = expression_value(problem.answer), expression_value(text)
    return wanted is not None and found == wanted
