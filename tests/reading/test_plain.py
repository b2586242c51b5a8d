"""Text without what steers a terminal, whole and in pieces of every size."""

from __future__ import annotations

import pytest

from agot.reading.plain import PlainStream, plain

TEXTS = [
    ("\x1b[31m63\x1b[0m", "63"),
    ("\x9b1;31m63", "63"),
    ("\x1b]0;title 5\x0763", "63"),
    ("\x1b]8;;http://a/7\x1b\\63\x1b]8;;\x1b\\", "63"),
    ("63\r\nbecause\r21 x 3\x85!", "63\nbecause\n21 x 3\n!"),
    ("6\x003\x7f\r", "63\n"),
    ("a\r\r\n\r\nb\tc", "a\n\n\nb\tc"),
    ("Größe: 3\u2028m\u00b2 \U0001f600", "Größe: 3\u2028m\u00b2 \U0001f600"),
]


@pytest.mark.parametrize(("text", "read"), TEXTS)
@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_control_sequences_are_left_out_and_lines_end_alike_whole_and_in_pieces(
    text: str, read: str, size: int
) -> None:
    told: list[str] = []
    stream = PlainStream(told.append)
    for place in range(0, len(text), size):
        stream(text[place : place + size])
    stream.finish()
    assert plain(text) == "".join(told) == read
    assert "" not in told
