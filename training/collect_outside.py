"""Write the committed pool of outside texts: `python -m training.collect_outside` (run once, by hand).

Needs the development packages (reasoning-gym 0.1.25); training itself reads only the result. Every
line of the pool is `group<TAB>text` with line breaks escaped, so whole groups can be held out.
"""

from __future__ import annotations

import ast
import gzip
import importlib
import json
import random
import re
import sysconfig
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from pydoc_data import topics

POOL = Path(__file__).resolve().parent / "data" / "outside.txt.gz"
PER_FAMILY = 40
LONGEST = 1200
# Families whose questions the embedded model answers, or nearly; and gsm_symbolic, whose templates are
# rewritten GSM8K test questions: training on them would spoil the measurement of declining GSM8K.
SKIPPED = frozenset(
    "basic_arithmetic chain_sum countdown puzzle24 letter_counting spell_backward word_sorting number_sorting "
    "calendar_arithmetic time_intervals products number_filtering word_sequence_reversal leg_counting needle_haystack "
    "gsm_symbolic composite emoji_mystery figlet_font".split()
)


def _gym() -> Iterator[tuple[str, str]]:
    """Yield question texts of reasoning-gym families that are outside."""
    reasoning_gym = importlib.import_module("reasoning_gym")
    factory = importlib.import_module("reasoning_gym.factory")

    for name in sorted(factory.DATASETS):
        if name in SKIPPED:
            continue
        try:
            data = reasoning_gym.create_dataset(name, size=PER_FAMILY, seed=11)
            questions = {str(data[index]["question"]) for index in range(PER_FAMILY)}
        except Exception as error:  # noqa: BLE001 - one broken generator must not cost the whole pool
            print(f"skipped {name}: {error!r}")
            continue
        for question in sorted(questions):
            yield f"gym-{name}", question[:LONGEST]


def _paragraphs(text: str, least: int = 60) -> Iterator[str]:
    for block in re.split(r"\n\s*\n", text):
        clean = re.sub(r"\s+", " ", block).strip()
        if least <= len(clean):
            yield clean[:600]


def _topics() -> Iterator[tuple[str, str]]:
    """Yield paragraphs of the Python language reference."""
    for name, text in sorted(topics.topics.items()):
        for paragraph in _paragraphs(text):
            yield f"topic-{name[0].lower()}", paragraph


def _docstrings() -> Iterator[tuple[str, str]]:
    """Yield function stubs with their docstrings, and docstrings alone, of the standard library."""
    root = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(root.glob("*.py")):
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            continue
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.FunctionDef)
                and (text := ast.get_docstring(node))
                and 40 < len(text) < 500
            ):
                arguments = ", ".join(argument.arg for argument in node.args.args)
                body = text.replace("\n", "\n    ")
                yield f"stub-{path.stem[0]}", f'def {node.name}({arguments}):\n    """{body}\n    """'


def _licences() -> Iterator[tuple[str, str]]:
    """Yield paragraphs of licence texts and of a story in the public domain."""
    for path in sorted(Path("/usr/share/common-licenses").glob("*")):
        if path.is_file() and not path.is_symlink():
            for paragraph in _paragraphs(path.read_text(encoding="utf-8", errors="ignore")):
                yield "licence", paragraph
    story = resources.files("reasoning_gym.data").joinpath("in_the_year_2889.txt").read_text(encoding="utf-8")
    for number, paragraph in enumerate(_paragraphs(story)):
        yield f"story-{number % 5}", paragraph


def main() -> None:
    """Write the pool, thinning each source so that it stays below 1.5 MB."""
    rng = random.Random(7)
    lines = list(_gym())
    for source, most in ((_topics(), 1800), (_docstrings(), 1500), (_licences(), 700)):
        found = list(dict.fromkeys(source))
        lines += rng.sample(found, min(most, len(found)))
    text = "\n".join(f"{group}\t{json.dumps(body, ensure_ascii=False)[1:-1]}" for group, body in lines)
    POOL.write_bytes(gzip.compress(text.encode("utf-8"), 9, mtime=0))
    print(f"{len(lines)} texts in {len({group for group, _ in lines})} groups, {POOL.stat().st_size} bytes")


if __name__ == "__main__":
    main()
