"""What a measurement taught of judges is kept in SQL, and used by later runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from agot.agents.calibration import calibration_of
from agot.agents.selection.cluster import cluster_of
from agot.agents.worth import JUDGE
from agot.bench import frozen
from agot.bench.keeping import kept, lessons
from agot.bench.verifiers import Checked, Opinion, seats, task_of, trust, with_calibration
from agot.errors import SetupError
from agot.ids import RunId
from agot.learning import Tally, judge_subject, verifier_subject
from agot.settings import Settings
from agot.stores.database import SqlStore

PROBLEMS = frozen.chosen("validation", ["dates", "countdown"])
JUDGES = {JUDGE: "vendor/x"}


def seen(number: int, *, right: bool, reward: float | None, settled: bool = False) -> Opinion:
    return Opinion(
        kind="chain", answer=str(number), right=right, settled=settled, rewards={"form": None, JUDGE: reward}
    )


def rows(right_of_ten: int) -> list[Checked]:
    """Return rows of a judge that says 0.9 to everything but a settled answer, to which it says 0."""
    return [
        Checked(
            id=problem.id, family=problem.family, setup="s", fault="", tokens=1,
            opinions=(
                seen(1, right=number % 10 < right_of_ten, reward=0.9),
                seen(2, right=False, reward=0.0, settled=True),
                seen(3, right=True, reward=None),
                seen(1, right=number % 10 < right_of_ten, reward=0.9).model_copy(update={"kind": "vote"}),
            ),
        )
        for number, problem in enumerate(PROBLEMS)
    ]  # fmt: skip


def configured(folder: Path) -> Settings:
    return Settings.model_validate({
        "database_url": f"sqlite:///{folder / 'agot.db'}", "roles": {"fast": {"model": "vendor/x"}},
    })  # fmt: skip


async def test_later_runs_know_the_hits_and_what_rewards_mean(tmp_path: Path) -> None:
    settings = configured(tmp_path)
    for right_of_ten in (2, 5):  # the second measurement takes the place of the first
        told = await kept(settings, rows(right_of_ten), PROBLEMS, JUDGES, "validation")
    assert "with what the rewards mean: calibration lowers the Brier score of vendor/x by 0." in told
    async with await SqlStore.open(f"sqlite:///{tmp_path / 'agot.db'}") as store:
        listed = await store.runs()
        assert [(run.status, run.strategy) for run in listed] == [("answered", "bench verifiers")]
        await store.begin_run(RunId("later"), question="?", model="m", strategy="auto", seed=0)
        learnt = store.learnt(RunId("later"))
        curve = await calibration_of("vendor/x", learnt)
        assert curve is not None and curve(0.9) == pytest.approx(0.5, abs=0.02)
        cluster = cluster_of(task_of(PROBLEMS[0]))
        subjects = verifier_subject(JUDGE, cluster), judge_subject("vendor/x", cluster)
        both = [await learnt.tallies("verifier", subject) for subject in subjects]
        assert both[0] == both[1] and set(both[0]) == {"tp", "fp"}
        await store.delete(listed[0].run_id)
        await store.begin_run(RunId("last"), question="?", model="m", strategy="auto", seed=0)
        assert await calibration_of("vendor/x", store.learnt(RunId("last"))) is None


async def test_a_curve_that_is_not_surely_better_is_not_kept(tmp_path: Path) -> None:
    told = await kept(configured(tmp_path), rows(9), PROBLEMS, JUDGES, "validation")
    assert "without what the rewards mean: calibration lowers the Brier score" in told
    told = await kept(configured(tmp_path), rows(5)[:50], PROBLEMS, JUDGES, "validation")
    assert told.endswith("too few answers of vendor/x were judged (each half needs 100).")
    with pytest.raises(SetupError, match="nothing to keep"):
        await kept(configured(tmp_path), [], PROBLEMS, JUDGES, "validation")


def test_only_answers_that_no_check_settled_teach() -> None:
    found = lessons(rows(5), PROBLEMS, JUDGES, accept=0.5)
    assert sum(one.n for one in found if one.subject.startswith("calibration")) == len(PROBLEMS)
    assert {one.arm for one in found if one.subject.startswith("calibration")} == {"0.90"}
    assert sum(one.n for one in found if one.subject.startswith("judge on")) == len(PROBLEMS)


def test_a_judge_is_calibrated_on_the_other_half_only() -> None:
    half = [row for number, row in enumerate(rows(7) * 2) if number < 480]
    named = [row.model_copy(update={"id": f"{place:03}"}) for place, row in enumerate(half)]
    figures = {(one.verifier, one.family): one for one in trust(with_calibration(named, JUDGES), accept=0.5)}
    asked, calibrated = figures["judge, asked", "all"], figures["judge, calibrated", "all"]
    assert asked.brier is not None and calibrated.brier is not None and calibrated.brier < asked.brier
    assert asked.wrong < figures["judge", "all"].wrong
    assert ("judge, calibrated", "all") not in {
        (one.verifier, one.family) for one in trust(with_calibration(named[:20], JUDGES), accept=0.5)
    }


def test_each_model_of_a_panel_is_measured_once() -> None:
    settings = Settings.model_validate({
        "roles": {"fast": {"model": "a/x"}, "judge": {"model": "b/y"}},
        "engine": {"judges": ["judge", "strong", "fast"]},
    })  # fmt: skip
    assert seats(settings) == {"judge judge": "judge", "judge strong": "strong"}
    assert seats(Settings()) == {JUDGE: "judge"}


def test_an_old_tally_without_answers_makes_no_curve() -> None:
    from agot.agents.calibration import fit_tallies

    assert fit_tallies({"0.90": Tally()}) is None
