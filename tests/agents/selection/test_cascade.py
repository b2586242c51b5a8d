"""Escalation by entropy and confidence."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.agents.selection.cascade import CascadeSettings, escalation, token_entropy, unsure, window_entropies
from agot.protocols import TokenLogprob


def token(*likely: float) -> TokenLogprob:
    top = tuple((f"t{index}", math.log(p)) for index, p in enumerate(likely))
    return TokenLogprob(token="t0", logprob=top[0][1], top=top)


SURE, TORN = token(1.0), token(0.5, 0.5)


def test_entropy_by_hand() -> None:
    assert token_entropy(SURE) == 0.0
    assert token_entropy(TORN) == pytest.approx(math.log(2))
    assert token_entropy(token(0.5, 0.25)) == pytest.approx(0.5 * math.log(2) + 0.5 * math.log(4))


def test_the_sampled_token_counts_where_the_alternatives_lack_it() -> None:
    rare = TokenLogprob(token="x", logprob=math.log(0.5), top=(("a", math.log(0.5)),))
    assert token_entropy(rare) == pytest.approx(math.log(2))
    assert token_entropy(TokenLogprob(token="x", logprob=-1.0)) is None


def test_windows_are_means_of_neighbours() -> None:
    assert window_entropies([SURE] * 4 + [TORN], 5) == pytest.approx([math.log(2) / 5])
    assert window_entropies([SURE, TORN, TORN], 2) == pytest.approx([math.log(2) / 2, math.log(2)])
    assert window_entropies([TORN], 5) == pytest.approx([math.log(2)])
    assert window_entropies([], 5) == []
    with pytest.raises(ValueError, match="at least 1"):
        window_entropies([TORN], 0)


def test_an_unsure_reply_is_handed_over_and_says_why() -> None:
    found = escalation(unsure([TORN] * 8))
    assert found is not None and found.escalate and found.unsure == 1.0
    assert found.why == "the fast model was unsure in 100% of its reply"


def test_one_unsure_place_is_enough_only_if_asked_for() -> None:
    reply = [SURE] * 30 + [TORN] * 5 + [SURE] * 30
    calm = escalation(unsure(reply), 0.9)
    assert calm is not None and not calm.escalate
    strict = escalation(unsure(reply), 0.9, CascadeSettings(share=0.0))
    assert strict is not None and strict.escalate


def test_low_confidence_alone_escalates() -> None:
    low, high = escalation(None, 0.3), escalation(None, 0.8)
    assert low is not None and low.escalate and low.unsure is None
    assert high is not None and not high.escalate
    both = escalation(unsure([SURE] * 9), 0.3)
    assert both is not None and both.escalate and both.unsure == 0.0


def test_cannot_tell_without_logprobs_and_confidence() -> None:
    assert escalation(None) is None
    assert escalation(unsure([])) is None
    assert escalation(unsure([TokenLogprob(token="x", logprob=-1.0)])) is None


NUMBER = st.floats(-1e6, 1e3) | st.just(-math.inf) | st.just(math.nan)


@given(st.lists(st.lists(st.tuples(st.text(max_size=2), NUMBER), max_size=5), max_size=12), NUMBER)
def test_broken_logprobs_break_nothing(tops: list[list[tuple[str, float]]], logprob: float) -> None:
    reply = [TokenLogprob(token="x", logprob=logprob, top=tuple(top)) for top in tops]
    for entropy in window_entropies(reply, 5):
        assert 0.0 <= entropy <= math.log(7) + 1e-9
