"""The model writes a program and a sandbox computes the answer; alone, beside a chain, and in a vote with chains.

Sources: Gao et al. 2022, "PAL: Program-aided Language Models", arXiv 2211.10435; Chen et al. 2022, "Program of Thoughts
Prompting", arXiv 2211.12588 (programs vote as chains do); Chen et al. 2023, "Teaching Large Language Models to Self-Debug",
arXiv 2304.05128 (one more try, with what running the program showed). That chains and programs err differently: Zhao et
al. 2023, "Automatic Model Selection with Large Language Models for Reasoning", arXiv 2305.14333; there a model chooses
between the two, here they vote.
"""

from __future__ import annotations

from collections.abc import Awaitable

from agot.agents.kinds import Kind
from agot.agents.search.together import together
from agot.agents.tries import Try
from agot.agents.votes import tally_of_ways
from agot.errors import BudgetExceeded, ModelError, ModelUnauthorised, OutputError, SetupError
from agot.protocols import Programs
from agot.thought import ProgramRun, Solution, Task

PROGRAM, CHAIN_PROGRAM_VOTE = "program", "chain-program-vote"


async def program(task: Task, try_: Try) -> Solution:
    """Ask for a program and run it; one that fails is sent back once, with what went wrong.

    Raises:
        SetupError: If programs cannot be run here.
        OutputError: If no program gave an answer.
    """
    runner = await _runner(try_)
    source = _written(await try_.program(task), try_)[0]
    ran = await runner.run(source)
    if ran.error:
        failed, source = source, _written(await try_.program(task, failed=source, error=ran.text), try_)[0]
        if source != failed:
            ran = await runner.run(source)
    if ran.error:
        raise OutputError(f"The model's program gave no answer: {ran.text}", model=_model(try_))
    return _solution(source, ran)


async def second_opinion(task: Task, try_: Try) -> Solution | None:
    """Return what one program at temperature 0 answers, or None if it gives nothing, or cannot be had.

    It is meant to stand beside a chain: what both say is right far more often than what either says alone. So a fault of
    the program or of the call takes nothing away from what is there already.

    Raises:
        BudgetExceeded: If a limit leaves no room for it.
        ModelUnauthorised: Further calls would fail alike.
    """
    if try_.programs is None or await try_.programs.why_not() is not None:
        return None
    try:
        source = _written(await try_.program(task, temperature=0.0), try_)[0]
        ran = await try_.programs.run(source)
    except ModelUnauthorised:
        raise
    except ModelError:
        return None
    return None if ran.error else _solution(source, ran)


def computable(kind: Kind) -> bool:
    """Return whether a program can find out what a question asks for: a value that follows from what is given."""
    return kind.name in ("number", "formula", "list", "value")


async def chain_program_vote(task: Task, try_: Try) -> Solution:
    """Draw `samples`, half of them chains and half programs, at least one of each; the most frequent answer wins.

    Of equally frequent answers one that chains and programs both gave is taken. Programs that give nothing and what a
    check refutes do not vote. If one of the two cannot be had, the other votes alone.

    Raises:
        SetupError: If programs cannot be run here.
        BudgetExceeded, ModelError: If neither a chain nor a program gave an answer.
    """
    runner = await _runner(try_)
    programs = max(1, try_.samples // 2)
    drawn = await together(
        _had(try_.solve(task, n=max(1, try_.samples - programs))),
        _had(_computed(task, try_, runner, programs)),
    )
    ways = [way for way, _ in drawn]
    faults = [fault for _, fault in drawn if fault is not None]
    if not any(ways):
        raise faults[0]
    for fault in faults:
        if isinstance(fault, BudgetExceeded):
            try_.tell_limit(fault)
        else:
            try_.ask.warn(f"Only one of chains and programs votes: {fault}")
    standing = [await try_.unrefuted(way) for way in ways]
    return tally_of_ways(standing if any(standing) else ways, try_.name)


async def _runner(try_: Try) -> Programs:
    why = "nothing here runs them" if try_.programs is None else await try_.programs.why_not()
    if try_.programs is None or why is not None:
        raise SetupError(
            f"The strategy {try_.name!r} runs programs that a model writes, which cannot be done here: {why}. "
            "Choose another strategy."
        )
    return try_.programs


def _written(sources: list[str], try_: Try) -> list[str]:
    if not sources:
        raise OutputError(
            "The model writes no programs; ask one that follows instructions, or choose another strategy.",
            model=_model(try_),
        )
    return sources


async def _computed(task: Task, try_: Try, runner: Programs, n: int) -> list[Solution]:
    """Return the answers of `n` programs; equal programs are run once."""
    sources = _written(await try_.program(task, n=n), try_)
    different = list(dict.fromkeys(sources))
    ran = dict(zip(different, await together(*map(runner.run, different)), strict=True))
    answered = [_solution(source, ran[source]) for source in sources if not ran[source].error]
    if not answered:
        raise OutputError(
            f"None of the model's programs gave an answer: {ran[sources[0]].text}", model=_model(try_)
        )
    return answered


async def _had(
    work: Awaitable[list[Solution]],
) -> tuple[list[Solution], BudgetExceeded | ModelError | None]:
    """Return the solutions, or none and why there are none."""
    try:
        return await work, None
    except ModelUnauthorised:
        raise
    except (BudgetExceeded, ModelError) as fault:
        return [], fault


def _solution(source: str, ran: ProgramRun) -> Solution:
    lines = tuple(line for line in source.splitlines() if line.strip())
    return Solution(answer=ran.text, steps=lines)


def _model(try_: Try) -> str:
    return try_.ask.profile(try_.role).model
