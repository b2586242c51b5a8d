"""What a thought tries next where an instruct model answers: as little as the question is worth.

*  The first call is what the model would be asked without this program: one plain chain.
*  An open request (a text, code, a letter) has no second answer to be compared with. A check that refutes the first one
   sends it back with what was wrong; otherwise it is done.
*  A short answer that nothing proved is cross-checked: further samples, or another method, until they agree well enough.
*  A judge's doubt alone is no reason to go on: on the model's own work it is right little more often than a coin. Only a
   ladder that a person set is climbed for it.
*  What the votes doubt is handed on where there is somebody to hand it to: experts, the strong model, a plan.
"""

from __future__ import annotations

from dataclasses import replace

from agot.agents.context import Outcome, Thought, ThoughtState
from agot.agents.kinds import kind_of_reply
from agot.agents.selector import Move, Split, Stop, Think, Use
from agot.agents.strategies.cross_check import NAME as CROSS_CHECK
from agot.agents.strategies.experts import NAME as EXPERTS
from agot.agents.strategies.tool_rounds import NAME as TOOLS
from agot.agents.trust import trusted
from agot.agents.worth import JUDGE
from agot.protocols import Assessed
from agot.thought import ThoughtStatus

_WORTH = 2
"""Answers of the first one's length for which a limit must leave room before another is drawn."""


def accepted(thought: Thought, state: ThoughtState, tried: Assessed) -> bool:
    """Return whether an answer is given as it is."""
    if proven(tried):
        return True
    if doubted(tried) or state.unsure or cross_checks(thought, state, tried) is not None:
        return False
    if not thought.crew.auto:
        return True
    if tried.solution.strategy == CROSS_CHECK:
        return trusted(tried).trust != "doubtful"
    return thought.crew.settings.ladder is None or tried.reward is None or tried.reward >= thought.crew.settings.accept


def proven(tried: Assessed) -> bool:
    """Return whether a check settled that an answer is right."""
    return trusted(tried).trust == "proved"


def doubted(tried: Assessed) -> bool:
    """Return whether a check, not only a judge, speaks against an answer."""
    return any(verdict.doubts for verdict in tried.verdicts if verdict.check != JUDGE)




def cross_checks(thought: Thought, state: ThoughtState, tried: Assessed) -> Use | None:
    """Return the cross-check of an answer, if it is worth one."""
    settings, task = thought.crew.settings, thought.task
    unwanted = (
        not thought.crew.auto or not settings.verify or settings.effort == "fast" or settings.ladder is not None
    )
    # Chains that call no tools are no second opinion on what tools told.
    apart = task.depth or state.planned or state.role != "fast" or TOOLS in state.made
    # Nor are more samples than a search has drawn already.
    if unwanted or apart or set(state.made) - {"chain"}:
        return None
    kind = kind_of_reply(task.question, task.material)
    # Facts are told in sentences, which seldom have the same words: that two differ tells nothing.
    if not kind.reasoned:
        return None
    calls, tokens = thought.left("calls"), thought.left("tokens")
    if (calls is not None and calls < 1) or (tokens is not None and tokens < _WORTH * thought.ask.tokens):
        return None
    return Use(
        CROSS_CHECK,
        f"nothing proves the {kind.name} that was answered, so it is compared with further answers",
    )


async def next_move(thought: Thought, state: ThoughtState, tokens_left: int | None) -> Move | Stop:
    """Return the next try after an answer that was not accepted, or after none."""
    last = state.tried[-1] if state.tried else None
    if last is not None and state.solution is None and thought.crew.settings.ladder is not None:
        # A step of the ladder that gives nothing, or cannot be taken here, is left out.
        return await _climbed(thought, state, tokens_left, against=True)
    if state.solution is None or last is None:
        return _after_nothing(thought, state)
    if state.unsure and thought.crew.strong and state.role != thought.crew.strong:
        return _handed_over(thought, state.unsure)
    if doubted(last) and (thought.crew.settings.effort == "fast" or not kind_of_reply(thought.task.question, thought.task.material).closed):
        return _again(state.move, "the model is asked again and told what was wrong")
    against = last.refuted
    move = None if against else cross_checks(thought, state, last)
    return move or await _climbed(thought, state, tokens_left, against=against)


async def _climbed(thought: Thought, state: ThoughtState, tokens_left: int | None, *, against: bool) -> Move | Stop:
    """Return what follows a doubted answer: the ladder, other models, the strong one, a plan."""
    climbs = thought.crew.settings.ladder is not None
    searches = against or climbs or thought.crew.settings.effort == "thorough"
    if searches or thought.crew.selector.experts:
        move = await thought.crew.selector.next(thought.task, state.tried, state.made, tokens_left=tokens_left, climbs=climbs)
        if isinstance(move, Use) and (searches or move.strategy == EXPERTS):
            bounded = not climbs and thought.crew.settings.effort != "thorough" and move.samples is not None
            return replace(move, samples=min(move.samples or 0, thought.crew.samples(state.role))) if bounded else move
    if thought.crew.strong and state.role != thought.crew.strong:
        return _handed_over(thought, "the answers are doubted")
    if state.may_expand and not state.planned:
        return Split("the answers differ, so the question is split")
    return Stop("nothing else would help for its price")


def _after_nothing(thought: Thought, state: ThoughtState) -> Use | Stop:
    """Return what follows a try without an answer: one chain, if none was asked for yet."""
    if state.tried:
        return Stop(state.complaint)
    if "chain" not in state.made or (isinstance(state.move, Think) and state.may_expand and state.made == ("chain",)):
        return Use("chain", f"{state.complaint}, so one chain is tried")
    if thought.crew.strong and state.role != thought.crew.strong:
        return _handed_over(thought, state.complaint)
    return Stop(state.complaint)


def _again(move: Move | None, why: str) -> Move:
    """Return the same move for another reason, with the samples of the settings."""
    return Use(move.strategy, why) if isinstance(move, Use) else replace(move or Think(why), why=why)


def _handed_over(thought: Thought, why: str) -> Use:
    strong = thought.crew.strong
    return Use("chain", f"{why}, so the model of the role {strong!r} is asked", role=strong)


def conclude(thought: Thought, state: ThoughtState, why: str) -> Outcome:
    """Return how a thought ends with the best of what was tried.

    The later try is the better one: it had more to go by. An answer is withheld only if it is refuted, or if its
    calibrated chance is below what a person demands.
    """
    ranked = sorted(state.tried, key=lambda tried: (not tried.refuted, not doubted(tried)))
    if not ranked:
        return Outcome(ThoughtStatus.FAILED, reason=state.complaint or "nothing was answered")
    best, told = ranked[-1], f" ({why})" if why else ""
    if best.refuted:
        return Outcome(
            ThoughtStatus.ABSTAINED, best, f"No answer passed verification: {trusted(best).reason}{told}."
        )
    chance = _chance(best)
    if not thought.task.depth and chance is not None and chance < (thought.crew.settings.abstain or 0.0):
        reason = f"The best answer is right with a chance of {chance:.2f} only, and {thought.crew.settings.abstain:g} is demanded."
        return Outcome(ThoughtStatus.ABSTAINED, best, reason)
    standing = trusted(best)
    doubtful = f"accepted with doubt: {standing.reason}" if standing.trust == "doubtful" else ""
    return Outcome(ThoughtStatus.DONE, best, doubtful)


def _chance(tried: Assessed) -> float | None:
    """Return the calibrated chance that an answer is right, or None if nobody gave one or a check settled it."""
    if tried.settled:
        return None
    return next((verdict.reward for verdict in tried.verdicts if verdict.calibrated), None)
