"""Stands where a check could ask a model, in graders: they must tell by themselves."""

from __future__ import annotations

from typing import NoReturn

from agot.errors import ToolError
from agot.protocols import Completion, ModelProfile, ModelReply, ModelRequest


class Silent:
    """Implements `agot.protocols.Ask` by refusing."""

    @property
    def tokens(self) -> int:
        """Tokens of its calls: none."""
        return 0

    async def __call__(self, request: ModelRequest) -> ModelReply:
        """Refuse."""
        self._refuse()

    async def samples(self, request: ModelRequest, n: int) -> list[Completion]:
        """Refuse."""
        self._refuse()

    def profile(self, role: str) -> ModelProfile:
        """Refuse."""
        self._refuse()

    def warn(self, text: str) -> None:
        """Tell nobody."""

    def _refuse(self) -> NoReturn:
        raise ToolError("A grader asked a model. Graders have to tell from the answer alone.")
