"""The tools of a reasoner: collected, named once, called by the real embedded model, closed."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

import agot
from agot.settings import McpServer, Settings, ToolSettings
from agot.toolshed import Toolshed


@agot.tool
def population(city: str) -> int:
    """Return how many people live in a city."""
    return {"Oslo": 717_710}.get(city, 0)


async def test_built_in_tools_are_there_without_being_chosen() -> None:
    shed = Toolshed(ToolSettings(python=False))
    assert {"calculator", "weekday"} <= set(await shed.open())
    assert not shed.chosen


async def test_given_tools_and_folders_count_as_chosen(tmp_path: Path) -> None:
    assert Toolshed(ToolSettings(), [population]).chosen
    shed = Toolshed(ToolSettings(builtin=False, python=False, files=tmp_path))
    assert shed.chosen and len(await shed.open()) >= 1


async def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(agot.SetupError, match="population"):
        await Toolshed(ToolSettings(), [population, population]).open()


async def test_unreachable_mcp_server_is_a_setup_error() -> None:
    pytest.importorskip("mcp")
    server = McpServer(command="/nonexistent/server", timeout_s=5.0)
    shed = Toolshed(ToolSettings(mcp={"gone": server}))
    with pytest.raises(agot.SetupError, match="gone"):
        await shed.open()
    await shed.close()


async def test_embedded_model_hands_its_sum_to_the_calculator() -> None:
    settings = Settings(database_url="sqlite://")
    events: list[agot.AnyEvent] = []
    async with agot.Reasoner(settings) as reasoner:
        result = await reasoner.ask("What is (17 + 4) * 3?", strategy="tools", on_event=events.append)
    assert (result.status, result.answer) == ("answered", "63")
    called = [event.tool for event in events if event.kind == "tool_finished"]
    assert called == ["calculator"]


async def test_trying_the_sandbox_does_not_hold_up_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[threading.Thread] = []

    def why_not() -> str:
        tried.append(threading.current_thread())
        return "cannot"

    monkeypatch.setattr("agot.sandbox.run.why_not", why_not)
    assert "python" not in await Toolshed(ToolSettings()).open()
    assert tried and threading.main_thread() not in tried
