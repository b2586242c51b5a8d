"""Code that an answer holds, checked by unit tests in the sandbox."""

from __future__ import annotations

import ast
import builtins
import json
import re
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agot.errors import SetupError, ToolError
from agot.thought import Solution, Task, Verdict

if TYPE_CHECKING:
    from agot.sandbox.run import Limits, Ran

_LONGEST_CODE = 50_000
_MOST_ROUNDS = 16
_OUTPUT_CHARS = 2_000_000
_FENCED = re.compile(r"^[ \t]*```[ \t]*(\w*)[^\n]*\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE)
_LANGUAGES = ("", "python", "py", "python3")


class UnitTestCheck:
    """The answer's code must pass unit tests.

    The code and the tests run in two sandboxed processes (see `agot.verifiers.replay`): the code receives the
    arguments of calls and gives results as plain data. It never meets the tests, so it cannot end them early,
    patch what they use, or return an object that equals everything. What it can do is to answer right.

    Args:
        tests: Python that raises if something is wrong: `assert f(1) == 2`; or a function `check(candidate)`,
            which is then called with the entry point.
        entry_point: Name of the function under test. If None, the names that the tests use without defining
            them.
        limits: Of each process; `agot.sandbox.run.Limits()` if None.
        prelude: Python before the answer's code, such as imports or the head that it completes.

    Raises:
        SetupError: If the tests are no Python, or use no function of the answer.
    """

    name = "unit_tests"

    def __init__(
        self, tests: str, entry_point: str | None = None, limits: Limits | None = None, *, prelude: str = ""
    ) -> None:
        try:
            tree = ast.parse(tests)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise SetupError(f"The tests are not Python: {error}. Mend them.") from error
        if entry_point and _needs_call(tree):
            tests = f"{tests}\ncheck({entry_point})\n"
        self._names = sorted(_free_names(tree) | ({entry_point} if entry_point else set()))
        if not self._names:
            raise SetupError("The tests call nothing that an answer could define. Name the entry point.")
        self._tests, self._entry_point = tests, entry_point
        self._limits, self._prelude = limits, prelude

    async def __call__(self, task: Task, solution: Solution) -> Verdict:
        """Return a conclusive 1 or 0; None, with the reason, if nothing can be run or told."""
        code = code_of(solution.answer, self._entry_point)
        if len(code) > _LONGEST_CODE:
            return self._unknown(f"the code has more than {_LONGEST_CODE} characters")
        code = f"{self._prelude}\n{code}" if self._prelude else code
        try:
            compile(code, "<answer>", "exec", dont_inherit=True, flags=ast.PyCF_ONLY_AST)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            return self._wrong(f"the answer is not Python: {error}")
        try:
            return await self._rounds(code)
        except ToolError as error:
            return self._unknown(str(error))

    async def _rounds(self, code: str) -> Verdict:
        outcomes: list[Any] = []
        for _ in range(_MOST_ROUNDS):
            job = {"tests": self._tests, "names": self._names, "outcomes": outcomes}
            ran = await self._run("run_tests", job)
            report = _last_line(ran)
            if report is None:
                return self._unknown(f"the tests themselves did not end ({ran.stopped or ran.stderr[-300:]})")
            in_order = [call for call, _ in outcomes][: len(report["calls"])] == report["calls"]
            if report["known"] and (in_order or report["unknown"]):
                return self._verdict(report)
            answered = await self._run("answer_calls", {"code": code, "calls": report["calls"]})
            outcomes = _outcomes(report["calls"], answered)
        return self._unknown(f"the tests were not at an end after {_MOST_ROUNDS} rounds of calls")

    def _verdict(self, report: dict[str, Any]) -> Verdict:
        if report["unknown"]:
            return self._unknown(report["unknown"])
        if report["ended"] or report["failure"]:
            return self._wrong(report["ended"] or report["failure"])
        if not report["calls"]:
            return self._unknown("the tests never called the answer's code")
        return Verdict(check=self.name, reward=1.0, conclusive=True)

    async def _run(self, program: str, job: dict[str, Any]) -> Ran:
        sandbox = import_module("agot.sandbox.run")
        replay = Path(import_module("agot.verifiers.replay").__file__ or "").read_text(encoding="utf-8")
        limits = replace(self._limits or sandbox.Limits(), output_chars=_OUTPUT_CHARS)
        files = {"replay.py": replay, "job.json": json.dumps(job)}
        ran: Ran = await sandbox.run_python(
            f"import replay\nreplay.{program}()\n", files=files, limits=limits
        )
        return ran

    def _unknown(self, why: str) -> Verdict:
        return Verdict(check=self.name, feedback=why)

    def _wrong(self, feedback: str) -> Verdict:
        return Verdict(check=self.name, reward=0.0, feedback=feedback, conclusive=True)


def code_of(answer: str, entry_point: str | None = None) -> str:
    """Return the Python code of an answer: the last fenced block that defines the entry point, or all of the answer."""
    blocks = [code for code, _ in python_blocks(answer)]
    if not blocks:
        return answer
    wanted = re.compile(rf"^\s*(?:async\s+)?(?:def|class)\s+{re.escape(entry_point or '')}", re.MULTILINE)
    return next((block for block in reversed(blocks) if wanted.search(block)), blocks[-1])


def python_blocks(text: str) -> list[tuple[str, bool]]:
    """Return the fenced blocks of a text that may be Python, each with whether its fence is closed."""
    return [
        (found[2], found[0].endswith("```"))
        for found in _FENCED.finditer(text)
        if found[1].casefold() in _LANGUAGES
    ]


def _free_names(tree: ast.Module) -> set[str]:
    """Return the names that a program uses but neither defines nor finds among the built-in ones."""
    used, bound = set(), set(dir(builtins))
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()):
                used.add(name)
            case ast.Name(id=name):
                bound.add(name)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                bound.add(name)
            case ast.arg(arg=name):
                bound.add(name)
            case ast.alias(name=name, asname=as_name):
                bound.add(as_name or name.partition(".")[0])
            case ast.ExceptHandler(name=str(name)):
                bound.add(name)
    return used - bound


