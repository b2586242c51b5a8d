"""What a question's wording demands of its answer, without asking a model.

Two readers of the same sentences: `StatedCheck` for demands on the form, which it checks itself, and
`read_constraints`, which gives all that is stated as constraints, each bound to a check of
`agot.verifiers.bindings`. Only sentences that begin like a request and mean one thing are read, in English: a
constraint that nobody stated would reject right answers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from agot.reading.data import is_json
from agot.thought import Constraint, Solution, Task, Verdict

_LONGEST_QUESTION = 20_000
_BREACH = 0.3

# -- the form of an answer -------------------------------------------------------------------------


def _decimals(answer: str, places: int) -> bool:
    return all(len(digits) <= places for digits in re.findall(r"\d\.(\d+)(?![eE.\d]|\s?[×*x])", answer))


def _whole(answer: str) -> bool:
    number = re.search(r"\d+(?:,\d{3})*(\.\d+)?", answer)
    return number is not None and not (number[1] or "").strip(".0")


_PLACES = {"one": 1, "two": 2, "three": 3, "four": 4}
_REPLY = r"(?:only |just )?(?:answer|reply|respond)(?: only| just)?(?: with| in)?(?: only| just| exactly)?(?: a| either)?"
_NAMED = r"(?:(?:me|the|your|its|final|answer|result|value|output|area|mean|average|sum|total|number|it|object) ?){0,6}"

_FORMS: tuple[tuple[re.Pattern[str], str, Callable[[str, re.Match[str]], bool]], ...] = tuple(
    (re.compile(r"(?:please |and |finally, |then )?" + wording, re.I), complaint, holds)
    for wording, complaint, holds in (
        (
            rf"{_REPLY} (?:yes or no|yes/no)\b",
            "the answer must be yes or no",
            lambda answer, _: re.match(r"\W*(?:yes|no)\b", answer, re.I) is not None,
        ),
        (
            rf"{_REPLY} (?:single|one) word\b",
            "the answer must be one word",
            lambda answer, _: len(answer.split()) <= 1,
        ),
        (
            r"(?:(?:answer|reply|respond|give|explain|describe|summari[sz]e|write|say|tell|name)\b[^?]{0,80}? )?in (?:at most|no more than|up to) (\d{1,4}) words\b",
            "the answer has too many words",
            lambda answer, found: len(answer.split()) <= int(found[1]),
        ),
        (
            rf"(?:{_REPLY}|(?:give|return) {_NAMED}) ?(?:with |as |is )?(?:an? )?(?:integer|whole number)\b",
            "the answer must be a whole number",
            lambda answer, _: _whole(answer),
        ),
        (
            r"(?:round\b|(?:give|return|answer)\b.{0,60}\brounded\b).{0,30}?\bto (one|two|three|four|\d) decimal(?!.{0,40}scientific)",
            "the answer has too many decimals",
            lambda answer, found: _decimals(answer, _PLACES.get(found[1].lower()) or int(found[1])),
        ),
        (
            rf"(?:answer|reply|respond|output|return|give) {_NAMED}(?:as|in|with) (?:valid )?json\b",
            "the answer must be JSON",
            lambda answer, _: is_json(answer),
        ),
    )
)
"""Demands on the form: how a sentence that makes one begins, the complaint, and whether an answer meets it."""

_CLAUSE = re.compile(r"(?:[.!?:;]\s|\n)\s*")
_FENCED = re.compile(r"```\w{0,20}\s(.*?)```", re.DOTALL)


def _cleaned(answer: str) -> str:
    """Return the answer without markdown; of a fenced block only what is inside."""
    fenced = _FENCED.search(answer)
    if fenced:
        return fenced[1].strip()
    return re.sub(r"\*\*|__|`|\\boxed|\$", "", answer).strip().strip("*_ ")


@dataclass(frozen=True, slots=True)
class Demand:
    """What a sentence demands of the form of an answer.

    Attributes:
        complaint: What is wrong with an answer that does not meet it.
        holds: Tells whether an answer without markdown meets it, given how the sentence was `found`.
    """

    complaint: str
    holds: Callable[[str, re.Match[str]], bool]
    found: re.Match[str]


class StatedCheck:
    """Demands on the answer's form that the question states in words, checked by code.

    A met demand says nothing about the answer being right, so only a breach gives a reward.
    """

    name = "stated"

    def demands(self, text: str) -> Iterator[Demand]:
        """Yield what the sentences of a text demand, in their order."""
        for sentence in _CLAUSE.split(text.strip()):
            for pattern, complaint, holds in _FORMS:
                found = pattern.match(sentence)
                if found and "?" not in sentence:
                    yield Demand(complaint, holds, found)

    def __call__(self, task: Task, solution: Solution) -> Verdict:
        """Return a low reward naming the first demand that is not met, None otherwise.

        What a sentence demands is too often meant loosely for a breach to be conclusive.
        """
        if len(task.question) > _LONGEST_QUESTION:
            return Verdict(check=self.name)
        answer = _cleaned(solution.answer)
        for demand in self.demands(task.question):
            if not demand.holds(answer, demand.found):
                feedback = f"{demand.complaint}, not {solution.answer[:200]!r}"
                return Verdict(check=self.name, reward=_BREACH, feedback=feedback)
        return Verdict(check=self.name)


# -- constraints -----------------------------------------------------------------------------------

_LONGEST_SENTENCE = 400
_MOST_SENTENCES = 200

_I = re.IGNORECASE
_SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
_LEAD = re.compile(
    r"\s*(?:(?:please|and|then|finally|also|but|now),?\s+|(?:(?:can|could|would|will) you|you (?:must|should|have to))\s+(?:please\s+)?)*",
    _I,
)
_SAY = (
    r"(?:answer|reply|respond|give|explain|describe|summari[sz]e|write|say|tell|define|paraphrase|rewrite)\b"
)
_BETWEEN = r"(?:(?!\b(?:wrote|written|said|told|spoke|read)\b)[^?]){0,120}?\b"
_SOFTENED = re.compile(
    r"\b(?:about|around|roughly|approximately|preferably|ideally|if possible|try to|should)\b", _I
)
_STRICT = re.compile(r"\b(?:must|strictly|exactly|at most|no more than|not exceed)\b", _I)
"""`StatedCheck` calls a breach of what it reads inconclusive; such words leave no doubt."""

_QUOTED = r"[\"'“‘]([^\"'“”‘’|\n]{1,60})[\"'”’]"
_QUOTES = rf"(?:{_QUOTED}(?:\s?,\s?|\s?/\s?|,?\s(?:or|and)\s)){{0,20}}{_QUOTED}"
_NUMBER = r"[-−]?\d{1,12}(?:\.\d{1,6})?"
_ONE_NUMBER = r"(?:(?:an?|one|single|whole|natural|real|decimal)\s){1,4}(?:number|integer|value|score|rating|percentage)"


def read_constraints(question: str) -> tuple[Constraint, ...]:
    """Return the constraints that a question's wording states, in order; none for a very long question."""
    if len(question) > _LONGEST_QUESTION:
        return ()
    sentences = [part.strip() for part in _SENTENCE.split(question) if part.strip()][:_MOST_SENTENCES]
    found: list[Constraint] = []
    for sentence in sentences:
        if len(sentence) <= _LONGEST_SENTENCE:
            read = list(_read(sentence))
            # Where a sentence has its own check here, a second one of the same words would count twice.
            found += read or _of_form(sentence)
    if sentences and not found and _asks_yes_or_no(sentences[-1]):
        text = "The question is answered by yes or no."
        found.append(Constraint(text=text, hard=False, check="one_of", argument="yes|no|true|false"))
    unique = {(one.check, one.argument): one for one in reversed(found)}
    return tuple(reversed(unique.values()))


