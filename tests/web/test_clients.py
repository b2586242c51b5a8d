"""Programs and libraries that people use with OpenAI's API, against the real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pydantic
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from agot.settings import RoleSettings, Settings
from tests.scripted import ScriptedModels
from tests.web.serving import WAIT_S, Served, answering, serving
from tests.web.upstream import running


class It(pydantic.BaseModel):
    """What it is."""

    number: int


ANSWERS = {"weather": {"city": "Oslo"}, "final_result": {"number": 42}, "It": {"number": 42}}


class Upstream:
    """A model that calls each tool which it is offered once, and knows the arguments of some."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []

    async def complete(self, request: Request) -> Response:
        asked = await request.json()
        self.requests.append(asked)
        called = {call["function"]["name"] for one in asked["messages"] for call in one.get("tool_calls") or ()}
        offered = [tool["function"]["name"] for tool in asked.get("tools") or ()]
        name = next((one for one in offered if one not in called), None)
        message: dict[str, Any] = {"role": "assistant", "content": "It is sunny."}
        if asked.get("response_format"):
            message["content"] = json.dumps({"number": 42})
        if name is not None:
            function = {"name": name, "arguments": json.dumps(ANSWERS[name])}
            message = {"role": "assistant", "content": None, "tool_calls": [{"id": f"call_{name}", "type": "function", "function": function}]}
        reason = "stop" if name is None else "tool_calls"
        usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
        head = {"id": "up-1", "created": 1, "model": "test"}
        if not asked.get("stream"):
            choice = {"index": 0, "message": message, "finish_reason": reason}
            return JSONResponse({**head, "object": "chat.completion", "choices": [choice], "usage": usage})
        delta = message | {"tool_calls": [call | {"index": 0} for call in message.get("tool_calls") or ()]}
        chunks = [
            [{"index": 0, "delta": delta, "finish_reason": None}],
            [{"index": 0, "delta": {}, "finish_reason": reason}],
        ]
        events = [{**head, "object": "chat.completion.chunk", "choices": choices} for choices in chunks]
        events.append({**head, "object": "chat.completion.chunk", "choices": [], "usage": usage})
        lines = [f"data: {json.dumps(event)}\n\n" for event in events]
        return StreamingResponse(iter([*lines, "data: [DONE]\n\n"]), media_type="text/event-stream")


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def relaying(tmp_path: Path, upstream: Upstream) -> Iterator[Served]:
    """A server over a model that knows tools."""
    with running(Starlette(routes=[Route("/v1/chat/completions", upstream.complete, methods=["POST"])])) as url:
        settings = Settings(roles={"fast": RoleSettings(model="hosted_vllm/test", base_url=url)})
        with serving(tmp_path, settings=settings) as server:
            yield server


def _reply(request: Any) -> str:
    return '{"number": 42}' if request.purpose == "form" else answering(request)


@pytest.fixture
def models() -> ScriptedModels:
    return ScriptedModels(_reply, dialect="standard")


# -- langchain


