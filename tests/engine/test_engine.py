"""The engine's behaviour over a scripted model."""

from __future__ import annotations

import asyncio

import pytest

from agot.budget import Budget
from agot.errors import BudgetExceeded, ModelUnauthorised, ModelUnreachable
from agot.ids import ROOT
from agot.protocols import Assessed, ModelRequest
from agot.thought import Solution, ThoughtStatus, Verdict
from tests.scripted import mode, user_text

YES = "yes"


def solver(plans: dict[str, str], answers: dict[str, str], judge: str = YES):
    """Return a script that plans what is in `plans` and answers the rest."""

    def script(request: ModelRequest) -> str:
        if mode(request) == "verify":
            return judge
        question = user_text(request)
        if mode(request) in ("auto", "plan") and question in plans:
            return ("plan:\n" if mode(request) == "auto" else "") + plans[question]
        prefix = "chain:\n" if mode(request) == "auto" else ""
        return f"{prefix}answer: {answers.get(question, 'unknown')}"

    return script


async def test_simple_question_costs_one_call_if_arithmetic_settles_it(bench) -> None:
    b = bench(solver({}, {"What is 3+4?": "7"}))
    outcome = await b.run("What is 3+4?")
    assert outcome.best.solution.answer == "7"
    assert len(b.models.requests) == 1
    assert outcome.best.verdicts[-1].conclusive


async def test_simple_question_costs_two_calls_with_a_judge(bench) -> None:
    b = bench(solver({}, {"Who?": "Ann"}))
    outcome = await b.run("Who?")
    assert (outcome.status, outcome.best.solution.answer) == (ThoughtStatus.DONE, "Ann")
    assert [request.purpose for request in b.models.requests] == ["think", "judge"]


async def test_plan_runs_thoughts_with_answers_in_place_of_references(bench) -> None:
    plan = "1: Compute 2+3\n2: Compute 4*5\n3: Compute #1-#2"
    b = bench(
        solver({"Compute 2+3-4*5": plan}, {"Compute 2+3": "5", "Compute 4*5": "20", "Compute 5-20": "-15"})
    )
    outcome = await b.run("Compute 2+3-4*5")
    assert outcome.best.solution.answer == "-15"
    assert outcome.best.verdicts[-1].check in ("expression", "composition")
    assert set(b.engine.graph.nx.nodes) == {ROOT, "0.0", "0.1", "0.2"}
    assert set(b.engine.graph.nx.edges) == {("0.0", "0.2"), ("0.1", "0.2")}


async def test_wrong_plan_is_rejected_and_asked_for_again(bench) -> None:
    good = "1: Compute 2+3\n2: Compute #1*4"
    script = solver({"Compute (2+3)*4": good}, {"Compute 2+3": "5", "Compute 5*4": "20"})

    def first_wrong(request: ModelRequest) -> str:
        return (
            "plan:\n1: Compute 2+4\n2: Compute #1*4"
            if mode(request) == "auto" and "(2+3)*4" in user_text(request)
            else script(request)
        )

    b = bench(first_wrong)
    outcome = await b.run("Compute (2+3)*4")
    assert outcome.best.solution.answer == "20"
    assert len(b.of("plan_rejected")) == 1


async def test_nested_plan_becomes_nested_graph(bench) -> None:
    plans = {
        "Compute (1+2)*(3+4)+5": "1: Compute (1+2)*(3+4)\n2: Compute #1+5",
        "Compute (1+2)*(3+4)": "1: Compute 1+2\n2: Compute 3+4\n3: Compute #1*#2",
    }
    answers = {"Compute 1+2": "3", "Compute 3+4": "7", "Compute 3*7": "21", "Compute 21+5": "26"}
    b = bench(solver(plans, answers))
    outcome = await b.run("Compute (1+2)*(3+4)+5")
    assert outcome.best.solution.answer == "26"
    assert b.engine.graph.nx.nodes["0.0/0.2"]["parent_graph"] == "0.0"
    assert b.engine.graph.nx.nodes["0.0/0.2"]["depth"] == 2


