"""A model's reasoning, told apart from its answer, in whole texts and while they arrive.

Reasoning models write what they think before (some also within) what they answer, each family between marks of its own:
tags (`<think>`, `[THINK]`, `<thought>`, `<seed:think>`, `◁think▷`), pairs of begin and end marks (`<|START_THINKING|>`),
unused tokens (`<unused94>`), channels (OpenAI's harmony: `<|channel|>analysis`). They are known here by their shape, so that
a family with another word of the same kind needs no change. What looks like a mark in the midst of an answer, in a quotation
or in code, is none.

Some chat templates write the opening mark themselves, and the reply then begins within the reasoning: all before a closing
mark without an opening one is reasoning.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from agot.protocols import Completion, TokenLogprob
from agot.reading.plain import plain

_STEM = r"think|thought|reason|analysis|reflect|scratchpad"
_SURE = r"think|thought"
"""Words that mark reasoning wherever they stand; the others are also names of parts of an answer."""

_TAG = r"(?:<\|?|\[|◁|【)\s*[\w:.-]{{0,20}}?(?P<stem>{stem})[\w:.-]{{0,20}}(?:\s[^<>\[\]\n]{{0,80}})?\s*(?:\|?>|\]|▷|】)"
_END_TAG = r"(?:<\|?|\[|◁|【)\s*/\s*[\w:.-]{{0,20}}?(?:{stem})[\w:.-]{{0,20}}\s*(?:\|?>|\]|▷|】)"
_PAIR = r"<\|?(?:start|begin)(?:_of)?_(?P<stem>{stem})\w*\|?>"
_END_PAIR = r"<\|?end(?:_of)?_(?:{stem})\w*\|?>"
_CHANNEL = re.compile(
    r"(?:<\|start\|>\s*\w*\s*)?(?:<\|channel\|>\s*(?!final\b)\w+[^<]{0,80}<\|message\|>|<\|channel>\s*\w*)"
)
_END_CHANNEL = re.compile(r"<\|end\|>|<channel\|>|(?=<\|start\|>)|(?=<\|channel\|>)")
_UNUSED = re.compile(r"<unused\d+>")
_BARE_CHANNEL = re.compile(r"analysis(?=[A-Z])")
"""Harmony's channel where the server dropped the special tokens, "analysisWe need ... assistantfinal63"."""
_END_BARE_CHANNEL = re.compile(r"assistant\s*final")

_BEFORE_ANSWER = re.compile(
    r"(?:<\|end\|>\s*)?(?:<\|start\|>\s*\w*\s*)?<\|channel\|>\s*final\b[^<]{0,80}<\|message\|>"
    r"|<\|?(?:start|begin)(?:_of)?_(?:response|solution|answer)\w*\|?>",
    re.IGNORECASE,
)
_AFTER_ANSWER = re.compile(
    r"\s*(?:<\|(?:end|return)\|>|<\|?end(?:_of)?_(?:response|solution|answer)\w*\|?>)\s*\Z", re.IGNORECASE
)
_ANSWER_TAG = re.compile(r"\s*<(answer|response|output)>(.*)</\1>\s*", re.DOTALL | re.IGNORECASE)

_BRACKETS = "<[◁【"
_LONGEST_MARK = 200
_TAIL = 64
"""Characters of reasoning that are looked at again, since a closing mark may be arriving."""

_MONOLOGUE = re.compile(
    r"\W*(?:ok(?:ay)?|alright|all right|hmm+|wait|well|so|now|first|let me|let's|let us|we (?:need|are|have|can|should)"
    r"|i (?:need|should|have to|think|will)|i'll|the (?:user|question|problem)|to (?:solve|find|determine|answer)|thinking)\b",
    re.IGNORECASE,
)
"""How reasoning begins whose opening mark is missing."""

