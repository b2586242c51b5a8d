"""Which of several models answer a question together: those whose profile fits its skills.

A question has skills; a model's profile says how it did on each; the best few are recruited. Profiles are lessons of
the kind "skill": how the answers of a model fared once something could tell.

Source: Chen et al. 2025, "Symbolic Mixture-of-Experts", arXiv 2503.05641. There a model names the skills and profiles
come from a development set; here the question's cluster names them, at no call, and profiles come from earlier runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agot.learning import LONGEST_NAME, Tally
from agot.protocols import Assessed
from agot.reading.answers import groups

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
"""Skills by family. Lessons are stored under them: none changes its meaning."""

ANY = "any"
"""Instead of a skill: all answers of a model."""


def skills_of_cluster(cluster: str) -> tuple[str, ...]:
    """Return the skills that a cluster (`family/size`) needs; an unknown family counts as plain."""
    return _OF_FAMILY.get(cluster.partition("/")[0], _OF_FAMILY["plain"])


@dataclass(frozen=True, slots=True)
class Profile:
    """What an expert can do.

    Attributes:
        expert: Its name in the settings.
        model: The model that it is, as lessons name it; profiles belong to models, not to names.
        scores: By skill, in (-1, 1): +1 for each right answer, -1 for each wrong one, as a mean that begins
            at 0.
        strength: Share of right answers to questions of any skill, in (0, 1), that begins at 0.5.
    """

    expert: str
    model: str
    scores: Mapping[str, float]
    strength: float


@dataclass(frozen=True, slots=True)
class Team:
    """Experts recruited for a question, best first, and why these."""

    members: tuple[Profile, ...]
    why: str


def profile(
    expert: str, model: str, by_skill: Mapping[str, Mapping[str, Tally]], overall: Mapping[str, Tally]
) -> Profile:
    """Return an expert's profile.

    Args:
        by_skill: For each skill the tallies by model, as `Learnt.tallies("skill", skill)` gives them.
        overall: The tallies by model for `ANY` skill.
    """
    # Of a name that is too long for a lesson, the end tells models apart.
    model = model[-LONGEST_NAME:]
    own = {skill: tallies.get(model, Tally()) for skill, tallies in by_skill.items()}
    every = overall.get(model, Tally())
    # A mean, because a sum would prefer whoever was asked more often.
    scores = {skill: (2.0 * tally.reward_sum - tally.n) / (tally.n + 2.0) for skill, tally in own.items()}
    return Profile(expert, model, scores, (every.reward_sum + 1.0) / (every.n + 2.0))


def suitability(profile: Profile, wanted: Sequence[str]) -> float:
    """Return how well an expert suits a question: its summed skill scores times its strength, at least 0.

    Each score is shifted to (0, 2) first: a product of two shortcomings would count as a merit.
    """
    return sum(1.0 + profile.scores.get(skill, 0.0) for skill in wanted) * profile.strength


def recruit(profiles: Sequence[Profile], wanted: Sequence[str], *, k: int) -> Team:
    """Return the `k` experts that suit a question best; of equals those given first.

    Args:
        wanted: Skills of the question.
        k: At least 1; fewer experts are recruited if there are not so many.

    Raises:
        ValueError: If there is no expert, or `k` is below 1.
    """
    if not profiles or k < 1:
        raise ValueError(f"Expected at least one expert and k >= 1, got {len(profiles)} and k = {k}.")
    members = sorted(profiles, key=lambda one: -suitability(one, wanted))[:k]
    told = ", ".join(f"{one.expert} ({one.model}) {suitability(one, wanted):.2f}" for one in members)
    return Team(tuple(members), f"recruited the best of {len(profiles)} for {', '.join(wanted)}: {told}")


def strongest(profiles: Sequence[Profile]) -> Profile:
    """Return the profile with the greatest strength, of equals the first: it writes the answer of a team."""
    return max(profiles, key=lambda one: one.strength)


def rightness(answers: Sequence[Assessed], given: Sequence[Assessed], *, accept: float) -> list[bool | None]:
    """Return which answers of a team were right, or None where nothing tells.

    A conclusive check tells of the answer that it checked. Of the others what became of the thought's own answers
    tells: one that was accepted makes equal ones right and, if any of the team gave it, the rest wrong; one that was
    rejected makes equal ones wrong.

    Args:
        answers: What each of the team answered, with what the checks said of it.
        given: What the thought gave for acceptance, in order.
        accept: Reward at which it is accepted.
    """
    told = [one for one in given if one.reward is not None]
    alike = groups([one.solution.answer for one in (*answers, *told)])
    group = {place: number for number, places in enumerate(alike) for place in places}
    accepted = {group[len(answers) + i] for i, one in enumerate(told) if (one.reward or 0.0) >= accept}
    rejected = {group[len(answers) + i] for i in range(len(told))} - accepted
    settled = any(group[place] in accepted for place in range(len(answers)))
    found: list[bool | None] = []
    for place, one in enumerate(answers):
        proof = next((v.reward for v in one.verdicts if v.conclusive and v.reward is not None), None)
        if proof is not None:
            found.append(proof >= accept)
        elif settled:
            found.append(group[place] in accepted)
        else:
            found.append(False if group[place] in rejected else None)
    return found
