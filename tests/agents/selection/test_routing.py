"""Skills, profiles, recruiting, and which answers of a team were right."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.agents.selection.cluster import FAMILIES
from agot.agents.selection.routing import (
    Profile,
    profile,
    recruit,
    rightness,
    skills_of_cluster,
    strongest,
    suitability,
)
from agot.learning import LONGEST_NAME, Tally
from agot.protocols import Assessed
from agot.thought import Solution, Verdict


def test_every_family_has_skills_of_its_own() -> None:
    found = {family: skills_of_cluster(f"{family}/short") for family in FAMILIES}
    assert all(2 <= len(set(skills)) == len(skills) for skills in found.values())
    assert len(set(found.values())) >= len(FAMILIES) - 1
    assert skills_of_cluster("unheard of/long") == skills_of_cluster("plain/short")


BY_SKILL = {
    "algebra": {"m/small": Tally(n=10, reward_sum=2.0), "m/large": Tally(n=10, reward_sum=9.0)},
    "code": {"m/small": Tally(n=4, reward_sum=4.0)},
}
OVERALL = {"m/small": Tally(n=12, reward_sum=5.0), "m/large": Tally(n=18, reward_sum=17.0)}


def named(name: str) -> Profile:
    return profile(name, f"m/{name}", BY_SKILL, OVERALL)


def test_a_profile_by_hand() -> None:
    small, large, unknown = named("small"), named("large"), named("unknown")
    assert small.scores == pytest.approx({"algebra": (2 - 8) / 12, "code": 4 / 6})
    assert small.strength == pytest.approx(6 / 14)
    assert large.scores == pytest.approx({"algebra": 8 / 12, "code": 0.0})
    assert (unknown.scores, unknown.strength) == ({"algebra": 0.0, "code": 0.0}, 0.5)
    assert suitability(large, ["algebra", "code"]) == pytest.approx((1 + 8 / 12 + 1) * 18 / 20)


def test_profiles_belong_to_models_whatever_they_are_called() -> None:
    assert profile("renamed", "m/large", BY_SKILL, OVERALL).scores == named("large").scores
    assert len(profile("long", "x" * 999, {}, {}).model) == LONGEST_NAME


def test_the_best_for_the_question_are_recruited_and_the_strongest_writes() -> None:
    profiles = [named(name) for name in ("small", "large", "unknown")]
    team = recruit(profiles, ["algebra"], k=2)
    assert [one.expert for one in team.members] == ["large", "unknown"]
    assert strongest(team.members).expert == "large"
    assert team.why == "recruited the best of 3 for algebra: large (m/large) 1.50, unknown (m/unknown) 0.50"
    assert recruit(profiles, ["code"], k=1).members[0].expert == "large"
    assert len(recruit(profiles, ["code"], k=9).members) == 3
    with pytest.raises(ValueError, match="at least one expert"):
        recruit([], ["code"], k=3)


def test_of_equals_the_first_are_recruited() -> None:
    fresh = [profile(name, name, {"code": {}}, {}) for name in ("b", "a", "c")]
    team = recruit(fresh, ["code"], k=2)
    assert [one.expert for one in team.members] == ["b", "a"] and strongest(team.members).expert == "b"


def test_two_shortcomings_are_no_merit() -> None:
    hopeless = Profile("hopeless", "h", {"code": -0.9}, 0.1)
    weak = Profile("weak", "w", {"code": -0.9}, 0.4)
    assert recruit([hopeless, weak], ["code"], k=1).members == (weak,)


# -- what came of the answers ----------------------------------------------------------------------


def said(answer: str, reward: float | None = None, *, proof: bool = False) -> Assessed:
    verdicts = (Verdict(check="expression", reward=reward, conclusive=True),) if proof else ()
    return Assessed(solution=Solution(answer=answer), verdicts=verdicts, reward=reward)


def test_an_accepted_answer_tells_of_all() -> None:
    team = [said("1/2"), said("0.5"), said("2")]
    assert rightness(team, [said("0.50", 0.9)], accept=0.5) == [True, True, False]


def test_a_rejected_answer_tells_of_equal_ones_only() -> None:
    assert rightness([said("7"), said("8")], [said("7", 0.1)], accept=0.5) == [False, None]


def test_an_answer_that_none_of_the_team_gave_tells_nothing_of_theirs() -> None:
    assert rightness([said("a long essay"), said("another")], [said("a third", 0.9)], accept=0.5) == [
        None,
        None,
    ]


def test_a_proof_counts_more_than_what_was_given() -> None:
    team = [said("7", 1.0, proof=True), said("8", 0.0, proof=True), said("9")]
    assert rightness(team, [said("9", 0.9)], accept=0.5) == [True, False, True]


def test_what_nothing_could_verify_tells_nothing() -> None:
    assert rightness([said("7"), said("8")], [said("7")], accept=0.5) == [None, None]
    assert rightness([said("7")], [], accept=0.5) == [None]


def test_an_answer_accepted_after_it_was_doubted_is_right() -> None:
    assert rightness([said("7"), said("8")], [said("7", 0.2), said("7", 0.8)], accept=0.5) == [True, False]


ANSWERS = st.lists(
    st.builds(said, st.text(max_size=4), st.none() | st.floats(0, 1), proof=st.booleans()), max_size=5
)


@given(team=ANSWERS, given_=ANSWERS)
def test_equal_answers_that_no_check_settled_fare_alike(team: list[Assessed], given_: list[Assessed]) -> None:
    found = rightness(team, given_, accept=0.5)
    assert len(found) == len(team)
    unproven = [
        (one.solution.answer, right)
        for one, right in zip(team, found, strict=True)
        if one.reward is None or not one.verdicts
    ]
    assert len(set(unproven)) == len({answer for answer, _ in unproven})
