"""Questions that begin with a dash, such as "-5 + 3 = ?", beside options."""

from __future__ import annotations

import re
from typing import Any

import typer
import typer.core

_OPTION = re.compile(r"--?[A-Za-z][\w-]*(?:=.*)?", re.DOTALL)
"""What an option looks like: also misspelt ones, which are still to be refused."""


class QuestionCommand(typer.core.TyperCommand):
    """A command that takes what begins with a dash, and does not look like an option, as its question."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse, the question being set apart from the options; a word that may be either gets a hint."""
        try:
            return super().parse_args(ctx, self._set_apart(args))
        except Exception as error:
            # Of a class that typer does not export: it brings a copy of click of its own.
            if type(error).__name__ == "NoSuchOption" and hasattr(error, "message"):
                error.message += ". If it is the question, put -- before it."
            raise

    def _set_apart(self, args: list[str]) -> list[str]:
        valued = {
            name
            for option in self.params
            if isinstance(option, typer.core.TyperOption) and not option.is_flag
            for name in option.opts
        }
        options: list[str] = []
        questions: list[str] = []
        of_option = False
        for place, argument in enumerate(args):
            if argument == "--" and not of_option:
                questions += args[place + 1 :]
                break
            if of_option or argument == "-" or argument[:1] != "-" or _is_option(argument, valued):
                options.append(argument)
            else:
                questions.append(argument)
            of_option = not of_option and argument in valued
        return [*options, "--", *questions] if questions else args


def _is_option(argument: str, valued: set[str]) -> bool:
    # "-mNAME" is a short option with its value, whatever characters the value has.
    return bool(_OPTION.fullmatch(argument)) or (argument[:2] in valued and not re.search(r"\s", argument))
