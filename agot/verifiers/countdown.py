"""Game of 24 and countdown: the answer is an expression over given numbers, each used once."""

from __future__ import annotations

import ast
import re
from collections import Counter
from dataclasses import dataclass

from agot.thought import Solution, Task, Verdict
from agot.reading.expressions import NotArithmetic, clean, expressions, is_expression, parse, value
from agot.reading.numbers import unmarked

_LIST = r"\[?(?P<numbers>\d+(?:(?:\s?,\s?(?:and\s)?|\s(?:and\s)?)\d+){1,7})\]?"
_TARGET = r"(?P<target>\d{1,9})"
_ONCE = r"(?:each|every|all)\b.{0,60}\bonce\b|\bexactly once\b|\bonce each\b|\ball (?:of )?(?:the|these) numbers\b"
_EXPLICIT = re.compile(rf"\bgame of 24\b|\b24 game\b|{_ONCE}", re.IGNORECASE)
_BEGIN = r"(?:^|[.!:]\s)(?:please\s|now\s)?(?:solve |play )?(?:the )?"
_WORDINGS = tuple(
    re.compile(_BEGIN + wording, re.IGNORECASE)
    for wording in (
        rf"(?:make|get|reach|obtain) (?:the target )?{_TARGET} (?:from|using|with) (?:the numbers )?{_LIST}",
        rf"(?:find a way to make|how (?:can|do) you (?:make|get)) {_TARGET} (?:from|using|with) (?:all of these numbers:? |the numbers )?{_LIST}",
        rf"target:? {_TARGET}[.,;]? numbers:? {_LIST}",
        rf"numbers:? {_LIST}[.,;]? target:? {_TARGET}\b",
        rf"(?:combine|using|use) (?:all |each )?(?:of )?(?:the )?(?:numbers )?{_LIST}"
        r"(?: with the four operations|,? each exactly once|,? exactly once each|,? each once|,? exactly once|,? once)?(?: (?:with|and) \+ - \* /)?,? "
        rf"(?:to )?(?:make|reach|get|(?:write|create|find) an expression (?:that equals|equal to)) {_TARGET}\b",
        rf"(?:write|create|find) an expression (?:that equals|equal to) {_TARGET} (?:with|using|from) (?:the numbers )?{_LIST}",
        rf"(?:game of (?P<target>24)|(?P<game>24) game)(?: with| for|:|, numbers) {_LIST}".replace(
            "(?P<game>24)", "24"
        ),
        rf"use numbers and basic arithmetic operations \(\+ - \* /\) to obtain {_TARGET}\. input: {_LIST}",
    )
)
_OTHER = re.compile(
    r"\b(?:how many|how much|largest|smallest|highest|lowest|odd|even|sum of|sort|count|list|some|any|at most|not all"
    r"|(?<!how )can you (?!only)|possible|possibly|impossible|sides?|which|need not|subset|pair|digits?|who|indices|coins?|jugs?)\b",
    re.IGNORECASE,
)
_INSTRUCTIONS = re.compile(r"\n\s?final answer format", re.IGNORECASE)
_HOW = re.compile(r"\s*(?:countdown:\s)?how (?:can|do) you (?:make|get)\b", re.IGNORECASE)
_DENIES = re.compile(
    r"\b(?:no|not|none|impossible|cannot|can't|unsolvable|never|isn't|nothing)\b|n/a|^$", re.IGNORECASE
)


@dataclass(frozen=True)
class Puzzle:
    """What is asked.

    Attributes:
        numbers: The numbers to use.
        target: The value to reach.
        explicit: The question says that each number is to be used once.
    """

    numbers: Counter[int]
    target: int
    explicit: bool


def asked(question: str) -> Puzzle | None:
    """Return the numbers and the target of such a question, or None if it is not surely one."""
    if len(question) > 2000:
        return None
    text = " ".join(_INSTRUCTIONS.split(question, maxsplit=1)[0].split())
    if _OTHER.search(text) or ("?" in text and not _HOW.match(text)):
        return None
    for wording in _WORDINGS:
        found = wording.search(text)
        if found:
            target = found.groupdict().get("target") or "24"
            numbers = Counter(int(digits) for digits in re.findall(r"\d+", found["numbers"]))
            return Puzzle(numbers, int(target), bool(_EXPLICIT.search(text)))
    return None


class CountdownCheck:
    """The expression must have the target's value and use the given numbers, each exactly once."""

    name = "countdown"

    def __call__(self, task: Task, solution: Solution) -> Verdict:
        """Return a verdict, or None if the question is of another kind or the answer says that there is no way.

        Reward 0 for the numbers used is conclusive only if the question says that each is to be used once, or if the answer
        is a bare number that was not given.
        """
        puzzle = asked(task.question) if not task.material else None
        if puzzle is None or len(solution.answer) > 1000:
            return Verdict(check=self.name)
        text, alone = _expression(solution.answer, puzzle.target)
        try:
            tree = parse(text)
            reached = value(text)
        except NotArithmetic:
            if (
                _DENIES.search(solution.answer)
                or not puzzle.explicit
                or re.search(r"\d\D+\d", solution.answer)
            ):
                return Verdict(check=self.name)
            return self._wrong(f"{solution.answer!r} is not an expression", sure=True)
        used = Counter(n.value for n in ast.walk(tree) if isinstance(n, ast.Constant))
        sure = alone and "!" not in solution.answer
        if used != puzzle.numbers:
            # A number that was not given is no expression over those that were.
            foreign = isinstance(tree, ast.Constant) and tree.value not in puzzle.numbers
            return self._wrong(
                f"it uses {[str(n) for n in used.elements()]} instead of {sorted(puzzle.numbers.elements())}",
                sure=sure and (puzzle.explicit or foreign),
            )
        if reached != puzzle.target:
            return self._wrong(f"it makes {reached}, not {puzzle.target}", sure=sure)
        return Verdict(check=self.name, reward=1.0, conclusive=True)

    def _wrong(self, feedback: str, *, sure: bool) -> Verdict:
        return Verdict(check=self.name, reward=0.0 if sure else 0.3, feedback=feedback, conclusive=sure)


def _expression(answer: str, target: int) -> tuple[str, bool]:
    """Return the expression that an answer gives, and whether there is nothing else in the answer."""
    text = unmarked(answer).strip(" .*").translate(str.maketrans("[]{}", "()()"))
    sides = [side.strip() for side in text.split("=") if side.strip()]
    if len(sides) == 2 and str(target) in sides:
        sides.remove(str(target))
    if len(sides) != 1:
        return "", False
    plain = clean(sides[0])
    joined = re.sub(r"(?<=[\d)])\s?(?=\()|(?<=\))\s?(?=\d)", "*", plain)
    if is_expression(joined):
        # `8/2(3+1)` is read in two ways.
        return joined, joined == plain or "/" not in joined
    found = expressions(sides[0])
    if len(found) == 1:
        return found[0], False
    return plain, True
