"""Responses and text completions, as the official client speaks them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pydantic
import pytest

from agot.settings import RoleSettings, Settings
from tests.scripted import ScriptedModels
from tests.servers.loopback import Loopback, Reply
from tests.web.serving import WAIT_S, Gate, Served, answering, ended, serving
from tests.web.upstream import Upstream, upstream

TOOL: dict[str, Any] = {
    "type": "function", "name": "weather", "description": "Tell the weather.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}  # fmt: skip


class It(pydantic.BaseModel):
    number: int


def _openai(served: Served, **more: Any) -> openai.OpenAI:
    return openai.OpenAI(
        base_url=f"{served.url}/v1", api_key="none", timeout=WAIT_S, http_client=httpx.Client(trust_env=False), **more
    )  # fmt: skip


def _in_form(request: Any) -> str:
    return '{"number": 42}' if request.purpose == "form" else answering(request)


@pytest.fixture
def models() -> ScriptedModels:
    return ScriptedModels(_in_form, dialect="standard")


@pytest.fixture
def official(served: Served) -> Iterator[openai.OpenAI]:
    with _openai(served) as made:
        yield made


@pytest.fixture
def model() -> Iterator[Upstream]:
    with upstream() as made:
        yield made


@pytest.fixture
def relaying(tmp_path: Path, model: Upstream) -> Iterator[openai.OpenAI]:
    settings = Settings(roles={"fast": RoleSettings(model="hosted_vllm/test", base_url=model.url)})
    with serving(tmp_path, settings=settings) as server, _openai(server) as made:
        yield made


# -- responses


def test_a_question_gets_a_response_with_usage_and_the_run(official: openai.OpenAI, client: httpx.Client) -> None:
    got = official.responses.create(model="agot", input="What is it?", instructions="Be brief.")
    assert got.output_text == "42" and got.status == "completed" and got.error is None
    assert got.instructions == "Be brief." and got.model == "agot"
    report = (got.model_extra or {})["agot"]
    assert got.id == f"resp_{report['run_id']}" and report["status"] == "answered"
    assert got.usage is not None and got.usage.input_tokens > 0
    assert got.usage.total_tokens == client.get(f"/api/runs/{report['run_id']}").json()["tokens"]


def test_events_come_in_the_official_order_and_are_numbered(official: openai.OpenAI) -> None:
    events = list(official.responses.create(model="agot", input="What is it?", stream=True))
    kinds = [event.type for event in events]
    assert kinds == [
        "response.created", "response.in_progress", "response.output_item.added", "response.content_part.added",
        "response.output_text.delta", "response.output_text.done", "response.content_part.done",
        "response.output_item.done", "response.completed",
    ]  # fmt: skip
    assert [event.sequence_number for event in events] == list(range(len(events)))
    last: Any = events[-1]
    assert last.response.output_text == "42" and last.response.usage.total_tokens > 0
    with official.responses.stream(model="agot", input="What is it?") as stream:
        assert stream.get_final_response().output_text == "42"


def test_how_a_run_goes_is_told_as_a_summary_of_thoughts_to_who_asks(official: openai.OpenAI) -> None:
    body = {"agot": {"progress": True}}
    events = list(official.responses.create(model="agot/chain", input="What is it?", stream=True, extra_body=body))
    last: Any = events[-1]
    thoughts, message = last.response.output
    assert thoughts.type == "reasoning" and "chain" in thoughts.summary[0].text and message.type == "message"
    kinds = [event.type for event in events]
    assert "response.reasoning_summary_text.delta" in kinds and "response.reasoning_summary_part.done" in kinds


def test_a_form_is_parsed_by_the_official_client(official: openai.OpenAI) -> None:
    got = official.responses.parse(model="agot", input="What is it?", text_format=It)
    assert got.output_parsed == It(number=42)
    with official.responses.stream(model="agot", input="What is it?", text_format=It) as stream:
        assert stream.get_final_response().output_parsed == It(number=42)
    got = official.responses.create(model="agot", input="?", text={"format": {"type": "json_object"}})
    assert json.loads(got.output_text) == {"number": 42}


def test_a_form_that_is_not_kept_is_a_refusal(tmp_path: Path) -> None:
    models = ScriptedModels(lambda request: "Never.", dialect="standard")
    with serving(tmp_path, models) as served, _openai(served) as official:
        got = official.responses.parse(model="agot", input="What is it?", text_format=It)
        part: Any = got.output[0].content[0]  # type: ignore[union-attr,index]
        assert part.type == "refusal" and "form" in part.refusal and got.output_parsed is None
        kinds = [
            event.type
            for event in official.responses.create(
                model="agot", input="?", stream=True, text={"format": {"type": "json_object"}}
            )
        ]
    assert "response.refusal.delta" in kinds and "response.refusal.done" in kinds


@pytest.mark.parametrize("stream", [False, True])
def test_tool_calls_pass_through_and_their_outputs_go_back(
    relaying: openai.OpenAI, model: Upstream, stream: bool
) -> None:
    def respond(items: Any) -> Any:
        tools: Any = [TOOL]
        common: Any = {"model": "agot", "tools": tools, "instructions": "Be kind."}
        if not stream:
            return relaying.responses.create(input=items, **common)
        events = list(relaying.responses.create(input=items, stream=True, **common))
        kinds.extend(event.type for event in events)
        return events[-1].response  # type: ignore[union-attr]

    kinds: list[str] = []
    first = respond("Weather in Oslo?")
    (call,) = first.output
    assert (call.type, call.name, json.loads(call.arguments)) == ("function_call", "weather", {"city": "Oslo"})
    assert call.status == "completed" and first.usage.total_tokens == 18
    sent = model.requests[0]
    assert sent["tools"] == [{"type": "function", "function": {n: v for n, v in TOOL.items() if n != "type"}}]
    assert [one["role"] for one in sent["messages"]] == ["system", "user"] and "max_tokens" not in sent
    said = {"role": "user", "content": "Weather in Oslo?"}
    result = {"type": "function_call_output", "call_id": call.call_id, "output": "sunny"}
    second = respond([said, call.model_dump(), result])
    assert second.output_text == "It is sunny."
    roles = [one["role"] for one in model.requests[1]["messages"]]
    assert roles == ["system", "user", "assistant", "tool"]
    if stream:
        assert kinds.count("response.function_call_arguments.delta") >= 2
        assert "response.function_call_arguments.done" in kinds


def test_items_of_earlier_turns_are_the_conversation(official: openai.OpenAI, models: ScriptedModels) -> None:
    items: Any = [
        {"role": "developer", "content": "Answer in French."},
        {"role": "user", "content": [{"type": "input_image", "image_url": "data:x"}, {"type": "input_text", "text": "Look."}]},
        {"id": "rs_1", "type": "reasoning", "summary": []},
        {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
         "content": [{"type": "output_text", "text": "A cat.", "annotations": []}]},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "And what is it?"}]},
    ]  # fmt: skip
    assert official.responses.create(model="agot", input=items).output_text == "42"
    said = models.requests[0].messages[-1].content
    assert all(words in said for words in ("Look.", "A cat.", "And what is it?", "Answer in French.", "no text"))


def test_a_response_that_is_cut_is_incomplete(official: openai.OpenAI) -> None:
    body: Any = {"model": "agot", "input": "What is it?", "extra_body": {"agot": {"budget": {"tokens": 5}}}}
    got = official.responses.create(**body)
    assert got.status == "incomplete" and got.incomplete_details is not None
    assert got.incomplete_details.reason == "max_output_tokens"
    assert list(official.responses.create(**body, stream=True))[-1].type == "response.incomplete"


def test_a_response_that_is_not_to_be_stored_leaves_no_run(official: openai.OpenAI, client: httpx.Client) -> None:
    assert official.responses.create(model="agot", input="What is it?", store=False).store is False
    list(official.responses.create(model="agot", input="What is it?", store=False, stream=True))
    assert client.get("/api/runs").json()["runs"] == []
    official.responses.create(model="agot", input="What is it?")
    assert len(client.get("/api/runs").json()["runs"]) == 1


@pytest.mark.parametrize(("effort", "meant"), [("low", "fast"), ("high", "thorough"), ("medium", "normal"), (None, "normal")])
def test_the_effort_of_reasoning_is_that_of_the_run(
    official: openai.OpenAI, client: httpx.Client, effort: Any, meant: str
) -> None:
    got = official.responses.create(model="agot", input="What is it?", reasoning={"effort": effort})
    run = client.get(f"/api/runs/{got.id.removeprefix('resp_')}").json()
    assert run["settings"]["engine"]["effort"] == meant


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"background": True}, "background"),
        ({"prompt": {"id": "p"}}, "prompt"),
        ({"input": []}, "input"),
        ({"input": [{"type": "reasoning"}]}, "input"),
        ({"input": [{"content": "x"}]}, "input.0.role"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input.0.type"),
        ({"input": [{"type": "function_call", "name": "f"}]}, "input.0.call_id"),
        ({"input": 5}, "input"),
        ({"input": ""}, "input"),
        ({"input": "x" * 200_001}, "input"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]}, "input"),
        ({"tools": [{"type": "web_search"}]}, "tools.0.type"),
        ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "text.format.schema"),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"stream": "yes"}, "stream"),
        ({"model": "gpt-5"}, "model"),
    ],
)
def test_what_is_not_served_is_refused_by_name(client: httpx.Client, change: dict[str, Any], param: str) -> None:
    got = client.post("/v1/responses", json={"model": "agot", "input": "What is it?"} | change)
    assert got.status_code in (400, 404) and got.json()["error"]["param"] == param, got.text


def test_a_model_that_fails_in_a_stream_ends_it_as_failed(tmp_path: Path) -> None:
    with Loopback(lambda request: Reply(status=500)).in_thread() as model:
        role = RoleSettings(model="hosted_vllm/test", base_url=model.base_url, retries=0)
        with serving(tmp_path, settings=Settings(roles={"fast": role})) as served, _openai(served) as official:
            last: Any = list(official.responses.create(model="agot", input="?", stream=True))[-1]
    assert last.type == "response.failed" and last.response.status == "failed" and last.response.error.message


@pytest.mark.parametrize(
    ("given", "says"), [([], "input: List should have at least 1 item"), (5, "input: Input should be a valid string or a valid list.")]
)
def test_a_value_of_the_right_kind_is_told_what_it_lacks_and_any_other_which_kinds_there_are(
    client: httpx.Client, given: Any, says: str
) -> None:
    got = client.post("/v1/responses", json={"model": "agot", "input": given})
    assert got.status_code == 400 and got.json()["error"]["message"].startswith(says)


@pytest.mark.parametrize("path", ["/v1/responses", "/v1/completions"])
def test_a_client_that_leaves_a_stream_ends_its_run(tmp_path: Path, path: str) -> None:
    gate = Gate()
    with serving(tmp_path, ScriptedModels(gate, dialect="standard")) as served, served.client() as client:
        body = {"model": "agot", "input": "Why?", "prompt": None if "resp" in path else "Why?", "stream": True}
        with (
            served.client() as leaving,
            pytest.raises(httpx.TimeoutException),
            leaving.stream("POST", path, json=body, timeout=0.5) as response,
        ):
            list(response.iter_lines())
        assert gate.reached.wait(WAIT_S)
        (row,) = client.get("/api/runs").json()["runs"]
        assert ended(client, row["id"])["status"] == "interrupted"


# -- text completions


def test_a_prompt_is_answered_and_several_each(official: openai.OpenAI) -> None:
    one = official.completions.create(model="agot", prompt="What is it?")
    assert one.choices[0].text == "42" and one.choices[0].finish_reason == "stop" and one.object == "text_completion"
    several = official.completions.create(model="agot", prompt=["What is it?", "And this?"], echo=True)
    assert [choice.text for choice in several.choices] == ["What is it?42", "And this?42"]
    assert one.usage is not None and several.usage is not None
    assert several.usage.prompt_tokens > one.usage.prompt_tokens > 0


def test_prompts_are_streamed_one_after_another(official: openai.OpenAI) -> None:
    chunks = list(
        official.completions.create(
            model="agot", prompt=["What is it?", "And this?"], echo=True, stream=True,
            stream_options={"include_usage": True},
        )
    )  # fmt: skip
    told = {place: "".join(c.text for chunk in chunks for c in chunk.choices if c.index == place) for place in (0, 1)}
    assert told == {0: "What is it?42", 1: "And this?42"}
    assert [c.finish_reason for chunk in chunks for c in chunk.choices if c.finish_reason] == ["stop", "stop"]
    assert not chunks[-1].choices and chunks[-1].usage is not None and chunks[-1].usage.total_tokens > 0


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"suffix": "x"}, "suffix"), ({"best_of": 2}, "best_of"), ({"n": 3}, "n"), ({"logprobs": 3}, "logprobs"),
        ({"prompt": [1, 2]}, "prompt.0"), ({"prompt": []}, "prompt"), ({"prompt": " "}, "prompt"), ({"prompt": ["?", " "], "stream": True}, "prompt.1"),
        ({"prompt": None}, "prompt"), ({"tools": [{}]}, "tools"), ({"max_tokens": 1.5}, "max_tokens"),
    ],
)  # fmt: skip
def test_what_a_text_completion_does_not_serve_is_refused_by_name(
    client: httpx.Client, change: dict[str, Any], param: str
) -> None:
    got = client.post("/v1/completions", json={"model": "agot", "prompt": "What is it?"} | change)
    assert got.status_code == 400 and got.json()["error"]["param"] == param, got.text


def test_a_text_completion_ends_before_a_stop_text_and_at_its_room(official: openai.OpenAI) -> None:
    assert official.completions.create(model="agot", prompt="What is it?", stop="2").choices[0].text == "4"
    cut = official.completions.create(model="agot", prompt="What is it?", max_tokens=1).choices[0]
    assert cut.text == "42"