def _needs_call(tree: ast.Module) -> bool:
    """Return whether the tests define `check` without ever using it."""
    defined = any(isinstance(node, ast.FunctionDef) and node.name == "check" for node in tree.body)
    used = any(isinstance(node, ast.Name) and node.id == "check" for node in ast.walk(tree))
    return defined and not used


def _last_line(ran: Ran) -> dict[str, Any] | None:
    lines = ran.stdout.splitlines()
    if ran.stopped or ran.returncode != 0 or not lines:
        return None
    report = json.loads(lines[-1])
    return report if isinstance(report, dict) else None


def _outcomes(calls: list[Any], ran: Ran) -> list[Any]:
    """Return each call with its outcome, up to the one that did not come back."""
    found: list[Any] = []
    for call, line in zip(calls, ran.stdout.split("\n"), strict=False):
        outcome = _outcome(line)
        if outcome is None:
            break
        found.append([call, outcome])
    if len(found) < len(calls):
        found.append([calls[len(found)], {"ended": _end(calls[len(found)][0], ran)}])
    return found


def _outcome(line: str) -> dict[str, Any] | None:
    """Return what a line says of a call, or None if it is no such line: the code can write there too."""
    try:
        outcome = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(outcome, dict):
        return None
    told = isinstance(outcome.get("unknown"), str) and outcome["unknown"]
    if told or {"result", "arguments"} <= set(outcome):
        return outcome
    raised = isinstance(outcome.get("raised"), str) and isinstance(outcome.get("message"), str)
    return outcome if raised else None


def _end(name: str, ran: Ran) -> str:
    if ran.stopped:
        return f"{name} ran into the limit on {ran.stopped}"
    last = ran.stderr.strip().splitlines()[-1:] or [f"exit code {ran.returncode}"]
    return f"{name} gave no result: {last[0][:300]}"
