"""The words for what checks said: only what a check proved is called verified."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.agents.worth import JUDGE as JUDGE_OF_AGENTS
from agot.cli.tree import Node
from agot.cli.verdicts import COMPOSITION, JUDGE, said, standing, verdict_line, weakest
from agot.thought import Verdict
from agot.verifiers.composition import CompositionCheck

PROOF = Verdict(check="expression", reward=1.0, conclusive=True)
REFUTATION = Verdict(check="expression", reward=0.0, conclusive=True)


def judged(reward: float) -> Verdict:
    return Verdict(check=JUDGE, reward=reward)


def composed(reward: float) -> Verdict:
    return Verdict(check=COMPOSITION, reward=reward, conclusive=True)


def run(**parts: Verdict) -> dict[str, Node]:
    """Return the thoughts of a run put together from parts of which one verdict each tells; `a__b` is nested in `a`."""
    thoughts = {"root": Node("root", None, "all?", status="done", answer="whole")}
    for key, verdict in parts.items():
        name = key.replace("__", "/")
        parent = name.rpartition("/")[0] or "root"
        answer = f"of {name}"
        thoughts[name] = Node(
            name, parent, "a part?", status="done", answer=answer, reward=verdict.reward,
            checked=[("tried before", REFUTATION), (answer, verdict)],
        )  # fmt: skip
        thoughts[parent].parts.append(name)
    lowest = min(thoughts[name].reward or 0.0 for name in thoughts["root"].parts)
    thoughts["root"].reward = lowest
    thoughts["root"].checked = [("whole", composed(lowest))]
    return thoughts


def line(thoughts: dict[str, Node]) -> str:
    return verdict_line("whole", [verdict for _, verdict in thoughts["root"].checked], thoughts)


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        ([Verdict(check="form")], "not verified: no check could tell"),
        ([judged(0.934), PROOF], "verified: arithmetic recomputed, judge 0.93"),
        ([Verdict(check="mine", reward=1.0, conclusive=True)], "verified: mine confirmed"),
        ([judged(0.68)], "judged: judge 0.68"),
        ([Verdict(check="equations", reward=1.0), judged(0.68)], "judged: judge 0.68, equations 1.00"),
        ([Verdict(check="equations", reward=1.0)], "checked: equations 1.00"),
        ([judged(0.43)], "doubtful: judge 0.43"),
        ([Verdict(check="form", reward=0.0, conclusive=True)], "rejected: form wrong"),
        ([composed(0.87)], "every part passed, weakest: 0.87"),
    ],
)
def test_words_for_an_answer_that_stands_alone(verdicts: list[Verdict], words: str) -> None:
    assert verdict_line("42", verdicts, {}) == words


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"a": PROOF, "b": PROOF}, "verified: every part verified"),
        ({"a": judged(0.9), "b": judged(0.87)}, "every part judged, weakest b: 0.87"),
        (
            {"a": PROOF, "b": judged(0.87), "c": judged(0.9)},
            "1 of 3 parts verified, 2 judged, weakest b: 0.87",
        ),
        (
            {"a": PROOF, "b": Verdict(check="equations", reward=0.8)},
            "1 of 2 parts verified, 1 checked, weakest b: 0.80",
        ),
        ({"a": judged(0.31), "b": PROOF}, "doubtful: 1 of 2 parts verified, 1 judged, weakest a: 0.31"),
        ({"a": REFUTATION, "b": judged(0.9)}, "rejected: 1 of 2 parts judged, 1 refuted, weakest a: 0.00"),
    ],
)
def test_a_composition_tells_how_its_parts_were_checked(parts: dict[str, Verdict], words: str) -> None:
    thoughts = run(**parts)
    assert line(thoughts) == words
    root = thoughts["root"]
    assert words.endswith(said(root.checked[0][1], root, thoughts))


def test_of_a_part_that_is_itself_put_together_the_weak_part_is_named() -> None:
    thoughts = run(a=PROOF, b=composed(0.8), b__c=judged(0.8), b__d=PROOF)
    assert line(thoughts) == "1 of 2 parts verified, 1 judged, weakest b/c: 0.80"
    assert line(run(a=PROOF, b=composed(1.0), b__c=PROOF, b__d=PROOF)) == "verified: every part verified"


def test_a_split_that_is_less_sure_than_the_parts_is_no_proof() -> None:
    thoughts = run(a=PROOF, b=PROOF)
    thoughts["root"].checked = [("whole", composed(0.9))]
    assert line(thoughts) == "every part verified, the split itself: 0.90"
    assert standing(thoughts["root"], thoughts) == "checked"


def test_other_checks_of_a_composition_stand_behind_it() -> None:
    thoughts = run(a=judged(0.9), b=judged(0.87))
    thoughts["root"].checked.insert(0, ("whole", Verdict(check="equations", reward=1.0)))
    assert line(thoughts) == "every part judged, weakest b: 0.87; equations 1.00"


def test_an_ended_run_that_gives_the_answer_of_a_part_tells_of_that_part() -> None:
    thoughts = run(a=PROOF, b=composed(0.8), b__c=judged(0.8), b__d=PROOF)
    words = verdict_line("of b", [composed(0.8)], thoughts)
    assert words == "1 of 2 parts verified, 1 judged, weakest b/c: 0.80"


def test_a_part_that_has_no_answer_does_not_count() -> None:
    thoughts = run(a=PROOF, b=PROOF)
    thoughts["c"] = Node("c", "root", "needless?", status="skipped")
    thoughts["root"].parts.append("c")
    assert line(thoughts) == "verified: every part verified"


@given(st.lists(st.tuples(st.sampled_from(["judge", "equations", "stated"]), st.floats(0, 1)), min_size=1))
def test_without_a_proof_nothing_is_called_verified(told: list[tuple[str, float]]) -> None:
    verdicts = [Verdict(check=check, reward=reward) for check, reward in told]
    thoughts = run(**{f"p{place}": verdict for place, verdict in enumerate(verdicts)})
    for words in (verdict_line("42", verdicts, {}), line(thoughts)):
        assert "verified" not in words and "confirmed" not in words
    assert weakest([thoughts[name] for name in thoughts["root"].parts], thoughts) is not None


def test_checks_are_known_by_the_names_that_they_have() -> None:
    assert (CompositionCheck.name, JUDGE_OF_AGENTS) == (COMPOSITION, JUDGE)
