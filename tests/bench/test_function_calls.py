"""Calls as models write them, against the calls that were asked for."""

import keyword
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.bench.function_calls import Call, calls_match, read_calls, written

PLAY = {
    "name": "music.play",
    "parameters": {
        "type": "dict",
        "properties": {
            "artist": {"type": "string"},
            "minutes": {"type": "integer"},
            "gain": {"type": "float"},
            "loud": {"type": "boolean"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "where": {"type": "dict"},
        },
        "required": ["artist"],
    },
}
WANTED: list[dict[str, dict[str, list[Any]]]] = [
    {"music.play": {"artist": ["Maroon 5"], "minutes": [15], "gain": ["", 0.5], "loud": ["", False]}},
    {"music.play": {"artist": ["Taylor Swift", "Swift"], "minutes": [20, ""]}},
]
RIGHT = "[music.play(artist='maroon-5', minutes=15), music.play(artist='Taylor Swift', minutes=20)]"


def match(text: str, wanted: list[dict[str, dict[str, list[Any]]]] = WANTED) -> bool:
    calls = read_calls(text)
    return calls is not None and calls_match(calls, wanted, [PLAY])


@pytest.mark.parametrize(
    "text",
    [
        RIGHT,
        f"```python\n{RIGHT}\n```",
        "music.play(artist='Swift'), music.play(artist='Maroon 5', minutes=15, gain=0.5)",
        "music.play(artist='Swift')\nmusic.play(artist='Maroon 5', minutes=3*5, gain=1/2)",
        '[{"name": "music.play", "arguments": {"artist": "Swift"}},'
        ' {"name": "music.play", "arguments": "{\\"artist\\": \\"Maroon 5\\", \\"minutes\\": 15, \\"loud\\": false}"}]',
        '[{"music.play": {"artist": "Swift"}}, {"music_play": {"artist": "Maroon 5", "minutes": 15}}]',
        '[{"type": "function", "function": {"name": "music.play", "arguments": {"artist": "Swift"}}},'
        ' {"music.play": {"artist": "Maroon 5", "minutes": 15}}]',
    ],
)
def test_every_way_to_write_the_calls_is_read_in_any_order(text: str) -> None:
    assert match(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "I would call music.play twice.",
        "[music.play(artist='Maroon 5', minutes=15)]",
        RIGHT[:-1] + ", music.play(artist='Swift')]",
        RIGHT.replace("15", "16"),
        RIGHT.replace("15", "'15'"),
        RIGHT.replace("15", "15.0"),
        RIGHT.replace("15", "True"),
        RIGHT.replace("minutes=15", "minutes=15, volume=3"),
        RIGHT.replace("minutes=15", "minutes=15, loud=0"),
        RIGHT.replace("music", "video"),
        RIGHT.replace("artist='maroon-5', ", ""),
        RIGHT.replace("artist='maroon-5'", "'maroon-5'"),
        RIGHT.replace("minutes=15", "**{'minutes': 15}"),
        "[music.play(artist='Swift'), music.play(artist='Swift')]",
        "import os",
        "[" * 5000,
        "-" * 10_000 + "1",
        "a" + ".b" * 9000 + "()",
        "x" * 50_000,
    ],
)
def test_other_calls_and_other_text_do_not_match(text: str) -> None:
    assert not match(text)


def test_one_call_cannot_stand_for_two_and_alternatives_are_shared_out() -> None:
    wanted: list[dict[str, dict[str, list[Any]]]] = [
        {"music.play": {"artist": ["A", "B"]}},
        {"music.play": {"artist": ["A"]}},
    ]
    assert match("[music.play(artist='A'), music.play(artist='B')]", wanted)
    assert not match("[music.play(artist='B'), music.play(artist='B')]", wanted)


def test_lists_and_objects_are_compared_inside() -> None:
    wanted: list[dict[str, dict[str, list[Any]]]] = [
        {
            "music.play": {
                "artist": ["A"],
                "tags": [["Rock", "live"]],
                "where": [{"room": ["Hall 1"], "seat": ["", 3]}],
            }
        }
    ]
    assert match("music.play(artist='A', tags=['rock', 'Live'], where={'room': 'hall 1'})", wanted)
    assert match("music.play(artist='A', tags=('rock', 'Live'), where={'room': 'hall 1', 'seat': 3})", wanted)
    assert not match("music.play(artist='A', tags=['live', 'rock'], where={'room': 'hall 1'})", wanted)
    assert not match("music.play(artist='A', tags=['rock', 5], where={'room': 'hall 1'})", wanted)
    assert not match("music.play(artist='A', tags=['rock', 'live'], where={'seat': 3})", wanted)
    assert not match(
        "music.play(artist='A', tags=['rock', 'live'], where={'room': 'hall 1', 'x': 1})", wanted
    )


def test_nothing_asked_is_answered_by_no_call() -> None:
    assert match("[]", [])
    assert not match("", [])
    assert not match(RIGHT, [])


def test_text_is_never_evaluated(capsys: pytest.CaptureFixture[str]) -> None:
    calls = read_calls("f(a=print('ran'), b=9**9**9**9, c=[print(1)], d=lambda: 1)")
    assert calls is not None and calls[0].arguments["a"] == "print('ran')"
    assert calls[0].arguments["b"] == "9 ** 9 ** 9 ** 9"
    assert capsys.readouterr().out == ""


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_without_a_fault(text: str) -> None:
    calls = read_calls(text)
    assert calls is None or all(isinstance(call, Call) for call in calls)


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,8}", fullmatch=True).filter(lambda name: not keyword.iskeyword(name)),
        st.one_of(st.integers(-99, 99), st.booleans(), st.text(max_size=9), st.lists(st.integers(0, 9), max_size=3)),
        max_size=4,
    )
)  # fmt: skip
def test_written_calls_are_read_back(arguments: dict[str, Any]) -> None:
    assert read_calls(written([Call("f", arguments)])) == [Call("f", arguments)]
