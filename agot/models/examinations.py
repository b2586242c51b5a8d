"""What a doctor tries: each function uses one feature once and looks at what came."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel

from agot.errors import ModelError
from agot.models.doctor import Examination, Finding, Patient, refused
from agot.models.known import MOST_TRIED
from agot.models.structured import schema_format

_COPIES = "all samples of one request are the same text"
_COUNT = "Count from one to thirty in words."
_RANDOM = "Write twenty random digits, with spaces between them."


class _Card(BaseModel):
    """Nobody answers a request for a greeting like this unless a grammar makes him."""

    colour: Literal["vermilion", "turquoise"]
    weight_kg: int


_CARD = re.compile(r'\s*\{\s*"colour"\s*:\s*"(vermilion|turquoise)"\s*,\s*"weight_kg"\s*:\s*-?\d')


async def speed(patient: Patient) -> Finding:
    """Time one answer of at most 96 tokens, and see whether the model thinks first."""
    arrived: list[float] = []

    def note(delta: dict[str, Any]) -> None:
        if delta.get("content") or delta.get("reasoning_content") or delta.get("reasoning"):
            arrived.append(patient.clock())

    started = patient.clock()
    reply = await patient.say(_COUNT, room=96, on_chunk=note)
    ended = patient.clock()
    first = arrived[0] if arrived else ended
    tokens = reply.reply.usage.completion_tokens
    # An answer that comes in one piece at the end tells nothing of the time between tokens.
    writing_s = (
        ended - first if len(arrived) > 1 and ended - first > 0.1 * (ended - started) else ended - started
    )
    rate = tokens / max(writing_s, 1e-6)
    facts = {"first_token_ms": round((first - started) * 1000.0, 1), "tokens_per_s": round(rate, 1)}
    streamed = "" if len(arrived) > 1 else ", in one piece"
    return Finding(
        "speed",
        "works",
        f"first token after {facts['first_token_ms']:.0f} ms, then {rate:.0f} tokens/s{streamed}",
        facts,
    )


async def thinking(patient: Patient) -> Finding:
    """See in what field a model thinks before it answers, and whether that can be switched off."""
    where = _thinks(await patient.say("What is 17 + 25? Answer with the number.", room=64))
    if not where:
        return Finding("thinking", "no", "answers at once", {"thinks": ""})
    switch = {"chat_template_kwargs": {"enable_thinking": False}}
    try:
        quiet = not _thinks(
            await patient.say("What is 17 + 25? Answer with the number.", room=64, extra=switch)
        )
    except ModelError:
        quiet = False
    if quiet:
        patient.extra |= switch
        return Finding(
            "thinking", "works", f"in {where}; enable_thinking=false switches it off", {"thinks": where}
        )
    patient.thinks = True
    return Finding("thinking", "works", f"in {where}; it cannot be switched off", {"thinks": where})


def _thinks(reply: Any) -> str:
    for field in ("reasoning_content", "reasoning"):
        if reply.message.get(field):
            return field
    text = str(reply.message.get("content") or "")
    return "<think>" if "<think>" in text or "</think>" in text else ""


async def system_turn(patient: Patient) -> Finding:
    """See whether a turn of the role "system" is taken, and reaches the model."""
    asked = {"role": "user", "content": "Hello! How are you?"}
    plain = await patient.say([asked], room=24)
    told = {
        "role": "system",
        "content": "You are a pirate. You answer every message with the one word BANANA.",
    }
    try:
        reply = await patient.say([told, asked], room=24)
    except ModelError as error:
        return refused("system turn", error, {"system": False})
    if _text(reply) == _text(plain):
        return Finding("system turn", "no", "taken, but the answer is the same without it", {"system": False})
    heeded = "banana" in _text(reply).lower()
    words = (
        "reaches the model and is followed"
        if heeded
        else "reaches the model, which does not follow it to the letter"
    )
    return Finding("system turn", "works" if heeded else "partly", words, {"system": True})


async def several(patient: Patient) -> Finding:
    """Find the largest `n`, up to `MOST_TRIED`, for which as many samples come."""
    most, beyond, how = 1, None, ""
    size = 2
    while size <= MOST_TRIED and beyond is None:
        got, how = await _draw(patient, size)
        if got == size:
            most, size = size, size * 2
        else:
            beyond = size
    if how == _COPIES:
        # A model that says the same each time looks so too, but then also without n.
        singles = {_text(await patient.say(_RANDOM, room=12, temperature=1.0)) for _ in range(3)}
        if len(singles) == 1:
            return Finding("n", "unknown", "the model always says the same, so nothing is shown", {})
        return Finding("n", "no", how, {"n_most": 1})
    if most == 1:
        return Finding("n", "no", how, {"n_most": 1})
    while beyond is not None and beyond - most > 1:
        middle = (most + beyond) // 2
        got, _ = await _draw(patient, middle)
        most, beyond = (middle, beyond) if got == middle else (most, middle)
    if beyond is None:
        return Finding(
            "n", "works", f"{most} samples in one request, the most that was tried", {"n_most": most}
        )
    return Finding("n", "partly", f"{most} samples in one request; {beyond}: {how}", {"n_most": most})


async def _draw(patient: Patient, n: int) -> tuple[int, str]:
    """Return how many samples came for `n`, and in words if it was too few."""
    try:
        reply = await patient.say(_RANDOM, room=12, temperature=1.0, n=n)
    except ModelError as error:
        return 0, refused("n", error, {}).words
    texts = [one.text for one in reply.reply.completions]
    if n >= 4 and len(texts) == n and len(set(texts)) == 1 and texts[0].strip():
        return 0, _COPIES
    return len(texts), f"{len(texts)} sample{'s' if len(texts) != 1 else ''} came for {n}"


async def log_probabilities(patient: Patient) -> Finding:
    """See whether log-probabilities come, and how many alternatives for each token."""
    asked = "20 were asked for"
    try:
        reply = await patient.say("Say hello.", room=4, logprobs=True, top_logprobs=20)
    except ModelError as error:
        refused("log-probabilities", error, {})
        asked = "5 were asked for, 20 are refused"
        try:
            reply = await patient.say("Say hello.", room=4, logprobs=True, top_logprobs=5)
        except ModelError as again:
            return refused("log-probabilities", again, {"logprobs": False})
    tokens = reply.reply.completions[0].logprobs or ()
    if not tokens:
        return Finding(
            "log-probabilities", "no", "none come; asking for them is ignored", {"logprobs": False}
        )
    if any(not -1e4 < token.logprob <= 1e-6 for token in tokens) or len(
        {token.logprob for token in tokens}
    ) == 1 < len(tokens):
        return Finding("log-probabilities", "no", "the numbers that come are none", {"logprobs": False})
    top = min(len(token.top) for token in tokens)
    words = (
        f"{top} alternatives for each token ({asked})" if top else "for the tokens written, no alternatives"
    )
    return Finding(
        "log-probabilities", "works" if top else "partly", words, {"logprobs": True, "top_logprobs": top}
    )


async def seeds(patient: Patient) -> Finding:
    """See whether a seed draws the same sample twice, and another one another."""
    try:
        one, two, other = [
            _text(await patient.say(_RANDOM, room=24, temperature=1.0, seed=seed)) for seed in (7, 7, 11)
        ]
    except ModelError as error:
        return refused("seed", error, {"seed": False})
    if one != two:
        return Finding("seed", "no", "the same seed gives different texts", {"seed": False})
    if one == other:
        return Finding("seed", "unknown", "every seed gives the same text, so nothing is shown", {})
    return Finding("seed", "works", "the same seed gives the same text, another seed another", {"seed": True})


async def stops(patient: Patient) -> Finding:
    """See whether a text ends before a word that is given as `stop`."""
    whole = _text(await patient.say(_COUNT, room=48))
    words = [word for word in whole.split()[1:] if len(word) > 2]
    if not words:
        return Finding("stop", "unknown", "the model writes too little to tell", {})
    stop = words[len(words) // 2]
    try:
        cut = _text(await patient.say(_COUNT, room=48, stop=[stop]))
    except ModelError as error:
        return refused("stop", error, {"stop": False})
    if stop in cut:
        return Finding("stop", "no", "ignored: the text goes on past it", {"stop": False})
    return Finding("stop", "works", "the text ends before it", {"stop": True})


async def prefill(patient: Patient) -> Finding:
    """See whether a beginning of the assistant's turn is continued."""
    begun = "Aye, here they are: 1, 2, 3, 4,"
    turns = [
        {"role": "user", "content": "Count from 1 to 9 in digits."},
        {"role": "assistant", "content": begun},
    ]
    ways: Mapping[str, dict[str, Any]] = {
        "as is": {},
        "continue_final_message": {"continue_final_message": True, "add_generation_prompt": False},
    }
    said = "begins anew"
    for way, extra in ways.items():
        try:
            text = _text(await patient.say(turns, room=12, extra=extra)).strip()
        except ModelError as error:
            said = refused("continuing", error, {}).words
            continue
        if text.startswith(begun) or text.lstrip(" ,").startswith("5"):
            words = "goes on from the assistant's beginning" + ("" if way == "as is" else f", with {way}")
            return Finding("continuing", "works", words, {"prefill": way})
        said = "the model begins anew"
    return Finding("continuing", "no", said, {"prefill": ""})


