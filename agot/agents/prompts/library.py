"""Reads the prompt files beside it, once, and checks them.

A file holds a head in TOML between two lines `+++`, and the prompt's text after it. In the text, `{name}` stands for
what the dialect fills in. Whoever changes a text raises its version: lessons about a prompt are kept under its id.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Literal, get_args

from pydantic import Field, ValidationError

from agot.errors import SetupError
from agot.thought import Value

Purpose = Literal[
    "think", "plan", "chain", "continue", "direct", "judge", "verdict", "final", "extend", "step", "value", "refine",
    "critique", "aggregate", "associate", "compare", "constraints", "rate", "tools", "requirement", "understand",
    "program", "debug", "form",
]  # fmt: skip
"""What a prompt is for. "think", "extend" and "debug" are added to others; "chain" also ends others, as {ending}."""

DEFAULT = "plain"
"""The variant that every purpose has, and that is used where nothing is known."""

_NONE: frozenset[str] = frozenset()
_ENDING = frozenset({"ending"})
_PLACEHOLDERS: Mapping[str, frozenset[str]] = {
    "think": frozenset({"most"}), "plan": frozenset({"most"}), "chain": frozenset({"form"}), "continue": _ENDING,
    "refine": _ENDING, "aggregate": _ENDING, "final": frozenset({"ending", "extend"}), "extend": frozenset({"next"}),
    "requirement": frozenset({"requirement"}), "debug": frozenset({"error"}),
    "form": frozenset({"question", "answer"}),
}  # fmt: skip
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_FILE = re.compile(r"\+\+\+\n(.*?)\n\+\+\+\n(.*)", re.DOTALL)


class Prompt(Value):
    """One curated prompt.

    Attributes:
        variant: Names the prompt among those of its purpose.
        version: Raised with each change of the text.
        kinds: Families of tasks (`agot.agents.selection.cluster.FAMILIES`) it is meant for; empty for all.
        about: What it does differently, for people.
    """

    purpose: Purpose
    variant: str = Field(pattern=r"^[a-z][a-z_]{0,30}$")
    version: int = Field(ge=1)
    kinds: tuple[str, ...] = ()
    about: str = Field(min_length=1)
    text: str = Field(min_length=1)

    @property
    def id(self) -> str:
        """Return the name under which it stands in traces and lessons, such as `chain/plain@1`."""
        return f"{self.purpose}/{self.variant}@{self.version}"

    def filled(self, **values: str | int) -> str:
        """Return the text with its placeholders filled; a value's own braces stay as they are."""
        return _PLACEHOLDER.sub(lambda found: str(values[found[1]]), self.text)


def prompt_from(text: str, place: str) -> Prompt:
    """Read one file.

    Args:
        place: Where the text is from, for messages.

    Raises:
        SetupError: If it is no prompt file, or does not hold the placeholders of its purpose.
    """
    parts = _FILE.fullmatch(text.replace("\r\n", "\n"))
    if parts is None:
        raise SetupError(f"The prompt {place} has no head. Begin it with TOML between two lines `+++`.")
    try:
        prompt = Prompt.model_validate(tomllib.loads(parts[1]) | {"text": parts[2].strip()})
    except tomllib.TOMLDecodeError as error:
        raise SetupError(f"The head of the prompt {place} is not TOML: {error}. Mend it.") from None
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in fault["loc"])
        raise SetupError(f"The prompt {place} is not usable: {where}: {fault['msg']}. Mend it.") from None
    held, needed = set(_PLACEHOLDER.findall(prompt.text)), _PLACEHOLDERS.get(prompt.purpose, _NONE)
    if held != needed:
        raise SetupError(
            f"The prompt {place} holds the placeholders {sorted(held)}, but {prompt.purpose!r} needs {sorted(needed)}."
        )
    return prompt


def library_of(prompts: Iterable[Prompt]) -> dict[str, tuple[Prompt, ...]]:
    """Return the prompts by purpose, the default first, then by name.

    Raises:
        SetupError: If two have the same purpose and variant, or a purpose has no default.
    """
    found: dict[str, dict[str, Prompt]] = {purpose: {} for purpose in get_args(Purpose)}
    for prompt in prompts:
        if prompt.variant in found[prompt.purpose]:
            raise SetupError(f"There are two prompts {prompt.purpose}/{prompt.variant}. Remove one.")
        found[prompt.purpose][prompt.variant] = prompt
    for purpose, variants in found.items():
        if DEFAULT not in variants:
            raise SetupError(f"There is no prompt {purpose}/{DEFAULT}. Every purpose needs one.")
    return {
        purpose: tuple(sorted(variants.values(), key=lambda prompt: (prompt.variant != DEFAULT, prompt.variant)))
        for purpose, variants in found.items()
    }  # fmt: skip


@lru_cache(maxsize=1)
def _library() -> Mapping[str, tuple[Prompt, ...]]:
    places = [file for file in files("agot.agents.prompts").iterdir() if file.name.endswith(".md")]
    return library_of(prompt_from(file.read_text("utf-8"), file.name) for file in places)


def variants(purpose: Purpose) -> tuple[Prompt, ...]:
    """Return the prompts of a purpose, the default first.

    Raises:
        SetupError: If a prompt file is broken; an installation holds none.
    """
    return _library()[purpose]


def default(purpose: Purpose) -> Prompt:
    """Return the prompt of a purpose that is used where nothing is known."""
    return variants(purpose)[0]
