"""`agot ask`: what scripts rely on."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Agot
from tests.cli.fake import RUN, FakeReasoner, command

ROOT = Path(__file__).parents[2]

KEYS = [
    "run_id", "status", "answer", "trust", "trust_reason", "candidate", "confidence", "strategy", "verdicts", "usage",
    "graph", "model",
]  # fmt: skip
NODE_KEYS = {
    "id", "parent_graph", "depth", "layer", "question", "strategy", "status", "answer", "reward", "trust",
}  # fmt: skip


def test_pipe_gets_the_answer_alone(agot: Agot, fake: list[FakeReasoner]) -> None:
    ended = agot("ask", "answer 42")
    assert (ended.code, ended.out, ended.err) == (0, "42\n", "")


def test_verbose_tells_progress_on_standard_error(agot: Agot, fake: list[FakeReasoner]) -> None:
    ended = agot("ask", "answer 42", "--verbose")
    assert ended.out == "42\n"
    assert ended.err.splitlines() == [f"run {RUN}: embedded/pico", "root: done -> 42"]


def test_json_is_one_object_with_the_documented_keys(agot: Agot, fake: list[FakeReasoner]) -> None:
    ended = agot("ask", "answer 42", "--output", "json")
    told = json.loads(ended.out)
    assert list(told) == KEYS
    assert told["usage"].keys() == {"calls", "prompt_tokens", "completion_tokens", "cost_usd", "wall_s"}
    assert all(node.keys() == NODE_KEYS for node in told["graph"]["nodes"])
    assert told["graph"]["edges"] == [["0.0", "root"]]
    assert told["verdicts"][0] == {
        "check": "expression", "reward": 1.0, "feedback": "", "conclusive": True, "calibrated": False,
    }  # fmt: skip
    assert ended.err == ""


@pytest.mark.parametrize(
    ("question", "code", "status"),
    [
        ("answer yes", 0, "answered"),
        ("abstain", 3, "abstained"),
        ("budget calls", 4, "budget"),
        ("budget tokens", 4, "budget"),
        ("budget usd", 4, "budget"),
        ("budget seconds", 124, "budget"),
        ("fail OutputError", 1, "failed"),
        ("fail ModelUnreachable", 69, "failed"),
        ("fail ModelRateLimited", 75, "failed"),
        ("fail ModelUnauthorised", 77, "failed"),
    ],
)
def test_exit_codes(agot: Agot, fake: list[FakeReasoner], question: str, code: int, status: str) -> None:
    ended = agot("ask", question, "--output", "json")
    told = json.loads(ended.out)
    assert (ended.code, told["status"]) == (code, status)
    if status != "answered":
        assert told["reason"] and set(told) == {*KEYS, "error", "reason", "limit"}


def test_partial_answer_is_marked_outside_of_standard_output(agot: Agot, fake: list[FakeReasoner]) -> None:
    ended = agot("ask", "budget calls")
    assert ended.out == "partly\n"
    assert "partial" in ended.err and f"agot resume {RUN}" in ended.err


def test_jsonl_is_the_event_stream(agot: Agot, fake: list[FakeReasoner]) -> None:
    ended = agot("ask", "answer 42", "--output", "jsonl")
    events = [json.loads(line) for line in ended.out.splitlines()]
    assert events[0]["kind"] == "run_started" and events[-1]["kind"] == "run_finished"
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    with_text = agot("ask", "answer 42", "--output", "jsonl", "--verbose")
    assert len(with_text.out.splitlines()) == len(events) + 1


def test_flags_reach_the_run(agot: Agot, fake: list[FakeReasoner]) -> None:
    agot(
        "ask", "answer 1", "-m", "hosted_vllm/big", "--base-url", "http://127.0.0.1:9/v1", "--strategy", "vote",
        "--seed", "7", "--budget-calls", "5", "--budget-tokens", "900", "--budget-usd", "0.5", "--timeout", "3",
    )  # fmt: skip
    settings = fake[0].settings
    assert (settings.role("fast").model, settings.role("fast").base_url) == (
        "hosted_vllm/big",
        "http://127.0.0.1:9/v1",
    )
    assert (settings.seed, fake[0].asked["strategy"]) == (7, "vote")
    budget = settings.budget
    assert (budget.calls, budget.tokens, budget.usd, budget.seconds) == (5, 900, 0.5, 3.0)


def test_another_provider_does_not_inherit_address_and_key(
    agot: Agot, fake: list[FakeReasoner], home: Path
) -> None:
    home.mkdir()
    (home / "config.toml").write_text(
        '[roles.fast]\nmodel = "hosted_vllm/a"\nbase_url = "http://10.0.0.1/v1"\napi_key_env = "SECRET"\n'
    )
    agot("ask", "answer 1", "-m", "openai/gpt")
    agot("ask", "answer 1", "-m", "hosted_vllm/b")
    other, same = (reasoner.settings.role("fast") for reasoner in fake)
    assert (other.base_url, other.api_key_env) == (None, None)
    assert (same.base_url, same.api_key_env) == ("http://10.0.0.1/v1", "SECRET")


@pytest.mark.parametrize(
    ("stdin", "said"),
    [
        (b"", "empty"),
        (b" \n\t ", "empty"),
        (b"\xef\xbb\xbf \n", "empty"),
        (b"\xff\xfe\x00A", "not valid UTF-8"),
        (b"what\0is", "NUL character at position 5"),
        (b"x" * 1_000_000, "1,000,000 characters; at most 200,000"),
        (b"x" * 65_000_000, "more than 64,000,000 bytes"),
    ],
)
def test_unusable_questions_are_explained(
    agot: Agot, fake: list[FakeReasoner], stdin: bytes, said: str
) -> None:
    ended = agot("ask", "-", stdin=stdin)
    assert ended.code == 2 and ended.out == "" and not fake
    assert said in ended.err and len(ended.err.splitlines()) <= 2


@pytest.mark.parametrize("question", ["", "   ", "\n"])
def test_empty_arguments_are_refused(agot: Agot, question: str) -> None:
    assert agot("ask", question).code == 2


def test_undecodable_argument_is_refused(agot: Agot) -> None:
    ended = agot("ask", "what is \udcff")
    assert ended.code == 2 and "UTF-8" in ended.err


@pytest.mark.parametrize(
    "words", ["كم يساوي ٢+٢؟", "מה זה?", "🧮 👩‍👩‍👧 = ?", "line one\nline two", "x" * 199_000, "\x1b[31mred"]
)
def test_any_text_is_carried_through(agot: Agot, fake: list[FakeReasoner], words: str) -> None:
    ended = agot("ask", "-", "--output", "json", stdin=f"answer {words}".encode())
    assert ended.code == 0 and json.loads(ended.out)["answer"] == words
    assert agot("ask", "-", stdin=f"answer {words}".encode()).out == words.replace("\x1b", "") + "\n"


def test_setup_errors_are_usage(agot: Agot, fake: list[FakeReasoner]) -> None:
    ended = agot("ask", "setup", "--strategy", "guess")
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "agot: There is no strategy 'guess'. Strategies are: auto, chain, direct, vote.\n"


@pytest.mark.parametrize(
    "flags",
    [
        ("--output", "yaml"), ("--budget-calls", "many"), ("--budget-calls", "-1"), ("--timeout", "0"),
        ("--timeout", "nan"), ("--seed", "x"), ("-m", " "), ("--nonsense",),
    ],
)  # fmt: skip
def test_bad_flags_are_usage(agot: Agot, fake: list[FakeReasoner], flags: tuple[str, ...]) -> None:
    ended = agot("ask", "answer 1", *flags)
    assert ended.code == 2 and ended.out == "" and ended.err and "Traceback" not in ended.err


def test_broken_settings_file_is_explained(agot: Agot, fake: list[FakeReasoner], home: Path) -> None:
    home.mkdir()
    (home / "config.toml").write_text("[roles\n")
    ended = agot("ask", "answer 1")
    assert ended.code == 2 and "config.toml" in ended.err


def test_a_bug_is_one_message_and_a_traceback_on_request(agot: Agot, fake: list[FakeReasoner]) -> None:
    ended = agot("ask", "crash")
    assert ended.code == 1 and "an invariant does not hold" in ended.err and "Traceback" not in ended.err
    assert "Traceback" in agot("ask", "crash", "--debug").err


def test_a_broken_display_does_not_end_a_run(
    agot: Agot, fake: list[FakeReasoner], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(view: object, event: object) -> None:
        raise RuntimeError("no such glyph")

    monkeypatch.setattr("agot.cli.view.Lines.show", broken)
    ended = agot("ask", "answer 42")
    assert (ended.code, ended.out) == (0, "42\n") and "no such glyph" in ended.err


UNRUN_KEYS = [*KEYS, "error", "reason", "limit"]


def unrun(out: str) -> dict[str, Any]:
    """Return the object of a run that came to no result."""
    told: dict[str, Any] = json.loads(out)
    assert list(told) == UNRUN_KEYS
    assert (told["run_id"], told["answer"], told["graph"]) == (None, "", {"nodes": [], "edges": []})
    return told


@pytest.mark.parametrize(
    ("arguments", "code", "error", "said"),
    [
        (("setup",), 2, "SetupError", "no strategy 'guess'"),
        (("",), 2, "SetupError", "question is empty"),
        (("answer 1", "--budget-calls", "-1"), 2, "SetupError", "budget.calls"),
        (("answer 1", "--seed", str(2**63)), 2, "SetupError", "seed"),
        (("crash",), 1, "ValueError", "an invariant does not hold"),
    ],
)
@pytest.mark.parametrize("output", [("--output", "json"), ("--output=json",)])
def test_a_run_that_cannot_begin_is_one_object_too(
    agot: Agot, fake: list[FakeReasoner], arguments: tuple[str, ...], output: tuple[str, ...], code: int, error: str, said: str
) -> None:  # fmt: skip
    ended = agot("ask", *arguments, *output)
    told = unrun(ended.out)
    assert (ended.code, told["status"], told["error"]) == (code, "failed", error)
    assert said in told["reason"] and said in ended.err


def test_other_commands_and_outputs_owe_no_object(agot: Agot, fake: list[FakeReasoner]) -> None:
    assert agot("ask", "setup", "--output", "jsonl").out == ""
    assert agot("ask", "setup", "--output", "json", "--output", "text").out == ""
    assert agot("runs", "show", "zz", "--output", "json").out == ""
    assert agot("ask", "answer 1", "--output", "json", "--nonsense").out == ""


@pytest.mark.parametrize("base_url", ["http://[", "http://127.0.0.1:99999/v1"])
def test_an_impossible_address_is_usage(agot: Agot, base_url: str) -> None:
    ended = agot("ask", "What is 1 + 1?", "-m", "hosted_vllm/x", "--base-url", base_url, "--output", "json")
    assert ended.code == 2 and base_url in ended.err and base_url in unrun(ended.out)["reason"]


def test_an_argument_is_utf8_in_any_locale() -> None:
    ended = subprocess.run(
        command("ask", "answer Capital é?", "--output", "json"), capture_output=True, cwd=ROOT, timeout=30, check=False,
        env=os.environ | {"PYTHONPATH": str(ROOT), "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["answer"] == "Capital é?"


def test_help_names_every_strategy(agot: Agot) -> None:
    from agot.agents.strategies.registry import STRATEGIES
    from agot.cli import flags

    assert ", ".join(STRATEGIES.names()) == flags.STRATEGIES
    for command_ in (("ask",), ("bench", "run")):
        told = " ".join(agot(*command_, "--help").out.split())
        assert "auto, which chooses per thought, or one of" in told


STEERING = "red \x1b[31m, \x1b]0;title\x07, \x9b2J, back\x08, over\rwritten, bell\x07 and שלום"


@pytest.mark.parametrize("output", ["text", "json", "jsonl"])
def test_a_pipe_gets_nothing_that_a_terminal_obeys(agot: Agot, fake: list[FakeReasoner], output: str) -> None:
    ended = agot("ask", f"answer {STEERING}", "--output", output)
    for text in (ended.out, agot("ask", f"setup {STEERING}").err):
        assert not [sign for sign in text if (sign < " " and sign not in "\n\t") or "\x7f" <= sign <= "\x9f"]
    if output == "text":
        assert ended.out.endswith("bell and שלום\n")
    else:
        assert json.loads(ended.out.splitlines()[-1] if output == "jsonl" else ended.out)


def test_an_abstention_says_what_may_help(agot: Agot, fake: list[FakeReasoner]) -> None:
    ended = agot("ask", "abstain")
    assert (
        ended.code == 3
        and f"--thorough, or a stronger model (--model); what was tried: agot runs show {RUN}" in ended.err
    )