async def test_depth_limit_answers_instead_of_splitting(bench) -> None:
    b = bench(solver({"Q?": "1: A?\n2: B #1?"}, {"Q?": "x"}), budget=Budget(depth=0))
    await b.run("Q?")
    assert list(b.engine.graph.nx.nodes) == [ROOT]


async def test_thought_starts_as_soon_as_its_parents_are_done(bench) -> None:
    started: list[str] = []
    slow = asyncio.Event()

    async def script(request: ModelRequest) -> str:
        question = user_text(request)
        if mode(request) == "verify":
            return YES
        if question == "Q?":
            return "plan:\n1: slow?\n2: quick?\n3: after #2?\n4: both #1 #3?"
        started.append(question)
        if question == "slow?":
            await slow.wait()
        if question.startswith("after"):
            slow.set()
        return "chain:\nanswer: a"

    b = bench(script)
    outcome = await asyncio.wait_for(b.run("Q?"), 5)
    assert outcome.status is ThoughtStatus.DONE
    assert started == ["slow?", "quick?", "after a?", "both a a?"]


async def test_layered_mode_waits_for_the_whole_layer(bench) -> None:
    order: list[str] = []

    async def script(request: ModelRequest) -> str:
        question = user_text(request)
        if mode(request) == "verify":
            return YES
        if question == "Q?":
            return "plan:\n1: slow?\n2: quick?\n3: after #2?\n4: both #1 #3?"
        if question == "slow?":
            await asyncio.sleep(0.05)
        order.append(question)
        return "chain:\nanswer: a"

    b = bench(script, mode="layered")
    await b.run("Q?")
    assert order.index("slow?") < order.index("after a?")


async def test_failed_thought_does_not_cancel_its_sibling(bench) -> None:
    def script(request: ModelRequest) -> str | Exception:
        question = user_text(request)
        if mode(request) == "verify":
            return YES
        if question == "Q?" and mode(request) == "auto":
            return "plan:\n1: bad?\n2: good?\n3: use #2?"
        if question == "bad?":
            return ModelUnreachable("down")
        return ("chain:\n" if mode(request) == "auto" else "") + "answer: a"

    b = bench(script)
    outcome = await b.run("Q?")
    assert outcome.status is ThoughtStatus.DONE
    assert b.engine.graph.status("0.0") is ThoughtStatus.FAILED
    assert b.engine.graph.status("0.2") is ThoughtStatus.DONE


async def test_question_is_answered_directly_if_its_graph_fails(bench) -> None:
    def script(request: ModelRequest) -> str | Exception:
        question = user_text(request)
        if mode(request) == "verify":
            return YES
        if question == "Q?" and mode(request) == "auto":
            return "plan:\n1: bad?\n2: use #1?"
        if question == "bad?":
            return ModelUnreachable("down")
        return ("chain:\n" if mode(request) == "auto" else "") + "answer: direct"

    b = bench(script)
    outcome = await b.run("Q?")
    assert outcome.best.solution.answer == "direct"
    assert b.engine.graph.status("0.1") is ThoughtStatus.SKIPPED


async def test_unauthorised_ends_the_run_at_once(bench) -> None:
    b = bench(lambda request: ModelUnauthorised("no key"))
    with pytest.raises(ModelUnauthorised):
        await b.run("Q?")
    assert len(b.models.requests) == 1


async def test_decline_abstains_with_the_reason(bench) -> None:
    b = bench(lambda request: "decline:\n")
    outcome = await b.run("Who wrote Hamlet?")
    assert outcome.status is ThoughtStatus.ABSTAINED
    assert len(b.models.requests) == 1


async def test_rejected_answer_is_followed_by_growing_batches(bench) -> None:
    def script(request: ModelRequest) -> str | list[str]:
        if mode(request) == "verify":
            return "yes" if "answer: right" in user_text(request) else "no"
        if mode(request) == "auto":
            return "chain:\nanswer: wrong"
        return ["answer: right"] * 5 + ["answer: wrong"] * 3

    b = bench(script)
    outcome = await b.run("Who?")
    assert outcome.best.solution.answer == "right"
    assert b.of("thought_retried")[0].strategy == "adaptive-best-of-n"


