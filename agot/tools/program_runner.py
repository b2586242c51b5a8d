"""Runs a model's program inside the sandbox and says what it answers.

The text of this file is put beside the program (see `agot.tools.programs`), so only the standard library is imported.
The answer is what `solution()` returns; without such a function, what was printed last.
"""

from __future__ import annotations

import ast
import inspect
import io
import itertools
import json
import linecache
import math
import re
import sys
import traceback
from collections.abc import Iterator, Mapping, Set
from contextlib import redirect_stdout
from decimal import Decimal
from fractions import Fraction
from typing import Any

PROGRAM = "program.py"
_ENTRY = "solution"
_LONGEST = 4_000
_MOST_ITEMS = 10_000
_EXACT = 2.0**53
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?", re.IGNORECASE)
_LABELLED = re.compile(r"\D+(?:[:=]|\b(?:is|are)\b)\s*([$€£]?-?\d[\d,]*(?:\.\d+)?%?)\.?")
"""A printed line that says what its number is: `Total cost: $35.50`."""
_ADDRESS = re.compile(r"<.* at 0x[0-9a-f]+>")
_NO_MODULE = "Only Python's standard library is there."


class NoAnswer(Exception):
    """The program ended well, and gave nothing that could be an answer."""


def report() -> None:
    """Run the program that lies beside this file; write its answer or its fault as the last line of the output."""
    with open(PROGRAM, encoding="utf-8") as file:
        source = file.read()
    try:
        told = {"answer": answer_of(source)}
    except NoAnswer as fault:
        told = {"error": str(fault)}
    except MemoryError:
        raise
    except BaseException as error:  # noqa: BLE001
        # Whatever the program lets pass is told to the model that wrote it.
        told = {"error": _told(error, source)}
    # The program may have written to the same place, without ending its line.
    sys.stdout.write(f"\n{json.dumps(told)}\n")


def answer_of(source: str) -> str:
    """Return what a program answers, as people write it.

    That is what `solution()` returns. If there is no such function, or it returns nothing: the last line that was
    printed, the value of an expression that the program ends with, or what its last function without parameters gives.

    Raises:
        NoAnswer: If there is none of these.
    """
    tree = ast.parse(source, PROGRAM)
    last = None
    if tree.body and isinstance(end := tree.body[-1], ast.Expr):
        tree.body.pop()
        last = ast.Expression(end.value)
    names: dict[str, Any] = {"__name__": "__main__"}
    printed = _LastLine()
    with redirect_stdout(printed):
        # A program that leaves by `exit()` has said what it had to say.
        try:
            exec(compile(tree, PROGRAM, "exec", dont_inherit=True), names)
            value = None if last is None else eval(compile(last, PROGRAM, "eval", dont_inherit=True), names)
        except SystemExit:
            value = None
        entry = names.get(_ENTRY)
        if callable(entry):
            value = _called(entry)
        elif value is None and not printed.line:
            entry = _last_function(names)
            value = None if entry is None else _called(entry)
    if value is not None and (callable(entry) or not printed.line):
        return written(value)
    if printed.line:
        return written(_tidy(printed.line))
    if callable(entry):
        raise NoAnswer(f"{getattr(entry, '__name__', _ENTRY)}() returned nothing and printed nothing.")
    raise NoAnswer(f"The program defines no function {_ENTRY}() and prints nothing.")


def _called(function: Any) -> Any:
    try:
        return function()
    except SystemExit:
        return None


def _last_function(names: Mapping[str, Any]) -> Any:
    """Return the function defined last that can be called without arguments, or None."""
    own = [
        one for one in names.values()
        if inspect.isfunction(one) and one.__code__.co_filename == PROGRAM and not _needed(one)
    ]  # fmt: skip
    return own[-1] if own else None


def _needed(function: Any) -> bool:
    return any(
        one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
        for one in inspect.signature(function).parameters.values()
    )


