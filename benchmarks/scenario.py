"""What the scripted model says: plans for planted questions, answers for leaves, `Yes` for judges.

A question tells everything about its reply, so that no state is shared with the server:

    [0.1s] Report item 3.               answered after 0.1 s with "item-3"
    [0.02s 300p 40c] Report item 3.     and the server claims 300 prompt tokens and writes about 40 words
    Compute 3+4                         answered with "7"; checked by code
    Guess item 5.                       answered wrongly by whoever could plan instead; a judge says so
    What is item 5, in several ways?    each sample works and words it in its own way; most give "item-5"
    Carry out the plan forest-3-2.      split as `planned` says

Judges answer without delay.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from agot.agents.worth import examples
from agot.protocols import ModelRequest
from agot.reading.expressions import value
from tests.servers.replies import Reply

_TAG = re.compile(r"\[?(?:([\d.]+)s)?(?: ?(\d+)p)?(?: ?(\d+)c)?\] ")
_PLAN = re.compile(r"Carry out the plan ([\w.-]+)\.")
_ITEM = re.compile(r"item ([\w.-]*\w)")
_COMPUTE = re.compile(r"Compute ([\d+]+)")
_WAYS = re.compile(r"What is item (\w+), in several ways")
_JUDGING, _CHECKING = "Is the proposed solution right?", 'Then end with "Verdict:'
_ENDING = 'end with "The answer is'
_OFFER, _SPLIT = "write PLAN on the first line", "Split it into at most"


@dataclass(frozen=True, slots=True)
class Step:
    """One thought of a planted plan; needs are positions in the plan, from 1."""

    question: str
    needs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Planted:
    """A planted plan; its last step answers the whole if it needs another, else there is a synthesis."""

    steps: tuple[Step, ...]

    def as_list(self) -> str:
        """Return the plan as a model writes it; questions say by `#k` what they need."""
        lines = []
        for place, step in enumerate(self.steps, start=1):
            told = [f"#{need}" for need in step.needs if f"#{need}" not in step.question]
            given = f", given {' and '.join(told)}" if told else ""
            lines.append(f"{place}. {step.question.removesuffix('.')}{given}.")
        return "\n".join(lines)


FIXED = {
    # A thought behind a quick branch, beside a slow one.
    "barrier": Planted((
        Step("[1.5s] Report item slow."), Step("[0.1s] Report item branch."),
        Step("Report item after #2.", (2,)), Step("Report item both #1 #3.", (1, 3)),
    )),
    # Eleven thoughts, nested once: seven here and four in `inner`.
    "eleven": Planted((
        Step("Compute 1+2"), Step("[0.01s] Report item a."), Step("Compute #1+4", (1,)),
        Step("Carry out the plan inner."), Step("[0.02s] Report item b, given #2.", (2,)),
        Step("Report item c, given #3 and #4.", (3, 4)), Step("Report item d, given #5 and #6.", (5, 6)),
    )),
    "inner": Planted((
        Step("Compute 5+6"), Step("Compute 7+8"), Step("Compute #1+#2", (1, 2)),
        Step("Report item e, given #3.", (3,)),
    )),
    # Eight thoughts with a vote on the way; about a second.
    "kill": Planted((
        Step("[0.04s] Report item a."), Step("[0.06s] Guess item b."),
        Step("[0.03s] Report item c, given #1.", (1,)),
        Step("[0.05s] Compute 3+4"), Step("[0.06s] Report item d, given #2 and #3.", (2, 3)),
        Step("[0.05s] Guess item e, given #4.", (4,)), Step("[0.04s] Report item f, given #5.", (5,)),
        Step("[0.05s] Report item g, given #6 and #7.", (6, 7)),
    )),
}  # fmt: skip


@lru_cache(maxsize=4096)
def planned(name: str) -> Planted:
    """Return the plan of that name: one of `FIXED`, `tree-L`, `forest-K-L` or `random-SEED`.

    `tree-L` is nine trees of level L-1 (sums at level 0) and their sum; `forest-K-L` is K such trees.
    """
    kind, *numbers = name.split("-")
    if kind == "tree":
        return _sum_of(9, int(numbers[0]) - 1)
    if kind == "forest":
        return _sum_of(int(numbers[0]), int(numbers[1]))
    if kind == "random":
        return _random(numbers[0])
    return FIXED[name]


def _sum_of(width: int, level: int) -> Planted:
    parts = [
        Step(f"Carry out the plan tree-{level}. Part {place}." if level else f"Compute {place}+{level + 1}")
        for place in range(1, width + 1)
    ]
    places = tuple(range(1, width + 1))
    return Planted((*parts, Step("Compute " + "+".join(f"#{place}" for place in places), places)))


def _random(seed: str) -> Planted:
    """Return a plan of 2 to 6 thoughts; `seed` may hold dots, one per level of nesting."""
    rng = random.Random(seed)
    count = rng.randint(2, 6)
    steps = []
    for place in range(1, count + 1):
        needs = tuple(sorted(rng.sample(range(1, place), rng.randint(0, min(2, place - 1)))))
        given = f", given {' and '.join(f'#{need}' for need in needs)}" if needs else ""
        kind, tag = rng.random(), random_tag(rng)
        if kind < 0.2 and seed.count(".") < 2:
            text = f"Carry out the plan random-{seed}.{place}. Part {place}{given}."
        elif kind < 0.3:
            text = f"Guess item {seed}.{place}{given}."
        elif kind < 0.5 and not needs:
            text = f"Compute {rng.randint(1, 99)}+{rng.randint(1, 99)}"
        else:
            text = f"Report item {seed}.{place}{given}."
        steps.append(Step(tag + text, needs))
    return Planted(tuple(steps))


def random_tag(rng: random.Random) -> str:
    """Return a tag with a latency up to 20 ms, and usage that has little to do with the text."""
    return f"[{rng.uniform(0, 0.02):.4f}s {rng.randint(1, 1500)}p {rng.randint(1, 400)}c] "


def question_for(plan: str) -> str:
    """Return the question that is split as the plan of that name."""
    return f"Carry out the plan {plan}."


def thoughts_in(plan: str) -> int:
    """Return how many thoughts a run of the plan has, its root included; syntheses are none."""
    nested = (_PLAN.search(step.question) for step in planned(plan).steps)
    return 1 + sum(thoughts_in(found[1]) if found else 1 for found in nested)


def calls_in(plan: str) -> int:
    """Return how many model calls a run of a plan needs: one for each split, each leaf, and each synthesis."""
    steps = planned(plan).steps
    nested = [_PLAN.search(step.question) for step in steps]
    return 1 + (not steps[-1].needs) + sum(calls_in(found[1]) if found else 1 for found in nested)


@dataclass(frozen=True, slots=True)
class Said:
    """A scripted reply: the text, and what the question's tag asks for."""

    text: str
    delay_s: float = 0.0
    prompt_tokens: int | None = None


