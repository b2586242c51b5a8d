"""Skills, profiles, recruiting and grouping."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.agents.selection.cluster import FAMILIES
from agot.agents.selection.routing import (
    MOST_SKILLS,
    SKILLS,
    Profile,
    Team,
    parse_skills,
    plan_calls,
    profile,
    recruit,
    skills,
    skills_of_cluster,
    suitability,
)
from agot.ids import ThoughtId
from agot.learning import Tally


def test_every_family_has_skills_that_exist() -> None:
    for family in FAMILIES:
        tags = skills_of_cluster(f"{family}/short")
        assert 2 <= len(tags) <= MOST_SKILLS and set(tags) <= set(SKILLS)
    assert len({skills_of_cluster(f"{family}/short") for family in FAMILIES}) >= len(FAMILIES) - 1
    assert skills_of_cluster("unheard of/long") == skills_of_cluster("plain/short")


def test_other_words_lead_to_the_same_tag() -> None:
    words = [word for tag, others in SKILLS.items() for word in (tag, *others)]
    assert len(words) == len(set(words))
    assert parse_skills("Skills:\n1. **Number theory**\n2. programming; 3) Common_Sense, underwater basketry") == (
        "counting", "code", "commonsense",
    )  # fmt: skip


def test_a_question_has_two_to_five_skills() -> None:
    assert skills("math/short") == ("algebra", "logic")
    assert skills("math/short", "logic, physics") == ("logic", "science", "algebra")
    assert len(skills("math/short", ", ".join(SKILLS))) == MOST_SKILLS


@given(st.text(max_size=200))
def test_any_reply_gives_known_tags(reply: str) -> None:
    assert set(parse_skills(reply)) <= set(SKILLS)


BY_SKILL = {
    "algebra": {"small": Tally(n=10, reward_sum=2.0), "large": Tally(n=10, reward_sum=9.0)},
    "code": {"small": Tally(n=4, reward_sum=4.0)},
}


def test_a_profile_by_hand() -> None:
    small, large, unknown = (profile(name, BY_SKILL) for name in ("small", "large", "unknown"))
    assert small.scores == pytest.approx({"algebra": (2 - 8) / 12, "code": 4 / 6})
    assert small.strength == pytest.approx(7 / 16)
    assert large.scores == pytest.approx({"algebra": 8 / 12, "code": 0.0})
    assert (unknown.scores, unknown.strength) == ({"algebra": 0.0, "code": 0.0}, 0.5)
    assert suitability(large, ["algebra", "code"]) == pytest.approx((1 + 8 / 12 + 1) * 10 / 12)


def test_the_best_for_the_question_are_recruited_and_the_strongest_writes() -> None:
    profiles = [profile(name, BY_SKILL) for name in ("small", "large", "unknown")]
    team = recruit(profiles, ["algebra"], k=2)
    assert team.models == ("large", "unknown") and team.aggregator == "large"
    assert team.why.startswith("best for algebra: large 1.39, unknown 0.50")
    assert recruit(profiles, ["code"], k=1).models == ("large",)
    assert len(recruit(profiles, [], k=9).models) == 3
    with pytest.raises(ValueError, match="at least one model"):
        recruit([], ["code"])


def test_two_shortcomings_are_no_merit() -> None:
    hopeless, weak = Profile("hopeless", {"code": -0.9}, 0.1), Profile("weak", {"code": -0.9}, 0.4)
    assert recruit([hopeless, weak], ["code"], k=1).models == ("weak",)


def test_each_model_is_loaded_once_and_the_loaded_one_goes_first() -> None:
    teams = {
        ThoughtId("0.0"): Team(("a", "b"), "a", ""),
        ThoughtId("0.1"): Team(("c", "a"), "c", ""),
        ThoughtId("0.2"): Team(("b", "c"), "b", ""),
    }
    plan = plan_calls(teams, loaded="b")
    assert [(group.model, group.thoughts) for group in plan.answers] == [
        ("b", ("0.0", "0.2")), ("a", ("0.0", "0.1")), ("c", ("0.1", "0.2")),
    ]  # fmt: skip
    assert [group.model for group in plan.aggregations] == ["c", "a", "b"]
    assert plan.why == "6 calls for 3 thoughts grouped by model: 3 models, each loaded once"
    assert plan_calls({}).answers == ()
