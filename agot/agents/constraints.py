"""The constraint agent: what an answer has to satisfy besides being right, and whether it does.

Constraints are read from the question's own wording first, and asked of a model if that is wanted. What a check decides
is decided by code; the rest is put to a judge, one constraint at a time.

Source: Parmar et al. 2025, "PlanGEN", arXiv 2502.16111.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from agot.agents.judges import Judge, opinion
from agot.agents.once import Once
from agot.agents.prompts.library import default
from agot.agents.search.together import together
from agot.errors import ModelError, ModelUnauthorised
from agot.protocols import Ask, Dialect
from agot.thought import Constraint, Solution, Task, Verdict
from agot.tools.untrusted import defused
from agot.verifiers.bindings import BINDINGS, Holds
from agot.verifiers.stated import StatedCheck, read_constraints

_MOST = 12
"""Constraints that are taken from a model; each may cost a call for every answer."""

_SOFT_FLOOR, _SOFT_SPAN = 0.3, 0.2
"""Any broken wish lowers the reward below acceptance, none to where the answer would not be given at all."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What was found of one constraint.

    Attributes:
        reward: 1 if it holds, 0 if it is broken, P(it holds) if a judge decided; None for "cannot tell".
        proven: Code decided, not a judge.
    """

    constraint: Constraint
    reward: float | None
    proven: bool

    @property
    def broken(self) -> bool:
        """Return whether the constraint counts as broken."""
        return self.reward is not None and self.reward < 0.5


async def extract(
    task: Task, ask: Ask, dialect: Dialect | None = None, role: str = "fast"
) -> tuple[Constraint, ...]:
    """Return what the answer to a task has to satisfy: first what its wording states, then what a model finds.

    Args:
        dialect: Of the model that is asked; None to read the wording only, which costs no call.

    Raises:
        BudgetExceeded: If there is no budget for the call.
        ModelUnauthorised: If the key is refused; without any other model's help the wording has to do.
    """
    found = list(read_constraints(task.question))
    if dialect is None:
        return tuple(found)
    try:
        asked = await dialect.constraints(ask, task, role=role)
    except ModelUnauthorised:
        raise
    except ModelError as error:
        ask.warn(f"The model could not be asked for constraints: {error}")
        return tuple(found)
    known = {_identity(one) for one in found}
    fresh = []
    for one in asked:
        if _identity(one) not in known:
            known.add(_identity(one))
            fresh.append(one)
    if len(fresh) > _MOST:
        ask.warn(f"The model named {len(fresh)} constraints; the first {_MOST} are checked.")
    return (*found, *fresh[:_MOST])


def _identity(constraint: Constraint) -> tuple[str, str]:
    if constraint.check:
        return constraint.check, " ".join(constraint.argument.split()).casefold()
    return "", " ".join(constraint.text.split()).casefold().rstrip(".!")


class ConstraintCheck:
    """A check of an answer against one task's constraints.

    A hard constraint that code finds broken refutes the answer. Constraints that hold do not make an answer right, so
    that alone gives no reward, unless a judge had to say so.

    Args:
        constraints: As `extract` gives them. A check that cannot be made of its argument is left out with a
            warning; the judge decides then.
        dialect: Of the judge; None to leave undecided what code cannot decide.
        role: Of the judge.
    """

    name = "constraints"

    def __init__(
        self, constraints: Sequence[Constraint], dialect: Dialect | None = None, *, role: str = "judge"
    ) -> None:
        self._constraints = tuple(constraints)
        self._judge = None if dialect is None else Judge(dialect, role)
        self._bound: dict[int, Holds] | None = None

    async def __call__(self, task: Task, solution: Solution, ask: Ask) -> Verdict:
        """Return 0, conclusive, if a hard constraint is broken; a low reward if a soft one is, or if the judge says so.

        Raises:
            BudgetExceeded: If there is no budget for the judge.
            ModelUnauthorised: If the judge's key is refused.
        """
        rulings = await self.rulings(task, solution, ask)
        broken = [ruling for ruling in rulings if ruling.broken]
        feedback = "; ".join(_complaint(ruling, solution) for ruling in broken)
        if any(ruling.proven and ruling.constraint.hard for ruling in broken):
            return Verdict(check=self.name, reward=0.0, feedback=feedback, conclusive=True)
        wishes = [ruling for ruling in rulings if not ruling.constraint.hard]
        rewards = [r.reward for r in rulings if r.reward is not None and not r.proven and r.constraint.hard]
        if any(not ruling.constraint.hard for ruling in broken):
            kept = sum(not ruling.broken for ruling in wishes) / len(wishes)
            rewards.append(_SOFT_FLOOR + _SOFT_SPAN * kept)
        elif not broken and any(ruling.reward is None for ruling in rulings):
            rewards = []
        else:
            rewards += [r.reward for r in wishes if r.reward is not None and not r.proven]
        return Verdict(check=self.name, reward=min(rewards, default=None), feedback=feedback)

    async def rulings(self, task: Task, solution: Solution, ask: Ask) -> tuple[Ruling, ...]:
        """Return what was found of each constraint, in order; a judge is not asked for an answer that is refuted."""
        held = [self._held(place, solution.answer.strip(), ask) for place in range(len(self._constraints))]
        judge = self._judge
        refuted = any(holds is False and one.hard for one, holds in zip(self._constraints, held, strict=True))
        open_ = [place for place, holds in enumerate(held) if holds is None]
        judged: dict[int, float | None] = {}
        if judge is not None and not refuted:
            said = await together(*(self._judged(place, task, solution, ask, judge) for place in open_))
            judged = dict(zip(open_, said, strict=True))
        found = []
        for place, (constraint, holds) in enumerate(zip(self._constraints, held, strict=True)):
            reward = judged.get(place) if holds is None else float(holds)
            found.append(Ruling(constraint, reward, proven=holds is not None))
        return tuple(found)

    def _bindings(self, ask: Ask) -> dict[int, Holds]:
        """Return the checks of the constraints that have one, by place; made once."""
        if self._bound is None:
            self._bound = {}
            for place, constraint in enumerate(self._constraints):
                if not constraint.check:
                    continue
                try:
                    self._bound[place] = BINDINGS[constraint.check](constraint.argument)
                except Exception as error:  # noqa: BLE001
                    # The argument is a model's, and the parsers of patterns and schemas raise what they like.
                    self._warn(constraint, ask, error)
        return self._bound

    def _held(self, place: int, answer: str, ask: Ask) -> bool | None:
        bound = self._bindings(ask)
        if place not in bound:
            return None
        try:
            return bound[place](answer)
        except Exception as error:  # noqa: BLE001
            # As above: a check that cannot be applied once is not tried again.
            bound.pop(place, None)
            self._warn(self._constraints[place], ask, error)
            return None

    def _warn(self, constraint: Constraint, ask: Ask, error: Exception) -> None:
        why = (
            f"there is no such check; there are {', '.join(BINDINGS)}"
            if isinstance(error, KeyError)
            else error
        )
        ask.warn(
            f"The constraint {constraint.text[:120]!r} is not checked by {constraint.check!r} with "
            f"{constraint.argument[:80]!r}: {why}"
        )

    async def _judged(
        self, place: int, task: Task, solution: Solution, ask: Ask, judge: Judge
    ) -> float | None:
        question = default("requirement").filled(requirement=defused(self._constraints[place].text))
        material = f"{task.material}\n{task.question}".strip()
        alone = task.model_copy(
            update={"question": question, "material": material, "overall": "", "feedback": ()}
        )
        verdict = await opinion(alone, solution, ask, judge)
        return None if verdict is None else verdict.reward


class RequirementCheck:
    """A check of an answer against the constraints of the question itself; its parts have none.

    Args:
        dialect: Of the models that name and judge further constraints; None to go by the question's wording
            only, which costs no call. What a model named is a wish, since models name wrong ones.

    Attributes:
        without_models: What can be told of the wording alone.
    """

    name = ConstraintCheck.name

    def __init__(self, dialect: Callable[[str], Dialect] | None = None) -> None:
        self._dialect = dialect
        self._known: Once[str, ConstraintCheck] = Once()
        self.without_models = self if dialect is None else RequirementCheck()

    async def __call__(self, task: Task, solution: Solution, ask: Ask) -> Verdict:
        """Return what `ConstraintCheck` says; None for a part of a question.

        Raises:
            BudgetExceeded, ModelUnauthorised: If a model is asked and cannot be.
        """
        if task.depth:
            return Verdict(check=self.name)
        known = await self._known.get(task.question, lambda: self._read(task, ask))
        return await known(task, solution, ask)

    async def _read(self, task: Task, ask: Ask) -> ConstraintCheck:
        # What `StatedCheck` reads itself is left to it, or a breach would count twice.
        worded = tuple(one for one in read_constraints(task.question) if one.check != StatedCheck.name)
        if self._dialect is None:
            return ConstraintCheck(worded)
        everything = await extract(task, ask, self._dialect("fast"))
        wishes = (
            one.model_copy(update={"hard": False})
            for one in everything
            if one.check != StatedCheck.name and one not in worded
        )
        return ConstraintCheck((*worded, *wishes), self._dialect("judge"))


def _complaint(ruling: Ruling, solution: Solution) -> str:
    constraint = ruling.constraint
    how = f" (found by {constraint.check})" if ruling.proven else " (says the judge)"
    kind = "requirement" if constraint.hard else "wish"
    return f"the {kind} {constraint.text[:300]!r} is broken{how} by {solution.answer[:200]!r}"
