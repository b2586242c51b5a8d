"""Terms and names: what makes two texts speak of the same."""

from __future__ import annotations

import pytest

from agot.memory.text import key_of, name_keys_in, name_number, names_in, terms_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("waterfalls", "Waterfall"),
        ("Łódź' café", "Łódź cafe"),
        ("Zimbabwe's rivers", "the river of Zimbabwe"),
        ("ﬁne ½", "fine 1⁄2"),
    ],
)
def test_what_differs_only_in_form_has_the_same_terms(one: str, other: str) -> None:
    assert sorted(terms_of(one)) == sorted(terms_of(other))


def test_the_commonest_words_are_no_terms() -> None:
    assert terms_of("What is the name of the river that it was in?") == ["name", "river"]


def test_scripts_without_spaces_are_found_by_their_characters() -> None:
    assert terms_of("東京は首都") == ["東", "京", "は", "首", "都"]


def test_marks_that_are_letters_are_kept() -> None:
    assert terms_of("हिन्दी") == ["हिन्दी"]


def test_names_of_a_passage_are_its_title_and_what_it_calls_by_name() -> None:
    found = names_in(
        "Bubye River (Zimbabwe)",
        "The Bubye River flows through Beitbridge and Gwanda, past ``Lion Rock''. It ends in the Limpopo. See run_ready.",
    )
    assert {
        "bubye river zimbabwe",
        "bubye river",
        "beitbridge",
        "gwanda",
        "limpopo",
        "lion rock",
        "run ready",
    } <= set(found)
    assert "it" not in found and "the" not in found
    assert found["bubye river"][1] == 1.0 > found["limpopo"][1]


def test_names_are_the_same_however_they_are_written() -> None:
    assert key_of("The Beatles") == key_of("BEATLES") == "beatles"
    assert key_of("Émile  Zola's") == key_of("Emile Zola")
    assert key_of("of the") == ""


def test_a_question_may_mention_any_run_of_its_words() -> None:
    keys = name_keys_in("Who wrote Journal of Mathematical Physics?")
    assert "journal of mathematical physics" in keys and "physics" in keys
    assert "of mathematical" not in keys


def test_names_have_other_numbers_in_other_namespaces() -> None:
    assert name_number(1, "limpopo") != name_number(2, "limpopo")
    assert 0 <= name_number(1, "limpopo") < 2**63
