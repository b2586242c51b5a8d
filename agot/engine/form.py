"""Putting the answer of a run into the form that was asked for, once it stands.

A question is thought about in the model's own words, by any strategy: what an answer has to look like is no help in finding
it, and often a hindrance. The answer is then written as JSON by one more call, which servers that can are asked to hold to the
schema; it is checked here in any case, and mended within bounds.

Source: Tam et al. 2024, "Let Me Speak Freely? A Study on the Impact of Format Restrictions on Performance of Large Language
Models", arXiv 2408.02442, which compares answering in a form with writing the answer first and its form after.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agot.agents.context import Outcome
from agot.agents.prompts.library import default
from agot.errors import OutputError, SetupError
from agot.models.schemas import Schema, value_of
from agot.models.structured import SchemaMemory, structured
from agot.protocols import Ask, Message, ModelRequest
from agot.thought import ThoughtStatus, Verdict
from agot.tools.untrusted import defused

CHECK = "form_asked"


async def formed(
    outcome: Outcome, question: str, material: str, form: Mapping[str, Any], ask: Ask, *, max_tokens: int
) -> Outcome:
    """Return an outcome whose answer fits a JSON schema; one that could not be made to fit is withheld, and says why.

    An answer that fits as it is costs no call.

    Args:
        max_tokens: Room for the JSON.

    Raises:
        BudgetExceeded, ModelError: From the calls.
    """
    best = outcome.best
    if outcome.status is not ThoughtStatus.DONE or best is None:
        return outcome
    try:
        schema = Schema(form)
    except SetupError as error:
        return Outcome(ThoughtStatus.ABSTAINED, best, str(error))
    answer = best.solution.answer
    try:
        text = schema.fitted(answer)
    except OutputError:
        prompt, asked = default("form"), f"{material}\n{question}".strip()
        request = ModelRequest(
            purpose="form", prompt=prompt.id, max_tokens=max_tokens,
            messages=(Message(role="user", content=prompt.filled(question=defused(asked), answer=defused(answer))),),
        )  # fmt: skip
        try:
            value = await structured(ask, request, value_of(schema), memory=_memory(ask, form))
        except OutputError as error:
            reason = f"The answer could not be put into the form that was asked for. {error}"
            return Outcome(ThoughtStatus.ABSTAINED, best, reason)
        text = value.model_dump_json()
    told = best.model_copy(update={
        "solution": best.solution.model_copy(update={"answer": text}),
        "verdicts": (*best.verdicts, Verdict(check=CHECK, reward=1.0)),
    })  # fmt: skip
    return Outcome(outcome.status, told, outcome.reason)


def _memory(ask: Ask, form: Mapping[str, Any]) -> SchemaMemory:
    """Return what is known of the server; a form that only says "an object" is asked for by that name."""
    memory = SchemaMemory()
    if set(form) <= {"type"}:
        memory.lower(("fast", ask.profile("fast").model), "json_schema")
    return memory
