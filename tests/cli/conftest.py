"""Commands in this process, with a home of their own and a reasoner by script."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from agot.cli import compose, main
from tests.cli.fake import FakeReasoner


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


Agot = Callable[..., Ended]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the machine's own settings and databases out of the tests, and the tests out of them."""
    for name in list(os.environ):
        if name.startswith("AGOT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AGOT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path / "home"


@pytest.fixture
def agot(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Agot:
    """Return a function that runs `agot` with arguments and, for `-`, bytes on standard input."""

    def run(*arguments: str, stdin: bytes | None = None) -> Ended:
        monkeypatch.setattr(sys, "argv", ["agot", *arguments])
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        with pytest.raises(SystemExit) as ended:
            main.main()
        seen = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return Ended(ended.value.code, seen.out, seen.err)

    return run


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> list[FakeReasoner]:
    """Open fake reasoners; the list holds those that were opened."""
    opened: list[FakeReasoner] = []

    def open_reasoner(settings: object, approve: object = None) -> FakeReasoner:
        opened.append(FakeReasoner(settings))  # type: ignore[arg-type]
        return opened[-1]

    monkeypatch.setattr(compose, "open_reasoner", open_reasoner)
    return opened