async def test_answers_that_are_rejected_and_never_agree_abstain(bench) -> None:
    def script(request: ModelRequest) -> str | list[str]:
        if mode(request) == "verify":
            return "no"
        if mode(request) == "auto":
            return "chain:\nanswer: Bob"
        return [f"answer: {name}" for name in "Ann Bea Cem Dan Eve Fay Gus Hal".split()]

    outcome = await bench(script).run("Who?")
    assert outcome.status is ThoughtStatus.ABSTAINED


async def test_unanimous_vote_is_kept_although_the_judge_doubts_it(bench) -> None:
    outcome = await bench(solver({}, {"Who?": "Bob"}, judge="no")).run("Who?")
    assert (outcome.status, outcome.best.reward) == (ThoughtStatus.DONE, 0.5)


async def test_whole_is_as_good_as_the_votes_on_its_doubted_parts(bench) -> None:
    question = "Start with Ann. Ask her. Ask him. Ask them. Who is it?"
    plan = "1: Start with Ann. Ask her. Who is it?\n2: Start with #1. Ask him. Ask them. Who is it?"
    answers = {
        "Start with Ann. Ask her. Who is it?": "Bob",
        "Start with Bob. Ask him. Ask them. Who is it?": "Eve",
    }
    b = bench(solver({question: plan}, answers, judge="no"))
    outcome = await b.run(question)
    assert (outcome.status, outcome.best.solution.answer) == (ThoughtStatus.DONE, "Eve")
    assert outcome.best.reward == 0.5
    assert b.engine.graph.finding("0.0").reward == 0.5


async def test_provably_wrong_answers_abstain(bench) -> None:
    b = bench(solver({}, {"What is 3+4?": "8"}))
    outcome = await b.run("What is 3+4?")
    assert outcome.status is ThoughtStatus.ABSTAINED


async def test_budget_of_calls_stops_before_next_call_and_keeps_partial(bench) -> None:
    # The judge of the second part takes the call that the third would need.
    plan = "1: Compute 2+3\n2: why #1?\n3: and #2?"
    b = bench(
        solver({"Q?": plan}, {"Compute 2+3": "5", "why 5?": "so", "and so?": "x"}), budget=Budget(calls=4)
    )
    with pytest.raises(BudgetExceeded) as fired:
        await b.run("Q?")
    assert (fired.value.kind, fired.value.used, fired.value.limit) == ("calls", 4, 4)
    assert len(b.models.requests) == 4
    tried, finding = b.engine.partial()
    assert tried is None and finding.answer == "so"


async def test_plan_that_calls_cannot_pay_is_answered_by_a_chain(bench) -> None:
    b = bench(solver({"Q?": "1: A?\n2: B #1?\n3: C #2?"}, {"Q?": "x"}), budget=Budget(calls=3), verify=False)
    outcome = await b.run("Q?")
    assert (outcome.best.solution.answer, len(b.models.requests)) == ("x", 2)
    assert "3 sub-questions, and only 2 calls" in b.of("plan_rejected")[0].feedback
    assert b.of("strategy_chosen")[-1].strategy == "chain"


async def test_plan_that_tokens_cannot_pay_is_answered_by_a_chain(bench) -> None:
    question = "Q? " + "word " * 40
    plans = {question: "1: A? " + "word " * 20 + "\n2: B #1? " + "word " * 20}
    b = bench(solver(plans, {question: "x"}), budget=Budget(tokens=360), verify=False)
    outcome = await b.run(question)
    assert outcome.best.solution.answer == "x"
    assert "tokens, and only" in b.of("plan_rejected")[0].feedback


