"""Finding JSON in what models write."""

import contextlib
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from agot.errors import OutputError
from agot.models.json_text import is_json, parse, without_reasoning


class Answer(BaseModel):
    answer: str
    score: float = Field(default=0.0, ge=0.0, le=1.0)


class Open(BaseModel):
    note: str = ""
    tags: list[str] = []


GOOD = '{"answer": "42", "score": 0.5}'


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        f"\n  {GOOD}\n",
        f"```json\n{GOOD}\n```",
        f"Sure! Here it is:\n```\n{GOOD}\n```\nHope that helps.",
        f"```json\n{GOOD}",
        f"The answer is {GOOD} as you can see.",
        f'<think>maybe {{"answer": "41"}}?</think>{GOOD}',
        f'the template ate the tag {{"answer": "41"}}</think>\n{GOOD}',
        f"<THINKING>a</THINKING><think>b</think> {GOOD}",
        f'First I thought {{"answer": "41", "score": 0.1}}, but it is {GOOD}',
        f"[{GOOD}]",
        f'{{"result": {GOOD}}}',
        "{'answer': '42', 'score': 0.5}",
        '{"answer": "42", "score": 0.5,}',
        '{answer: "42", score: 0.5}',
        '{"answer": "42", "score": 0.5',
        '{"answer": "42" "score": 0.5}',
        '// here\n{"answer": "42", /* half */ "score": 0.5}',
        f"Let f(x) = {{x}} and g = [1, 2]. Then: {GOOD}",
    ],
)
def test_what_models_write(text: str) -> None:
    assert parse(text, Answer) == Answer(answer="42", score=0.5)


@pytest.mark.parametrize(
    "text", ["", "I don't know.", '<think>{"answer": "41"}', "```json\n```", "null", "[]", "7", "{"]
)
def test_nothing_to_find(text: str) -> None:
    with pytest.raises(OutputError):
        parse(text, Answer)


def test_the_fault_names_place_reason_and_value() -> None:
    with pytest.raises(OutputError, match=r"score: .*less than or equal to 1 \(got 7\)"):
        parse('{"answer": "42", "score": 7}', Answer)
    with pytest.raises(OutputError, match=r"answer: Field required"):
        parse('{"reply": "42"}', Answer)
    with pytest.raises(OutputError, match=r"fields 'answer', 'score', got text that begins with 'Well"):
        parse("Well, 42.", Answer)


def test_prose_is_not_an_object_of_defaults() -> None:
    with pytest.raises(OutputError):
        parse("The set {} is empty.", Open)
    with pytest.raises(OutputError):
        parse("no { json here", Open)
    assert parse("{}", Open) == Open()


def test_a_cut_off_answer_is_not_mended() -> None:
    cut = '{"note": "first", "tags": ["a", "b'
    assert parse(cut, Open).tags[0] == "a"
    with pytest.raises(OutputError):
        parse(cut, Open, complete=False)
    assert parse('{"note": "whole"} and then', Open, complete=False).note == "whole"


def test_is_json() -> None:
    assert is_json(GOOD)
    assert is_json(f"<think>hm</think>\n{GOOD}\n")
    assert not is_json(f"```json\n{GOOD}\n```")
    assert not is_json(f"Here: {GOOD}")
    assert not is_json("")


def test_deep_nesting_and_floods() -> None:
    for text in ("[" * 50_000, '{"answer":' * 20_000, "{" * 5_000 + GOOD, "`" * 10_000, "<think>" * 20_000):
        with contextlib.suppress(OutputError):
            parse(text, Answer)


_MARKS = "{ } [ ] \" ' : , \\ ``` ```json <think> </think> // /* -"
_WORDS = 'answer score "answer" null true None NaN 1e999 0.5 \x00 é'
_pieces = st.sampled_from([*_MARKS.split(), *_WORDS.split(" "), "\n", " ", GOOD])


@settings(deadline=None, max_examples=400)
@given(st.one_of(st.text(), st.lists(_pieces, max_size=30).map("".join)))
@example('{"answer": "' + "\\" * 9)
@example('[{"answer":')
def test_any_text_gives_a_value_or_an_output_error(text: str) -> None:
    for schema in (Answer, Open):
        for complete in (True, False):
            try:
                value: Any = parse(text, schema, complete=complete)
            except OutputError as error:
                assert str(error)
            else:
                assert isinstance(value, schema)


@given(st.text())
def test_reasoning_is_taken_out(text: str) -> None:
    assert "<think>" not in without_reasoning(f"<think>{text}</think>{text}").lower()
    if "<" not in text:
        assert without_reasoning(f"<think>{text}</think>{text}") == text.strip()
