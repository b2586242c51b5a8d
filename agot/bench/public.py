"""A public dataset through the engine, and its grader on its own references."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from agot.bench.asking import Desk, Progress, checked_at_once, each, setup_of
from agot.bench.datasets import Item
from agot.bench.results import Results
from agot.bench.statistics import mean_interval, wilson
from agot.errors import ToolError
from agot.settings import Settings
from agot.thought import RunStatus, Value


class Graded(Value):
    """One item answered and graded; the attributes as in `agot.bench.strategies.Answered`.

    Attributes:
        exact: The answer is the reference itself, where several are right; None where that means nothing.
    """

    id: str
    dataset: str
    strategy: str
    seed: int
    setup: str
    model: str
    status: RunStatus
    answer: str
    right: bool
    exact: bool | None
    given: bool
    fault: str
    tokens: int
    calls: int
    cost_usd: float
    wall_s: float

    @property
    def key(self) -> str:
        """Say which piece of work this is the result of."""
        return f"{self.dataset}|{self.id}|{self.setup}"

    @property
    def done(self) -> bool:
        """Return False if the row was spoilt from outside."""
        return not self.fault


async def answer(
    settings: Settings,
    dataset: str,
    items: Sequence[Item],
    *,
    strategy: str | None,
    at_once: int,
    results: Results[Graded],
    tell: Callable[[str], None],
) -> list[Graded]:
    """Ask what the results do not hold yet and return one row per item.

    Raises:
        SetupError: If the strategy or a setting is unusable.
        ModelError: If the model cannot be reached.
    """
    checked_at_once(at_once)
    if strategy is not None:
        engine = settings.engine.model_copy(update={"strategy": strategy})
        settings = settings.model_copy(update={"engine": engine})
    async with Desk(settings) as desk:
        setup = setup_of(desk.settings)
        keys = {item.id: f"{dataset}|{item.id}|{setup}" for item in items}
        to_do = [item for item in items if results.get(keys[item.id]) is None]
        if len(to_do) < len(items):
            tell(f"{len(items) - len(to_do)} of {len(items)} answers are in the results file already.")

        async def work(item: Item) -> str:
            row = await _graded(desk, dataset, item, setup)
            results.add(row)
            return row.fault

        await each(to_do, work, at_once=at_once, told=Progress(tell, len(to_do)))
    wanted = set(keys.values())
    return [row for row in results.rows() if row.key in wanted]


async def _graded(desk: Desk, dataset: str, item: Item, setup: str) -> Graded:
    settings = desk.settings
    asked = await desk.ask(item.question, settings, strategy=None, budget=settings.budget)
    grade, fault = None, asked.fault
    if asked.given:
        try:
            grade = await item.grade(asked.answer)
        except ToolError as error:
            # A grader that cannot tell has not found the answer wrong.
            fault = type(error).__name__
    usage = asked.result.usage
    return Graded(
        id=item.id, dataset=dataset, strategy=settings.engine.strategy, seed=settings.seed, setup=setup,
        model=asked.result.model, status=asked.result.status, answer=asked.answer[:20_000],
        right=grade is not None and grade.right,
        exact=None if grade is None else grade.exact, given=asked.given, fault=fault, tokens=usage.tokens,
        calls=usage.calls, cost_usd=usage.cost_usd, wall_s=round(usage.wall_s, 3),
    )  # fmt: skip


def summary(rows: Sequence[Graded]) -> dict[str, Any]:
    """Return the figures of a dataset: accuracy over the items that no fault from outside spoilt."""
    measured = [row for row in rows if not row.fault]
    given = [row for row in measured if row.given]
    exact = [row for row in given if row.exact is not None]
    faults: dict[str, int] = {}
    for row in rows:
        if row.fault:
            faults[row.fault] = faults.get(row.fault, 0) + 1
    right = sum(row.right for row in measured)
    found: dict[str, Any] = {
        "items": len(rows), "measured": len(measured), "right": right, "given": len(given),
        "abstained": sum(row.status == "abstained" for row in measured),
        "accuracy": share(right, len(measured)), "precision": share(right, len(given)),
        "exact": share(sum(bool(row.exact) for row in exact), len(measured)) if exact else None,
        "cost_usd": sum(row.cost_usd for row in rows), "errors": faults,
    }  # fmt: skip
    for name in ("tokens", "calls", "wall_s"):
        values = [getattr(row, name) for row in measured]
        found[name] = mean_interval(values) if values else None
    return found


def share(hits: int, n: int) -> tuple[float, float, float] | None:
    """Return a share with its 95% interval, None of nothing."""
    return (hits / n, *wilson(hits, n)) if n else None


@dataclass(slots=True)
class GoldReport:
    """How a grader treats its references.

    Attributes:
        items: Items with a reference.
        accepted: References that it calls right.
        exact: References that it calls the reference itself; only where that means something.
        wrong: Spoilt references.
        wrong_accepted: Spoilt references that it calls right.
        untold: Ids of the items of whose reference or spoilt reference it cannot tell.
        refused: Ids of the references that it calls wrong.
    """

    items: int
    accepted: int
    exact: int
    wrong: int
    wrong_accepted: int
    untold: list[str]
    refused: list[str]


async def grade_gold(items: Sequence[Item], tell: Callable[[str], None]) -> GoldReport:
    """Grade every reference, and every spoilt one."""
    report = GoldReport(0, 0, 0, 0, 0, [], [])
    progress = Progress(tell, len(items))
    for place, item in enumerate(items, start=1):
        if item.gold is not None:
            report.items += 1
            await _grade_reference(item, item.gold, report)
        for spoilt in item.wrong:
            report.wrong += 1
            try:
                report.wrong_accepted += (await item.grade(spoilt)).right
            except ToolError:
                report.untold.append(item.id)
        progress(place)
    return report


async def _grade_reference(item: Item, gold: str, report: GoldReport) -> None:
    try:
        grade = await item.grade(gold)
    except ToolError:
        report.untold.append(item.id)
        return
    report.accepted += grade.right
    report.exact += bool(grade.exact)
    if not grade.right:
        report.refused.append(item.id)
