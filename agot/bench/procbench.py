"""ProcBench: carry out a given procedure and show every state on the way (Fujisawa et al. 2024, arXiv 2410.03117).

An answer is right if it shows all states and the last one, in order (the paper's sequential match); its score is the
prefix accuracy: states that are right from the first on, over the longer of the two lists.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from agot.bench.datasets import Grade, Item, json_lines

_FORM = 'Answer with one JSON object: {"intermediate": [the intermediate states, in order], "final": the final state}.'
_LONGEST = 50_000
_MOST_OBJECTS = 200


def procbench(path: Path) -> Iterator[Item]:
    """Yield problems; a row has `prompt` and `label` with `intermediate` states and the `final` one."""
    for row in json_lines(path):
        label = row["label"]
        states = [*label["intermediate"], label["final"]]
        yield Item(
            id=str(row["id"]),
            question=f"{row['prompt'].strip()}\n\n{_FORM}",
            gold=_write_states(states),
            wrong=(
                _write_states([*states[1:], states[0]])
                if _differ(states)
                else _write_states([*states, states[-1]]),
            ),
            grade=_matches(states),
        )


def _write_states(states: list[Any]) -> str:
    return json.dumps({"intermediate": states[:-1], "final": states[-1]}, ensure_ascii=False)


def _differ(states: list[Any]) -> bool:
    return any(state != states[0] for state in states)


def _matches(wanted: list[Any]) -> Callable[[str], Awaitable[Grade]]:
    async def grade(answer: str) -> Grade:
        given = states_in(answer)
        if given is None:
            return Grade(False, score=0.0)
        score = prefix_accuracy(wanted, given)
        return Grade(score == 1.0, score=score)

    return grade


def states_in(text: str) -> list[Any] | None:
    """Return the states that the last JSON object of a text with a `final` one gives, None without such."""
    text, decoder = text[-_LONGEST:], json.JSONDecoder()
    found, place = None, text.find("{")
    for _ in range(_MOST_OBJECTS):
        if place < 0:
            break
        try:
            told, place = decoder.raw_decode(text, place)
        except (ValueError, RecursionError):
            place += 1
        else:
            if isinstance(told, dict) and "final" in told:
                found = told
        place = text.find("{", place)
    if found is None:
        return None
    between = found.get("intermediate")
    return [*(between if isinstance(between, list) else []), found["final"]]


def prefix_accuracy(wanted: list[Any], given: list[Any]) -> float:
    """Return how many states are right from the first on, over the length of the longer list, in [0, 1]."""
    right = 0
    for ours, theirs in zip(given, wanted, strict=False):
        if not _same(theirs, ours):
            break
        right += 1
    return right / max(len(wanted), len(given))


def _same(wanted: Any, given: Any) -> bool:
    """Return whether two states are the same: numbers by value, lists item by item, all else as text."""
    if isinstance(wanted, list):
        return isinstance(given, list) and len(wanted) == len(given) and all(map(_same_text, wanted, given))
    if isinstance(wanted, int):
        try:
            return int(given) == wanted
        except (TypeError, ValueError):
            return False
    return _same_text(wanted, given)


def _same_text(wanted: Any, given: Any) -> bool:
    return str(wanted) == str(given)
