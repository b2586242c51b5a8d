"""The outside texts on disk, split into a training and a held-out part, and the words that fill templates."""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass, field
from pathlib import Path

_DATA = Path(__file__).resolve().parent / "data"

HELD_OUT_GROUPS = frozenset(("medical", "opinion and advice", "proofs", "calculus", "functions"))
"""Template groups never seen in training."""
HELD_OUT_EVERY = 8
"""Besides, every eighth template or story line, and about every eighth group of the pool, is held out."""

TOPICS = tuple(
    """photosynthesis|gravity|evolution|the French Revolution|climate change|inflation|black holes|machine learning|the Cold
    War|democracy|quantum mechanics|plate tectonics|the immune system|blockchain|vaccines|the water cycle|globalization|
    impressionism|jazz|the Renaissance|supply and demand|DNA|neural networks|recursion|the stock market|yoga|meditation|time
    management|public speaking|gardening|chess openings|world hunger|space travel|nuclear power|renewable energy|the Roman
    Empire|the Middle Ages|feudalism|slavery|human rights|immigration|social media|online dating|parenting|sleep|nutrition|
    running a marathon|learning a language|the internet|cloud computing|databases|operating systems|compilers|quicksort|binary
    search|graph theory|topology|philosophy|ethics|existentialism|stoicism|the Bible|Buddhism|Hinduism|mythology|Shakespeare|
    poetry|the novel|cinema|photography|fashion|architecture|cooking pasta|baking bread|coffee|wine|tea ceremonies|football|
    basketball|tennis|the Olympics|volcanoes|earthquakes|hurricanes|the ozone layer|biodiversity|coral reefs|whales|dinosaurs|
    bees|mitosis|osmosis|respiration|digestion|the heart|the brain|memory|dreams|depression|anxiety|addiction|marketing|
    accounting|taxes|insurance|mortgages|contracts|copyright|patents|elections|the Supreme Court|NATO|the European Union|
    artificial intelligence|robots|self-driving cars|3D printing|virtual reality|video games|board games|magic tricks""".replace(
        "\n    ", " "
    ).replace("| ", "|").replace(" |", "|").split("|")
)  # fmt: skip
COUNTRIES = (
    "France Germany Italy Spain Portugal Poland Norway Sweden Finland Denmark Greece Turkey Egypt Kenya Nigeria Ghana Morocco "
    "India China Japan Korea Vietnam Thailand Indonesia Australia Canada Mexico Brazil Argentina Chile Peru Colombia Cuba Iceland "
    "Ireland Scotland Austria Hungary Romania Bulgaria Ukraine Russia Iran Iraq Israel Jordan Pakistan Nepal Mongolia London Paris "
    "Berlin Rome Tokyo Boston Chicago Texas California Florida Oslo Vienna Madrid Venice Sydney Toronto Lisbon Dublin"
).split()
LANGUAGES = "French German Spanish Italian Dutch Polish Russian Chinese Japanese Korean Arabic Hindi Latin Swedish Turkish".split()
PROGRAMMING = (
    "Python Java C C++ Rust Go JavaScript TypeScript Haskell Ruby SQL Bash PHP Kotlin Swift R Julia".split()
)
COLORS = "red blue green yellow purple orange white black pink brown gray".split()
MONTHS = "January February March April May June July August September October November December".split()
CODE = tuple(
    """returns the largest element of a list|checks whether a string is a palindrome|sorts a list of numbers|reverses a string|
    computes the factorial of n|returns the nth Fibonacci number|reads a file line by line|counts the words in a text|merges two
    sorted lists|finds the shortest path in a graph|downloads a web page|parses JSON|removes duplicates from a list|adds two
    numbers|prints all primes below n|draws a circle|sends an email|connects to a database|implements binary search|computes the sum
    of all even numbers|converts Celsius to Fahrenheit|returns True if two strings are anagrams|finds all pairs with a given sum|
    rotates a matrix|validates an email address|returns the list rotated by k|removes all vowels from a string|replaces every
    space|counts how many times a letter occurs|finds the median|flattens a nested list|returns only positive numbers|checks for
    balanced parentheses|generates random passwords|plays tic tac toe|multiplies two matrices|finds the longest word""".replace(
        "\n    ", " "
    ).replace("| ", "|").split("|")
)  # fmt: skip


@dataclass(slots=True)
class Bank:
    """Everything one side of the split samples from."""

    templates: dict[str, list[str]] = field(default_factory=dict)
    stories: dict[str, list[str]] = field(default_factory=dict)
    gym: dict[str, list[str]] = field(default_factory=dict)
    prose: list[str] = field(default_factory=list)


def _groups(name: str) -> dict[str, list[str]]:
    """Read a template file with `## group` headings."""
    groups: dict[str, list[str]] = {}
    current: list[str] = []
    for line in (_DATA / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            current = groups.setdefault(line[3:], [])
        elif line:
            current.append(line.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\"))
    return groups


def load(held_out: bool) -> Bank:
    """Return the training bank or the held-out bank."""
    bank = Bank()
    for group, lines in _groups("outside_templates.tpl").items():
        if group in HELD_OUT_GROUPS:
            kept = lines if held_out else []
        else:
            kept = [line for index, line in enumerate(lines) if (index % HELD_OUT_EVERY == 5) == held_out]
        if kept:
            bank.templates[group] = kept
    for group, lines in _groups("outside_stories.tpl").items():
        bank.stories[group] = [
            line for index, line in enumerate(lines) if (index % HELD_OUT_EVERY == 3) == held_out
        ]
    text = gzip.decompress((_DATA / "outside.txt.gz").read_bytes()).decode("utf-8")
    for line in text.split("\n"):
        group, _, body = line.partition("\t")
        if (zlib.crc32(group.encode()) % HELD_OUT_EVERY == 0) != held_out:
            continue
        body = json.loads(f'"{body}"')
        if group.startswith("gym-"):
            bank.gym.setdefault(group, []).append(body)
        else:
            bank.prose.append(body)
    return bank
