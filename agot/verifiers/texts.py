"""A check of an answer as text, by a regular expression."""

from __future__ import annotations

import math
import re
from importlib import import_module
from typing import Any

from agot.errors import SetupError
from agot.thought import Solution, Task, Verdict

_LONGEST_PATTERN = 2000
_LONGEST_ANSWER = 100_000
_MOST_UNROLLED = 20_000
"""Parts of a pattern once its repetitions are written out; each takes about a kilobyte and some microseconds."""


class PatternCheck:
    """The whole answer must match a regular expression.

    The package `regex` is used, which looks at the clock while it matches: `re` cannot be stopped, neither from
    a thread nor by a signal outside the main thread. It does not look at the clock while it compiles, and unrolls
    repetitions, so that nested ones double or worse with each level: those are counted before.

    Args:
        pattern: In the syntax of `re`, at most 2000 characters.
        expected: What the pattern stands for, in words for the feedback; the pattern itself if "".
        search: The pattern may match anywhere in the answer.
        timeout_s: Seconds for one match; beyond them the check cannot tell.

    Raises:
        SetupError: If the pattern is too long, too large once its repetitions are unrolled, or no regular
            expression; if it sets the flag `x` or `V1`, which it would have to be read under; or if the package is missing.
    """

    name = "pattern"

    def __init__(
        self, pattern: str, *, expected: str = "", search: bool = False, timeout_s: float = 0.5
    ) -> None:
        if len(pattern) > _LONGEST_PATTERN:
            raise SetupError(
                f"The pattern has {len(pattern)} characters, but may have {_LONGEST_PATTERN}. Shorten it."
            )
        if unrolled(pattern) > _MOST_UNROLLED:
            raise SetupError(
                f"{pattern[:200]!r} comes to more than {_MOST_UNROLLED:,} parts when its repetitions are written out, or "
                "cannot be read in one way only. Nest fewer repetitions, count less far, and use neither the flags x and "
                "V1 nor odd names of sets."
            )
        try:
            regex: Any = import_module("regex")
        except ImportError as error:
            raise SetupError(
                "PatternCheck needs the package `regex`. Install it: pip install regex"
            ) from error
        try:
            compiled = regex.compile(pattern)
        except (regex.error, RecursionError, OverflowError, MemoryError) as error:
            raise SetupError(
                f"{pattern[:200]!r} is no regular expression: {error}. Mend the pattern."
            ) from error
        self._match = compiled.search if search else compiled.fullmatch
        self._expected, self._timeout_s = expected or pattern, timeout_s

    def __call__(self, task: Task, solution: Solution) -> Verdict:
        """Return a conclusive 1 or 0; None if the answer is too long or the pattern takes too long on it."""
        if len(solution.answer) > _LONGEST_ANSWER:
            return Verdict(check=self.name, feedback=f"the answer has more than {_LONGEST_ANSWER} characters")
        try:
            found = self._match(solution.answer.strip(), timeout=self._timeout_s)
        except TimeoutError:
            return Verdict(check=self.name, feedback=f"the pattern took more than {self._timeout_s} s")
        return _verdict(self.name, found is not None, self._expected)


_PIECE = re.compile(
    r"""(?P<escape>\\.)|(?P<set>\[\^?\]?(?:\[:\^?[a-z]{3,7}:\]|\\.|[^\]\\])*\])|(?P<comment>\(\?\#[^)]*\))
    |(?P<open>\((?:\?(?P<flags>[A-Za-z01-]*))?(?P<alone>(?<=[A-Za-z01-])\))?)|(?P<close>\))
    |(?P<repeat>(?:[*+?]|\{(?:(?P<least>\d+)(?:,\d*)?|,\d*)\})[?+]?)|(?P<other>.)""",
    re.DOTALL | re.VERBOSE,
)
_NAMED_SET = re.compile(r"\[:\^?[a-z]{3,7}:\]")
_FURTHEST = 1e9


def unrolled(pattern: str) -> float:
    """Return how many parts a pattern comes to when what has to repeat is written out; rather too many than too few.

    Returns:
        At least the number of places that match something; infinity if the pattern could be read in more than one way,
        because it sets the flag `x` or `V1`, or has an odd `[:` in a set.
    """
    outer: list[float] = []
    whole = last = 0.0
    for piece in _PIECE.finditer(pattern):
        kind = piece.lastgroup
        if kind == "open":
            flags = piece["flags"] or ""
            if "x" in flags or "V1" in flags:
                return math.inf
            if piece["alone"]:
                # Flags: what follows repeats what stands before them. A recursion reads the same.
                last += 1
            else:
                outer.append(whole + last)
                whole = last = 0.0
        elif kind == "close" and outer:
            whole, last = outer.pop(), whole + last + 1
        elif kind == "repeat":
            least = 1.0 if piece[0][0] == "+" else min(_FURTHEST, float(piece["least"] or 0))
            # The package writes out the least number, and one more for the rest.
            last *= least + 1
        elif kind != "comment":
            if kind == "set" and "[:" in _NAMED_SET.sub("", piece[0]):
                return math.inf
            whole, last = whole + last, 1.0
    return sum(outer) + whole + last


def _verdict(check: str, right: bool, expected: str) -> Verdict:
    feedback = "" if right else f"the answer is not {expected[:200]!r}"
    return Verdict(check=check, reward=float(right), feedback=feedback, conclusive=True)
