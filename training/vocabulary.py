"""Build the word list of the tokenizer from sampled training text.

A word enters if many documents of the mixture use it. Words that are material of the questions (names,
items of lists, strings to spell) must stay out, because the model has to see their letters; they are
read from the word lists in `training/data` and skipped unless they are far more frequent than
material ever is. Names of places and companies are told by their never appearing in lower case.
"""

from __future__ import annotations

import argparse
import collections
import importlib
import itertools
import re
from pathlib import Path

from agot.models.embedded.tokenizer import Tokenizer

_WORD = re.compile(r" ?(?<![A-Za-z0-9'\"_])[A-Za-z]+(?![A-Za-z0-9'\"_])")
# A word is taken for a misspelling of another that is this many times as frequent.
_RARER = 6
DATA = Path(__file__).parent / "data"


def material() -> set[str]:
    """Return the words of the data files, in lower case."""
    words: set[str] = set()
    for path in sorted(DATA.glob("*.txt")):
        words.update(re.findall(r"[a-z]+", path.read_text(encoding="utf-8").lower()))
    return words


def misspellings(word: str) -> set[str]:
    """Return the word with one letter doubled, left out, or exchanged with the next."""
    made: set[str] = set()
    for i in range(1, len(word)):
        made.update((word[:i] + word[i] + word[i:], word[:i] + word[i + 1 :]))
        made.add(word[:i] + word[i + 1 : i + 2] + word[i] + word[i + 2 :])
    return made - {word}


def build(mixture: str, documents: int, most: int, seed: int = 7_000_000) -> list[str]:
    """Return word tokens, the most frequent first.

    Args:
        mixture: Name of the module with `examples(seed, split)`.
        documents: Examples to sample.
        most: Longest list to return.
        seed: Stream to sample from, outside the trainer's.
    """
    frequency: collections.Counter[str] = collections.Counter()
    stream = importlib.import_module(mixture).examples(seed, "train")
    for example in itertools.islice(stream, documents):
        frequency.update(set(_WORD.findall(example.user)) | set(_WORD.findall(example.output)))
    lower = {word.strip() for word, count in frequency.items() if word.strip().islower() and count >= 20}
    data = material()
    least = documents * 2e-4
    words: list[str] = []
    wrong: dict[str, int] = {}
    for word, count in sorted(frequency.items(), key=lambda item: (-item[1], item[0])):
        plain = word.strip().lower()
        if len(word) < 2 or len(plain) < 2 or count < least or wrong.get(word, 0) > _RARER * count:
            continue
        if len(plain) > 3:
            for other in misspellings(word):
                wrong.setdefault(other, count)
        if plain in data and count < 10 * least:
            continue
        # A capitalised word that is never written small is a name: material, unless it is everywhere.
        if word.strip()[0].isupper() and plain not in lower and count < 20 * least:
            continue
        words.append(word)
        if len(words) == most:
            break
    return words


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="Build the tokenizer's word list.")
    parser.add_argument("--mixture", default="training.mixture")
    parser.add_argument("--documents", type=int, default=150_000)
    parser.add_argument("--most", type=int, default=1400)
    parser.add_argument("--out", type=Path, default=Path("training/vocab.json"))
    options = parser.parse_args()
    tokenizer = Tokenizer(build(options.mixture, options.documents, options.most))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    tokenizer.save(options.out)
    print(f"{len(tokenizer.words)} words, {tokenizer.size} tokens -> {options.out}")


if __name__ == "__main__":
    main()