class _LastLine(io.TextIOBase):
    """Keeps the last line that is not empty of what is written."""

    def __init__(self) -> None:
        self._ended, self._open = "", ""

    def write(self, text: str) -> int:
        *lines, self._open = (self._open + text).split("\n")
        self._ended = next((line for line in reversed(lines) if line.strip()), self._ended)
        return len(text)

    def writable(self) -> bool:
        return True

    @property
    def line(self) -> str:
        return self._open.strip() or self._ended.strip()


# -- as people write it ----------------------------------------------------------------------------


def written(value: object) -> str:
    """Return a value as people write it: 35.0 is 35, 0.30000000000000004 is 0.3, Fraction(1, 2) is 1/2.

    Raises:
        NoAnswer: If it is nothing that can be read, such as a function, or no number, such as infinity.
    """
    text = value.strip() if isinstance(value, str) else _plain(value)
    if not text or callable(value) or _ADDRESS.search(text):
        raise NoAnswer(f"{_ENTRY}() returned {text[:200] or 'an empty text'}, which is no answer.")
    if len(text) > _LONGEST:
        raise NoAnswer(f"The result has {len(text):,} characters. Return only what was asked for.")
    return text


def _plain(value: object) -> str:
    match value:
        case bool():
            return str(value)
        case float():
            return _float(value)
        case Decimal():
            if not value.is_finite():
                raise NoAnswer(f"The result is {value}, which is no number.")
            return f"{value.normalize():f}" if value else "0"
        case Fraction():
            return str(value)
        case complex():
            if not value.imag:
                return _float(value.real)
            return f"{_float(value.real)} {'-' if value.imag < 0 else '+'} {_float(abs(value.imag))}i"
        case Mapping():
            return "{" + ", ".join(f"{_item(key)}: {_item(one)}" for key, one in value.items()) + "}"
        case Set():
            # In one order, whatever the hashes of this process are.
            return "{" + ", ".join(sorted((_item(one) for one in value), key=_by_value)) + "}"
        case tuple():
            return "(" + ", ".join(map(_item, value)) + (",)" if len(value) == 1 else ")")
        case list() | range():
            return "[" + ", ".join(map(_item, value)) + "]"
        case Iterator():
            items = list(itertools.islice(value, _MOST_ITEMS + 1))
            if len(items) > _MOST_ITEMS:
                raise NoAnswer(
                    f"The result has more than {_MOST_ITEMS} items. Return only what was asked for."
                )
            return _plain(items)
        case _:
            return str(value)


def _item(value: object) -> str:
    return repr(value) if isinstance(value, str) else _plain(value)


def _by_value(text: str) -> tuple[bool, float, str]:
    number = _NUMBER.fullmatch(text) is not None
    return not number, float(text) if number else 0.0, text


def _float(value: float) -> str:
    """Return a number without the noise of binary fractions, and without an exponent where it stays readable."""
    if not math.isfinite(value):
        raise NoAnswer(f"The result is {value}, which is no number.")
    if value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    # Sums of many terms are off in the last digits; of large amounts all that is there is kept.
    short = format(value, ".12g" if abs(value) < 1e6 else ".15g")
    if "e" in short and 1e-9 < abs(value) < 1e21:
        short = f"{Decimal(short):f}"
    return short


def _tidy(line: str) -> str:
    """Return a printed line, only the number if the rest of it says what that is."""
    labelled = _LABELLED.fullmatch(line)
    text = labelled[1] if labelled else line
    return _float(float(text)) if _NUMBER.fullmatch(text) and not text.lstrip("+-").isdigit() else text


# -- what went wrong -------------------------------------------------------------------------------


def _told(error: BaseException, source: str) -> str:
    """Return a fault as the interpreter shows it, without the frames of this file."""
    linecache.cache[PROGRAM] = (len(source), None, source.splitlines(keepends=True), PROGRAM)
    shown = traceback.TracebackException.from_exception(error)
    shown.stack = traceback.StackSummary.from_list(
        [frame for frame in shown.stack if frame.filename == PROGRAM]
    )
    shown.__cause__ = shown.__context__ = None
    lines = list(shown.format())
    if isinstance(error, ModuleNotFoundError):
        lines.append(_NO_MODULE)
    return "".join(lines).strip()
