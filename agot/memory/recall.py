"""Association: which passages a question brings to mind, by its words and by the names that connect passages.

Three steps. Words find seeds (BM25). Over the graph of passages and the names that they mention, the seeds' weight
spreads by two hops of personalised PageRank, so that a passage is reached that shares no word with the question. Of what
was reached, passages are selected one after another by what each adds to those before: words of the question that none of
them holds yet, and names that link it to them.

Sources: personalised PageRank over a passage graph: Gutiérrez et al. 2024, "HippoRAG", arXiv 2405.14831, and 2025,
"From RAG to Memory", arXiv 2502.14802; BM25: Robertson and Zaragoza 2009. The greedy selection is of this project; its
weights are those of `Weights`, and `agot bench retrieval` measures it with and without each part.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from agot.memory.text import name_keys_in, name_number, terms_of

K1, B = 1.2, 0.75
"""BM25's saturation of repeated terms, and discount of long passages."""

MOST_POSTINGS = 30_000
"""Passages that the searched terms may be in, together: the rarest terms are searched, and all weigh what they find."""

FEWEST_TERMS = 6
"""Terms that are searched however common they are."""

WEIGHED = 200
"""Passages found by words that are weighed exactly."""

SEEDS = 40
"""Passages from which the spreading begins."""

MOST_NAMES = 64
"""Names that one hop passes through."""

HUB = 500
"""Passages that mention a name, above which the name connects everything and so nothing."""

CANDIDATES = 80
"""Passages among which the selection chooses."""


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each part counts; 0 takes it out.

    Attributes:
        lexical: Of BM25, in [0, 1] beside the best of the question.
        spread: Of the square root of the PageRank, in [0, 1] likewise.
        coverage: Of the question's words that no passage selected before holds, as a share of their rarity.
        link: Of names that a passage shares with those selected before.
        decay: What a link to a passage counts that itself was selected by one.
        restart: Share of the weight that stays at the seeds in each hop.
        hops: From passages to names and on to passages.
    """

    lexical: float = 0.35
    spread: float = 0.35
    coverage: float = 1.0
    link: float = 2.0
    decay: float = 0.85
    restart: float = 0.5
    hops: int = 2


class Held(Protocol):
    """A passage as the shelf keeps it; `terms` are separated by spaces."""

    @property
    def terms(self) -> str: ...
    @property
    def term_count(self) -> int: ...


H = TypeVar("H", bound=Held, covariant=True)


class Shelf(Protocol[H]):
    """What is remembered in one namespace, at one moment."""

    @property
    def space(self) -> int: ...

    def totals(self) -> tuple[int, int]:
        """Return the number of passages and of their terms."""

    def frequencies(self, terms: Sequence[str]) -> Mapping[str, int]:
        """Return in how many passages each term is."""

    def holding(self, weights: Mapping[str, float], *, limit: int, mean_length: float) -> list[int]:
        """Return passages that hold most of the terms, best first."""

    def passages(self, numbers: Collection[int]) -> Mapping[int, H]:
        """Return passages that may be recalled."""

    def mentions_in(self, numbers: Collection[int]) -> Iterable[tuple[int, int, float]]:
        """Yield passage, name and weight for every mention in some passages."""

    def mentions_of(self, names: Collection[int]) -> Iterable[tuple[int, int, float]]:
        """Yield passage, name and weight for every mention of some names."""

    def mention_counts(self, names: Collection[int], *, most: int) -> Mapping[int, int]:
        """Return how many passages mention each name, counted up to `most` + 1."""


@dataclass(slots=True)
class Found:
    """A passage that was recalled, and why.

    Attributes:
        bm25: In [0, 1] beside the best passage of the question; `spread` likewise.
        score: By which it was selected.
        parts: The summands of the score, by name.
        words: Terms of the question that it holds and none before it.
        seed: The passage from which the graph reached it, and `name` the number of the name over which; None if words
            found it.
        link: The name that links it to a passage selected before it, and `linked` that passage.
    """

    id: int
    bm25: float
    spread: float
    score: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    seed: int | None = None
    name: int | None = None
    link: int | None = None
    linked: int | None = None


def rarity(frequency: int, passages: int) -> float:
    """Return BM25's weight of a term that so many of all passages hold; above 0."""
    return math.log1p((passages - min(frequency, passages) + 0.5) / (frequency + 0.5))


