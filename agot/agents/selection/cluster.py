"""Task clusters: what was learnt about one question holds for questions of the same cluster.

A cluster is `family/size`, for instance `arithmetic/short`. The family is told from cues in the text, in the
order of `FAMILIES`; the size from what makes that family long: operators, steps, or words. Lessons are
stored under these names, so they are a promise: a family or size may be added, but a name never
changes its meaning, and questions only move between clusters where the old cue was wrong.

Source: Liu et al. 2024, "SMART: Self-learning Meta-strategy Agent for Reasoning Tasks", arXiv 2410.16128,
learns which strategy to try first per question; here per cluster.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from agot.thought import Task

_HEAD, _TAIL = 6_000, 2_000
"""Characters of a long question that are looked at: its beginning and its end."""

_I = re.IGNORECASE


@dataclass(frozen=True, slots=True)
class Cluster:
    """A task cluster.

    Attributes:
        family: One of `FAMILIES`.
        size: "short", "medium" or "long".
        why: What was seen in the text, for people.
    """

    family: str
    size: str
    why: str

    @property
    def name(self) -> str:
        """The stable name under which lessons are kept."""
        return f"{self.family}/{self.size}"


def cluster_of(task: Task) -> str:
    """Return the name of the task's cluster."""
    return clustered(task).name


def clustered(task: Task) -> Cluster:
    """Return the task's cluster and why it is that one."""
    text = _looked_at(task.question.strip())
    for family, cue in _CUES.items():
        seen = cue.sees(text, task)
        if seen:
            count = cue.count(text)
            size = "short" if count <= cue.short else "medium" if count <= cue.medium else "long"
            unit = cue.unit.removesuffix("s") if count == 1 else cue.unit
            return Cluster(family, size, f"{seen}, {count} {unit}")
    raise AssertionError("the last family takes every question")


def _looked_at(text: str) -> str:
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]}\n{text[-_TAIL:]}"


# -- counting ----------------------------------------------------------------------------------------

_WORD = re.compile(r"\w+")
_OPERATOR = re.compile(
    r"(?<=[\d)])\s{0,3}(?:[-+*/×÷^%]|\*\*)\s{0,3}(?=[-(\d])"
    r"|\b(?:plus|minus|times|multiplied by|divided by|added to|subtracted from|modulo)\b", _I
)  # fmt: skip
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_STEP = re.compile(
    r"(?m)^[ \t]{0,8}(?:step[ \t]{0,3}\d{1,3}|\(?\d{1,3}[.):]|[-•*][ \t])|(?<=\s)\(\d{1,3}\)(?=\s)", _I
)
_SENTENCE = re.compile(r"[.!?;](?=\s|$)")


def _words(text: str) -> int:
    return len(_WORD.findall(text))


def _operators(text: str) -> int:
    return len(_OPERATOR.findall(text))


def _numbers(text: str) -> int:
    return len(_NUMBER.findall(text))


def _steps(text: str) -> int:
    """Return the marked steps, or the sentences of a procedure told in prose, without its question."""
    return len(_STEP.findall(text)) or max(1, len(_SENTENCE.findall(text)) - 1)


# -- seeing ------------------------------------------------------------------------------------------

