"""The kind of reply that a question asks for, told from its wording."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.agents.kinds import CHOICE, CODE, FACT, FORMULA, NUMBER, TEXT, VALUE, kind_of_reply
from tests.bounded import bounded

WORDINGS = {
    "number": [
        "Ana has 14 apples, buys 9 more and gives 5 away. How many apples does she have?",
        "A train travels 60 miles in 1.5 hours. What is its average speed?",
        "A large puzzle costs $15. Two cost $23. How much would you pay for 1 large and 3 small puzzles?",
        "If 6 potatoes make 36 hash browns, how many hash browns can you make out of 96 potatoes?",
        "She earns $.1 per word and $60 per article. How much does she earn for 3 articles of 500 words?",
        "How many eggs are 3 boxes of 6 and 4 more?",
        "6 * 7?",
        "17 * 23",
        "What is 2+2?",
        "Could you please compute 17 * 23?",
        "Can you tell me what 17 * 23 is?",
        "What number is half of 30?",
        "What is the next number in the sequence 2, 4, 8, 16?",
        "How much is a dozen eggs if one costs 0.25?",
    ],
    "formula": [
        "Solve for x: 2x + 3 = 7",
        "Find the value of $x$ such that $x^2 = 4$.",
        r"Simplify $\frac{6}{8}$.",
        r"Compute $\int_0^1 x\,dx$.",
        "What is the derivative of x^2?",
        "If f(x) = 2x + 1, what is f(3)?",
    ],
    "choice": [
        "Which of these is a mammal? (A) shark (B) whale (C) trout (D) newt",
        "Which is a fruit?\nA. stone\nB. apple\nC. chair",
        "Is it a dog or a cat?\nOptions:\n(A) dog\n(B) cat",
    ],
    "truth": [
        "Is 17 a prime number?",
        "Is 3 greater than 2? Answer yes or no.",
        "True or false: the Earth is flat.",
        "Was Einstein born in 1879?",
        "Would 3 people fit in a 2-person tent?",
    ],
    "list": [
        "Take the list [4, 1, 9] and reverse it, then add 2 to each number.",
        "Sort [3, 1, 2] in ascending order.",
        "Remove every even number from {1, 2, 3, 4}.",
    ],
    "value": [
        "What's 15% of 80?",
        "Sort these words alphabetically: pear, apple, fig",
        "not ( True ) and ( True ) is",
        "Find the greatest common factor of 12 and 18.",
        "Determine whether 91 is prime.",
        "Ann sits left of Bob. Bob sits left of Cem. Who sits in the middle?",
        "What time is it 3 hours after 10 am?",
        "Did he fall?\nOptions:\n- yes\n- no",
    ],
    "fact": [
        "What is the capital of France?",
        "In which country was the author of Frankenstein born?",
        "Who wrote Hamlet?",
        "When did the Second World War end?",
        "Which planet is the largest?",
        "How many legs does a spider have?",
        "How tall is the Eiffel Tower?",
        "Who was president of France in 1960?",
        "What is Berlin's population?",
        "Is the sky blue?",
    ],
    "code": [
        "Write a Python function that returns the nth Fibonacci number.",
        "Write a square function",
        "def has_close_elements(numbers, threshold):\n    '''Are any two closer than 0.5?'''",
        "Give me a regex for emails.",
        "Write an SQL query that counts users.",
    ],
    "table": ["Make a table of the people.", "Give me a table of squares from 1 to 10.", "Compare TCP and UDP in a table."],
    "json": ["Return name and age of Ann, 3, as JSON.", "Create a CSV of three cities."],
    "text": [
        "Plan three days in Rome",
        "Plan a trip",
        "Summarize the following paragraph: The cat sat on 3 mats, and 2 of them were red.",
        "Explain how 3 of 4 engines can fail.",
        "What are the differences between TCP and UDP?",
        "Why is the sky blue?",
        "How does a car engine work?",
        "How do I reverse a string in Python?",
        "List three fruits.",
        "Name three primary colours.",
        "Give me 5 ideas for dinner.",
        "Translate 'good morning' into French.",
        "Can you write a poem about 3 cats?",
        "Write a story about two cats and 3 dogs. How many of them survive?",
        "What is photosynthesis?",
        "What is a monad?",
        "Who was Napoleon?",
        "What is love?",
        "What is the history of Rome?",
        "What happened in 1989 and 1990 in Germany?",
        "What does the author mean by 'two roads'?",
        "What is wrong with this sentence: 'He go to school'?",
        "What are some good books?",
        "Which is better, Python or Java?",
        "Which laptop should I buy for under 1000 euros?",
        "Should I accept a job that pays 10% less?",
        "Is it a good idea to invest 1000 dollars in bitcoin?",
        "Can I mix bleach and 2 other cleaners?",
        "Are there any differences between version 2 and 3?",
        "I have 3 cats and 2 dogs. What should I feed them?",
        "I am 45 and earn 3000 a month. How can I save money?",
        "My code throws an IndexError at line 12. What is wrong?",
        "Find three good restaurants in Paris.",
        "Find me a recipe with 3 eggs.",
        "Find the bug in this code: x = [1, 2, 3]; print(x[3])",
        "Determine the main causes of World War 2.",
        "Evaluate the pros and cons of 2 job offers.",
        "Evaluate this essay on a scale of 1 to 10.",
        "Count from 1 to 10.",
        r"Prove that $\sqrt{2}$ is irrational.",
        "Explain $E = mc^2$.",
        "What does $E = mc^2$ mean?",
        "Show that $n^2 + n$ is even.",
        r"Why is $e^{i\pi} = -1$?",
        "Who are you?",
        "Hello",
        "hi there, how are you?",
        "Thanks!",
        "Tell me a joke",
        "Write about each of these: A. cats B. dogs C. birds",
        "2 numbers. Your response must be in this format: sum, product",
        "法国的首都是什么",
    ],
}


@pytest.mark.parametrize(
    ("question", "name"), [(question, name) for name, questions in WORDINGS.items() for question in questions]
)
def test_the_kind_is_told_from_the_wording(question: str, name: str) -> None:
    assert kind_of_reply(question).name == name


def test_politeness_changes_nothing() -> None:
    for question, kind in (("compute 3 + 4", NUMBER), ("write a poem about 3 cats", TEXT), ("write a function f", CODE)):
        for polite in ("Please ", "Could you ", "Hi! Can you please ", "I want you to ", "Hello there, would you "):
            assert kind_of_reply(polite + question) == kind, polite


def test_a_question_about_given_material_is_worked_out() -> None:
    question = "Who sits in the middle?"
    assert kind_of_reply(question) == FACT and kind_of_reply(question, "Ann sits left of Bob.") == VALUE
    question = "How many boxes are left?"
    assert kind_of_reply(question) == FACT and kind_of_reply(question, "There were some.") == NUMBER


def test_only_closed_kinds_are_voted_on_and_only_worked_ones_reasoned_about() -> None:
    assert NUMBER.closed and NUMBER.reasoned and CHOICE.reasoned and FORMULA.reasoned
    assert FACT.closed and not FACT.reasoned
    assert not TEXT.closed and not CODE.closed and not CODE.reasoned


@given(st.text(max_size=400), st.text(max_size=40))
def test_any_text_asks_for_some_kind(question: str, material: str) -> None:
    assert kind_of_reply(question, material).name in WORDINGS


@pytest.mark.parametrize(
    "piece",
    ["what ", "is ", "$a", "(A) ", "[1, ", "1 + ", " ", "how many ", "\\(", "find the ", "?", "? ", "a\n", "write ", "can you "],
)
def test_long_questions_are_told_in_bounded_time(piece: str) -> None:
    with bounded():
        kind_of_reply(piece * 100_000)
        kind_of_reply("x" + piece * 2000 + "x")
