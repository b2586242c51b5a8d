"""Function calls as models write them, and whether they are the calls that were asked for.

Calls are read as JSON or as Python call syntax, the latter by `ast` alone: nothing is evaluated. They match whatever their
order; names, argument names, types and values all have to fit.

Source: Berkeley Function Calling Leaderboard (Patil et al. 2025), whose values in a list are alternatives and
whose "" among them marks an argument that may be left out.
"""

from __future__ import annotations

import ast
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agot.reading.expressions import NotArithmetic, value

_LONGEST = 20_000
_DEEPEST = 40
_MOST_CALLS = 64
_FENCE = re.compile(r"```[\w+-]{0,20}\s?\n(.{0,20000}?)```", re.DOTALL)
_LOOSE = str.maketrans({character: "" for character in " ,./-_*^"} | {"'": '"'})
_WORDS: dict[str, object] = {"true": True, "false": False, "null": None, "none": None}


@dataclass(frozen=True, slots=True)
class Call:
    """One function call; arguments by name."""

    name: str
    arguments: Mapping[str, Any]


# -- reading ---------------------------------------------------------------------------------------


def read_calls(text: str) -> list[Call] | None:
    """Return the calls that a text makes, [] for an explicit empty list, or None if it is no list of calls.

    Arguments without a name make the text unreadable: nothing says what they stand for.
    """
    text = text.strip()
    if fenced := _FENCE.findall(text[: 2 * _LONGEST]):
        text = fenced[-1].strip()
    if not text or len(text) > _LONGEST or _nesting(text) > _DEEPEST:
        return None
    calls = _from_json(text)
    if calls is None:
        calls = _from_python(text)
    return calls if calls is not None and len(calls) <= _MOST_CALLS else None


def _nesting(text: str) -> int:
    """Return how deep brackets and signs nest, at most: the parser must not run out of stack."""
    depth = deepest = signs = 0
    for character in text:
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        signs = signs + 1 if character in "-+~!" else 0
        deepest = max(deepest, depth + signs)
    return deepest


def _from_json(text: str) -> list[Call] | None:
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        return None
    calls = []
    for one in told if isinstance(told, list) else [told]:
        call = _json_call(one)
        if call is None:
            return None
        calls.append(call)
    return calls


def _json_call(one: object) -> Call | None:
    """Read `{"name": f, "arguments": {...}}`, the same below "function", or `{f: {...}}`."""
    if not isinstance(one, dict):
        return None
    one = one["function"] if isinstance(one.get("function"), dict) else one
    arguments = one.get("arguments", one.get("parameters"))
    name = one.get("name")
    if isinstance(name, str) and arguments is not None:
        if isinstance(arguments, str):
            try:
                arguments = json.loads(arguments)
            except (ValueError, RecursionError):
                return None
        return Call(name, arguments) if isinstance(arguments, dict) else None
    if len(one) == 1:
        ((name, arguments),) = one.items()
        if isinstance(arguments, dict):
            return Call(name, arguments)
    return None


def _from_python(text: str) -> list[Call] | None:
    try:
        with warnings.catch_warnings():
            # A path such as "C:\dir" in a model's text is no matter for our users.
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None
    nodes: list[ast.expr] = []
    for statement in tree.body:
        if not isinstance(statement, ast.Expr):
            return None
        inner = statement.value
        nodes += inner.elts if isinstance(inner, (ast.List, ast.Tuple)) else [inner]
    calls = [_python_call(node) for node in nodes]
    return None if not tree.body or None in calls else [call for call in calls if call is not None]


def _python_call(node: ast.expr) -> Call | None:
    if not isinstance(node, ast.Call) or node.args:
        return None
    name = _dotted(node.func)
    if name is None or any(keyword.arg is None for keyword in node.keywords):
        return None
    return Call(name, {str(keyword.arg): _plain(keyword.value) for keyword in node.keywords})


def _dotted(node: ast.expr) -> str | None:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(parts)]) if isinstance(node, ast.Name) else None


def _plain(node: ast.expr) -> Any:
    """Return the value that an argument spells; anything but data and arithmetic stays the text it is."""
    match node:
        case ast.Constant(value=bool() | int() | float() | str() | None as constant):
            return constant
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return [_plain(item) for item in items]
        case ast.Dict(keys=keys, values=items) if all(key is not None for key in keys):
            return {str(_plain(key)): _plain(item) for key, item in zip(keys, items, strict=True) if key}
        case ast.Name(id=name) if name.lower() in _WORDS:
            return _WORDS[name.lower()]
        case ast.UnaryOp() | ast.BinOp():
            return _arithmetic(node)
    return ast.unparse(node)


