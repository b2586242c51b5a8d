"""Running calls side by side, and what is left of a search when a limit fires."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


async def together(*work: Awaitable[T]) -> list[T]:
    """Return all results in order; wait for all also if one fails, then raise the first failure.

    `asyncio.gather` would leave the others running behind the back of whoever handles the failure.
    """
    done = await asyncio.gather(*work, return_exceptions=True)
    for result in done:
        if isinstance(result, BaseException):
            raise result
    return [result for result in done if not isinstance(result, BaseException)]
