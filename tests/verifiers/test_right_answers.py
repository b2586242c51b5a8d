"""A right answer is never refuted, however it is written; what is surely wrong still is."""

from __future__ import annotations

import pytest

from agot.protocols import Check
from agot.thought import Plan, PlannedThought, Solution, Task, Verdict
from agot.verifiers import plans
from agot.reading.answers import normal
from agot.verifiers.arithmetic import ExpressionCheck, asked_expression
from agot.verifiers.countdown import CountdownCheck
from agot.verifiers.equations import EquationCheck
from agot.reading.expressions import expressions
from agot.verifiers.forms import FormCheck
from agot.verifiers.stated import StatedCheck
from tests.bounded import bounded

CHECKS: tuple[Check, ...] = (
    EquationCheck(), ExpressionCheck(), CountdownCheck(), FormCheck(), StatedCheck(),
)  # fmt: skip


def check(verifier: Check, question: str, answer: str, *steps: str) -> Verdict:
    solution = Solution(answer=answer, steps=steps)
    return verifier(Task(question=question), solution)


RIGHT_STEPS = """5/20 = 25%|3/4 = 75 percent|17 / 5 = 3 r2|7/4 = 1 3/4|5/2 = 2½|1000/3 = 333|2/3 = 0.666...|x*2 + 4 = 10
price * 2 + 4 = 10|_ + 3 + 4 = 10|√9 + 16 = 19|log 100 + 1 = 3|half of 10 + 4 = 9|10% of 50 + 5 = 10|2 \\cdot 3 + 4 = 10
2 * 1500 = 3e3|6.02 * 10^23 = 6.02e23|9 + 5 = 2 (mod 12)|11 + 3 = 2 PM|28 + 2 = 1 March|9-5 = 8 hours|10-20 = 11 pages
Step 1 - 3 + 4 = 7|1. -3 + 10 = 7|Not 2 + 2 = 5 but 2 + 2 = 4|12*12=124, no: 12*12=144|Suppose 3*4 = 13, contradiction
- 3 + 4 = 7|1 - 3 + 4 = 7|max(3, 5) + 1 = 6|8^(1/3) = 2|-3^2 = 9|1.500 + 1 = 1501|270 + 180 = 90°|101 + 1 = 110₂
2+2=5? no|24/7 = 168|12/25/2020 = 44190|0x10 + 1 = 17|(2 + 3)! = 120|17 mod 5 = 2|10/3 = 4 buses"""


@pytest.mark.parametrize("step", [step for line in RIGHT_STEPS.splitlines() for step in line.split("|")])
def test_right_step_is_not_refuted(step: str) -> None:
    verdict = check(EquationCheck(), "How much?", "1", step)
    assert verdict.reward != 0.0 and not verdict.conclusive


@pytest.mark.parametrize(
    "steps",
    [
        ("3+4=7 -> 7*2-5",),
        ("39*20=780, 39*2=78, 39*22=858 -> 858+1",),
        ("minutes: 48-16=32",),
        ("3-20=-17, March has 31 days; -17+31=14 -> 2017-03-14",),
        ("1-(-1)=2",),
        ("total: 1+7=8, 8+4=12",),
        ("11-7=4 (left: 6 4)",),
        ("1. 3 + 4 = 7",),
        ("**3 + 4 = 7**",),
        ("So she has (3+4=7) apples",),
        ("5/20 = 25%",),
        ("10/3 = 3",),
    ],
)
def test_right_equations_count_for_the_solution(steps: tuple[str, ...]) -> None:
    assert check(EquationCheck(), "q", "1", *steps).reward == 1.0


