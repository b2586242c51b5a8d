"""Questions that begin with a dash are questions; options stay options wherever they stand."""

from __future__ import annotations

import pytest

from tests.cli.conftest import Agot
from tests.cli.fake import FakeReasoner


@pytest.mark.parametrize(
    "question", ["-5 + 3 = ?", "-1/2+1", "-(2 + 3)", "--5", "-x^2 + 1 at 3", "- 5 + 3", "-m/s is which unit?", "-∞"]
)  # fmt: skip
@pytest.mark.parametrize("options", [[], ["--strategy", "direct", "-v"], ["--seed", "-5", "-mhosted_vllm/x"]])
def test_a_question_may_begin_with_a_dash(
    agot: Agot, fake: list[FakeReasoner], question: str, options: list[str]
) -> None:
    for arguments in ([question, *options], [*options, question], [*options, "--", question]):
        agot("ask", *arguments)
        assert fake[-1].asked["question"] == question


@pytest.mark.parametrize("word", ["-x", "--foo", "--modle=x"])
def test_a_misspelt_option_is_refused_with_a_hint_at_the_double_dash(
    agot: Agot, fake: list[FakeReasoner], word: str
) -> None:
    ended = agot("ask", "answer 42", word)
    assert ended.code == 2
    assert "No such option" in ended.err and "put -- before it" in ended.err


def test_a_dash_alone_still_reads_standard_input(agot: Agot, fake: list[FakeReasoner]) -> None:
    agot("ask", "-", "-v", stdin=b"-7 + 2")
    assert fake[-1].asked["question"] == "-7 + 2"
