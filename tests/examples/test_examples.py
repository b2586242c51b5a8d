"""Every example runs as it stands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXPECTED = {
    "ask.py": "35 answered",
    "stream.py": "answer:",
    "langgraph_node.py": "391",
    "own_check.py": "42 [('even', 0.9)",
    "own_strategy.py": "31 by twice",
    "own_tool.py": "717710\n42 answered",
}


def test_every_example_is_expected_to_print_something() -> None:
    assert {path.name for path in (ROOT / "examples").glob("*.py")} == set(EXPECTED)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_example_prints_its_answer(name: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / name)], capture_output=True, text=True, timeout=120, cwd=tmp_path,
        env={**os.environ, "AGOT_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert EXPECTED[name] in done.stdout
