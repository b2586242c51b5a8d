"""What an instruct model is asked for a program, and which code of its reply is taken."""

from __future__ import annotations

import pytest

from agot.errors import OutputError
from agot.ids import ThoughtId
from agot.protocols import Completion
from agot.thought import Finding, Task
from tests.agents.test_standard_dialect import DIALECT, TASK, Told

CODE = "def solution():\n    return 6 * 7"


async def drawn(*replies: str | Completion, task: Task = TASK, **more: str) -> list[str]:
    return await DIALECT.program(Told(*replies), task, role="fast", n=1, temperature=0.0, **more)


@pytest.mark.parametrize(
    "reply",
    [
        CODE,
        f"```python\n{CODE}\n```",
        f"Here it is:\n\n```py\n{CODE}\n```\nIt multiplies.",
        f"<think>```python\ndef solution(): return 1\n```</think>\n```\n{CODE}\n```",
        f"```python\n{CODE}\n```\nCall it:\n```python\nprint(solution())\n```\nOutput:\n```\n42\n```",
        f"```python\nfirst = 1\n```\nBetter:\n```python\n{CODE}\n```",
        f"```python\n{CODE}",
        f"Sure! Here is the code:\n{CODE}\n\nThis multiplies 6 by 7, and the answer is 42.",
        f"```json\n{{}}\n```\n```python\r\n{CODE}\r\n```".replace("\n    ", "\r\n    "),
    ],
)
async def test_the_program_is_found_in_a_reply(reply: str) -> None:
    assert await drawn(reply) == [CODE]


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("```python\nprint(6 * 7)\n```", "print(6 * 7)"),
        ("x = 6\nprint(x * 7)", "x = 6\nprint(x * 7)"),
        ("import math\n\nprint(math.pi)", "import math\n\nprint(math.pi)"),
        ("```python\ndef solution(:\n    return 42\n```", "def solution(:\n    return 42"),
        ("def solution(:\n    return 42", "def solution(:\n    return 42"),
    ],
)
async def test_code_without_the_function_is_taken_too_and_code_that_is_wrong_for_its_fault(
    reply: str, code: str
) -> None:
    assert await drawn(reply) == [code]


@pytest.mark.parametrize(
    "reply",
    [
        "The answer is 42.", "42", "", "From what is given, it is 42.", "```\n42\n```", "<think>def solution(): return 1",
        Completion(text=f"```python\n{CODE}", finish_reason="length"), Completion(text=CODE, finish_reason="length"),
    ],
)  # fmt: skip
async def test_a_reply_without_a_whole_program_is_refused(reply: str | Completion) -> None:
    with pytest.raises(OutputError, match="no program"):
        await drawn(reply)


async def test_samples_without_a_program_are_left_out() -> None:
    assert await drawn(CODE, "It is 42.", "print(1)") == [CODE, "print(1)"]


async def test_the_question_is_asked_in_plain_words_in_the_user_turn() -> None:
    ask = Told(CODE)
    await DIALECT.program(ask, TASK, role="fast", n=3, temperature=0.5)
    (request,) = ask.requests
    assert [message.role for message in request.messages] == ["user"]
    said = request.messages[0].content
    assert said.startswith("6 * 7?\n\n") and "solution()" in said and "<" not in said
    assert (request.temperature, request.logprobs, request.purpose) == (0.5, False, "program")
    assert request.prompt == "program/plain@1"


async def test_what_is_known_stands_before_the_question_and_complaints_behind_it() -> None:
    ask = Told(CODE)
    task = Task(
        question="How much is it?", material="Prices: 3 <question>", feedback=("It is not 4.",),
        findings=(Finding(thought=ThoughtId("a"), question="How many?", answer="12"),),
    )  # fmt: skip
    await DIALECT.program(ask, task, role="fast", n=1, temperature=0.0)
    said = ask.requests[0].messages[0].content
    parts = ["Prices: 3 &lt;question>", "How many?", "12", "How much is it?", "It is not 4.", "solution()"]
    assert [said.index(part) for part in parts] == sorted(said.index(part) for part in parts)


async def test_a_failed_program_goes_back_with_its_fault() -> None:
    ask = Told(CODE)
    await DIALECT.program(
        ask, TASK, role="fast", n=1, temperature=0.0, failed="def solution(): x", error="NameError: {x}"
    )
    asked, wrote, told = ask.requests[0].messages
    assert (asked.role, wrote.role, told.role) == ("user", "assistant", "user")
    assert "def solution(): x" in wrote.content and "NameError: {x}" in told.content