def _arithmetic(node: ast.expr) -> Any:
    text = ast.unparse(node)
    try:
        result = value(text)
        whole = result.denominator == 1 and not re.search(r"[./eE]", text)
        return int(result) if whole else float(result)
    except (NotArithmetic, OverflowError):
        return text


# -- matching --------------------------------------------------------------------------------------


def calls_match(
    calls: Sequence[Call], wanted: Sequence[Mapping[str, Mapping[str, Sequence[Any]]]], functions: Sequence[Mapping[str, Any]]
) -> bool:  # fmt: skip
    """Return whether the calls are the wanted ones, in any order, each used once.

    Args:
        wanted: For each call its function's name with, for each argument, the values that are right.
        functions: The descriptions that the model was given.
    """
    if len(calls) != len(wanted):
        return False
    described = {str(function["name"]): function for function in functions}
    fits = [[_call_fits(call, one, described) for call in calls] for one in wanted]
    taken: dict[int, int] = {}
    return all(_place(one, fits, taken, set()) for one in range(len(wanted)))


def _place(one: int, fits: list[list[bool]], taken: dict[int, int], tried: set[int]) -> bool:
    """Give a wanted call one of the calls, moving others if need be (augmenting paths)."""
    for call, fit in enumerate(fits[one]):
        if fit and call not in tried:
            tried.add(call)
            if call not in taken or _place(taken[call], fits, taken, tried):
                taken[call] = one
                return True
    return False


def _call_fits(
    call: Call, wanted: Mapping[str, Mapping[str, Sequence[Any]]], described: Mapping[str, Mapping[str, Any]]
) -> bool:
    ((name, arguments),) = wanted.items()
    # Providers refuse dots in names, so their models write underscores.
    if call.name.replace(".", "_") != name.replace(".", "_") or name not in described:
        return False
    parameters = described[name].get("parameters", {})
    properties = parameters.get("properties", {})
    if any(required not in call.arguments for required in parameters.get("required", ())):
        return False
    for argument, given in call.arguments.items():
        if argument not in properties or argument not in arguments:
            return False
        if not _argument_fits(given, arguments[argument], properties[argument]):
            return False
    return all(argument in call.arguments or "" in right for argument, right in arguments.items())


def _argument_fits(given: Any, right: Sequence[Any], description: Mapping[str, Any]) -> bool:
    kind = str(description.get("type", "any"))
    if not _is_kind(given, kind):
        # A variable stands where data was expected: the reference then holds its name.
        first = next((value for value in right if value != ""), None)
        if first is None or type(given) is not type(first):
            return False
    elif isinstance(given, list) and (inner := (description.get("items") or {}).get("type")):
        alternatives = [value for value in right if isinstance(value, list)]
        known = {type(item) for value in alternatives for item in value}
        if not all(_is_kind(item, str(inner)) or type(item) in known for item in given):
            return False
    return any(_same(given, alternative) for alternative in right)


def _is_kind(given: Any, kind: str) -> bool:
    match kind:
        case "string" | "any":
            return isinstance(given, str)
        case "integer":
            return isinstance(given, int) and not isinstance(given, bool)
        case "float" | "number":
            return isinstance(given, (int, float)) and not isinstance(given, bool)
        case "boolean":
            return isinstance(given, bool)
        case "array" | "tuple":
            return isinstance(given, list)
        case "dict" | "object":
            return isinstance(given, dict)
    return False


def _same(given: Any, right: Any) -> bool:
    """Return whether a value is this right one; a right object lists the alternatives of each of its keys."""
    if isinstance(given, str) and isinstance(right, str):
        return _loose(given) == _loose(right)
    if isinstance(given, bool) or isinstance(right, bool):
        return given is right
    if isinstance(given, list) and isinstance(right, list):
        return len(given) == len(right) and all(_same(a, b) for a, b in zip(given, right, strict=True))
    if isinstance(given, dict) and isinstance(right, dict):
        return all(key in right and any(_same(one, other) for other in _alternatives(right[key])) for key, one in given.items()) and all(
            key in given or "" in _alternatives(options) for key, options in right.items()
        )  # fmt: skip
    return bool(given == right)


def _alternatives(options: Any) -> Sequence[Any]:
    return options if isinstance(options, list) else [options]


def _loose(text: str) -> str:
    return text.translate(_LOOSE).lower()


def written(calls: Sequence[Call]) -> str:
    """Return the calls as a Python list of calls."""
    return "[" + ", ".join(
        f"{call.name}({', '.join(f'{name}={argument!r}' for name, argument in call.arguments.items())})"
        for call in calls
    ) + "]"  # fmt: skip
