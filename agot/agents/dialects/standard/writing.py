"""What instruct models are sent: a curated prompt, and everything else between tags, as data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from agot.agents.prompts.library import Prompt, default
from agot.protocols import Ask, Message, ModelRequest
from agot.thought import Finding, Solution, Task, ToolCard, ToolNote
from agot.tools.untrusted import defused, delimit


def user(task: Task) -> str:
    """Return the task: orientation, material, findings, question, and why earlier tries were rejected."""
    parts = []
    if task.overall and task.overall not in (task.question, f"{task.material}\nQuestion: {task.question}"):
        parts.append(
            f"For orientation only, the larger question:\n<larger_question>\n{defused(task.overall)}\n</larger_question>"
        )
    if task.material:
        parts.append(f"<material>\n{defused(task.material)}\n</material>")
    parts += [
        f'<finding name="#{i}">\n{defused(finding.question)}\n-> {_found(finding)}\n</finding>'
        for i, finding in enumerate(task.findings, start=1)
    ]
    parts.append(f"<question>\n{defused(task.question)}\n</question>")
    if task.feedback:
        parts.append("Earlier tries were rejected. What was said of them:")
        parts += [f"<feedback>\n{defused(text)}\n</feedback>" for text in task.feedback]
    return "\n".join(parts)


def _found(finding: Finding) -> str:
    return delimit(finding.answer, finding.source) if finding.source else defused(finding.answer)


def proposal(text: str, name: str = "") -> str:
    """Return what a model wrote, as data.

    Args:
        name: One of our own words, or a text that is made harmless here.
    """
    named = f' name="{_attribute(name)}"' if name else ""
    return f"<proposal{named}>\n{defused(text)}\n</proposal>"


def _attribute(name: str) -> str:
    escaped = " ".join(name.split()).replace("&", "&amp;").replace('"', "&quot;")
    return escaped.replace("<", "&lt;").replace(">", "&gt;")


def worked(solution: Solution) -> str:
    """Return a solution with its steps as lines."""
    return "\n".join((*solution.steps, f"Answer: {solution.answer}"))


def with_steps(task: Task, steps: Sequence[str]) -> str:
    """Return a task with the steps that are done; a chain that has not begun says so."""
    return f"{user(task)}\n{proposal(chr(10).join(steps) or '(no steps yet)')}"


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
    parts = [user(task), "Tools:", delimit(listed or "(none)", "list of tools")]
    for note in seen:
        call = json.dumps({"name": note.call.name, "arguments": note.call.arguments}, ensure_ascii=False)
        outcome = "failed" if note.error else "gave"
        parts += [f"An earlier call {outcome}:", delimit(f"{call}\n-> {note.text}", note.call.name)]
    return "\n".join(parts)


def request(
    ask: Ask, role: str, purpose: str, prompt: Prompt, content: str, *,
    temperature: float = 0.0, logprobs: bool = False, top_logprobs: int = 0, **values: str | int,
) -> ModelRequest:  # fmt: skip
    """Return a request under a curated prompt; log-probabilities are asked for where the model gives them.

    Args:
        values: For the prompt's placeholders; that of "data" is filled in here.
    """
    profile = ask.profile(role)
    wanted = logprobs and profile.gives_logprobs
    system = prompt.filled(data=default("data").text, **values)
    return ModelRequest(
        role=role, purpose=purpose, prompt=prompt.id, temperature=temperature, max_tokens=profile.max_tokens,
        logprobs=wanted, top_logprobs=top_logprobs if wanted else 0,
        messages=(Message(role="system", content=system), Message(role="user", content=content)),
    )  # fmt: skip
