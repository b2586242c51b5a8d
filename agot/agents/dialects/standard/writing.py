"""What instruct models are sent: one user turn, what the user asked first and the instruction last.

Measured on small instruct models, an instruction in a system turn, tags around the question and a sentence about data cost
more than a third of all right answers (docs/prompts.md). So the question stands as it was asked, and an open one stands
alone. Tags are left to text that comes from neither the user nor a model: what tools and documents say
(`agot.tools.untrusted`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from agot.agents.kinds import Kind, kind_of_reply
from agot.agents.prompts.library import Prompt, default
from agot.protocols import Ask, Message, ModelRequest
from agot.question import split_material
from agot.thought import Finding, Solution, Task, ToolCard, ToolNote
from agot.tools.untrusted import RULE, defused, delimit


def kind_of(task: Task) -> Kind:
    """Return the kind of reply that a task asks for."""
    return kind_of_reply(task.question, task.material)


def user(task: Task) -> str:
    """Return the task: material, orientation, findings, question, and why earlier tries were rejected."""
    parts = []
    if task.material:
        parts.append(defused(task.material))
    overall = task.overall and split_material(task.overall) != (task.question, task.material)
    if overall:
        parts.append(f"This belongs to a larger question, given for orientation only:\n{defused(task.overall)}")
    if task.findings:
        found = "\n".join(_found(place, finding) for place, finding in enumerate(task.findings, start=1))
        parts.append(f"What was found out so far:\n{found}")
    alone = len(parts) == 0 or (len(parts) == 1 and task.material)
    # The user's own question is sent as it is; a part of it was worded by a model, which may have read anything.
    asked = defused(task.question) if overall else task.question
    parts.append(asked if alone else f"Now answer this:\n{asked}")
    if task.feedback:
        remarks = "\n".join(f"- {defused(text)}" for text in task.feedback)
        parts.append(f"Earlier answers were rejected, with these remarks:\n{remarks}")
    return "\n\n".join(parts)


def _found(place: int, finding: Finding) -> str:
    answer = delimit(finding.answer, finding.source) if finding.source else defused(finding.answer)
    return f"#{place}. {defused(finding.question)}\n-> {answer}"


def proposal(text: str, name: str = "Proposed solution") -> str:
    """Return what a model wrote, under a heading of ours."""
    return f"{name}:\n{defused(text)}"


def worked(solution: Solution) -> str:
    """Return a solution with its steps as lines."""
    if not solution.steps:
        return solution.answer
    return "\n".join((*solution.steps, f"The answer is {solution.answer}"))


def with_steps(task: Task, steps: Sequence[str]) -> str:
    """Return a task with the steps that are done; a chain that has not begun says so."""
    return f"{user(task)}\n\n{proposal(chr(10).join(steps) or '(no steps yet)', 'Steps so far')}"


def with_tools(task: Task, cards: Iterable[ToolCard], seen: Iterable[ToolNote]) -> str:
    """Return a task with the tools that may be called, and what earlier calls gave.

    Names, descriptions and schemas may come from other people's servers, so they are data as well.
    """
    listed = "\n".join(
        json.dumps(
            {"name": card.name, "description": card.description, "parameters": card.parameters}, ensure_ascii=False
        )
        for card in cards
    )  # fmt: skip
    parts = [user(task), f"Tools:\n{delimit(listed or '(none)', 'list of tools')}"]
    for note in seen:
        call = json.dumps({"name": note.call.name, "arguments": note.call.arguments}, ensure_ascii=False)
        outcome = "failed" if note.error else "gave"
        said = delimit(f"{call}\n-> {note.text}", note.call.name)
        parts.append(f"An earlier call {outcome}:\n{said}")
    return "\n\n".join(parts)


def ending(kind: Kind) -> str:
    """Return how a worked reply of this kind has to be written; "" for kinds that are written as the model likes."""
    return default("chain").filled(form=kind.form) if kind.reasoned else ""


def request(
    ask: Ask, role: str, purpose: str, prompt: Prompt | None, content: str, *,
    temperature: float = 0.0, logprobs: bool = False, top_logprobs: int = 0, **values: str | int,
) -> ModelRequest:  # fmt: skip
    """Return a request: the content, and under it a curated prompt; log-probabilities where the model gives them.

    Args:
        prompt: None to ask the content as it stands.
        values: For the prompt's placeholders.
    """
    profile = ask.profile(role)
    wanted = logprobs and profile.gives_logprobs
    words = "" if prompt is None else prompt.filled(**values).strip()
    if "<untrusted " in content:
        words = f"{words} {RULE}".strip()
    text = f"{content}\n\n{words}" if words else content
    return ModelRequest(
        role=role, purpose=purpose, prompt="" if prompt is None else prompt.id, temperature=temperature,
        max_tokens=profile.max_tokens, logprobs=wanted, top_logprobs=top_logprobs if wanted else 0,
        messages=(Message(role="user", content=text),),
    )  # fmt: skip
