"""Replies to open requests against the plain reply, by a judge that sees both orders."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from agot.bench.arms import PLAIN
from agot.bench.asking import Progress, each
from agot.bench.compare import Interval
from agot.bench.plain import PlainClient
from agot.bench.real import Clock, Measured, by_arm
from agot.bench.results import Results
from agot.bench.statistics import paired_difference
from agot.errors import ModelError, ModelUnauthorised
from agot.models.thinking import answering
from agot.protocols import Completion
from agot.thought import Value

_LONGEST = 6000
"""Characters of each reply that the judge is shown."""

_ASK = """Two assistants replied to the same request. Decide which reply serves the person better: correct, complete, in the \
form that was asked for, clear, and no longer than the request needs.

Request:
{request}

=== Reply A ===
{a}

=== Reply B ===
{b}

=== End of the replies ===

Which reply is better? Answer with one letter, A or B."""
_SAID = (
    re.compile(r"\b([AB])\b[*_]* is (?:the |clearly |slightly |much |a bit )*better", re.IGNORECASE),
    re.compile(r"\bbetter (?:reply|one|answer)?\s*(?:is|:)\W*(?:reply\W+)?([AB])\b", re.IGNORECASE),
    re.compile(r"^\W*(?:(?:reply|answer)\W+)?([AB])\b(?! [a-z])"),
    re.compile(r"(?!\A)\b([AB])\b"),
)
"""How a judge names the better reply, the clearest way first."""

Winner = Literal["arm", "plain", "tie"]


class Judged(Value):
    """One reply compared with the plain one.

    Attributes:
        preferred: What the judge preferred with the arm's reply first, then with it second: "arm", "plain", or "" where
            it named neither; of equal replies, or of one alone, the winner.
        winner: "tie" unless both orders agree. A reply beats none at all, without a judge.
        fault: Error that spoilt the comparison, or "".
    """

    id: str
    set: str
    arm: str
    judge: str
    pair: str
    preferred: tuple[str, str]
    winner: Winner
    fault: str = ""

    @property
    def key(self) -> str:
        """Say which comparison this is."""
        return f"{self.set}|{self.id}|{self.arm}|{self.judge}|{self.pair}"

    @property
    def done(self) -> bool:
        """Return False if a fault spoilt it."""
        return not self.fault


@dataclass(frozen=True, slots=True)
class Verdicts:
    """How an arm fared against the plain reply on a set.

    Attributes:
        difference: (won - lost) / n with its 95% interval.
        words, words_of_plain: Means per reply.
        untold: Comparisons in which the judge named no reply in one order or both; they are among the ties.
    """

    set: str
    arm: str
    n: int
    won: int
    tied: int
    lost: int
    difference: Interval
    words: float
    words_of_plain: float
    untold: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two replies to compare."""

    request: str
    ours: Measured
    plain: Measured

    def key_part(self) -> str:
        """Return a short hash of the texts and of the judge's question."""
        told = "\0".join((_ASK, self.request, self.ours.answer, self.plain.answer))
        return hashlib.sha256(told.encode()).hexdigest()[:12]


async def judge(
    rows: Sequence[Measured],
    requests: Mapping[str, Mapping[str, str]],
    client: PlainClient,
    *,
    in_flight: int,
    results: Results[Judged],
    clock: Clock,
    tell: Callable[[str], None],
) -> None:
    """Compare every arm's replies with the plain ones, as far as the results do not hold that yet.

    Args:
        requests: Request by id, by set.

    Raises:
        ModelError: If the judge's key is refused, or it cannot be reached.
    """
    pairs = _pairs(rows, requests, client.model)
    to_do = [pair for key, pair in pairs.items() if results.get(key) is None]

    async def work(pair: Pair) -> str:
        row = await compared(pair, client)
        results.add(row)
        return row.fault

    try:
        async with asyncio.timeout(clock.left_s()):
            if to_do:
                progress = Progress(lambda line: tell(f"judging: {line}"), len(to_do))
                await each(to_do, work, at_once=in_flight, told=progress)
    except TimeoutError:
        if not clock.over:
            raise
        if to_do:
            tell("judging: the time is over.")


