"""What kind of reply a question asks for, told from its wording alone.

A closed question has one short value as its answer: it can be reasoned out first and compared with other answers after.
Anything else is answered in full, in the form that was asked for, exactly as the model writes it. Where the wording
leaves a doubt the kind is "text": then the model is asked the question as it stands, which is never worse than asking it
directly.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

KindName = Literal["number", "formula", "choice", "truth", "list", "value", "fact", "code", "table", "json", "text"]

_HEAD, _TAIL = 6_000, 2_000
"""Characters of a long question that are looked at: its beginning and its end."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of reply.

    Attributes:
        name: "number", "formula" (a mathematical expression), "choice" (a letter), "truth" (yes or no), "list" (one
            that is worked out from given items), "value" (a short answer of another form), "fact" (something that is
            known rather than worked out), "code", "table", "json" or "text".
        form: How the end of a worked reply shows its answer, such as "N"; "" for kinds that are not closed.
    """

    name: KindName
    form: str = ""

    @property
    def closed(self) -> bool:
        """One short value is asked for, so answers can be compared and voted on."""
        return bool(self.form)

    @property
    def reasoned(self) -> bool:
        """The value has to be worked out; a fact is known or not."""
        return self.closed and self.name != "fact"


NUMBER = Kind("number", "N")
FORMULA = Kind("formula", "\\boxed{...}")
CHOICE = Kind("choice", "(X)")
TRUTH = Kind("truth", 'yes" or "The answer is no')
LIST = Kind("list", "[...]")
VALUE = Kind("value", "...")
FACT = Kind("fact", "...")
CODE, TABLE, JSON, TEXT = Kind("code"), Kind("table"), Kind("json"), Kind("text")

_I = re.IGNORECASE
_POLITE = (
    r"^\W{0,3}(?:(?:hi|hello|hey)\b[^.,!\n]{0,20}[.,!]\s)?(?:please,? |now |(?:can|could|would|will) you (?:please )?|"
    r"i (?:want|need|would like|'d like) (?:you )?(?:to )?|help me (?:to )?|let'?s )?"
)
_OPENS = re.compile(
    _POLITE + r"(?:write|explain|describe|summari[sz]e|discuss|compose|draft|translate|rewrite|rephrase|paraphrase|"
    r"brainstorm|suggest|recommend|outline|plan|design|create|generate|compare|analy[sz]e|review|improve|correct|proofread|"
    r"edit|make|build|prepare|tell (?:me|us)|teach|show me how|walk me|elaborate|argue|imagine|act as|pretend|"
    r"(?:give|list|name|provide|propose|invent|come up with)\b)", _I
)  # fmt: skip
_EXPLAINS = re.compile(
    _POLITE + r"(?:why\b|how (?:do|does|did|can|could|should|would|to|is|are|was|were|come)\b|"
    r"what(?:'s| is| are| was| were)? (?:the |some |your )?(?:\w+ )?(?:differences?|advantages?|disadvantages?|benefits?|pros|"
    r"drawbacks?|steps?|causes?|reasons?|ways?|tips?|examples?|meaning|purpose|role|effects?|consequences?|best way|"
    r"opinion|thoughts?|ideas?|history|story|plot|concept|theory|process|impact|importance|significance|relationship|"
    r"structure|philosophy|future|secret)\b|what (?:should|would|do you|can) |what (?:happens|happened|makes)\b|"
    r"what (?:are|were)\b|what(?:'s| is) (?:wrong|it like|the matter)\b|what (?:\w+ )?\w+s (?:are|were)\b|"
    # What a name or a word alone stands for is told in sentences.
    r"(?:what|who)(?:['’]s| is| was| were) (?!the\b)(?:an? )?[\w-]+(?: [\w-]+){0,2}\W*$)", _I
)  # fmt: skip
_ADVISES = re.compile(
    r"\b(?:should|shall|can|could|may|would) (?:i|we|you)\b|(?:^|[.!?\n]\s{0,3})(?:why|how (?:do|does|did|can|could|should|"
    r"would|to|come))\b|\b(?:are|were|do|did|have|who are|what are) you\b|\bis (?:it|this|that) (?:a |an )?(?:\w+ )?(?:good|bad|ok|"
    r"okay|safe|worth|better|wise|normal|right|fair|ethical)\b|\b(?:is|are) there (?:any|an?|some)\b|"
    r"\bwhat(?:'s| is) (?:wrong|the (?:matter|problem))\b|\bwhat (?:do|does|did)\b[^?\n]{0,100}\bmean\b|"
    r"\bwhich (?:one )?(?:is|are) (?:better|best)\b|\b(?:best|easiest|good|cheapest) (?:way|time|place|\w+ (?:to|for))\b", _I
)  # fmt: skip
_ARGUES = re.compile(
    _POLITE + r"(?:prove|show that|show why|verify that|derive|explain|describe|discuss|write an?|what does|tell)\b", _I
)
_CODE_WANTED = re.compile(
    r"\b(?:write|implement|create|complete|code|develop|generate|give|show|refactor|fix|debug|rewrite|optimi[sz]e|make|need)\b"
    r"[^.?!\n]{0,80}\b(?:functions?|methods?|class(?:es)?|scripts?|programs?|quer(?:y|ies)|regex(?:es)?|regular expressions?|"
    r"unit tests?|algorithms?|code|snippets?|api|endpoint|makefile|dockerfile|html|css|sql|component|one-liner|bash)\b", _I
)  # fmt: skip
_UNFINISHED_CODE = re.compile(r"^\s*(?:@\w[^\n]*\n|from \w|import \w|async def |def |class |#include|public |fn |func |function )")
_TABLE_WANTED = re.compile(r"\b(?:in|as|into|make|draw|create|give|write|build|show|with)\b[^.?!\n]{0,40}\btable\b(?! tennis)", _I)
_JSON_WANTED = re.compile(
    r"\b(?:as|in|into|return|output|give|reply with|respond with|answer with|valid|only|produce|write|generate|create|"
    r"with)\b[^.?!\n]{0,40}\b(?:json|yaml|xml|csv)\b", _I
)  # fmt: skip
_OPTION = re.compile(r"(?:^|[\s,])\(?([A-K])[.):]\s{0,3}(?=\S)")
_OPTIONS_NAMED = re.compile(r"(?:^|\n)\s*(?:options|choices|answer choices)\s*:", _I)
_TRUTH = re.compile(
    r"(?:^|[.!:\n]\s{0,3})(?:is|are|was|were|do|does|did|can|could|has|have|had|will|would|should|must|may)\s[^.?\n]{2,400}\?\s*$", _I
)  # fmt: skip
_TRUTH_WANTED = re.compile(r"\b(?:yes or no|yes/no|true or false|true/false|valid or invalid)\b", _I)
_ASKED_A_FAVOUR = re.compile(r"(?:^|[.!?,;:\n]\s{0,3})(?:please )?(?:can|could|would|will|do) you\b[^?\n]*\?", _I)
_ITEMS = re.compile(r"[\[{]\s{0,3}['\"]?[\w.-]{1,40}['\"]?\s{0,3}(?:,\s{0,3}['\"]?[\w.-]{1,40}['\"]?\s{0,3}){1,200}[\]}]")
_LIST_WORK = re.compile(
    r"\b(?:sort|reverse|filter|remove|append|swap|rotate|deduplicate|alphabeti\w{1,6}|concatenate|"
    r"(?:add|multiply|subtract|double|square|keep|take)\b[^.\n]{0,40}\b(?:each|every|all|those|elements?|numbers?|items?))\b", _I
)  # fmt: skip
_SORTS = re.compile(r"\b(?:sort|order|arrange)\b[^.?\n]{0,60}\b(?:words?|names?|numbers?|items?|following)\b[^\n]{0,40}:", _I)
_QUANTITY = re.compile(
    r"\bhow (?:many|much|far|old|fast|tall|heavy|long|big|deep|high|wide|often)\b|\bwhat (?:number|percent(?:age)?|fraction)\b"
    r"|\bwhat(?:['’]s| is| was| are| were| will be| would be)\b[^?\n]{0,200}\b(?:number|total|sum|cost|price|amount|average|mean|"
    r"median|percent\w*|area|volume|perimeter|speed|distance|product|difference between|remainder|profit|salary|score|ages?|"
    r"weight|length|height|value|probability|more than|less than|times|half|quarter|third)\b", _I
)  # fmt: skip
_THE_VALUE = r"the\b(?! (?:\w+ )?(?:best|bugs?|errors?|mistakes?|faults?|causes?|reasons?|factors? (?:that|behind))\b)"
_WORKED = re.compile(
    _POLITE + r"(?:(?:compute|calculate|simplify|work out|what(?:['’]s| is)(?= ?\(?-?\d))\b|evaluate (?:the (?:following )?"
    r"(?:expression|integral|sum|limit|product|value|determinant|function)\b|[^a-z\s]|\S{0,20}\d)|"
    rf"determine (?:{_THE_VALUE}|how|what|whether|if|all)|find (?:{_THE_VALUE}|all|how|what|[a-z]\b(?! )|[^a-z\s])|"
    r"solve (?!(?:this|the|my|a) (?:riddle|puzzle|mystery|problem))|count (?:the|how|all)\b)", _I
)  # fmt: skip
_EXPRESSION = re.compile(
    r"\d\s{0,3}(?:[+*/×÷^%]|\*\*|\s-\s|\b(?:plus|minus|times|divided by|multiplied by|mod(?:ulo)?)\b)\s{0,3}[-(\d]|\)\s?[-+*/]\s?[\d(]",
    _I,
)
_FORMULA = re.compile(
    r"\\(?:frac|sqrt|sum|int|boxed|cdot|times|le|ge|ldots|pi|binom|begin|left|overline|angle|mathbb|text|log|sin|cos|tan|"
    r"circ|infty|lfloor|lceil|pmod|equiv|theta|alpha|triangle|dots|cdots)(?![a-z])|\$[^$\s\d.][^$\n]{0,200}\$"
    r"|\$\d[^$\n]{0,40}[\\^_=][^$\n]{0,100}\$|\[asy\]|\bsolve for \w\b|\bf\(\w\)\s?=|\b[xyz]\s?\^\s?\d", _I
)  # fmt: skip
_CALCULATES = re.compile(rf"\b(?:calculate|compute|work out|(?:find|determine) (?:{_THE_VALUE}|how))\b", _I)
_SENTENCE_END = re.compile(r"[.!?]\s+(?=[A-Z\"'(])")
_UNENDED = re.compile(r"(?:\b(?:is|are|to|equals)|=)\s*$", _I)
_FORMAT_STATED = re.compile(
    r"\byour (?:response|output|reply|final answer) (?:should|must)\b|\b(?:following|this) (?:exact )?format\b|"
    r"\b(?:as well as|include|show|list)\b[^.\n]{0,60}\b(?:intermediate|each) (?:states?|steps?)\b", _I
)  # fmt: skip
_ASKS = re.compile(r"\b(?:who|whom|whose|what|which|when|where|how)\b[^?\n]*\?|\?\s*$", _I)
_NUMERAL = re.compile(
    r"\d+|\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|hundred|thousand|"
    r"half|twice|double|triple|quarter|dozen|each)\b", _I
)  # fmt: skip
_WORD = re.compile(r"\w+")
_KNOWN_WORDS, _STORY_WORDS = 30, 12
"""A longer question is not about a single fact; one about a quantity tells a story from fewer words on."""


@lru_cache(maxsize=1024)
def kind_of_reply(question: str, material: str = "") -> Kind:
    """Return the kind of reply that a question asks for.

    Args:
        question: The question proper.
        material: What was given with it; a question about given material is worked out, not known.
    """
    text = question.strip()
    if len(text) > _HEAD + _TAIL:
        text = f"{text[:_HEAD]}\n{text[-_TAIL:]}"
    return _with_options(text) or _form_wanted(text) or _closed_kind(text, material) or TEXT


def _with_options(text: str) -> Kind | None:
    """Return the kind of a question that gives the possible answers, None if it does not."""
    letters = _OPTION.findall(text)
    count = next((i for i, letter in enumerate(letters) if letter != "ABCDEFGHIJK"[i % 11]), len(letters))
    first, named = _OPTION.search(text), _OPTIONS_NAMED.search(text)
    asks_more = first is not None and "?" in text[first.end() :]
    if (count >= 3 and not asks_more and not _OPENS.search(text)) or (count >= 2 and named):
        return CHOICE
    return VALUE if named else None


def _form_wanted(text: str) -> Kind | None:
    """Return the kind whose form the text names, if it names one."""
    if _JSON_WANTED.search(text):
        return JSON
    if _CODE_WANTED.search(text) or _UNFINISHED_CODE.search(text):
        return CODE
    if _TABLE_WANTED.search(text):
        return TABLE
    return TEXT if _FORMAT_STATED.search(text) else None


def _closed_kind(text: str, material: str) -> Kind | None:
    """Return the kind of a question that has one short answer, None if it is none."""
    words, numerals = len(_WORD.findall(text)), len(_NUMERAL.findall(text))
    if _FORMULA.search(text) and not (_EXPLAINS.search(text) or _ARGUES.search(text)):
        return FORMULA
    if _ITEMS.search(text) and _LIST_WORK.search(text):
        return LIST
    if _EXPRESSION.search(text) and "=" not in text and words <= _KNOWN_WORDS:
        return NUMBER
    if _WORKED.search(text) and numerals:
        return NUMBER if _QUANTITY.search(text) or _EXPRESSION.search(text) else VALUE
    if _SORTS.search(text) or _UNENDED.search(text):
        return VALUE
    if _CALCULATES.search(text) and numerals > 1 and not _OPENS.search(text):
        return NUMBER
    if _OPENS.search(text) or _EXPLAINS.search(text) or _ASKED_A_FAVOUR.search(text):
        return None
    if _QUANTITY.search(text) and (numerals > 1 or material or words > _STORY_WORDS):
        return NUMBER
    if _ADVISES.search(text) and not _TRUTH_WANTED.search(text):
        return None
    if _TRUTH_WANTED.search(text) or (_TRUTH.search(text) and (material or numerals or words > _KNOWN_WORDS)):
        return TRUTH
    if not _ASKS.search(text):
        return None
    told = material or numerals > 1 or "\n" in text or _SENTENCE_END.search(text)
    return VALUE if told or words > _KNOWN_WORDS else FACT
