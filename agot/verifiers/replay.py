"""Tests and the code they test, each in a process of its own, so that the code can neither see nor touch the tests.

Both programs of `agot.verifiers.code` are in this file, which is copied into the sandbox and imports nothing of the
project. The tests run with stand-ins for the functions. A stand-in gives back what the code answered to that call
in the round before; behind the last known call it gives back a value that agrees with everything, only to find out
which calls come next. The rounds go on until the tests end on known answers alone, given in the order of the calls.
"""

from __future__ import annotations

import builtins
import contextlib
import io
import json
import os
import random
import sys
from collections.abc import Callable
from typing import Any, NoReturn

_DEEPEST = 50
_MOST_CALLS = 2000
_LONGEST_MESSAGE = 500

Packed = Any
"""JSON that stands for plain data."""


class NotPlain(ValueError):
    """The value is more than plain data: a function, an object, an iterator."""


def pack(value: object, depth: int = 0) -> Packed:
    """Return plain data as JSON: numbers, text, bytes, None, lists, tuples, sets and dictionaries of those.

    Raises:
        NotPlain: If it is anything else; subclasses count, since they may compare as they like.
    """
    kind = type(value)
    if depth > _DEEPEST:
        raise NotPlain("too deep")
    if value is None or kind is bool or kind is str:
        return value
    if isinstance(value, int) and kind is int:
        return ["int", hex(value)]
    if isinstance(value, float) and kind is float:
        return ["float", value.hex()]
    if isinstance(value, complex) and kind is complex:
        return ["complex", value.real.hex(), value.imag.hex()]
    if isinstance(value, bytes) and kind is bytes:
        return ["bytes", value.hex()]
    if isinstance(value, list | tuple) and kind in (list, tuple):
        return [kind.__name__, [pack(item, depth + 1) for item in value]]
    if isinstance(value, set | frozenset) and kind in (set, frozenset):
        return [kind.__name__, sorted((pack(item, depth + 1) for item in value), key=json.dumps)]
    if isinstance(value, dict) and kind is dict:
        return ["dict", [[pack(key, depth + 1), pack(item, depth + 1)] for key, item in value.items()]]
    raise NotPlain(f"a value of type {kind.__name__}")


def unpack(packed: Packed, depth: int = 0) -> Any:
    """Return the plain data that `pack` wrote.

    Raises:
        NotPlain: If `pack` cannot have written it.
    """
    if packed is None or isinstance(packed, bool | str):
        return packed
    try:
        kind, *parts = packed
        if depth > _DEEPEST:
            raise NotPlain("too deep")
        match kind:
            case "int":
                return int(parts[0], 16)
            case "float":
                return float.fromhex(parts[0])
            case "complex":
                return complex(float.fromhex(parts[0]), float.fromhex(parts[1]))
            case "bytes":
                return bytes.fromhex(parts[0])
            case "list" | "tuple" | "set" | "frozenset":
                items = [unpack(item, depth + 1) for item in parts[0]]
                return {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}[kind](items)
            case "dict":
                return {unpack(key, depth + 1): unpack(item, depth + 1) for key, item in parts[0]}
    except (TypeError, ValueError, IndexError) as error:
        raise NotPlain(f"no packed value: {error}") from error
    raise NotPlain(f"no packed value: {str(kind)[:40]}")


# -- the process of the code -----------------------------------------------------------------------


def answer_calls() -> None:
    """Read `job.json`, run its code, and write the outcome of each of its calls as one line of JSON."""
    with open("job.json", encoding="utf-8") as file:
        job = json.load(file)
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    sys.stdin, sys.stdout = io.StringIO(), io.StringIO()
    namespace: dict[str, Any] = {"__name__": "answer"}
    exec(compile(job["code"], "<answer>", "exec"), namespace)
    for call in job["calls"]:
        lines.write(json.dumps(_outcome(namespace, call)) + "\n")
        lines.flush()


def _outcome(namespace: dict[str, Any], call: Packed) -> dict[str, Packed]:
    name, arguments, named = call
    if not callable(namespace.get(name)):
        raise NameError(f"there is no function {name}")
    given, given_named = unpack(arguments), unpack(named)
    try:
        result = namespace[name](*given, **given_named)
    except Exception as error:  # noqa: BLE001 - whatever the code raises, the tests shall see
        return {"raised": type(error).__name__, "message": str(error)[:_LONGEST_MESSAGE]}
    try:
        return {"result": pack(result), "arguments": pack(given)}
    except NotPlain as error:
        return {"unknown": f"{name} gives {error}"}


# -- the process of the tests ----------------------------------------------------------------------


class _Stop(BaseException):
    """No further calls can be found in this round."""