class Recall(Generic[H]):
    """One question to one shelf.

    Args:
        without: Numbers of passages that are known already and not wanted again.
    """

    def __init__(
        self, shelf: Shelf[H], question: str, *, without: Collection[int] = (), weights: Weights | None = None
    ) -> None:
        self.shelf, self.question, self.without = shelf, question, frozenset(without)
        self.weights = weights or Weights()
        self.passages, terms = shelf.totals()
        self.mean = terms / self.passages if self.passages else 0.0
        counted = shelf.frequencies(tuple(dict.fromkeys(terms_of(question)))) if self.passages else {}
        self.rarities = {term: rarity(count, self.passages) for term, count in counted.items()}
        self.frequencies = counted
        self.held: dict[int, H] = {}
        self.names: dict[int, dict[int, float]] = {}
        self.counts: dict[int, int] = {}

    # -- words -------------------------------------------------------------------------------------

    def by_words(self, limit: int) -> list[tuple[int, float]]:
        """Return the best passages by BM25 with their scores, best first."""
        searched: dict[str, float] = {}
        postings = 0
        for term in sorted(self.rarities, key=lambda term: (self.frequencies[term], term)):
            postings += self.frequencies[term]
            if len(searched) >= FEWEST_TERMS and postings > MOST_POSTINGS:
                break
            searched[term] = self.rarities[term]
        numbers = self.shelf.holding(searched, limit=max(WEIGHED, limit), mean_length=self.mean)
        self._fetch(numbers)
        scores = [(number, self.bm25(number)) for number in numbers if number in self.held]
        return sorted(scores, key=lambda found: (-found[1], found[0]))[:limit]

    def bm25(self, number: int) -> float:
        """Return the score of a passage that was fetched."""
        held = self.held[number]
        counts = Counter(held.terms.split())
        norm = K1 * (1 - B + B * held.term_count / max(self.mean, 1.0))
        return sum(
            weight * counts[term] * (K1 + 1) / (counts[term] + norm)
            for term, weight in self.rarities.items()
            if counts[term]
        )

    def _fetch(self, numbers: Iterable[int]) -> None:
        wanted = [number for number in numbers if number not in self.held and number not in self.without]
        if wanted:
            self.held.update(self.shelf.passages(wanted))

    # -- the graph ---------------------------------------------------------------------------------

    def _mentions(self, numbers: Iterable[int]) -> None:
        """Fetch which names passages mention, without hubs."""
        wanted = [number for number in numbers if number not in self.names]
        if not wanted:
            return
        found = list(self.shelf.mentions_in(wanted))
        unknown = {name for _, name, _ in found} - self.counts.keys()
        self.counts.update(self.shelf.mention_counts(unknown, most=HUB))
        for number in wanted:
            self.names[number] = {}
        for number, name, weight in found:
            if self.counts.get(name, 0) <= HUB:
                self.names[number][name] = weight

    def spread(
        self, seeds: Sequence[tuple[int, float]]
    ) -> tuple[dict[int, float], dict[int, tuple[int, int]]]:
        """Spread the weight of the seeds over names and passages.

        Returns:
            The weight of each passage that was reached, and over which passage and name most of it came.
        """
        most = max((score for _, score in seeds), default=0.0) or 1.0
        start = _shares({number: (score / most) ** 2 for number, score in seeds})
        asked = {name_number(self.shelf.space, key) for key in name_keys_in(self.question)}
        counts = self.shelf.mention_counts(asked, most=HUB)
        self.counts.update(counts)
        named = _shares({name: 1 / math.sqrt(count) for name, count in counts.items() if count <= HUB})
        mass = dict(start)
        path: dict[int, tuple[int, int]] = {}
        for hop in range(self.weights.hops):
            top = sorted(mass, key=lambda number: (-mass[number], number))[:CANDIDATES]
            self._mentions(top)
            names: dict[int, float] = defaultdict(float)
            through: dict[int, tuple[float, int]] = {}
            for number in top:
                shares = _shares(
                    {
                        name: weight / math.sqrt(self.counts[name])
                        for name, weight in self.names[number].items()
                    }
                )
                for name, share in shares.items():
                    names[name] += mass[number] * share
                    if mass[number] * share > through.get(name, (0.0, 0))[0]:
                        through[name] = (mass[number] * share, number)
            for name, share in named.items():
                names[name] += share * (1.0 if hop == 0 else self.weights.restart)
            chosen = dict(sorted(names.items(), key=lambda item: (-item[1], item[0]))[:MOST_NAMES])
            edges: dict[int, dict[int, float]] = defaultdict(dict)
            for number, name, weight in self.shelf.mentions_of(chosen):
                edges[name][number] = weight
            fresh: dict[int, float] = defaultdict(float)
            best: dict[int, tuple[float, int, int]] = {}
            for name, passages in edges.items():
                for number, share in _shares(passages).items():
                    came = chosen[name] * share
                    fresh[number] += came
                    origin = through.get(name, (0.0, number))[1]
                    if origin != number and came > best.get(number, (0.0, 0, 0))[0]:
                        best[number] = (came, origin, name)
            for number, (_, origin, name) in best.items():
                path.setdefault(number, (origin, name))
            keep = self.weights.restart
            mass = {
                number: keep * start.get(number, 0.0) + (1 - keep) * fresh.get(number, 0.0)
                for number in start.keys() | fresh.keys()
            }
        return mass, path

    def covered(self, found: Sequence[Found]) -> float:
        """Return the share of the question's words that passages hold together, weighed by rarity; words nobody ever wrote
        down count as the rarest.
        """
        asked = dict.fromkeys(terms_of(self.question))
        weights = {term: self.rarities.get(term, rarity(0, self.passages)) for term in asked}
        held = {term for one in found for term in self.held[one.id].terms.split()}
        total = sum(weights.values())
        return sum(weight for term, weight in weights.items() if term in held) / total if total else 0.0

    # -- selection ---------------------------------------------------------------------------------

    def select(self, k: int) -> list[Found]:
        """Return at most `k` passages, in the order of selection."""
        if not self.rarities:
            return []
        weights = self.weights
        seeds = self.by_words(SEEDS)
        mass, path = self.spread(seeds) if weights.spread or weights.link else ({n: s for n, s in seeds}, {})
        lexical = dict(seeds)
        reached = sorted(mass, key=lambda number: (-mass[number], number))[:CANDIDATES]
        candidates = list(dict.fromkeys([*(number for number, _ in seeds), *reached]))
        self._fetch(candidates)
        candidates = [number for number in candidates if number in self.held]
        self._mentions(candidates)
        for number in candidates:
            if number not in lexical:
                lexical[number] = self.bm25(number)
        most = max((lexical[n] for n in candidates), default=0.0) or 1.0
        most_mass = max((mass.get(n, 0.0) for n in candidates), default=0.0) or 1.0
        pool = {
            number: Found(number, lexical[number] / most, mass.get(number, 0.0) / most_mass,
                          seed=path.get(number, (None, None))[0], name=path.get(number, (None, None))[1])
            for number in candidates
        }  # fmt: skip
        words = {n: frozenset(self.held[n].terms.split()) & self.rarities.keys() for n in candidates}
        total = sum(self.rarities.values())
        chosen: list[Found] = []
        covered: set[str] = set()
        strength: dict[int, tuple[float, int]] = {}
        while pool and len(chosen) < k:
            best = None
            for number, found in pool.items():
                gain = sum(self.rarities[t] for t in words[number] - covered) / total
                link, over = self._link(number, strength) if weights.link else (0.0, None)
                parts = {
                    "words": weights.lexical * found.bm25,
                    "graph": weights.spread * math.sqrt(found.spread),
                    "new words": weights.coverage
                    * gain
                    * (0.4 + 0.6 * min(1.0, 1.3 * link) if chosen else 1.0),
                    "link": weights.link * link * (0.3 + gain),
                }
                score = sum(parts.values())
                if best is None or score > best.score:
                    found.score, found.parts = score, parts
                    found.link, found.linked = (over, strength[over][1]) if over is not None else (None, None)
                    best = found
            assert best is not None
            best.words = tuple(t for t in self.rarities if t in words[best.id] - covered)
            chosen.append(pool.pop(best.id))
            covered |= words[best.id]
            near = weights.decay ** len(chosen)
            for name, weight in self.names[best.id].items():
                value = near * weight * self._tie(name)
                if value > strength.get(name, (0.0, 0))[0]:
                    strength[name] = (value, best.id)
        return chosen

    def _tie(self, name: int) -> float:
        """Return how much it says that two passages mention the same name, in [0, 1]: the rarer, the more."""
        return min(1.0, rarity(self.counts[name], self.passages) / max(rarity(2, self.passages), 1e-9))

    def _link(self, number: int, strength: Mapping[int, tuple[float, int]]) -> tuple[float, int | None]:
        best, over = 0.0, None
        for name, weight in self.names[number].items():
            if name in strength and weight * strength[name][0] > best:
                best, over = weight * strength[name][0], name
        return best, over


def _shares(values: Mapping[int, float]) -> dict[int, float]:
    total = sum(values.values())
    return {key: value / total for key, value in values.items()} if total else {}
