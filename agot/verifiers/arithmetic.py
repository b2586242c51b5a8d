"""A question that is nothing but arithmetic, recomputed exactly."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import lru_cache

from agot.thought import Solution, Task, Verdict
from agot.reading.expressions import (
    NotArithmetic,
    clean,
    expressions,
    several_readings,
    spoken_operators,
    value,
)
from agot.reading.numbers import reading, unmarked

_LONGEST_QUESTION = 4000
_ASKING = frozenset(
    """a an answer arithmetic be calculate calculation can compute could determine do does equal equals equation evaluate
    exact expression final find following for get give good hello help hey hi how i if is it just kindly let maths math me
    much my need of ok out please pls problem provide q question quick quickly result s show simplify so solve solution step
    steps sum tell thank thanks that the then this to u us value want what whats will with work working would you your by
    figure exactly right now state put after without additional text only""".split()
)
"""Words that may stand around an expression whose value is all that is asked for."""
_NO_SLIPS = frozenset(
    """sin cos tan cot sec csc log ln exp min max mod hex oct bin one two four ten half root mean cube square plus minus
    times twice double not""".split()
)
"""Words that look like a slip of the pen but change the question."""
_COMPUTES = re.compile(
    r"\b(?:compute|calculat\w*|evaluate|work|solve|simplify|determine|value|result|equals?|maths?|sum|arithmetic|expression)\b|=",
    re.IGNORECASE,
)
_NAME_LIKE = re.compile(r"\d+(?:/\d+){1,3}|\d+(?:[-–]\d+){1,3}")


class ExpressionCheck:
    """Recomputes the question itself if it asks for the value of one arithmetic expression and nothing else."""

    name = "expression"

    def __call__(self, task: Task, solution: Solution) -> Verdict:
        """Return a verdict, or None if the question is no bare expression or the answer no clear number.

        It is conclusive if neither the question nor the answer can be read in another way.
        """
        asked = asked_expression(task.question) if not task.material else None
        if asked is None:
            return Verdict(check=self.name)
        given = reading(solution.answer)
        try:
            exact = value(asked)
            worked = value(clean(unmarked(solution.answer).strip(" ."))) if given is None else exact
        except NotArithmetic:
            return Verdict(check=self.name)
        sure = not _may_be_a_name(task.question, asked)
        if given is None:
            if worked == exact:
                return Verdict(check=self.name)  # right so far, and not worked out
            told = f"{solution.answer!r} is {worked}, not the value of {asked}"
            return self._wrong(told, sure=sure and not several_readings(asked))
        if given.matches(exact):
            echo = clean(unmarked(solution.answer)).replace(" ", "") == clean(asked).replace(" ", "")
            if not echo or unmarked(solution.answer).strip(" .").replace(" ", "") == str(exact):
                return Verdict(check=self.name, reward=1.0, conclusive=sure)
            return self._wrong(f"{solution.answer!r} repeats the expression", sure=False)
        sure = sure and given.sure and not several_readings(asked) and not given.whole_number_near(exact)
        return self._wrong(f"{solution.answer!r} is not the value of {asked}", sure=sure)

    def _wrong(self, feedback: str, *, sure: bool) -> Verdict:
        return Verdict(check=self.name, reward=0.0 if sure else 0.3, conclusive=sure, feedback=feedback)


def _may_be_a_name(question: str, expression: str) -> bool:
    """Return whether the expression may be a date, a phone number or a name: `9/11`, `555-1234`, `24/7`."""
    return bool(_NAME_LIKE.fullmatch(expression)) and not _COMPUTES.search(question)


@lru_cache(maxsize=256)
def asked_expression(question: str) -> str | None:
    """Return the expression whose value is all that the question asks for, or None.

    There must be exactly one expression, no other number or sign, and around it only words of asking
    (one slip of the pen is allowed).
    """
    if len(question) > _LONGEST_QUESTION:
        return None
    text = spoken_operators(question)
    found = expressions(text)
    if len(found) != 1:
        return None
    before, _, after = text.partition(found[0])
    if re.search(r"[^\W_]", before) and re.match(r"[-+−–]\s", found[0]):
        return None  # `Hello - 3 + 4`: a dash, not a sign
    around = f"{before} {after}"
    words = re.findall(r"[^\W\d_]+", around.casefold())
    strange = [word for word in words if word not in _ASKING]
    if re.search(r"[^\w\s.?!,:;='’]|[\d_]", around) or after.startswith("!") or len(strange) > 1:
        return None
    if any(ord(sign) > 127 and not sign.isalpha() and sign != "’" and not sign.isspace() for sign in around):
        return None  # a power or index above or below the line
    if strange and (strange[0] in _NO_SLIPS or not 3 <= len(strange[0]) <= 20):
        return None
    if strange and not get_close_matches(strange[0], _ASKING, n=1, cutoff=0.75):
        return None
    return found[0]