class _Anything:
    """Agrees with everything, so that the tests go on; what they conclude from it does not count."""

    def _again(self, *_: object, **__: object) -> _Anything:
        return self

    def _true(self, *_: object) -> bool:
        return True

    def __iter__(self) -> Any:
        return iter(())

    def __len__(self) -> int:
        return 1

    def __int__(self) -> int:
        return 1

    def __float__(self) -> float:
        return 0.0  # most often a difference that must be small

    def __hash__(self) -> int:
        return 1

    __index__ = __int__
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __bool__ = _true
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _again
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = __neg__ = __abs__ = __round__ = (
        _again
    )
    __getitem__ = __call__ = _again

    def __getattr__(self, name: str) -> _Anything:
        if name.startswith("__"):
            raise AttributeError(name)
        return self


class _Stage:
    """The stand-ins of one round.

    Attributes:
        calls: All calls so far, in order; behind the first unknown one, those that can be foreseen.
        known: All of them had an outcome.
        ended: Why a call had no answer that tests could go on with, "" if there was none.
        unknown: Why nothing can be told of a call.
    """

    def __init__(self, outcomes: list[Packed]) -> None:
        self._outcomes: dict[str, list[dict[str, Packed]]] = {}
        for call, outcome in reversed(outcomes):
            self._outcomes.setdefault(json.dumps(call), []).append(outcome)
        self.calls: list[Packed] = []
        self.known, self.ended, self.unknown = True, "", ""

    def stand_in(self, name: str) -> Callable[..., Any]:
        """Return what the tests call in the place of the function `name`."""

        def call(*arguments: Any, **named: Any) -> Any:
            if self.ended or self.unknown or len(self.calls) >= _MOST_CALLS:
                raise _Stop
            try:
                packed = [name, pack(arguments), pack(named)]
            except NotPlain as error:
                if not self.known:
                    return _Anything()
                self.unknown = f"the tests call {name} with {error}"
                raise _Stop from None
            self.calls.append(packed)
            outcomes = self._outcomes.get(json.dumps(packed))
            if outcomes:
                return self._give(outcomes.pop(), arguments)
            self.known = False
            return _Anything()

        call.__name__ = name
        return call

    def _give(self, outcome: dict[str, Packed], arguments: tuple[Any, ...]) -> Any:
        if "unknown" in outcome:
            self.unknown = outcome["unknown"]
            raise _Stop
        if "raised" in outcome:
            error = getattr(builtins, outcome["raised"], None)
            if not (isinstance(error, type) and issubclass(error, Exception)):
                error = Exception
            raise error(outcome["message"])
        if "ended" in outcome:
            self.ended = outcome["ended"]
            raise _Stop
        for argument, after in zip(arguments, unpack(outcome["arguments"]), strict=False):
            _become(argument, after)
        return unpack(outcome["result"])


def _become(argument: object, after: object) -> None:
    """Change what the tests passed as the code changed it."""
    if isinstance(argument, list) and isinstance(after, list):
        argument[:] = after
    elif isinstance(argument, dict | set) and type(argument) is type(after):
        argument.clear()
        argument.update(after)


def run_tests() -> None:
    """Read `job.json`, run its tests against the known outcomes, and write what became of them as JSON."""
    with open("job.json", encoding="utf-8") as file:
        job = json.load(file)
    line = os.fdopen(os.dup(1), "w", encoding="utf-8")
    sys.stdin, sys.stdout = io.StringIO(), io.StringIO()
    random.seed(0)
    stage, failure = _Stage(job["outcomes"]), ""
    namespace: dict[str, Any] = {"__name__": "tests"}
    namespace |= {name: stage.stand_in(name) for name in job["names"]}
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            exec(compile(job["tests"], "<tests>", "exec"), namespace)
    except BaseException as error:  # noqa: BLE001 - the tests' own way to say that they failed
        failure = _place(error) + f"{type(error).__name__}: {str(error)[:_LONGEST_MESSAGE]}".rstrip(": ")
    report = {
        "calls": stage.calls, "known": stage.known and len(stage.calls) < _MOST_CALLS, "ended": stage.ended, "unknown": stage.unknown,
        "failure": failure,
    }  # fmt: skip
    line.write(json.dumps(report) + "\n")
    line.flush()
    _leave()


def _place(error: BaseException) -> str:
    trace, number = error.__traceback__, 0
    while trace is not None:
        number = trace.tb_lineno if trace.tb_frame.f_code.co_filename == "<tests>" else number
        trace = trace.tb_next
    return f"line {number} of the tests: " if number else ""


def _leave() -> NoReturn:
    os._exit(0)
