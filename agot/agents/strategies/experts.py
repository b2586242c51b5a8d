"""Experts: recruit the models that suit the question's skills, let each answer, and let the strongest write the answer.

Source: Chen et al. 2025, "Symbolic Mixture-of-Experts", arXiv 2503.05641. Other than there, the last call is saved where
the answers agree or a check proves one of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from agot.agents.search.together import together
from agot.agents.selection.cluster import cluster_of
from agot.agents.selection.routing import ANY, Profile, Team, profile, recruit, skills_of_cluster, strongest
from agot.agents.tries import Try
from agot.agents.verifier import reward_of
from agot.agents.votes import weighted
from agot.errors import BudgetExceeded, ModelError, ModelUnauthorised, SetupError
from agot.events import StrategyChosen
from agot.protocols import Assessed
from agot.thought import Solution, Task, Verdict
from agot.reading.answers import groups

NAME = "experts"


async def experts(task: Task, try_: Try) -> Solution:
    """Let `search.recruits` experts answer side by side; the strongest of them puts their answers together.

    Nothing is put together if a check proves an answer, or if all that no check refutes agree. An expert that fails is
    left out; if the last call fails, the answers are voted on.

    Raises:
        SetupError: If fewer than two experts are configured.
        BudgetExceeded, ModelError: If not one expert answered.
    """
    team = await _recruited(task, try_, checked_experts(try_.experts))
    try_.emit(StrategyChosen(thought=task.thought, strategy=try_.name, why=team.why))
    drawn = await _draw(task, try_, team)
    try_.answered(task, [(member.model, one) for member, one in drawn])
    answers = [one for _, one in drawn]
    if len(answers) == 1:
        return answers[0].solution
    standing = [one for one in answers if not one.refuted] or answers
    proven = any(one.proven for one in standing)
    if proven or len(groups([one.solution.answer for one in standing])) == 1:
        return weighted(answers, try_.name).solution
    return await _write(task, try_, strongest([member for member, _ in drawn]), standing)


def checked_experts(experts: Sequence[str]) -> Sequence[str]:
    """Return the experts if there are enough to choose among.

    Args:
        experts: Names of experts that are different models.

    Raises:
        SetupError: If there are fewer than two.
    """
    if len(experts) < 2:
        raise SetupError(
            f"The strategy {NAME!r} chooses among two or more different models, got {len(experts)}. Add experts to the "
            'settings: [experts.NAME] with model = "..." for each, or AGOT_EXPERTS__NAME__MODEL.'
        )
    return experts


async def _recruited(task: Task, try_: Try, experts: Sequence[str]) -> Team:
    wanted = skills_of_cluster(cluster_of(task))
    by_skill = {skill: await try_.tallies("skill", skill) for skill in wanted}
    overall = await try_.tallies("skill", ANY)
    profiles = [profile(name, try_.ask.profile(name).model, by_skill, overall) for name in experts]
    return recruit(profiles, wanted, k=try_.search.recruits)


async def _draw(task: Task, try_: Try, team: Team) -> list[tuple[Profile, Assessed]]:
    """Return who answered what, in the order of the team; whoever failed is left out, and told of."""
    # The strongest is asked last: a server that holds one model at a time then has it loaded for the last call.
    order = sorted(reversed(team.members), key=lambda member: member.strength)
    got = await together(*(_answer(task, try_, member) for member in order))
    got.sort(key=lambda pair: team.members.index(pair[0]))
    drawn = [(member, one) for member, one in got if isinstance(one, Assessed)]
    faults = [(member, one) for member, one in got if not isinstance(one, Assessed)]
    if not drawn:
        raise faults[0][1]
    for member, fault in faults:
        if isinstance(fault, BudgetExceeded):
            try_.tell_limit(fault)
        else:
            try_.ask.warn(f"The expert {member.expert!r} gave no answer and is left out: {fault}")
    return drawn


async def _answer(
    task: Task, try_: Try, member: Profile
) -> tuple[Profile, Assessed | BudgetExceeded | ModelError]:
    try:
        solution = _sure(await try_.solve(task, role=member.expert))
        verdicts = await try_.verify(solution)
    except ModelUnauthorised:
        raise
    except (BudgetExceeded, ModelError) as fault:
        return member, fault
    return member, Assessed(solution=solution, verdicts=verdicts, reward=reward_of(solution, verdicts))


async def _write(task: Task, try_: Try, writer: Profile, answers: Sequence[Assessed]) -> Solution:
    """Return one solution of several, written by a model, or the one elected if that cannot be had."""
    try:
        return _sure(await try_.aggregate(task, [one.solution for one in answers], role=writer.expert))
    except ModelUnauthorised:
        raise
    except BudgetExceeded as fired:
        try_.tell_limit(fired)
    except ModelError as error:
        try_.ask.warn(
            f"The expert {writer.expert!r} could not put the answers together; they are voted on: {error}"
        )
    return weighted(answers, try_.name).solution


def _sure(solution: Solution) -> Solution:
    # How unsure the words were counts for handing over from one fast model; a team is asked instead of that.
    return solution.model_copy(update={"unsure": None})
