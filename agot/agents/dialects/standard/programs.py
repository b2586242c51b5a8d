"""Questions as programs: what instruct models are asked for, and the code in what they reply.

Sources: Gao et al. 2022, "PAL: Program-aided Language Models", arXiv 2211.10435; Chen et al. 2022, "Program of Thoughts
Prompting", arXiv 2211.12588; Chen et al. 2023, "Teaching Large Language Models to Self-Debug", arXiv 2304.05128 (what
running a program showed goes back to the model).
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence

from agot.agents.dialects.standard import writing
from agot.agents.prompts.choice import Pick
from agot.agents.prompts.library import default
from agot.errors import OutputError
from agot.models.thinking import answering
from agot.protocols import Ask, Completion, Message, ModelRequest
from agot.thought import Task
from agot.tools.untrusted import defused
from agot.verifiers.code import python_blocks

_LONGEST = 20_000
_BEGINS = re.compile(
    r"def \w+\(|import \w|from \w[\w.]* import |class \w+[:(]|print\(|[A-Za-z_]\w*(?:\s*,\s*\w+)*\s*=[^=]"
)
"""A line with which code begins; sentences do not."""
_DOES = (ast.FunctionDef, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Call, ast.Import, ast.ImportFrom)


async def programs(
    ask: Ask, task: Task, pick: Pick, *, role: str, n: int, temperature: float, failed: str, error: str
) -> list[str]:
    """Draw programs; see `agot.protocols.Dialect.program`. Samples that hold none are left out.

    Raises:
        OutputError: If none does.
    """
    prompt = await pick("program", task)
    messages = [Message(role="user", content=f"{writing.user(task)}\n\n{prompt.text}")]
    if failed:
        # As a conversation: the server has read its first half already.
        said = default("debug").filled(error=defused(error))
        messages += [
            Message(role="assistant", content=f"```python\n{failed.rstrip()}\n```"),
            Message(role="user", content=said),
        ]
    room = ask.profile(role).max_tokens
    completions = await ask.samples(
        ModelRequest(
            role=role, purpose="program", prompt=prompt.id, temperature=temperature, max_tokens=room,
            messages=tuple(messages),
        ),
        n,
    )  # fmt: skip
    found = [source for one in completions if (source := program_in(one))]
    if not found:
        cut = any(one.finish_reason == "length" for one in completions)
        raise OutputError(
            "The model's reply holds no program."
            + (f" It was cut off after {room} tokens; raise max_tokens." if cut else ""),
            model=ask.profile(role).model,
        )
    return found


def program_in(completion: Completion) -> str:
    """Return the program of a reply, "" if it holds none that is whole.

    Of several fenced blocks it is the last that defines `solution`, else the last that is Python. Without fences it is
    the text from the first line of code on, as far as it is Python.
    """
    text = answering(completion).text
    if len(text) > _LONGEST:
        return ""
    blocks, cut = python_blocks(text), completion.finish_reason == "length"
    if blocks or cut:
        # A program that was cut off may still be Python, and answer something else.
        return _best([code for code, closed in blocks if closed or not cut])
    return _bare(text)


def _best(blocks: Sequence[str]) -> str:
    """Return one block of code; one that is no Python if there is no better, for what is wrong can be told."""
    for wanted in (_defines_solution, _acts, _looks_like_code):
        for block in reversed(blocks):
            if wanted(block):
                return block.strip("\n")
    return ""


def _bare(text: str) -> str:
    """Return the code in a text without fences."""
    lines = text.split("\n")
    begins = next((place for place, line in enumerate(lines) if _BEGINS.match(line)), None)
    if begins is None:
        return ""
    blank = [place for place in range(begins, len(lines)) if not lines[place].strip()]
    # What follows the code, if anything does, stands apart from it.
    for ends in (len(lines), *reversed(blank)):
        code = "\n".join(lines[begins:ends]).strip("\n")
        if _acts(code):
            return code
    return (
        "\n".join(lines[begins:]).strip("\n")
        if lines[begins].startswith(("def ", "import ", "from "))
        else ""
    )


def _parsed(code: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings():
            # A stray backslash in a model's text is no matter for our users.
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _defines_solution(code: str) -> bool:
    tree = _parsed(code)
    return tree is not None and any(
        isinstance(node, ast.FunctionDef) and node.name == "solution" for node in tree.body
    )


def _acts(code: str) -> bool:
    """Return whether a text is Python that does something: a sentence or a number may be Python too."""
    tree = _parsed(code)
    return tree is not None and any(isinstance(node, _DOES) for node in ast.walk(tree))


def _looks_like_code(code: str) -> bool:
    return any(_BEGINS.match(line) for line in code.split("\n"))
