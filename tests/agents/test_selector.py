"""The selection agent: what follows a doubted answer, and when nothing does."""

from __future__ import annotations

from collections.abc import Sequence

from agot.agents.selection.difficulty import Row, Table
from agot.agents.selector import Selector, Stop, Use
from agot.ids import RunId
from agot.learning import Outcome, verifier_subject
from agot.protocols import Assessed
from agot.thought import Solution, Task, Verdict
from tests.agents.conftest import Lessons

TASK = Task(question="What is 3+4?")
LADDER = ("adaptive-best-of-n", "tot-bfs", "mcts")
SILENT = Table(rows=(Row(difficulty=3, tokens=0, strategy="elsewhere", effort=1),))


def tried(
    answer: str,
    reward: float | None,
    *,
    check: str = "judge",
    conclusive: bool = False,
    strategy: str = "chain",
) -> Assessed:
    verdict = Verdict(check=check, reward=reward, conclusive=conclusive)
    return Assessed(solution=Solution(answer=answer, strategy=strategy), verdicts=(verdict,), reward=reward)


def refuted(answer: str) -> Assessed:
    return tried(answer, 0.0, check="expression", conclusive=True)


async def following(
    selector: Selector, done: list[Assessed], made: list[str], tokens_left: int | None = None
) -> Use | Stop:
    return await selector.next(TASK, done, made, tokens_left=tokens_left)


async def test_cheapest_of_the_ladder_comes_first() -> None:
    move = await following(Selector(None, LADDER, table=SILENT), [tried("8", 0.2)], ["chain"])
    assert move.strategy == "adaptive-best-of-n" and "cheapest" in move.why


async def test_no_search_against_a_judge_alone() -> None:
    move = await following(Selector(None, LADDER, table=SILENT), [tried("8", 0.2)] * 2, ["chain", LADDER[0]])
    assert isinstance(move, Stop) and "judge" in move.why


async def test_search_follows_proven_mistakes() -> None:
    move = await following(Selector(None, LADDER, table=SILENT), [refuted("8")] * 2, ["chain", LADDER[0]])
    assert move.strategy == "tot-bfs"


async def test_lessons_of_other_runs_choose_among_searches(lessons: Lessons) -> None:
    from agot.agents.selection.cluster import cluster_of

    earlier = await lessons.learnt(RunId("earlier"))
    await earlier.record([
        Outcome(kind="strategy", subject=cluster_of(TASK), arm=arm, thought="root", ordinal=n, reward=reward)
        for arm, reward in (("tot-bfs", 0.1), ("mcts", 0.9)) for n in range(10)
    ])  # fmt: skip
    selector = Selector(await lessons.learnt(RunId("later")), LADDER, table=SILENT)
    move = await following(selector, [refuted("8")] * 2, ["chain", LADDER[0]])
    assert move.strategy == "mcts" and "0.90" in move.why


async def test_table_decides_by_difficulty_and_tokens_left() -> None:
    table = Table(rows=(
        Row(difficulty=5, tokens=0, strategy="stop", effort=0), Row(difficulty=5, tokens=5000, strategy="mcts", effort=12),
    ))  # fmt: skip
    selector = Selector(None, LADDER, table=table)
    rich = await following(selector, [refuted("8")] * 2, ["chain", LADDER[0]], tokens_left=9000)
    assert (rich.strategy, rich.samples) == ("mcts", 12)
    poor = await following(selector, [refuted("8")] * 2, ["chain", LADDER[0]], tokens_left=900)
    assert isinstance(poor, Stop) and "hardest fifth" in poor.why


async def test_table_may_skip_what_does_not_pay() -> None:
    table = Table(rows=(Row(difficulty=5, tokens=0, strategy="mcts", effort=0),))
    move = await following(Selector(None, LADDER, table=table), [refuted("8")], ["chain"])
    assert move.strategy == "mcts" and "hardest fifth" in move.why
    judged = await following(Selector(None, LADDER, table=table), [tried("8", 0.1)], ["chain"])
    assert judged.strategy == LADDER[0], "a judge alone is not searched against, whatever the table says"


