"""Clusters: the promise that names keep, and that each family of questions is told apart."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.agents.selection.cluster import FAMILIES, cluster_of, clustered
from agot.question import split_material
from agot.thought import Task
from training.families import registry

# Lessons are stored under these names: a line may be added, but none may change.
PROMISED = {
    "2+2": "arithmetic/short",
    "Compute ((98 + (371 + 7)) / 7) + 69.": "arithmetic/medium",
    "what does 27+53+47-1-13+7-85+50+35-59-19 equal?": "arithmetic/long",
    "Use 3 8 19 21 6 each exactly once with + - * / to make 24.": "countdown/long",
    "Game of 24: 4 3 12 13": "countdown/medium",
    "list: [1,7,1].\nStep 1. rotate the list to the right by 2 positions.\nwhat is the list now": "list/short",
    "Sort these words: pear, apple, fig.": "list/short",
    "Start with the word info. (1) Add ll. (2) Drop the last letter. (3) Reverse. (4) Double the first letter.": "string/medium",
    "How many r's are in strawberry?": "string/short",
    "How many days pass from July 20, 2033 to August 4, 2033?": "dates/short",
    "A train leaves at 9:40 and arrives at 13:05. How long does it take?": "dates/short",
    "Facts: Jonas plays the clarinet. The mentor of Jonas is Ann.\nWho is Jonas's mentor?": "passage/short",
    "a) What is 250/5?\nb) What is 3*4?\nWhat is the sum of the answers?": "compound/short",
    "If I have 8 figs and get 2 more, how many figs do I have?": "story/short",
    "Janet sells 16 eggs at $2 each and spends $7. How much does she have left?": "story/short",
    "Which of these is a mammal?\nA) shark\nB) whale\nC) trout": "choice/short",
    "Write a Python function that reverses a linked list.": "code/short",
    "Let $f(x)=x^2+1$. Find $f(f(2))$.": "math/short",
    "What is the value of x if 3x + 5 = 20?": "math/short",
    "Explain quantum entanglement to a ten-year-old.": "open/short",
    "Is a tomato a fruit?": "yesno/short",
    "What is the capital of Mongolia?": "plain/short",
    "你好，请问一加一等于几？": "plain/short",
    "": "plain/short",
}

ACCEPTABLE = {
    "arithmetic": {"arithmetic"},
    "lists": {"list"},
    "word_problems": {"story"},
    "strings": {"string"},
    "dates": {"dates"},
    "countdown": {"countdown"},
    "comparing": {"list", "story", "arithmetic"},
    "facts": {"passage"},
    "compound": {"compound"},
}


@pytest.mark.parametrize(("question", "cluster"), PROMISED.items())
def test_names_keep_their_meaning(question: str, cluster: str) -> None:
    assert cluster_of(Task(question=question)) == cluster


def test_material_makes_a_passage() -> None:
    assert cluster_of(Task(question="Who is it?", material="Ann is it.")) == "passage/short"


@pytest.mark.parametrize("family", ACCEPTABLE)
def test_questions_of_one_family_share_clusters(family: str) -> None:
    rng, spec = random.Random(11), registry.FAMILIES[family]
    hits = 0
    for _ in range(200):
        problem = spec.generate(rng, rng.randint(spec.chain[0], max(spec.chain[1], spec.plan[1])))
        question, material = split_material(problem.question)
        hits += clustered(Task(question=question, material=material)).family in ACCEPTABLE[family]
    assert hits >= 170


def test_tells_what_was_seen() -> None:
    assert clustered(Task(question="2+2")).why == "an expression and few words, 1 operation"


@given(st.text(max_size=300))
def test_any_text_has_one_cluster(text: str) -> None:
    found = clustered(Task(question=text))
    assert found.family in FAMILIES and found.size in ("short", "medium", "long") and found.why
    assert found == clustered(Task(question=text))


@pytest.mark.parametrize(
    "part",
    ["a, ", "[1, ", "(", "\n- ", "who ", "1 ", "A) ", "$", "the of ", "'s ", "is ", "a\n1) ", "a", "to 1 "],
)
def test_long_texts_take_no_long_time(part: str) -> None:
    # A pattern that backtracks would take minutes here.
    assert cluster_of(Task(question=part * 50_000))
