"""Reads a formula, in LaTeX or plain text, into a small tree. Nothing is evaluated, and everything is bounded."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from agot.reading.numbers import spelled_out

_LONGEST = 400
_MOST_TOKENS = 200
_DEEPEST = 30
_MOST_DIGITS = 100

FUNCTIONS = frozenset(
    "sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh ln log exp sqrt abs floor ceil".split()
)
CONSTANTS = {"pi": "pi", "π": "pi", "e": "e", "i": "i"}
_GREEK = frozenset(
    """alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho sigma tau upsilon
    phi varphi chi psi omega Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega""".split()
)
_SPELLINGS = (
    (re.compile(r"\\(?:left|right|displaystyle|bigl?|bigr?|mathrm|operatorname)(?![a-zA-Z])"), " "),
    (re.compile(r"\\[,;:! ]|~|\$"), " "),
    (re.compile(r"\{,\}|(?<=\d),(?=\d{3}(?!\d))"), ""),
    (re.compile(r"\\(?:cdot|times|ast)(?![a-zA-Z])|[×·⋅∙]"), "*"),
    (re.compile(r"\\div(?![a-zA-Z])|÷"), "/"),
    (re.compile(r"\\[dtc](?=(?:frac|binom)(?![a-zA-Z]))"), r"\\"),
    (re.compile(r"\*\*"), "^"),
    (re.compile(r"[−–]"), "-"),
    (re.compile(r"√"), r"\\sqrt "),
    (re.compile(r"π"), " pi "),
    (re.compile(r"\\lvert|\\rvert|\\vert|\\mid"), "|"),
)
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?|\.\d+)|\\(?P<command>[a-zA-Z]+)|(?P<word>[a-zA-Z]+)|(?P<sign>[-+*/^(){}\[\]|!_=]))"
)
_EVIDENCE = re.compile(r"\\|\^|\*\*|√|π|[\w)}]!|\b(?:sqrt|pi|sin|cos|tan|ln|log|exp)\b")
_CHEER = re.compile(r"(?<![\w\\])(?:yes|no|([^\W\d_]{4,}))[\"'”’)]?$", re.IGNORECASE)
_LETTERED = re.compile(r"(?<![^\W_])(?:\d*[a-zA-Z])(?![^\W_])")


class Node(NamedTuple):
    """One node: `number` (with its value), `variable`, `constant`, or the name of an operation with operands."""

    kind: str
    name: str = ""
    value: Fraction = Fraction(0)
    operands: tuple[Node, ...] = ()


class NotAFormula(ValueError):
    """The text is no formula that this reader knows, or one beyond the bounds."""


@lru_cache(maxsize=1024)
def formula(text: str) -> tuple[Node, ...]:
    """Return the tree of a formula, or the trees of both sides of an equation.

    Words are no formulas: several letters in a row are a product only beside LaTeX or operators.

    Raises:
        NotAFormula: If it is anything else, or longer or deeper than the bounds.
    """
    if len(text) > _LONGEST:
        raise NotAFormula("too long")
    plain = spelled_out(text)
    for pattern, spelling in _SPELLINGS:
        plain = pattern.sub(spelling, plain)
    tokens = _tokens(plain.strip().rstrip(".").strip(), products=bool(re.search(r"[\\^*/+=$]", text)))
    sides: list[list[tuple[str, str]]] = [[]]
    for token in tokens:
        if token == ("sign", "="):
            sides.append([])
        else:
            sides[-1].append(token)
    if len(sides) > 2:
        raise NotAFormula("several equals signs")
    return tuple(_Reader(side).read() for side in sides)


def looks_symbolic(text: str) -> bool:
    """Return whether a text shows signs of being a formula: LaTeX, powers, functions, single letters as variables.

    Plain arithmetic such as `8*3` does not: as an answer it may be a way and not a value.
    """
    if len(text) > _LONGEST:
        return False
    text = spelled_out(text)
    return bool(_EVIDENCE.search(text)) or bool(_LETTERED.search(text) and re.search(r"[-+*/^=\d]", text))


def unpunctuated(text: str) -> str:
    """Return the text without full stops and exclamation marks at its end; `n!` keeps its factorial."""
    bare = text.rstrip(" .!")
    cheer = _CHEER.search(bare[-80:])
    if "!" not in text[len(bare) :] or (cheer and (cheer[1] or "").casefold() not in FUNCTIONS | _GREEK):
        return bare
    return text.rstrip(" .")


def _tokens(text: str, *, products: bool) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    place = 0
    while place < len(text):
        found = _TOKEN.match(text, place)
        if found is None or len(tokens) > _MOST_TOKENS:
            raise NotAFormula("an unknown sign, or too long")
        kind = found.lastgroup or ""
        word = found[kind]
        if kind in ("word", "command"):
            tokens.extend(_words(word, command=kind == "command", products=products))
            if kind == "word" and re.match(r"\d", text[found.end() : found.end() + 1]):
                raise NotAFormula("a name with digits")
        else:
            tokens.append((kind, word))
        place = found.end()
    return tokens


def _words(word: str, *, command: bool, products: bool) -> list[tuple[str, str]]:
    lower = word if command else word.casefold() if len(word) > 1 else word
    if lower in FUNCTIONS or (lower in ("frac", "binom") and command):
        return [("function", lower)]
    if lower in CONSTANTS:
        return [("constant", CONSTANTS[lower])]
    if lower in _GREEK or (len(word) == 1 and not command):
        return [("variable", lower)]
    if command or not products or len(word) > 4:
        raise NotAFormula(f"the word {word[:20]!r}")
    return [token for letter in word for token in _words(letter, command=False, products=True)]


class _Reader:
    """Recursive descent with a bound on the depth."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens, self._place, self._depth, self._bars = tokens, 0, 0, 0

    def read(self) -> Node:
        node = self._sum()
        if self._place != len(self._tokens):
            raise NotAFormula("text after the formula")
        return node

    def _next(self) -> tuple[str, str]:
        return self._tokens[self._place] if self._place < len(self._tokens) else ("", "")

    def _take(self, *signs: str) -> str:
        kind, sign = self._next()
        if kind != "sign" or sign not in signs:
            return ""
        self._place += 1
        return sign

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise NotAFormula(f"{sign} is missing")

    def _deeper(self, read: Callable[[], Node]) -> Node:
        """Read what stands inside of something else; every recursion passes here."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise NotAFormula("too deep")
        node = read()
        self._depth -= 1
        return node

    def _sum(self) -> Node:
        node = self._deeper(self._product)
        while sign := self._take("+", "-"):
            node = Node("+" if sign == "+" else "-", operands=(node, self._deeper(self._product)))
        return node

    def _product(self) -> Node:
        node = self._signed()
        while True:
            if sign := self._take("*", "/"):
                node = Node(sign, operands=(node, self._signed()))
            elif self._begins_factor():
                right = self._power()
                mixed = _whole(node) and right.kind == "frac" and all(_whole(part) for part in right.operands)
                node = Node("+" if mixed else "*", operands=(node, right))
            else:
                return node

    def _begins_factor(self) -> bool:
        kind, word = self._next()
        if kind == "sign":
            return word in "({[" or (word == "|" and not self._bars)
        if kind == "number":  # `2 3` is no product
            return self._place > 0 and self._tokens[self._place - 1][0] != "number"
        return kind in ("variable", "constant", "function")

    def _signed(self) -> Node:
        minus = False
        while sign := self._take("-", "+"):
            minus ^= sign == "-"
        node = self._power()
        return Node("*", operands=(Node("number", value=Fraction(-1)), node)) if minus else node

    def _power(self) -> Node:
        node = self._atom()
        if self._take("!"):
            node = Node("!", operands=(node,))
        if self._take("!"):
            raise NotAFormula("a double factorial")
        if self._take("^"):
            node = Node("^", operands=(node, self._exponent()))
        return node

    def _exponent(self) -> Node:
        return self._deeper(self._signed)

    def _atom(self) -> Node:
        kind, word = self._next()
        self._place += 1
        if kind == "number":
            if len(word) > _MOST_DIGITS:
                raise NotAFormula("a number too long")
            return Node("number", value=Fraction(word))
        if kind == "constant":
            return Node("constant", word)
        if kind == "variable":
            return Node("variable", word + self._subscript())
        if kind == "function":
            return self._function(word)
        if kind == "sign" and word in "({[":
            node = self._sum()
            self._expect({"(": ")", "{": "}", "[": "]"}[word])
            return node
        if (kind, word) == ("sign", "|"):
            self._bars += 1
            node = self._sum()
            self._expect("|")
            self._bars -= 1
            return Node("abs", operands=(node,))
        raise NotAFormula("an operand is missing")

    def _subscript(self) -> str:
        if not self._take("_"):
            return ""
        braces = self._take("{")
        kind, word = self._next()
        if kind not in ("number", "variable"):
            raise NotAFormula("an index that is no number or letter")
        self._place += 1
        if braces:
            self._expect("}")
        return f"_{word}"

    def _function(self, name: str) -> Node:
        if name in ("frac", "binom"):
            return Node(name, operands=(self._short(), self._short()))
        if name == "sqrt":
            root = Node("number", value=Fraction(2))
            if self._take("["):
                root = self._sum()
                self._expect("]")
            return Node("root", operands=(self._deeper(self._atom), root))
        below: tuple[Node, ...] = ()
        if name == "log" and self._take("_"):
            below = (self._short(),)
        power = self._exponent() if self._take("^") else None
        if power is not None and power.value < 0:
            raise NotAFormula("an inverse function")
        node = Node("function", name, operands=(self._argument(), *below))
        return node if power is None else Node("^", operands=(node, power))

    def _argument(self) -> Node:
        if self._next() in (("sign", "("), ("sign", "{"), ("sign", "[")):
            return self._deeper(self._atom)
        node = self._deeper(self._power)
        while self._begins_factor() and self._next()[0] not in ("function", "sign"):
            node = Node("*", operands=(node, self._power()))
        return node

    def _short(self) -> Node:
        """Read what LaTeX takes as one argument: braces, or one digit."""
        kind, word = self._next()
        if kind == "number" and len(word) > 1 and word.isdecimal():
            self._tokens[self._place] = ("number", word[1:])
            return Node("number", value=Fraction(int(word[0])))
        return self._deeper(self._atom)


def _whole(node: Node) -> bool:
    return node.kind == "number" and node.value.denominator == 1