@pytest.mark.parametrize(
    "steps",
    [
        ("3+4=8 -> 8*2-5",),
        ("39*20=780, 39*2=88, 39*22=858 -> 858+1",),
        ("minutes: 48-16=33",),
        ("3-20=-17, March has 31 days; -17+31=15 -> 2017-03-15",),
        ("total: 1+7=8, 8+4=13",),
        ("11-7=5 (left: 6 5)",),
        ("Step 2: 3 + 4 = 8",),
        ("1. 3 + 4 = 8.",),
        ("3 + 4 = **8**",),
        ("10/3 = 5",),
        ("3+4=7 -> 7*2+1", "7*2=14 -> 14+2"),
    ],
)
def test_false_equation_that_stands_alone_is_refuted(steps: tuple[str, ...]) -> None:
    verdict = check(EquationCheck(), "q", "1", *steps)
    assert verdict.reward == 0.0 and verdict.conclusive and verdict.feedback


@pytest.mark.parametrize(
    "steps", [("3 + 4 = 8 apples",), ("she has 3 + 4 = 8",), ("2+3=6", "wait, that is a mistake; 2+3=5")]
)
def test_false_equation_within_a_sentence_is_left_to_a_judge(steps: tuple[str, ...]) -> None:
    verdict = check(EquationCheck(), "q", "1", *steps)
    assert verdict.reward == 0.3 and not verdict.conclusive


def test_equation_that_a_later_step_puts_right_is_not_conclusive() -> None:
    assert not check(EquationCheck(), "q", "144", "12*12=124", "12*12=144").conclusive


RIGHT_VALUES = [
    ("What is 17 * 3?", r"**51**|\boxed{51}|$51$|17 * 3 = 51|The answer is 51|51.0|`51`|51 apples"),
    ("What is 1/2 + 1/3?", r"5/6|\frac{5}{6}|0.8333…|0.83"),
    ("What is 10 / 4?", "2 1/2|2½|5/2"),
    ("What is 1000 * 1000?", "1e6|10^6|1 000 000|1,000,000|1.000.000|1'000'000|1 million"),
    ("What is 5 - 8?", "minus 3|- 3|(-3)|−3"),
    ("What is 10 / 3?", "3.3333…|3.33|≈3.33|10/3|3 1/3"),
    ("What is 1 - 1?", "zero|0|-0"),
    ("Simplify 6/8.", "3/4|0.75"),
    ("Evaluate 1/3000000", "0.0000003"),
    ("What is 2^60?", "1.15 × 10^18"),
]


@pytest.mark.parametrize(
    ("question", "answer"), [(q, answer) for q, answers in RIGHT_VALUES for answer in answers.split("|")]
)
def test_value_is_accepted_in_any_form(question: str, answer: str) -> None:
    verdict = check(ExpressionCheck(), question, answer)
    assert verdict.reward == 1.0 and verdict.conclusive


@pytest.mark.parametrize("answer", ["52", "**52**", "17 * 3 = 52", "The answer is 52", "5/6", "-51", "51.5"])
def test_wrong_value_is_refuted_in_any_form(answer: str) -> None:
    verdict = check(ExpressionCheck(), "What is 17 * 3?", answer)
    assert verdict.reward == 0.0 and verdict.conclusive


@pytest.mark.parametrize("answer", ["fifty-one", "LI", "not 52", "50 or 52", "I do not know", "12:45"])
def test_answer_without_one_clear_number_is_left_open(answer: str) -> None:
    assert check(ExpressionCheck(), "What is 17 * 3?", answer).reward is None


@pytest.mark.parametrize("answer", ["17 * 3", "52 dollars", "5!"])
def test_doubtful_value_is_left_to_a_judge(answer: str) -> None:
    assert not check(ExpressionCheck(), "What is 17 * 3?", answer).conclusive


NAMES = (
    "What is 9/11?|What is 9-1-1?|What is 24/7?|What is 4-4-2?|What is 7-11?|What is 20/20?|What is 555-1234?"
)


