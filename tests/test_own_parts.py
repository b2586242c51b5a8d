"""Own strategies, checks and tools: given to a reasoner, registered in a notebook, brought by an installed package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import agot
from agot.agents.strategies.registry import STRATEGIES, Registry
from agot.protocols import ModelRequest
from agot.settings import RoleSettings, Settings
from tests.scripted import Script, ScriptedModels, mode

ROOT = Path(__file__).parents[1]


async def twice(task: agot.Task, try_: agot.Try) -> agot.Solution:
    drawn = await try_.solve(task, n=2)
    return drawn[-1]


async def judged_twice(task: agot.Task, try_: agot.Try) -> agot.Solution:
    first = await try_.solve(task)
    verdict = await try_.judge(first)
    return agot.Solution(answer=f"{first.answer} {verdict.reward if verdict else None}")


def reasoner(
    script: Script = lambda request: "Answer: 5", *, dialect: str = "standard", **own: object
) -> agot.Reasoner:
    settings = Settings(roles={"fast": RoleSettings(model="scripted/model")}, database_url="sqlite://")
    return agot.Reasoner(settings, models=ScriptedModels(script, dialect=dialect), **own)  # type: ignore[arg-type]


async def test_an_own_strategy_is_used_by_its_name_and_names_its_answer() -> None:
    async with reasoner(strategies=[twice]) as own:
        result = await own.ask("What is 2+3?", strategy="twice")
    assert (result.answer, result.strategy) == ("5", "twice")


async def test_a_strategy_asks_judges_and_what_it_makes_itself_is_named_too() -> None:
    def script(request: ModelRequest) -> str:
        return "yes" if mode(request) == "verify" else "answer: Bob"

    async with reasoner(script, dialect="compact", strategies=[judged_twice]) as own:
        result = await own.ask("Who is it?", strategy="judged-twice")
    assert (result.answer, result.strategy) == ("Bob 1.0", "judged-twice")


async def test_an_own_strategy_is_no_other_reasoner_s() -> None:
    async with reasoner(strategies=[twice]), reasoner() as other:
        with pytest.raises(agot.SetupError, match="no strategy 'twice'"):
            await other.ask("What is 2+3?", strategy="twice")


async def test_an_own_strategy_takes_the_place_of_a_built_in_one() -> None:
    async def chain(task: agot.Task, try_: agot.Try) -> agot.Solution:
        return agot.Solution(answer="own")

    async with reasoner(strategies=[chain]) as own, reasoner() as other:
        assert (await own.ask("What is 2+3?", strategy="chain")).answer == "own"
        assert (await other.ask("What is 2+3?", strategy="chain")).answer == "5"


async def test_a_strategy_that_returns_no_solution_is_told_so() -> None:
    async def wordy(task: agot.Task, try_: agot.Try) -> str:
        return "5"

    async with reasoner(strategies=[wordy]) as own:
        result = await own.ask("What is 2+3?", strategy="wordy")
    assert result.status == "failed" and "returned str" in result.reason


def test_a_name_that_is_registered_again_is_replaced() -> None:
    async def other(task: agot.Task, try_: agot.Try) -> agot.Solution:
        return agot.Solution(answer="other")

    registry = Registry({})
    registry.add("mine", twice)
    registry.add("mine", other)
    assert registry.get("mine") is other and registry.names() == ["mine"]


@pytest.mark.parametrize("name", ["auto", "think", "plan", ""])
def test_names_that_mean_something_else_are_refused(name: str) -> None:
    with pytest.raises(agot.SetupError, match="cannot be named"):
        Registry({}).add(name, twice)


def test_what_is_no_async_function_is_refused_as_a_strategy() -> None:
    def plain(task: agot.Task, try_: agot.Try) -> agot.Solution:
        return agot.Solution(answer="")

    with pytest.raises(agot.SetupError, match="expected an async function"):
        STRATEGIES.with_own([plain])  # type: ignore[list-item]


async def test_a_plain_function_is_a_tool_and_a_decorated_one_stays_a_function() -> None:
    def population(city: str) -> int:
        """Return how many people live in a city."""
        return {"Oslo": 717_710}.get(city, 0)

    assert agot.tool(population)("Oslo") == 717_710
    assert agot.tool(calls=1)(population)(city="Bergen") == 0
    asked: list[str] = []

    def script(request: object) -> str:
        asked.append(str(request))
        return "Answer: 5"

    async with reasoner(script, tools=[population]) as own:
        await own.ask("How many live in Oslo?", strategy="tools")
    assert "population" in asked[0]
    with pytest.raises(agot.SetupError, match="is no tool"):
        reasoner(tools=["population"])


# -- installed packages ----------------------------------------------------------------------------

PACKAGE = '''
import agot

async def twice(task, try_):
    return (await try_.solve(task, n=2))[0]

class Odd:
    name = "odd"

    async def __call__(self, task, solution, ask):
        return agot.Verdict(check="odd", reward=1.0 if int(solution.answer) % 2 else 0.0, conclusive=True)

def population(city: str) -> int:
    """Return how many people live in a city."""
    return 717710
'''
POINTS = """
[agot.strategies]
packed-twice = packed:twice
packed-broken = packed:nothing
[agot.checks]
odd = packed:Odd
[agot.tools]
population = packed:population
"""


@pytest.fixture
def packed(tmp_path: Path) -> dict[str, str]:
    """The environment of a process in which a package is installed that offers one of each."""
    (tmp_path / "packed.py").write_text(PACKAGE)
    info = tmp_path / "packed-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: packed\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(POINTS)
    return {name: value for name, value in os.environ.items() if not name.startswith("AGOT_")} | {
        "AGOT_HOME": str(tmp_path),
        "PYTHONPATH": os.pathsep.join((str(tmp_path), str(ROOT))),
    }


def agot_in(packed: dict[str, str], *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "agot", *arguments], capture_output=True, text=True, timeout=120, env=packed | more, check=False,
    )  # fmt: skip


def test_the_command_line_finds_what_a_package_brings(packed: dict[str, str]) -> None:
    ended = agot_in(
        packed, "ask", "What is (8+4)*3-5?", "--strategy", "packed-twice", "--output", "json",
        AGOT_ENGINE__CHECKS="odd", AGOT_TOOLS__INSTALLED="population",
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert (told["answer"], told["strategy"]) == ("31", "packed-twice")
    assert [verdict["check"] for verdict in told["verdicts"]] == ["odd"]
    listed = json.loads(
        agot_in(packed, "tools", "--output", "json", AGOT_TOOLS__INSTALLED="population").stdout
    )
    assert {"population": "an installed package"}.items() <= {
        one["tool"]: one["from"] for one in listed
    }.items()


def test_the_server_lists_what_a_package_brings(packed: dict[str, str]) -> None:
    program = "from agot.web.completions.asking import models\nprint(*models())"
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=packed, check=True
    )
    assert "agot/packed-twice" in ended.stdout.split()


def test_a_package_that_cannot_be_loaded_is_named(packed: dict[str, str]) -> None:
    ended = agot_in(packed, "ask", "What is 1+1?", "--strategy", "packed-broken")
    assert ended.returncode == 2 and "packed:nothing" in ended.stderr and "Traceback" not in ended.stderr
    missing = agot_in(packed, "ask", "What is 1+1?", AGOT_TOOLS__INSTALLED="weather")
    assert missing.returncode == 2 and "There are: population" in missing.stderr
