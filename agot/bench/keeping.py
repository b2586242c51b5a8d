"""Keeps what a measurement taught of judges: their hits on each kind of task, and what their rewards mean.

The lessons belong to a run of their own, which `agot runs` lists: deleting it forgets them. The same model measured
again on the same split takes the place of what was kept before.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence

from agot.agents.calibration import ENOUGH, Calibration, count, fit_tallies
from agot.agents.selection.cluster import cluster_of
from agot.agents.worth import JUDGE
from agot.bench.frozen import FrozenProblem
from agot.bench.verifiers import Checked, gain, judged, task_of
from agot.engine.recorded import Asked, recorded_run
from agot.errors import SetupError
from agot.ids import ROOT, RunId, new_run_id
from agot.learning import (
    Outcome,
    calibration_subject,
    hit,
    judge_subject,
    verifier_subject,
)
from agot.settings import Settings, default_database_url
from agot.stores.database import SqlStore


def lessons(
    rows: Sequence[Checked], problems: Sequence[FrozenProblem], judges: Mapping[str, str], *, accept: float
) -> list[Outcome]:
    """Return what the rows teach of the judges: hits by kind of task, and right answers by reward.

    The latter only where they make the rewards better probabilities, beyond what chance would do: a curve within noise
    of the rewards as they are would only move what is accepted.

    Args:
        judges: Model by the name under which its rewards stand in the rows.
        accept: Calibrated reward from which an answer counts as accepted.
    """
    clusters = {problem.id: cluster_of(task_of(problem)) for problem in problems}
    found: list[Outcome] = []
    for name, model in judges.items():
        told = list(judged(rows, name))
        better = gain(rows, name)
        proven = better is not None and better[1] > 0.0
        tallies = count([(reward, right) for _, reward, right in told]) if proven else {}
        found += [
            Outcome(
                kind="verifier", subject=calibration_subject(model), arm=arm, thought=ROOT, n=tally.n,
                reward=tally.reward_sum / tally.n,
            )
            for arm, tally in tallies.items()
        ]  # fmt: skip
        meaning: Calibration = fit_tallies(tallies) or float
        hits = Counter(
            (clusters[problem], hit(accepted=meaning(reward) >= accept, right=right))
            for problem, reward, right in told
        )
        for (cluster, arm), n in sorted(hits.items()):
            subjects = [judge_subject(model, cluster)]
            if len(judges) == 1:
                subjects.append(verifier_subject(JUDGE, cluster))
            found += [
                Outcome(
                    kind="verifier", subject=subject, arm=arm, thought=ROOT, n=n,
                    reward=float(arm in ("tp", "tn")),
                )
                for subject in subjects
            ]  # fmt: skip
    return found


async def kept(
    settings: Settings,
    rows: Sequence[Checked],
    problems: Sequence[FrozenProblem],
    judges: Mapping[str, str],
    split: str,
) -> str:
    """Keep what the rows teach in the database of the settings, and return what was done, for a person.

    Raises:
        SetupError: If there is nothing to keep.
        StoreError: If it could not be kept.
    """
    found = lessons(rows, problems, judges, accept=settings.engine.accept)
    if not found:
        raise SetupError("No judge said anything of any answer, so there is nothing to keep. See the table.")
    async with await SqlStore.open(settings.database_url or default_database_url()) as store:
        run_id = await keep(store, found, models=list(judges.values()), split=split)
        where = store.where
    told = f"{len(found)} tallies are kept as run {run_id} in {where}"
    curved = {one.subject for one in found} & {calibration_subject(model) for model in judges.values()}
    rewards = "with" if curved else "without"
    return f"{told}, {rewards} what the rewards mean: {_gained(rows, judges)}."


def _gained(rows: Sequence[Checked], judges: Mapping[str, str]) -> str:
    said = []
    for name, model in judges.items():
        better = gain(rows, name)
        told = f"too few answers of {model} were judged (each half needs {ENOUGH})"
        if better is not None:
            told = f"calibration lowers the Brier score of {model} by {better[0]:.3f} ({better[1]:.3f}..{better[2]:.3f})"
        said.append(told)
    return ", ".join(said)


async def keep(store: SqlStore, found: Sequence[Outcome], *, models: Sequence[str], split: str) -> RunId:
    """Keep lessons as those of one run, in place of those that were kept of the same models and split.

    Raises:
        StoreError: If they could not be kept.
    """
    run_id = _run_id(models, split)
    question = f"How far can {', '.join(models)} be trusted as a judge? ({split} split)"
    if any(row.run_id == run_id for row in await store.runs(limit=None, search=question)):
        await store.delete(run_id)
    async with recorded_run(store, run_id, asked=Asked(question, models[0], "bench verifiers")) as run:
        await store.learnt(run_id).record(found)
        run.conclude("answered", f"{len(found)} tallies were kept as lessons.")
        await store.flush(run_id)
    return run_id


def _run_id(models: Sequence[str], split: str) -> RunId:
    digest = hashlib.sha256("\n".join(("bench verifiers", split, *models)).encode()).digest()
    return new_run_id(0.0, lambda bits: int.from_bytes(digest) % 2**bits)