def _read(sentence: str) -> Iterator[Constraint]:
    request = _LEAD.sub("", sentence, count=1)
    hard = _SOFTENED.search(request) is None
    for pattern, constraints in _WORDINGS:
        found = pattern.match(request)
        if found:
            for check, argument in constraints(found):
                yield Constraint(text=sentence, hard=hard, check=check, argument=argument)


def _of_form(sentence: str) -> list[Constraint]:
    request = _LEAD.sub("", sentence, count=1)
    if not any(StatedCheck().demands(request)):
        return []
    hard = _STRICT.search(sentence) is not None and _SOFTENED.search(sentence) is None
    return [Constraint(text=sentence, hard=hard, check="stated", argument=request)]


_YES_NO = re.compile(
    r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)(?:n't)?\s(?!you\b|we\b|i\b|there\sany\schance)",
    _I,
)
_NOT_YES_NO = re.compile(r"\b(?:or|what|which|who|whom|whose|where|when|why|how)\b|:", _I)


def _asks_yes_or_no(sentence: str) -> bool:
    return (
        sentence.endswith("?")
        and len(sentence) <= _LONGEST_SENTENCE
        and _YES_NO.match(sentence) is not None
        and _NOT_YES_NO.search(sentence) is None
    )


_Found = list[tuple[str, str]]