_PASSAGE = re.compile(
    r"^(?:facts?|passage|context|document|article|text|story|paragraph|premises?)\s{0,3}:|^\[1\]\s"
    r"|^\(?1[.)]\s[^\n]{1,400}\n[^?]{1,4000}\nquestion:",
    _I,
)  # fmt: skip
_RELATION = re.compile(
    r"\b(?:lives?|lies|is based|is called|is employed|teaches|plays|goes to|walks to|is (?:older"
    r"|younger|taller|shorter|bigger|smaller|faster|slower|heavier) than|(?:gives|hands|takes|has"
    r"|passes) the)\b"
    r"|(?-i:\b[Tt]he (?:\w{1,20} ){1,3}of [A-Z]|\b[A-Z]\w{1,30}'s \w{1,20}(?: \w{1,20})? is\b"
    r"|\bis [A-Z]\w{1,30}'s\b|\bworks (?:for|at|in) [A-Z])", _I
)  # fmt: skip
_ASKS_WHO = re.compile(
    r"^(?:who|whose|where|what|which)\b[^.?\n]{1,300}\?|\b(?:who|whose|where|what"
    r"|which)\b[^.?\n]{1,300}\??\s*$",
    _I,
)
_COMPOUND = re.compile(
    r"\b(?:both|the|two|your) (?:\w{1,8} )?(?:answers|results)\b|\bsolve the parts\b|\b(?:sum"
    r"|difference|product) of (?:the|both) (?:answers|results)\b"
    r"|\bfrom the first\b|\bquestions one after the other\b|\b(?:first|second) (?:question|part)\s?:"
    r"|\b(?:first|second) result\b"
    r"|\bpart (?:one|two|a|b|1|2)\s?:|\b(?:a few|two|three|several) (?:questions|things)\s?[:.]|\b(?:be"
    r"|call) the answer\b|\bto the (?:answer|result) and\b|\bthen (?:add|multiply|subtract"
    r"|divide)\b[^.\n]{0,20}\bthe answer\b", _I
)  # fmt: skip
_OPTION = re.compile(r"(?:^|[\s,])\(?([A-H])[.):]\s{0,3}(?=\S)")
_CODE = re.compile(
    r"```|\bdef \w+\(|\bpublic (?:static|class)\b|#include\b|\bSELECT\b[^\n]{1,200}\bFROM\b|=>|\breturn \w+;"
    r"|(?-i:\b(?:Python|JavaScript|TypeScript|Java|C\+\+|Rust|Golang|SQL|Haskell|Kotlin|Bash)\b)"
    r"|\b(?:write|implement|debug|fix|refactor)\b[^.?\n]{0,60}\b(?:function|method|class|script|program"
    r"|query|regex|unit tests?|algorithm)\b",
    _I,
)  # fmt: skip
_COUNTDOWN = re.compile(
    r"\bgame of \d|\b24 game\b|\bcountdown\b|\btarget(?: number)?(?: is|:)?\s\d|\b(?:each|every number"
    r"|all|all of them|exactly)\b[^.\n]{0,30}\bonce\b|\bfour operations\b"
    r"|\b(?:get|form|hit|equals?|make)\s\d{1,6}\s(?:using|from|with|out of)\b"
    r"|\b(?:reach|make|obtain|equals?|equal to|to get)\s\d{1,6}(?:[.\n]|$)", _I
)  # fmt: skip
_PUZZLE = re.compile(r"\b(?:numbers?|use|using|combine|expression|game|solve|with|from)\b", _I)
_MATH = re.compile(
    r"\\(?:frac|sqrt|sum|int|boxed|cdot|times|le|ge|ldots|pi|binom|begin|left|overline|angle|mathbb)\b"
    r"|\$(?=[^$\n]{0,200}[\\^_=])[^$\n]{1,200}\$"
    r"|\bsolve for\b|\b(?:equations?|polynomial|derivative|integral|matrix|triangle|circle|rectangle"
    r"|radius|hypotenuse|angle|perimeter|prime|divisors?"
    r"|factorial|logarithm|modulo|probability|permutations?|vectors?|theorem|quadratic|coefficients?"
    r"|integers?)\b"
    r"|\b[a-z]\s?(?:\^|\*\*)\s?\d|\b[xyz]\s?=|=\s?[xyz]\b|\d[xyz]\b|\bf\(\w\)", _I
)  # fmt: skip
_MONTH = (
    r"jan(?:uary)?|feb(?:ruary)?|march|april|may|june?|july?|aug(?:ust)?|sept(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
_DATE = re.compile(
    rf"\b(?:{_MONTH})\.? \d{{1,2}}\b|\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? (?:{_MONTH})\b"
    rf"|\b(?:{_MONTH}) \d{{4}}\b|\b\d{{4}}-\d\d-\d\d\b|\b\d{{1,2}}:\d\d\b"
    rf"|\b\d{{1,3}}\s?h(?:ours?)?\b[^\n]{{0,8}}\bmin|\b\d{{1,4}}\s?min(?:utes?)?\b"
    r"|\b(?:day of the week|leap year|weekday|what (?:date|time|day)|which (?:date|day)"
    r"|how many days)\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b", _I
)  # fmt: skip
_ASKS_TIME = re.compile(
    r"\b(?:when|what time|what(?:'s| is)? (?:the )?(?:final )?(?:date|time|day)|which (?:date|day"
    r"|weekday)|how (?:long|many (?:days|hours|minutes|weeks|months))|how much time|in total"
    r"|day of the week|weekday|leap year|what (?:date|day)|date|duration|clock|days|total|convert)\b", _I
)  # fmt: skip
_ITEMS = re.compile(
    r"[\[({]\s{0,3}['\"]?[\w.-]{1,40}['\"]?\s{0,3}(?:,\s{0,3}['\"]?[\w.-]{1,40}['\"]?\s{0,3}){1,200}[\])}]"
    r"|(?:^|[:\s])['\"]?[\w.-]{1,40}['\"]?(?:,\s{0,3}(?:and\s)?['\"]?[\w.-]{1,40}['\"]?){2,200}"
)
_LIST_SURE = re.compile(
    r"\balphabeti\w{1,6}\b|\bthese (?:words|numbers)\b|\bwords with (?:more|fewer|less)\b", _I
)
_LIST_WORK = re.compile(
    r"\b(?:lists?|array|sequence|elements?|items|sort(?:ed)?|order|alphabeti\w{1,6}|these (?:words"
    r"|numbers)|of these|which of|largest|smallest|biggest|maximum|minimum|average|median|sum of|words?"
    r"|from a to z|rank)\b", _I
)  # fmt: skip
_STRING_WORK = re.compile(
    r"\b(?:strings?|letters?|characters?|vowels?|consonants?|backwards?|how many [a-z]'?s|palindrome"
    r"|anagram|spell(?:ed|ing)?|upper ?case|lower ?case|acronym|substring|syllables?|concatenate"
    r"|reverse(?: of)? (?:the )?(?:word|text)|(?:the|this) word\b)", _I
)  # fmt: skip
_OPEN = re.compile(
    r"^\W{0,3}(?:please |can you |could you |i want you to |help me (?:to )?)?(?:write|explain|describe"
    r"|summari[sz]e|discuss|compose|draft|translate|rewrite|paraphrase|brainstorm|suggest|outline|plan"
    r"|design|create|generate|compare|analy[sz]e|tell me about|give me (?:advice|tips|ideas))\b", _I
)  # fmt: skip
_QUANTITY = re.compile(
    r"\bhow (?:many|much|far|old|fast|tall|heavy|long)\b|\b(?:total|cost|left|altogether|in all"
    r"|remain\w{0,4}|profit|price|change|percent|average|each|speed|more than|fewer|less|differences?"
    r"|totals?)\b|[$€£%]|\bwhat is \w{1,20}'s score\b|\bwho has (?:more|fewer|less|the most)\b", _I
)  # fmt: skip
_YES_NO = re.compile(
    r"(?:^|[.\n]\s{0,3})(?:is|are|was|were|do|does|did|can|could|has|have|had|will|would"
    r"|should)\s[^.?\n]{2,300}\?\s*$|\b(?:yes or no|true or false)\b", _I
)  # fmt: skip


def _sees_passage(text: str, task: Task) -> str:
    if task.material.strip():
        return "facts or a passage come with it"
    if _PASSAGE.search(text):
        return "it begins with facts or a passage"
    told = len(_RELATION.findall(text))
    return "it tells who is related to whom" if told >= 3 and _ASKS_WHO.search(text) else ""


def _sees_choice(text: str, task: Task) -> str:
    letters = _OPTION.findall(text)
    count = next((i for i, letter in enumerate(letters) if letter != "ABCDEFGH"[i % 8]), len(letters))
    first = _OPTION.search(text)
    asks_more = first is not None and "?" in text[first.end() :]
    return f"options A to {letters[count - 1]}" if count >= 3 and not asks_more else ""


def _sees_countdown(text: str, task: Task) -> str:
    fits = _COUNTDOWN.search(text) and _PUZZLE.search(text) and 3 <= _numbers(text) <= 20
    return "numbers and a target to reach" if fits else ""


def _sees_arithmetic(text: str, task: Task) -> str:
    plain = _OPERATOR.sub(" ", text)
    words = [word for word in _WORD.findall(plain) if not word[0].isdigit()]
    fits = _operators(text) and len(words) <= 12 and not _MATH.search(text)
    return "an expression and few words" if fits else ""


def _sees_math(text: str, task: Task) -> str:
    found = _MATH.search(text)
    return f"mathematics ({found.group().strip()[:20]!r})" if found else ""


def _sees_dates(text: str, task: Task) -> str:
    return "dates, times or durations" if _DATE.search(text) and _ASKS_TIME.search(text) else ""


def _sees_list(text: str, task: Task) -> str:
    found = (_LIST_SURE.search(text) and not _STRING_WORK.search(text)) or (
        _ITEMS.search(text) and _LIST_WORK.search(text)
    )
    return "items of a list" if found else ""


def _sees_story(text: str, task: Task) -> str:
    if len(_NUMBER_WORK.findall(text)) >= 2 and _NUMBER.search(text):
        return "a number that is worked on"
    quantities = _numbers(text) + len(_NUMBER_WORD.findall(text))
    return "a story with quantities" if quantities >= 2 and _QUANTITY.search(text) else ""


_NUMBER_WORK = re.compile(
    r"\b(?:add|subtract|multiply|divide|double|triple|halve|half|increase|decrease|plus|minus|take away)\b",
    _I,
)
_NUMBER_WORD = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|half|twice|double|triple|an?)\b", _I
)