async def test_model_s_rating_chooses_where_nothing_was_learnt() -> None:
    asked: list[list[str]] = []

    async def rate(names: Sequence[str]) -> dict[str, float]:
        asked.append(list(names))
        return {"mcts": 0.9, "tot-bfs": 0.2}

    selector = Selector(None, LADDER, table=SILENT)
    move = await selector.next(TASK, [refuted("8")] * 2, ["chain", LADDER[0]], tokens_left=None, rate=rate)
    assert move.strategy == "mcts" and "rated best by the model" in move.why
    await selector.next(TASK, [refuted("8")], ["chain", *LADDER[:-1]], tokens_left=None, rate=rate)
    assert asked == [list(LADDER[1:])], "where one is left there is nothing to rate"


async def test_spent_ladder_stops() -> None:
    move = await following(Selector(None, LADDER, table=SILENT), [refuted("8")], ["chain", *LADDER])
    assert isinstance(move, Stop)


async def test_judge_known_to_be_useless_ends_the_tries(lessons: Lessons) -> None:
    from agot.agents.selection.cluster import cluster_of

    cluster = cluster_of(TASK)
    await (await lessons.learnt(RunId("earlier"))).record([
        Outcome(kind="verifier", subject=verifier_subject("judge", cluster), arm="fp", thought="root", ordinal=n, reward=0.0)
        for n in range(40)
    ] + [
        Outcome(kind="strategy", subject=cluster, arm="chain", thought="root", ordinal=n, reward=0.05) for n in range(40)
    ])  # fmt: skip
    selector = Selector(await lessons.learnt(RunId("later")), LADDER, table=SILENT)
    move = await following(selector, [tried("8", 0.2)], ["chain"])
    assert isinstance(move, Stop) and "abstain" in move.why


async def test_outcomes_and_the_judge_s_fortune_are_taught_once(lessons: Lessons) -> None:
    from agot.agents.selection.cluster import cluster_of

    cluster = cluster_of(TASK)
    selector = Selector(await lessons.learnt(RunId("one")), LADDER, table=SILENT)
    drawn = [tried("7", 0.9), tried("7", 0.8), tried("7", 0.2), tried("9", 0.9)]
    selector.note(
        TASK, [tried("7", 0.3), tried("7", 0.9, strategy="adaptive-best-of-n")], drawn, accept=0.5, tokens=200
    )
    await selector.teach()
    await selector.teach()
    told = await (await lessons.learnt(RunId("two"))).tallies("strategy", cluster)
    assert {arm: (tally.n, tally.tokens, tally.recoveries) for arm, tally in told.items()} == {
        "chain": (1, 100, 0), "adaptive-best-of-n": (1, 100, 1),
    }  # fmt: skip
    judged = await (await lessons.learnt(RunId("two"))).tallies("verifier", verifier_subject("judge", cluster))
    assert {arm: tally.n for arm, tally in judged.items()} == {"tp": 2, "fn": 1, "fp": 1}


async def test_a_model_that_answered_twice_is_taught_twice_and_once_only(lessons: Lessons) -> None:
    learnt = await lessons.learnt(RunId("one"))
    for _ in range(2):  # the second time as after a resume
        selector = Selector(learnt, LADDER, table=SILENT)
        for answer, other in (("8", "9"), ("7", "8")):
            selector.answered(TASK, [("m/a", tried(answer, None)), ("m/b", tried(other, None))])
        selector.note(TASK, [tried("8", 0.2), tried("7", 0.9)], [], accept=0.5, tokens=0)
        await selector.teach()
    for skill in ("arithmetic", "procedures", "any"):
        told = await (await lessons.learnt(RunId("two"))).tallies("skill", skill)
        assert {model: (tally.n, tally.reward_sum) for model, tally in told.items()} == {
            "m/a": (2, 1.0), "m/b": (2, 0.0),
        }  # fmt: skip


async def test_texts_that_differ_teach_nothing_of_each_other(lessons: Lessons) -> None:
    selector = Selector(await lessons.learnt(RunId("one")), LADDER, table=SILENT)
    task = Task(question="Write a poem about autumn.")
    selector.answered(task, [("m/a", tried("Leaves fall", None)), ("m/b", tried("Wind blows", None))])
    selector.note(task, [tried("Leaves fall", 0.9)], [], accept=0.5, tokens=0)
    await selector.teach()
    assert await (await lessons.learnt(RunId("two"))).tallies("skill", "any") == {}
