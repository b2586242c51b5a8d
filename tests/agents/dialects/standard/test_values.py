"""The value that an answer in words gives, by the kind of reply that was asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agot.agents.dialects.standard.values import gives, value_in
from agot.agents.kinds import CHOICE, FACT, FORMULA, LIST, NUMBER, TRUTH, VALUE, Kind
from tests.bounded import bounded

CLOSED = [NUMBER, FORMULA, CHOICE, TRUTH, LIST, VALUE, FACT]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("18", "18"), ("18.", "18"), ("18 eggs", "18"), ("-7", "-7"), ("−7.", "−7"), ("+7", "+7"), (".5", ".5"), ("0.50", "0.50"),
        ("1,234.50", "1,234.50"), ("1,000,000 people", "1,000,000"), ("1 000 000", "1 000 000"), ("1{,}234", "1,234"),
        ("1.5e3", "1.5e3"), ("$18", "$18"), ("$1,234.50.", "$1,234.50"), ("£45", "£45"), ("Rs. 45", "45"), ("-$3", "-$3"),
        ("25%", "25%"), ("25 %.", "25 %"), (r"25\%", "25%"), ("50 percent", "50 percent"), ("3/4 of the cake", "3/4"),
        ("3 1/2", "3 1/2"), ("3:4", "3:4"), ("10:30 am", "10:30 am"), ("90 minutes.", "90 minutes"), ("12 km", "12 km"),
        ("2 hours and 30 minutes.", "2 hours and 30 minutes"), ("about 2 hours and 30 minutes", "2 hours and 30 minutes"),
        ("about 18", "18"), ("a total of 18 eggs", "18"), ("eighteen", "eighteen"), ("20-25", "20-25"), ("[1, 2]", "[1, 2]"),
        (r"\frac{1}{2}", r"\frac{1}{2}"), (r"$\frac{1}{2}$", r"\frac{1}{2}"), (r"3\frac{1}{2}", r"3\frac{1}{2}"),
        ("$18$", "18"), (r"\(18\)", "18"), (r"\[18\]", "18"), ("$$18$$", "18"), (r"\$18", "$18"), (r"$\$18$", "$18"),
        (r"18\text{ eggs}", "18"), ("between $3 and $5", "$3 and $5"), ("N = 18", "18"), ("d = 5", "5"), ("x = -5", "-5"), ("x = - 5", "-5"),
        ("3 * 6 = 18", "18"), ("5 + 6 = 11 apples", "11"), ("18 (3 boxes of 6)", "18"), ("(18)", "18"), ("18 because 3 * 6 = 18", "18"),
        ("5, not 6", "5"), ("5. The other 6 were sold.", "5"), ("7, since 9 - 2 is 7", "7"), ("2**3**2", "2**3**2"),
        ("Johnny bought 35 face masks of 40 for the class in all.", "35"), ("1. 3 * 6 = 18\n2. so 18", "18"), ("3 boxes\n\n18 eggs", "18"),
    ],
)  # fmt: skip
def test_a_stated_number_is_at_the_beginning(text: str, value: str) -> None:
    assert value_in(text, NUMBER, stated=True) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Johnny bought 35 face masks.", "35"), ("4. 40 - 8 - 16 = 16", "16"), ("- Total: 7", "7"), ("d = 5", "5"),
        ("#### 42", "42"), ("Natalia sold 48 + 24 = 72 clips in all.", "72"), ("So out of 30 eggs, 18 are left.", "18"),
        ("It fell by 5 to -5 degrees.", "-5"), ("Thus 3 - 8 = -5", "-5"), ("The difference is 10 - 3", "3"), ("It takes 1.5 hours.", "1.5"),
        ("She ate 3 1/2 pies.", "3 1/2"), ("She earned $18.", "$18"), (r"She earned \$18.00.", "$18.00"), ("That is 25%.", "25%"),
        ("| Total | 7 |", "7"), ("The area is 12 (cm^2).", "12"), ("It arrives at 12:30.", "12:30"), ("version 1.2.3", "1.2"),
    ],
)  # fmt: skip
def test_the_number_of_a_last_sentence_is_at_its_end(text: str, value: str) -> None:
    assert value_in(text, NUMBER, stated=False) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("x^2", "x^2"), ("$x = 5$", "5"), ("x = 5", "5"), (r"\frac{3}{4}", r"\frac{3}{4}"), ("(1, 2)", "(1, 2)"),
        (r"$2\sqrt{3}$", r"2\sqrt{3}"), (r"\( f(3) = 7 \)", "f(3) = 7"), (r"2\sqrt{3}", r"2\sqrt{3}"), ("12", "12"),
    ],
)  # fmt: skip
def test_a_stated_formula_is_taken_whole(text: str, value: str) -> None:
    assert value_in(text, FORMULA, stated=True) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("B", "B"), ("b", "B"), ("B.", "B"), ("(B)", "B"), ("(b) Paris", "B"), ("B) Paris", "B"), ("B: Paris", "B"), ("B - Paris", "B"),
        ("**B**", "B"), ("option C", "C"), ("The correct option is C.", "C"), ("(B) because (A) is a fish", "B"),
        ("I think it is B", "B"), ("A whale, so B", "B"), ("a whale", "a whale"), ("A is right", "A"), ("whale", "whale"),
    ],
)  # fmt: skip
def test_a_stated_choice_is_its_letter(text: str, value: str) -> None:
    assert value_in(text, CHOICE, stated=True) == value


def test_the_choice_of_a_last_sentence_is_at_its_end() -> None:
    assert value_in("A shark is a fish, so it is B.", CHOICE, stated=False) == "B"
    assert value_in("(A) is a fish, so it is (B)", CHOICE, stated=False) == "B"


@pytest.mark.parametrize(
    ("text", "stated", "value"),
    [
        ("yes", True, "Yes"), ("No.", True, "No"), ('"yes".', True, "Yes"), ("no, since yes would be wrong", True, "No"),
        ("no because it rains", True, "No"), ("not true", True, "False"), ("Yes, because 17 has no divisors.", False, "Yes"),
        ("No, it is false.", False, "No"), ("So the statement is false.", False, "False"), ("It is not necessarily true.", False, "False"),
        ("The argument is not valid.", False, "Invalid"), ("17 has no divisors, so yes.", False, "Yes"), ("Therefore no.", False, "No"),
        ("perhaps", True, "perhaps"), ("There is no reason", False, "There is no reason"),
    ],
)  # fmt: skip
def test_a_truth_is_one_word_and_a_missing_thing_is_no_no(text: str, stated: bool, value: str) -> None:
    assert value_in(text, TRUTH, stated=stated) == value


@pytest.mark.parametrize(
    ("text", "stated", "value"),
    [
        ("[3, 2, 1].", True, "[3, 2, 1]"), ("['a', 'b'] after [1]", True, "['a', 'b']"), ("From [9, 1] to [11, 3]", False, "[11, 3]"),
        ("[[1, 2], [3]]", True, "[[1, 2], [3]]"), ("{1, 2}", True, "{1, 2}"), ("[]", True, "[]"), ("1, 2", True, "1, 2"),
    ],
)  # fmt: skip
def test_a_list_stands_in_its_brackets(text: str, stated: bool, value: str) -> None:
    assert value_in(text, LIST, stated=stated) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("apple fig pear.", "apple fig pear"),
        ("the red ball", "the red ball"),
        ("x = blue", "blue"),
        ("12.", "12"),
        ("05/02/2021", "05/02/2021"),
    ],
)
def test_another_value_stays_as_it_is_but_for_its_full_stop(text: str, value: str) -> None:
    assert value_in(text, VALUE, stated=True) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (NUMBER, "N"),
        (NUMBER, "N."),
        (CHOICE, "(X)"),
        (LIST, "[...]"),
        (VALUE, "..."),
        (VALUE, "…"),
        (TRUTH, "maybe"),
        (NUMBER, ""),
    ],
)
def test_the_form_that_was_asked_for_is_no_value(kind: Kind, text: str) -> None:
    assert not gives(text, kind)


@given(st.text(max_size=200), st.sampled_from(CLOSED), st.booleans())
def test_any_text_gives_some_value(text: str, kind: Kind, stated: bool) -> None:
    assert (
        value_in(text, kind, stated=stated)
        or not text.strip(" .\t\n\r")
        or not value_in(text, VALUE, stated=True)
    )
    gives(text, kind)


@given(st.text(alphabet="12.,:/$%-−=()[]{}\\ abAB*", max_size=60), st.sampled_from(CLOSED), st.booleans())
def test_what_looks_like_values_gives_some_value(text: str, kind: Kind, stated: bool) -> None:
    value_in(text, kind, stated=stated)
    gives(text, kind)


@pytest.mark.parametrize(
    "piece",
    [" ", "(", "( ", "1", "1,", "1,000", "1 ", "1/", "1:", "$", "$1", "$a", "\\(", "\\[", "\\(a", "[", "[a", "{", "[]", "=", "= 1", "not ", "no ",
     "A ", "(A", "option ", "\\text{", "\\frac{1}", "**", "`", "-", "- ", "e1", "a", "yes", "answer is ", "because "],
)  # fmt: skip
def test_long_texts_are_read_in_linear_time(piece: str) -> None:
    text = piece * (30_000 // len(piece))
    with bounded():
        for kind in CLOSED:
            for whole in (text, f"[{text}x"):
                value_in(whole, kind, stated=True)
                value_in(whole, kind, stated=False)
                gives(whole, kind)
