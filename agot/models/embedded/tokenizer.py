"""Text to token ids and back for the embedded model: frequent words whole, everything else by characters.

The vocabulary is a fixed list. Words of the question templates are one token each, with or without the
space before them; names, list items and numbers, which the model has to look into, are spelled out
character by character, digits always one at a time. Whatever is outside printable ASCII is spelled as
UTF-8 bytes. Every text therefore has exactly one encoding, and decoding it gives the same text back.

Special tokens have no spelling: no text, whatever it contains, encodes to one of them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

MODES: tuple[str, ...] = ("direct", "chain", "plan", "decline", "verify", "synth", "calc")
"""Names of the mode tokens, in the order of their ids."""

PAD, START, ASK, END = 0, 1, 2, 3
"""Ids of padding, `<s>` (begins a sequence), `<a>` (ends the user text) and `<e>` (ends the output)."""

FIRST_MODE = 4
"""Id of the first mode token; mode `MODES[i]` has the id `FIRST_MODE + i`."""

SPECIALS: tuple[str, ...] = ("<pad>", "<s>", "<a>", "<e>", *(f"<{mode}>" for mode in MODES))
"""Names of the special tokens, by id; they are labels and never appear in any text."""

_CHARACTERS = tuple("\n" + "".join(chr(code) for code in range(32, 127)))
# Joints of worked solutions and lists. Nothing that could end a prefilled output is joined, or the prefix
# would be spelled in a way that the model never saw.
_SYMBOLS = (" -> ", ", ")
_FIRST_CHARACTER = len(SPECIALS)
_FIRST_BYTE = _FIRST_CHARACTER + len(_CHARACTERS)
# Bytes that printable ASCII and the newline do not cover.
_BYTES = tuple(code for code in range(256) if not (32 <= code < 127 or code == 10))
_FIRST_SYMBOL = _FIRST_BYTE + len(_BYTES)
_FIRST_WORD = _FIRST_SYMBOL + len(_SYMBOLS)

# A run of letters, with the one space before it, is looked up as a whole. A run beside a quotation mark or
# a digit is material the model must see letter by letter ("reverse 'table'"), so it is never one token.
_PIECES = re.compile(r" -> |, (?=[^A-Za-z ])| ?(?<![A-Za-z0-9'\"_])[A-Za-z]+(?![A-Za-z0-9'\"_])|.", re.DOTALL)


class Tokenizer:
    """Encodes text with a fixed word list.

    Args:
        words: Word tokens in id order; each is letters only, optionally after one space.

    Raises:
        ValueError: A word is not of that form, is a single character, or appears twice.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self._ids: dict[str, int] = {text: _FIRST_CHARACTER + i for i, text in enumerate(_CHARACTERS)}
        self._byte_ids = {code: _FIRST_BYTE + i for i, code in enumerate(_BYTES)}
        self._ids.update({text: _FIRST_SYMBOL + i for i, text in enumerate(_SYMBOLS)})
        for position, word in enumerate(self.words):
            if not re.fullmatch(r" ?[A-Za-z]+", word) or len(word) < 2:
                raise ValueError(f"not a word token: {word!r}")
            if word in self._ids:
                raise ValueError(f"word token listed twice: {word!r}")
            self._ids[word] = _FIRST_WORD + position
        self._spelling: list[bytes] = [b""] * _FIRST_CHARACTER
        self._spelling += [text.encode("ascii") for text in _CHARACTERS]
        self._spelling += [bytes([code]) for code in _BYTES]
        self._spelling += [text.encode("ascii") for text in _SYMBOLS]
        self._spelling += [word.encode("ascii") for word in self.words]
        # Pieces seen before, so that a word costs one dictionary look-up.
        self._known: dict[str, tuple[int, ...]] = {text: (token,) for text, token in self._ids.items()}

    @classmethod
    def load(cls, path: Path) -> Tokenizer:
        """Read the word list from a vocabulary file written by `save`.

        Raises:
            OSError: The file cannot be read.
            ValueError: The file is no vocabulary file.
        """
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict) or document.get("specials") != list(SPECIALS):
            raise ValueError(f"{path} is not a vocabulary file of this version")
        return cls(document["words"])

    def save(self, path: Path) -> None:
        """Write the word list as JSON, with the special tokens' names as a check of the version."""
        document = {"specials": list(SPECIALS), "words": list(self.words)}
        path.write_text(json.dumps(document, indent=0) + "\n", encoding="utf-8")

    @property
    def size(self) -> int:
        """Number of token ids."""
        return len(self._spelling)

    def mode_id(self, mode: str) -> int:
        """Return the id of a mode token.

        Raises:
            ValueError: There is no such mode.
        """
        if mode not in MODES:
            raise ValueError(f"unknown mode {mode!r}; known are {', '.join(MODES)}")
        return FIRST_MODE + MODES.index(mode)

    def encode(self, text: str) -> list[int]:
        """Return the token ids of a text; never a special token."""
        known = self._known
        tokens: list[int] = []
        for piece in _PIECES.findall(text):
            ids = known.get(piece)
            tokens.extend(self._spell(piece) if ids is None else ids)
        return tokens

    def decode(self, tokens: Iterable[int]) -> str:
        """Return the text of token ids; special tokens are left out, broken UTF-8 becomes U+FFFD."""
        spelling = self._spelling
        return _text(b"".join([spelling[token] for token in tokens]))

    def spelling(self, token: int) -> bytes:
        """Return the UTF-8 bytes that one token stands for (none for a special token)."""
        return self._spelling[token]

    def _spell(self, piece: str) -> tuple[int, ...]:
        tokens: list[int] = []
        for character in piece:
            token = self._ids.get(character)
            if token is not None:
                tokens.append(token)
            else:
                # Lone surrogates are no valid UTF-8; passing them through keeps the round trip exact.
                tokens.extend(self._byte_ids[code] for code in character.encode("utf-8", "surrogatepass"))
        ids = tuple(tokens)
        if len(self._known) < 50_000 and len(piece) < 24:
            self._known[piece] = ids
        return ids


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace")


class TextStream:
    """Turns tokens into text as they come, holding back a character whose bytes are not complete yet."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._pending = b""

    def push(self, token: int) -> str:
        """Return the text that this token completes, perhaps none."""
        data = self._pending + self._tokenizer.spelling(token)
        if data.isascii():
            self._pending = b""
            return data.decode("ascii")
        for cut in range(len(data), max(len(data) - 4, 0), -1):
            # The longest prefix that ends on a character boundary is given out.
            if _complete(data[:cut]):
                self._pending = data[cut:]
                return _text(data[:cut])
        if len(data) > 3:
            self._pending = b""
            return _text(data)
        self._pending = data
        return ""

    def flush(self) -> str:
        """Return what is held back, as replacement characters where it is incomplete."""
        data, self._pending = self._pending, b""
        return _text(data)


def _complete(data: bytes) -> bool:
    try:
        data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return False
    return True
