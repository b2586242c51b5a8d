"""The dialect of instruct models.

Everything that comes from a question, a finding, a model or a tool stands between tags, and the instructions say
that it is data. Such text cannot open or close the tags itself (`agot.tools.untrusted`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from agot.agents.bindings import CHECK_NAMES
from agot.agents.dialects.standard import reading, schemas, writing
from agot.agents.prompts.choice import Pick, default_prompt
from agot.agents.prompts.library import default
from agot.agents.selection.cascade import watched
from agot.agents.selection.prior import parse_prior
from agot.errors import OutputError
from agot.models.structured import SchemaMemory, structured
from agot.protocols import Ask, Completion, ModelRequest
from agot.thought import (
    Constraint,
    Critique,
    Decline,
    Finding,
    Plan,
    Solution,
    Step,
    Task,
    ToolCard,
    ToolNote,
    ToolRound,
    Verdict,
)
from agot.tools.untrusted import RULE

_LONGEST_SAID = 1000
"""Characters of a judge's or critic's words that are kept as feedback."""

_LONGEST_ASSOCIATION = 600
_NOTHING = re.compile(r"[\W_]*(?:none|nothing|n/a)(?:\s+(?:comes|to|that|relevant|additional|more)\b.*)?[\W_]*", re.IGNORECASE | re.DOTALL)  # fmt: skip


class StandardDialect:
    """Implements `agot.protocols.Dialect` for models that follow instructions.

    Args:
        memory: What each endpoint was seen to support; shared by all runs of a process.
        most_thoughts: Told to the planner.
        pick: Chooses among the curated prompts of a purpose; the default ones if not given.
    """

    name = "standard"

    def __init__(self, memory: SchemaMemory, *, most_thoughts: int, pick: Pick = default_prompt) -> None:
        self._memory, self._most, self._pick = memory, most_thoughts, pick

    # -- answering and splitting

    async def think(self, ask: Ask, task: Task, *, role: str, may_expand: bool) -> Solution | Plan | Decline:
        """Answer or expand, in one structured call."""
        if not may_expand:
            return (await self.solve(ask, task, role=role, mode="chain", n=1, temperature=0.0))[0]
        prompt = await self._pick("think", task)
        request = writing.request(ask, role, "think", prompt, writing.user(task), most=self._most)
        got = await structured(ask, request, schemas.Thinking, memory=self._memory)
        return schemas.solution_or_plan(got, ask.profile(role).model, "chain")

    async def plan(self, ask: Ask, task: Task, *, role: str, retry: int, n: int) -> list[Plan] | Decline:
        """Split a task once; complaints about earlier plans stand in its feedback, which beats more samples."""
        prompt = await self._pick("plan", task)
        request = writing.request(ask, role, "plan", prompt, writing.user(task), most=self._most)
        return [schemas.plan_of(await structured(ask, request, schemas.Planning, memory=self._memory))]

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
        """Draw `n` solutions as free text, which every model can write.

        Samples that were cut off before their answer are left out: they must not vote.
        """
        purpose = mode if mode == "direct" or not steps else "continue"
        content = writing.with_steps(task, steps) if steps else writing.user(task)
        request = writing.request(
            ask, role, "solve", await self._pick(purpose, task), content, temperature=temperature,
            logprobs=likelihoods or watched(ask, role), top_logprobs=5 if watched(ask, role) else 0,
        )  # fmt: skip
        return await self._solutions(ask, request, n, mode, steps)

    async def final(
        self, ask: Ask, task: Task, findings: Sequence[Finding], *, role: str, may_extend: bool
    ) -> Solution | Plan:
        """Put findings together, or extend the plan."""
        names = {str(place) for place in range(1, len(findings) + 1)}
        content = writing.user(task.model_copy(update={"findings": tuple(findings)}))
        extend = f" {default('extend').text}" if may_extend else ""
        request = writing.request(ask, role, "final", await self._pick("final", task), content, extend=extend)
        got = await structured(ask, request, schemas.Thinking, memory=self._memory)
        found = schemas.solution_or_plan(got, ask.profile(role).model, "synthesis")
        if isinstance(found, Decline) or (isinstance(found, Plan) and not may_extend):
            raise OutputError("The model did not put the findings together.", model=ask.profile(role).model)
        return schemas.renamed(found, names) if isinstance(found, Plan) else found

    # -- searching

    async def step(
        self, ask: Ask, task: Task, steps: Sequence[str], *, role: str, n: int, temperature: float
    ) -> list[Step]:
        """Propose up to `n` next steps; samples that hold none are left out, equal ones are not."""
        request = writing.request(
            ask, role, "step", await self._pick("step", task), writing.with_steps(task, steps),
            temperature=temperature, logprobs=True,
        )  # fmt: skip
        proposed = [reading.step_of(completion, steps) for completion in await ask.samples(request, n)]
        return [step for step in proposed if step is not None]

    async def value(self, ask: Ask, task: Task, steps: Sequence[str], *, role: str) -> float | None:
        """Ask whether the steps so far can end well: P(yes), or the word alone where there are no log-probabilities."""
        request = writing.request(
            ask, role, "value", await self._pick("value", task), writing.with_steps(task, steps),
            logprobs=True, top_logprobs=5,
        )  # fmt: skip
        return reading.chance((await ask(request)).completions[0], "yes", "no")

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
        """Draw `n` improved solutions as free text; samples without an answer are left out."""
        said = writing.proposal(critique or "(no remarks)", "critic")
        content = f"{writing.user(task)}\n{writing.proposal(writing.worked(solution), 'solution')}\n{said}"
        prompt = await self._pick("refine", task)
        request = writing.request(ask, role, "refine", prompt, content, temperature=temperature)
        return await self._solutions(ask, request, n, "chain", ())

    async def aggregate(self, ask: Ask, task: Task, solutions: Sequence[Solution], *, role: str) -> Solution:
        """Write one solution of several; a single one stays as it is.

        Raises:
            ValueError: If there is none.
        """
        if not solutions:
            raise ValueError("There is no solution to aggregate; give at least one.")
        if len(solutions) == 1:
            return solutions[0]
        shown = [writing.proposal(writing.worked(one), str(i)) for i, one in enumerate(solutions, start=1)]
        prompt = await self._pick("aggregate", task)
        request = writing.request(ask, role, "aggregate", prompt, "\n".join((writing.user(task), *shown)))
        return (await self._solutions(ask, request, 1, "chain", ()))[0]

    async def associate(self, ask: Ask, task: Task, steps: Sequence[str], *, role: str) -> str:
        """Return a sentence or two of knowledge, at most 600 characters; "" if the model has nothing to say."""
        prompt = await self._pick("associate", task)
        request = writing.request(ask, role, "associate", prompt, writing.with_steps(task, steps))
        completion = reading.without_thinking((await ask(request)).completions[0])
        text = " ".join(completion.text.split())
        if reading.unfinished(text) or _NOTHING.fullmatch(text):
            return ""
        return text if len(text) <= _LONGEST_ASSOCIATION else f"{text[: _LONGEST_ASSOCIATION - 1]}…"

    # -- judging

    async def judge(self, ask: Ask, task: Task, solution: Solution, *, role: str) -> Verdict:
        """Ask for Yes or No; the reward is P(yes) where the model gives log-probabilities."""
        request = await self._review(ask, task, solution, "judge", role)
        reply = await ask(request)
        completion = reading.without_thinking(reply.completions[0])
        reward = reading.chance(completion, "yes", "no")
        if reward is None:
            raise OutputError(f"Expected Yes or No, got {completion.text[:80]!r}.", model=reply.model)
        feedback = _said(completion.text) or f"the judge doubts the answer {solution.answer!r}"
        return Verdict(check="judge", reward=reward, feedback="" if reward >= 0.5 else feedback)

    async def critique(
        self, ask: Ask, task: Task, solution: Solution, *, role: str, n: int, temperature: float
    ) -> list[Critique]:
        """Draw critiques; one is enough where log-probabilities give its reward, else each is a plain Yes or No."""
        request = await self._review(ask, task, solution, "critique", role, temperature=temperature)
        completions = await ask.samples(request, 1 if request.logprobs else n)
        if request.logprobs and n > 1 and not completions[0].logprobs:
            completions += await ask.samples(request, n - 1)
        return [_critique(completion) for completion in completions]

    async def compare(self, ask: Ask, task: Task, a: Solution, b: Solution, *, role: str) -> float | None:
        """Ask for A or B; P(a) where the model gives log-probabilities, else the letter alone decides."""
        shown = (writing.proposal(writing.worked(one), name) for one, name in ((a, "A"), (b, "B")))
        request = writing.request(
            ask, role, "compare", await self._pick("compare", task), "\n".join((writing.user(task), *shown)),
            logprobs=True, top_logprobs=5,
        )  # fmt: skip
        return reading.chance((await ask(request)).completions[0], "A", "B", cased=True)

    # -- demands, ratings, tools

    async def constraints(self, ask: Ask, task: Task, *, role: str) -> list[Constraint]:
        """Ask for what the question demands of an answer's form; checks that do not exist are left to a judge."""
        prompt = await self._pick("constraints", task)
        request = writing.request(ask, role, "constraints", prompt, writing.user(task))
        got = await structured(ask, request, schemas.Demands, memory=self._memory)
        return schemas.constraints_of(got, CHECK_NAMES)

    async def rate(self, ask: Ask, task: Task, names: Sequence[str], *, role: str) -> dict[str, float]:
        """Ask how promising each strategy is; those that the model leaves out have no rating."""
        shown = [writing.proposal(name, name) for name in names]
        prompt = await self._pick("rate", task)
        request = writing.request(ask, role, "rate", prompt, "\n".join((writing.user(task), *shown)))
        return parse_prior((await ask(request)).completions[0].text, names)

    async def tool_round(
        self, ask: Ask, task: Task, tools: Sequence[ToolCard], seen: Sequence[ToolNote], *, role: str
    ) -> ToolRound:
        """Ask for the next calls or the answer; calls that do not fit their tools are sent back."""
        prompt = await self._pick("tools", task)
        content = writing.with_tools(task, tools, seen)
        request = writing.request(ask, role, "tools", prompt, content, untrusted=RULE)
        return schemas.round_of(
            await structured(ask, request, schemas.round_schema(tools), memory=self._memory)
        )

    # -- parts of the above

    async def _solutions(
        self, ask: Ask, request: ModelRequest, n: int, mode: str, steps: Sequence[str]
    ) -> list[Solution]:
        """Draw samples and return those that hold an answer.

        Raises:
            OutputError: If none does.
        """
        completions = await ask.samples(request, n)
        found = [reading.solution_of(completion, mode) for completion in completions]
        answered = [_going_on(solution, steps) for solution in found if solution is not None]
        if not answered:
            cut = any(completion.finish_reason == "length" for completion in completions)
            raise OutputError(
                "The model's reply holds no answer."
                + (f" It was cut off after {request.max_tokens} tokens; raise max_tokens." if cut else ""),
                model=ask.profile(request.role).model,
            )
        return answered

    async def _review(
        self, ask: Ask, task: Task, solution: Solution, purpose: Literal["judge", "critique"], role: str,
        *, temperature: float = 0.0,
    ) -> ModelRequest:  # fmt: skip
        content = f"{writing.user(task)}\n{writing.proposal(writing.worked(solution))}"
        prompt = await self._pick(purpose, task)
        return writing.request(
            ask, role, purpose, prompt, content, temperature=temperature, logprobs=True, top_logprobs=5
        )


def _going_on(solution: Solution, steps: Sequence[str]) -> Solution:
    """Return a solution with the steps it was given before its own, which may begin by repeating them."""
    if not steps:
        return solution
    own = solution.steps[reading.after_repeated(solution.steps, steps) :]
    return solution.model_copy(update={"steps": (*steps, *own)})


def _said(text: str) -> str:
    """Return what stands after the Yes or No."""
    return re.sub(r"^\W*(?:yes|no)\b\W*", "", text.strip(), flags=re.IGNORECASE)[:_LONGEST_SAID].strip()


def _critique(completion: Completion) -> Critique:
    completion = reading.without_thinking(completion)
    reward = reading.chance(completion, "yes", "no")
    if reading.unfinished(completion.text) or (reward is not None and reward >= 0.5):
        return Critique(text="", reward=reward)
    return Critique(text=_said(completion.text) or "the answer is doubted", reward=reward)
