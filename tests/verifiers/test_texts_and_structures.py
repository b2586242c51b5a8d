"""Answers under a text, a pattern, a JSON Schema or a model."""

from __future__ import annotations

import json
import tracemalloc
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from agot.errors import SetupError
from agot.protocols import Check
from agot.thought import Solution, Task, Verdict
from agot.verifiers.structures import JsonSchemaCheck, ModelCheck
from agot.verifiers.texts import PatternCheck, unrolled
from tests.bounded import bounded


def check(verifier: Check, answer: str) -> Verdict:
    return verifier(Task(question="q"), Solution(answer=answer))


def test_pattern_must_match_the_whole_answer_unless_it_may_search() -> None:
    assert check(PatternCheck(r"\d{3}"), "123").reward == 1.0
    assert check(PatternCheck(r"\d{3}"), "a 123").reward == 0.0
    assert check(PatternCheck(r"\d{3}", search=True), "a 123").reward == 1.0
    assert "a code" in check(PatternCheck(r"\d{3}", expected="a code"), "x").feedback


@pytest.mark.parametrize("pattern", ["(", "a" * 2001, "[", "(?P<1>a)", "a{3,2}"])
def test_pattern_that_is_none_is_refused(pattern: str) -> None:
    with pytest.raises(SetupError):
        PatternCheck(pattern)


def test_backtracking_without_end_is_stopped_and_cannot_tell() -> None:
    with bounded():
        verdict = check(PatternCheck(r"(a|aa)+(a|aa)+(a|aa)+b\1", timeout_s=0.1), "a" * 5000)
        assert verdict.reward is None and "0.1 s" in verdict.feedback


@pytest.mark.parametrize(
    "pattern", ["(a{1,30}){1,30}b", "((a+)+)+$", "(a|a)*b", r"(?i)(\w+\s?)+\Z", "(a*)*b|a{9}(b)"]
)
@pytest.mark.parametrize("end", ["", "!", "b!"])
def test_no_pattern_takes_longer_than_its_time(pattern: str, end: str) -> None:
    with bounded():
        verdict = check(PatternCheck(pattern, timeout_s=0.1), "a" * 3000 + end)
        assert verdict.reward in (None, 0.0, 1.0)


@pytest.mark.parametrize(
    "pattern",
    [
        "(" * 60 + "a" + ")+" * 60,
        "(" * 60 + "a" + ")(?#c)++" * 60,
        "(?:" * 14 + "a" + "){2}" * 14,
        "(((((ab){30}){30}){30}){30}){30}",
        "([)]((a){200}){200}[(])+",
        r"(\)((a){200}){200}\()+",
        "([]()]((a){200}){200}|[^](])",
        "([[:alpha:])]((a){200}){200})",
        "((a){200})(?i){200}",
        "(?x)" + "(" * 60 + "a" + ") +" * 60,
        "(?V1)([a[b])]((a){200}){200})",
        "[[:a=b:](a)]",
        "a{1000000000}",
        "{" + "9" * 1900 + "}",
    ],
)
def test_pattern_that_would_fill_the_memory_is_refused_at_once(pattern: str) -> None:
    with pytest.raises(SetupError):
        PatternCheck(pattern)


@pytest.mark.parametrize(
    "pattern",
    [r"^[\w.+-]+@(\w+\.)+\w+$", r"\(?xyz\)?", r"(?P<year>\d{4})(-\d{2}){2}", "[[:alpha:]]+", "[][()]+", "((a+)?b+)+", "x{b}{3}"],
)  # fmt: skip
def test_ordinary_patterns_are_taken(pattern: str) -> None:
    PatternCheck(pattern)


_PARTS = st.sampled_from(
    "( ) ) [ ] ^ [: :] \\ a b | + * ? {2} {3} {2, } { } , 9 (?: (?# (?P< > (?= - :alpha: \\] \\( $ . (?i)".split()
)


@given(st.lists(_PARTS, max_size=30).map("".join))
def test_no_pattern_comes_to_more_than_was_counted(pattern: str) -> None:
    regex: Any = import_module("regex")
    counted = unrolled(pattern)
    if counted > 5000:
        return
    tracemalloc.start()
    try:
        regex.compile(pattern)
    except (regex.error, RecursionError, OverflowError):
        return
    finally:
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        regex.purge()
    assert used < 100_000 + 5_000 * counted


SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name"],
}


def test_answer_under_a_schema() -> None:
    verifier = JsonSchemaCheck(SCHEMA)
    right = check(verifier, 'Here:\n```json\n{"name": "Ann", "age": 3}\n```')
    assert right.reward == 1.0 and not right.conclusive
    wrong = check(verifier, '{"age": -1}')
    assert wrong.reward == 0.0 and wrong.conclusive and "name" in wrong.feedback and "$.age" in wrong.feedback


@pytest.mark.parametrize(
    "answer", ["", "{broken", "NaN", "[" * 100_000, "1" * 5000, "```\n1\n```\n```\n2\n```", "x" * 300_000]
)
def test_what_is_no_json_is_refuted(answer: str) -> None:
    assert check(JsonSchemaCheck({}), answer).reward == 0.0


def test_no_answer_is_refuted_for_its_length_alone() -> None:
    long = json.dumps({"name": "Ann", "told": "word " * 60_000})
    for answer in (long, f"```json\n{long}\n```"):
        assert check(ModelCheck(Told), answer).reward == 1.0
        schema = check(JsonSchemaCheck(SCHEMA), answer)
        assert schema.reward is None and "more than 200000 characters" in schema.feedback


@pytest.mark.parametrize("unit", ["x```\n", "``` ", "`", "\n ", "```\n", "```x"])
def test_no_fence_takes_long(unit: str) -> None:
    with bounded():
        check(JsonSchemaCheck({}), unit * (200_000 // len(unit)))
        check(JsonSchemaCheck({}), "```" + unit * (200_000 // len(unit)))


def test_what_is_no_schema_is_refused() -> None:
    with pytest.raises(SetupError):
        JsonSchemaCheck({"type": "nothing"})


def test_schema_does_not_reach_for_other_documents() -> None:
    verdict = check(JsonSchemaCheck({"$ref": "http://127.0.0.1:9/schema.json"}), "1")
    assert verdict.reward is None and verdict.feedback


class Told(BaseModel):
    name: str
    told: str


class Person(BaseModel):
    name: str
    ages: tuple[int, ...] = ()


def test_answer_under_a_model() -> None:
    assert check(ModelCheck(Person), '{"name": "Ann", "ages": ["3"]}').reward == 1.0
    assert check(ModelCheck(Person, strict=True), '{"name": "Ann", "ages": [3]}').reward == 1.0
    strict = check(ModelCheck(Person, strict=True), '{"name": "Ann", "ages": ["3"]}')
    assert strict.reward == 0.0 and "ages.0" in strict.feedback
    assert check(ModelCheck(Person), "Ann").reward == 0.0
