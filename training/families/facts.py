"""Multi-hop questions over stated facts, with distractors, as a paragraph, a fact block or passages."""

from __future__ import annotations

import random

from training.example import Problem
from training.families import rankings
from training.families.common import Planned, between, capital, pick, shuffle, some, uncapital
from training.families.relations import (
    CITIES,
    CITY_REGION,
    COMPANIES,
    COMPANY_BOSS,
    COMPANY_CITY,
    ENDS,
    PEOPLE,
    REGIONS,
    THINGS,
    Relation,
)
from training.families.words import NAMES

_FILLER = (
    "{a} likes long walks.", "{a} is often late.", "The weather was nice last week.", "{a} enjoys reading.",
    "{a} has visited many countries.", "{a} moved house two years ago.", "Everyone knows {a}.", "{a} collects old maps.",
    "{a} studied history.", "{a} often travels by train.", "{a} is tall and friendly.", "It rained all day.",
)  # fmt: skip

Hop = tuple[str, Relation, str]
"""Source, relation, value."""


class _Pool:
    """Names that are used once each, so that every fact has one reading."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._names = some(rng, NAMES, 26)
        self._cities = some(rng, CITIES, 12)
        self._regions = some(rng, REGIONS, 8)
        self._companies = some(rng, COMPANIES, 10)

    def value(self, kind: str) -> str:
        """Return an unused value of a kind (things may repeat)."""
        if kind == "person":
            return self._names.pop()
        if kind == "city":
            return self._cities.pop()
        if kind == "region":
            return self._regions.pop()
        if kind == "company":
            return self._companies.pop()
        return pick(self._rng, THINGS[kind])


def _path(rng: random.Random, hops: int, pool: _Pool) -> list[Hop]:
    """Return a chain of facts, each starting where the last ended."""
    path: list[Hop] = []
    source, kind = pool.value("person"), "person"
    for index in range(hops):
        last = index == hops - 1
        if kind == "company":
            relation = COMPANY_CITY if rng.random() < 0.6 else COMPANY_BOSS
        elif kind == "city":
            relation = CITY_REGION
        elif last and rng.random() < 0.7:
            relation = pick(rng, ENDS)
        elif not last and index and rng.random() < 0.25:
            relation = pick(rng, (ENDS[2], ENDS[2], ENDS[0])) if hops - index > 2 else ENDS[0]
        else:
            relation = pick(rng, PEOPLE)
        if relation is CITY_REGION and not last:
            path.append((source, relation, pool.value("region")))
            return path
        value = pool.value(relation.values)
        path.append((source, relation, value))
        source, kind = value, relation.values
    return path


def _nested(rng: random.Random, path: list[Hop]) -> str:
    """Return the question over the whole path, naming only its first source."""
    text = path[0][0]
    possessive = rng.random() < 0.4
    for index, (_, relation, _) in enumerate(path[:-1]):
        if relation.source == "person" and relation.values == "person":
            if possessive and index < 2:
                text = f"{text}'s {relation.noun}"
            else:
                text = f"the {relation.noun} of {text}"
        elif relation.values == "company":
            text = f"the company where {text} works"
        elif relation is COMPANY_CITY:
            text = f"the city where {text} is based"
        elif relation is COMPANY_BOSS:
            text = f"the director of {text}"
        elif relation is ENDS[1]:
            text = f"the city where {text} was born"
        else:
            text = f"the city where {text} lives"
    return pick(rng, path[-1][1].asks).replace("{a}", text)


def _distractors(rng: random.Random, path: list[Hop], pool: _Pool, count: int) -> list[str]:
    """Return facts that do not matter: same relations of others, other relations of the same people."""
    lines = []
    used = {(source, relation.asks) for source, relation, _ in path}
    for _ in range(count):
        source, relation, _ = pick(rng, path)
        chance = rng.random()
        if chance < 0.5:
            lines.append(
                pick(rng, relation.facts)
                .replace("{a}", pool.value(relation.source))
                .replace("{b}", pool.value(relation.values))
            )
        elif chance < 0.8 and relation.source == "person":
            other = pick(rng, PEOPLE if rng.random() < 0.5 else ENDS)
            if (source, other.asks) in used or (
                other.values in ("pet", "food") and relation.values == other.values
            ):
                continue
            used.add((source, other.asks))
            lines.append(
                pick(rng, other.facts).replace("{a}", source).replace("{b}", pool.value(other.values))
            )
        else:
            lines.append(
                pick(rng, _FILLER).replace(
                    "{a}", source if relation.source == "person" else pool.value("person")
                )
            )
    return lines


def layout(rng: random.Random, facts: list[str]) -> tuple[str, list[str], str]:
    """Return the block up to the question, how each fact is cited, and the kind of layout."""
    chance = rng.random()
    if chance < 0.42:
        groups: list[list[int]] = []
        index = 0
        while index < len(facts):
            size = 1 if chance < 0.2 else between(rng, 1, 3)
            groups.append(list(range(index, min(len(facts), index + size))))
            index += size
        cited = [""] * len(facts)
        lines = []
        for number, group in enumerate(groups, 1):
            lines.append(f"[{number}] " + " ".join(facts[index] for index in group))
            for index in group:
                cited[index] = f"[{number}] {facts[index]}"
        return "\n".join(lines) + "\nQuestion: ", cited, "block"
    text = " ".join(facts)
    if chance < 0.7:
        return f"Facts: {text}\nQuestion: ", facts, "block"
    if chance < 0.8:
        return "Facts:\n" + "\n".join(f"- {fact}" for fact in facts) + "\nQuestion: ", facts, "block"
    return f"{text} ", facts, "paragraph"


def _make(
    question: str,
    steps: tuple[str, ...],
    answer: str,
    plan: tuple[str, ...],
    parts: tuple[Problem, ...],
    hops: int,
) -> Planned:
    return Planned(family="facts", question=question, answer=answer, steps=steps, plan=plan, parts=parts,
                   operations=hops)  # fmt: skip


def generate(rng: random.Random, operations: int) -> Problem:
    """Return a question that takes `operations` hops."""
    operations = min(operations, 6)
    if rng.random() < 0.25:
        return rankings.generate(rng, operations)
    pool = _Pool(rng)
    path = _path(rng, operations, pool)
    own = [
        pick(rng, relation.facts).replace("{a}", source).replace("{b}", value)
        for source, relation, value in path
    ]
    facts = own + _distractors(rng, path, pool, between(rng, 1, 7))
    shuffle(rng, facts)
    block, cited, kind = layout(rng, facts)
    steps = []
    for text, (_, _, value) in zip(own, path, strict=True):
        steps.append(f"{cited[facts.index(text)]} -> {value}")
    question = _nested(rng, path)
    if rng.random() < 0.08:
        question = uncapital(question).rstrip("?")
    answer = path[-1][2]
    if kind == "paragraph":
        if rng.random() < 0.15:
            block, question = f"{question} ", block.rstrip()
        return _make(block + question, tuple(steps), answer, (), (), len(path))
    plan: list[str] = []
    parts: list[Problem] = []
    for number, (source, relation, value) in enumerate(path):
        ask = relation.asks[0]
        plan.append(capital(ask.replace("{a}", f"#{number}" if number else source)))
        parts.append(_make(block + ask.replace("{a}", source), (steps[number],), value, (), (), 1))
    if len(plan) < 2:
        plan, parts = [], []
    return _make(block + question, tuple(steps), answer, tuple(plan), tuple(parts), len(path))