def _fewer(found: re.Match[str]) -> _Found:
    return [("max_words", str(int(found[1]) - 1))] if int(found[1]) > 1 else []


def _exactly(found: re.Match[str]) -> _Found:
    return [("min_words", found[1]), ("max_words", found[1])]


def _at_least(found: re.Match[str]) -> _Found:
    return [("min_words", found[1])]


def _options(found: re.Match[str]) -> _Found:
    text = found[1].strip().rstrip(".")
    parts = re.split(r"\s*[,;|]\s*(?:(?:or|and)\s+)?|\s+or\s+|\s*/\s*", text)
    items = [part.strip().strip("\"'“”‘’()") for part in parts]
    fits = 2 <= len(items) <= 30 and all(0 < len(item) <= 40 for item in items)
    return [("one_of", "|".join(items))] if fits else []


def _quoted(text: str) -> list[str]:
    return [" ".join(item.split()) for item in re.findall(_QUOTED, text) if item.strip()]


def _quoted_options(found: re.Match[str]) -> _Found:
    items = _quoted(found[1])
    return [("one_of", "|".join(items))] if len(items) > 1 else []


def _between(found: re.Match[str]) -> _Found:
    low, high = (bound.replace("−", "-") for bound in (found[1], found[2]))
    return [("numeric_range", f"{low}..{high}")] if float(low) <= float(high) else []


def _without(found: re.Match[str]) -> _Found:
    return [("forbids", "|".join(_quoted(found[1])))]


def _without_letter(found: re.Match[str]) -> _Found:
    letter = found[1]
    return [("pattern", rf"\A[^{letter.lower()}{letter.upper()}]*\Z")]


def _with(found: re.Match[str]) -> _Found:
    return [("contains", "|".join(_quoted(found[1])))]


_WORDINGS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], _Found]], ...] = tuple(
    (re.compile(wording, _I), constraints)
    for wording, constraints in (
        (rf"{_SAY}{_BETWEEN}in (?:fewer|less) than (\d{{1,4}}) words\b", _fewer),
        (rf"{_SAY}{_BETWEEN}in exactly (\d{{1,4}}) words\b", _exactly),
        (rf"(?:{_SAY}{_BETWEEN}(?:in|with)|use) at least (\d{{1,4}}) words\b", _at_least),
        (
            r"(?:answer|reply|respond|choose|pick|select)\b[^:?]{0,40}?\bone of(?: the following| these)?"
            r"(?: options| words| labels| categories| choices| answers)?\s?:\s?([^?:]{3,300})$",
            _options,
        ),
        (rf"(?:answer|reply|respond)(?: only| just)? with(?: only| just)?(?: either)? ({_QUOTES})", _quoted_options),
        (
            rf"(?:answer|reply|respond|give|return|output)(?: \w{{1,12}}){{0,4}}? (?:with |as )?{_ONE_NUMBER} (?:between|from) ({_NUMBER}) "
            rf"(?:and|to) ({_NUMBER})(?:,? \(?inclusive\)?)?[.!]?$",
            _between,
        ),
        (
            rf"{_SAY}{_BETWEEN}without (?:using |mentioning |saying )?the (?:words?|terms?|phrases?) ({_QUOTES})",
            _without,
        ),
        (rf"do not (?:use|mention|say|include) the (?:words?|terms?|phrases?) ({_QUOTES})", _without),
        (rf"{_SAY}{_BETWEEN}without (?:using )?the letter [\"'“‘]?([a-z])\b", _without_letter),
        (
            rf"(?:(?:use|include|mention)|(?:your|the) (?:answer|response|reply) (?:must|should|has to) (?:use|include|contain|mention))"
            rf" the (?:words?|terms?|phrases?) ({_QUOTES})",
            _with,
        ),
    )
)  # fmt: skip
"""How a request that demands something begins, and the constraints it states. What `StatedCheck` reads is not repeated."""