_FIRST_WORD = re.compile(r"\W*([a-z']*(?: [a-z]*)?)\Z", re.IGNORECASE)
_MONOLOGUE_WORDS = (
    "okay", "alright", "all right", "hmm", "wait", "well", "so", "now", "first", "let me", "let's", "let us", "we need",
    "we are", "we have", "we can", "we should", "i need", "i should", "i have to", "i think", "i will", "i'll", "the user",
    "the question", "the problem", "to solve", "to find", "to determine", "to answer", "thinking",
)  # fmt: skip


def _compiled(pattern: str, stem: str) -> re.Pattern[str]:
    return re.compile(pattern.format(stem=stem), re.IGNORECASE)


_OPENS = [_compiled(_TAG, _STEM), _compiled(_PAIR, _STEM)]
_OPENS_WITHIN = [_compiled(_TAG, _SURE), _compiled(_PAIR, _SURE)]
_CLOSES = {
    stem: re.compile(f"{_END_TAG.format(stem=stem)}|{_END_PAIR.format(stem=stem)}", re.IGNORECASE)
    for stem in _STEM.split("|")
}
_CLOSES_ALONE = re.compile(
    rf"(?<![`'\"“])(?:{_END_TAG.format(stem=_SURE)}|{_END_PAIR.format(stem=_SURE)})(?![`'\"”])", re.IGNORECASE
)
_LINE = re.compile(r"\n[ \t]*(?=[<\[◁【])")


@dataclass(frozen=True, slots=True)
class Separated:
    """A text in its parts.

    Attributes:
        answer: What is not reasoning; the text as it is if it holds no reasoning.
        reasoning: What was thought, without marks; "" for none.
        unfinished: The text ends within the reasoning.
        spans: Where the answer stands in the text: (begin, end) pairs, in order.
        lost_opening: A closing mark came without an opening one.
    """

    answer: str
    reasoning: str = ""
    unfinished: bool = False
    spans: tuple[tuple[int, int], ...] = ()
    lost_opening: bool = False


def separated(text: str) -> Separated:
    """Return the parts of a whole text."""
    if not any(bracket in text for bracket in _BRACKETS) and not _BARE_CHANNEL.match(text):
        return Separated(text, spans=((0, len(text)),))
    stream = ThinkingStream(hold=True)
    stream.feed(text)
    stream.finish()
    return stream.parts()


