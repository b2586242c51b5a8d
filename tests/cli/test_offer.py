"""A person who never set a model is offered one, once; nobody else is asked anything."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from agot.settings import load_settings
from tests.cli.conftest import Agot
from tests.cli.fake import FakeReasoner, command
from tests.cli.terminal import Terminal
from tests.servers import quirks

ASK = command("ask", "answer 4")


def test_no_keeps_the_embedded_model_and_is_not_asked_for_again(home: Path) -> None:
    terminal = Terminal(ASK, new=True)
    terminal.read_until("[Y/n]")
    terminal.child.sendline("n")
    assert terminal.read_all() == 0
    assert load_settings().role("fast").model == "embedded/pico" and (home / "config.toml").exists()
    again = Terminal(ASK, new=True)
    assert again.read_all() == 0 and "[Y/n]" not in "\n".join(again.lines())


def test_yes_takes_the_model_that_runs_here(home: Path) -> None:
    with quirks.imitating(quirks.OLLAMA, "qwen3:8b").in_thread() as server:
        terminal = Terminal(ASK, new=True, OLLAMA_HOST=f"127.0.0.1:{server.port}")
        terminal.read_until("[Y/n]")
        terminal.child.sendline("")
        terminal.read_while(lambda: not (home / "config.toml").exists())
        assert terminal.read_all() == 0
        role = load_settings().role("fast")
        assert (role.model, role.base_url) == ("hosted_vllm/qwen3:8b", server.base_url)


@pytest.mark.parametrize("more", [("-m", "hosted_vllm/x"), ("--output", "json")])
def test_who_says_what_is_wanted_is_not_asked(more: tuple[str, ...]) -> None:
    terminal = Terminal([*ASK, *more], new=True)
    assert terminal.read_all() == 0 and "[Y/n]" not in "\n".join(terminal.lines())


def test_a_pipe_is_never_asked(agot: Agot, fake: list[FakeReasoner], home: Path) -> None:
    ended = agot("ask", "answer 4")
    assert (ended.code, ended.out) == (0, "4\n") and "server" not in ended.err
    assert not (home / "config.toml").exists() and sys.stdin is not None
