"""What the checks said of an answer, in words: proven, judged, or put together from parts that were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Protocol

from agot.ids import ROOT
from agot.thought import Verdict

COMPOSITION, JUDGE = "composition", "judge"
"""The check that looks at parts only, and the one that is a model's word."""

_CONFIRMED = {
    "expression": "arithmetic recomputed", "equations": "equations recomputed", "countdown": "expression recomputed",
}  # fmt: skip
"""What it means that a deterministic check settled the matter."""

_PASSES = 0.5

Standing = Literal["refuted", "verified", "judged", "checked", "unchecked"]
"""How sure an answer is: "verified" if a check proved it, "checked" if checks said something that is no proof."""


class Checked(Protocol):
    """A thought with its answer, what was said of each answer it had, and the thoughts nested in it."""

    id: str
    status: str
    answer: str
    reward: float | None
    checked: list[tuple[str, Verdict]]
    parts: list[str]


Thoughts = Mapping[str, Checked]


class Ended(Protocol):
    """A run that ended, just now or stored."""

    @property
    def answer(self) -> str: ...
    @property
    def verdicts(self) -> tuple[Verdict, ...]: ...
    @property
    def trust(self) -> str: ...
    @property
    def trust_reason(self) -> str: ...


def trust_line(run: Ended, thoughts: Thoughts) -> str:
    """Return in one line how far the answer of a run can be trusted: by what its checks said, or by what else told.

    Args:
        thoughts: As for `verdict_line`.
    """
    told = any(verdict.reward is not None for verdict in run.verdicts)
    if run.trust_reason and (not told or run.trust == "cross-checked"):
        return f"{run.trust}: {run.trust_reason}"
    return verdict_line(run.answer, run.verdicts, thoughts)


def verdict_line(answer: str, verdicts: Iterable[Verdict], thoughts: Thoughts) -> str:
    """Return all verdicts on the answer of a run in one line, what settled the matter first.

    Args:
        thoughts: Those of the run; of parts that are not among them only the reward is told.
    """
    told = [verdict for verdict in verdicts if verdict.reward is not None]
    if not told:
        return "not verified: no check could tell"
    told.sort(key=lambda verdict: (not verdict.conclusive, verdict.check != JUDGE))
    read = [_read(verdict, _bearer(thoughts, answer, verdict), thoughts) for verdict in told]
    standings = {standing for standing, _ in read}
    if "refuted" in standings:
        prefix = "rejected: "
    elif "verified" in standings:
        prefix = "verified: "
    elif any(verdict.doubts for verdict in told):
        prefix = "doubtful: "
    elif _is_composition(told[0]):
        prefix = ""  # its words say themselves how the parts were checked
    else:
        prefix = "judged: " if "judged" in standings else "checked: "
    words = list(dict.fromkeys(words for _, words in read))
    return prefix + ("; " if ", " in words[0] else ", ").join(words)


def said(verdict: Verdict, one: Checked, thoughts: Thoughts) -> str:
    """Return a verdict on a thought in a few words, to stand behind the name of its check."""
    if verdict.reward is None:
        return "cannot tell"
    if _is_composition(verdict):
        return _composed(verdict, one, thoughts)[1]
    if verdict.conclusive:
        return "wrong" if verdict.doubts else "right"
    return f"{verdict.reward:.2f}"


def standing(one: Checked, thoughts: Thoughts) -> Standing:
    """Return how sure the answer of a thought is."""
    told = [verdict for answer, verdict in one.checked if answer == one.answer and verdict.reward is not None]
    found = [_read(verdict, one, thoughts)[0] for verdict in told]
    if "verified" in found:
        return "verified"
    # The same answer may have been refuted with other steps before.
    if "refuted" in found and (one.reward is None or one.reward < _PASSES):
        return "refuted"
    if "judged" in found:
        return "judged"
    return "checked" if told or one.reward is not None else "unchecked"


def weakest(parts: Sequence[Checked], thoughts: Thoughts) -> Checked | None:
    """Return the part of the lowest reward; None if every part is verified, or of none a reward is known."""
    rated = [part for part in parts if part.reward is not None]
    if all(standing(part, thoughts) == "verified" for part in rated):
        return None
    return min(rated, key=lambda part: part.reward or 0.0)


def _bearer(thoughts: Thoughts, answer: str, verdict: Verdict) -> Checked | None:
    """Return the thought of which a verdict tells: a run that was ended may give the answer of a part."""
    ordered = sorted(thoughts.values(), key=lambda one: one.id != ROOT)
    return next((one for one in ordered if (answer, verdict) in one.checked), None)


def _read(verdict: Verdict, one: Checked | None, thoughts: Thoughts) -> tuple[Standing, str]:
    """Return how sure a verdict that tells something makes an answer, and the words for it."""
    if _is_composition(verdict):
        return _composed(verdict, one, thoughts)
    if not verdict.conclusive:
        return "judged" if verdict.check == JUDGE else "checked", f"{verdict.check} {verdict.reward:.2f}"
    if verdict.doubts:
        return "refuted", f"{verdict.check} wrong"
    return "verified", _CONFIRMED.get(verdict.check, f"{verdict.check} confirmed")


def _composed(verdict: Verdict, one: Checked | None, thoughts: Thoughts) -> tuple[Standing, str]:
    """Return how sure an answer is that was put together from parts, and the words for it."""
    reward = verdict.reward or 0.0
    parts = _parts(one, thoughts) if one is not None else []
    if not parts:
        return "checked", f"every part passed, weakest: {reward:.2f}"
    counts = Counter(standing(part, thoughts) for part in parts)
    words = _counted(counts)
    lowest = min(part.reward or 0.0 for part in parts)
    if reward < lowest:
        # The check took what is known of the plan for the whole: less than of any part.
        words += f", the split itself: {reward:.2f}"
    elif (weak := _weakest_leaf(parts, thoughts)) is not None:
        words += f", weakest {weak.id}: {reward:.2f}"
    else:
        return "verified", words
    if counts["refuted"] and verdict.doubts:
        return "refuted", words
    return "judged" if counts["judged"] else "checked", words


def _counted(counts: Counter[Standing]) -> str:
    """Return how the parts were checked, the surest first."""
    if len(counts) == 1:
        return f"every part {next(iter(counts))}"
    order: tuple[Standing, ...] = ("verified", "judged", "checked", "refuted")
    first, *others = [kind for kind in order if counts[kind]]
    rest = [f"{counts[kind]} {kind}" for kind in others]
    return ", ".join([f"{counts[first]} of {counts.total()} parts {first}", *rest])


def _parts(one: Checked, thoughts: Thoughts) -> list[Checked]:
    """Return the thoughts nested in one whose answers were rated."""
    found = [thoughts[name] for name in one.parts if name in thoughts]
    return [part for part in found if part.status == "done" and part.reward is not None]


def _weakest_leaf(parts: Sequence[Checked], thoughts: Thoughts) -> Checked | None:
    """Return the weakest part, or of one that is itself put together the part that makes it so."""
    found = weakest(parts, thoughts)
    while found is not None and any(
        answer == found.answer and _is_composition(verdict) for answer, verdict in found.checked
    ):
        inner = weakest(_parts(found, thoughts), thoughts)
        if inner is None or inner.reward != found.reward:
            break
        found = inner
    return found


def _is_composition(verdict: Verdict) -> bool:
    return verdict.check == COMPOSITION and verdict.conclusive
