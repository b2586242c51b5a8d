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

from agot.agents.context import Outcome, ThoughtContext
from agot.agents.kinds import kind_of_reply
from agot.agents.selector import Move
from agot.agents.strategies.cross_check import NAME as CROSS_CHECK
from agot.agents.strategies.experts import NAME as EXPERTS
from agot.agents.strategies.tool_rounds import NAME as TOOLS
from agot.agents.trust import trusted
from agot.agents.worth import JUDGE
from agot.protocols import Assessed
from agot.thought import ThoughtStatus

_WORTH = 2
"""Answers of the first one's length for which a limit must leave room before another is drawn."""


def accepted(work: ThoughtContext, tried: Assessed) -> bool:
    """Return whether an answer is given as it is."""
    if proven(tried):
        return True
    if doubted(tried) or work.unsure or cross_checks(work, tried) is not None:
        return False
    if not work.auto:
        return True
    if tried.solution.strategy == CROSS_CHECK:
        return trusted(tried).trust != "doubtful"
    return work.settings.ladder is None or tried.reward is None or tried.reward >= work.settings.accept


def proven(tried: Assessed) -> bool:
    """Return whether a check settled that an answer is right."""
    return trusted(tried).trust == "proved"


def doubted(tried: Assessed) -> bool:
    """Return whether a check, not only a judge, speaks against an answer."""
    return any(verdict.doubts for verdict in tried.verdicts if verdict.check != JUDGE)


def refuted(tried: Assessed) -> bool:
    """Return whether a check settled that an answer is wrong."""
    return tried.refuted


def cross_checks(work: ThoughtContext, tried: Assessed) -> Move | None:
    """Return the cross-check of an answer, if it is worth one."""
    settings, task = work.settings, work.task
    unwanted = (
        not work.auto or not settings.verify or settings.effort == "fast" or settings.ladder is not None
    )
    # Chains that call no tools are no second opinion on what tools told.
    apart = task.depth or work.planned or work.role != "fast" or TOOLS in work.made
    # Nor are more samples than a search has drawn already.
    if unwanted or apart or set(work.made) - {"chain"}:
        return None
    kind = kind_of_reply(task.question, task.material)
    # Facts are told in sentences, which seldom have the same words: that two differ tells nothing.
    if not kind.reasoned:
        return None
    calls, tokens = work.thought.left("calls"), work.thought.left("tokens")
    if (calls is not None and calls < 1) or (tokens is not None and tokens < _WORTH * work.thought.ask.tokens):
        return None
    return Move(
        CROSS_CHECK,
        f"nothing proves the {kind.name} that was answered, so it is compared with further answers",
    )


async def next_move(work: ThoughtContext, tokens_left: int | None) -> Move:
    """Return the next try after an answer that was not accepted, or after none; an empty move to stop."""
    last = work.tried[-1] if work.tried else None
    if last is not None and work.solution is None and work.settings.ladder is not None:
        # A step of the ladder that gives nothing, or cannot be taken here, is left out.
        return await _climbed(work, tokens_left, against=True)
    if work.solution is None or last is None:
        return _after_nothing(work)
    if work.unsure and work.crew.strong and work.role != work.crew.strong:
        return _handed_over(work, work.unsure)
    if doubted(last) and (work.settings.effort == "fast" or not kind_of_reply(work.task.question, work.task.material).closed):
        return Move(work.move, "the model is asked again and told what was wrong")
    against = refuted(last)
    move = None if against else cross_checks(work, last)
    return move or await _climbed(work, tokens_left, against=against)


async def _climbed(work: ThoughtContext, tokens_left: int | None, *, against: bool) -> Move:
    """Return what follows a doubted answer: the ladder, other models, the strong one, a plan."""
    climbs = work.settings.ladder is not None
    searches = against or climbs or work.settings.effort == "thorough"
    if searches or work.crew.selector.experts:
        move = await work.crew.selector.next(work.task, work.tried, work.made, tokens_left=tokens_left, climbs=climbs)
        if move.strategy and (searches or move.strategy == EXPERTS):
            bounded = not climbs and work.settings.effort != "thorough" and move.samples is not None
            return replace(move, samples=min(move.samples or 0, work.most_samples)) if bounded else move
    if work.crew.strong and work.role != work.crew.strong:
        return _handed_over(work, "the answers are doubted")
    if work.may_expand and not work.planned:
        return Move("plan", "the answers differ, so the question is split")
    return Move("", "nothing else would help for its price")


def _after_nothing(work: ThoughtContext) -> Move:
    """Return what follows a try without an answer: one chain, if none was asked for yet."""
    if work.tried:
        return Move("", work.complaint)
    if "chain" not in work.made or (work.move == "think" and work.may_expand and work.made == ["chain"]):
        return Move("chain", f"{work.complaint}, so one chain is tried")
    if work.crew.strong and work.role != work.crew.strong:
        return _handed_over(work, work.complaint)
    return Move("", work.complaint)


def _handed_over(work: ThoughtContext, why: str) -> Move:
    work.role = work.crew.strong
    return Move("chain", f"{why}, so the model of the role {work.crew.strong!r} is asked")


def conclude(work: ThoughtContext, why: str) -> Outcome:
    """Return how a thought ends with the best of what was tried.

    The later try is the better one: it had more to go by. An answer is withheld only if it is refuted, or if its
    calibrated chance is below what a person demands.
    """
    ranked = sorted(work.tried, key=lambda tried: (not refuted(tried), not doubted(tried)))
    if not ranked:
        return Outcome(ThoughtStatus.FAILED, reason=work.complaint or "nothing was answered")
    best, told = ranked[-1], f" ({why})" if why else ""
    if refuted(best):
        return Outcome(
            ThoughtStatus.ABSTAINED, best, f"No answer passed verification: {trusted(best).reason}{told}."
        )
    chance = _chance(best)
    if not work.task.depth and chance is not None and chance < (work.settings.abstain or 0.0):
        reason = f"The best answer is right with a chance of {chance:.2f} only, and {work.settings.abstain:g} is demanded."
        return Outcome(ThoughtStatus.ABSTAINED, best, reason)
    standing = trusted(best)
    doubtful = f"accepted with doubt: {standing.reason}" if standing.trust == "doubtful" else ""
    return Outcome(ThoughtStatus.DONE, best, doubtful)


def _chance(tried: Assessed) -> float | None:
    """Return the calibrated chance that an answer is right, or None if nobody gave one or a check settled it."""
    if tried.settled:
        return None
    return next((verdict.reward for verdict in tried.verdicts if verdict.calibrated), None)
