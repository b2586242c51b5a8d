"""Puts the crew of one run together: who plans, solves, verifies, judges and chooses, as its settings say."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from agot.agents.constraints import RequirementCheck
from agot.agents.context import Crew
from agot.agents.judges import Judges
from agot.agents.planner import Planner
from agot.agents.prompts.choice import LearntPrompts, Pick, default_prompt
from agot.agents.selection.cluster import clustered
from agot.agents.selection.difficulty import load as load_table
from agot.agents.selector import Selector
from agot.agents.strategies.experts import NAME as EXPERTS
from agot.agents.strategies.experts import checked_experts
from agot.agents.strategies.registry import Registry
from agot.agents.verifier import VerifierAgent, chosen_checks
from agot.agents.worth import JUDGE
from agot.ids import ThoughtId
from agot.judging import NOTHING, RunKnowledge, wants_judge
from agot.learning import Learnt
from agot.protocols import Dialect, Models, Programs, Tools, Verifier
from agot.settings import EngineSettings, RoleSettings, Settings
from agot.thought import Task
from agot.verifiers.registry import CHECKS


def check_setup(settings: Settings, models: Models, checks: Sequence[Verifier], strategies: Registry) -> None:
    """Refuse settings that no run could work with.

    Args:
        checks: Own ones of the program.
        strategies: All there are.

    Raises:
        SetupError: Says what is wrong, and what to do.
    """
    engine = settings.engine
    for name in (engine.strategy,) if engine.strategy != "auto" else engine.ladder or ():
        strategies.get(name)
        if name == EXPERTS:
            checked_experts(_different(settings.experts))
    _chosen_checks(engine, checks, RequirementCheck())
    if engine.difficulty_table is not None:
        load_table(engine.difficulty_table)
    for role in ("fast", "strong", JUDGE, *engine.judges, *settings.experts):
        models.profile(role)


def assembled(
    settings: Settings,
    models: Models,
    lessons: Learnt | None,
    judges: Judges,
    checks: Sequence[Verifier],
    strategies: Registry,
    known: RunKnowledge = NOTHING,
    *,
    tools: Callable[[ThoughtId], Tools] | None = None,
    programs: Callable[[ThoughtId], Programs] | None = None,
) -> Crew:
    """Return the crew of one run.

    Args:
        lessons: What earlier runs taught, and where this one's lessons go; None to neither learn nor teach.
        checks: Own ones of the program.
        strategies: All there are.
        known: What is known of the models.
        tools, programs: Return those of a thought; None where there are none.
    """
    engine, selector = settings.engine, _selector(settings, models, lessons)
    pick: Pick = default_prompt
    if lessons is not None:
        pick = LearntPrompts(lessons, _family, seed=settings.seed, on_choice=selector.prompted)
    dialect = _dialects(models, engine.max_plan_thoughts, pick)
    requirements = RequirementCheck(dialect if engine.constraints else None)
    return Crew(
        settings=engine,
        dialect=dialect,
        planner=Planner(
            most_thoughts=engine.max_plan_thoughts,
            retries=engine.plan_retries,
            samples=engine.samples,
            widest=engine.layer_width if engine.mode == "layered" else None,
        ),
        verifier=VerifierAgent(_chosen_checks(engine, checks, requirements), judges=judges),
        strategies=strategies,
        selector=selector,
        search=settings.search,
        seed=settings.seed,
        strong="strong" if settings.role("strong") != settings.role("fast") else "",
        plans=known.plans,
        judged=judges.counts,
        judge_final=judges.speaks or wants_judge(engine),
        tools=tools,
        programs=programs,
    )


def _selector(settings: Settings, models: Models, lessons: Learnt | None) -> Selector:
    experts, ladder = _different(settings.experts), settings.engine.ladder
    if ladder is None:
        # A tree search takes hundreds of calls: with an instruct model it is for those who ask for it.
        searches = models.profile("fast").dialect == "compact" or settings.engine.effort == "thorough"
        ladder = ("adaptive-best-of-n", "mcts") if searches else ("adaptive-best-of-n",)
    if len(experts) > 1 and EXPERTS not in ladder:
        ladder = (EXPERTS, *ladder)
    named = settings.engine.difficulty_table
    table = load_table(named) if named is not None else None
    return Selector(lessons, ladder, experts=experts, table=table)


def _chosen_checks(
    engine: EngineSettings, own: Sequence[Verifier], requirements: RequirementCheck
) -> tuple[Verifier, ...]:
    built_in: tuple[Verifier, ...] = (*CHECKS.values(), requirements)
    return chosen_checks(built_in, own, more=engine.checks, skip=engine.skip_checks)


def _family(task: Task) -> str:
    return clustered(task).family


def _dialects(models: Models, most_thoughts: int, pick: Pick) -> Callable[[str], Dialect]:
    """Return what gives the dialect of a role's model.

    One for each run: what it learns of a server must not depend on the runs before, or a resumed run would ask in
    other words than it did.
    """
    known: dict[str, Dialect] = {}

    def dialect(role: str) -> Dialect:
        name = models.profile(role).dialect
        if name not in known:
            known[name] = dialect_of(name, most_thoughts, pick)
        return known[name]

    return dialect


def dialect_of(name: str, most_thoughts: int = 16, pick: Pick = default_prompt) -> Dialect:
    """Return a dialect by its name, with nothing learnt of any server yet."""
    if name == "compact":
        from agot.agents.dialects.compact import CompactDialect

        return CompactDialect()
    from agot.agents.dialects.standard import StandardDialect
    from agot.models.structured import SchemaMemory

    return StandardDialect(SchemaMemory(), most_thoughts=most_thoughts, pick=pick)


def _different(experts: dict[str, RoleSettings]) -> tuple[str, ...]:
    """Return the names of experts that are different models; of equal ones the first."""
    names: dict[tuple[str, str | None], str] = {}
    for name, expert in experts.items():
        names.setdefault((expert.model, expert.base_url), name)
    return tuple(names.values())
