"""Typed answers from servers that follow, reject or ignore a response format."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest
from pydantic import BaseModel, Field

from agot.errors import BudgetExceeded, ModelError, ModelUnreachable, OutputError
from agot.models.structured import SchemaMemory, schema_format, structured
from agot.protocols import Completion, Message, ModelProfile, ModelReply, ModelRequest
from agot.thought import Usage

GOOD = '{"answer": "42", "steps": ["a"]}'


class Answer(BaseModel):
    answer: str
    steps: list[str] = Field(default=[], max_length=2)


class Asked:
    """Answers with a function of the request; remembers the requests."""

    def __init__(self, reply: Callable[[ModelRequest], str | ModelError | Completion]) -> None:
        self.reply, self.requests = reply, list[ModelRequest]()

    async def __call__(self, request: ModelRequest) -> ModelReply:
        self.requests.append(request)
        got = self.reply(request)
        if isinstance(got, Exception):
            raise got
        completion = got if isinstance(got, Completion) else Completion(text=got)
        return ModelReply(completions=(completion,), usage=Usage(calls=1), model="hosted_vllm/x")

    async def samples(self, request: ModelRequest, n: int) -> list[Completion]:
        raise AssertionError("not used")

    def profile(self, role: str) -> ModelProfile:
        return ModelProfile(model="hosted_vllm/x")

    def warn(self, text: str) -> None:
        raise AssertionError(text)

    @property
    def forms(self) -> list[str | None]:
        return [
            request.response_format["type"] if request.response_format else None for request in self.requests
        ]


def request(**changes: Any) -> ModelRequest:
    return ModelRequest(purpose="think", messages=(Message(role="user", content="6 * 7?"),), **changes)


def in_turn(
    replies: Sequence[str | ModelError | Completion],
) -> Callable[[ModelRequest], str | ModelError | Completion]:
    rest = list(replies)
    return lambda _request: rest.pop(0)


async def test_native_schema() -> None:
    ask = Asked(lambda _request: GOOD)
    assert await structured(ask, request(n=3), Answer) == Answer(answer="42", steps=["a"])
    assert ask.forms == ["json_schema"]
    sent = ask.requests[0]
    assert sent.n == 1
    assert sent.messages[0].content == "6 * 7?"
    assert sent.response_format is not None
    assert sent.response_format["json_schema"]["schema"]["required"] == ["answer", "steps"]


async def test_a_rejecting_server_is_asked_once_per_form_and_remembered() -> None:
    def reply(asked: ModelRequest) -> str | ModelError:
        return ModelError("unsupported", status=400) if asked.response_format else f"Sure: {GOOD}"

    ask, memory = Asked(reply), SchemaMemory()
    await structured(ask, request(), Answer, memory=memory, repair_rounds=0)
    await structured(ask, request(), Answer, memory=memory, repair_rounds=0)
    assert ask.forms == ["json_schema", "json_object", None, None]
    assert '"answer"' in ask.requests[-1].messages[-1].content
    assert ask.requests[-1].messages[-1].content.startswith("6 * 7?")


async def test_a_server_that_only_knows_json_mode() -> None:
    def reply(asked: ModelRequest) -> str | ModelError:
        form = (asked.response_format or {}).get("type")
        return ModelError("unsupported", status=422) if form == "json_schema" else GOOD

    ask, memory = Asked(reply), SchemaMemory()
    for _ in range(3):
        await structured(ask, request(), Answer, memory=memory)
    assert ask.forms == ["json_schema", "json_object", "json_object", "json_object"]


async def test_an_ignoring_server_is_found_out_by_its_words() -> None:
    ask, memory = Asked(lambda _request: f"Of course!\n```json\n{GOOD}\n```"), SchemaMemory()
    for _ in range(4):
        assert (await structured(ask, request(), Answer, memory=memory)).answer == "42"
    assert ask.forms == ["json_schema", "json_object", None, None]


async def test_a_cut_off_answer_does_not_count_as_ignoring() -> None:
    replies = in_turn([Completion(text='{"answer": "4', finish_reason="length"), GOOD, GOOD])
    ask, memory = Asked(replies), SchemaMemory()
    await structured(ask, request(max_tokens=5), Answer, memory=memory)
    await structured(ask, request(), Answer, memory=memory)
    assert ask.forms == ["json_schema"] * 3
    shown = ask.requests[1].messages[-1].content
    assert "cut off after 5 tokens" in shown
    assert "shorter" in shown


async def test_repair_rounds_show_the_answer_and_what_is_wrong() -> None:
    ask = Asked(in_turn(['{"answer": 42, "steps": ["a", "b", "c"]}', GOOD]))
    assert (await structured(ask, request(), Answer)).answer == "42"
    own, complaint = ask.requests[1].messages[-2:]
    assert (own.role, complaint.role) == ("assistant", "user")
    assert '"c"' in own.content
    assert "steps: List should have at most 2 items" in complaint.content
    assert ask.requests[1].purpose == "think"


async def test_repair_rounds_are_bounded() -> None:
    ask = Asked(lambda _request: "I would rather not.")
    with pytest.raises(
        OutputError, match=r"no usable answer in 3 rounds.*Expected one JSON object.*rather not"
    ) as got:
        await structured(ask, request(), Answer, repair_rounds=2)
    assert len(ask.requests) == 3
    assert got.value.model == "hosted_vllm/x"
    assert got.value.status is None
    # Each round shows the latest answer only, so that prompts do not grow.
    assert len(ask.requests[-1].messages) == 3


async def test_an_empty_answer_can_be_repaired() -> None:
    ask = Asked(in_turn(["", GOOD]))
    assert (await structured(ask, request(), Answer)).answer == "42"
    assert all(message.content for message in ask.requests[1].messages)


@pytest.mark.parametrize(
    "error", [ModelUnreachable("gone", status=503), ModelError("unknown model", status=404)]
)
async def test_other_faults_pass_through(error: ModelError) -> None:
    ask = Asked(lambda _request: error)
    with pytest.raises(type(error)):
        await structured(ask, request(), Answer)
    assert len(ask.requests) == 1


async def test_a_rejected_form_does_not_hide_a_bad_request() -> None:
    ask = Asked(lambda _request: ModelError("temperature", status=400))
    with pytest.raises(ModelError, match="temperature"):
        await structured(ask, request(), Answer)
    assert ask.forms == ["json_schema", "json_object", None]


async def test_a_fired_limit_passes_through() -> None:
    class Broke(Asked):
        async def __call__(self, request: ModelRequest) -> ModelReply:
            raise BudgetExceeded("calls", 1, 1)

    with pytest.raises(BudgetExceeded):
        await structured(Broke(lambda _request: ""), request(), Answer)


def test_strict_schema() -> None:
    class Inner(BaseModel):
        key: str
        needs: list[str] = []

    class Outer(BaseModel):
        inner: list[Inner] = []
        default: Inner | None = None

    sent = schema_format(Outer)["json_schema"]
    assert sent["strict"] is True
    assert sent["schema"]["required"] == ["inner", "default"]
    assert sent["schema"]["additionalProperties"] is False
    assert sent["schema"]["$defs"]["Inner"]["required"] == ["key", "needs"]
    assert "default" not in sent["schema"]["properties"]["inner"]
    assert "default" in sent["schema"]["properties"]

    class Free(BaseModel):
        scores: dict[str, float]

    assert schema_format(Free)["json_schema"]["strict"] is False
