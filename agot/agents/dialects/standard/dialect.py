"""The dialect of instruct models: plain requests, and replies read by the kind that the question asks for.

What a model reasons best with comes first: the question as it was asked, a plain instruction under it, free reasoning, the
answer at the end (`agot.agents.dialects.standard.writing`). Nothing but tool rounds and demands is asked for as JSON.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from agot.agents.dialects.standard import plans, reading, schemas, writing
from agot.agents.dialects.standard.programs import programs
from agot.agents.prompts.choice import Pick, default_prompt
from agot.agents.prompts.library import default
from agot.agents.selection.cascade import watched
from agot.agents.selection.prior import parse_prior
from agot.errors import OutputError
from agot.models.structured import SchemaMemory, structured
from agot.models.thinking import answering, no_answer
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
from agot.tools.untrusted import defused
from agot.verifiers.bindings import CHECK_NAMES

_LONGEST_SAID = 1000
"""Characters of a judge's or critic's words that are kept as feedback."""

_WORD_ROOM = 8
"""Tokens in which a model that does not think aloud has said its one word."""

_LONGEST_ASSOCIATION = 600
_NOTHING = re.compile(r"[\W_]*(?:none|nothing|n/a)(?:\s+(?:comes|to|that|relevant|additional|more)\b.*)?[\W_]*", re.IGNORECASE | re.DOTALL)  # fmt: skip
_VERDICT = re.compile(
    r"verdict\W{1,6}(?:is\W{1,4})?(right|correct|true|yes|wrong|incorrect|false|no)\b", re.IGNORECASE
)
_RIGHT = frozenset({"right", "correct", "true", "yes"})


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
        self._thinking_models: set[str] = set()

    # -- answering and splitting

    async def think(self, ask: Ask, task: Task, *, role: str, may_expand: bool) -> Solution | Plan | Decline:
        """Answer in one plain chain; where the question may be split, the model may write a plan instead."""
        if not may_expand:
            return (await self.solve(ask, task, role=role, mode="chain", n=1, temperature=0.0))[0]
        request = await self._chain(ask, task, role, offer=default("think").filled(most=self._most))
        return await self._answer_or_plan(ask, request, task)

    async def plan(self, ask: Ask, task: Task, *, role: str, retry: int, n: int) -> list[Plan] | Decline:
        """Split a task once; complaints about earlier plans stand in its feedback, which beats more samples."""
        prompt = await self._pick("plan", task)
        request = writing.request(ask, role, "plan", prompt, writing.user(task), most=self._most)
        reply = await ask(request)
        plan = plans.plan_in(answering(reply.completions[0]).text, whole=True)
        if not plan.thoughts:
            raise OutputError("The model wrote no numbered list of sub-questions.", model=reply.model)
        return [plan]

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

        Samples of a closed question that were cut off before their answer are left out: they must not vote.
        """
        kind = writing.kind_of(task)
        if steps:
            prompt = await self._pick("continue", task)
            request = writing.request(
                ask, role, "solve", prompt, writing.with_steps(task, steps), ending=writing.ending(kind)
            )
        elif mode == "direct" and kind.closed:
            request = writing.request(
                ask, role, "solve", await self._pick("direct", task), writing.user(task)
            )
        else:
            request = await self._chain(ask, task, role)
        watching = watched(ask, role)
        wanted = (likelihoods or watching) and ask.profile(role).gives_logprobs
        request = request.model_copy(update={
            "temperature": temperature, "logprobs": wanted, "top_logprobs": 5 if wanted and watching else 0,
        })  # fmt: skip
        return await self._solutions(ask, request, n, mode, task, steps)

    async def program(
        self,
        ask: Ask,
        task: Task,
        *,
        role: str,
        n: int,
        temperature: float,
        failed: str = "",
        error: str = "",
    ) -> list[str]:
        """Draw programs, or one more try at a program that failed; samples that hold none are left out."""
        return await programs(
            ask, task, self._pick, role=role, n=n, temperature=temperature, failed=failed, error=error
        )

    async def final(
        self, ask: Ask, task: Task, findings: Sequence[Finding], *, role: str, may_extend: bool
    ) -> Solution | Plan:
        """Put findings together, or ask for more sub-questions instead."""
        extend = default("extend").filled(next=len(findings) + 1) if may_extend else ""
        content = writing.user(task.model_copy(update={"findings": tuple(findings)}))
        ending = writing.ending(writing.kind_of(task))
        prompt = await self._pick("final", task)
        extend = f" {extend}" if ending else extend
        request = writing.request(ask, role, "final", prompt, content, ending=ending, extend=extend)
        if not may_extend:
            return (await self._solutions(ask, request, 1, "synthesis", task, ()))[0]
        found = await self._answer_or_plan(ask, request, task, "synthesis")
        names = {str(place) for place in range(1, len(findings) + 1)}
        if not isinstance(found, Plan):
            return found
        # What is asked for in addition answers no more than itself, so all has to be put together again.
        return plans.renamed(found.model_copy(update={"final": ""}), names)

    # -- searching

    async def step(
        self, ask: Ask, task: Task, steps: Sequence[str], *, role: str, n: int, temperature: float
    ) -> list[Step]:
        """Propose up to `n` next steps; samples that hold none are left out, equal ones are not."""
        request = writing.request(
            ask, role, "step", await self._pick("step", task), writing.with_steps(task, steps),
            temperature=temperature, logprobs=True,
        )  # fmt: skip
        kind = writing.kind_of(task)
        proposed = [reading.step_of(one, steps, kind) for one in await ask.samples(request, n)]
        return [step for step in proposed if step is not None]

    async def value(self, ask: Ask, task: Task, steps: Sequence[str], *, role: str) -> float | None:
        """Ask whether the steps so far can end well: P(yes), or the word alone where there are no log-probabilities."""
        request = writing.request(
            ask, role, "value", await self._pick("value", task), writing.with_steps(task, steps),
            logprobs=True, top_logprobs=5,
        )  # fmt: skip
        return (await self._one_word(ask, request, "yes", "no"))[0]

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
        said = writing.proposal(critique or "(none)", "Remarks on it")
        content = f"{writing.user(task)}\n\n{writing.proposal(writing.worked(solution))}\n\n{said}"
        prompt, ending = await self._pick("refine", task), writing.ending(writing.kind_of(task))
        request = writing.request(
            ask, role, "refine", prompt, content, temperature=temperature, ending=ending
        )
        return await self._solutions(ask, request, n, "chain", task, ())

    async def aggregate(self, ask: Ask, task: Task, solutions: Sequence[Solution], *, role: str) -> Solution:
        """Write one solution of several; a single one stays as it is.

        Raises:
            ValueError: If there is none.
        """
        if not solutions:
            raise ValueError("There is no solution to aggregate; give at least one.")
        if len(solutions) == 1:
            return solutions[0]
        shown = [
            writing.proposal(writing.worked(one), f"Solution {i}") for i, one in enumerate(solutions, start=1)
        ]
        prompt, ending = await self._pick("aggregate", task), writing.ending(writing.kind_of(task))
        content = "\n\n".join((writing.user(task), *shown))
        request = writing.request(ask, role, "aggregate", prompt, content, ending=ending)
        return (await self._solutions(ask, request, 1, "chain", task, ()))[0]

    async def associate(self, ask: Ask, task: Task, steps: Sequence[str], *, role: str) -> str:
        """Return a sentence or two of knowledge, at most 600 characters; "" if the model has nothing to say."""
        prompt = await self._pick("associate", task)
        request = writing.request(ask, role, "associate", prompt, writing.with_steps(task, steps))
        completion = answering((await ask(request)).completions[0])
        text = " ".join(completion.text.split())
        if not text or _NOTHING.fullmatch(text):
            return ""
        return text if len(text) <= _LONGEST_ASSOCIATION else f"{text[: _LONGEST_ASSOCIATION - 1]}…"

    # -- judging

    async def judge(
        self, ask: Ask, task: Task, solution: Solution, *, role: str, reasoned: bool = False
    ) -> Verdict:
        """Ask for one word, whose reward is P(yes) where the model gives log-probabilities; or for a reasoned verdict.

        Args:
            reasoned: Let the model check step by step before it says right or wrong; its reward is then 0 or 1.
        """
        request = await self._review(ask, task, solution, "verdict" if reasoned else "judge", role)
        if reasoned:
            completion = answering((await ask(request)).completions[0])
            words = _VERDICT.findall(completion.text)
            reward = float(words[-1].lower() in _RIGHT) if words else None
        else:
            reward, completion = await self._one_word(ask, request, "yes", "no")
        if reward is None:
            raise OutputError(
                f"Expected a verdict, got {completion.text[-80:]!r}.", model=ask.profile(role).model
            )
        feedback = f"the judge doubts the answer {solution.answer[:200]!r}"
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
        shown = (
            writing.proposal(writing.worked(one), name)
            for one, name in ((a, "Solution A"), (b, "Solution B"))
        )
        request = writing.request(
            ask, role, "compare", await self._pick("compare", task), "\n\n".join((writing.user(task), *shown)),
            logprobs=True, top_logprobs=5,
        )  # fmt: skip
        return (await self._one_word(ask, request, "A", "B", cased=True))[0]

    # -- demands, ratings, tools

    async def constraints(self, ask: Ask, task: Task, *, role: str) -> list[Constraint]:
        """Ask for what the question demands of an answer's form; checks that do not exist are left to a judge."""
        prompt = await self._pick("constraints", task)
        request = writing.request(ask, role, "constraints", prompt, writing.user(task))
        got = await structured(ask, request, schemas.Demands, memory=self._memory)
        return schemas.constraints_of(got, CHECK_NAMES)

    async def rate(self, ask: Ask, task: Task, names: Sequence[str], *, role: str) -> dict[str, float]:
        """Ask how promising each strategy is; those that the model leaves out have no rating."""
        content = f"{writing.user(task)}\n\nWays of working: {defused(', '.join(names))}"
        request = writing.request(ask, role, "rate", await self._pick("rate", task), content)
        return parse_prior((await ask(request)).completions[0].text, names)

    async def tool_round(
        self, ask: Ask, task: Task, tools: Sequence[ToolCard], seen: Sequence[ToolNote], *, role: str
    ) -> ToolRound:
        """Ask for the next calls or the answer; calls that do not fit their tools are sent back."""
        prompt = await self._pick("tools", task)
        content = writing.with_tools(task, tools, seen)
        request = writing.request(ask, role, "tools", prompt, content)
        return schemas.round_of(
            await structured(ask, request, schemas.round_schema(tools), memory=self._memory)
        )

    # -- parts of the above

    async def _chain(self, ask: Ask, task: Task, role: str, *, offer: str = "") -> ModelRequest:
        """Return the plain request: the question alone, or with an instruction to reason where a value is worked out.

        Args:
            offer: What the model may do instead of answering.
        """
        kind, content = writing.kind_of(task), writing.user(task)
        prompt = await self._pick("chain", task) if kind.reasoned else None
        if offer:
            reason = "" if prompt is None else prompt.filled(form=kind.form)
            return writing.request(ask, role, "think", None, f"{content}\n\n{f'{reason} {offer}'.strip()}")
        return writing.request(ask, role, "solve", prompt, content, form=kind.form)

    async def _answer_or_plan(
        self, ask: Ask, request: ModelRequest, task: Task, strategy: str = "chain"
    ) -> Solution | Plan:
        """Read a reply to a request that offered to plan; the mark before a text without a list is no part of it."""
        completion = answering((await ask(request)).completions[0])
        if plans.announces_plan(completion.text):
            plan = plans.plan_in(completion.text)
            rest = completion.text.lstrip().partition("\n")[2]
            if plan.thoughts or not rest.strip():
                return plan
            completion = completion.model_copy(update={"text": rest})
        return self._read(ask, request, [completion], strategy, task, ())[0]

    async def _solutions(
        self, ask: Ask, request: ModelRequest, n: int, mode: str, task: Task, steps: Sequence[str]
    ) -> list[Solution]:
        """Draw samples and return those that hold an answer.

        Raises:
            OutputError: If none does.
        """
        return self._read(ask, request, await ask.samples(request, n), mode, task, steps)

    def _read(
        self, ask: Ask, request: ModelRequest, completions: Sequence[Completion], mode: str, task: Task,
        steps: Sequence[str],
    ) -> list[Solution]:  # fmt: skip
        kind = writing.kind_of(task)

        def read(*, unended: bool) -> list[Solution]:
            found = (reading.solution_of(one, mode, kind, unended=unended) for one in completions)
            return [_going_on(solution, steps) for solution in found if solution is not None]

        # A sample that was cut off must not vote where others came to their answer.
        answered = read(unended=False) or read(unended=True)
        told = f"It was cut off after {request.max_tokens} tokens; raise max_tokens."
        if not answered:
            cut = any(completion.finish_reason == "length" for completion in completions)
            raise OutputError(
                no_answer(completions) or "The model's reply holds no answer." + (f" {told}" if cut else ""),
                model=ask.profile(request.role).model,
            )
        if any(solution.cut for solution in answered):
            ask.warn(f"The model's reply may lack its end. {told}")
        return answered

    async def _one_word(
        self, ask: Ask, request: ModelRequest, good: str, bad: str, *, cased: bool = False
    ) -> tuple[float | None, Completion]:
        """Ask for one of two words in a call that ends with it; a model that thinks aloud first gets all its room."""
        model = ask.profile(request.role).model
        if model not in self._thinking_models:
            short = request.model_copy(update={"max_tokens": min(_WORD_ROOM, request.max_tokens)})
            completion = answering((await ask(short)).completions[0])
            found = reading.chance(completion, good, bad, cased=cased)
            if found is not None or completion.finish_reason != "length":
                return found, completion
            self._thinking_models.add(model)
        completion = answering((await ask(request)).completions[0])
        return reading.chance(completion, good, bad, cased=cased), completion

    async def _review(
        self, ask: Ask, task: Task, solution: Solution, purpose: Literal["judge", "verdict", "critique"], role: str,
        *, temperature: float = 0.0,
    ) -> ModelRequest:  # fmt: skip
        content = f"{writing.user(task)}\n\n{writing.proposal(writing.worked(solution))}"
        prompt, word = await self._pick(purpose, task), purpose != "verdict"
        return writing.request(
            ask, role, purpose, prompt, content, temperature=temperature, logprobs=word, top_logprobs=5 * word
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
    completion = answering(completion)
    reward = reading.chance(completion, "yes", "no")
    if not completion.text.strip() or (reward is not None and reward >= 0.5):
        return Critique(text="", reward=reward)
    return Critique(text=_said(completion.text) or "the answer is doubted", reward=reward)
