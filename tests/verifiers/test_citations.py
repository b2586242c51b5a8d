"""What an answer quotes, counts and names must stand in its sources."""

from __future__ import annotations

import pytest

from agot.thought import Finding, Solution, Task, Verdict
from agot.verifiers.citations import Claim, GroundingCheck, claims
from tests.bounded import bounded

MATERIAL = (
    "Ada Lovelace was born in London on 10 December 1815. She wrote that the engine “weaves algebraical patterns”. "
    "Her estate was worth £1,250.50."
)


def check(
    answer: str, *, material: str = MATERIAL, question: str = "Who was she?", **more: object
) -> Verdict:
    task = Task.model_validate({"question": question, "material": material, **more})
    return GroundingCheck()(task, Solution(answer=answer))


@pytest.mark.parametrize(
    "answer",
    [
        "Ada Lovelace was born in London in 1815.",
        'She said that it "weaves algebraical patterns".',
        "Her estate was worth 1250.50 pounds.",
        "In December, Lovelace's family lived in London.",
    ],
)
def test_grounded_answer_gets_the_full_share(answer: str) -> None:
    verdict = check(answer)
    assert verdict.reward == 1.0 and not verdict.conclusive and not verdict.feedback


@pytest.mark.parametrize(
    ("answer", "missing", "reward"),
    [
        ("Ada Lovelace was born in Paris in 1815.", "'Paris'", 2 / 3),
        ("Ada Lovelace was born in 1816.", "'1816'", 1 / 2),
        ('She said that it "weaves golden patterns".', "weaves golden patterns", 0.0),
        ("Her estate was worth 1250.5 pounds and 25 shillings.", "'25'", 1 / 2),
    ],
)
def test_what_is_not_grounded_is_named(answer: str, missing: str, reward: float) -> None:
    verdict = check(answer)
    assert verdict.reward == pytest.approx(reward) and missing in verdict.feedback


def test_without_material_or_claims_it_cannot_tell() -> None:
    assert check("Ada Lovelace", material="").reward is None
    assert check("She was a writer.").reward is None
    finding = Finding.model_validate({"thought": "0.0", "question": "Who?", "answer": "Marie Curie"})
    assert check("1867", material="", findings=(finding,)).reward is None


def test_findings_are_sources_and_the_question_may_be_repeated() -> None:
    finding = Finding.model_validate({"thought": "0.0", "question": "Where?", "answer": "In Rome, 44 BC"})
    assert check("It was in Rome that Brutus fell.", findings=(finding,)).reward == 0.5
    verdict = check(
        "It was in Rome that Gaius Caesar fell.", findings=(finding,), question="Where did Gaius Caesar fall?"
    )
    assert verdict.reward == 1.0
    quoted = check('"Where did Gaius Caesar fall" is asked.', question="Where did Gaius Caesar fall?")
    assert quoted.reward == 0.0
    named = check(
        'The word "banana" has 3 vowels.', question='How many vowels has "banana"?', material="3"
    )
    assert named.reward == 1.0


def test_quotations_alone_can_be_looked_at() -> None:
    task = Task(question="Who was she?", material=MATERIAL)
    only = GroundingCheck(("quotation",))
    assert only(task, Solution(answer="Born in Paris in 1816.")).reward is None
    invented = only(task, Solution(answer='In 1816 she wrote "golden patterns".'))
    assert invented.reward == 0.0 and "golden patterns" in invented.feedback


def test_what_a_tool_may_have_said_is_not_called_missing() -> None:
    task, check_ = Task(question="Who was she?", material=MATERIAL), GroundingCheck()
    found = Solution(answer='A site says "golden patterns".', strategy="tools")
    assert check_(task, found).reward is None


def test_parts_of_words_and_numbers_do_not_ground() -> None:
    assert check("It was 18.").reward == 0.0
    assert check("It was in Lond or so, says Ada Love.").reward == 0.0


def test_enumerators_and_first_words_are_no_claims() -> None:
    assert claims("1. Reading is good.\n2. Writing [1] too.") == []
    assert claims("The cost is 3.5 and Mr. Smith said \"no way\".") == [
        Claim("quotation", "no way"), Claim("number", "3.5"), Claim("name", "Smith"),
    ]  # fmt: skip


@pytest.mark.parametrize("unit", ['"', "A ", "Aa ", "1,", "1.", "A of ", "“", "a.", "A.B ", "1 "])
def test_no_text_takes_long(unit: str) -> None:
    with bounded():
        check(unit * (40_000 // len(unit)), material=unit * 40_000)
