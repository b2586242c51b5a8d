"""Servers as they are, through the real litellm: odd replies, odd streams, refused fields, idle connections, proxies."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from agot.errors import ContentRefused, ContextTooLong, ModelError, ModelUnreachable
from agot.models.gateway import Gateway
from agot.models.known import Known
from agot.models.retry import retryable
from agot.models.transport import MOST_BYTES
from agot.protocols import Message, ModelReply, ModelRequest
from agot.settings import RoleSettings, Settings
from tests.servers.odd import Odd, Raw, events, piece, refusing, whole


def gateway(odd: Odd, known: Known | None = None, model: str = "hosted_vllm/x", **role: Any) -> Gateway:
    base_url = odd.base_url if model.startswith("ollama") else f"{odd.base_url}/v1"
    chosen = RoleSettings(**{"model": model, "base_url": base_url, "timeout_s": 20.0, **role})
    return Gateway(Settings(roles={"fast": chosen}), known=known)


async def ask(
    models: Gateway, *, on_text: Callable[[str], None] | None = None, close: bool = True, **changes: Any
) -> ModelReply:
    turns = (Message(role="system", content="Be brief."), Message(role="user", content="hi"))
    asked = ModelRequest(**{"purpose": "solve", "messages": turns, "seed": 3, "temperature": 0.5, **changes})
    try:
        return await models.complete(asked, timeout_s=None, on_text=on_text)
    finally:
        if close:
            await models.close()


REPLIES = [
    whole({"content": [{"type": "text", "text": "6"}, {"type": "text", "text": "3"}]}),
    whole({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "64?"}]}, {"type": "text", "text": "63"}]}),
    whole({"content": {"type": "text", "text": {"value": "63"}}}),
    whole({"content": 63}),
    whole({"content": "63", "thinking": "64?"}),
    whole({"content": "63"}, None, id=None, created=None, model=None, usage=None),
    whole({"content": "63"}, usage={"prompt_tokens": "11", "completion_tokens": 2.0}),
    whole({"content": "63"}, usage={"prompt_tokens": -1, "completion_tokens": None}),
    whole({"content": "63"}, created="2026-01-01"),
    {"choices": {"message": {"content": "63"}}},
    {"choices": [{"text": "63"}]},
    {"choices": [{"delta": {"content": "63"}, "finish_reason": "STOP"}]},
    {"code": 0, "data": whole({"content": "63"})},
    json.dumps([whole({"content": "63"})]).encode(),
    json.dumps(json.dumps(whole({"content": "63"}))).encode(),
    b"\xef\xbb\xbf" + json.dumps(whole({"content": "63"})).encode(),
    b"\n \n" + json.dumps(whole({"content": "63"}), indent=2).encode(),
    events(piece({"content": "6"}), piece({"content": "3"}), piece({}, "stop")),
    Raw(json.dumps(whole({"content": "63"})).encode(), kind="text/html"),
]  # fmt: skip


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("reply", REPLIES)
async def test_odd_whole_replies_are_understood_also_where_a_stream_was_asked_for(
    reply: Any, stream: bool
) -> None:
    shown: list[str] = []
    async with Odd(lambda _body: reply) as odd:
        got = await ask(gateway(odd), on_text=shown.append if stream else None)
    assert got.completions[0].text == "63" and got.completions[0].finish_reason == "stop"
    assert not stream or "".join(shown) == "63"
    assert len(odd.requests) == 1


async def test_a_western_encoding_is_read() -> None:
    body = json.dumps(whole({"content": "café"}), ensure_ascii=False).encode("latin-1")
    async with Odd(lambda _body: body) as odd:
        assert (await ask(gateway(odd))).completions[0].text == "café"


STREAMS = [
    events(piece(None), piece({"content": "63"}), piece(None, "stop")),
    events(piece({"role": "assistant", "content": None}), piece({"content": [{"type": "text", "text": "63"}]}, "stop")),
    events(piece({"reasoning": "64?"}), piece({"thinking": "no"}), piece({"content": "63"}), piece({}, "stop")),
    events(piece({"content": "63"}, "eos_token")),
    events(piece({"content": "6"}, ""), piece({"content": "3"}, ""), piece({}, "stop"), piece({}, "stop")),
    # The server only says that nothing more follows.
    events(piece({"content": "63"})),
    events(piece({"content": "63"}, "stop"), end=b""),
    events(piece({"content": "63"}, "stop"), end=b"data: [DONE]\n\ndata: {garbage\n\n"),
    events(b": ping", b"event: ping\ndata: {}", b"data:", piece({"content": "63"}, "stop")),
    events({"choices": [], "prompt_filter_results": []}, piece({"content": "63"}, "stop")),
    events({"choices": None}, piece({"content": "63"}, "stop"), {"choices": [], "usage": {"prompt_tokens": 1.0, "completion_tokens": 1}}),
    # One event over several lines.
    events(b'data: {"choices": [{"index": 0,\ndata: "delta": {"content": "63"}, "finish_reason": "stop"}]}'),
    events(whole({"content": "63"})),
    # Lines of JSON without a word of events.
    b"\n".join(json.dumps(one).encode() for one in (piece({"content": "6"}), piece({"content": "3"}, "stop"))),
    events(piece({"content": "63"}, "stop")).replace(b"\n", b"\r\n"),
]  # fmt: skip


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize("stream", STREAMS)
async def test_odd_streams_are_understood(stream: bytes, told: bool) -> None:
    shown: list[str] = []
    async with Odd(lambda _body: Raw(stream, kind="text/event-stream")) as odd:
        got = await ask(gateway(odd), on_text=shown.append if told else None)
    assert got.completions[0].text == "63"
    assert not told or "".join(shown) == "63"


async def test_no_character_of_a_stream_is_lost_at_what_readers_take_for_the_end_of_a_line() -> None:
    text = "a\u2028b\u0085c\u2029d"
    line = json.dumps(piece({"content": text}, "stop"), ensure_ascii=False).encode()
    async with Odd(lambda _body: events(b"data: " + line)) as odd:
        told = (await ask(gateway(odd), on_text=lambda _text: None)).completions[0].text
    # The second is a control character that ends a line; in a reply that is read it is one like any other.
    assert told == "a\u2028b\nc\u2029d"


BROKEN = {"error": {"message": "CUDA out of memory", "code": 500}}
FAULTS = [
    ({"error": {"message": "Provider returned error", "code": 502}}, "Provider returned error", True),
    ({"choices": None, "error": {"message": "overloaded", "code": "503"}}, "overloaded", True),
    ({"choices": [], "error": "out of memory"}, "out of memory", True),
    ({"error": {"message": "No such key", "code": 401}}, "No such key", False),
    ({"error": {"message": "slow down", "type": "rate_limit_exceeded"}}, "slow down", True),
    ({"error": {"message": "bad field", "type": "invalid_request_error"}}, "bad field", False),
    ({"object": "error", "message": "engine is dead", "code": 500}, "engine is dead", True),
    ({"base_resp": {"status_code": 1004, "status_msg": "login fail"}, "choices": None}, "login fail", True),
    ({"detail": [{"loc": ["body", "x"], "msg": "field required"}]}, "body.x: field required", True),
    ({"error": {"message": "failed", "code": 502, "metadata": {"raw": '{"error": "no gpu"}'}}}, "no gpu", True),
    ([{"error": {"message": "Quota", "code": 429}}], "Quota", True),
    (whole({"content": ""}, "error"), "finish_reason 'error'", True),
    (whole({"content": "6"}, "abort"), "finish_reason 'abort'", True),
    (b"<html><title>Sign in</title><body>Wi-Fi</body></html>", "Sign in: Wi-Fi", False),
    (b"upstream connect error", "upstream connect error", True),
    (b'{"choices": [', "not readable", True),
    (b"", "empty", True),
    ({"ok": True}, "ok", True),
    (events(piece({"content": "6"}), BROKEN), "CUDA out of memory", True),
    (events(piece({"content": "6"}), BROKEN, end=b""), "CUDA out of memory", True),
    (events(piece({"content": "6"}), b'event: error\ndata: {"message": "gone"}', end=b""), "gone", True),
    (events(piece({"content": "6"}), b'data: {"choices": [{"del', piece({"content": "3"}, "stop")), "not JSON", True),
    (events(piece({"content": "6"}), b"Internal Server Error", end=b""), "Internal Server Error", True),
    (events(piece({"content": "6"}), piece({}, "error", error={"message": "cut off"})), "cut off", True),
]  # fmt: skip


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize(("reply", "words", "again"), FAULTS)
async def test_an_error_under_status_200_is_told_in_the_servers_words(
    reply: Any, words: str, again: bool, told: bool
) -> None:
    body = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
    kind = "text/event-stream" if body.startswith(b"data") else "application/json"
    async with Odd(lambda _body: Raw(body, kind=kind)) as odd:
        with pytest.raises(ModelError) as raised:
            await ask(gateway(odd), on_text=(lambda _text: None) if told else None)
    assert words in str(raised.value)
    assert "Traceback" not in str(raised.value) and "litellm" not in str(raised.value)
    assert retryable(raised.value) is again
    assert len(odd.requests) == 1


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (Raw(b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>", 502), "502 Bad Gateway: nginx"),
        (Raw(b'{"detail": [{"loc": ["body", "messages"], "msg": "too short"}]}', 422), "body.messages: too short"),
        (Raw("déjà".encode("latin-1"), 500), "déjà"),
        (Raw(b"", 503), "no further words"),
        (Raw(b'[{"error": {"message": "API key not valid"}}]', 401), "API key not valid"),
        (Raw(b"", 302, headers=(("location", "https://login.example/v1"),)), "has moved to https://login.example/v1"),
    ],
)  # fmt: skip
async def test_an_http_error_is_told_without_its_wrapping(raw: Raw, words: str) -> None:
    async with Odd(lambda _body: raw) as odd:
        with pytest.raises(ModelError) as raised:
            await ask(gateway(odd))
    assert words in str(raised.value) and "<" not in str(raised.value)


PACKED = gzip.compress(json.dumps(whole({"content": "63"})).encode())


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (Raw(PACKED, headers=(("content-encoding", "gzip"),)), ""),
        (Raw(PACKED[2:], headers=(("content-encoding", "gzip"),)), "its body is not 'gzip', as its header says"),
        (Raw(b"[" * 100_000 + b"]" * 100_000), "nested too deeply"),
        (Raw(b'{"x": "' + b"a" * MOST_BYTES), "more than 64 MiB"),
        (Raw(PACKED, 500, headers=(("content-encoding", "br"),)), "failed (HTTP 500)"),
        (Raw(b"", 304), "has moved to no place named"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("told", [False, True])
async def test_bodies_that_cannot_be_read_are_told_for_what_they_are(
    raw: Raw, words: str, told: bool
) -> None:
    async with Odd(lambda _body: raw) as odd:
        models = gateway(odd)
        if words:
            with pytest.raises(ModelError) as raised:
                await ask(models, on_text=(lambda _text: None) if told else None)
            assert words in str(raised.value)
        else:
            assert (await ask(models)).completions[0].text == "63"
    assert len(odd.requests) == 1


async def test_a_redirect_that_keeps_the_question_is_followed() -> None:
    replies: Iterator[Any] = iter(
        [Raw(b"", 308, headers=(("location", "/v2/chat/completions"),)), whole({"content": "63"})]
    )
    async with Odd(lambda _body: next(replies)) as odd:
        assert (await ask(gateway(odd))).completions[0].text == "63"
    assert odd.requests[0] == odd.requests[1]


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize(
    "reply",
    [
        whole({"content": None, "refusal": "I cannot help."}),
        events(piece({"refusal": "I can"}), piece({"refusal": "not help."}), piece({}, "stop")),
        events(piece({"content": None, "refusal": "I can"}), piece({"refusal": "not help."}, "stop")),
    ],
)
async def test_a_refusal_is_told_in_the_models_words(reply: Any, told: bool) -> None:
    body = reply if isinstance(reply, bytes) else json.dumps(reply).encode()
    kind = "text/event-stream" if isinstance(reply, bytes) else "application/json"
    async with Odd(lambda _body: Raw(body, kind=kind)) as odd:
        with pytest.raises(ContentRefused, match="I cannot help"):
            await ask(gateway(odd), on_text=(lambda _text: None) if told else None)


REFUSALS = [
    ("seed", "Unrecognized request argument supplied: seed", {}),
    ("seed", "got an unexpected keyword argument 'seed'", {"status": 500}),
    ("temperature", "Unsupported value: 'temperature' does not support 0.5. Only the default (1) value is supported.", {}),
    ("temperature", "Unsupported value", {"param": "temperature"}),
    ("max_tokens", "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead.", {}),
    ("top_p", "Extra inputs are not permitted: top_p", {"status": 422}),
    ("stop", "Unsupported parameter: 'stop' is not supported with this model.", {}),
    ("logprobs", "logprobs is not supported", {}),
    ("stream_options", "Unrecognized request argument supplied: stream_options", {}),
    ("stream", "streaming is not supported", {}),
]  # fmt: skip


@pytest.mark.parametrize(("field", "message", "error"), REFUSALS)
async def test_a_field_that_a_server_refuses_is_left_out_from_then_on(
    field: str, message: str, error: dict[str, Any]
) -> None:
    wanted: dict[str, Any] = {
        "top_p": 0.9,
        "stop": ("END",),
        "logprobs": True,
        "top_logprobs": 2,
        "on_text": lambda _text: None,
    }
    async with Odd(refusing(field, message, **error)) as odd:
        known = Known()
        for _ in range(2):
            assert (await ask(gateway(odd, known), **wanted)).completions[0].text == "63"
    assert [field in body for body in odd.requests] == [True, False, False]
    if field == "max_tokens":
        assert odd.requests[1]["max_completion_tokens"] == 1024


async def test_a_field_is_left_out_where_a_role_says_so() -> None:
    async with Odd(lambda _body: whole({"content": "63"})) as odd:
        await ask(gateway(odd, leave_out=("seed", "temperature", "system", "stream_options")))
    assert not {"seed", "temperature", "stream_options"} & set(odd.requests[0])
    assert odd.requests[0]["messages"] == [{"role": "user", "content": "Be brief.\n\nhi"}]


@pytest.mark.parametrize("status", [400, 500])
@pytest.mark.parametrize(
    "words",
    ["System role not supported", "Conversation roles must alternate user/assistant/user/assistant/..."],
)
async def test_where_there_is_no_system_turn_its_words_begin_the_users(words: str, status: int) -> None:
    def answer(body: dict[str, Any]) -> Any:
        if body["messages"][0]["role"] == "system":
            return Raw(json.dumps({"error": {"message": words}}).encode(), status)
        return whole({"content": "63"})

    async with Odd(answer) as odd:
        await ask(gateway(odd))
    assert odd.requests[-1]["messages"] == [{"role": "user", "content": "Be brief.\n\nhi"}]
    assert len(odd.requests) == 2


async def test_turns_of_one_speaker_are_put_together_where_turns_must_alternate() -> None:
    def answer(body: dict[str, Any]) -> Any:
        if len(body["messages"]) > 1:
            return Raw(b'{"error": {"message": "roles must alternate"}}', 400)
        return whole({"content": "63"})

    turns = (Message(role="user", content="one"), Message(role="user", content="two"))
    async with Odd(answer) as odd:
        await ask(gateway(odd), messages=turns)
    assert odd.requests[-1]["messages"] == [{"role": "user", "content": "one\n\ntwo"}]


async def test_a_refusal_that_stays_the_same_is_told_and_nothing_is_learnt_from_it() -> None:
    async with Odd(lambda _body: Raw(b'{"error": {"message": "seed is not supported"}}', 400)) as odd:
        known = Known()
        with pytest.raises(ModelError, match="seed is not supported"):
            await ask(gateway(odd, known))
        assert len(odd.requests) == 2
        with pytest.raises(ModelError):
            await ask(gateway(odd, known))
    assert "seed" in odd.requests[2]


async def test_an_answer_ends_where_the_server_was_to_stop_but_does_not_know_how() -> None:
    def answer(body: dict[str, Any]) -> Any:
        return (
            refusing("stop", "stop sequences are not supported")(body)
            if "stop" in body
            else whole({"content": "63 END no"})
        )

    async with Odd(answer) as odd:
        assert (await ask(gateway(odd), stop=("END",))).completions[0].text == "63 "


async def test_the_room_of_an_answer_is_what_a_refusal_leaves() -> None:
    def answer(body: dict[str, Any]) -> Any:
        if body["max_tokens"] > 1148:
            said = (
                f"'max_tokens' is too large: {body['max_tokens']}. This model's maximum context length is 2048 tokens "
                "and your request has 900 input tokens"
            )
            return Raw(json.dumps({"error": {"message": said}}).encode(), 400)
        return whole({"content": "63"})

    async with Odd(answer) as odd:
        assert (await ask(gateway(odd), max_tokens=1500)).completions[0].text == "63"
    assert [body["max_tokens"] for body in odd.requests] == [1500, 1140]


async def test_a_connection_that_was_closed_while_idle_is_replaced_once() -> None:
    async with Odd(lambda _body: Raw(json.dumps(whole({"content": "63"})).encode(), closes=True)) as odd:
        models = gateway(odd)
        for _ in range(3):
            assert (await ask(models, close=False)).completions[0].text == "63"
        await models.close()
    assert len(odd.requests) == 3 and odd.connections == 3


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_loopback_is_reached_without_the_proxy_of_the_environment(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "http://me:hunter22@127.0.0.1:9")
    async with Odd(lambda _body: whole({"content": "63"})) as odd:
        assert (await ask(gateway(odd))).completions[0].text == "63"
        with pytest.raises(ModelUnreachable, match=r"through the proxy http://127\.0\.0\.1:9") as raised:
            await ask(gateway(odd, base_url="http://models.example/v1"))
    assert "hunter22" not in str(raised.value)


async def test_a_proxy_that_a_role_names_is_taken_for_loopback_too() -> None:
    async with Odd(lambda _body: whole({"content": "63"})) as odd:
        await ask(gateway(odd, base_url="http://127.0.0.1:9/v1", proxy=odd.base_url))
    assert odd.paths == ["http://127.0.0.1:9/v1/chat/completions"]


# -- Ollama ----------------------------------------------------------------------------------------


def ollama_lines(text: str, reason: str = "stop", **more: Any) -> bytes:
    pieces = [
        {"model": "m", "message": {"role": "assistant", "content": part}, "done": False} for part in text
    ]
    end = {"model": "m", "message": {"role": "assistant", "content": ""}, "done": True, "done_reason": reason}
    return b"".join(json.dumps(one).encode() + b"\n" for one in (*pieces, end | more))


def ollama_reply(text: str, reason: str = "stop") -> Callable[[dict[str, Any]], bytes]:
    def answer(body: dict[str, Any]) -> bytes:
        if body.get("stream"):
            return ollama_lines(text, reason, prompt_eval_count=11, eval_count=2)
        message = {"role": "assistant", "content": text}
        end = {"done": True, "done_reason": reason, "prompt_eval_count": 11, "eval_count": 2}
        return json.dumps({"model": "m", "message": message, **end}).encode()

    return answer


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize("model", ["ollama/m", "ollama_chat/m"])
async def test_ollama_is_told_its_window_and_a_roles_options_and_tells_that_it_was_cut(
    model: str, told: bool
) -> None:
    extra = {"options": {"top_k": 5}, "mirostat": 1, "keep_alive": "5m"}
    async with Odd(ollama_reply("63", "length")) as odd:
        models = gateway(odd, model=model, context_window=16384, extra_body=extra)
        got = await ask(models, on_text=(lambda _text: None) if told else None)
    assert got.completions[0].text == "63" and got.completions[0].finish_reason == "length"
    assert (got.usage.prompt_tokens, got.usage.completion_tokens) == (11, 2)
    sent = odd.requests[0]
    assert odd.paths == ["/api/chat"]
    assert {"num_ctx": 16384, "top_k": 5, "mirostat": 1, "seed": 3, "num_predict": 1024}.items() <= sent[
        "options"
    ].items()
    assert sent["keep_alive"] == "5m" and "keep_alive" not in sent["options"]
    # Newer servers then refuse what does not fit.
    assert sent["truncate"] is False and sent["messages"][0]["role"] == "system"


async def test_options_of_a_role_come_before_what_is_derived() -> None:
    async with Odd(ollama_reply("63")) as odd:
        await ask(
            gateway(odd, model="ollama/m", context_window=16384, extra_body={"options": {"num_ctx": 8192}})
        )
    assert odd.requests[0]["options"]["num_ctx"] == 8192


async def test_a_window_that_nobody_named_grows_with_what_is_asked() -> None:
    async with Odd(ollama_reply("63")) as odd:
        models = gateway(odd, model="ollama/m")
        for words in (10, 8_000, 10):
            turns = (Message(role="user", content="word " * words),)
            await ask(models, messages=turns, close=False)
        await models.close()
    windows = [body["options"]["num_ctx"] for body in odd.requests]
    # A smaller one again would have the server load the model anew.
    assert windows[0] == 4096 and windows[1] >= 8_000 * 5 // 4 and windows[2] == windows[1]


async def test_a_question_that_does_not_fit_into_ollamas_window_is_refused_by_name() -> None:
    async with Odd(ollama_reply("63")) as odd:
        with pytest.raises(ContextTooLong, match="context_window"):
            turns = (Message(role="user", content="word " * 5_000),)
            await ask(gateway(odd, model="ollama/m", context_window=2048), messages=turns)
    assert not odd.requests


async def test_a_question_that_certainly_does_not_fit_into_a_known_window_is_not_sent() -> None:
    async with Odd(lambda _body: whole({"content": "63"})) as odd:
        models = gateway(odd, context_window=512)
        with pytest.raises(ContextTooLong, match=r"about 1\d{3} tokens, but .* holds 512"):
            await ask(models, messages=(Message(role="user", content="word " * 900),), close=False)
        # What may fit is left to the server, which counts better.
        assert (await ask(models, messages=(Message(role="user", content="word " * 450),))).completions
    assert len(odd.requests) == 1


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": "model requires more system memory"}', "more system memory"),
        (ollama_lines("6").split(b"\n")[0] + b'\n{"error": "the runner died"}\n', "the runner died"),
        (b"<html>Sign in</html>", "Sign in"),
    ],
)
async def test_errors_of_ollama_are_told_in_its_words(body: bytes, words: str, told: bool) -> None:
    async with Odd(lambda _body: body) as odd:
        with pytest.raises(ModelError, match=words) as raised:
            await ask(gateway(odd, model="ollama/m"), on_text=(lambda _text: None) if told else None)
    assert "Traceback" not in str(raised.value)
