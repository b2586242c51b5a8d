"""Chat completions, as the clients that people use speak them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from agot.errors import ModelUnreachable
from agot.protocols import ModelRequest
from agot.settings import RoleSettings, Settings
from tests.scripted import ScriptedModels
from tests.servers.loopback import Loopback, Reply
from tests.web.serving import WAIT_S, Gate, Served, ended, serving
from tests.web.upstream import Upstream, upstream

ASKED: list[Any] = [{"role": "user", "content": "What is it?"}]
SUM: list[Any] = [{"role": "user", "content": "What is 7 + 5?"}]
TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tell the weather.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    },
}


def _openai(served: Served, **more: Any) -> openai.OpenAI:
    return openai.OpenAI(
        base_url=f"{served.url}/v1", api_key="none", timeout=WAIT_S, http_client=httpx.Client(trust_env=False), **more
    )  # fmt: skip


@pytest.fixture
def official(served: Served) -> Iterator[openai.OpenAI]:
    with _openai(served) as made:
        yield made


def test_the_official_client_gets_an_answer_with_usage_and_the_run(
    official: openai.OpenAI, client: httpx.Client
) -> None:
    got = official.chat.completions.create(model="agot", messages=ASKED)
    assert got.choices[0].message.content == "42" and got.choices[0].finish_reason == "stop"
    assert got.usage is not None and got.usage.prompt_tokens > 0 and got.usage.completion_tokens > 0
    assert got.usage.total_tokens == got.usage.prompt_tokens + got.usage.completion_tokens
    extra = (got.model_extra or {})["agot"]
    assert (
        extra["status"] == "answered" and extra["reward"] is None and got.id == f"chatcmpl-{extra['run_id']}"
    )
    assert client.get(f"/api/runs/{extra['run_id']}").json()["tokens"] == got.usage.total_tokens


def test_models_are_auto_and_every_strategy(official: openai.OpenAI) -> None:
    names = [model.id for model in official.models.list()]
    assert {"agot", "agot/direct", "agot/mcts"} <= set(names)
    assert official.models.retrieve("agot/direct").id == "agot/direct"
    got = official.chat.completions.create(model="agot/direct", messages=ASKED)
    assert (got.model_extra or {})["agot"]["strategy"] == "direct"


@pytest.mark.parametrize(
    ("change", "error", "code"),
    [
        ({"model": "gpt-5"}, openai.NotFoundError, "model_not_found"),
        ({"model": "agot/guess"}, openai.NotFoundError, "model_not_found"),
        ({"n": 2}, openai.BadRequestError, "less_than_equal"),
        ({"messages": []}, openai.BadRequestError, "too_short"),
        ({"messages": [{"role": "assistant", "content": "Hello."}]}, openai.BadRequestError, "no_question"),
        ({"messages": [{"role": "system", "content": " "}]}, openai.BadRequestError, "no_question"),
        ({"messages": [{"role": "narrator", "content": "Once."}]}, openai.BadRequestError, "literal_error"),
        ({"functions": [{"name": "f"}]}, openai.BadRequestError, "unsupported"),
        ({"extra_body": {"modalities": ["text", "audio"]}}, openai.BadRequestError, "unsupported"),
        ({"logprobs": True}, openai.BadRequestError, "logprobs"),
        ({"stop": "x" * 1001}, openai.BadRequestError, "string_too_long"),
        ({"max_tokens": 0}, openai.BadRequestError, "room"),
        ({"extra_body": {"agot": {"stratgy": "direct"}}}, openai.BadRequestError, "extra_forbidden"),
        ({"extra_body": {"agot": {"strategy": "guess"}}}, openai.BadRequestError, "setup"),
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            openai.BadRequestError,
            "literal_error",
        ),
    ],
)
def test_what_cannot_be_answered_is_an_error_in_openais_shape(
    official: openai.OpenAI, change: dict[str, Any], error: type[openai.APIStatusError], code: str
) -> None:
    with pytest.raises(error) as raised:
        official.chat.completions.create(**({"model": "agot", "messages": ASKED} | change))
    assert raised.value.code == code and raised.value.type is not None


@pytest.mark.parametrize(
    ("change", "param", "says"),
    [
        (
            {"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]},
            "messages.0.content.0.type", "only text parts are taken",
        ),
        ({"messages": [{"role": "user", "content": ["x"]}]}, "messages.0.content.0", "Input should be an object"),
        ({"messages": [{"role": "user", "content": {}}]}, "messages.0.content", "valid string or a valid list"),
        ({"messages": [{"content": "x"}]}, "messages.0.role", "Field required"),
        ({"messages": ["x"]}, "messages.0", "Input should be an object"),
        ({"stop": ["a", 1]}, "stop.1", "valid string"),
        ({"tool_choice": "some"}, "tool_choice", "Input should be"),
        ({"response_format": "text"}, "response_format", "Input should be an object"),
    ],
)  # fmt: skip
def test_a_fault_names_the_place_in_the_json_that_was_sent(
    client: httpx.Client, change: dict[str, Any], param: str, says: str
) -> None:
    got = client.post("/v1/chat/completions", json={"model": "agot", "messages": ASKED} | change)
    error = got.json()["error"]
    assert got.status_code == 400 and error["param"] == param and says in error["message"]
    assert error["message"].startswith(f"{param}: ")
    assert not any(word in error["message"] for word in ("TextPart", "ChatMessage", "dictionary", "list["))


def test_null_is_nothing_in_the_options_of_a_stream(client: httpx.Client, relaying: Served) -> None:
    body: dict[str, Any] = {"model": "agot", "messages": ASKED, "stream": True}
    body["stream_options"] = {"include_usage": None}
    got = client.post("/v1/chat/completions", json=body)
    assert got.status_code == 200 and got.text.endswith("data: [DONE]\n\n")
    assert '"choices":[]' not in got.text
    with relaying.client() as other:
        got = other.post("/v1/chat/completions", json=body | {"tools": [TOOL]})
        assert got.status_code == 200 and '"choices":[]' not in got.text


def test_the_form_text_is_taken_and_with_tools_any_form_is_passed_on(
    official: openai.OpenAI, relaying: Served, model: Upstream
) -> None:
    got = official.chat.completions.create(model="agot", messages=ASKED, response_format={"type": "text"})
    assert got.choices[0].message.content == "42"
    with _openai(relaying) as other:
        other.chat.completions.create(
            model="agot", messages=ASKED, tools=[TOOL], response_format={"type": "json_object"}, stop="END",  # type: ignore[list-item]
        )  # fmt: skip
    assert model.requests[0]["response_format"] == {"type": "json_object"}
    assert model.requests[0]["stop"] == "END"


def test_a_stream_ends_with_the_answer_the_report_and_usage(official: openai.OpenAI) -> None:
    stream = official.chat.completions.create(
        model="agot", messages=ASKED, stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert "".join(c.choices[0].delta.content or "" for c in chunks if c.choices) == "42"
    told = [c.choices[0].delta.model_extra or {} for c in chunks if c.choices]
    assert any("think" in one.get("reasoning_content", "") for one in told)
    last = [c for c in chunks if c.choices][-1]
    assert (
        last.choices[0].finish_reason == "stop" and (last.model_extra or {})["agot"]["status"] == "answered"
    )
    assert chunks[-1].usage is not None and chunks[-1].usage.prompt_tokens > 0 and not chunks[-1].choices
    assert len({c.id for c in chunks}) == 1


def test_a_direct_answer_is_streamed_while_it_is_written(tmp_path: Path) -> None:
    words = "It rains in Bergen on most days of the year, as everybody there will tell you.".split(" ")
    seen = threading.Event()

    async def reply(request: dict[str, Any]) -> Reply:
        if "proposal" in str(request["messages"][1:]):
            return Reply("Yes")
        return Reply(
            chunks=[word if i == 0 else f" {word}" for i, word in enumerate(words)], chunk_delay_s=0.05
        )

    with Loopback(reply).in_thread() as model:
        settings = Settings(roles={"fast": RoleSettings(model="hosted_vllm/test", base_url=model.base_url)})
        with serving(tmp_path, settings=settings) as served, _openai(served) as official:
            pieces = []
            for chunk in official.chat.completions.create(model="agot/direct", messages=ASKED, stream=True):
                piece = (chunk.choices[0].delta.content or "") if chunk.choices else ""
                if piece and not seen.is_set():
                    seen.set()
                    assert model.in_flight == 1, "the first piece came only after the model was done"
                pieces.append(piece)
    assert "".join(pieces) == " ".join(words)
    assert len([piece for piece in pieces if piece]) > 3


def test_a_direct_answer_that_the_checks_changed_is_corrected(tmp_path: Path) -> None:
    said = iter(["The sum of these two numbers is 13.", "12", "12"])

    def reply(request: ModelRequest) -> str:
        return next(said)

    class Streaming(ScriptedModels):
        async def complete(self, request: ModelRequest, *, timeout_s: Any, on_text: Any) -> Any:
            reply = await super().complete(request, timeout_s=timeout_s, on_text=on_text)
            if on_text is not None:
                on_text(reply.completions[0].text)
            return reply

    with (
        serving(tmp_path, Streaming(reply, dialect="standard")) as served,
        _openai(served) as official,
    ):
        chunks = list(official.chat.completions.create(model="agot/direct", messages=SUM, stream=True))
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text.startswith("The sum of these two numbers is 13.") and text.endswith("Correction, after checks: 12")


def test_the_conversation_reaches_the_model_with_its_roles(
    official: openai.OpenAI, models: ScriptedModels
) -> None:
    messages: list[Any] = [
        {"role": "system", "content": "Answer in French."},
        {"role": "user", "content": "Where is Bergen?"},
        {"role": "assistant", "content": "In Norway."},
        {"role": "user", "content": [{"type": "text", "text": "And what is it?"}]},
    ]
    official.chat.completions.create(model="agot", messages=messages)
    said = models.requests[0].messages[-1].content
    assert [line.lstrip("| ") for line in said.splitlines()][1:8] == [
        "User: Where is Bergen?", "Assistant: In Norway.", "", "And what is it?", "", "Demands on the answer:", "Answer in French.",
    ]  # fmt: skip


@pytest.mark.parametrize("role", ["system", "developer"])
def test_a_request_of_the_system_alone_is_a_question(
    official: openai.OpenAI, models: ScriptedModels, role: str
) -> None:
    messages: list[Any] = [{"role": role, "content": "Be brief."}, {"role": role, "content": "What is it?"}]
    assert official.chat.completions.create(model="agot", messages=messages).choices[0].message.content == "42"
    said = models.requests[0].messages[-1].content
    assert said.index("What is it?") < said.index("Demands on the answer") < said.index("Be brief.")


def test_the_older_form_of_a_tool_call_is_told_of(official: openai.OpenAI, models: ScriptedModels) -> None:
    messages: list[Any] = [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": None, "function_call": {"name": "weather", "arguments": '{"city":"Oslo"}'}},
        {"role": "function", "name": "weather", "content": "sunny"},
        *ASKED,
    ]
    official.chat.completions.create(model="agot", messages=messages)
    said = models.requests[0].messages[-1].content
    assert 'calls weather with {"city":"Oslo"}' in said and "Tool: sunny" in said


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["agot/direct", "agot"])
@pytest.mark.parametrize(
    ("stop", "kept"),
    [
        ("Bergen", 2), (["nowhere", "Bergen on"], 2), (["It"], 0), ("", None), ([], None), (None, None), ("xyz", None),
        (["you.", "tell you. And"], -1), ("en on mo", 2.3),
    ],
)  # fmt: skip
def test_an_answer_ends_before_a_stop_text_also_over_two_pieces_of_a_stream(
    tmp_path: Path, model: str, stream: bool, stop: Any, kept: float | None
) -> None:
    whole = "It rains in Bergen on most days of the year, as everybody there will tell you."
    ends = {2: "It rains in ", 0: "", None: whole, -1: whole.removesuffix("you."), 2.3: "It rains in Berg"}

    async def reply(request: dict[str, Any]) -> Reply:
        return Reply(whole, chunks=[whole[i : i + 3] for i in range(0, len(whole), 3)])

    with Loopback(reply).in_thread() as upstream_:
        settings = Settings(roles={"fast": RoleSettings(model="hosted_vllm/test", base_url=upstream_.base_url)})
        with serving(tmp_path, settings=settings) as served, served.client() as client:
            body = {"model": model, "messages": ASKED, "stop": stop, "stream": stream}
            got = client.post("/v1/chat/completions", json=body)
    assert got.status_code == 200
    if stream:
        events = [json.loads(line[6:]) for line in got.text.splitlines() if line.startswith("data: {")]
        content = "".join(one["choices"][0]["delta"].get("content") or "" for one in events)
        ended_by = events[-1]["choices"][0]["finish_reason"]
    else:
        content = got.json()["choices"][0]["message"]["content"]
        ended_by = got.json()["choices"][0]["finish_reason"]
    assert (content, ended_by) == (ends[kept], "stop")


def test_a_limit_on_tokens_of_the_run_ends_with_length(official: openai.OpenAI) -> None:
    budget = {"agot": {"budget": {"tokens": 5}}}
    got = official.chat.completions.create(model="agot", messages=ASKED, extra_body=budget)
    assert got.choices[0].finish_reason == "length" and (got.model_extra or {})["agot"]["status"] == "budget"


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("model", ["agot/direct", "agot"])
@pytest.mark.parametrize(("room", "said", "reason"), [(5, "It rains in Bergen on", "length"), (-1, None, "stop")])
def test_room_for_the_answer_bounds_the_answer_and_not_the_run(
    tmp_path: Path, model: str, stream: bool, room: int, said: str | None, reason: str
) -> None:
    whole = "It rains in Bergen on most days of the year, as everybody there will tell you."
    with serving(tmp_path, ScriptedModels(lambda _: whole, dialect="standard")) as served, served.client() as client:
        body = {"model": model, "messages": ASKED, "max_tokens": room, "stream": stream}
        got = client.post("/v1/chat/completions", json=body)
        assert got.status_code == 200
        if not stream:
            choices = got.json()["choices"]
            content, ended_by = choices[0]["message"]["content"], choices[0]["finish_reason"]
        else:
            events = [json.loads(line[6:]) for line in got.text.splitlines() if line.startswith("data: {")]
            content = "".join(one["choices"][0]["delta"].get("content") or "" for one in events)
            ended_by = events[-1]["choices"][0]["finish_reason"]
    assert ended_by == reason
    assert content == whole if said is None else (content == whole[:20] and said.startswith(content))


def test_parts_that_are_no_text_are_told_of_in_what_was_said_before(
    official: openai.OpenAI, models: ScriptedModels
) -> None:
    messages: list[Any] = [
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]},
        {"role": "assistant", "content": [{"type": "refusal", "refusal": "I cannot see it."}]},
        {"role": "function", "name": "look", "content": "a cat"},
        *ASKED,
    ]
    assert official.chat.completions.create(model="agot", messages=messages).choices[0].message.content == "42"
    said = models.requests[0].messages[-1].content
    assert all(words in said for words in ("something that is no text", "I cannot see it.", "Tool: a cat"))


@pytest.mark.parametrize("fields", [{"response_format": {"type": "json_object"}}, {"logprobs": True}])
def test_what_one_call_can_give_is_passed_on_by_the_model_direct(
    relaying: Served, model: Upstream, fields: dict[str, Any]
) -> None:
    with relaying.client() as client:
        body = {"model": "agot/direct", "messages": ASKED, **fields}
        assert client.post("/v1/chat/completions", json=body).status_code == 200
        assert all(model.requests[0][name] == value for name, value in fields.items())


def test_a_run_that_abstains_says_so(tmp_path: Path) -> None:
    models = ScriptedModels(lambda request: "13", dialect="standard")
    with serving(tmp_path, models) as served, _openai(served) as official:
        got = official.chat.completions.create(model="agot", messages=SUM)
    assert (got.model_extra or {})["agot"]["status"] == "abstained" and got.choices[0].finish_reason == "stop"
    assert "no answer that I could stand behind" in (got.choices[0].message.content or "")


def test_a_run_that_fails_is_an_error_and_is_not_repeated(tmp_path: Path) -> None:
    models = ScriptedModels(lambda request: ModelUnreachable("Nobody answers."), dialect="standard")
    settings = Settings(roles={"fast": RoleSettings(model="scripted/model", retries=0)})
    with (
        serving(tmp_path, models, settings=settings) as served,
        _openai(served, max_retries=3) as official,
        served.client() as client,
    ):
        with pytest.raises(openai.InternalServerError) as raised:
            official.chat.completions.create(model="agot", messages=ASKED)
        assert raised.value.status_code == 502 and raised.value.code == "ModelUnreachable"
        with pytest.raises(openai.APIError, match="Nobody answers"):
            list(official.chat.completions.create(model="agot", messages=ASKED, stream=True))
        assert len(client.get("/api/runs").json()["runs"]) == 2


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_goes_away_ends_its_run(tmp_path: Path, stream: bool) -> None:
    gate = Gate()
    with serving(tmp_path, ScriptedModels(gate, dialect="standard")) as served, served.client() as client:
        body = {"model": "agot", "messages": ASKED, "stream": stream}
        with (
            served.client() as leaving,
            pytest.raises(httpx.TimeoutException),
            leaving.stream("POST", "/v1/chat/completions", json=body, timeout=0.5) as response,
        ):
            list(response.iter_lines())
        assert gate.reached.wait(WAIT_S)
        (row,) = client.get("/api/runs").json()["runs"]
        assert ended(client, row["id"])["status"] == "interrupted"


# -- tools


@pytest.fixture
def model() -> Iterator[Upstream]:
    with upstream() as made:
        yield made


@pytest.fixture
def relaying(tmp_path: Path, model: Upstream) -> Iterator[Served]:
    settings = Settings(roles={"fast": RoleSettings(model="hosted_vllm/test", base_url=model.url)})
    with serving(tmp_path, settings=settings) as server:
        yield server


def test_tool_calls_come_back_and_their_results_go_on(relaying: Served, model: Upstream) -> None:
    with _openai(relaying) as official, relaying.client() as client:
        first = official.chat.completions.create(model="agot", messages=ASKED, tools=[TOOL])  # type: ignore[list-item]
        message = first.choices[0].message
        assert message.tool_calls and first.choices[0].finish_reason == "tool_calls"
        call: Any = message.tool_calls[0]
        assert call.function.name == "weather" and json.loads(call.function.arguments) == {"city": "Oslo"}
        assert model.requests[0]["tools"] == [TOOL]
        result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
        said: list[Any] = [*ASKED, message.model_dump(exclude_none=True), result]
        second = official.chat.completions.create(model="agot", messages=said, tools=[TOOL])  # type: ignore[list-item]
        assert second.choices[0].message.content == "It is sunny." and second.usage is not None
        assert second.usage.prompt_tokens == 11
        run = client.get(f"/api/runs/{second.id.removeprefix('chatcmpl-')}").json()
        assert (run["status"], run["strategy"], run["answer"]) == ("answered", "relay", "It is sunny.")
        call_ = client.get(f"/api/runs/{run['id']}/thoughts/root").json()["calls"][0]
        body = client.get(f"/api/runs/{run['id']}/calls/{call_['key']}").json()
        assert body["request"]["tools"] == [TOOL]


def test_tool_calls_are_streamed_as_they_come(relaying: Served) -> None:
    with _openai(relaying) as official:
        stream = official.chat.completions.create(
            model="agot", messages=ASKED, tools=[TOOL], stream=True, stream_options={"include_usage": True}
        )  # type: ignore[call-overload]
        chunks = list(stream)
    pieces = [call for c in chunks if c.choices for call in c.choices[0].delta.tool_calls or ()]
    assert len(pieces) >= 2 and "".join(p.function.arguments or "" for p in pieces) == '{"city":"Oslo"}'
    assert [c.choices[0].finish_reason for c in chunks if c.choices][-1] == "tool_calls"
    assert chunks[-1].usage.completion_tokens == 7


def test_a_model_that_fails_with_tools_is_an_error(relaying: Served, model: Upstream) -> None:
    model.status = 400
    with _openai(relaying, max_retries=0) as official, relaying.client() as client:
        with pytest.raises(openai.APIStatusError):
            official.chat.completions.create(model="agot", messages=ASKED, tools=[TOOL])  # type: ignore[list-item]
        (row,) = client.get("/api/runs").json()["runs"]
        again = client.post(f"/api/runs/{row['id']}/resume")
        assert row["status"] == "failed" and again.status_code == 400 and "relay" in again.text


def test_models_without_tools_are_told_so(official: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="cannot be given tools"):
        official.chat.completions.create(model="agot", messages=ASKED, tools=[TOOL])  # type: ignore[list-item]
    got = official.chat.completions.create(
        model="agot", messages=ASKED, tools=[TOOL], tool_choice="none"  # type: ignore[list-item]
    )  # fmt: skip
    assert got.choices[0].message.content == "42"


# -- other clients


@pytest.mark.usefixtures("loop_to_close")
def test_litellm_is_answered_and_streams(served: Served) -> None:
    import litellm

    common: Any = {
        "model": "openai/agot",
        "api_base": f"{served.url}/v1",
        "api_key": "none",
        "messages": ASKED,
    }
    got: Any = litellm.completion(**common)
    assert got.choices[0].message.content == "42" and got.usage.prompt_tokens > 0
    pieces = [chunk.choices[0].delta.content or "" for chunk in litellm.completion(**common, stream=True)]
    assert "".join(pieces) == "42"


def test_langchain_is_answered_streams_and_calls_tools(served: Served, relaying: Served) -> None:
    from langchain_openai import ChatOpenAI

    common: Any = {"model": "agot", "api_key": "none", "timeout": WAIT_S}
    chat = ChatOpenAI(base_url=f"{served.url}/v1", **common)
    got = chat.invoke("What is it?")
    assert got.content == "42" and got.usage_metadata is not None and got.usage_metadata["input_tokens"] > 0
    assert "".join(str(piece.content) for piece in chat.stream("What is it?")) == "42"
    tools = ChatOpenAI(base_url=f"{relaying.url}/v1", **common).bind_tools([TOOL])
    assert [(call["name"], call["args"]) for call in tools.invoke("Weather?").tool_calls] == [
        ("weather", {"city": "Oslo"})
    ]
