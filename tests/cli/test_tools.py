"""`agot tools`: what there is, from where, and why the rest is not."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from agot.sandbox import run
from tests.cli.conftest import Agot
from tests.cli.terminal import ROOT

SERVER = ROOT / "tests" / "tools" / "mcp_server.py"


@pytest.fixture(autouse=True)
def no_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "why_not", lambda: "Landlock is switched off here.")


def write(home: Path, settings: str) -> None:
    home.mkdir(parents=True, exist_ok=True)
    (home / "config.toml").write_text(f"[tools]\n{settings}\n")


def test_built_in_tools_are_there_and_the_others_say_why_not(agot: Agot) -> None:
    ended = agot("tools")
    rows = [line.split("\t") for line in ended.out.splitlines() if "\t" in line]
    assert ended.code == 0 and rows[0] == ["tool", "side effects", "from", "timeout", "missing because"]
    assert ["calculator", "no", "built in", "30 s", ""] in rows
    assert ["python", "-", "-", "-", "Landlock is switched off here."] in rows
    assert any(row[0] == "fetch" and "tools.fetch_hosts" in row[4] for row in rows)
    assert "Only --strategy tools calls them" in ended.out


def test_as_json_each_tool_tells_where_it_is_from(agot: Agot, home: Path, tmp_path: Path) -> None:
    pytest.importorskip("mcp")
    write(
        home,
        f'builtin = false\npython = false\nfiles = "{tmp_path}"\nfetch_hosts = ["example.org"]\n'
        f'[tools.mcp.small]\ncommand = "{sys.executable}"\nargs = ["{SERVER}", "stdio"]\ntimeout_s = 25\ntrusted = true',
    )
    found = {entry["tool"]: entry for entry in json.loads(agot("tools", "--output", "json").out)}
    assert found["small_write"] == {
        "tool": "small_write", "side_effects": True, "from": "MCP server small", "timeout_s": 25.0, "missing": "",
    }  # fmt: skip
    assert found["small_add"]["side_effects"] is False
    assert found["read_file"]["from"] == f"files in {tmp_path}"
    assert found["fetch"]["from"] == "pages of example.org"
    assert found["python"]["missing"] == "tools.python is false" and "calculator" not in found


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ("[tools.mcp.bad]", "a command or a url"),
        ('[tools.mcp.bad]\ncommand = "/nonexistent/server"', "'bad'"),
        ('[tools.mcp.bad]\nurl = "http://127.0.0.1:9/mcp"\ntimeout_s = 20', "'bad'"),
        ('[tools.mcp.bad]\ncommand = "true"\npass_env = ["NOT_SET_ANYWHERE"]', "NOT_SET_ANYWHERE"),
        ('files = "/nonexistent"', "/nonexistent"),
        ('fetch_hosts = ["http://example.org/x"]', "example.org"),
    ],
)
@pytest.mark.parametrize("output", ["text", "json"])
def test_unusable_settings_are_a_message_and_exit_code_2(
    agot: Agot, home: Path, settings: str, says: str, output: str
) -> None:
    pytest.importorskip("mcp")
    write(home, settings)
    ended = agot("tools", "--output", output)
    assert (ended.code, ended.out) == (2, "")
    assert says in ended.err and "Traceback" not in ended.err
