"""BIG-Bench Hard: any of its task files (Suzgun et al. 2022, arXiv 2210.09261)."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from agot.bench.datasets import Grade, Item, json_value
from agot.reading.answers import equivalent, number

_LETTER = re.compile(r"\(([A-Z])\)")
_LEADING = re.compile(r"\(?([A-Z])(?:[.:)]|$)")
_LONGEST = 4000
_MARKS = str.maketrans(dict.fromkeys("\"'`,;.", " "))

_FORMS = {
    "boolean_expressions": "Answer True or False.",
    "dyck_languages": "Answer with the missing closing brackets alone, separated by spaces.",
    "formal_fallacies": "Answer valid or invalid.",
    "multistep_arithmetic_two": "Answer with the number alone.",
    "object_counting": "Answer with the number alone.",
    "sports_understanding": "Answer yes or no.",
    "word_sorting": "Answer with the sorted words alone, separated by spaces.",
}
"""How tasks without options want to be answered; the file names the task."""
_OPTIONS = "Answer with the letter of the right option in parentheses, for instance (A)."
_YES_NO = "Answer Yes or No."


def bbh(path: Path) -> Iterator[Item]:
    """Yield the examples of one task."""
    examples = json_value(path, dict)["examples"]
    targets = list(dict.fromkeys(example["target"] for example in examples))
    task = path.name.partition(".")[0]
    for place, example in enumerate(examples):
        asked, target = example["input"].strip(), example["target"].strip()
        form = _OPTIONS if "\n(A)" in asked else _FORMS.get(task, _YES_NO)
        other = next((one for one in targets if not _same(one, target)), None)
        yield Item(
            id=f"{task}-{place}",
            question=f"{asked}\n\n{form}",
            gold=target,
            wrong=() if other is None else (other,),
            grade=_matches(target),
        )


def _matches(target: str) -> Callable[[str], Awaitable[Grade]]:
    async def grade(answer: str) -> Grade:
        return Grade(_same(answer[:_LONGEST], target))

    return grade


def _same(answer: str, target: str) -> bool:
    if wanted := _LETTER.fullmatch(target):
        return _chosen(answer) == wanted[1]
    if equivalent(answer, target):
        return True
    if number(target) is not None:
        return False
    ours, theirs = (text.translate(_MARKS).casefold().split() for text in (answer, target))
    # Brackets mean the same with and without spaces between them, words do not.
    return ours == theirs or ("".join(ours) == "".join(theirs) and not any(map(str.isalnum, target)))


def _chosen(answer: str) -> str | None:
    """Return the option that an answer names: at its beginning, or the only one in parentheses."""
    answer = answer.strip().strip("*` ")
    if leading := _LEADING.match(answer):
        return leading[1]
    letters = set(_LETTER.findall(answer))
    return letters.pop() if len(letters) == 1 else None
