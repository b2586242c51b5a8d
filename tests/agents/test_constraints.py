"""The constraint agent: what is read from wording, what a model adds, and what is checked how."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agot.agents.constraints import ConstraintCheck, extract
from agot.agents.dialects.standard import StandardDialect
from agot.agents.prompts.library import default
from agot.budget import Budget, Meter
from agot.engine.caller import Caller, CallRoom
from agot.errors import BudgetExceeded, ModelUnauthorised, ModelUnreachable
from agot.events import AnyEvent, Notice
from agot.ids import ROOT, RunId, ThoughtId
from agot.journal import Journal
from agot.models.structured import SchemaMemory
from agot.protocols import ModelRequest
from agot.thought import Constraint, Solution, Task, Verdict
from agot.verifiers.bindings import BINDINGS, CHECK_NAMES
from agot.verifiers.stated import read_constraints
from tests.scripted import Script, ScriptedModels, user_text

TASK = Task(question="Describe the sea.")


class Asked:
    """A caller on a scripted model, with what it warned of."""

    def __init__(self, script: Script = lambda request: "Yes", budget: Budget | None = None) -> None:
        self.models = ScriptedModels(script, dialect="standard")
        self.events: list[AnyEvent] = []
        room = CallRoom(
            self.models,
            Journal(RunId("r"), None, clock=time.time),
            self.events.append,
            lambda role: 0,
            seed=0,
        )
        self.ask = Caller(room, Meter(budget or Budget(), time.monotonic), ThoughtId(ROOT))
        self.dialect = StandardDialect(SchemaMemory(), most_thoughts=4)

    @property
    def warnings(self) -> list[str]:
        return [event.text for event in self.events if isinstance(event, Notice)]


def read(question: str) -> list[tuple[str, str, bool]]:
    return [(one.check, one.argument, one.hard) for one in read_constraints(question)]


async def checked(answer: str, *constraints: Constraint, asked: Asked | None = None) -> Verdict:
    return await ConstraintCheck(constraints)(TASK, Solution(answer=answer), (asked or Asked()).ask)


def bound(check: str, argument: str = "", *, hard: bool = True) -> Constraint:
    return Constraint(text=f"{check} {argument}", check=check, argument=argument, hard=hard)


# -- wording ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Explain gravity in less than 20 words.", [("max_words", "19", True)]),
        ("Explain gravity. Please write in exactly 10 words!", [("min_words", "10", True), ("max_words", "10", True)]),
        ("What is gravity?\nUse at least 30 words.", [("min_words", "30", True)]),
        ("Ideally, write an answer in less than 9 words.", []),
        ("Please try to answer in fewer than 9 words.", []),
        ("Answer in fewer than 9 words if possible.", [("max_words", "8", False)]),
        ("Answer with one of: yes, no, or maybe.", [("one_of", "yes|no|maybe", True)]),
        ("Answer only with \"true\" or 'false'.", [("one_of", "true|false", True)]),
        ("Give a number between -1 and 10, inclusive.", [("numeric_range", "-1..10", True)]),
        ("Describe a fire without using the words 'red' or 'hot'.", [("forbids", "red|hot", True)]),
        ("Can you describe a fire without the letter E?", [("pattern", r"\A[^eE]*\Z", True)]),
        ("Tell a story. Include the word \"moon\".", [("contains", "moon", True)]),
        ("Is 7 a prime number?", [("one_of", "yes|no|true|false", False)]),
    ],
)  # fmt: skip
def test_plain_demands_are_read(question: str, found: list[tuple[str, str, bool]]) -> None:
    assert read(question) == found


@pytest.mark.parametrize(
    ("question", "hard"),
    [
        ("Answer in at most 50 words.", True), ("You must answer with yes or no.", True), ("Answer yes or no.", False),
        ("Return the result as JSON.", False), ("Give your answer as an integer.", False), ("Reply with one word.", False),
    ],
)  # fmt: skip
def test_what_the_stated_check_reads_is_left_to_it(question: str, hard: bool) -> None:
    ((check, _, strict),) = read(f"How deep is the sea? {question}")
    assert (check, strict) == ("stated", hard)


@pytest.mark.parametrize(
    "question",
    [
        "Pick a number between 1 and 10 and square it.", "Give the number of primes between 1 and 10.",
        "How many integers between 1 and 10 are even?", "Is it red or blue?", "Can you tell me the capital of France?",
        "Does she know who won?", "Explain how he wrote a book in exactly 50 words.", "What is 6 * 7?",
        "She said to answer in at most 50 words. What did she mean?", "Why is 'the' the most frequent word?",
        "How would one write a novel without using the letter e?", "A sentence must include the word 'a'. Why?",
    ],
)  # fmt: skip
def test_no_demand_is_made_up(question: str) -> None:
    assert read(question) == []


def test_long_questions_are_read_without_backtracking_for_ever() -> None:
    for text in (
        "answer with " + "'a' or " * 3000,
        "can you " * 2500,
        "write " * 3300,
        "x. " * 6000,
        "answer one of: " * 1300,
    ):
        read(text)
    assert read("Answer in at most 5 words. " + "x" * 30_000) == []


@settings(deadline=None, max_examples=60)
@given(st.text(max_size=200))
def test_any_question_can_be_read(question: str) -> None:
    for one in read_constraints(question):
        BINDINGS[one.check](one.argument)


# -- extraction ------------------------------------------------------------------------------------

WRITTEN = '{"constraints": [{"text": "No red.", "check": "forbids", "argument": " RED "}, {"text": "Kind."}, {"text": "kind"}]}'


async def test_a_model_adds_what_the_wording_does_not_say() -> None:
    asked = Asked(lambda request: WRITTEN)
    task = Task(question="Describe a fire without using the word 'red'.")
    assert [one.check for one in await extract(task, asked.ask)] == ["forbids"]
    assert asked.models.requests == []
    found = await extract(task, asked.ask, asked.dialect, "fast")
    assert [(one.check, one.text) for one in found] == [("forbids", task.question), ("", "Kind.")]


async def test_a_flood_of_constraints_is_cut_and_told() -> None:
    many = ", ".join(f'{{"text": "rule {i}"}}' for i in range(40))
    asked = Asked(lambda request: f'{{"constraints": [{many}]}}')
    assert len(await extract(TASK, asked.ask, asked.dialect)) == 12
    assert "40 constraints" in asked.warnings[0]


async def test_without_the_model_the_wording_has_to_do() -> None:
    task = Task(question="Reply with one word.")
    for said in ("no JSON at all", ModelUnreachable("down")):
        asked = Asked(lambda request, said=said: said)  # type: ignore[misc]
        assert [one.check for one in await extract(task, asked.ask, asked.dialect)] == ["stated"]
        assert "could not be asked" in asked.warnings[-1]
    asked = Asked(lambda request: ModelUnauthorised("no"))
    with pytest.raises(ModelUnauthorised):
        await extract(task, asked.ask, asked.dialect)


# -- checks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "argument", "good", "bad", "open_"),
    [
        ("max_words", "3", ["a b c", "- a - b"], ["a b c d"], []),
        ("min_words", "2 words", ["a b"], ["a", "a -"], []),
        ("one_of", "red|dark blue", ["Red", "**red**", "It is dark  blue."], ["green", "bored"], []),
        ("one_of", '["1/2", "2"]', ["0.5", "2"], ["3"], []),
        ("integer", "", ["7", "-3", "1,000", "7.0"], ["7.5", "1/3"], ["many"]),
        ("numeric_range", "1..10", ["1", "10", "7.5", "the answer is 3"], ["11", "-1"], ["3 or 40", "80/100", "none", "3 dozen and 12 more"]),
        ("numeric_range", "..5", ["-100", "5"], ["6"], []),
        ("numeric_range", "between 1 and 10", ["2"], ["12"], []),
        ("numeric_range", "[0, 1]", ["50%", "0.5"], ["2"], []),
        ("contains", "sea|blue sky", ["The SEA under a blue\n sky"], ["seaside, blue sky", "sea"], []),
        ("forbids", "red|,", ["bored"], ["Red.", "a, b"], []),
        ("pattern", r"^\d{4}$", ["1999"], ["99", "year 1999"], []),
        ("pattern", r"\d{4}", ["year 1999"], ["99"], []),
        ("json_schema", "{}", ["[1]", '```json\n{"a": 1}\n```'], ["a: 1"], []),
        ("json_schema", '{"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}', ['{"a": 1}'], ['{"a": "1"}', "{}"], []),
        ("stated", "Answer yes or no.", ["Yes"], ["perhaps"], []),
    ],
)  # fmt: skip
async def test_each_check(
    check: str, argument: str, good: list[str], bad: list[str], open_: list[str]
) -> None:
    asked = Asked()
    rule = ConstraintCheck([bound(check, argument)])
    for answers, reward in ((good, 1.0), (bad, 0.0), (open_, None)):
        for answer in answers:
            (ruling,) = await rule.rulings(TASK, Solution(answer=answer), asked.ask)
            assert ruling.reward == reward, answer
    assert asked.warnings == []


def test_every_check_is_told_to_the_model() -> None:
    assert all(f'"{name}"' in default("constraints").text for name in CHECK_NAMES)
    assert "stated" not in CHECK_NAMES


CATASTROPHIC = r"^(a|aa)+$"


@pytest.mark.parametrize(
    ("check", "argument"),
    [
        ("pattern", "("), ("pattern", ""), ("pattern", "a" * 400), ("pattern", "(" * 200 + ")" * 200),
        ("pattern", "(?:(?:(?:a{999}){999}){999}){999}"), ("pattern", "(?:a{900,}){900}"), ("pattern", "a{99999999999}"),
        ("pattern", r"\L<x>"), ("pattern", r"\p{nonsense}"), ("pattern", "(?P<a>x)(?P<a>y)(?P=b)"),
        ("json_schema", "not json"), ("json_schema", "[]"), ("json_schema", '{"type": "nonsense"}'),
        ("json_schema", '{"pattern": "(a+)+$"}'), ("json_schema", '{"$ref": "http://127.0.0.1/x"}'),
        ("json_schema", '{"properties": {"a": {"uniqueItems": true}}}'), ("json_schema", "[" * 5000),
        ("json_schema", '{"items": ' * 600 + "{}" + "}" * 600), ("json_schema", '{"not": {"patternProperties": {}}}'),
        ("max_words", "many"), ("max_words", "-1"), ("min_words", "9" * 50), ("numeric_range", "low..high"), ("numeric_range", ".."),
        ("numeric_range", "10..1"), ("one_of", ""), ("one_of", "|"), ("contains", "a" * 999), ("forbids", "|".join(["a"] * 99)),
        ("telepathy", "x"),
    ],
)  # fmt: skip
async def test_an_ill_formed_argument_drops_the_check_with_a_warning(check: str, argument: str) -> None:
    asked = Asked()
    rule = ConstraintCheck([bound(check, argument), bound("max_words", "1")], asked.dialect)
    verdict = await rule(TASK, Solution(answer="sea"), asked.ask)
    assert verdict.reward == 1.0, "the judge was asked instead"
    await rule(TASK, Solution(answer="ocean"), asked.ask)
    assert len(asked.warnings) == 1 and f"not checked by {check!r}" in asked.warnings[0]


async def test_a_catastrophic_pattern_is_dropped_after_its_first_answer() -> None:
    asked = Asked()
    rule = ConstraintCheck([bound("pattern", CATASTROPHIC)])
    for _ in range(20):
        assert (await rule(TASK, Solution(answer="a" * 300 + "!"), asked.ask)).reward is None
    assert len(asked.warnings) == 1 and "0.1 s" in asked.warnings[0]


@settings(deadline=None, max_examples=100)
@given(st.sampled_from([*BINDINGS, "x"]), st.text(max_size=60), st.text(max_size=60))
async def test_no_argument_and_no_answer_breaks_it(check: str, argument: str, answer: str) -> None:
    verdict = await checked(answer, bound(check, argument, hard=False))
    assert verdict.reward is None or 0.0 <= verdict.reward <= 1.0


# -- verdicts --------------------------------------------------------------------------------------


async def test_a_broken_hard_constraint_refutes_and_says_which_and_how() -> None:
    verdict = await checked("red sea today", bound("forbids", "red"), bound("max_words", "2", hard=False))
    assert (verdict.reward, verdict.conclusive) == (0.0, True)
    assert "requirement 'forbids red'" in verdict.feedback and "wish 'max_words 2'" in verdict.feedback
    assert "'red sea today'" in verdict.feedback


async def test_broken_wishes_lower_the_reward_by_their_share() -> None:
    wishes = [bound("max_words", "1", hard=False), bound("contains", "sea", hard=False)]
    one, two = await checked("red sea", *wishes), await checked("red sun", *wishes)
    assert one.reward is not None and two.reward is not None
    assert 0.3 <= two.reward < one.reward < 0.5 and not one.conclusive
    assert "contains" not in one.feedback and "contains" in two.feedback


async def test_constraints_that_hold_do_not_make_an_answer_right() -> None:
    assert await checked("sea", bound("max_words", "1")) == Verdict(check="constraints")
    assert await checked("sea") == Verdict(check="constraints")


def says(*words: str) -> Callable[[ModelRequest], str]:
    left = iter(words)
    return lambda request: next(left)


async def test_the_rest_is_put_to_the_judge_one_by_one() -> None:
    rules = [Constraint(text="It rhymes </question>."), Constraint(text="It is kind.", hard=False)]

    async def verdict(*words: str) -> tuple[Verdict, Asked]:
        asked = Asked(says(*words))
        rule = ConstraintCheck(rules, asked.dialect)
        return await rule(TASK, Solution(answer="sea, see"), asked.ask), asked

    both, asked = await verdict("Yes", "Yes")
    assert both == Verdict(check="constraints", reward=1.0)
    sent = user_text(asked.models.requests[0])
    assert sent.startswith("Describe the sea.\n\nThe question above states a requirement: It rhymes &lt;/question>.\n")
    assert asked.models.requests[0].role == "judge"
    hard, _ = await verdict("No, it does not.", "Yes")
    assert (hard.reward, hard.conclusive) == (0.0, False) and "(says the judge)" in hard.feedback
    soft, _ = await verdict("Yes", "No")
    assert soft.reward == 0.3 and "wish" in soft.feedback
    unknown, asked = await verdict("Yes", "Who knows")
    assert unknown.reward is None and len(asked.warnings) == 1


async def test_no_judge_is_asked_about_what_is_refuted_already() -> None:
    asked = Asked()
    rule = ConstraintCheck([bound("max_words", "1"), Constraint(text="It is kind.")], asked.dialect)
    assert (await rule(TASK, Solution(answer="two words"), asked.ask)).conclusive
    assert asked.models.requests == []


async def test_a_spent_budget_is_not_hidden() -> None:
    asked = Asked(budget=Budget(calls=1))
    rule = ConstraintCheck([Constraint(text="a"), Constraint(text="b")], asked.dialect)
    with pytest.raises(BudgetExceeded):
        await rule(TASK, Solution(answer="x"), asked.ask)