def _sees(pattern: re.Pattern[str], told: str) -> Callable[[str, Task], str]:
    return lambda text, task: told if pattern.search(text) else ""


@dataclass(frozen=True, slots=True)
class _Cue:
    """How a family is seen, and what makes it short (at most `short` of `unit`) or medium."""

    sees: Callable[[str, Task], str]
    count: Callable[[str], int]
    unit: str
    short: int
    medium: int


_CUES: dict[str, _Cue] = {
    "code": _Cue(_sees(_CODE, "program code"), _words, "words", 40, 150),
    "compound": _Cue(_sees(_COMPOUND, "several questions, one answer"), _words, "words", 30, 70),
    "passage": _Cue(_sees_passage, _words, "words", 40, 150),
    "choice": _Cue(_sees_choice, _words, "words", 40, 120),
    "countdown": _Cue(_sees_countdown, _numbers, "numbers", 4, 5),
    "dates": _Cue(_sees_dates, _steps, "steps", 3, 8),
    "arithmetic": _Cue(_sees_arithmetic, _operators, "operations", 3, 8),
    "list": _Cue(_sees_list, _steps, "steps", 3, 8),
    "string": _Cue(_sees(_STRING_WORK, "letters or a string"), _steps, "steps", 3, 8),
    "open": _Cue(_sees(_OPEN, "something to write or explain"), _words, "words", 25, 100),
    "math": _Cue(_sees_math, _words, "words", 30, 80),
    "story": _Cue(_sees_story, _steps, "steps", 3, 8),
    "yesno": _Cue(_sees(_YES_NO, "yes or no"), _words, "words", 20, 60),
    "plain": _Cue(lambda text, task: "no other cue", _words, "words", 20, 60),
}

FAMILIES = tuple(_CUES)
"""Families in the order in which they are looked for; the last takes what is left."""
