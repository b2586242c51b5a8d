"""The formulas: selection scores, allocations, weights and votes, against values worked out by hand."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.agents import votes
from agot.agents.search.association import novelty
from agot.agents.search.frontier import keep_best, rebase
from agot.agents.search.mcts import puct, uct
from agot.agents.search.particles import weights
from agot.agents.search.sampling import growing
from agot.agents.search.tree import Node
from agot.protocols import Assessed
from agot.thought import Solution, Verdict

rewards = st.floats(0.0, 1.0)


def node(value: float | None = None, *, visits: int = 0, total: float = 0.0, prior: float = 1.0) -> Node:
    return Node(0, None, (), value=value, visits=visits, total=total, prior=prior)


def test_uct_is_mean_plus_bonus() -> None:
    parent, child = node(visits=10), node(visits=4, total=3.0)
    assert uct(parent, child, c=1.0) == pytest.approx(0.75 + math.sqrt(math.log(10) / 4))


def test_uct_visits_the_unvisited_first() -> None:
    assert uct(node(visits=3), node(), c=1.0) == math.inf


def test_virtual_loss_lowers_a_child_under_way() -> None:
    parent, child = node(visits=10), node(visits=4, total=3.0)
    before = uct(parent, child, c=1.0)
    child.waiting = 1
    assert uct(parent, child, c=1.0) < before


def test_puct_begins_with_the_state_s_own_value() -> None:
    parent = node(visits=9)
    assert puct(parent, node(0.6, prior=0.5), c=1.0) == pytest.approx(0.6 + 0.5 * 3.0)
    assert puct(parent, node(0.6, visits=2, total=1.0, prior=0.5), c=1.0) == pytest.approx(
        0.5 + 0.5 * 3.0 / 3
    )


def test_beam_keeps_the_best_states() -> None:
    assert keep_best(2, 3)([node(0.1), node(0.9), node(None), node(0.2)]) == [0, 3, 3, 0]


def test_rebase_serves_the_best_first() -> None:
    # softmax at T = 0.2 of 1.0 and 0.5: shares 0.924 and 0.076; ceil(8 * 0.924) = 8, nothing is left.
    assert rebase(8, 0.2)([node(0.5), node(1.0)]) == [0, 8]
    assert rebase(8, 1.0)([node(0.5), node(0.5)]) == [4, 4]


@given(st.lists(rewards, min_size=1, max_size=12), st.integers(0, 30), st.floats(0.05, 2.0))
def test_rebase_gives_out_its_width_and_prefers_higher_rewards(
    values: list[float], width: int, temperature: float
) -> None:
    given_out = rebase(width, temperature)([node(value) for value in values])
    assert sum(given_out) == width and min(given_out) >= 0
    ranked = sorted(zip(values, given_out, strict=True), reverse=True)
    for (above, more), (below, fewer) in itertools.pairwise(ranked):
        assert above == below or more >= fewer


def test_particle_weights_are_odds_at_temperature_one() -> None:
    assert weights([0.5, 0.8], 1.0) == pytest.approx([1 / 5, 4 / 5])


@given(st.lists(rewards, min_size=1, max_size=20), st.floats(0.1, 5.0))
def test_particle_weights_are_a_distribution_in_the_order_of_rewards(
    values: list[float], temperature: float
) -> None:
    share = weights(values, temperature)
    assert sum(share) == pytest.approx(1.0) and min(share) >= 0.0
    for (above, more), (below, fewer) in zip(
        sorted(zip(values, share, strict=True)), sorted(zip(values, share, strict=True))[1:], strict=False
    ):
        assert below >= above and fewer >= more - 1e-12


@given(st.integers(0, 300))
def test_growing_batches_add_up(most: int) -> None:
    sizes = growing(most)
    assert sum(sizes) == most and all(size > 0 for size in sizes)
    assert sizes[:4] == [2, 2, 4, 8] or most < 16


def chain(answer: str, probability: float | None = None) -> Solution:
    return Solution(
        answer=answer,
        steps=(f"so {answer} {probability}",),
        logprob=math.log(probability) if probability else None,
    )


def test_votes_count_equal_answers_together_however_written() -> None:
    elected = votes.tally([chain("1/2"), chain("0.5"), chain("2")])
    assert elected.answer in ("1/2", "0.5") and elected.votes == 3
    assert elected.confidence == pytest.approx(2 / 3) and elected.alternatives == (("2", 1),)


def test_rpc_weighs_by_probability_below_the_pruning_size() -> None:
    drawn = [chain("a", 0.9), chain("b", 0.3), chain("b", 0.31)]
    assert votes.rpc(drawn, prune_from=16).answer == "a"


def test_rpc_counts_the_same_chain_once() -> None:
    assert votes.rpc([chain("a", 0.5), chain("b", 0.4), chain("b", 0.4)], prune_from=16).answer == "a"


def test_rpc_without_probabilities_is_a_vote() -> None:
    assert votes.rpc([chain("a"), chain("b"), chain("b")], prune_from=2).answer == "b"


def test_pruning_drops_the_low_component() -> None:
    high, low = [0.9, 0.91, 0.92, 0.93, 0.9, 0.94, 0.92, 0.9], [0.2, 0.22, 0.25, 0.21]
    assert votes.unpruned(high + low) == [True] * 8 + [False] * 4
    assert votes.unpruned([0.5, 0.5, 0.5, 0.5]) == [True] * 4


@given(st.lists(rewards, min_size=1, max_size=40))
def test_pruning_never_drops_everything_nor_what_is_above_the_mean(values: list[float]) -> None:
    kept = votes.unpruned(values)
    mean = sum(max(value, 1e-6) for value in values) / len(values)
    assert any(kept)
    assert all(keep for keep, value in zip(kept, values, strict=True) if value > mean + 1e-9)


def assessed(answer: str, reward: float | None, *, proven: bool = False) -> Assessed:
    verdict = Verdict(check="x", reward=reward, conclusive=proven)
    return Assessed(solution=chain(answer), verdicts=(verdict,), reward=reward)


def test_weighted_majority_sums_rewards_by_answer() -> None:
    best = votes.weighted([assessed("a", 0.9), assessed("b", 0.5), assessed("b", 0.5)], "x")
    assert (best.solution.answer, best.solution.strategy, best.solution.votes) == ("b", "x", 3)


def test_proof_beats_any_number_of_doubts() -> None:
    drawn = [assessed("b", 0.9)] * 5 + [assessed("a", 1.0, proven=True)]
    assert votes.weighted(drawn, "x").solution.answer == "a"


def test_refuted_answers_do_not_vote_unless_all_are() -> None:
    refuted = assessed("b", 0.0, proven=True)
    assert votes.weighted([refuted, refuted, assessed("a", 0.1)], "x").solution.answer == "a"
    assert votes.weighted([refuted], "x").solution.answer == "b"


def test_association_must_touch_the_path_and_add_to_it() -> None:
    path = "How tall is the tower of Pisa?"
    assert novelty("The tower of Pisa has eight floors", path) == pytest.approx(3 / 6)
    assert novelty("the tower of Pisa", path) == 0.0
    assert novelty("completely unrelated words", path) == 0.0
