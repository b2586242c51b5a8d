"""Keys are found wherever a text may hold them, words of the language are left alone."""

from __future__ import annotations

import base64
import random
import re

import pytest

from agot.errors import ModelUnreachable, SetupError
from agot.redaction import (
    RedactedStream,
    is_secret_name,
    redacted,
    redacted_message,
    remember,
    remember_address,
    remember_fields,
    shown_address,
    without_secret_arguments,
)


@pytest.mark.parametrize(
    "name",
    ["OPENAI_API_KEY", "api-key", "apiKey", "AWS_SECRET_ACCESS_KEY", "X-Api-Key", "HF_TOKEN", "password", "GH_TOKEN_2",
     "clientSecret", "Authorization", "API_KEYS", "AWS_ACCESS_KEY_ID"],
)  # fmt: skip
def test_names_of_keys_are_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["PWD", "PATH", "KEYBOARD", "MONKEY", "HOME", "tokenizer", "author", "TERM"])
def test_names_of_other_things_are_not(name: str) -> None:
    assert not is_secret_name(name)


def test_a_key_is_found_however_it_is_written() -> None:
    remember('sk-a"b/c+d=1')
    text = 'sk-a"b/c+d=1 and sk-a\\"b/c+d=1 and sk-a%22b%2Fc%2Bd%3D1'
    assert redacted(text) == "*** and *** and ***"


def test_a_key_that_holds_another_goes_as_a_whole() -> None:
    remember("sk-12345678")
    remember("sk-12345678-long")
    assert redacted("<sk-12345678-long>") == "<***>"


def test_a_password_that_is_a_word_goes_from_messages_only_and_where_it_stands_alone() -> None:
    remember("secret", "123456", "none", "x")
    assert redacted("The secret of 123456 is none.") == "The secret of 123456 is none."
    assert redacted_message("secretary: secret 123456 none x") == "secretary: *** *** none x"


def test_login_and_key_of_an_address_are_known_also_as_the_header_that_carries_them() -> None:
    remember_address("https://me:p%40ss-word-9@host/v1?api_key=Q1-abcdefg&mode=fast")
    header = base64.b64encode(b"me:p@ss-word-9").decode()
    assert redacted(f"{header} p@ss-word-9 p%40ss-word-9 Q1-abcdefg fast me") == "*** *** *** *** fast me"
    assert shown_address("https://me:p@host:8/v1?api_key=Q") == "https://host:8/v1"
    assert shown_address("me:p@host/v1") == "host/v1"


def test_messages_lose_also_keys_that_nobody_made_known() -> None:
    told = "GET http://u:p@h/x?a=1&token=abc failed: Bearer eyJhbGci.123456 basic authentication"
    assert redacted_message(told) == "GET http://h/x?a=1&token=*** failed: Bearer *** basic authentication"


def test_fields_and_flags_that_are_called_as_keys_are_known() -> None:
    remember_fields({"top_k": "20-a-b-c-d", "nested": [{"headers": {"Authorization": "Bearer t-98765432"}}]})
    assert redacted("20-a-b-c-d t-98765432") == "20-a-b-c-d ***"
    assert without_secret_arguments(["run", "--api-key", "k-1234567", "--token=t-7654321", "--port", "8"]) == [
        "run", "--api-key", "***", "--token=***", "--port", "8",
    ]  # fmt: skip
    assert redacted("k-1234567 t-7654321 run") == "*** *** run"


def test_errors_of_the_project_hold_no_key() -> None:
    remember("sk-123456789")
    assert str(ModelUnreachable("It said sk-123456789", model="m")) == "It said ***"
    assert str(SetupError("Bad http://u:p@h")) == "Bad http://h"


def test_pieces_that_spell_a_key_together_are_held_until_it_is_clear() -> None:
    remember("sk-sk-abc123", "abc12399x")
    rng = random.Random(3)
    whole = "so sk-sk-sk-abc123, abc1239 and abc12399x; sk-sk-abc12 end sk-"
    for _ in range(200):
        out: list[str] = []
        stream = RedactedStream(out.append)
        for piece in re.findall(f".{{1,{rng.randint(1, 9)}}}", whole):
            stream(piece)
            assert "sk-sk-abc123" not in "".join(out)
        stream.finish()
        assert "".join(out) == "so sk-***, abc1239 and ***; sk-sk-abc12 end sk-"
