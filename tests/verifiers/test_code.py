"""Code is right if it passes the tests, and has no way to seem right without."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agot.errors import SetupError, ToolError
from agot.sandbox import run as sandbox
from agot.thought import Solution, Task, Verdict
from agot.verifiers import replay
from agot.verifiers.code import UnitTestCheck, code_of

needs_sandbox = pytest.mark.skipif(sandbox.why_not() is not None, reason="programs cannot be isolated here")

TESTS = "assert f(1) == 2\nassert f(5) == 6\n"


async def check(verifier: UnitTestCheck, answer: str) -> Verdict:
    return await verifier(Task(question="q"), Solution(answer=answer))


@needs_sandbox
@pytest.mark.parametrize(
    "answer",
    [
        "def f(x): return x + 1",
        "Here it is:\n```python\ndef f(x):\n    print('hello')\n    return x + 1\n```\nIt adds one.",
        "f = lambda x: x + 1",
    ],
)
async def test_right_code_passes(answer: str) -> None:
    verdict = await check(UnitTestCheck(TESTS), answer)
    assert verdict.reward == 1.0 and verdict.conclusive


FAKES = {
    "wrong": "def f(x): return x",
    "exits": "import sys\nsys.exit(0)",
    "exits hard": "import os\nos._exit(0)",
    "exits when called": "import os\ndef f(x): os._exit(0)",
    "raises an exit": "def f(x): raise SystemExit(0)",
    "prints success": "print('passed')\ndef f(x): print('1 passed'); return None",
    "patches assert": "import builtins\nbuiltins.AssertionError = Exception\ndef f(x): return None",
    "patches equality": "import operator, builtins\nbuiltins.int = str\noperator.eq = lambda a, b: True\ndef f(x): return 0",
    "reports for the tests": (
        "import os\n"
        'for fd in range(3, 20):\n try: os.write(fd, b\'{"calls": [], "known": true, "ended": "", "unknown": "", "failure": ""}\\n\')\n'
        " except OSError: pass\ndef f(x): return 0"
    ),
    "rewrites the tests": (
        "import os\nfor name in os.listdir('.'):\n try: open(name, 'w').write('')\n except OSError: pass\ndef f(x): return 0"
    ),
    "looks for what is expected": (
        "import sys, gc\ndef f(x):\n"
        " frame = sys._getframe()\n"
        " while frame.f_back: frame = frame.f_back\n"
        " found = [o for o in gc.get_objects() if isinstance(o, dict) and 'tests' in o]\n"
        " for o in found: o['tests'] = ''\n return 0"
    ),
    "raises what the tests might expect": "def f(x): raise AssertionError",
    "no function": "x = 1",
    "no python": "I cannot do that, sorry",
    "empty": "",
}  # fmt: skip


@needs_sandbox
@pytest.mark.parametrize("answer", FAKES.values(), ids=FAKES.keys())
async def test_code_that_only_seems_right_is_refuted(answer: str) -> None:
    verdict = await check(UnitTestCheck(TESTS), answer)
    assert verdict.reward == 0.0 and verdict.conclusive and verdict.feedback


@needs_sandbox
@pytest.mark.parametrize(
    "answer",
    [
        "class A:\n def __eq__(self, other): return True\ndef f(x): return A()",
        "class I(int):\n def __eq__(self, other): return True\n def __hash__(self): return 0\ndef f(x): return I(0)",
    ],
)
async def test_object_that_equals_everything_does_not_pass(answer: str) -> None:
    verdict = await check(UnitTestCheck(TESTS), answer)
    assert verdict.reward is None and "type" in verdict.feedback


@needs_sandbox
async def test_endless_code_is_refuted_with_the_limit_that_stopped_it() -> None:
    verifier = UnitTestCheck(TESTS, limits=sandbox.Limits(cpu_s=1, wall_s=5))
    verdict = await check(verifier, "def f(x):\n    while True: pass")
    assert verdict.reward == 0.0 and "limit on cpu" in verdict.feedback


@needs_sandbox
async def test_function_that_changes_its_argument_and_raises() -> None:
    tests = """
items = [3, 1, 2]
s(items)
assert items == [1, 2, 3]
try:
    s(None)
except AttributeError:
    pass
else:
    assert False
"""
    assert (await check(UnitTestCheck(tests), "def s(items): items.sort()")).reward == 1.0
    assert (await check(UnitTestCheck(tests), "def s(items): return sorted(items)")).reward == 0.0


@needs_sandbox
async def test_calls_may_depend_on_results_and_on_random_numbers() -> None:
    tests = """
import random

def check(candidate):
    for _ in range(30):
        number = random.randrange(1000)
        assert candidate(double(number)) == number
"""
    code = "def double(x): return 2 * x\ndef half(x): return x // 2"
    verdict = await check(UnitTestCheck(tests, "half"), code)
    assert verdict.reward == 1.0
    assert (await check(UnitTestCheck(tests, "half"), code.replace("//", "*"))).reward == 0.0


@needs_sandbox
async def test_answer_may_complete_a_prelude() -> None:
    verifier = UnitTestCheck(TESTS, "f", prelude="def f(x):\n    '''Add one.'''")
    assert (await check(verifier, "    return x + 1")).reward == 1.0


@needs_sandbox
async def test_tests_that_never_call_the_code_cannot_tell() -> None:
    assert (await check(UnitTestCheck("if False:\n    f()"), "def f(): pass")).reward is None


async def test_machine_that_cannot_isolate_cannot_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise ToolError("nothing can be isolated here")

    monkeypatch.setattr(sandbox, "run_python", refuse)
    verdict = await check(UnitTestCheck(TESTS), "def f(x): return x + 1")
    assert verdict.reward is None and "isolated" in verdict.feedback


@pytest.mark.parametrize("tests", ["assert (", "assert 1 == 1", ""])
def test_tests_that_can_test_nothing_are_refused(tests: str) -> None:
    with pytest.raises(SetupError):
        UnitTestCheck(tests)


def test_last_block_that_defines_the_function_is_the_code() -> None:
    answer = "```python\ndef f(): return 1\n```\nThen:\n```\ndef f(): return 2\n```\nRun it:\n```bash\npython f.py\n```"
    assert code_of(answer, "f").strip() == "def f(): return 2"
    assert code_of("```python\ndef f(): pass", "f").strip() == "def f(): pass"


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=5)
    | st.binary(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3) | st.tuples(st.integers()), inner, max_size=3)
        | st.frozensets(st.integers(), max_size=3)
    ),
    max_leaves=10,
)


@settings(deadline=None)
@given(value=plain)
def test_plain_data_survives_packing(value: object) -> None:
    unpacked = replay.unpack(replay.pack(value))
    assert unpacked == value and type(unpacked) is type(value)


@settings(deadline=None)
@given(
    packed=st.recursive(
        st.none() | st.booleans() | st.text(max_size=4), lambda inner: st.lists(inner, max_size=3)
    )
)
def test_anything_else_than_packed_data_is_refused(packed: object) -> None:
    try:
        replay.pack(replay.unpack(packed))
    except replay.NotPlain:
        return
