"""What characters look like: a text spelt with the plain signs and letters that its own resemble, place by place.

A model reads a wide, styled or foreign letter much as the plain one, so marks that separate roles have to be found in such
spellings, too. Signs are told by their Unicode names and categories, letters by their decompositions and names, and those of
other scripts by a table of the common ones.

Source: Unicode Technical Standard 39, "Unicode Security Mechanisms", section 4 (skeletons of confusable strings).
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

MARK = "\u0300"
"""Stands for whatever is drawn over another character or not at all."""

_SIGNS = (
    ("<", ("LESS-THAN", "LEFT ANGLE", "LEFT DOUBLE ANGLE", "LEFT-POINTING", "LEFT ARROWHEAD", "PRECEDES", "LEFT POINTING")),
    (">", ("GREATER-THAN", "RIGHT ANGLE", "RIGHT DOUBLE ANGLE", "RIGHT-POINTING", "RIGHT ARROWHEAD", "SUCCEEDS", "RIGHT POINTING")),
    ("[", ("LEFT SQUARE", "LEFT WHITE SQUARE", "LEFT BLACK LENTICULAR", "LEFT WHITE LENTICULAR", "LEFT TORTOISE", "LEFT CORNER")),
    ("]", ("RIGHT SQUARE", "RIGHT WHITE SQUARE", "RIGHT BLACK LENTICULAR", "RIGHT WHITE LENTICULAR", "RIGHT TORTOISE", "RIGHT CORNER")),
    ("|", ("VERTICAL LINE", "VERTICAL BAR", "BROKEN BAR", "DENTAL CLICK", "DRAWINGS LIGHT VERTICAL", "DRAWINGS HEAVY VERTICAL",
           "DIVIDES", "PARALLEL TO", "DANDA")),
    ("/", ("SOLIDUS", "SLASH", "LIGHT DIAGONAL UPPER RIGHT")),
    (":", ("COLON", "RATIO", "TWO DOT PUNCTUATION", "SOF PASUQ", "ARMENIAN FULL STOP", "VISARGA")),
    ("#", ("NUMBER SIGN", "MUSIC SHARP SIGN", "VIEWDATA SQUARE")),
)  # fmt: skip
_CATEGORIES = {"Zs": " ", "Pc": "_", "Pd": "-", "Mn": MARK, "Me": MARK, "Cf": MARK}
_LETTER = re.compile(
    r".*?(?:LATIN|REGIONAL INDICATOR).*?LETTER (?:SMALL CAPITAL |DOTLESS |SCRIPT |LONG |OPEN |INSULAR )?([A-Z])(?: WITH .*)?"
)
_OTHERS = str.maketrans(
    "аᴀαɑ" "вβ" "сϲᏟ" "ԁժᏧ" "еєҽε℮" "ցɡ" "һհнᎻηԻ" "іιıӏⅼΙІᎥ" "јϳ" "кκ" "мΜМᎷ" "пոռՈΝ" "оοօഠ၀๐০Ο" "рρᏢΡ" "ԛգ" "гᴦ" "ѕꜱᏕЅႽ" "тτᴛТΤᎢ"
    "υսцՍᴜ" "ѵνᴠ" "ԝшω" "хχ" "уүγყУΥ" "ᏃΖ" "ᐸ𝈶" "ꓲΙ",
    "aaaa" "bb" "ccc" "ddd" "eeeee" "gg" "hhhhhh" "iiiiiiii" "jj" "kk" "mmmm" "nnnnn" "oooooooo" "pppp" "qq" "rr" "sssss" "tttttt"
    "uuuuu" "vvv" "www" "xx" "yyyyyy" "zz" "<<" "ii",
)  # fmt: skip


def spelt_plainly(text: str) -> str:
    """Return a text of the same length, each character being the plain one that it looks like, or itself."""
    return text if text.isascii() else "".join(map(_plain, text))


@lru_cache(maxsize=8192)
def _plain(character: str) -> str:
    if character.isascii():
        return character
    if (other := character.translate(_OTHERS)) != character:
        return other
    category = unicodedata.category(character)
    if category in _CATEGORIES:
        return _CATEGORIES[category]
    name = unicodedata.name(character, "")
    if not category.startswith("L") or "CLICK" in name or "COLON" in name:
        for sign, words in _SIGNS:
            if any(word in name for word in words):
                return sign
    base = unicodedata.normalize("NFKD", character)[:1]
    if base.isascii():
        return base
    if (other := base.translate(_OTHERS)) != base:
        return other
    letter = _LETTER.fullmatch(name)
    return letter[1].lower() if letter else character