@dataclass(slots=True)
class ThinkingStream:
    """Lets the answer of a text pass while it arrives.

    Args:
        hold: Let nothing pass before the end: what arrives may be reasoning without an opening mark.
        watch: Hold a text that begins as reasoning does, though no mark says so.
    """

    hold: bool = False
    watch: bool = False
    _buffer: str = ""
    _at: int = 0
    _mode: str = "start"
    _closing: re.Pattern[str] = _UNUSED
    _answer: list[str] = field(default_factory=list)
    _reasoning: list[str] = field(default_factory=list)
    _spans: list[tuple[int, int]] = field(default_factory=list)
    _lost_opening: bool = False
    _seen: bool = False

    def feed(self, piece: str) -> str:
        """Take the next piece; return what of the answer it brings, "" for nothing."""
        self._buffer += piece
        if self.hold:
            return ""
        if self.watch and self._mode == "start":
            begin = self._buffer.lstrip()
            if _MONOLOGUE.match(begin):
                self.hold = True
                return ""
            word = _FIRST_WORD.match(begin)
            if word is not None and any(one.startswith(word[1].lower()) for one in _MONOLOGUE_WORDS):
                return ""
            self.watch = False
        return self._taken(last=False)

    def finish(self) -> str:
        """Return what of the answer was still held when the text ended."""
        if self.hold:
            alone = _last(_CLOSES_ALONE, self._buffer)
            if alone is not None and not any(o.search(self._buffer, 0, alone.start()) for o in _OPENS_WITHIN):
                self._lost_opening = True
                self._thought(alone.start(), alone.end())
        return self._taken(last=True)

    def parts(self) -> Separated:
        """Return what the text consists of, once it has ended."""
        answer = "".join(self._answer)
        spans, reasoning = self._spans, "".join(self._reasoning).strip()
        unfinished = self._mode == "thinking"
        if not self._seen:
            return Separated(answer, spans=tuple(spans))
        again = _last(_CLOSES_ALONE, answer)
        if again is not None and not unfinished:
            # More reasoning after the first that was closed.
            reasoning = f"{reasoning}\n{answer[: again.start()].strip()}"
            spans = _after(spans, again.end())
            answer = answer[again.end() :]
        wrapped = _ANSWER_TAG.fullmatch(answer)
        if wrapped:
            left = wrapped.start(2)
            spans = _before(_after(spans, left), len(wrapped[2]))
            answer = wrapped[2]
        ended = _AFTER_ANSWER.search(answer)
        if ended:
            spans, answer = _before(spans, ended.start()), answer[: ended.start()]
        return Separated(answer, reasoning, unfinished, tuple(spans), self._lost_opening)

    # -- the machine: "start" (a mark may come), "thinking" (until `_closing`), "answer"

    def _taken(self, *, last: bool) -> str:
        passed: list[str] = []
        while self._buffer and self._step(passed, last):
            pass
        return "".join(passed)

    def _step(self, passed: list[str], last: bool) -> bool:
        """Go on by one part; return whether there may be more."""
        if self._mode == "thinking":
            found = self._closing.search(self._buffer)
            if found is not None:
                self._thought(found.start(), found.end())
                self._mode = "start"
                return True
            kept = 0 if last else _TAIL
            cut = max(0, len(self._buffer) - kept)
            self._thought(cut, cut)
            return False
        if self._mode == "start":
            return self._begin(passed, last)
        return self._pass(passed, last)

    def _begin(self, passed: list[str], last: bool) -> bool:
        space = len(self._buffer) - len(self._buffer.lstrip())
        begin = self._buffer[space:]
        if not begin and not last:
            return False
        if opened := self._opening(begin, _OPENS):
            self._drop(space + opened)
            self._mode = "thinking"
            return True
        if said := _BEFORE_ANSWER.match(begin):
            self._drop(space + said.end())
            self._seen = True
            self._mode = "start"
            return True
        if not last and _may_become_mark(begin):
            return False
        if self._seen:
            self._drop(space)
        self._mode = "answer"
        # The first bracket of an answer was looked at.
        self._let(1, passed)
        return True

    def _pass(self, passed: list[str], last: bool) -> bool:
        line = _LINE.search(self._buffer)
        if line is None:
            held = 0 if last else len(self._buffer) - len(self._buffer.rstrip(" \t\n"))
            self._let(len(self._buffer) - held, passed)
            return False
        rest = self._buffer[line.end() :]
        if opened := self._opening(rest, _OPENS_WITHIN):
            self._let(line.start() + 1, passed)
            self._drop(line.end() - line.start() - 1 + opened)
            self._mode = "thinking"
            return True
        if not last and _may_become_mark(rest):
            self._let(line.start(), passed)
            return False
        self._let(line.end() + 1, passed)
        return True

    def _opening(self, text: str, tags: Sequence[re.Pattern[str]]) -> int:
        """Return the length of a mark that opens reasoning, 0 if the text does not begin with one."""
        for tag in tags:
            if found := tag.match(text):
                self._closing = _CLOSES[found["stem"].lower()]
                return found.end()
        for mark, closing in (
            (_CHANNEL, _END_CHANNEL), (_UNUSED, _UNUSED), (_BARE_CHANNEL, _END_BARE_CHANNEL)
        ):  # fmt: skip
            # Within an answer only tags are believed.
            if tags is _OPENS and (found := mark.match(text)):
                self._closing = closing
                return found.end()
        return 0

    def _let(self, count: int, passed: list[str]) -> None:
        text = self._buffer[:count]
        if text:
            passed.append(text)
            self._answer.append(text)
            if self._spans and self._spans[-1][1] == self._at:
                self._spans[-1] = (self._spans[-1][0], self._at + len(text))
            else:
                self._spans.append((self._at, self._at + len(text)))
            self._drop(len(text))

    def _thought(self, count: int, end: int) -> None:
        self._reasoning.append(self._buffer[:count])
        self._seen = True
        self._drop(end)

    def _drop(self, count: int) -> None:
        self._buffer = self._buffer[count:]
        self._at += count