async def json_schema(patient: Patient) -> Finding:
    """See whether an answer keeps to a schema that the prompt does not mention."""
    try:
        reply = await patient.say("Say hello.", room=64, response_format=schema_format(_Card))
    except ModelError as error:
        return refused("JSON schema", error, {"json_schema": False})
    # A number may have any length under a grammar, so the answer may be cut; its beginning tells as much.
    if _CARD.match(_text(reply)):
        return Finding("JSON schema", "works", "the answer keeps to it", {"json_schema": True})
    return Finding("JSON schema", "no", "ignored: the answer does not keep to it", {"json_schema": False})


async def json_object(patient: Patient) -> Finding:
    """See whether an answer is a JSON object although the prompt wants none."""
    wanted = "Say hello in a plain sentence. Do not write JSON."
    try:
        reply = await patient.say(wanted, room=64, response_format={"type": "json_object"})
    except ModelError as error:
        return refused("JSON mode", error, {"json_object": False})
    if _text(reply).lstrip().startswith("{") and (
        reply.finish_reason == "length" or _is_object(_text(reply))
    ):
        return Finding("JSON mode", "works", "the answer is a JSON object", {"json_object": True})
    return Finding("JSON mode", "no", "ignored: the answer is no JSON object", {"json_object": False})


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


_WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Returns the weather of a city now.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "Name of the city."}},
            "required": ["city"],
        },
    },
}


async def tools(patient: Patient) -> Finding:
    """See whether a call of a tool comes as one, with the argument that the question names."""
    try:
        reply = await patient.say(
            "What is the weather in Lisbon now? Use the tool.", room=96, tools=[_WEATHER]
        )
    except ModelError as error:
        return refused("tools", error, {"tools": False})
    for call in reply.message.get("tool_calls") or ():
        function = call.get("function") or {}
        if function.get("name") == "get_weather" and "lisbon" in str(function.get("arguments")).lower():
            return Finding("tools", "works", "a call with the right argument came", {"tools": True})
    return Finding("tools", "no", "no call came where one was called for", {"tools": False})


async def embeddings(patient: Patient) -> Finding:
    """See whether texts become vectors in which like is near to like."""
    endpoint = patient.endpoint
    if endpoint.base_url is None:
        return Finding("embeddings", "unknown", "not tried: the role has no address", {})
    import httpx

    headers = patient.models.headers(endpoint)
    body = {
        "model": endpoint.name,
        "input": ["A cat sleeps.", "A kitten is sleeping.", "The tax law was changed."],
    }
    try:
        async with httpx.AsyncClient(trust_env=not endpoint.local) as client:
            reply = await client.post(
                f"{endpoint.base_url}/embeddings",
                json=body,
                headers=headers,
            )
        listed = reply.json().get("data") if reply.status_code == 200 else None
        vectors = [[float(number) for number in one["embedding"]] for one in listed or ()]
    except (httpx.HTTPError, ValueError, TypeError, KeyError, AttributeError):
        vectors = []
    if len(vectors) != 3 or not vectors[0] or len({len(vector) for vector in vectors}) != 1:
        return Finding("embeddings", "no", "this server gives none for this model", {"embeddings": 0})
    size = len(vectors[0])
    if _cosine(vectors[0], vectors[1]) > _cosine(vectors[0], vectors[2]):
        return Finding("embeddings", "works", f"{size} numbers, like near to like", {"embeddings": size})
    return Finding(
        "embeddings",
        "partly",
        f"{size} numbers, but unlike texts are nearer than like ones",
        {"embeddings": size},
    )


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    length = math.hypot(*one) * math.hypot(*other)
    return sum(a * b for a, b in zip(one, other, strict=True)) / length if length else 0.0


def _text(reply: Any) -> str:
    return str(reply.message.get("content") or "")


EXAMINATIONS: Mapping[str, Examination] = {
    "speed": speed,
    "thinking": thinking,
    "system turn": system_turn,
    "JSON schema": json_schema,
    "JSON mode": json_object,
    "log-probabilities": log_probabilities,
    "n": several,
    "seed": seeds,
    "stop": stops,
    "continuing": prefill,
    "tools": tools,
    "embeddings": embeddings,
}
"""By the name of what each finds, in order."""

OF_EMBEDDED = ("speed", "log-probabilities", "n", "seed")
"""What can be asked of the embedded model."""