def said(prompt: str) -> Said:
    """Return the model's words for a prompt of the standard dialect."""
    question = _question(prompt)
    if _JUDGING in prompt or _CHECKING in prompt:
        right = _right(prompt)
        if _JUDGING in prompt:
            return Said("Yes" if right else "No")
        return Said(f"I looked at it.\nVerdict: {'right' if right else 'wrong'}")
    tag = _TAG.match(question)
    delay, prompt_tokens, words = (tag[1], tag[2], tag[3]) if tag else (None, None, None)
    filler = "so " * int(words or 0)
    plan = _PLAN.search(question)
    planning = _OFFER in prompt or _SPLIT in prompt
    if plan and planning:
        text = ("PLAN\n" if _OFFER in prompt else "") + planned(plan[1]).as_list()
    else:
        answer = _answer(question, chain=not planning)
        text = f"{filler}\nThe answer is {answer}." if _ENDING in prompt else f"{filler}\n{answer}"
    return Said(text.strip(), float(delay or 0), int(prompt_tokens) if prompt_tokens else None)


def _question(prompt: str) -> str:
    """Return what is asked: the paragraph that is announced, else the first one."""
    return prompt.rpartition("The question:\n")[2].partition("\n\n")[0]


def _right(prompt: str) -> bool:
    """Return what a good judge says of a proposed solution: the built-in examples by their truth, else all but guesses."""
    shown = prompt.partition("Proposed solution:\n")[2].partition("\n\n")[0]
    for example in examples():
        if prompt.startswith(example.question) and shown.endswith(example.answer):
            return example.right
    return "wrong" not in shown and "-odd" not in shown


def _answer(question: str, *, chain: bool) -> str:
    sum_ = _COMPUTE.search(question)
    if sum_:
        return str(value(sum_[1]))
    if "Guess" in question and not chain:
        return "wrong"
    plan = _PLAN.search(question)
    if plan:
        return f"result of {plan[1]}"
    item = _ITEM.search(question)
    return f"item-{item[1]}" if item else "nothing"


def reply(request: dict[str, Any]) -> Reply:
    """Return the loopback server's reply; like a real server it stops at `max_tokens`."""
    prompt = request["messages"][-1]["content"]
    ways = None if "Proposed solution:" in prompt else _WAYS.search(prompt)
    if ways:
        texts = _in_several_ways(ways[1], int(request.get("n") or 1), int(request.get("seed") or 0))
        return Reply(texts, logprobs=[(word, -0.125) for word in texts[0].split()])
    spoken = said(prompt)
    words = spoken.text.split(" ")
    most = int(request.get("max_tokens") or len(words))
    cut = len(words) > most
    return Reply(
        " ".join(words[:most]) if cut else spoken.text, delay_s=spoken.delay_s,
        prompt_tokens=spoken.prompt_tokens, finish_reason="length" if cut else "stop",
    )  # fmt: skip


def _in_several_ways(item: str, count: int, seed: int) -> list[str]:
    """Return chains of about 60 words, no two worded alike; of each eight, five give one answer, two another."""
    texts = []
    for place in range(count):
        way = (seed + place) % 8
        steps = [
            f"Step {step} of way {way}: look at item {item} from here, and go on from there."
            for step in range(4)
        ]
        answer = f"item-{item}" + ("" if way < 5 else "-else" if way < 7 else "-odd")
        texts.append("\n".join((*steps, f"The answer is {answer}.")))
    return texts


def script(request: ModelRequest) -> str:
    """Return an in-process model's words, without delay; for `tests.scripted.ScriptedModels`."""
    return said(request.messages[-1].content).text
