"""Exact round trips, one encoding for every text, and no way to write a special token."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agot.models.embedded.runtime import WEIGHTS
from agot.models.embedded.tokenizer import END, FIRST_MODE, MODES, SPECIALS, TextStream, Tokenizer

TOKENIZER = Tokenizer.load(WEIGHTS / "vocab.json")
PIECES = [
    "What is",
    " the list",
    ", ",
    " -> ",
    "[12, 7]",
    "'table'",
    "Anna",
    "\n",
    "ÿ",
    "日本",
    "\ud800",
    "<s>",
    "<chain>",
]


def texts() -> st.SearchStrategy[str]:
    whole = st.text(st.characters(exclude_categories=()), max_size=60)
    return st.one_of(whole, st.lists(st.sampled_from(PIECES) | whole, max_size=8).map("".join))


@settings(max_examples=300, deadline=None)
@given(texts())
def test_round_trip_without_special_tokens(text: str) -> None:
    tokens = TOKENIZER.encode(text)
    assert TOKENIZER.decode(tokens) == text
    assert all(len(SPECIALS) <= token < TOKENIZER.size for token in tokens)


@settings(max_examples=200, deadline=None)
@given(texts())
def test_pieces_join_to_the_text(text: str) -> None:
    stream = TextStream(TOKENIZER)
    assert "".join(stream.push(token) for token in TOKENIZER.encode(text)) + stream.flush() == text


@pytest.mark.parametrize("text", [*SPECIALS, "<s>1<a><chain>", "\x00\x01", "</s>"])
def test_names_of_special_tokens_are_plain_text(text: str) -> None:
    assert min(TOKENIZER.encode(text)) >= len(SPECIALS)
    assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


def test_digits_stand_alone_and_template_words_are_whole() -> None:
    assert len(TOKENIZER.encode("1234567890")) == 10
    assert len(TOKENIZER.encode("What is the list")) == 4
    # Material is spelled out: in quotes, and where a digit touches it.
    assert len(TOKENIZER.encode('"list"')) == 6
    assert len(TOKENIZER.encode("list1")) == 5


def test_special_tokens_have_no_text() -> None:
    assert TOKENIZER.decode(range(len(SPECIALS))) == ""
    assert TOKENIZER.spelling(END) == b""
    assert [TOKENIZER.mode_id(mode) for mode in MODES] == list(range(FIRST_MODE, FIRST_MODE + len(MODES)))
    with pytest.raises(ValueError, match="unknown mode"):
        TOKENIZER.mode_id("sing")


def test_incomplete_bytes_become_replacement_characters() -> None:
    first = TOKENIZER.encode("é")[0]
    stream = TextStream(TOKENIZER)
    assert stream.push(first) == ""
    assert stream.flush() == "\ufffd"
    assert TOKENIZER.decode([first]) == "\ufffd"


def test_vocabulary_file(tmp_path: Path) -> None:
    path = tmp_path / "vocab.json"
    Tokenizer(["apple", " apple"]).save(path)
    loaded = Tokenizer.load(path)
    assert loaded.words == ("apple", " apple")
    assert len(loaded.encode("apple apple")) == 2
    path.write_text("{}")
    with pytest.raises(ValueError, match="not a vocabulary file"):
        Tokenizer.load(path)


@pytest.mark.parametrize("words", [["a"], ["two words"], ["twice", "twice"], ["x1"], [" "]])
def test_impossible_words(words: list[str]) -> None:
    with pytest.raises(ValueError, match="word token"):
        Tokenizer(words)
