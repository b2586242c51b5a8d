"""Whole replies of instruct models, read by the kind of reply that was asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.agents.dialects.standard.reading import bare, solution_of, step_of, without_label
from agot.agents.kinds import CHOICE, CODE, FACT, FORMULA, JSON, LIST, NUMBER, TABLE, TEXT, TRUTH, VALUE, Kind
from agot.protocols import Completion
from tests.bounded import bounded

KINDS = [NUMBER, FORMULA, CHOICE, TRUTH, LIST, VALUE, FACT, CODE, TABLE, JSON, TEXT]


def read(text: str, kind: Kind, mode: str = "chain", *, cut: bool = False) -> str | None:
    found = solution_of(Completion(text=text, finish_reason="length" if cut else "stop"), mode, kind)
    return None if found is None else found.answer


@pytest.mark.parametrize(
    ("text", "kind", "answer"),
    [
        ("1. So it is.\nAnswer: Bob", NUMBER, "Bob"), ("The sum is 7.\n2. Hence done.", NUMBER, "7"),
        ("Johnny bought 35 face masks.", NUMBER, "35"), ("3. So 24.\n4. 40 - 8 - 16 = 16", NUMBER, "16"), ("First 2.\nd = 5", NUMBER, "5"),
        ("3 + 4 = 7 apples.\n\nThe answer is N", NUMBER, "7"), ("3 + 4 = 7\nThe answer is N = 7.", NUMBER, "7"),
        ("3 + 4 = 7.\nTherefore, the answer is \\boxed{7}.", NUMBER, "7"), ("3 + 4 = 7\n\\[\n\\boxed{7}\n\\]", NUMBER, "7"),
        ("3 + 4\nFinal answer: **7**", NUMBER, "7"), ("3 + 4\n## Answer\n\n7 apples", NUMBER, "7"), ("The answer is\n7", NUMBER, "7"),
        ("**Answer: 7**\n\nI hope this helps! Ask me 2 more.", NUMBER, "7"), ("The answer is 7.\n\nNote that 3 boxes hold 9.", NUMBER, "7"),
        ("The final answer is 5. No, the answer is 6.", NUMBER, "6"), ("The answer is 5.\nWait.\nThe answer is 6.", NUMBER, "6"),
        ("| day | n |\n|---|---|\n| Mon | 3 |\n| Total | 7 |", NUMBER, "7"), ("- Mon: 3\n- Tue: 4\n- Total: 7", NUMBER, "7"),
        ("```python\nprint(3 + 4)\n```\n\nThe output is 7.", NUMBER, "7"), ("It is\n```\n7\n```", NUMBER, "7"), ("#### 7", NUMBER, "7"),
        ("The answer is 90 minutes.", NUMBER, "90 minutes"), ("It costs 3 + 4 = $7.", NUMBER, "$7"), ("eggs\nAnswer: none", NUMBER, "none"),
        ("<think>The answer is 5</think>\nThe answer is 7.", NUMBER, "7"), ("The answer is seven.", NUMBER, "seven"),
        ("Thus $x = 5$.", FORMULA, "5"), ("So \\boxed{\\frac{3}{4}}.", FORMULA, "\\frac{3}{4}"), ("\\boxed{\\text{(A)}}", FORMULA, "(A)"),
        ("\\boxed{x = 5}", FORMULA, "5"), ("The answer is \\boxed{...}\n$y = 3$", FORMULA, "3"), ("$$\\boxed{12}$$", FORMULA, "12"),
        ("The answer is (B) because (A) is a fish.", CHOICE, "B"), ("A whale is a mammal.\nSo it is (B) whale.", CHOICE, "B"),
        ("The answer is (X)\nwhich is (C).", CHOICE, "C"), ("**B) whale**", CHOICE, "B"), ("\\boxed{\\text{D}}", CHOICE, "D"),
        ("Yes.\n\n17 has no divisors but 1 and 17.", TRUTH, "Yes"), ("17 is prime.\nSo the answer is **yes**.", TRUTH, "Yes"),
        ("The statement is not true.", TRUTH, "False"), ("It is known.\nThe answer is no.", TRUTH, "No"),
        ("Reversed: [9, 1, 4]\nThen: [11, 3, 6]", LIST, "[11, 3, 6]"), ("The answer is [...]\n[1]", LIST, "[1]"),
        ("Claire has it.\nThe answer is the red ball.", VALUE, "the red ball"), ("**The answer is: Bob**", VALUE, "Bob"),
        ("She left.\nTherefore it is Bob.", VALUE, "Therefore it is Bob"),
        ("The capital of France is Paris.", FACT, "The capital of France is Paris."), ("The answer is Paris.", FACT, "Paris"),
        ("Answer: Paris", FACT, "Paris"), ("Mary Shelley.\n\nShe wrote it in 1818.", FACT, "Mary Shelley.\n\nShe wrote it in 1818."),
    ],
)  # fmt: skip
def test_the_value_is_found_wherever_a_closed_reply_gives_it(text: str, kind: Kind, answer: str) -> None:
    assert read(text, kind) == answer


@pytest.mark.parametrize("mode", ["chain", "direct"])
@pytest.mark.parametrize(
    "text",
    [
        "```python\ndef hyp(x, y):\n    return (x**2 + y**2) ** 0.5\n```", "| name | age |\n|---|---|\n| Ann | 3 |",
        "* apples\n* pears\n* plums", "Each question has an answer: yes or no.", '{"answer": 7}', "Day 1.\n\nThe answer is 7.\n\nDay 2.",
        "Answering: a guide", "So $x = 5$ and\n\n\\boxed{7}", "    indented\ntext",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [CODE, TABLE, JSON, TEXT])
def test_an_open_reply_is_the_answer_as_it_was_written(text: str, kind: Kind, mode: str) -> None:
    assert read(text, kind, mode) == text.strip()
    assert read(f"<think>hm\nAnswer: 1</think>\n\n{text}<|im_end|>\n", kind, mode) == text.strip()
    assert read(text, kind, mode, cut=True) == text.strip()


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Answer: a", "a"), ("**Answer:** a", "a"), ("**Answer**: a", "a"), ("# Final answer:\n\n- a\n- b", "- a\n- b"), ("The answer is: a", "a"),
        ("**Answer: a**", "**Answer: a**"), ("The answer is a", "The answer is a"), ("No answer: a", "No answer: a"), ("Answers: a", "Answers: a"),
    ],
)  # fmt: skip
def test_a_label_before_a_reply_is_no_part_of_it(text: str, rest: str) -> None:
    assert without_label(text) == rest and read(text, TEXT) == rest


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("First 3 + 4 = 7. Then", None),
        ("The answer is 7", None),
        ("Answer: 7", "7"),
        ("The answer is 7.\nAs one sees", "7"),
        ("\\boxed{7}\nso", None),
    ],
)
def test_of_a_cut_closed_reply_only_an_announced_answer_counts(text: str, answer: str | None) -> None:
    assert read(text, NUMBER, cut=True) == answer


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["", " \n", "<think>on and on", "</s>"])
def test_nothing_is_no_answer(kind: Kind, text: str) -> None:
    assert read(text, kind) is None


@given(st.text(max_size=300), st.sampled_from(KINDS), st.sampled_from(["chain", "direct"]), st.booleans())
def test_any_text_can_be_read(text: str, kind: Kind, mode: str, cut: bool) -> None:
    found = read(text, kind, mode, cut=cut)
    assert found is None or found


MARKED = st.lists(
    st.sampled_from(
        [
            "The answer is ",
            "Answer:",
            "\\boxed{",
            "}",
            "**",
            "`",
            "\n",
            " ",
            "7",
            "(B)",
            "yes",
            "$",
            "=",
            "[1]",
            "x",
            "```",
            "N",
            ".",
        ]
    ),
    max_size=12,
).map("".join)


@given(MARKED, st.sampled_from(KINDS), st.sampled_from(["chain", "direct"]), st.booleans())
def test_any_mixture_of_marks_can_be_read(text: str, kind: Kind, mode: str, cut: bool) -> None:
    found = read(text, kind, mode, cut=cut)
    assert found is None or found
    step_of(Completion(text=text), (), kind)


@pytest.mark.parametrize(
    "piece",
    ["Answer:\n", "Answer: ", "the answer is ", "The answer is\n", "**", "*", "`", "\\(", "\\boxed{", "\\text{", "$", "</s>", "<think>", "```\n",
     " ", "\n", "yes ", "1\n", "( ", "the ", "so ", "a\n"],
)  # fmt: skip
def test_long_texts_are_read_in_linear_time(piece: str) -> None:
    text = piece * (30_000 // len(piece))
    with bounded():
        bare(text)
        without_label(text)
        for kind in (NUMBER, FORMULA, CHOICE, TRUTH, LIST, VALUE, TEXT):
            read(text, kind)
            read(f"x{text}x", kind, "direct")
        step_of(Completion(text=text), ("a",), NUMBER)


@pytest.mark.parametrize("mode", ["direct", "chain"])
@pytest.mark.parametrize(
    "text",
    ["\x1b[31m63", "\x1b[31m63\x1b[0m", "\x9b31m63", "6\x003", "So 60 + 3\x1b]0;9\x07 = 63\x1b[0m", "63\nbecause 21 x 3", "63\r\nbecause 21 x 3",
     "63\rbecause 21 x 3", "63\r\n\r\nsince 21 times 3 is 60 and 3", "21 x 3\r\nas we saw\r\n63"],
)  # fmt: skip
def test_what_steers_a_terminal_and_a_reason_given_afterwards_are_no_value(text: str, mode: str) -> None:
    assert read(text, NUMBER, mode) == "63"
