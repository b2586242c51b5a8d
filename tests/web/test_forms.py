"""Answers of a form that a client asks for: found by any strategy, written as JSON, checked, refused where they do not fit."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import httpx
import openai
import pydantic
import pytest

from agot.protocols import ModelRequest
from agot.settings import RoleSettings, Settings
from tests.scripted import ScriptedModels
from tests.servers.loopback import Loopback, Reply
from tests.web.serving import WAIT_S, serving

ASKED: list[Any] = [{"role": "user", "content": "What is it?"}]
SCHEMA = {
    "type": "object",
    "properties": {"number": {"$ref": "#/$defs/Number"}},
    "required": ["number"],
    "$defs": {"Number": {"type": "integer", "minimum": 40}},
}
FORM = {"type": "json_schema", "json_schema": {"name": "it", "schema": SCHEMA}}
OBJECT = {"type": "json_object"}


class Model:
    """Answers plainly, and in turn when it is asked for a form."""

    def __init__(self, *formed: str, plain: str = "42") -> None:
        self._formed, self._plain = list(formed), plain
        self.asked: list[ModelRequest] = []

    def __call__(self, request: ModelRequest) -> str:
        if request.purpose == "form":
            self.asked.append(request)
            return self._formed.pop(0) if len(self._formed) > 1 else self._formed[0]
        if request.purpose in ("judge", "value"):
            return "Yes"
        return f"The final answer is {self._plain}" if request.purpose == "step" else self._plain


def _answered(tmp_path: Path, said_by: Model, **body: Any) -> tuple[dict[str, Any], str]:
    """Return the message and the finish reason."""
    with serving(tmp_path, ScriptedModels(said_by, dialect="standard")) as served, served.client() as client:
        got = client.post("/v1/chat/completions", json={"model": "agot", "messages": ASKED} | body)
    assert got.status_code == 200, got.text
    if not body.get("stream"):
        (choice,) = got.json()["choices"]
        return choice["message"], choice["finish_reason"]
    message: dict[str, Any] = {}
    reason = ""
    for line in got.text.splitlines():
        if line.startswith("data: {"):
            (choice,) = json.loads(line[6:])["choices"]
            for name in ("content", "refusal"):
                if choice["delta"].get(name):
                    message[name] = message.get(name, "") + choice["delta"][name]
            reason = choice["finish_reason"] or reason
    return message, reason


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("strategy", ["agot", "agot/chain", "agot/vote", "agot/mcts", "agot/least-to-most"])
def test_any_strategy_gives_its_answer_in_the_form_that_is_asked_for(
    tmp_path: Path, strategy: str, stream: bool
) -> None:
    model = Model('{"number": 42}')
    message, reason = _answered(tmp_path, model, model=strategy, response_format=FORM, stream=stream)
    assert json.loads(message["content"]) == {"number": 42} and reason == "stop"
    (request,) = model.asked
    assert request.response_format is not None
    sent = request.response_format["json_schema"]["schema"]
    assert sent["$defs"] == SCHEMA["$defs"] and "42" in request.messages[-1].content


def test_the_form_of_an_object_is_asked_for_by_its_name(tmp_path: Path) -> None:
    model = Model('{"it": 42}')
    message, _ = _answered(tmp_path, model, response_format=OBJECT)
    assert json.loads(message["content"]) == {"it": 42}
    assert model.asked[0].response_format == {"type": "json_object"}


def test_an_answer_that_fits_as_it_is_costs_no_call(tmp_path: Path) -> None:
    model = Model("never asked", plain='```json\n{"number": 42}\n```')
    message, _ = _answered(tmp_path, model, response_format=FORM)
    assert json.loads(message["content"]) == {"number": 42} and not model.asked


def test_json_that_does_not_fit_is_mended_by_the_model_that_is_told_why(tmp_path: Path) -> None:
    model = Model('{"number": 4}', '{"number": 42}')
    message, _ = _answered(tmp_path, model, response_format=FORM)
    assert json.loads(message["content"]) == {"number": 42}
    assert "4 is less than the minimum of 40" in model.asked[1].messages[-1].content


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("said", ["I would rather not.", '{"number": 4}', '{"number": NaN}', "[]", ""])
def test_an_answer_that_cannot_be_made_to_fit_is_refused_after_some_tries(
    tmp_path: Path, said: str, stream: bool
) -> None:
    model = Model(said)
    message, _ = _answered(tmp_path, model, response_format=FORM, stream=stream)
    assert not message.get("content") and "could not be put into the form" in message["refusal"]
    assert len(model.asked) <= 5


def test_a_limit_that_leaves_no_room_for_the_form_is_no_answer_of_another_form(tmp_path: Path) -> None:
    model = Model('{"number": 42}')
    body = {"model": "agot/chain", "response_format": FORM, "agot": {"budget": {"calls": 1}}}
    message, reason = _answered(tmp_path, model, **body)
    assert message["content"] is None and "budget" in message["refusal"] and reason == "length"


def test_the_official_client_parses_what_it_gets(tmp_path: Path) -> None:
    class It(pydantic.BaseModel):
        number: int
        note: str | None = None

    models = ScriptedModels(Model('{"number": 42, "note": null}'), dialect="standard")
    with (
        serving(tmp_path, models) as served,
        openai.OpenAI(
            base_url=f"{served.url}/v1", api_key="none", timeout=WAIT_S, http_client=httpx.Client(trust_env=False)
        ) as official,
    ):
        got = official.chat.completions.parse(model="agot", messages=ASKED, response_format=It)
        assert got.choices[0].message.parsed == It(number=42)
        with official.chat.completions.stream(model="agot", messages=ASKED, response_format=It) as stream:
            assert stream.get_final_completion().choices[0].message.parsed == It(number=42)


# -- what is refused before anything is asked


def _levels(count: int) -> dict[str, Any]:
    twice = {str(n): {"allOf": [{"$ref": f"#/$defs/{n + 1}"}] * 2} for n in range(count)}
    return {"$ref": "#/$defs/0", "$defs": {**twice, str(count): {"type": "object"}}}


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ({"type": "json_schema"}, "response_format.schema"),
        ({"type": "json_schema", "json_schema": {"name": "x"}}, "response_format.json_schema.schema"),
        ({"type": "json_schema", "json_schema": {"schema": {"type": "strin"}}}, "response_format.json_schema.schema"),
        ({"type": "json_schema", "json_schema": {"schema": []}}, "response_format.json_schema.schema"),
        ({"type": "json_schema", "json_schema": {"schema": {"$ref": "http://127.0.0.1:9/x"}}}, "response_format.json_schema.schema"),
        ({"type": "json_schema", "json_schema": {"schema": {"patternProperties": {"(a+)+$": {}}}}}, "response_format.json_schema.schema"),
        ({"type": "json_schema", "json_schema": {"schema": {"items": {"pattern": "("}}}}, "response_format.json_schema.schema"),
        ({"type": "json_schema", "json_schema": {"schema": {"pattern": "((a{999}){999}){999}"}}}, "response_format.json_schema.schema"),
        ({"type": "json_schema", "json_schema": {"schema": {"$schema": 5}}}, "response_format.json_schema.schema"),
        ({"type": "json_schema", "json_schema": {"schema": {"items": {"$ref": "#/$defs/none"}}}}, "response_format.json_schema.schema"),
        ({"type": "grammar", "grammar": "x"}, "response_format.type"),
        ({}, "response_format.type"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("strategy", ["agot", "agot/direct"])
def test_a_form_that_cannot_be_checked_is_refused_by_name(
    tmp_path: Path, form: dict[str, Any], param: str, strategy: str
) -> None:
    model = Model("{}")
    with serving(tmp_path, ScriptedModels(model, dialect="standard")) as served, served.client() as client:
        got = client.post("/v1/chat/completions", json={"model": strategy, "messages": ASKED, "response_format": form})
    assert got.status_code == 400 and got.json()["error"]["param"] == param, got.text


@pytest.mark.parametrize(
    "schema", [_levels(60), {"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a|a)*$"}}}]
)
def test_a_schema_that_would_be_applied_for_days_is_given_up(tmp_path: Path, schema: dict[str, Any]) -> None:
    model = Model(json.dumps({"a": "a" * 40 + "b"}))
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    message, _ = _answered(tmp_path, model, response_format=form)
    assert "could not be put into the form" in message["refusal"]


# -- passed on by the model direct


def _passed_on(tmp_path: Path, said: list[str], **body: Any) -> tuple[httpx.Response, list[dict[str, Any]]]:
    got: list[dict[str, Any]] = []
    lock = threading.Lock()

    def reply(request: dict[str, Any]) -> Reply:
        with lock:
            got.append(request)
            return Reply(said[min(len(got), len(said)) - 1])

    with Loopback(reply).in_thread() as model:
        settings = Settings(roles={"fast": RoleSettings(model="hosted_vllm/test", base_url=model.base_url)})
        with serving(tmp_path, settings=settings) as served, served.client() as client:
            body = {"model": "agot/direct", "messages": ASKED, "response_format": FORM} | body
            return client.post("/v1/chat/completions", json=body), got


@pytest.mark.parametrize(
    ("said", "content"),
    [
        (['{"number":  42}'], '{"number":  42}'),
        (['Sure:\n```json\n{"number": 42}\n```'], '{"number":42}'),
        (["I would rather not.", '{"number": 42}'], '{"number": 42}'),
    ],
)
def test_one_call_is_checked_mended_and_counted(tmp_path: Path, said: list[str], content: str) -> None:
    response, requests = _passed_on(tmp_path, said)
    got = response.json()
    assert got["choices"][0]["message"]["content"] == content and len(requests) == len(said)
    assert all(request["response_format"] == FORM for request in requests)
    last = got["agot"]["usage"]["prompt_tokens"]
    assert got["usage"]["prompt_tokens"] == last if len(said) == 1 else got["usage"]["prompt_tokens"] > last


def test_one_call_that_never_fits_is_refused(tmp_path: Path) -> None:
    response, requests = _passed_on(tmp_path, ["I would rather not."])
    message = response.json()["choices"][0]["message"]
    assert message["content"] is None and "not JSON" in message["refusal"] and len(requests) == 3


@pytest.mark.parametrize(("said", "fits"), [('{"number": 42}', True), ("I would rather not.", False)])
def test_a_stream_of_one_call_is_passed_on_as_it_comes_and_ends_with_an_error_if_it_does_not_fit(
    tmp_path: Path, said: str, fits: bool
) -> None:
    response, requests = _passed_on(tmp_path, [said], stream=True)
    chunks = [json.loads(line[6:]) for line in response.text.splitlines() if line.startswith("data: {")]
    deltas = [choice["delta"] for chunk in chunks for choice in chunk.get("choices", ())]
    assert len(requests) == 1 and "".join(delta.get("content") or "" for delta in deltas) == said
    assert response.text.endswith("data: [DONE]\n\n") == fits
    assert ('"code":"response_format"' in response.text) != fits
