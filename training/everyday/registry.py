"""The kinds of everyday problems by name, and one problem, or one question to decline, of any of them."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Callable
from itertools import accumulate

from training.everyday import (
    calendar,
    comparisons,
    money,
    near,
    numbers,
    quantities,
    sequences,
    statements,
    stories,
)  # fmt: skip
from training.everyday.wording import Side, Speaker
from training.everyday.work import Draft, solved
from training.families.common import PLAN_ABOVE, Planned

KINDS: dict[str, tuple[str, Callable[[Speaker], Draft], float]] = {
    "changed": ("word_problems", stories.changed, 4.0),
    "together": ("word_problems", quantities.together, 1.0),
    "difference": ("word_problems", quantities.difference, 1.2),
    "compared": ("word_problems", quantities.compared, 1.2),
    "handed": ("word_problems", quantities.handed, 0.7),
    "times": ("word_problems", quantities.times, 1.3),
    "shared": ("word_problems", quantities.shared, 1.4),
    "unknown": ("word_problems", quantities.unknown, 0.7),
    "shopping": ("word_problems", money.shopping, 1.5),
    "baskets": ("word_problems", money.baskets, 0.8),
    "percents": ("word_problems", money.percents, 1.0),
    "ages": ("word_problems", money.ages, 0.6),
    "averages": ("arithmetic", money.averages, 0.5),
    "pairs": ("arithmetic", numbers.pairs, 1.8),
    "walks": ("arithmetic", numbers.walks, 1.5),
    "nested": ("arithmetic", numbers.nested, 1.5),
    "about": ("lists", sequences.about, 1.0),
    "phrases": ("strings", sequences.phrases_of, 0.6),
    "named": ("facts", statements.named, 1.2),
    "listed": ("lists", sequences.listed, 3.2),
    "spelled": ("strings", sequences.spelled, 3.2),
    "dates": ("dates", calendar.dates, 2.2),
    "weekdays": ("dates", calendar.weekdays, 0.9),
    "clocks": ("dates", calendar.clocks, 1.1),
    "people": ("comparing", comparisons.people, 1.2),
    "things": ("comparing", comparisons.things, 2.0),
    "attributes": ("facts", statements.attributes, 1.4),
    "relatives": ("facts", statements.relatives, 0.8),
    "objects": ("facts", statements.objects, 1.0),
    "orders": ("facts", statements.orders, 0.7),
}
"""Kind: the family whose rules its answers follow, the generator, and its share relative to the others."""

EXACT = frozenset(("listed", "about", "spelled", "phrases", "things", "attributes", "objects", "named"))
"""Kinds whose words are material: they are not written in small letters or misspelt."""

_NAMES = tuple(KINDS)
_CUMULATIVE = list(accumulate(weight for _, _, weight in KINDS.values()))
_STORIES = ("changed", "changed", "together", "difference", "compared", "times", "shared", "ages")
LONGEST = 900


def problem(rng: random.Random, side: Side, kind: str = "") -> Planned:
    """Return one everyday problem, of a kind or of any."""
    name = kind or _NAMES[bisect(_CUMULATIVE, rng.random() * _CUMULATIVE[-1])]
    family, make, _ = KINDS[name]
    while True:
        s = Speaker(rng, side, lower=name not in EXACT)
        s.exact = name in EXACT
        draft = make(s)
        question = s.finish(draft.text)
        if question and len(question) <= LONGEST:
            break
    if draft.work.rows:
        return solved(family, question, draft.work, draft.answer, closing=draft.closing)
    return Planned(family=family, question=question, answer=draft.answer, steps=draft.closing,
                   operations=min(PLAN_ABOVE, len(draft.closing)))  # fmt: skip


def outside(rng: random.Random, side: Side) -> str:
    """Return a question to decline: of a near kind, or a story in which a number is missing."""
    while True:
        s = Speaker(rng, side)
        if rng.random() < 0.3:
            draft = KINDS[_STORIES[int(rng.random() * len(_STORIES))]][1](s)
            question = s.finish(draft.text, missing=True) if draft.complete else None
        else:
            question = s.finish(near.declined(s))
        if question:
            return question[:LONGEST]
