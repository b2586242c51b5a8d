"""Plans as instruct models write them most reliably: a numbered list, with #1 where the answer of the first belongs."""

from __future__ import annotations

import re

from agot.thought import Plan, PlannedThought

_MARK = re.compile(r"\W{0,3}PLAN\b\W*")
_ITEM = re.compile(
    r"[^\w\n]{0,12}(?:(?:sub-?question|question|step|q)\s?)?(?:#?(\d{1,2})[*_\\]{0,3}(?:[.):\]](?!\d)|\s[-–—]\s)|"
    r"(?<=#)(\d{1,2})\s)[*_\s]{0,6}(\S.*)",
    re.IGNORECASE,
)
_REFERENCE = re.compile(r"#(\d{1,2})\b")
_MARKUP = re.compile(r"\*\*|__|^\[[ xX]?\]\s?|^[\"'`]|[\"'`]$")


def announces_plan(text: str) -> bool:
    """Return whether a reply begins with the mark of a plan."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return _MARK.fullmatch(first.strip()) is not None


def plan_in(text: str, *, whole: bool = False) -> Plan:
    """Return the plan of a numbered list; one without thoughts if there is none.

    A number that is given again begins nothing new: the list that came first counts. The last sub-question gives the
    answer of the whole if it needs another; else the answers have to be put together.

    Args:
        whole: The last sub-question was to ask for what the question asks. Small models leave the references out: where
            it has none, it needs all others.
    """
    thoughts: dict[str, PlannedThought] = {}
    for line in text.splitlines():
        found = _ITEM.match(line)
        key = "" if found is None else found[1] or found[2]
        if found is None or key in thoughts:
            continue
        question = _MARKUP.sub("", found[3].strip()).strip()
        needs = tuple(dict.fromkeys(other for other in _REFERENCE.findall(question) if other != key))
        thoughts[key] = PlannedThought(key=key, question=question, needs=needs)
    planned = tuple(thoughts.values())
    if whole and len(planned) > 1 and not planned[-1].needs:
        last = planned[-1].model_copy(update={"needs": tuple(one.key for one in planned[:-1])})
        planned = (*planned[:-1], last)
    return Plan(thoughts=planned, final=planned[-1].key if planned and planned[-1].needs else "")


def renamed(plan: Plan, names: set[str]) -> Plan:
    """Keep new thoughts' names apart from those of the findings, which share the graph's name space."""
    fresh = {thought.key: f"n{thought.key}" for thought in plan.thoughts if thought.key in names}
    if not fresh:
        return plan
    thoughts = tuple(t.model_copy(update={"key": fresh.get(t.key, t.key)}) for t in plan.thoughts)
    return plan.model_copy(update={"thoughts": thoughts, "final": fresh.get(plan.final, plan.final)})
