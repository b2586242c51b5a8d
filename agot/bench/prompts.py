"""Variants of a prompt on the same rows, in one user turn each: what they get right, and what they cost.

A variant is a Markdown file with a place for the question, `{question}`, and perhaps a head in TOML between two lines
`+++`, as the project's own prompts have it. Answers are read as the strategies read them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from agot.bench.arms import PLAIN, PlainArm
from agot.bench.plain import PlainClient
from agot.bench.real import Clock, Measured, measure, rows_of
from agot.bench.real_run import ANSWERS, Order, Outcome, about_of, client_of, write
from agot.bench.results import Results
from agot.bench.suites import Form, read_by
from agot.errors import SetupError

JUDGE = "judge"
_HEADED = re.compile(r"\+\+\+\n(.*?)\n\+\+\+\n(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Variant:
    """One wording; `text` holds `{question}`."""

    name: str
    text: str

    def filled(self, question: str, answer: str = "", reply: str = "") -> str:
        """Return the user turn; braces in what is put in stay as they are."""
        told = {"{question}": question, "{answer}": answer, "{reply}": reply}
        return re.sub(r"\{(?:question|answer|reply)\}", lambda place: told[place[0]], self.text)


def variants_in(folder: Path, purpose: str) -> list[Variant]:
    """Return the variants of a purpose in a folder, by name; those without a head are for any.

    Raises:
        SetupError: If there is none, or one has no place for the question, or, of a judge, for the answer.
    """
    found: dict[str, Variant] = {}
    for path in sorted(folder.glob("*.md")):
        variant = _variant(path, purpose)
        if variant is None:
            continue
        if variant.name in found or variant.name == PLAIN:
            raise SetupError(
                f"Two variants are called {variant.name!r}, or one is called plain. Rename {path}."
            )
        found[variant.name] = variant
    if not found:
        raise SetupError(
            f"{folder} holds no prompt for {purpose!r}: files *.md, with purpose = {purpose!r} in their heads."
        )
    return list(found.values())


def _variant(path: Path, purpose: str) -> Variant | None:
    try:
        text = path.read_text(encoding="utf-8").replace("\r\n", "\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SetupError(f"The prompt {path} cannot be read: {error}.") from None
    name, parts = path.stem, _HEADED.fullmatch(text)
    if parts is not None:
        try:
            head = tomllib.loads(parts[1])
        except tomllib.TOMLDecodeError as error:
            raise SetupError(f"The head of the prompt {path} is not TOML: {error}. Mend it.") from None
        if head.get("purpose", purpose) != purpose:
            return None
        name, text = str(head.get("variant", name)), parts[2]
    if "{question}" not in text or (purpose == JUDGE and "{answer}" not in text and "{reply}" not in text):
        wanted = "{question} and {answer} or {reply}" if purpose == JUDGE else "{question}"
        raise SetupError(f"The prompt {path} has no place for what is asked; expected {wanted} in it.")
    return Variant(name, text.strip())


def arms_of(
    variants: Iterable[Variant],
    client: PlainClient,
    *,
    purpose: str,
    seed: int,
    samples: int,
    temperature: float,
) -> list[PlainArm]:
    """Return the plain request, which the variants are compared with, and an arm for each of them.

    Args:
        purpose: "direct" reads the whole reply as the answer, all others what comes at its end.
        samples: More than one are put to a majority.
    """
    options = {"seed": seed, "samples": samples, "temperature": temperature}
    read = read_by("direct" if purpose == "direct" else "chain")

    def wording(variant: Variant) -> Callable[[Form, str], str]:
        return lambda form, question: variant.filled(question)

    return [
        PlainArm(PLAIN, client, **options),  # type: ignore[arg-type]
        *(
            PlainArm(one.name, client, wording=wording(one), read=read, **options)  # type: ignore[arg-type]
            for one in variants
        ),
    ]


async def run_variants(
    order: Order,
    variants: Sequence[Variant],
    *,
    purpose: str,
    samples: int,
    temperature: float,
    tell: Callable[[str], None],
) -> Outcome:
    """Ask every variant, and the plain request, what the order's folder does not hold yet, and write the reports there.

    Raises:
        SetupError: If something of the order is unusable.
        ModelError: If the server cannot be reached, refuses the key, or fails too often.
    """
    order.out.mkdir(parents=True, exist_ok=True)
    clock, seed = Clock.started(order.seconds), order.settings.seed
    async with client_of(order.settings.role("fast"), order.in_flight) as client:
        about = await about_of(order, client, reachable=not clock.over)
        about |= {"purpose": purpose, "samples": samples, "temperature": temperature}
        arms = arms_of(variants, client, purpose=purpose, seed=seed, samples=samples, temperature=temperature)
        with Results(order.out / ANSWERS, Measured) as answers:
            try:
                await measure(
                    order.sets, arms, model=client.model, split=order.split, seed=seed, in_flight=order.in_flight,
                    results=answers, clock=clock, tell=tell,
                )  # fmt: skip
            finally:
                outcome = Outcome(about, rows_of(order.sets, arms, answers), ())
                write(order.out, outcome, {})
    return outcome
