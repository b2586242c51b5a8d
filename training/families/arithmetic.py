"""Nested integer expressions, reduced one operation per line.

An expression is an `int` or a node `(operator, left, right, forced)`; `forced` marks redundant
parentheses. Reduction goes left to right, operands before their operator, so which operation comes
next can be read off the text.
"""

from __future__ import annotations

import random

from training.example import Problem
from training.families.common import Planned, between, casual, chunk_sizes, fill_references, pick

Node = tuple[str, "Expression", "Expression", bool]
Expression = int | Node | str
"""A leaf is an integer, or `#k` inside plans."""

LIMIT = 9999
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2}

TEMPLATES = (
    "Compute {e}", "Compute {e}", "Compute {e}", "Compute {e}", "Compute {e}.", "What is {e}?", "What is {e}?",
    "what's {e}", "What's {e}?", "Calculate {e}.", "Calculate {e}", "calculate {e}", "Evaluate {e}.", "Evaluate {e}",
    "{e}", "{e}", "{e} = ?", "{e} =", "{e}=", "{e}=?", "Work out {e}.", "How much is {e}?", "how much is {e}",
    "Find the value of {e}.", "Solve {e}", "Solve: {e}", "Can you calculate {e}?", "i need the result of {e}",
    "Give me the value of the expression {e}.", "Simplify {e}.", "Tell me what {e} equals.", "What does {e} equal?",
    "State the final answer to the following arithmetic problem: {e} =",
    "Provide a final answer to the following arithmetic problem: {e} =",
    "Calculate the following: {e} =", "Calculate the value of {e}.", "Evaluate the expression {e}.",
    "Put your final answer after '=' without additional text: {e} =", "Please compute the value of: {e}",
    "What do you get for {e}?", "What is the result of {e}?", "what is the answer to {e}?", "Do this sum: {e}",
    "Evaluate the following arithmetic expression: {e}", "Compute the following expression: {e}", "compute {e}",
    "Work this out step by step: {e}", "What is the value of {e}?", "Do the math: {e}", "Quick maths: {e}",
    "Evaluate: {e}", "Expression: {e}", "Determine {e}.", "Calculate: {e}", "Help me calculate {e}", "result of {e}?",
)  # fmt: skip

_WORDS = {"+": (" plus ", " plus ", " added to "), "-": (" minus ",), "*": (" times ", " multiplied by "),
          "/": (" divided by ",)}  # fmt: skip

_SINGLE = {
    "+": ("What is the sum of {a} and {b}?", "Add {a} and {b}.", "add {a} to {b}", "What is {a} plus {b}?",
          "{a} plus {b}", "What do you get when you add {b} to {a}?", "sum of {a} and {b}", "What is {b} more than {a}?",
          "How much is {a} and {b} together?", "Increase {a} by {b}.", "What number is {b} more than {a}?"),
    "-": ("What is the difference between {a} and {b}?", "Subtract {b} from {a}.", "What is {a} minus {b}?",
          "{a} minus {b}", "Take {b} away from {a}.", "What is {b} less than {a}?", "subtract {b} from {a}",
          "How much is left when you take {b} from {a}?", "Decrease {a} by {b}.", "how much more is {a} than {b}?"),
    "*": ("What is the product of {a} and {b}?", "Multiply {a} by {b}.", "What is {a} times {b}?", "{a} times {b}",
          "multiply {a} and {b}", "How much is {a} multiplied by {b}?", "product of {a} and {b}", "{a} x {b}",
          "whats {a} times {b}", "What is {a}x{b}?"),
    "/": ("What is {a} divided by {b}?", "Divide {a} by {b}.", "How many times does {b} go into {a}?",
          "{a} divided by {b}", "divide {a} by {b}", "Split {a} into {b} equal parts. How big is each part?",
          "What is the quotient of {a} and {b}?", "how many {b}s are in {a}?"),
}  # fmt: skip


def evaluate(left: int, operator: str, right: int) -> int:
    """Return the value of one exact operation."""
    if operator == "+":
        return left + right
    if operator == "-":
        return left - right
    if operator == "*":
        return left * right
    return left // right


def equation(left: int, operator: str, right: int, result: int | None = None) -> str:
    """Return `a+b=c` in compact form; a negative right operand is parenthesised.

    A product that is hard to see at once comes after its partial products: `39*20=780, 39*2=78, 39*22=858`.
    """
    if result is None:
        result = evaluate(left, operator, right)
    whole = _equals(left, operator, right, result)
    if operator != "*":
        return whole
    return "".join(f"{_equals(a, '*', b, a * b)}, " for a, b in partial_products(left, right)) + whole


