"""`agot runs` and `agot resume` over a real database."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest

from agot.events import (
    AnyEvent,
    CallFinished,
    EdgeAdded,
    EventStream,
    RunFinished,
    RunStarted,
    ThoughtAdded,
    ThoughtFinished,
    ThoughtStarted,
    Verified,
)
from agot.ids import ROOT, RunId, ThoughtId
from agot.settings import Settings
from agot.stores.database import SqlStore
from agot.thought import ThoughtStatus, Usage, Verdict
from tests.cli.conftest import Agot
from tests.cli.fake import FakeReasoner

FIRST, SECOND = RunId("01aaaa00000000000a"), RunId("01bbbb00000000000b")
PART, OTHER = ThoughtId("0.0"), ThoughtId("0.1")
RIGHT = Verdict(check="expression", reward=1.0, conclusive=True)
UNSURE = Verdict(check="judge", reward=0.25, feedback="The second step\nis \x1b[31mwrong.")


def _events(question: str) -> list[AnyEvent]:
    return [
        RunStarted(question=question, model="embedded/pico", strategy="auto", seed=0, limits={"calls": 9}),
        ThoughtAdded(thought=ROOT, parent_graph=None, depth=0, layer=0, question=question),
        ThoughtStarted(thought=ROOT, question=question),
        ThoughtAdded(thought=PART, parent_graph=ROOT, depth=1, layer=0, question="the first part"),
        ThoughtAdded(thought=OTHER, parent_graph=ROOT, depth=1, layer=1, question="the second part"),
        EdgeAdded(source=PART, target=OTHER),
        CallFinished(
            thought=PART, call="c", purpose="solve", model="m", usage=Usage(calls=1, completion_tokens=7), latency_ms=2.0
        ),
        Verified(thought=PART, answer="21", verdict=RIGHT),
        Verified(thought=PART, answer="21", verdict=UNSURE),
        ThoughtFinished(thought=PART, status=ThoughtStatus.DONE, answer="21", strategy="chain", reward=1.0),
        ThoughtFinished(thought=OTHER, status=ThoughtStatus.FAILED, reason="nobody answered"),
        ThoughtFinished(thought=ROOT, status=ThoughtStatus.DONE, answer="63", strategy="plan", reward=1.0),
        RunFinished(status="answered", answer="63", strategy="plan", verdicts=(RIGHT,), usage=Usage(calls=1, completion_tokens=7)),
    ]  # fmt: skip


async def _store(home: Path, *, roles: bool = False) -> None:
    settings = Settings.model_validate({
        "budget": {"calls": 9, "tokens": 500},
        "roles": {"fast": {"model": "hosted_vllm/saved"}, "judge": {"model": "hosted_vllm/saved-judge"}},
    })  # fmt: skip
    async with await SqlStore.open(f"sqlite:///{home / 'agot.db'}") as store:
        for run_id, question in ((FIRST, "What is (17 + 4) * 3?"), (SECOND, "كم يساوي؟ 🧮")):
            await store.begin_run(
                run_id, question=question, model="embedded/pico", strategy="auto", seed=0,
                settings_json=settings.model_dump_json(exclude=None if roles else {"roles"}),
            )  # fmt: skip
            attempt, seq = await store.begin_attempt(run_id)
            stream = EventStream(run_id, lambda: 1.0, after_seq=seq, attempt=attempt)
            stream.add_sink(store.sink)
            # The second run is left as a killed process leaves it.
            for event in _events(question)[: None if run_id == FIRST else 4]:
                stream.emit(event)
            await store.flush(run_id)
            await store.end_attempt(run_id)


@pytest.fixture
def stored(home: Path) -> None:
    """Two runs: one answered, one unfinished."""
    home.mkdir()
    asyncio.run(_store(home))


@pytest.mark.parametrize("command", [("runs",), ("runs", "list")])
def test_list(agot: Agot, stored: None, command: tuple[str, ...]) -> None:
    ended = agot(*command)
    lines = [line.split("\t") for line in ended.out.splitlines()]
    assert lines[0] == ["run", "when", "status", "tokens", "question", "answer"]
    assert [(line[0], line[2]) for line in lines[1:]] == [(SECOND, "unfinished"), (FIRST, "answered")]


def test_list_filters_and_json(agot: Agot, stored: None) -> None:
    told = json.loads(agot("runs", "list", "--status", "answered", "--output", "json").out)
    assert [(run["run_id"], run["answer"]) for run in told] == [(FIRST, "63")]
    assert json.loads(agot("runs", "list", "--search", "nowhere", "--output", "json").out) == []
    assert len(json.loads(agot("runs", "list", "--limit", "1", "--output", "json").out)) == 1
    assert agot("runs", "list", "--search", "nowhere").out == ""


def test_list_of_a_new_database_is_empty(agot: Agot) -> None:
    ended = agot("runs", "list")
    assert (ended.code, ended.out) == (0, "") and "No runs" in ended.err


def test_show_tells_every_thought_with_its_verdicts(agot: Agot, stored: None) -> None:
    out = agot("runs", "show", "01a").out
    for words in ("the first part", "expression: right", "judge: 0.25", "nobody answered", FIRST):
        assert out.count(words) == 1, words
    assert "\x1b" not in out


def test_show_as_json_is_the_object_of_ask(agot: Agot, stored: None) -> None:
    told = json.loads(agot("runs", "show", FIRST, "--output", "json").out)
    assert (told["status"], told["answer"], told["strategy"]) == ("answered", "63", "plan")
    assert [node["id"] for node in told["graph"]["nodes"]] == ["root", "0.0", "0.1"]
    assert told["graph"]["edges"] == [["0.0", "0.1"]]
    assert told["verdicts"] == [RIGHT.model_dump()]


def test_export_to_standard_output_and_file(agot: Agot, stored: None, tmp_path: Path) -> None:
    shown = json.loads(agot("runs", "export", "01a").out)
    assert shown["run"]["run_id"] == FIRST and len(shown["events"]) == 13
    file = tmp_path / "run.json"
    assert agot("runs", "export", "01a", "--file", str(file)).code == 0
    assert json.loads(file.read_text()) == shown
    again = agot("runs", "export", "01a", "--file", str(file))
    assert again.code == 2 and "--force" in again.err
    assert agot("runs", "export", "01a", "--file", str(file), "--force").code == 0
    assert agot("runs", "export", "01a", "--file", str(tmp_path / "no" / "run.json")).code == 2


def test_delete_asks_unless_told(agot: Agot, stored: None) -> None:
    refused = agot("runs", "delete", "01a", stdin=b"")
    assert refused.code == 2 and "--yes" in refused.err
    assert agot("runs", "delete", "01a", "01b", "--yes").code == 0
    assert agot("runs", "list").out == ""


@pytest.mark.parametrize("command", [("show",), ("export",), ("delete", "--yes")])
def test_unknown_and_ambiguous_ids_are_explained(agot: Agot, stored: None, command: tuple[str, ...]) -> None:
    for prefix, said in (("zz", "no run"), ("01", "several")):
        ended = agot("runs", command[0], prefix, *command[1:])
        assert (ended.code, ended.out) == (1, "") and said in ended.err


def test_an_unusable_database_is_explained(agot: Agot, tmp_path: Path) -> None:
    (tmp_path / "bad.db").write_bytes(b"not a database" * 100)
    for url in (f"sqlite:///{tmp_path / 'bad.db'}", "mysql://x", "nonsense"):
        ended = agot("runs", "list", "--database", url)
        assert ended.code == 1 and ended.err.startswith("agot: ") and "Traceback" not in ended.err


def test_resume_finds_the_run_and_keeps_its_other_limits(
    agot: Agot, stored: None, fake: list[FakeReasoner]
) -> None:
    ended = agot("resume", "01b", "--budget-calls", "20")
    assert (ended.code, ended.out) == (0, "again\n")
    budget = fake[0].asked["budget"]
    assert (fake[0].asked["run_id"], budget.calls, budget.tokens) == (SECOND, 20, 500)
    agot("resume", SECOND)
    assert fake[1].asked["budget"] is None


def test_an_answered_run_is_told_without_doing_it_again(
    agot: Agot, stored: None, fake: list[FakeReasoner]
) -> None:
    ended = agot("resume", "01a")
    assert (ended.code, ended.out, fake[0].asked) == (0, "63\n", {})
    assert (
        agot("resume", "01a", "--output", "json").out == agot("runs", "show", "01a", "--output", "json").out
    )
    events = [json.loads(line) for line in agot("resume", "01a", "--output", "jsonl").out.splitlines()]
    assert events[-1]["kind"] == "run_finished"
    ended = agot("resume", "01a", "--again")
    assert (ended.out, fake[-1].asked["again"], fake[-1].asked["roles"]) == ("again\n", True, None)


def test_resume_with_another_model(agot: Agot, home: Path, fake: list[FakeReasoner]) -> None:
    home.mkdir()
    asyncio.run(_store(home, roles=True))
    agot("resume", "01b", "-m", "hosted_vllm/new", "--base-url", "http://127.0.0.1:9/v1")
    roles = fake[0].asked["roles"]
    assert (roles["fast"].model, roles["fast"].base_url) == ("hosted_vllm/new", "http://127.0.0.1:9/v1")
    assert roles["judge"].model == "hosted_vllm/saved-judge"
    agot("resume", "01b", "--base-url", "http://127.0.0.1:9/v1")
    assert fake[1].asked["roles"]["fast"].model == "hosted_vllm/saved"


def test_resume_with_another_model_where_none_was_saved(
    agot: Agot, stored: None, fake: list[FakeReasoner]
) -> None:
    agot("resume", "01b", "-m", "hosted_vllm/new")
    assert {name: role.model for name, role in fake[0].asked["roles"].items()} == {"fast": "hosted_vllm/new"}


def test_resume_of_no_run_is_one_object(agot: Agot, stored: None, fake: list[FakeReasoner]) -> None:
    ended = agot("resume", "zz", "--output", "json")
    told = json.loads(ended.out)
    assert (ended.code, told["run_id"], told["status"], told["error"]) == (1, None, "failed", "NotStored")


def test_resume_of_no_run_is_an_error(agot: Agot, stored: None, fake: list[FakeReasoner]) -> None:
    assert agot("resume", "zz").code == 1


def test_check_tells_whether_the_database_is_whole(agot: Agot, stored: None, home: Path) -> None:
    ended = agot("runs", "check")
    assert ended.code == 0 and ended.out.startswith("The database is whole: ")
    with sqlite3.connect(home / "agot.db") as connection:
        connection.execute("update runs set settings_json = 'x'")
    connection.close()
    ended = agot("runs", "check")
    assert ended.code == 1
    assert "cannot be resumed" in ended.out and "restore a backup" in ended.err
