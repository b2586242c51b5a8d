"""The journal: every model, tool and human call of a run, recorded once and replayed on resume.

A call's key is (run, hash of the request, how many times this run has asked exactly this). The reply is
stored before it is used. To resume a run, run the same code again: calls that were paid for
come back from here, so no snapshot of the graph is needed and every strategy is durable for free.

A model call is recorded before it is sent, too, with what it may cost: limits hold over kills. All that are sent at one
time share one transaction.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from agot.errors import LeaseLost, NotRecorded, StoreError, ToolError
from agot.ids import RunId, ThoughtId
from agot.protocols import CallRecord, JournalStore
from agot.spending import total_of
from agot.thought import Usage

CallKind = Literal["model", "tool", "human"]


@dataclass(frozen=True, slots=True)
class Performed:
    """What performing a call gave: the reply as JSON, and what it cost."""

    reply: str
    usage: Usage
    model: str = ""
    latency_ms: float = 0.0


class Journal:
    """The calls of one run.

    Args:
        store: Where calls are kept, or None to keep them only in memory.
        earlier: Calls of earlier attempts of the run, to be replayed.

    If the store fails in the middle of a run, the run goes on: losing durability is better than losing the answer. Only
    calls with side effects are not begun while it cannot be recorded.
    """

    def __init__(
        self,
        run_id: RunId,
        store: JournalStore | None,
        earlier: Iterable[CallRecord] = (),
        *,
        clock: Callable[[], float],
    ) -> None:
        self.run_id = run_id
        self._store, self._clock = store, clock
        self._lost: LeaseLost | None = None
        self._records = {record.key: record for record in earlier}
        self._asked: Counter[str] = Counter()
        self._open: dict[str, CallRecord] = {}

    def key(self, kind: CallKind, request: str) -> str:
        """Return the key of this call and count it: asking the same again gives the next ordinal."""
        digest = hashlib.sha256(f"{kind}\0{request}".encode()).hexdigest()[:32]
        ordinal = self._asked[digest]
        self._asked[digest] += 1
        return f"{digest}:{ordinal}"

    def keys(self, kind: CallKind, purpose: str) -> set[str]:
        """Return the keys of what earlier attempts started or finished of one kind, for one purpose."""
        return {one.key for one in self._records.values() if (one.kind, one.purpose) == (kind, purpose)}

    def earlier(self, kind: CallKind) -> list[CallRecord]:
        """Return what earlier attempts started or finished of one kind, oldest first."""
        return [one for one in self._records.values() if one.kind == kind]

    def replay(self, key: str) -> CallRecord | None:
        """Return the finished call with this key, if an earlier attempt paid for it."""
        record = self._records.get(key)
        return record if record is not None and record.state == "done" else None

    def begun(self) -> Usage:
        """Return what model calls cost that earlier attempts sent and got no reply to, or were killed while waiting for."""
        return total_of([
            one.usage for one in self._records.values() if one.kind == "model" and one.state == "started"
        ])  # fmt: skip

    async def begin(self, key: str, usage: Usage) -> None:
        """Record, within `perform`, that a model call is about to be sent, so that it counts also if the process is killed.

        Args:
            usage: What it may cost at most, with what was spent on it before; or, once it has failed for good, what it did cost.
        """
        record = self._open[key]
        await self._put(record.model_copy(update={"usage": self._before(key).plus(usage)}))

    def _before(self, key: str) -> Usage:
        """Return what earlier attempts of the run spent on a model call without having its reply."""
        earlier = self._records.get(key)
        return earlier.usage if earlier is not None and earlier.state == "started" else Usage()

    async def perform(
        self,
        key: str,
        kind: CallKind,
        request: str,
        call: Callable[[], Awaitable[Performed]],
        *,
        thought: ThoughtId,
        purpose: str,
        side_effects: bool = False,
        again: bool = False,
    ) -> Performed:
        """Perform a call that is not in the journal, and store its reply before returning it.

        Args:
            again: A person allowed it although an earlier attempt started it.

        Raises:
            LeaseLost: If another process has taken the run over; nothing more is called.
            NotRecorded: If the call has side effects and it cannot be recorded that it begins.
            ToolError: If the call has side effects and an earlier attempt started but never finished
                it: whether it took effect is unknown, so it is never silently run again.
        """
        if self._lost is not None:
            raise LeaseLost(str(self._lost))
        base = CallRecord(
            key=key,
            kind=kind,
            state="started",
            thought=thought,
            purpose=purpose,
            request=request,
            at_s=self._clock(),
        )
        if side_effects:
            if key in self._records and not again:
                raise ToolError(
                    f"The call {purpose!r} was started by an earlier attempt and never finished. It has side effects, "
                    "so it is not run again. Check by hand whether it took effect, then start a new run."
                )
            await self._put(base, effect=True, must=True)
        self._open[key] = base
        try:
            done = await call()
        finally:
            del self._open[key]
        await self._put(base.model_copy(update={
            "state": "done", "reply": done.reply, "usage": self._before(key).plus(done.usage), "model": done.model, "latency_ms": done.latency_ms,
        }), effect=side_effects)  # fmt: skip
        return done

    async def _put(self, record: CallRecord, *, effect: bool = False, must: bool = False) -> None:
        if self._store is None:
            return
        try:
            if effect:
                await self._store.put_call(self.run_id, record, effect=True)
            else:
                await self._store.put_call(self.run_id, record)
        except LeaseLost as lost:
            self._lost = lost
            raise
        except StoreError as error:
            # Otherwise the store has told whoever follows the run, and keeps what it can.
            if must:
                raise NotRecorded(
                    f"it has side effects, and the database cannot record that it begins ({error}). "
                    "Go on without it, or try it again later."
                ) from error
