"""What can be told of a message by its words alone: a greeting, a reference to what was said before, or neither.

Only what is certain is told, and only in English; of everything else nothing is known, and a model is asked.
"""

from __future__ import annotations

import re

_GREETINGS = frozenset({
    "hi", "hello", "hey", "hi there", "hello there", "hey there", "good morning", "good afternoon", "good evening",
    "good night", "how are you", "how are you today", "how are you doing", "how is it going", "hows it going", "whats up", "nice to meet you",
    "thanks", "thank you", "many thanks", "thanks a lot", "thank you very much", "thank you so much", "thx", "cheers",
    "great", "great thanks", "ok", "okay", "ok thanks", "ok thank you", "perfect", "perfect thanks", "cool", "nice", "well done",
    "bye", "goodbye", "good bye", "bye bye", "see you", "see you later", "who are you", "what are you", "what can you do",
    "hallo", "guten morgen", "guten tag", "guten abend", "danke", "vielen dank", "danke schön", "tschüss", "wie geht es dir",
    "bonjour", "bonsoir", "salut", "merci", "merci beaucoup", "au revoir", "hola", "buenos días", "buenas tardes", "gracias",
    "muchas gracias", "adiós", "ciao", "buongiorno", "grazie", "olá", "obrigado", "obrigada",
})  # fmt: skip

_BACK = re.compile(
    r"\b(?:it|its|they|them|their|theirs|he|him|his|she|her|hers|this|that|these|those|one|ones|same|former|latter|previous|"
    r"previously|earlier|above|before|again|instead|also|too|else|another|other|others|both|either|neither|such|so|there|then|"
    r"why|shorter|longer|simpler|more|less|rest|next|you|your)\b",
    re.IGNORECASE,
)
_BEGINS_BACK = re.compile(
    r"\s*(?:and|but|or|so|what about|how about|now|then|no|yes|ok|okay|plus|minus|times)\b", re.IGNORECASE
)
_ENGLISH = re.compile(r"\b(?:what|who|whose|which|when|where|how|does|compute|calculate)\b", re.IGNORECASE)
_DEFINITE = re.compile(r"\bthe\b", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_FEWEST_WORDS = 4
_MOST_JUDGED_CHARS = 400
_LONGEST_TALK_WORDS = 6


def is_small_talk(message: str) -> bool:
    """Return whether a message is nothing but a greeting, a thanks or a farewell: there is nothing to verify in a reply."""
    words = _WORD.findall(message[:_MOST_JUDGED_CHARS].casefold().replace("'", "").replace("’", ""))
    return len(words) <= _LONGEST_TALK_WORDS and "=" not in message and " ".join(words) in _GREETINGS


def refers_back(message: str) -> bool:
    """Return whether a message clearly leans on what was said before: it begins in the middle, or is hardly a word."""
    words = _WORD.findall(message[:_MOST_JUDGED_CHARS])
    if _BEGINS_BACK.match(message):
        return True
    return len(words) <= _MOST_LEANING_WORDS and _LEANING.search(message) is not None


_LEANING = re.compile(
    r"\b(?:it|its|they|them|their|he|him|his|she|her|this|that|these|those|why)\b", re.IGNORECASE
)
_MOST_LEANING_WORDS = 12


def needs_what_was_said(message: str) -> bool:
    """Return whether a message leans on what was said before and gives hardly anything itself to work on."""
    return refers_back(message) and len(_NUMBER.findall(message[:_MOST_JUDGED_CHARS])) < _FEWEST_NUMBERS


_NUMBER = re.compile(r"\d+")
_FEWEST_NUMBERS = 2


def stands_alone(message: str) -> bool:
    """Return whether a message certainly needs nothing of what was said before; False wherever that is not certain."""
    judged = message[:_MOST_JUDGED_CHARS]
    if len(message) > _MOST_JUDGED_CHARS or not judged.isascii() or not _ENGLISH.search(judged):
        return False
    if _BACK.search(judged) or _DEFINITE.search(judged) or _BEGINS_BACK.match(judged):
        return False
    return len(_WORD.findall(judged)) >= _FEWEST_WORDS
