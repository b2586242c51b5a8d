"""Rows of the Berkeley Function Calling Leaderboard (Patil et al. 2025): simple, multiple, parallel, irrelevance."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from agot.bench.datasets import Grade, Item, Row, json_lines
from agot.bench.function_calls import Call, calls_match, read_calls, written
from agot.errors import SetupError

_ASK = """{user}

These functions can be called, and nothing else:
{functions}

Answer with the calls that the request needs, as one Python list on one line with named arguments only, for instance \
[first_function(a=1), second_function(b="x")]. Leave optional arguments out unless the request gives them. If no function \
fits the request, answer []."""

Wanted = Sequence[Mapping[str, Mapping[str, Sequence[Any]]]]


def bfcl(path: Path) -> Iterator[Item]:
    """Yield single-turn requests; references stand in `answer_<name>` beside the file or in `possible_answer/<name>`.

    Rows of the irrelevance category have none: there, the right answer is to call nothing.

    Raises:
        SetupError: If the references are missing.
    """
    irrelevant = "irrelevance" in path.name
    references = (
        {} if irrelevant else {row["id"]: row["ground_truth"] for row in json_lines(_references(path))}
    )
    for row in json_lines(path):
        wanted: Wanted = [] if irrelevant else references[row["id"]]
        gold = [gold_call(one, row["function"]) for one in wanted]
        wrong: tuple[str, ...]
        if gold:
            wrong = (written(gold[:-1]), written([_renamed(gold[0]), *gold[1:]]))
        else:
            wrong = (written([Call(row["function"][0]["name"], {})]),)
        yield Item(
            id=row["id"],
            question=_question(row),
            gold=written(gold),
            wrong=wrong,
            grade=_grader(wanted, row["function"]),
        )


def _references(path: Path) -> Path:
    places = (path.with_name(f"answer_{path.name}"), path.parent / "possible_answer" / path.name)
    for place in places:
        if place.is_file():
            return place
    raise SetupError(f"The references of {path} are missing; expected them in {places[0]} or {places[1]}.")


def _question(row: Row) -> str:
    turns = row["question"]
    if len(turns) != 1:
        raise ValueError(f"{len(turns)} turns; only single-turn rows can be asked as one question")
    user = "\n".join(message["content"] for message in turns[0])
    functions = "\n".join(json.dumps(function, ensure_ascii=False) for function in row["function"])
    return _ASK.format(user=user.strip(), functions=functions)


def _grader(wanted: Wanted, functions: Sequence[Mapping[str, Any]]) -> Callable[[str], Awaitable[Grade]]:
    async def grade(answer: str) -> Grade:
        calls = read_calls(answer)
        return Grade(calls is not None and calls_match(calls, wanted, functions))

    return grade


def gold_call(
    wanted: Mapping[str, Mapping[str, Sequence[Any]]], functions: Sequence[Mapping[str, Any]] = ()
) -> Call:
    """Return one call that a reference allows: the first alternative of each argument, optional ones left out.

    Args:
        functions: Their descriptions, as the row gives them. Two references name an argument that the function does not
            have, or leave out one that it needs, which the official checker refuses.
    """
    ((name, arguments),) = wanted.items()
    parameters: Mapping[str, Any] = next((one["parameters"] for one in functions if one["name"] == name), {})
    known, needed = parameters.get("properties", arguments), parameters.get("required", ())
    given = {
        key: [option for option in options if option != ""] if key in needed else options
        for key, options in arguments.items() if key in known
    }  # fmt: skip
    return Call(name, {key: _first(options[0]) for key, options in given.items() if options[0] != ""})


def _first(value: Any) -> Any:
    if isinstance(value, list):
        return [_first(one) for one in value]
    if isinstance(value, dict):
        return {
            key: _first(options[0]) if isinstance(options, list) else options
            for key, options in value.items()
            if not (isinstance(options, list) and options[:1] == [""])
        }
    return value


def _renamed(call: Call) -> Call:
    return Call(f"{call.name}_other", call.arguments)
