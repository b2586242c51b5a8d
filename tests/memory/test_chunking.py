"""Passages: where they are cut, and that each stands where it says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agot.memory.chunking import GOAL, MOST, cut

TEXTS = st.text(st.sampled_from("abc .\n#é。"), max_size=5_000)


@given(TEXTS, st.integers(1, 700), st.booleans())
def test_every_passage_stands_in_the_text_where_it_says_and_nothing_is_lost(
    text: str, size: int, headings: bool
) -> None:
    parts = [text[start : start + size] for start in range(0, len(text), size)]
    pieces = list(cut(parts, headings=headings))
    assert all(text[piece.start : piece.stop] == piece.text and len(piece.text) <= MOST for piece in pieces)
    left = "".join(
        text[before:after]
        for before, after in zip(
            [0, *(piece.stop for piece in pieces)],
            [*(piece.start for piece in pieces), len(text)],
            strict=True,
        )
    )
    assert not left.strip()


@given(TEXTS, st.integers(1, 700))
def test_how_a_text_arrives_does_not_change_its_passages(text: str, size: int) -> None:
    parts = [text[start : start + size] for start in range(0, len(text), size)]
    assert list(cut(parts, headings=True)) == list(cut([text], headings=True))


def test_a_passage_ends_where_a_paragraph_ends() -> None:
    paragraph = "One sentence follows another. " * 20
    pieces = list(cut([f"{paragraph.strip()}\n\n" * 4]))
    assert [piece.text for piece in pieces] == [paragraph.strip()] * 4


def test_a_passage_begins_at_each_heading_and_knows_it() -> None:
    text = "Before.\n\n# Rivers\n\nThe Sava is long.\n\n## Lakes #\n\nOhrid is deep.\n"
    assert [(piece.heading, piece.text.splitlines()[-1]) for piece in cut([text], headings=True)] == [
        ("", "Before."),
        ("Rivers", "The Sava is long."),
        ("Lakes", "Ohrid is deep."),
    ]
    assert len(list(cut([text]))) == 1


def test_a_text_without_any_end_is_cut_all_the_same() -> None:
    pieces = list(cut(["x" * (3 * MOST)]))
    assert [len(piece.text) for piece in pieces] == [MOST] * 3
    assert GOAL < MOST


def test_a_text_of_any_size_is_read_in_parts_that_are_forgotten() -> None:
    taken = 0

    def parts() -> object:
        nonlocal taken
        for _ in range(50):
            taken += 1
            yield "A line of a book.\n" * 200

    pieces = cut(parts())  # type: ignore[arg-type]
    next(pieces)
    assert taken <= 2
