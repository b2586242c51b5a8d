"""What attempts cost beside the reply that they may lead to: told where it is known, counted where calls are paid.

One call may be sent several times: to another server, in another form, after a fault. What an attempt cost that led to no
reply stands in no reply, and a cancelled call has no error either that could carry it. So whoever pays opens an
account around the call, and whoever knows of a cost tells it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from agot.thought import Usage

_account: ContextVar[list[Usage] | None] = ContextVar("agot_spending", default=None)


@contextmanager
def spending() -> Iterator[list[Usage]]:
    """Yield what is told within the block, also from tasks that begin there; empty if nobody tells of costs."""
    account: list[Usage] = []
    token = _account.set(account)
    try:
        yield account
    finally:
        _account.reset(token)


def spend(usage: Usage) -> None:
    """Tell what an attempt without a reply has cost; without effect if nobody counts."""
    account = _account.get()
    if account is not None:
        account.append(usage)


def total_of(usages: Sequence[Usage]) -> Usage:
    """Return the sum."""
    total = Usage()
    for usage in usages:
        total = total.plus(usage)
    return total