def _equals(left: int, operator: str, right: int, result: int) -> str:
    return f"{left}{operator}{right}={result}" if right >= 0 else f"{left}{operator}({right})={result}"


def partial_products(left: int, right: int) -> list[tuple[int, int]]:
    """Return two easier products whose sum is left * right, or none if the product is easy itself.

    Two numbers of two digits or more: the shorter one, else the right one, is split into its ones and the rest.
    A number of three digits or more times one digit: it is split after its first digit. Zeros at the end
    do not count as digits.
    """
    a, b = len(str(abs(left)).rstrip("0")), len(str(abs(right)).rstrip("0"))
    if min(a, b) == 0 or (min(a, b) == 1 and max(a, b) <= 2):
        return []
    if min(a, b) == 1:
        split_right = b > a
        number = right if split_right else left
        unit = 10 ** (len(str(abs(number))) - 1)
    else:
        split_right = b <= a
        number = right if split_right else left
        unit = 10 ** (len(str(abs(number))) - len(str(abs(number)).rstrip("0")) + 1)
    low = abs(number) % unit * (1 if number > 0 else -1)
    return [(left, number - low), (left, low)] if split_right else [(number - low, right), (low, right)]


def tokens(expression: Expression, out: list[str], parent: int = 0, right: bool = False) -> None:
    """Append the tokens of an expression with the parentheses it needs (and the forced ones)."""
    if isinstance(expression, int):
        if expression < 0 and out and out[-1] != "(":
            out.extend(("(", str(expression), ")"))
        else:
            out.append(str(expression))
        return
    if isinstance(expression, str):
        out.append(expression)
        return
    operator, first, second, forced = expression
    precedence = _PRECEDENCE[operator]
    wrap = forced or precedence < parent or (right and precedence == parent)
    if wrap:
        out.append("(")
    tokens(first, out, precedence)
    out.append(operator)
    tokens(second, out, precedence, True)
    if wrap:
        out.append(")")


def render(expression: Expression) -> str:
    """Return the compact text of an expression."""
    out: list[str] = []
    tokens(expression, out)
    return "".join(out)


def _reduce(expression: Node, slip: int) -> tuple[Expression, str, int]:
    """Carry out the first operation; return the rest, the equation and the value."""
    operator, left, right, forced = expression
    if isinstance(left, tuple):
        rest, text, value = _reduce(left, slip)
        return (operator, rest, right, forced), text, value
    if isinstance(right, tuple):
        rest, text, value = _reduce(right, slip)
        return (operator, left, rest, forced), text, value
    assert isinstance(left, int) and isinstance(right, int)
    value = evaluate(left, operator, right) + slip
    return value, equation(left, operator, right, value), value


def work(expression: Expression, slip_at: int = -1, slip: int = 0) -> tuple[tuple[str, ...], int]:
    """Return the chain lines and the value; operation `slip_at` is off by `slip`."""
    lines = []
    number = 0
    value = expression if isinstance(expression, int) else 0
    while isinstance(expression, tuple):
        expression, text, value = _reduce(expression, slip if number == slip_at else 0)
        lines.append(f"{text} -> {render(expression)}" if isinstance(expression, tuple) else text)
        number += 1
    return tuple(lines), value


def count(expression: Expression) -> int:
    """Return the number of operations."""
    return 1 + count(expression[1]) + count(expression[2]) if isinstance(expression, tuple) else 0


def _node(rng: random.Random, left: Expression, a: int, right: Expression, b: int) -> tuple[Expression, int]:
    """Join two operands by an operator that keeps the value small; a leaf may be replaced to fit."""
    chance = rng.random()
    if chance < 0.22 and abs(a) <= 999 and a != 0:
        if isinstance(right, int):
            b = between(rng, 2, 12 if rng.random() < 0.8 else 30)
            right = b
        if abs(a * b) <= LIMIT and (abs(a) <= 99 or abs(b) <= 12):
            return ("*", left, right, rng.random() < 0.06), a * b
    elif chance < 0.36 and a != 0 and isinstance(right, int):
        divisors = [d for d in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12) if a % d == 0]
        if divisors:
            b = pick(rng, divisors)
            return ("/", left, b, rng.random() < 0.06), a // b
    elif chance < 0.40 and b not in (0, 1, -1) and a % b == 0:
        return ("/", left, right, False), a // b
    minus = rng.random() < (0.5 if a > b else 0.12)
    value = a - b if minus else a + b
    if abs(value) > LIMIT:
        minus, value = not minus, a + b if minus else a - b
    return ("-" if minus else "+", left, right, rng.random() < 0.06), value