async def test_question_is_not_planned_where_tokens_are_too_few_for_any_plan(bench) -> None:
    question = "Q? " + "word " * 40
    b = bench(solver({question: "1: A?\n2: B #1?"}, {question: "x"}), budget=Budget(tokens=300), verify=False)
    assert (await b.run(question)).best.solution.answer == "x"
    assert b.of("strategy_chosen")[0].strategy == "chain"
    assert not b.of("plan_rejected")


async def test_sibling_in_flight_is_let_finish_when_a_limit_fires(bench) -> None:
    async def script(request: ModelRequest) -> str:
        question = user_text(request)
        if mode(request) == "verify":
            return "no"
        if question == "Q?":
            return "plan:\n1: Compute 1+1\n2: two?\n3: both #1 #2?"
        if question == "Compute 1+1":
            await asyncio.sleep(0.02)
            return "chain:\nanswer: 2"
        return "chain:\nanswer: a"

    b = bench(script, budget=Budget(calls=4))
    with pytest.raises(BudgetExceeded):
        await b.run("Q?")
    assert b.engine.graph.status("0.0") is ThoughtStatus.DONE


async def test_thought_limit_answers_directly_and_says_so(bench) -> None:
    b = bench(solver({"Q?": "1: A?\n2: B #1?"}, {"Q?": "x"}), budget=Budget(thoughts=2))
    outcome = await b.run("Q?")
    assert outcome.best.solution.answer == "x"
    assert b.of("limit_fired")[0].limit == "thoughts"


async def test_plan_of_500_thoughts_is_sent_back(bench) -> None:
    plan = "\n".join(f"{i}: Q{i}?" for i in range(1, 501))
    b = bench(solver({"Q?": plan}, {"Q?": "x"}))
    outcome = await b.run("Q?")
    assert outcome.best.solution.answer == "x"
    assert "500 sub-questions" in b.of("plan_rejected")[0].feedback


async def test_fault_of_the_program_becomes_a_failed_thought(bench) -> None:
    def script(request: ModelRequest) -> str | Exception:
        return ZeroDivisionError("bug")

    b = bench(script)
    outcome = await b.run("Q?")
    assert outcome.status is ThoughtStatus.FAILED
    assert "ZeroDivisionError" in outcome.reason


async def test_early_stop_cancels_what_the_final_thought_does_not_need(bench) -> None:
    async def script(request: ModelRequest) -> str:
        question = user_text(request)
        if mode(request) == "verify":
            return YES
        if question == "Q?":
            return "plan:\n1: endless?\n2: quick?"
        if question == "endless?":
            await asyncio.sleep(60)
        return "chain:\nanswer: a"

    b = bench(script)
    outcome = await asyncio.wait_for(b.run("Q?"), 5)
    assert outcome.best.solution.answer == "a"
    assert b.engine.graph.status("0.0") is ThoughtStatus.SKIPPED


async def test_plan_of_one_thought_is_no_plan(bench) -> None:
    b = bench(solver({"Q?": "1: Q?"}, {"Q?": "x"}))
    outcome = await b.run("Q?")
    assert outcome.best.solution.answer == "x"
    assert "does not split" in b.of("plan_rejected")[0].feedback


def test_what_is_given_at_a_limit_is_the_best_that_is_known(bench) -> None:
    engine = bench(solver({}, {})).engine
    refuted = Verdict(check="stated", reward=0.0, conclusive=True)
    first, second = Solution(answer="a"), Solution(answer="b")
    for tried in (
        Assessed(solution=first),
        Assessed(solution=second),
        Assessed(solution=second, verdicts=(refuted,), reward=0.0),
        Assessed(solution=second.model_copy(update={"votes": 2})),
    ):
        engine._keep(ROOT, tried)
    given, _ = engine.partial()
    assert given is not None and given.solution.answer == "a", (
        "an unchecked answer is better than a refuted one"
    )
    engine._keep(ROOT, Assessed(solution=Solution(answer="c"), reward=0.9))
    given, _ = engine.partial()
    assert given is not None and given.solution.answer == "c"
