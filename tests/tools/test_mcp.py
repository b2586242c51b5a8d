"""Tools of real MCP servers, over stdio and over HTTP on loopback."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import ValidationError

from agot.errors import SetupError, ToolError
from agot.settings import McpServer, McpTool
from agot.tools.mcp_servers import McpServers
from agot.tools.tool import ToolRequest
from tests.tools.conftest import Bench

pytest.importorskip("mcp")

SCRIPT = str(Path(__file__).with_name("mcp_server.py"))
STDIO = McpServer(command=sys.executable, args=(SCRIPT, "stdio"), timeout_s=20, trusted=True)
ODD = str(Path(__file__).with_name("odd_mcp_server.py"))


def odd(mode: str, **fields: Any) -> McpServer:
    return McpServer.model_validate(
        {"command": sys.executable, "args": (ODD, mode), "timeout_s": 20, **fields}
    )


@pytest.fixture(params=[""])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, SCRIPT, "http", request.param],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}/mcp"
        process.kill()


async def test_tools_over_stdio_are_listed_and_called() -> None:
    server = STDIO.model_copy(update={"env": {"GIVEN": "1"}, "pass_env": ("PATH",)})
    async with McpServers({"small": server}) as tools:
        bench = Bench(tools)
        assert {one.name: one.side_effects for one in tools} == {
            "small_add": False, "small_write": True, "small_fail": False, "small_die": False, "small_hang": False,
            "small_variable": False,
        }  # fmt: skip
        assert "<|" not in tools[1].description
        assert tools[0].parameters["required"] == ["a", "b"]
        assert (await bench.call("small_add", a=1, b=2)).text == "3"
        assert (await bench.call("small_variable", name="GIVEN")).text == "1"
        assert "validation error" in (await bench.call("small_add", a="x")).text
        assert (await bench.call("small_fail")).error
        refused = await bench.call("small_write", text="x")
        assert refused.error and "nobody is here to approve" in refused.text


@pytest.mark.parametrize(
    ("fields", "side_effects"),
    [({}, True), ({"trusted": True}, False), ({"side_effects": False}, False), ({"trusted": True, "side_effects": True}, True)],
)  # fmt: skip
async def test_a_servers_own_mark_lifts_no_approval_unless_the_server_is_trusted(
    fields: dict[str, Any], side_effects: bool
) -> None:
    async with McpServers({"odd": odd("plain", **fields)}) as tools:
        assert [one.side_effects for one in tools] == [side_effects]


async def test_settings_say_which_calls_of_a_servers_tool_are_the_same_and_which_may_be_repeated() -> None:
    made: list[ToolRequest] = []

    async def approve(request: ToolRequest) -> bool:
        made.append(request)
        return True

    known = {"add": McpTool(idempotency_key=("a",)), "write": McpTool(repeatable=True)}
    async with McpServers(
        {"small": STDIO.model_copy(update={"side_effects": True, "tools": known})}
    ) as tools:
        bench = Bench(tools, approve)
        assert (await bench.call("small_add", a=1, b=2)).text == "3"
        assert "already" in (await bench.call("small_add", a=1, b=5)).text
        for _ in range(2):
            assert (await bench.call("small_write", text="x")).text == "wrote x"
    assert [request.tool for request in made] == ["small_add", "small_write", "small_write"]


@pytest.mark.parametrize(
    ("known", "words"),
    [({"wirte": McpTool(repeatable=True)}, "offers add, write"), ({"write": McpTool(idempotency_key=("to",))}, "none of its arguments: text")],
)  # fmt: skip
async def test_what_settings_say_of_a_tool_that_is_not_there_is_an_error(
    known: dict[str, McpTool], words: str
) -> None:
    with pytest.raises(SetupError, match=words):
        await McpServers({"small": STDIO.model_copy(update={"tools": known})}).open()


async def test_long_lists_and_large_schemas_are_cut_and_what_is_left_out_is_told() -> None:
    servers = McpServers({"odd": odd("many"), "wide": odd("large"), "bad": odd("marked")})
    async with servers as tools:
        names = [one.name for one in tools]
        assert len([name for name in names if name.startswith("odd_t")]) == 64
        assert names[64:] == ["wide_talks", "bad_good"]
        talks = json.dumps(tools[64].parameters)
        assert len(talks) < 400 and "</untrusted" not in talks
        many, wide, bad = servers.notes
    assert (
        "'odd' 2936 are left out: at most 64 tools" in many and "t64, t65" in many and "and 2928 more" in many
    )
    assert "'wide' 1 is left out: a schema may have 4,000 characters (wide)" in wide
    assert "'bad' 1 is left out: names within it hold marks" in bad


NO_TOOLS = (
    "Of the tools of the MCP server 'small' 4 are left out: what the server says of it cannot be used "
    "(add: inputSchema.required: "
)


@pytest.mark.parametrize("url", ["bent"], indirect=True)
async def test_an_entry_of_a_servers_list_that_is_wrong_costs_only_its_own_tool(url: str) -> None:
    near = STDIO.model_copy(update={"args": (SCRIPT, "stdio", "bent")})
    for server in (near, McpServer(url=url, timeout_s=20, trusted=True)):
        servers = McpServers({"small": server.model_copy(update={"tools": {"add": McpTool()}})})
        async with servers as tools:
            assert [one.name for one in tools] == ["small_die", "small_variable"]
            assert (await Bench(tools).call("small_variable", name="AGOT_NOT_SET")).text == "unset"
        (note,) = servers.notes
        assert note.startswith(NO_TOOLS) and "\n" not in note and "pydantic" not in note
        assert "fail: description: Input should be a valid string" in note
        assert "entry 5: name: Input should be a valid string" in note
        assert "write: inputSchema.properties.text.type: 'text' is not valid" in note


async def test_names_that_a_server_lists_twice_and_entries_that_are_none_are_left_out() -> None:
    servers = McpServers({"odd": odd("twice")})
    async with servers as tools:
        assert [one.name for one in tools] == ["odd_read", "odd_re_ad", "odd_" + "n" * 60]
        assert tools[0].description == "read"
    (note,) = servers.notes
    assert "5 are left out" in note and "read: another tool is called odd_read already" in note
    assert "entry 7: " in note and "entry 8: " in note


async def test_a_list_that_is_wrong_as_a_whole_is_told_in_one_plain_sentence() -> None:
    with pytest.raises(ToolError) as failed:
        await McpServers({"odd": odd("page")}).open()
    assert "it sent what is not of the protocol (nextCursor: Input should be a valid string)" in str(
        failed.value
    )
    assert "\n" not in str(failed.value) and "pydantic" not in str(failed.value)


async def test_what_a_server_writes_beside_its_messages_is_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with McpServers({"noisy": odd("noisy", trusted=True)}) as tools:
        assert (await Bench(tools).call("noisy_read")).text == "call 1"
    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [record.exc_info for record in told] == [None]
    assert "'noisy' writes lines to its standard output" in told[0].getMessage()


async def test_a_tool_that_changed_is_approved_anew_and_then_known() -> None:
    asked: list[ToolRequest] = []

    async def approve(request: ToolRequest) -> Literal["always"]:
        asked.append(request)
        return "always"

    async with McpServers({"odd": odd("shifting", trusted=True)}) as tools:
        bench = Bench(tools, approve)
        assert [(await bench.call("odd_read", n=number)).text for number in range(3)] == [
            "call 1", "call 2", "call 3",
        ]  # fmt: skip
    assert [request.changed[:22] for request in asked] == ["Sends your files away."]
    assert "has changed the tool since it was listed" in asked[0].text and "\x1b" not in asked[0].text


async def test_a_tool_that_changed_or_went_is_not_called_where_nobody_can_approve_it() -> None:
    servers = {
        "odd": odd("shifting", side_effects=False), "gone": odd("vanishing", side_effects=False),
        "bad": odd("misread", side_effects=False),
    }  # fmt: skip
    async with McpServers(servers) as tools:
        bench = Bench(tools)
        for name, why in (
            ("odd_read", "has changed it and nobody is here"),
            ("gone_read", "no longer offers"),
            ("bad_read", "no longer offers"),
        ):
            assert not (await bench.call(name)).error
            refused = await bench.call(name, n=1)
            assert refused.error and why in refused.text


async def test_a_server_that_dies_is_an_error_for_the_model() -> None:
    async with McpServers({"small": STDIO}) as tools:
        bench = Bench(tools)
        for name in ("small_die", "small_fail"):
            outcome = await bench.call(name)
            assert outcome.error and "'small'" in outcome.text


async def test_a_server_that_hangs_is_an_error_for_the_model() -> None:
    async with McpServers({"small": STDIO.model_copy(update={"timeout_s": 4.0})}) as tools:
        assert (await Bench(tools).call("small_hang")).error


async def test_tools_over_http_are_called_and_a_dead_server_is_told(url: str) -> None:
    async with McpServers({"far": McpServer(url=url, timeout_s=20, side_effects=True)}) as tools:

        async def approve(request: object) -> bool:
            return True

        bench = Bench(tools, approve)
        assert all(one.side_effects for one in tools)
        assert (await bench.call("far_add", a=1, b=2)).text == "3"
        assert (await bench.call("far_die")).error
        assert (await bench.call("far_add", a=1, b=3)).error


@pytest.mark.parametrize(
    "server",
    [McpServer(command="/nonexistent"), McpServer(command="true"), McpServer(command="sleep", args=("60",), timeout_s=0.5),
     McpServer(command="yes", timeout_s=2), McpServer(url="http://127.0.0.1:1/mcp", timeout_s=5)],
)  # fmt: skip
async def test_a_server_that_cannot_be_used_is_told(server: McpServer) -> None:
    with pytest.raises(ToolError, match="'bad' cannot be used"):
        await McpServers({"bad": server}).open()


async def test_one_bad_server_closes_the_good_ones() -> None:
    servers = McpServers({"good": STDIO, "bad": McpServer(command="true")})
    with pytest.raises(ToolError):
        await servers.open()
    assert "mcp_server.py\0stdio" not in _children()


async def test_closing_ends_the_process() -> None:
    async with McpServers({"small": STDIO}):
        assert "mcp_server.py\0stdio" in _children()
    assert "mcp_server.py\0stdio" not in _children()


def _children() -> str:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_text().rpartition(")")[2].split()
                if int(status[1]) == os.getpid():
                    found.append((entry / "cmdline").read_text())
            except OSError:
                continue
    return "\n".join(found)


async def test_a_missing_variable_is_told() -> None:
    with pytest.raises(SetupError, match="AGOT_TEST_UNSET"):
        await McpServers({"x": STDIO.model_copy(update={"pass_env": ("AGOT_TEST_UNSET",)})}).open()


async def test_equal_names_are_refused() -> None:
    with pytest.raises(SetupError, match="Name the servers differently"):
        await McpServers({"a b": STDIO, "a_b": STDIO}).open()


@pytest.mark.parametrize(
    "wrong",
    [{}, {"command": "a", "url": "b"}, {"command": "a", "timeout_s": 0}, {"command": "a", "key": "b"}],
)
def test_settings_name_one_way(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        McpServer.model_validate(wrong)
