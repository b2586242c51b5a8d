"""What a run knows of its models beforehand: what its judges are worth, and whether its model can plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from agot.agents import worth
from agot.agents.calibration import ENOUGH, area_under_curve
from agot.agents.dialects.standard import StandardDialect
from agot.agents.worth import FACT, Worth
from agot.budget import Budget
from agot.engine.recorded import Calls, unrecorded_run
from agot.errors import AgotError
from agot.ids import RunId
from agot.learning import Learnt, calibration_subject
from agot.models.gateway import Gateway
from agot.models.structured import SchemaMemory
from agot.protocols import Models
from agot.settings import EngineSettings, Settings
from agot.spending import spend
from agot.stores.database import SqlStore

PLANS = "plans"
"""Name of the fact that a model wrote a plan that could be used, or was asked for one and did not."""

UNJUDGED = (
    "auto",
    "direct",
    "chain",
    "least-to-most",
    "vote",
    "rpc",
    "tools",
    "program",
    "cross-check",
    "experts",
)
"""Strategies that do not ask a judge about their samples."""


@dataclass(frozen=True, slots=True)
class RunKnowledge:
    """What is known of the models of a run from its first moment to its last.

    Attributes:
        worths: What judges are worth, by role, as far as that was measured.
        plans: The fast model was seen to plan, or not to; None if that is not known.
    """

    worths: Mapping[str, Worth] = field(default_factory=dict)
    plans: bool | None = None


NOTHING = RunKnowledge()

_TOKENS_TO_MEASURE = 25_000
"""What the calls about the built-in answers take, of a model that reasons before its verdict."""


def wants_judge(engine: EngineSettings) -> bool:
    """Return whether somebody asked for answers to be judged, which is done then even by a weak judge."""
    asked = engine.ladder is not None or len(engine.judges) > 1 or engine.judge_samples > 1
    return engine.verify and engine.effort != "fast" and (asked or engine.effort == "thorough")


async def calibrate_judge(
    models: Models, *, role: str = worth.JUDGE, most_thoughts: int = 16, seconds: float = worth.SECONDS
) -> Worth | None:
    """Ask the model of a role about the built-in answers of known truth and return what it is worth as a judge.

    At most two calls for each of them, all at once. What they cost is told to `agot.spending`, also if it fails.

    Args:
        seconds: Longest time for all calls together.

    Returns:
        None if too few answers could be judged.

    Raises:
        ModelError: If no call succeeded.
    """
    budget = Budget(calls=4 * len(worth.examples()))
    run = unrecorded_run(Calls(models, retries=lambda role: 1), budget=budget)
    dialect = StandardDialect(SchemaMemory(), most_thoughts=most_thoughts)
    try:
        return await worth.measure(run.caller(), dialect, role=role, seconds=seconds)
    finally:
        spend(run.meter.usage.model_copy(update={"wall_s": 0.0}))


def leaves_room(budget: Budget) -> bool:
    """Return whether the limits that somebody set leave room for measuring a judge beside the question itself."""
    calls, tokens = 2 * len(worth.examples()), _TOKENS_TO_MEASURE
    enough = (budget.calls is None or budget.calls >= 2 * calls) and (
        budget.tokens is None or budget.tokens >= 2 * tokens
    )
    return enough and budget.usd is None


async def known_of(
    run_id: RunId,
    settings: Settings,
    models: Models,
    store: SqlStore,
    lessons: Learnt | None,
    *,
    told: Callable[[str], None],
) -> RunKnowledge:
    """Return what is known of a run's models when it first asks, the same after a resume.

    A judge that the run is going to ask, and that nobody measured yet, is measured now.

    Args:
        told: Takes a sentence for people about what was measured.

    Raises:
        StoreError: If the database cannot be used.
    """
    engine = settings.engine
    worths: dict[str, Worth] = {}
    for role in engine.judges:
        profile = models.profile(role)
        if profile.dialect == "compact" or profile.model in {models.profile(done).model for done in worths}:
            continue
        asks = wants_judge(engine) or (engine.verify and engine.strategy not in UNJUDGED)
        found, fresh = await _worth_by_lessons(profile.model, lessons), False
        if found is None:
            server, model = _place(models, role)
            facts = await store.seen_facts(run_id, server, model)
            if facts is None and asks and engine.calibrate and FACT not in await store.facts(server, model):
                if leaves_room(settings.budget):
                    await _measured(models, role, store, server, model, told)
                    fresh = True
                else:
                    told(f"The judge {model} counts as unknown: the limits leave no room for measuring it.")
            found = worth.worth_of(await store.see_facts(run_id, server, model) if facts is None else facts)
        if found is not None:
            worths[role] = found
            if asks and not fresh and found.level != "good":
                told(f"The judge {profile.model}, as it was measured: {found.told}.")
    if models.profile("fast").dialect == "compact":
        return RunKnowledge(worths)
    facts = await store.see_facts(run_id, *_place(models, "fast"))
    plans = facts.get(PLANS)
    return RunKnowledge(worths, plans if isinstance(plans, bool) else None)


async def keep_unable(models: Models, store: SqlStore) -> None:
    """Keep that the fast model was asked for a plan and had none, so that it is not asked again.

    Raises:
        StoreError: If it could not be kept.
    """
    await store.keep_facts(*_place(models, "fast"), {PLANS: False})


async def _measured(
    models: Models, role: str, store: SqlStore, server: str, model: str, told: Callable[[str], None]
) -> None:
    try:
        found = await calibrate_judge(models, role=role)
    except AgotError as error:
        told(f"The judge {model} could not be measured, and counts as unknown: {error}")
        return
    if found is None:
        # Kept as well, or every run would wait for the same.
        await store.keep_facts(server, model, {FACT: None})
        told(f"The judge {model} gave too few verdicts on answers of known truth to be measured.")
        return
    await store.keep_facts(server, model, {FACT: found.model_dump(mode="json")})
    told(
        f"The judge {model} was measured on {found.judged} answers of known truth, once for all runs: {found.told}."
    )


async def _worth_by_lessons(model: str, lessons: Learnt | None) -> Worth | None:
    """Return what a judge is worth by more answers than the built-in ones, if they were kept."""
    if lessons is None:
        return None
    tallies = await lessons.tallies("verifier", calibration_subject(model))
    counted = [(float(arm), one.n, one.reward_sum) for arm, one in sorted(tallies.items())]
    right, judged = sum(one[2] for one in counted), sum(one[1] for one in counted)
    if judged < ENOUGH or not 0 < right < judged:
        return None
    return Worth(manner="word", auc=area_under_curve(counted), judged=judged)


def _place(models: Models, role: str) -> tuple[str, str]:
    """Return server and name of a role's model; a program's own models are at no server."""
    if not isinstance(models, Gateway):
        return "", models.profile(role).model
    endpoint = models.endpoint(role)
    return endpoint.server, endpoint.name
