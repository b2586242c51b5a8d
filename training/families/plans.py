"""The plan properties that the engine's deterministic plan check relies on."""

from __future__ import annotations

import re

from training.example import Problem
from training.families.common import Planned, fill_references

_REFERENCE = re.compile(r"#(\d+)")


def subproblems(problem: Problem) -> tuple[Problem, ...]:
    """Return the problem of every plan line, in order (empty for problems without a plan)."""
    return problem.parts if isinstance(problem, Planned) else ()


def check_plan(problem: Problem) -> None:
    """Raise AssertionError unless the plan of a problem is well-formed and leads to its answer.

    Checked: references only point backwards, every line but the last is used, the lines with true
    answers filled in are exactly the sub-questions of the parts, the last part has the answer of the
    whole, and (procedures and stories) every clause is copied verbatim and in order.
    """
    if not problem.plan:
        return
    parts = subproblems(problem)
    assert len(parts) == len(problem.plan) >= 2, "one part per line, at least two lines"
    answers: list[str] = []
    used: set[int] = set()
    for number, (line, part) in enumerate(zip(problem.plan, parts, strict=True), 1):
        references = {int(text) for text in _REFERENCE.findall(line)}
        assert all(1 <= reference < number for reference in references), f"forward reference in {line!r}"
        used |= references
        assert "\n" not in line, f"a line break in {line!r}"
        assert part.question == material(problem) + fill_references(line, answers), (
            f"{line!r} is not {part.question!r}"
        )
        answers.append(part.answer)
        check_plan(part)
    assert used == set(range(1, len(parts))), "an answer is never used"
    assert answers[-1] == problem.answer, "the last line does not give the answer"
    if problem.family in ("lists", "strings", "word_problems", "dates"):
        _check_clauses(problem)


def material(problem: Problem) -> str:
    """Return the block which the engine puts before every sub-question, "" for most families."""
    if problem.family != "facts":
        return ""
    return problem.question[: problem.question.rindex("Question:") + len("Question: ")]


def _check_clauses(problem: Problem) -> None:
    """Check that the question is the plan lines, in order, without their restarts and neutral asks."""
    rest = " ".join(problem.question.split())
    for number, line in enumerate(problem.plan):
        body = line
        if number:
            restart = re.match(r"[^.\d\[\]\"']*#\d+[^.\d\[\]\"']*\.(?=\s)", body)
            assert restart, f"no restart without literals in {line!r}"
            body = body[restart.end() :].lstrip()
        if number + 1 < len(problem.plan):
            body, ask = _without_ask(body, rest)
            assert not re.search(r"[\d\[\]\"']", ask), f"a literal in {ask!r}"
        assert body and rest.startswith(body), f"{body!r} is not next in the question"
        rest = rest[len(body) :].lstrip()
    assert not rest, f"left out: {rest!r}"


def _without_ask(body: str, rest: str) -> tuple[str, str]:
    """Return the line without its last sentence, and that sentence."""
    at = next((index for index in range(len(body), 0, -1) if rest.startswith(body[:index])), 0)
    cut = body.rfind(" ", 0, at + 1)
    while cut > 0 and not body[cut + 1 : cut + 2].isupper():
        cut = body.rfind(" ", 0, cut)
    return body[:cut], body[cut + 1 :]