def _leaf(rng: random.Random, negatives: bool) -> int:
    chance = rng.random()
    high = 9 if chance < 0.35 else 20 if chance < 0.6 else 99 if chance < 0.93 else 400
    value = between(rng, 1, high)
    return -value if negatives and rng.random() < 0.25 else value


def random_expression(rng: random.Random, operations: int, negatives: bool = False) -> tuple[Expression, int]:
    """Return an expression of exactly this many operations and its value."""
    shape = rng.random()
    while True:
        expression, value = _grow(rng, operations, shape, negatives)
        if abs(value) <= LIMIT:
            return expression, value


def _grow(rng: random.Random, operations: int, shape: float, negatives: bool) -> tuple[Expression, int]:
    if operations == 0:
        leaf = _leaf(rng, negatives)
        return leaf, leaf
    if shape < 0.25:
        second = 0
    elif shape < 0.7:
        second = min(operations - 1, int(rng.random() * 4))
    else:
        second = int(rng.random() * operations)
    left, a = _grow(rng, operations - 1 - second, shape, negatives)
    right, b = _grow(rng, second, shape, negatives)
    return _node(rng, left, a, right, b)


def _flat(rng: random.Random, operations: int) -> tuple[Expression, int]:
    """Return a flat sum or difference, as most first questions are."""
    digits = pick(rng, (10, 100, 100, 1000))
    value = between(rng, 1, digits - 1)
    expression: Expression = value
    for _ in range(operations):
        term = between(rng, 1, digits - 1)
        minus = rng.random() < 0.4 and (value > term or rng.random() < 0.2)
        if abs(value + (-term if minus else term)) > LIMIT:
            minus = not minus
        value += -term if minus else term
        expression = ("-" if minus else "+", expression, term, False)
    return expression, value


def surface(rng: random.Random, expression: Expression) -> str:
    """Return the expression in one of the ways people write it."""
    out: list[str] = []
    tokens(expression, out)
    chance = rng.random()
    if chance < 0.4:
        return "".join(out)
    if chance < 0.5 and len(out) <= 9:
        return "".join(pick(rng, _WORDS[token]) if token in _WORDS else token for token in out)
    if chance < 0.62:
        times = pick(rng, ("x", "×", "·"))
        over = pick(rng, ("÷", "/", ":")) if times != "x" else pick(rng, ("÷", "/"))
        out = [times if token == "*" else over if token == "/" else token for token in out]
    if chance < 0.68:
        return " ".join(out)
    return "".join(f" {token} " if token in "+-*/x×·÷:" else token for token in out)


def _cut(expression: Expression, limits: tuple[int, int], lines: list[Expression]) -> tuple[Expression, int]:
    """Replace finished sub-expressions by `#k`; return what is left and its operations."""
    if not isinstance(expression, tuple):
        return expression, 0
    least, most = limits
    operator, left, right, forced = expression
    left, a = _cut(left, limits, lines)
    if a >= least:
        lines.append(left)
        left, a = f"#{len(lines)}", 0
    right, b = _cut(right, limits, lines)
    if b >= least:
        lines.append(right)
        right, b = f"#{len(lines)}", 0
    if a + b + 1 > most:
        if a >= b:
            lines.append(left)
            left, a = f"#{len(lines)}", 0
        else:
            lines.append(right)
            right, b = f"#{len(lines)}", 0
    return (operator, left, right, forced), a + b + 1


def plan_lines(expression: Expression, operations: int) -> list[Expression]:
    """Return the sub-expressions of a plan in order, the last being the whole."""
    sizes = chunk_sizes(operations)
    limits = (7, 12) if operations > 20 else (3, 5) if operations > 8 else (sizes[0], sizes[0])
    lines: list[Expression] = []
    rest, _ = _cut(expression, limits, lines)
    lines.append(rest)
    return lines


def _value(expression: Expression, answers: list[int]) -> Expression:
    """Return the expression with `#k` replaced by numbers."""
    if isinstance(expression, tuple):
        operator, left, right, forced = expression
        return operator, _value(left, answers), _value(right, answers), forced
    if isinstance(expression, str):
        return answers[int(expression[1:]) - 1]
    return expression