def judgements(
    rows: Sequence[Measured],
    requests: Mapping[str, Mapping[str, str]],
    judge_model: str,
    results: Results[Judged],
) -> list[Judged]:
    """Return the comparisons of these rows' replies that there are; the arguments as in `judge`."""
    found = (results.get(key) for key in _pairs(rows, requests, judge_model))
    return [row for row in found if row is not None]


def _pairs(
    rows: Sequence[Measured], requests: Mapping[str, Mapping[str, str]], judge_model: str
) -> dict[str, Pair]:
    """Return what is to be compared, by the key of its row."""
    pairs: dict[str, Pair] = {}
    for name, by_id in requests.items():
        arms = by_arm(rows, name)
        plain = arms.get(PLAIN, {})
        for arm, answers in arms.items():
            for key, ours in answers.items():
                if arm != PLAIN and key in plain:
                    pair = Pair(by_id[key], ours, plain[key])
                    pairs[f"{name}|{key}|{arm}|{judge_model}|{pair.key_part()}"] = pair
    return pairs


async def compared(pair: Pair, client: PlainClient) -> Judged:
    """Compare two replies in both orders.

    Raises:
        ModelUnauthorised: If the key is refused.
    """
    ours, plain = pair.ours.answer.strip(), pair.plain.answer.strip()
    told = {
        "id": pair.ours.id, "set": pair.ours.set, "arm": pair.ours.arm, "judge": client.model, "pair": pair.key_part(),
    }  # fmt: skip
    if not ours or not plain or ours == plain:
        winner = "tie" if ours == plain else "arm" if ours else "plain"
        return Judged.model_validate(told | {"winner": winner, "preferred": (winner, winner)})
    try:
        first, second = await asyncio.gather(
            _preferred(client, pair.request, ours, plain), _preferred(client, pair.request, plain, ours)
        )
    except ModelUnauthorised:
        raise
    except ModelError as error:
        return Judged.model_validate(
            told | {"winner": "tie", "preferred": ("", ""), "fault": f"{type(error).__name__}: {error}"[:300]}
        )
    preferred = ({"A": "arm", "B": "plain"}.get(first, ""), {"A": "plain", "B": "arm"}.get(second, ""))
    winner = preferred[0] if preferred[0] and preferred[0] == preferred[1] else "tie"
    return Judged.model_validate(told | {"preferred": preferred, "winner": winner})


async def _preferred(client: PlainClient, request: str, a: str, b: str) -> str:
    """Return the letter of the reply that the judge prefers, "" if it names none."""
    text = _ASK.format(request=request, a=a[:_LONGEST], b=b[:_LONGEST])
    return letter_in((await client.ask(text, temperature=0.0, seed=0)).texts[0])


def letter_in(reply: str) -> str:
    """Return the letter of the reply that a judge calls better, "" if it names none; a reasoning model may think first."""
    said = answering(Completion(text=reply)).text
    found = (pattern.search(said) for pattern in _SAID)
    return next((match[1].upper() for match in found if match), "")


def verdicts(rows: Sequence[Measured], judged: Sequence[Judged]) -> list[Verdicts]:
    """Return how each arm fared on each set."""
    found: list[Verdicts] = []
    for name, arm in dict.fromkeys((one.set, one.arm) for one in judged):
        own = [one for one in judged if (one.set, one.arm) == (name, arm)]
        won = [one.winner == "arm" for one in own]
        lost = [one.winner == "plain" for one in own]
        arms = by_arm(rows, name)
        found.append(Verdicts(
            set=name, arm=arm, n=len(own), won=sum(won), tied=len(own) - sum(won) - sum(lost), lost=sum(lost),
            # Nobody wins and loses the same request, so this is a paired difference like any other.
            difference=paired_difference(won, lost),
            words=_words([arms[arm][one.id] for one in own]), words_of_plain=_words([arms[PLAIN][one.id] for one in own]),
            untold=sum("" in one.preferred for one in own),
        ))  # fmt: skip
    return found


def _words(rows: Sequence[Measured]) -> float:
    return sum(len(row.answer.split()) for row in rows) / len(rows)