@pytest.mark.parametrize("question", [*NAMES.split("|"), "What is 1/2/2024?", "Help me find 555-0199"])
@pytest.mark.parametrize("answer", ["something else", "7", "January 2, 2024"])
def test_names_that_look_like_arithmetic_are_never_refuted(question: str, answer: str) -> None:
    verdict = check(ExpressionCheck(), question, answer)
    assert verdict.reward != 0.0 and not verdict.conclusive


NOT_ASKED = """What is |3 - 5|?;What is √9 + 16?;Compute (2 + 3)!;What is 3 + 5!?;What is 0x10 + 1?;What is tan 45 + 1?
What is (3+4)²?;What is 5% of 20 + 3?;Hello - 3 + 4;What is sin 30 + 1?;What is 8/2(2+2)?;What is 1,5 + 1,5?"""


@pytest.mark.parametrize(
    "question", [question for line in NOT_ASKED.splitlines() for question in line.split(";")]
)
def test_more_than_an_expression_is_not_taken_for_one(question: str) -> None:
    assert asked_expression(question) is None


@pytest.mark.parametrize("question", ["Compute 9/11", "72-26 = ?", "What is 9 / 11?", "What is (7-11)?"])
def test_computation_asked_for_is_refuted_if_wrong(question: str) -> None:
    assert check(ExpressionCheck(), question, "5").reward == 0.0


OTHER_PUZZLES = [
    ("Using some of the numbers 4, 7, 8, 1, make 24.", "(7-4)*8"),
    ("Numbers 100, 75, 50, 25, 6, 3. Target 175. Use each at most once.", "100+75"),
    ("Can you make 24 using 1, 1, 1, 1?", "No"),
    ("The triangle with sides 3, 4, 5 has area equal to 6. What is its perimeter?", "12"),
    ("Find two numbers from 3, 5, 8, 11 with total 16", "5 and 11"),
    ("Use 1, 2, 3 to make 10, is it possible?", "no"),
    ("Use 1, 1, 1, 1 each exactly once to make 24.", "It is impossible."),
]


@pytest.mark.parametrize(("question", "answer"), OTHER_PUZZLES)
def test_countdown_leaves_other_questions_and_answers_open(question: str, answer: str) -> None:
    assert check(CountdownCheck(), question, answer).reward is None


FORMS = r"**(7-4)*8*1**|24 = (7-4)*8*1|8(7-4)*1|$(7-4)\times 8\times 1$|[(7-4)*8]*1|One way is (7-4)*8*1"


@pytest.mark.parametrize("answer", FORMS.split("|"))
def test_countdown_accepts_an_expression_in_any_form(answer: str) -> None:
    assert check(CountdownCheck(), "Use 4, 7, 8, 1 to make 24.", answer).reward == 1.0


@pytest.mark.parametrize(
    "question", ["Use 3, 5, 7, 13 to make 24", "Use each of 3, 5, 7, 13 exactly once to make 24"]
)
def test_a_bare_number_that_was_not_given_is_no_way_to_make_another(question: str) -> None:
    for answer in ("21", "24"):
        verdict = check(CountdownCheck(), question, answer)
        assert verdict.reward == 0.0 and verdict.conclusive
    assert not check(CountdownCheck(), "Use 24, 3 to make 24", "24").conclusive


@pytest.mark.parametrize("answer", ["100+40", "140 + 3", "(12)*11"])
def test_value_given_as_a_wrong_expression_is_wrong(answer: str) -> None:
    verdict = check(ExpressionCheck(), "What is 12*12?", answer)
    assert verdict.reward == 0.0 and verdict.conclusive


@pytest.mark.parametrize("answer", ["12*12", "100+44", "12*(6+6)"])
def test_value_that_is_not_worked_out_is_left_open(answer: str) -> None:
    assert check(ExpressionCheck(), "What is 12*12?", answer).reward is None


def test_countdown_without_the_word_once_does_not_insist_on_all_numbers() -> None:
    assert not check(CountdownCheck(), "Use 4, 7, 8, 1 to make 24.", "(7-4)*8").conclusive
    assert check(CountdownCheck(), "Game of 24: 4, 7, 8, 1", "(7-4)*8").conclusive