def problem(expression: Expression, question: str) -> Planned:
    """Return the problem of an expression with its plan; `question` is any text around it."""
    steps, value = work(expression)
    operations = len(steps)
    plan: list[str] = []
    parts: list[Problem] = []
    if operations >= 4:
        lines = plan_lines(expression, operations)
        if len(lines) > 1:
            answers: list[int] = []
            for line in lines:
                plan.append(f"Compute {render(line)}")
                text = fill_references(plan[-1], [str(answer) for answer in answers])
                part = problem(_value(line, answers), text)
                parts.append(part)
                answers.append(int(part.answer))
    return Planned(
        family="arithmetic", question=question, answer=str(value), steps=steps, plan=tuple(plan),
        calc=render(expression), operations=max(1, operations), parts=tuple(parts), trace=expression,
    )  # fmt: skip


def _long_product(rng: random.Random) -> Planned:
    """Return a product with partial products as worked solution."""
    a = between(rng, 21, 999)
    b = between(rng, 11, 99)
    if rng.random() < 0.15:
        a, b = between(rng, 101, 999), between(rng, 2, 9)
    tens, ones = b - b % 10, b % 10
    if tens and ones and a >= 100:
        steps: tuple[str, ...] = (
            equation(a, "*", tens), equation(a, "*", ones), equation(a * tens, "+", a * ones),
        )  # fmt: skip
    else:
        steps = (equation(a, "*", b),)
    expression: Expression = ("*", a, b, False)
    question = _question(rng, expression, "*", a, b)
    return Planned(
        family="arithmetic", question=question, answer=str(a * b), steps=steps, calc=render(expression)
    )


def _question(rng: random.Random, expression: Expression, operator: str, a: int, b: int) -> str:
    if rng.random() < 0.4 and a >= 0 and b >= 0:
        return casual(rng, pick(rng, _SINGLE[operator]).format(a=a, b=b))
    return casual(rng, pick(rng, TEMPLATES).replace("{e}", surface(rng, expression)))


def _single(rng: random.Random) -> Planned:
    """Return a question of one operation, with larger numbers than inside nested expressions."""
    chance = rng.random()
    if chance < 0.18:
        return _long_product(rng)
    operator = "+" if chance < 0.38 else "-" if chance < 0.58 else "*" if chance < 0.8 else "/"
    if operator in "+-":
        high = pick(rng, (9, 30, 99, 999, 9999, 99999))
        a, b = between(rng, 0, high), between(rng, 0, high)
        if operator == "-" and a < b and rng.random() < 0.8:
            a, b = b, a
        if rng.random() < 0.06:
            a = -a
        elif rng.random() < 0.06:
            b = -b
    elif operator == "*":
        a, b = between(rng, 0, pick(rng, (12, 12, 99, 99))), between(rng, 0, pick(rng, (12, 99)))
    else:
        b = between(rng, 1, pick(rng, (9, 12, 12, 25)))
        a = b * between(rng, 0, pick(rng, (12, 20, 99)))
    expression: Expression = (operator, a, b, False)
    return problem(expression, _question(rng, expression, operator, a, b))


def _joined(expression: Expression) -> str:
    """Return the text which results where `#k` is replaced by a negative number without parentheses."""
    out: list[str] = []
    tokens(expression, out)
    text = "".join(out)
    for token in {token for token in out if token[0] == "-" and len(token) > 1}:
        text = text.replace(f"({token})", token)
    return text


def generate(rng: random.Random, operations: int) -> Problem:
    """Return an expression question with the given number of operations."""
    if operations == 1 and rng.random() < 0.8:
        return _single(rng)
    negatives = rng.random() < 0.08
    if rng.random() < 0.18:
        expression, _ = _flat(rng, operations)
    else:
        expression, _ = random_expression(rng, operations, negatives)
    if operations <= 5 and negatives and rng.random() < 0.6:
        return problem(expression, f"Compute {_joined(expression)}")
    text = surface(rng, expression) if operations <= 12 or rng.random() < 0.6 else render(expression)
    return problem(expression, casual(rng, pick(rng, TEMPLATES).replace("{e}", text)))


def slip(problem: Planned, rng: random.Random) -> tuple[str, ...] | None:
    """Return a chain with one wrong operation whose result is carried forward."""
    expression = problem.trace
    if not isinstance(expression, tuple) or len(problem.steps) != problem.operations:
        return None
    off = pick(rng, (1, -1, 2, -2, 10, -10, 100, -1, 1))
    try:
        steps, value = work(expression, between(rng, 0, problem.operations - 1), off)
    except ZeroDivisionError:
        return None
    for line in steps:
        if "/" in line.split("=")[0] and not _exact(line.split("=")[0]):
            return None
    return (*steps, f"answer: {value}")


def _exact(left_side: str) -> bool:
    a, _, b = left_side.partition("/")
    return int(b.strip("()")) != 0 and int(a) % int(b.strip("()")) == 0
