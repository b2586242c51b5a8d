"""Which models answer a question together, and in which order they are called.

A question has two to five skills; a model's profile says how it did on each; the best few are recruited, and
the calls of many questions are grouped by model, so that a server that holds one model at a time loads each
once.

Source: Chen et al. 2025, "Symbolic Mixture-of-Experts", arXiv 2503.05641.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agot.ids import ThoughtId
from agot.learning import Tally

MOST_SKILLS = 5

SKILLS: dict[str, tuple[str, ...]] = {
    "arithmetic": ("calculation", "addition", "multiplication", "computation", "numbers"),
    "algebra": ("equations", "equation", "polynomials", "calculus", "mathematics", "math"),
    "geometry": ("trigonometry", "shapes"),
    "counting": ("combinatorics", "probability", "statistics", "number theory"),
    "logic": ("deduction", "logical reasoning", "puzzles", "puzzle"),
    "planning": ("scheduling", "search", "optimization", "optimisation"),
    "procedures": ("step by step", "instructions", "tracking", "state tracking"),
    "time": ("dates", "date", "calendar", "calendars"),
    "lists": ("list", "sorting", "sequences", "arrays"),
    "strings": ("string", "letters", "spelling", "text manipulation"),
    "reading": ("reading comprehension", "comprehension", "extraction"),
    "relations": ("multi-hop", "kinship", "relational reasoning"),
    "commonsense": ("common sense", "everyday knowledge"),
    "facts": ("general knowledge", "world knowledge", "trivia", "knowledge", "history", "geography"),
    "science": ("physics", "chemistry", "biology", "medicine", "astronomy"),
    "society": ("law", "economics", "finance", "politics", "psychology", "philosophy", "ethics"),
    "code": ("programming", "coding", "python", "algorithms", "software", "sql"),
    "writing": ("creative writing", "style", "summarization", "summarisation", "summary"),
    "language": ("translation", "grammar", "linguistics", "vocabulary"),
}
"""Skill tags with other words for them. Lessons are stored under the tags: none changes its meaning."""

_OF_FAMILY: dict[str, tuple[str, ...]] = {
    "code": ("code", "logic"),
    "compound": ("procedures", "arithmetic"),
    "passage": ("reading", "relations"),
    "choice": ("facts", "commonsense"),
    "countdown": ("arithmetic", "planning"),
    "arithmetic": ("arithmetic", "procedures"),
    "dates": ("time", "arithmetic"),
    "list": ("lists", "procedures"),
    "string": ("strings", "procedures"),
    "open": ("writing", "facts"),
    "math": ("algebra", "logic"),
    "story": ("arithmetic", "reading"),
    "yesno": ("facts", "logic"),
    "plain": ("facts", "commonsense"),
}

_LONGEST_REPLY = 4_000
_TAG_OF = {word: tag for tag, others in SKILLS.items() for word in (tag, *others)}
_TAGS = re.compile(
    r"(?<!\w)(?:" + "|".join(re.escape(word) for word in sorted(_TAG_OF, key=len, reverse=True)) + r")(?!\w)"
)


def skills_of_cluster(cluster: str) -> tuple[str, ...]:
    """Return the skills that a cluster (`family/size`) needs; an unknown family counts as plain."""
    return _OF_FAMILY.get(cluster.partition("/")[0], _OF_FAMILY["plain"])


def parse_skills(reply: str) -> tuple[str, ...]:
    """Return the skill tags that a model's reply names, in its order, at most `MOST_SKILLS`."""
    text = re.sub(r"[\s_]+", " ", reply[:_LONGEST_REPLY].casefold())
    return tuple(dict.fromkeys(_TAG_OF[found] for found in _TAGS.findall(text)))[:MOST_SKILLS]


def skills(cluster: str, reply: str = "") -> tuple[str, ...]:
    """Return two to five skills of a question: what a model named first, then what its cluster needs."""
    return tuple(dict.fromkeys((*parse_skills(reply), *skills_of_cluster(cluster))))[:MOST_SKILLS]


