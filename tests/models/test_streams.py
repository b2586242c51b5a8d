"""Streams mended line by line: what is right is passed on byte for byte, calls of tools become OpenAI's."""

from __future__ import annotations

import json
from typing import Any

from agot.models.streams import StreamMender
from tests.servers.odd import events, piece


def mended(data: bytes) -> list[dict[str, Any]]:
    mender = StreamMender({})
    out = b"".join(mender.feed(data[at : at + 7]) for at in range(0, len(data), 7)) + mender.finish()
    return [json.loads(line[6:]) for line in out.split(b"\n") if line.startswith(b"data: {")]


def call(**fields: Any) -> dict[str, Any]:
    return piece({"tool_calls": [fields]})


def test_a_regular_piece_is_passed_on_byte_for_byte() -> None:
    line = b'data: {"id":"c",  "choices":[{"index":0,"delta":{"content":"hi"},"finish_reason":null}]}\n\n'
    assert StreamMender({}).feed(line) == line


def test_calls_that_share_an_index_get_their_own_and_the_end_says_that_there_are_calls() -> None:
    one, two = {"name": "add", "arguments": '{"a": 1}'}, {"name": "add", "arguments": {"a": 2}}
    got = mended(
        events(
            call(index=0, id="x", function=one),
            call(index=0, id="y", function=two),
            call(index=0, function=None),
            piece({}, "stop"),
        )
    )
    calls = [chunk["choices"][0]["delta"]["tool_calls"][0] for chunk in got[:3]]
    assert [(one["index"], one["function"]["arguments"]) for one in calls] == [
        (0, '{"a": 1}'),
        (1, '{"a": 2}'),
        (1, ""),
    ]
    assert got[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_a_call_without_index_or_id_gets_both_and_an_end_where_the_server_names_none() -> None:
    got = mended(events(piece({"function_call": {"name": "add", "arguments": "{}"}})))
    first = got[0]["choices"][0]["delta"]["tool_calls"][0]
    assert (first["index"], first["id"], first["type"]) == (0, "call_0", "function")
    assert got[-1]["choices"][0]["finish_reason"] == "tool_calls"