def _may_become_mark(text: str) -> bool:
    """Return whether more of a text could make its beginning a mark."""
    if len(text) > _LONGEST_MARK:
        return False
    if text[0] in _BRACKETS:
        if text.startswith(("<|start", "<|channel|")):
            return "<|message|>" not in text
        return not any(end in text for end in (">", "]", "▷", "】")) and "\n" not in text
    return len(text) <= len("analysis") and "analysis".startswith(text)


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    found = None
    for found in pattern.finditer(text):  # noqa: B007 - the last one is wanted
        pass
    return found


def _after(spans: Sequence[tuple[int, int]], count: int) -> list[tuple[int, int]]:
    """Return spans without their first characters."""
    kept = []
    for begin, end in spans:
        dropped = min(count, end - begin)
        count -= dropped
        if begin + dropped < end:
            kept.append((begin + dropped, end))
    return kept


def _before(spans: Sequence[tuple[int, int]], count: int) -> list[tuple[int, int]]:
    """Return the first so many characters of spans."""
    kept = []
    for begin, end in spans:
        taken = min(count, end - begin)
        count -= taken
        if taken:
            kept.append((begin, begin + taken))
    return kept


# -- samples ---------------------------------------------------------------------------------------


def answering(completion: Completion, reasoning: str = "") -> Completion:
    """Return a sample whose text is its answer alone, as it reads, with the log-probabilities of the answer's tokens.

    Args:
        reasoning: What the server itself told apart from the text.
    """
    parts = separated(completion.text)
    thought = "\n".join(part for part in (completion.reasoning, reasoning.strip(), parts.reasoning) if part)
    answer = plain(parts.answer)
    if answer == completion.text and thought == completion.reasoning:
        return completion
    tokens = completion.logprobs
    if tokens and (reasoning or parts.answer != completion.text):
        tokens = aligned(tokens, completion.text, parts) or None
    return completion.model_copy(update={"text": answer, "reasoning": thought, "logprobs": tokens})


def aligned(tokens: Sequence[TokenLogprob], text: str, parts: Separated) -> tuple[TokenLogprob, ...]:
    """Return the tokens that the answer consists of."""
    written = "".join(token.token for token in tokens)
    begin = written.rfind(text)
    # Where tokens are not the text (half characters, marks that a server leaves out of the text), both end alike.
    place = -begin if begin >= 0 else len(text) - len(written)
    kept, spans = [], list(parts.spans)
    for token in tokens:
        end = place + len(token.token)
        while spans and spans[0][1] <= place:
            del spans[0]
        if spans and end > spans[0][0]:
            kept.append(token)
        place = end
    return tuple(kept)


def no_answer(completions: Sequence[Completion]) -> str:
    """Return why samples without an answer have none, for a message; "" if it cannot be told.

    A sentence or two, such as "The model only reasoned and was cut off after its reasoning. Raise max_tokens ...".
    """
    thinkers = [one for one in completions if one.reasoning and not one.text.strip()]
    if any(one.finish_reason == "tool_calls" for one in completions):
        return "The model called a tool, though none was given to it, and gave no answer. Try again, or set another model."
    if not thinkers:
        return ""
    if any(one.finish_reason == "length" for one in thinkers):
        return (
            "The model only reasoned until its room was used up, and gave no answer: raise max_tokens, or make it reason "
            "less (extra_body, for instance reasoning_effort)."
        )
    return (
        "The model only reasoned and gave no answer: all its words came as reasoning. Try again, or switch its reasoning "
        "off (extra_body, for instance chat_template_kwargs)."
    )