def _langchain(served: Served, **more: Any) -> Any:
    from langchain_openai import ChatOpenAI

    return ChatOpenAI(base_url=f"{served.url}/v1", model="agot", api_key="none", timeout=WAIT_S, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("more", [{}, {"use_responses_api": True}])
def test_langchain_gets_structured_output_of_a_run(served: Served, more: dict[str, Any]) -> None:
    chat = _langchain(served, **more)
    assert chat.with_structured_output(It).invoke("What is it?") == It(number=42)
    if not more:
        assert chat.with_structured_output(It, method="json_mode").invoke("What is it?") == It(number=42)


@pytest.mark.parametrize("more", [{}, {"use_responses_api": True}])
def test_langchain_calls_tools_and_gets_structured_output_of_a_function(relaying: Served, more: dict[str, Any]) -> None:
    from langchain_core.messages import HumanMessage, ToolMessage

    chat = _langchain(relaying, **more)
    assert chat.with_structured_output(It, method="function_calling").invoke("What is it?") == It(number=42)

    def weather(city: str) -> str:
        """Tell the weather."""
        return "sunny"

    bound = chat.bind_tools([weather])
    said: list[Any] = [HumanMessage("Weather in Oslo?")]
    said.append(bound.invoke(said))
    (call,) = said[-1].tool_calls
    assert (call["name"], call["args"]) == ("weather", {"city": "Oslo"})
    said.append(ToolMessage("sunny", tool_call_id=call["id"]))
    got = bound.invoke(said)
    assert got.text == "It is sunny." and got.usage_metadata["total_tokens"] == 18
    chunks = list(bound.stream([HumanMessage("Weather in Oslo?")]))
    whole = chunks[0]
    for chunk in chunks[1:]:
        whole += chunk
    assert [(one["name"], one["args"]) for one in whole.tool_calls] == [("weather", {"city": "Oslo"})]


# -- pydantic-ai


def _pydantic_ai(served: Served, *, responses: bool, client: httpx.AsyncClient) -> Any:
    from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
    from pydantic_ai.providers.openai import OpenAIProvider

    provider = OpenAIProvider(base_url=f"{served.url}/v1", api_key="none", http_client=client)
    return (OpenAIResponsesModel if responses else OpenAIChatModel)("agot", provider=provider)


@pytest.mark.parametrize("responses", [False, True])
@pytest.mark.parametrize("manner", ["NativeOutput", "PromptedOutput"])
async def test_pydantic_ai_gets_output_of_a_type_from_a_run(served: Served, responses: bool, manner: str) -> None:
    import pydantic_ai

    async with httpx.AsyncClient(trust_env=False, timeout=WAIT_S) as client:
        agent = pydantic_ai.Agent(
            _pydantic_ai(served, responses=responses, client=client), output_type=getattr(pydantic_ai, manner)(It)
        )
        got = await agent.run("What is it?")
    assert got.output == It(number=42) and got.usage.input_tokens > 0


@pytest.mark.parametrize("responses", [False, True])
async def test_pydantic_ai_calls_tools_and_gets_its_output_by_one(relaying: Served, responses: bool) -> None:
    import pydantic_ai

    async with httpx.AsyncClient(trust_env=False, timeout=WAIT_S) as client:
        agent = pydantic_ai.Agent(_pydantic_ai(relaying, responses=responses, client=client), output_type=It)
        asked: list[str] = []

        @agent.tool_plain
        def weather(city: str) -> str:
            """Tell the weather."""
            asked.append(city)
            return "sunny"

        got = await agent.run("Weather in Oslo?")
        async with agent.run_stream("Weather in Oslo?") as stream:
            assert await stream.get_output() == It(number=42)
    assert got.output == It(number=42) and asked == ["Oslo", "Oslo"]


# -- llm


@pytest.mark.parametrize("flags", [(), ("--no-stream",)])
def test_llm_is_answered_also_under_a_schema(served: Served, tmp_path: Path, flags: tuple[str, ...]) -> None:
    home = tmp_path / "llm"
    home.mkdir()
    (home / "extra-openai-models.yaml").write_text(
        f"- model_id: agot\n  model_name: agot\n  api_base: {served.url}/v1\n  supports_schema: true\n"
    )
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    environment |= {"LLM_USER_PATH": str(home), "OPENAI_API_KEY": "none"}

    def llm(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "llm", "-m", "agot", "--no-log", *flags, *arguments],
            env=environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert llm("What is it?") == "42"
    assert json.loads(llm("--schema", "number int", "What is it?")) == {"number": 42}


# -- litellm


@pytest.mark.usefixtures("loop_to_close")
def test_litellm_gets_a_form_responses_and_tool_calls(served: Served, relaying: Served) -> None:
    import litellm

    common: Any = {"model": "openai/agot", "api_key": "none", "timeout": WAIT_S}
    asked = [{"role": "user", "content": "What is it?"}]
    got: Any = litellm.completion(**common, api_base=f"{served.url}/v1", messages=asked, response_format=It)
    assert It.model_validate_json(got.choices[0].message.content) == It(number=42)
    got = litellm.responses(**common, api_base=f"{served.url}/v1", input="What is it?")
    assert got.output[0].content[0].text == "42"
    got = litellm.text_completion(
        model="text-completion-openai/agot", api_key="none", api_base=f"{served.url}/v1", prompt="What is it?"
    )
    assert got.choices[0].text == "42"
    tool = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}
    got = litellm.completion(**common, api_base=f"{relaying.url}/v1", messages=asked, tools=[tool])
    assert got.choices[0].message.tool_calls[0].function.name == "weather"
