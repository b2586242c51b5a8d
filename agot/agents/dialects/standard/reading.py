"""Reading what instruct models write as free text: answers, steps, and words with their probabilities."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from agot.agents.dialects.standard.values import gives, value_in
from agot.agents.kinds import VALUE, Kind
from agot.agents.selection.cascade import unsure
from agot.models.thinking import answering
from agot.protocols import Completion
from agot.thought import Solution, Step

_MARKED = re.compile(
    r"\W*(?:(?:so|thus|hence|therefore)\b,?\s+)?(?:the\s+|my\s+)?(?:final\s+|correct\s+)?answer(?:\s+is)?[\s*_]*(?:[:：](.*)|[\s*_#]*$)",
    re.IGNORECASE,
)
"""A line that gives the answer, or says that it follows."""

_SAID = re.compile(r"\bthe\s+(?:final\s+|correct\s+)?answer\s+is\b:?\s*", re.IGNORECASE)
_REASON = re.compile(r"\s*(?:because|since|as)\b")
"""A line that goes on with the sentence before it and says why; one that begins a sentence may conclude something."""
_FENCE = re.compile(r"\s*(?:```|~~~)")
_BOXED = re.compile(r"\\f?box(?:ed)?\s*\{")
_END = re.compile(r"(?:</s>|<eos>|<end_of_turn>|<\|\w+\|>|<｜[^｜\s]+｜>)\s*\Z")
_MOST_WRAPPERS = 8
_BOLD = re.compile(r"(?<![\w)\]*])\*\*(?=[^\s*])([^*]*)(?<=[^\s*])\*\*(?![\w(\[*])")
_WRAPPED = re.compile(r"\$\$([^$]+)\$\$|\$([^$]+)\$|\\\((.+)\\\)|\\\[(.+)\\\]|\\text\{([^{}]*)\}|`([^`]+)`|\*([^*]+)\*", re.DOTALL)  # fmt: skip


_LEADING = re.compile(
    r"[^\w*]{0,3}?(\*\*|__)?(?:the\s+|my\s+)?(?:final\s+)?answer(?:\s+is)?\s{0,3}"
    r"(?:(?(1)\1\s{0,3}[:：]|[:：])|(?(1)[:：]\s{0,3}\1|(?!)))\s*", re.IGNORECASE
)  # fmt: skip
"""A label at the beginning of a reply, such as "Answer:" or "**The answer is:**"."""


def without_label(text: str) -> str:
    """Return a reply without the label that it begins with, if what follows the label is the reply."""
    label = _LEADING.match(text)
    return text[label.end() :] if label else text


def mean_logprob(completion: Completion) -> float | None:
    """Return the mean log-probability per token, or None if there is none."""
    if not completion.logprobs:
        return None
    return sum(token.logprob for token in completion.logprobs) / len(completion.logprobs)


def solution_of(
    completion: Completion, mode: str, kind: Kind = VALUE, *, unended: bool = False
) -> Solution | None:
    """Return what a sample answers, or None if it gives no answer.

    An open reply is the answer as the model wrote it but for a label before it, cut off or not; so is the reply to a
    question about a fact that announces no answer. In any other reply to a closed question the value is looked for.

    Args:
        mode: "direct" or "chain"; the name of the strategy.
        unended: Take the best that a cut reply to a closed question holds, too, where it came to no answer.
    """
    completion = answering(completion)
    text = _END.sub("", completion.text.strip()).strip()
    lines = text.splitlines()
    cut, whole = completion.finish_reason == "length", mode == "direct" or not kind.reasoned
    if kind.closed:
        answer, before = answer_in(lines, kind, whole=whole, cut=cut)
        if answer:
            cut = False
        elif unended:
            answer, before = answer_in(lines, kind, whole=whole, cut=False)
    else:
        answer, before = without_label(text), 0
    if not answer:
        return None
    steps = () if mode == "direct" else tuple(line.strip() for line in lines[:before] if line.strip())
    return Solution(
        answer=answer, steps=steps, strategy=mode, logprob=mean_logprob(completion),
        unsure=unsure(completion.logprobs), cut=cut,
    )  # fmt: skip


def answer_in(lines: list[str], kind: Kind, *, whole: bool, cut: bool) -> tuple[str, int]:
    """Return the answer to a closed question, "" if there is none, and the number of the line it begins with.

    Args:
        whole: Where no words announce the answer, all of the text is the answer, not its last sentence alone.
        cut: The text was cut off: only words that announce an answer are believed.
    """
    marked = [(place, match[1] or "") for place, line in enumerate(lines) if (match := _MARKED.match(line))]
    other: tuple[str, int] | None = None
    for place, rest in reversed(marked[-1:] if cut else marked):
        answer = bare(rest) or bare(_paragraph(lines, place + 1))
        if answer and (cut or gives(answer, kind)):
            return value_in(answer, kind, stated=True), place
        if answer and other is None:
            other = answer, place
    if not lines:
        return "", 0
    said = _last_said(lines, kind, cut=cut)
    if said is not None:
        return value_in(said[0], kind, stated=True), said[1]
    if cut:
        return "", 0
    last = len(lines) - 1
    boxed = _boxed("\n".join(lines))
    if boxed.strip(" .…"):
        return value_in(bare(boxed), kind, stated=True), last
    if whole and kind.name == "fact":
        return "\n".join(lines) if len(lines) > 1 else bare(lines[0]), 0
    if whole and len(lines) == 1:
        return value_in(bare(lines[0]), kind, stated=True), 0
    if whole and kind.name == "value":
        return bare("\n".join(lines)), 0
    if other is not None and not any(gives(line, kind, stated=False) for line in lines):
        # What is announced is not of the kind that was expected, and nothing else is.
        return other
    return _last_value(lines, kind)


def _last_said(lines: list[str], kind: Kind, *, cut: bool) -> tuple[str, int] | None:
    """Return what the last "the answer is ..." says and the number of its line; None if none says a value of this kind."""
    for place in range(len(lines) - 1, -1, -1):
        if cut and place == len(lines) - 1:
            # The last line of a text that was cut off may miss the end of its answer.
            continue
        for rest in reversed(_SAID.split(lines[place])[1:]):
            rest = rest.lstrip(",;")
            if gives(bare(rest).strip("."), kind):
                return _boxed(rest) or bare(rest), place
    return None


def _last_value(lines: list[str], kind: Kind) -> tuple[str, int]:
    """Return the value in the last line that holds one, else that line; fences and rules are no lines."""
    written = [place for place, line in enumerate(lines) if re.search(r"\w", line) and not _FENCE.match(line)]
    if not written:
        return bare(lines[-1]), len(lines) - 1
    giving = [place for place in written if gives(lines[place], kind, stated=False)]
    concluding = [place for place in giving if not _REASON.match(lines[place])]
    place = (concluding or giving or written)[-1]
    return value_in(bare(lines[place]), kind, stated=False), place


def _paragraph(lines: Sequence[str], begins: int) -> str:
    """Return the first lines from a place on that belong together, without the fence of a code block."""
    found: list[str] = []
    for place in range(begins, len(lines)):
        line = lines[place]
        if _MARKED.match(line):
            break
        if line.strip() and not _FENCE.match(line):
            found.append(line)
        elif found:
            break
    return "\n".join(found)


def _boxed(text: str) -> str:
    """Return what the last `\\boxed{...}` holds, braces within it included; "" if there is none or it has no end."""
    begins = list(_BOXED.finditer(text))
    if not begins:
        return ""
    start, depth = begins[-1].end(), 1
    for place in range(start, len(text)):
        depth += (text[place] == "{") - (text[place] == "}")
        if depth == 0:
            return text[start:place].strip()
    return ""


def bare(answer: str) -> str:
    """Return an answer without markup, end-of-text marks, and the box around it."""
    for _ in range(_MOST_WRAPPERS):
        before = answer
        answer = _BOLD.sub(r"\1", _END.sub("", answer).strip())
        if answer.count("**") % 2:
            # Half of a pair: the other half stood before the word "Answer".
            answer = answer.removeprefix("**") if answer.startswith("**") else answer.removesuffix("**")
        wrapped = _WRAPPED.fullmatch(answer)
        answer = (next(inner for inner in wrapped.groups() if inner) if wrapped else answer).strip()
        answer = _boxed(answer) or answer
        if answer == before:
            break
    return answer


_LABEL = re.compile(r"(?:the )?next step(?: is)?\s{0,3}:\s{0,3}", re.IGNORECASE)
_FINAL = re.compile(r"\bthe\s+final\s+answer\s+is\b:?\s*(\S.*)", re.IGNORECASE)


def step_of(completion: Completion, before: Sequence[str], kind: Kind = VALUE) -> Step | None:
    """Return the next step that a sample proposes, or None if it proposes none.

    What a model writes beyond one step is dropped, and so are the given steps where it begins by repeating them. A line
    that was cut off is no step.

    Args:
        before: The steps so far.
        kind: Of the reply that the question asks for.
    """
    completion = answering(completion)
    text = completion.text.strip()
    lines = text.splitlines()
    cut = completion.finish_reason == "length"
    place = after_repeated(lines, before)
    if place >= len(lines) or (cut and place == len(lines) - 1):
        return None
    line = _LABEL.sub("", _BOLD.sub(r"\1", _END.sub("", lines[place])).strip(), count=1).strip()
    logprob = mean_logprob(completion)
    answer = _finishing(lines[place:], line)
    if answer is None:
        return Step(text=line, logprob=logprob) if line else None
    if not answer:
        return None
    answer = value_in(answer, kind, stated=True) if kind.closed else answer
    solution = Solution(answer=answer, steps=tuple(before), strategy="chain", logprob=logprob)
    if not _MARKED.match(lines[place]):
        # The line is more than the answer, so it is a step too.
        solution = solution.model_copy(update={"steps": (*before, line)})
    return Step(text=line, solution=solution, logprob=logprob)


def _finishing(lines: Sequence[str], line: str) -> str | None:
    """Return the answer that the first of these lines begins to give, "" if it has none, None if it gives no answer."""
    marked = _MARKED.match(lines[0])
    if marked:
        return bare(marked[1] or "") or bare(_paragraph(lines, 1))
    said = _FINAL.search(line)
    if said:
        return bare(said[1])
    return bare(_boxed(lines[0])) or None


def after_repeated(lines: Sequence[str], before: Sequence[str]) -> int:
    """Return the place of the first line that is neither empty nor one of the given steps, repeated in their order."""
    left = [_plain(step) for step in before]
    for place, line in enumerate(lines):
        plain = _plain(line)
        if not plain or plain.startswith("```"):
            continue
        if left and plain == left[0]:
            del left[0]
            continue
        return place
    return len(lines)


def _plain(line: str) -> str:
    return " ".join(line.split()).casefold()


_LEAST_MASS = 0.01


def chance(completion: Completion, good: str, bad: str, *, cased: bool = False) -> float | None:
    """Return P(good) / (P(good) + P(bad)) of a reply's first word, or None if it is neither.

    Without log-probabilities the word itself decides: 1 for the good one, 0 for the bad one.

    Args:
        good: A word such as "yes".
        cased: Upper and lower case differ, as for the letter A and the article.
    """
    completion = answering(completion)

    def folded(word: str) -> str:
        word = word.strip().strip("*\"'`.,:;()[]#_ ")
        return word if cased else word.casefold()

    for token in completion.logprobs or ():
        odds = {good: 0.0, bad: 0.0}
        for text, logprob in {token.token: token.logprob, **dict(token.top)}.items():
            if folded(text) in odds:
                odds[folded(text)] += math.exp(min(logprob, 0.0))
        # Traces of both words among the alternatives to a third tell nothing.
        if sum(odds.values()) > _LEAST_MASS:
            return odds[good] / sum(odds.values())
        if folded(token.token):
            break
    first = re.match(r"[\W_]*(\w+)", completion.text)
    word = folded(first[1]) if first else ""
    return float(word == good) if word in (good, bad) else None