@dataclass(frozen=True, slots=True)
class Profile:
    """What a model can do.

    Attributes:
        scores: By skill, in (-1, 1): +1 for each right answer, -1 for each wrong one, as a mean that begins
            at 0.
        strength: Share of right answers over all skills, in (0, 1), that begins at 0.5.
    """

    model: str
    scores: Mapping[str, float]
    strength: float


@dataclass(frozen=True, slots=True)
class Team:
    """Models recruited for a question, best first, the one that writes the answer, and why these."""

    models: tuple[str, ...]
    aggregator: str
    why: str


@dataclass(frozen=True, slots=True)
class ModelCalls:
    """One model with the thoughts that it is asked about."""

    model: str
    thoughts: tuple[ThoughtId, ...]


@dataclass(frozen=True, slots=True)
class CallPlan:
    """Calls grouped by model, in order; then those of the aggregators. `why` is one line for people."""

    answers: tuple[ModelCalls, ...]
    aggregations: tuple[ModelCalls, ...]
    why: str


def profile(model: str, by_skill: Mapping[str, Mapping[str, Tally]]) -> Profile:
    """Return a model's profile.

    Args:
        by_skill: For each skill the tallies by model, as `Learnt.tallies("skill", skill)` gives them.
    """
    own = {skill: tallies.get(model, Tally()) for skill, tallies in by_skill.items()}
    right = sum(tally.reward_sum for tally in own.values())
    tries = sum(tally.n for tally in own.values())
    # A mean, because a sum would prefer whoever was asked more often.
    scores = {skill: (2.0 * tally.reward_sum - tally.n) / (tally.n + 2.0) for skill, tally in own.items()}
    return Profile(model, scores, (right + 1.0) / (tries + 2.0))


def suitability(profile: Profile, wanted: Sequence[str]) -> float:
    """Return how well a model suits a question: its summed skill scores times its strength, at least 0.

    Each score is shifted to (0, 2) first: a product of two shortcomings would count as a merit.
    """
    return sum(1.0 + profile.scores.get(skill, 0.0) for skill in wanted) * profile.strength


def recruit(profiles: Sequence[Profile], wanted: Sequence[str], *, k: int = 3) -> Team:
    """Return the `k` models that suit a question best; of equals those given first.

    Args:
        wanted: Skills of the question.
        k: At least 1; fewer models are recruited if there are not so many.

    Raises:
        ValueError: If there is no model, or `k` is below 1.
    """
    if not profiles or k < 1:
        raise ValueError(f"Expected at least one model and k >= 1, got {len(profiles)} models and k = {k}.")
    ranked = sorted(profiles, key=lambda one: -suitability(one, wanted))[:k]
    aggregator = max(ranked, key=lambda one: one.strength).model
    told = ", ".join(f"{one.model} {suitability(one, wanted):.2f}" for one in ranked)
    return Team(
        tuple(one.model for one in ranked), aggregator, f"best for {', '.join(wanted) or 'any skill'}: {told}"
    )


def plan_calls(teams: Mapping[ThoughtId, Team], *, loaded: str = "") -> CallPlan:
    """Return the calls of many questions grouped by model, so that each model is loaded once per pass.

    Args:
        teams: By thought.
        loaded: The model that a server holds already; it goes first. The last model of the answers goes
            first among the aggregators if it is one.
    """
    answers = _grouped(
        [(model, thought) for thought, team in teams.items() for model in team.models], first=loaded
    )
    last = answers[-1].model if answers else loaded
    aggregations = _grouped([(team.aggregator, thought) for thought, team in teams.items()], first=last)
    calls = sum(len(group.thoughts) for group in answers)
    why = f"{calls} calls for {len(teams)} thoughts grouped by model: {len(answers)} models, each loaded once"
    return CallPlan(answers, aggregations, why)


def _grouped(calls: Sequence[tuple[str, ThoughtId]], *, first: str) -> tuple[ModelCalls, ...]:
    groups: dict[str, list[ThoughtId]] = {}
    for model, thought in calls:
        groups.setdefault(model, []).append(thought)
    order = sorted(groups, key=lambda model: model != first)
    return tuple(ModelCalls(model, tuple(groups[model])) for model in order)
