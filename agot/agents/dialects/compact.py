"""The dialect of the embedded model: a few fixed words instead of instructions.

A system message names the mode (or is absent, and the model chooses), the user message holds the
question, the reply is lines. What the modes mean stands in `training/example.py`.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Sequence
from typing import Literal

from agot.agents.selection.cascade import unsure, watched
from agot.agents.votes import tally
from agot.errors import ContextTooLong, OutputError
from agot.protocols import Ask, Completion, Message, ModelRequest
from agot.thought import (
    Constraint,
    Critique,
    Decline,
    Finding,
    Plan,
    PlannedThought,
    Solution,
    Step,
    Task,
    ToolCall,
    ToolCard,
    ToolNote,
    ToolRound,
    Verdict,
)

_CONNECT = "Connect a real one: `agot models add` takes that of a local server, `agot ask -m MODEL` names any other."
_ANSWER = "answer:"
_ROOM = 512
_STEP_ROOM = 160
_ALTERNATIVES = 5
CALCULATOR = "calculator"
_RETRY_TEMPERATURE = 0.8
"""The model cannot read feedback, so a new try is a new sample."""


class CompactDialect:
    """Implements `agot.protocols.Dialect` for models trained on the compact protocol."""

    name = "compact"

    async def think(self, ask: Ask, task: Task, *, role: str, may_expand: bool) -> Solution | Plan | Decline:
        """Let the model choose to answer, to plan or to decline."""
        if not may_expand:
            return (await self.solve(ask, task, role=role, mode="chain", n=1, temperature=0.0))[0]
        request = _request(
            role, "think", None, _user(task), logprobs=ask.profile(role).gives_logprobs,
            top_logprobs=_ALTERNATIVES if watched(ask, role) else 0,
        )  # fmt: skip
        try:
            reply = await ask(request)
        except ContextTooLong:
            return Decline(reason=f"This is more text than the embedded model can read. {_CONNECT}")
        completion = reply.completions[0]
        mode, _, body = completion.text.partition("\n")
        match mode.strip():
            case "plan:":
                return _plan(body, reply.model)
            case "decline:":
                return Decline(
                    reason=f"The embedded model was not trained for this kind of question. {_CONNECT}"
                )
            case "chain:" | "direct:":
                return _solution(completion, body, "chain", reply.model)
            case other:
                raise OutputError(
                    f"The model chose the unknown mode {other!r}; expected chain, plan or decline.",
                    model=reply.model,
                )

    async def plan(self, ask: Ask, task: Task, *, role: str, retry: int, n: int) -> list[Plan] | Decline:
        """Split a task: greedily at first, then by `n` samples, because the model cannot read feedback."""
        request = _request(
            role, "plan", "plan", _user(task), temperature=_RETRY_TEMPERATURE if retry else 0.0
        )
        model = ask.profile(role).model
        plans: list[Plan] = []
        fault: OutputError | None = None
        for completion in await ask.samples(request, n if retry else 1):
            try:
                plans.append(_plan(completion.text, model))
            except OutputError as error:
                fault = error
        if not plans and fault is not None:
            raise fault
        return plans

    async def solve(
        self,
        ask: Ask,
        task: Task,
        *,
        role: str,
        mode: Literal["direct", "chain"],
        n: int,
        temperature: float,
        steps: Sequence[str] = (),
        likelihoods: bool = False,
    ) -> list[Solution]:
        """Draw `n` solutions; unreadable ones are left out if another can be read.

        Likelihoods are always asked for: the embedded model has them anyway, and its confidence is made of them.
        """
        profile = ask.profile(role)
        request = _request(
            role,
            "solve",
            mode,
            _user(task),
            temperature=temperature,
            logprobs=profile.gives_logprobs,
            top_logprobs=_ALTERNATIVES if watched(ask, role) else 0,
            steps=steps,
        )
        solutions: list[Solution] = []
        fault: OutputError | None = None
        for completion in await ask.samples(request, n):
            try:
                found = _solution(completion, completion.text, mode, profile.model)
                solutions.append(found.model_copy(update={"steps": (*steps, *found.steps)}))
            except OutputError as error:
                fault = error
        if not solutions and fault is not None:
            raise fault
        return solutions

    async def program(
        self, ask: Ask, task: Task, *, role: str, n: int, temperature: float, failed: str = "", error: str = ""
    ) -> list[str]:
        """Return none: the model was not trained to write programs."""
        return []

    async def step(
        self, ask: Ask, task: Task, steps: Sequence[str], *, role: str, n: int, temperature: float
    ) -> list[Step]:
        """Continue the chain's text by one line, `n` times."""
        profile = ask.profile(role)
        request = _request(
            role, "step", "chain", _user(task), temperature=temperature, logprobs=profile.gives_logprobs,
            steps=steps, stop=("\n",), max_tokens=_STEP_ROOM,
        )  # fmt: skip
        proposed = []
        for completion in await ask.samples(request, n):
            text = completion.text.strip()
            if not text or completion.finish_reason == "length":
                continue
            if not text.startswith(_ANSWER):
                proposed.append(Step(text=text, logprob=_mean_logprob(completion)))
                continue
            solution = Solution(
                answer=text.removeprefix(_ANSWER).strip(), steps=tuple(steps), strategy="chain",
                logprob=_mean_logprob(completion),
            )  # fmt: skip
            proposed.append(Step(text=text, solution=solution, logprob=solution.logprob))
        return proposed

    async def value(self, ask: Ask, task: Task, steps: Sequence[str], *, role: str) -> float | None:
        """Return P(yes) that the chain so far can end well; the model was trained to say so."""
        user = f"{_user(task)}\nProposed so far:\n" + "\n".join(steps)
        request = _request(role, "value", "verify", user, logprobs=True, top_logprobs=5, max_tokens=2)
        return yes_probability((await ask(request)).completions[0])

    async def refine(
        self,
        ask: Ask,
        task: Task,
        solution: Solution,
        critique: str,
        *,
        role: str,
        n: int,
        temperature: float,
    ) -> list[Solution]:
        """Rewind half of the chain and go on from there: the model cannot read a critique."""
        kept = solution.steps[: len(solution.steps) // 2]
        return await self.solve(
            ask, task, role=role, mode="chain", n=n, temperature=temperature or _RETRY_TEMPERATURE, steps=kept
        )

    async def critique(
        self, ask: Ask, task: Task, solution: Solution, *, role: str, n: int, temperature: float
    ) -> list[Critique]:
        """Return the judge's word, which holds all that the model can say of a solution."""
        verdict = await self.judge(ask, task, solution, role=role)
        return [Critique(text=verdict.feedback, reward=verdict.reward)]

    async def aggregate(self, ask: Ask, task: Task, solutions: Sequence[Solution], *, role: str) -> Solution:
        """Let the solutions vote: the model was not trained to merge texts."""
        return tally(solutions)

    async def associate(self, ask: Ask, task: Task, steps: Sequence[str], *, role: str) -> str:
        """Return nothing: all that the model knows is in its procedures."""
        return ""

    async def compare(self, ask: Ask, task: Task, a: Solution, b: Solution, *, role: str) -> float | None:
        """Return P(`a` right) against P(`b` right), each judged alone, so that the order does not matter."""
        left, right = await asyncio.gather(
            self.judge(ask, task, a, role=role), self.judge(ask, task, b, role=role)
        )
        if left.reward is None or right.reward is None or left.reward + right.reward == 0:
            return None
        return left.reward / (left.reward + right.reward)

    async def constraints(self, ask: Ask, task: Task, *, role: str) -> list[Constraint]:
        """Return none: the question's own wording is read without the model."""
        return []

    async def rate(self, ask: Ask, task: Task, names: Sequence[str], *, role: str) -> dict[str, float]:
        """Return nothing: the model has no opinion on strategies."""
        return {}

    async def tool_round(
        self, ask: Ask, task: Task, tools: Sequence[ToolCard], seen: Sequence[ToolNote], *, role: str
    ) -> ToolRound:
        """Hand one expression to the calculator, the one tool that the model knows; answer with what it says."""
        worked = next((note for note in seen if note.call.name == CALCULATOR and not note.error), None)
        if worked is not None:
            step = f"{worked.call.arguments['expression']}={worked.text}"
            return ToolRound(solution=Solution(answer=worked.text, steps=(step,)))
        if seen or all(tool.name != CALCULATOR for tool in tools):
            found = await self.solve(ask, task, role=role, mode="chain", n=1, temperature=0.0)
            return ToolRound(solution=found[0])
        reply = await ask(_request(role, "tools", "calc", _user(task)))
        expression = reply.completions[0].text.strip()
        return ToolRound(calls=(ToolCall(name=CALCULATOR, arguments={"expression": expression}),))

    async def judge(
        self, ask: Ask, task: Task, solution: Solution, *, role: str, reasoned: bool = False
    ) -> Verdict:
        """Return P(yes) of the first token."""
        proposed = "\n".join((*solution.steps, f"{_ANSWER} {solution.answer}"))
        user = f"{_user(task)}\nProposed:\n{proposed}"
        request = _request(role, "judge", "verify", user, logprobs=True, top_logprobs=5, max_tokens=2)
        reply = await ask(request)
        reward = yes_probability(reply.completions[0])
        if reward is None:
            raise OutputError(f"Expected yes or no, got {reply.completions[0].text!r}.", model=reply.model)
        feedback = "" if reward >= 0.5 else f"the judge doubts the answer {solution.answer!r}"
        return Verdict(check="judge", reward=reward, feedback=feedback)

    async def final(
        self, ask: Ask, task: Task, findings: Sequence[Finding], *, role: str, may_extend: bool
    ) -> Solution | Plan:
        """Put findings together; the compact protocol has no extensions."""
        known = "\n".join(f"{i}: {f.question} -> {f.answer}" for i, f in enumerate(findings, start=1))
        reply = await ask(_request(role, "final", "synth", f"{_user(task)}\nKnown:\n{known}"))
        completion = reply.completions[0]
        return _solution(completion, completion.text, "synthesis", reply.model)


def _user(task: Task) -> str:
    if not task.material:
        return task.question
    return f"{task.material}\nQuestion: {task.question}"


def _request(
    role: str,
    purpose: str,
    mode: str | None,
    user: str,
    *,
    temperature: float = 0.0,
    logprobs: bool = False,
    top_logprobs: int = 0,
    max_tokens: int = _ROOM,
    steps: Sequence[str] = (),
    stop: tuple[str, ...] = (),
) -> ModelRequest:
    system = (Message(role="system", content=mode),) if mode else ()
    begun = (Message(role="assistant", content="".join(f"{step}\n" for step in steps)),) if steps else ()
    return ModelRequest(
        role=role, purpose=purpose, messages=(*system, Message(role="user", content=user), *begun),
        temperature=temperature, max_tokens=max_tokens, logprobs=logprobs, top_logprobs=top_logprobs, stop=stop,
    )  # fmt: skip


def _mean_logprob(completion: Completion) -> float | None:
    if not completion.logprobs:
        return None
    return sum(token.logprob for token in completion.logprobs) / len(completion.logprobs)


def _plan(text: str, model: str) -> Plan:
    """Read `1: ...`, `2: ...`; a sub-question goes on until the line that begins with the next number."""
    questions: list[list[str]] = []
    for line in text.strip().splitlines():
        begins = f"{len(questions) + 1}: "
        if line.startswith(begins):
            questions.append([line.removeprefix(begins)])
        elif questions:
            questions[-1].append(line)
        else:
            raise OutputError(f"Expected numbered sub-questions, got {text[:200]!r}.", model=model)
    thoughts = tuple(
        PlannedThought(key=str(number), question="\n".join(lines).strip())
        for number, lines in enumerate(questions, start=1)
    )
    return Plan(thoughts=thoughts, final=thoughts[-1].key if thoughts else "")


def _solution(completion: Completion, text: str, strategy: str, model: str) -> Solution:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if strategy == "direct" and len(lines) == 1:
        lines = [f"{_ANSWER} {lines[0].removeprefix(_ANSWER).strip()}"]
    if not lines or not lines[-1].startswith(_ANSWER) or completion.finish_reason == "length":
        raise OutputError(
            f"Expected worked steps and a line 'answer: ...', got {text[-200:]!r}.", model=model
        )
    logprob = _mean_logprob(completion)
    return Solution(
        answer=lines[-1].removeprefix(_ANSWER).strip(), steps=tuple(lines[:-1]), strategy=strategy, logprob=logprob,
        unsure=unsure(completion.logprobs),
        confidence=None if logprob is None else math.exp(logprob),
    )  # fmt: skip


def yes_probability(completion: Completion) -> float | None:
    """Return P(yes) / (P(yes) + P(no)) of the first word, or None if it is neither.

    Without log-probabilities the word itself decides: 1 for yes, 0 for no.
    """
    for token in completion.logprobs or ():
        words = {}
        for text, logprob in ((token.token, token.logprob), *token.top):
            word = text.strip().strip("*\"'.:").casefold()
            if word in ("yes", "no"):
                words[(word, text)] = math.exp(logprob)
        if words:
            yes = sum(p for (word, _), p in words.items() if word == "yes")
            no = sum(p for (word, _), p in words.items() if word == "no")
            return min(1.0, yes / (yes + no))
        if token.token.strip():
            break
    first = re.match(r"\W*(yes|no)\b", completion.text, re.IGNORECASE)
    return None if first is None else float(first[1].casefold() == "yes")
