"""Streams put together to whole replies."""

import json
from typing import Any

from agot.models.assembly import assemble, is_last


def stream(*events: Any) -> bytes:
    return b"".join(
        b"data: " + (e if isinstance(e, bytes) else json.dumps(e).encode()) + b"\n\n" for e in events
    )


def piece(delta: Any, *, index: int = 0, reason: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "id": "1",
        "model": "x",
        "choices": [{"index": index, "delta": delta, "finish_reason": reason}],
        **more,
    }


def test_samples_are_told_apart_by_their_index() -> None:
    found = assemble(stream(
        piece({"role": "assistant", "content": "a"}), piece({"content": "x"}, index=1), piece({"content": "b"}),
        piece({}, reason="stop"), piece({"content": "y"}, index=1, reason="length"),
        {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}}, b"[DONE]",
    ))  # fmt: skip
    reply = found.reply()
    assert [(one["message"]["content"], one["finish_reason"]) for one in reply["choices"]] == [
        ("ab", "stop"), ("xy", "length"),
    ]  # fmt: skip
    assert reply["usage"]["completion_tokens"] == 4
    assert reply["model"] == "x"
    assert found.ended


def test_calls_of_tools_reasoning_and_likelihoods_are_kept() -> None:
    call = {"index": 0, "id": "c1", "function": {"name": "add", "arguments": ""}}
    likely = piece({"content": "a"})
    likely["choices"][0]["logprobs"] = {"content": [{"token": "a", "logprob": -0.5}]}
    found = assemble(stream(
        piece({"reasoning_content": "hm"}), likely, piece({"tool_calls": [call]}),
        piece({"tool_calls": [{"index": 0, "function": {"arguments": '{"a":1}'}}]}, reason="tool_calls"),
    ))  # fmt: skip
    choice = found.reply()["choices"][0]
    assert choice["message"]["reasoning_content"] == "hm"
    assert choice["message"]["tool_calls"] == [
        {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}
    ]
    assert choice["logprobs"] == {"content": [{"token": "a", "logprob": -0.5}]}
    assert found.text == 'ahm{"a":1}'


def test_what_is_missing_or_null_does_not_stand_in_the_way() -> None:
    found = assemble(stream(
        {"choices": None}, {"choices": [{"delta": None}]}, {"choices": [{"index": 0, "delta": {"content": None}}]},
        [], piece({"content": [{"type": "text", "text": "parts"}]}), b"[DONE]",
    ))  # fmt: skip
    assert found.reply()["choices"][0]["message"]["content"] == "parts"
    assert found.ended


def test_a_stream_that_broke_off_has_no_end() -> None:
    whole = stream(piece({"content": "one"}), piece({"content": "two"}, reason="stop"))
    found = assemble(whole[:-20])
    assert not found.ended
    assert found.text == "one"


def test_an_error_among_the_events_is_found() -> None:
    error = {"error": {"message": "out of memory", "code": 503}}
    assert assemble(stream(piece({"content": "one"}), error)).fault == error


def test_the_last_piece_is_known_by_its_mark_and_not_by_what_a_model_says() -> None:
    assert is_last(b"data: [DONE]\n\n")
    assert not is_last(stream(piece({"content": "data: [DONE]"})))
