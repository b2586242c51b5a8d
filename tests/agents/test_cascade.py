"""An answer that the fast model was unsure of goes to the strong one, even if a judge would take it."""

from __future__ import annotations

import math

import agot
from agot.protocols import Completion, ModelProfile, ModelReply, ModelRequest, TokenLogprob
from agot.settings import RoleSettings, Settings
from agot.thought import Usage

SURE, TORN = ((("x", math.log(0.99)),)), (("x", math.log(0.5)), ("y", math.log(0.5)))


class TwoModels:
    """Implements `agot.protocols.Models`: a fast model that hesitates and a strong one that does not."""

    def __init__(self, *, hesitates: bool) -> None:
        self.hesitates = hesitates
        self.asked: list[str] = []

    def profile(self, role: str) -> ModelProfile:
        model = "strong" if role == "strong" else "fast"
        return ModelProfile(model=model, dialect="compact", native_n=True, gives_logprobs=True)

    def estimate_tokens(self, request: ModelRequest) -> int:
        return 10

    async def complete(
        self, request: ModelRequest, *, timeout_s: float | None, on_text: object
    ) -> ModelReply:
        self.asked.append(f"{request.role}:{request.purpose}")
        if request.purpose == "judge":
            text = "yes"
        else:
            text = f"answer: {'Ann' if request.role == 'strong' else 'Bob'}"
        if request.purpose == "think":
            text = f"chain:\n{text}"
        top = TORN if self.hesitates and request.role == "fast" else SURE
        tokens = tuple(TokenLogprob(token="x", logprob=top[0][1], top=top) for _ in range(12))
        if request.purpose == "judge":
            tokens = (TokenLogprob(token="yes", logprob=-0.01),)
        if not request.top_logprobs:
            tokens = tuple(token.model_copy(update={"top": ()}) for token in tokens)
        return ModelReply(
            completions=(Completion(text=text, logprobs=tokens),) * request.n,
            usage=Usage(calls=1, prompt_tokens=10, completion_tokens=5), model=self.profile(request.role).model,
        )  # fmt: skip

    async def close(self) -> None:
        return None


async def _asked(models: TwoModels, **engine: object) -> tuple[agot.Result, list[agot.AnyEvent]]:
    events: list[agot.AnyEvent] = []
    settings = Settings.model_validate({
        "database_url": "sqlite://", "engine": engine,
        "roles": {"fast": RoleSettings(model="fast"), "strong": RoleSettings(model="strong")},
    })  # fmt: skip
    async with agot.Reasoner(settings, models=models) as reasoner:
        return await reasoner.ask("Who is it?", on_event=events.append), events


async def test_unsure_answer_is_handed_to_the_strong_model() -> None:
    models = TwoModels(hesitates=True)
    result, events = await _asked(models)
    assert result.answer == "Ann"
    assert models.asked == ["fast:think", "judge:judge", "strong:solve", "judge:judge"]
    told = [event.why for event in events if event.kind == "strategy_chosen"]
    assert "unsure in 100%" in told[-1] and "'strong'" in told[-1]


async def test_sure_answer_stays_with_the_fast_model() -> None:
    models = TwoModels(hesitates=False)
    result, _ = await _asked(models)
    assert result.answer == "Bob" and models.asked == ["fast:think", "judge:judge"]


async def test_chosen_strategy_is_not_overruled() -> None:
    models = TwoModels(hesitates=True)
    result, _ = await _asked(models, strategy="chain")
    assert result.answer == "Bob" and "strong:solve" not in models.asked
