"""What is known of models at servers beyond their provider's name: what a doctor measured, what refusals taught.

Facts (JSON values by name; each may be missing, which means unknown):

    context_window   tokens of prompt and answer together
    n_most           samples that one request may ask for; `MOST_TRIED` if more were not tried
    logprobs         log-probabilities come
    top_logprobs     alternatives that come with each token
    seed, stop       the field does what it says
    system           a turn of the role "system" is taken
    stream           answers come as a stream where that is asked for, with their usage
    json_schema      the answer keeps to a schema
    json_object      the answer is a JSON object where one is asked for
    prefill          how an assistant's beginning is continued: "as is", "continue_final_message", or "" if it is not
    tools            calls of tools come as such
    thinks           field or tag that thinking comes in; "" if the model does not think first
    unopened         replies begin within the thinking, without the mark that opens it
    embeddings       numbers of a vector; 0 if the server gives none
    tokens_per_s, first_token_ms
    plans            the model wrote a plan that can be used
    refused          fields that the server does not take
    limit_name       what it calls the room of an answer, where that is not `max_tokens`
    most_tokens      the largest room of an answer that may be asked for
    alternate        turns of user and assistant must alternate

A doctor keeps them in SQL (`agot.stores.facts`); what refusals teach holds for the process.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Literal, Protocol

from agot.models.pool import Endpoint

MOST_TRIED = 32
"""Samples that are tried in one request; a server that gives them is taken to have no limit."""


class Told(Protocol):
    """A fact as a store tells it."""

    @property
    def server(self) -> str: ...
    @property
    def model(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> Any: ...


class Known:
    """Facts by server and model; gateways of one process should share them."""

    def __init__(self) -> None:
        self._measured: dict[tuple[str, str], dict[str, Any]] = {}
        self._learnt: dict[tuple[str, str], dict[str, Any]] = {}
        self.version = 0

    def take(self, facts: Iterable[Told]) -> None:
        """Take measured facts; those of the same name are replaced."""
        for fact in facts:
            self._measured.setdefault((fact.server, fact.model), {})[fact.name] = fact.value
        self.version += 1

    def learn(self, endpoint: Endpoint, **facts: Any) -> dict[str, Any]:
        """Take what a reply or a refusal taught; it counts more than what was measured earlier.

        Returns:
            What had been learnt under these names before, None for nothing, as `forget` takes it.
        """
        learnt = self._learnt.setdefault((endpoint.server, endpoint.name), {})
        before = {name: learnt.get(name) for name in facts}
        refused = {*self.of(endpoint).get("refused", ()), *facts.pop("refused", ())}
        learnt.update(facts, **({"refused": sorted(refused)} if refused else {}))
        self.version += 1
        return before

    def forget(self, endpoint: Endpoint, before: Mapping[str, Any]) -> None:
        """Go back to what had been learnt before a refusal that taught the wrong thing."""
        learnt = self._learnt.setdefault((endpoint.server, endpoint.name), {})
        learnt.update(before)
        for name in [name for name, value in before.items() if value is None]:
            del learnt[name]
        self.version += 1

    def of(self, endpoint: Endpoint) -> Mapping[str, Any]:
        """Return what is known of an endpoint's model."""
        return self.measured(endpoint) | self._learnt.get((endpoint.server, endpoint.name), {})

    def measured(self, endpoint: Endpoint) -> dict[str, Any]:
        """Return what was measured of an endpoint's model before this process.

        What a run plans by, so that a resumed one asks the same again: what is learnt on the way may change how a
        request is sent, but not which are made.
        """
        return self._measured.get((endpoint.server, endpoint.name), {})


def applied(endpoint: Endpoint, facts: Mapping[str, Any]) -> Endpoint:
    """Return the endpoint with what is known of it in place of what its provider's name lets expect."""
    change: dict[str, Any] = {}
    most = facts.get("n_most")
    if isinstance(most, int):
        change |= {"native_n": most > 1, "largest_n": most if most < MOST_TRIED else None}
    if isinstance(facts.get("logprobs"), bool):
        change["gives_logprobs"] = facts["logprobs"]
    if facts.get("top_logprobs"):
        change["most_alternatives"] = facts["top_logprobs"]
    if facts.get("seed") is False:
        change["takes_seed"] = False
    if facts.get("system") is False:
        change["takes_system"] = False
    if facts.get("stream") is False:
        change["streams"] = False
    if isinstance(facts.get("context_window"), int):
        change["context_window"] = facts["context_window"]
    refused = {*facts.get("refused", ()), *(("logprobs",) if facts.get("logprobs") is False else ())}
    if refused:
        change["leaves_out"] = endpoint.leaves_out | refused
    if facts.get("limit_name"):
        change["limit_name"] = facts["limit_name"]
    if facts.get("most_tokens"):
        change["most_tokens"] = facts["most_tokens"]
    if facts.get("alternate"):
        change["alternates"] = True
    return replace(endpoint, **change) if change else endpoint


def form_of(facts: Mapping[str, Any]) -> Literal["json_schema", "json_object", "text"] | None:
    """Return the best form of typed answers that was seen to be followed; None if that was not tried."""
    if facts.get("json_schema") is None:
        return None
    return "json_schema" if facts["json_schema"] else "json_object" if facts.get("json_object") else "text"


def lacks(model: str, facts: Mapping[str, Any]) -> list[str]:
    """Return in sentences what a run has to do without, as it was measured."""
    lacking = []
    if facts.get("logprobs") is False:
        lacking.append(
            f"{model} gives no log-probabilities: judges go by their words alone, and strategies that weigh by them do without."
        )
    if facts.get("n_most") == 1:
        lacking.append(f"{model} gives one sample a request: samples are asked for one by one, side by side.")
    if facts.get("seed") is False:
        lacking.append(f"{model} does not keep to a seed: a run that is done again may go otherwise.")
    if facts.get("system") is False:
        lacking.append(f"{model} takes no system turn: its words begin the user's.")
    return lacking