STATED = [
    ("Is 7 prime? Answer yes or no.", "**Yes**"),
    ("Is 7 prime? Answer yes or no.", "Yes, it is."),
    ("Answer in JSON", '```json\n{"a":1}\n```'),
    ("How do I return a dict as JSON in Flask?", "jsonify(d)"),
    ("Why is the answer an integer?", "because"),
    ("Prove the answer is an integer.", "By induction"),
    ("Give me the name of the C function that parses a string as an integer.", "atoi"),
    ("Was it said in at most 2 words?", "It was said at the beginning"),
    ("Round 3.14159 to two decimal places.", "3.14 m"),
    ("How does one round to two decimal places in Excel?", "=ROUND(A1,2)"),
    ("Give the area as an integer.", "12 m²"),
]


@pytest.mark.parametrize(("question", "answer"), STATED)
def test_constraint_is_stated_only_by_an_imperative(question: str, answer: str) -> None:
    assert check(StatedCheck(), question, answer).reward is None


@pytest.mark.parametrize("answer", ["#MeToo", "#ffffff", "#42", "#general", "hello"])
def test_hashtags_and_echoes_of_short_questions_are_answers(answer: str) -> None:
    assert check(FormCheck(), "hello", answer).reward is None


def plan_of(*questions: str, final: str = "") -> Plan:
    thoughts = tuple(PlannedThought(key=str(i), question=q) for i, q in enumerate(questions, start=1))
    return Plan(thoughts=thoughts, final=final or str(len(questions)))


PETS = "Alice has 3 cats. Bob has 4 dogs. Carl has 5 fish. How many pets do they have?"


@pytest.mark.parametrize("verbatim", [True, False])
@pytest.mark.parametrize(
    "plan",
    [
        plan_of("Alice has 3 cats. Bob has 4 dogs.", "Carl has 5 fish. How many pets do they have?"),
        plan_of("Alice has 3 cats. Bob has 4 dogs.", "#1 Carl has 5 fish. How many pets do they have?", final="1"),
        plan_of("Alice has 3 cats.", "#1 Bob has 4 dogs.", "#1 Carl has 5 fish. How many pets do they have?"),
    ],
)  # fmt: skip
def test_plan_whose_parts_are_not_put_together_is_not_accepted(plan: Plan, verbatim: bool) -> None:
    assert plans.check_plan(Task(question=PETS), plan, verbatim=verbatim).reward is None


def test_plan_is_conclusive_only_if_verbatim() -> None:
    plan = plan_of("Alice has 3 cats. Bob has 4 dogs.", "#1 Carl has 5 fish. How many pets do they have?")
    assert plans.check_plan(Task(question=PETS), plan, verbatim=True).conclusive
    assert not plans.check_plan(Task(question=PETS), plan, verbatim=False).conclusive


HARMFUL = "( |1+|1|(1|1 x | |- |1,|1 plus |#1|\n|[|=|1+1=2, |1+1=3 a, |. |\\frac{|```a |1/|2**2**|(a=|Round to ".split(
    "|"
)


@pytest.mark.parametrize("size", [900, 4000, 200_000])
@pytest.mark.parametrize("unit", HARMFUL)
def test_no_text_takes_long(unit: str, size: int) -> None:
    text = unit * (size // max(1, len(unit)))
    plan = plan_of(text, text)

    with bounded():
        for verifier in CHECKS:
            check(verifier, text, text, text)
            check(verifier, "What is 3 + 4?", text, text, text)
        plans.check_plan(Task(question=text), plan, verbatim=True)
        plans.clauses(text)
        normal(f"[{text}]")
        expressions(text)


def test_deeply_nested_lists_have_a_normal_form() -> None:
    assert normal("[" * 400 + "]" * 400)
