"""Sums in words, one or a few operations, with the operations told in the order in which they are done."""

from __future__ import annotations

from fractions import Fraction

from training.everyday.wording import Speaker, Wordings, in_words
from training.everyday.work import Draft, Number, Work, shown

_TWO = {
    "+": Wordings("""
        [What is|What's|whats|How much is|Calculate|Compute|Work out|Tell me|] {a} [plus|+|and then plus] {b}?
        [Add|Sum up] {a} and {b}[.|]
        [What is|What's|Find|Calculate|Give me|] the sum of {a} and {b}?
        [What do you get|What do I get|What happens|What results] [if|when] [you|I] add {a} [and|to] {b}?
        {a} [plus|+] {b} [is|equals|makes] [what|how much]?
        [What number is|What is] {b} more than {a}?
        [How much|What] [do|does] {a} and {b} [make|add up to|come to] [together|]?
        [Increase|Raise] {a} by {b}[.|]
        I have {a} and add {b}. What [is|do I get as] the result?
        Put {a} and {b} together. How much [is that|do you get]?
        [can you|could you|please] add {a} and {b} [for me|]?
        sum of {a} and {b}
    """),
    "-": Wordings("""
        [What is|What's|whats|How much is|Calculate|Compute|Work out|Tell me|] {a} [minus|-|take away|less] {b}?
        [Subtract|Take] {b} from {a}[.|]
        [What is|What's|Find|Calculate|Give me|] the difference [between|of] {a} and {b}?
        [What do you get|What is left|What remains|What do I get] [if|when] [you|I] [subtract|take] {b} from {a}?
        {a} [minus|-] {b} [is|equals] [what|how much]?
        [What number is|What is] {b} less than {a}?
        [How much|How many] [is|are] left [if|when] {b} is taken from {a}?
        [Decrease|Reduce|Lower] {a} by {b}[.|]
        [Take|Remove] {b} away from {a}. What is left?
        How much [bigger|more|larger] is {a} than {b}?
        [can you|could you|please] subtract {b} from {a} [for me|]?
        By how much does {a} exceed {b}?
    """),
    "*": Wordings("""
        [What is|What's|whats|How much is|Calculate|Compute|Work out|Tell me|] {a} [times|multiplied by|x|*] {b}?
        [Multiply] {a} [by|with|and] {b}[.|]
        [What is|What's|Find|Calculate|Give me|] the product of {a} and {b}?
        [What do you get|What do I get|What results] [if|when] [you|I] multiply {a} [and|by] {b}?
        {a} [times|x|multiplied by] {b} [is|equals|makes] [what|how much]?
        [How much|What] is {b} times {a}?
        [How much|What] do {a} times {b} make?
        [product of|multiply] {a} and {b}
        [can you|could you|please] multiply {a} by {b} [for me|]?
        What are {a} [lots|groups] of {b}?
    """),
    "/": Wordings("""
        [What is|What's|whats|How much is|Calculate|Compute|Work out|Tell me|] {a} [divided by|over|/|÷] {b}?
        [Divide|Split] {a} [by|into] {b} [equal parts|].
        [What is|What's|Find|Calculate|Give me|] the quotient of {a} and {b}?
        [What do you get|What do I get|What results] [if|when] [you|I] divide {a} by {b}?
        {a} [divided by|/] {b} [is|equals] [what|how much]?
        How many times does {b} [go|fit] into {a}?
        [How often|How many times] is {b} contained in {a}?
        How many {b}s are [there |]in {a}?
        [can you|could you|please] divide {a} by {b} [for me|]?
        [One|What is one] {b}th of {a}?
    """.replace("        [One|What is one] {b}th of {a}?\n", "")),
}  # fmt: skip
_REST = Wordings("""
    [What is|What's|Find|Calculate|] the remainder [when|if] {a} is divided by {b}?
    [What is|What's|Find] the remainder of {a} divided by {b}?
    What remains [when|if] you divide {a} by {b}?
    {a} [mod|modulo] {b}
    [What is|Compute|Calculate] {a} [mod|modulo] {b}?
    [Divide {a} by {b}.|{a} is divided by {b}.] What is the remainder?
    remainder of {a} / {b}
    how much is left over when {a} is divided by {b}
""")
_MANY_SUM = Wordings("""
    [What is|What's|Find|Calculate|Give me|] the sum of {l}?
    [Add|Add up|Sum up|Sum|Total] {l}[.|]
    [What do|How much do] {l} [add up to|make together|come to|sum to]?
    [How much is|What is] {l} [together|added up|all together|in total]?
    {l}: what is the [sum|total]?
    [What is|Find] the total of {l}?
    Add [these|the following|the] numbers [together|up|]: {l}
    [Add|Put] {l} together.
""")
_FIRST = Wordings("""
    [Start|Begin|Let's start] with {n}
    Take [the number |]{n}
    [I think of|I take|I start with|My number is|I have] [the number |]{n}
    [Think of|Let's take|Imagine] [the number |]{n}
    [Start|Begin] at {n}
    Given [the number |]{n}
    [The number is|We have|You have|It is] {n}
    [Write down|Enter|Pick|Consider] {n}
""")
_THEN = {
    "+": Wordings("""
        add {n}
        add {n} [to it|to that|to the result|more]
        [plus|increase it by|raise it by] {n}
        add another {n}
        then add {n}
        put {n} on top
    """),
    "-": Wordings("""
        subtract {n}
        subtract {n} [from it|from that|from the result]
        take away {n}
        [minus|decrease it by|reduce it by] {n}
        take {n} [off|away]
        remove {n}
    """),
    "*": Wordings("""
        multiply [it |that |the result |]by {n}
        [times] {n}
        multiply by {n}
        take it {n} times
        multiply that with {n}
        multiply the result by {n}
    """),
    "/": Wordings("""
        divide [it |that |the result |]by {n}
        divide by {n}
        split it [in|into] {n} equal parts
        [divided by] {n}
        divide the result by {n}
        divide that by {n}
    """),
}  # fmt: skip
_DOUBLE = Wordings("""
    double [it|that|the result|]
    [take it|multiply it] [twice|by two]
    double the result
    multiply by two
    then double
    double what you have
""")
_HALVE = Wordings("""
    halve [it|that|the result|]
    [take|keep] half [of it|of that|]
    divide it by two
    cut it in half
    halve the result
    divide by two
""")
_END = Wordings("""
    What [is|'s] the [result|answer|final number]?
    What do [you|I] get?
    What is [it|the number|the result] now?
    How much is [it|that]?
    What number [is it|do I have|do you have|results] [now|in the end|]?
    [And the|The|Final] result?
    Give me the [result|answer|final number].
    What do I end up with?
    Where do you end up?
""")
_NOUN = (
    ("{a} plus {b}", "+"), ("the sum of {a} and {b}", "+"), ("{a} minus {b}", "-"), ("{a} times {b}", "*"), ("the product of {a} and {b}", "*"),
    ("the difference of {a} and {b}", "-"), ("{a} divided by {b}", "/"), ("{a} and {b} added", "+"), ("{a} * {b}", "*"), ("{a} + {b}", "+"),
)  # fmt: skip
_AFTER = Wordings("""
    [What is|What's|Compute|Calculate|How much is] {e}, [then |and then ]{t}?
    [What is|What's|Compute|Calculate|How much is] {e} [{u}]?
    Take {e}, then {t}. {q}
    {t} [after you|once you] [compute|have computed|calculate] {e}. {q}
    [Compute|Calculate|Work out|Find] {e}. Then {t}. {q}
    [Compute|Calculate|Work out|Find] {e}, then {t}.
    [First|First,] [compute|work out|take] {e} and then {t}. {q}
    If I take {e} and then {t}, what do I get?
    [Compute|Calculate|Work out] {e} and {t}.
""")


_NESTED = (
    ("+", Wordings("""
        [Add|Please add] {n} to {e}[.|]
        [What is|What's|How much is] {e} plus {n}?
        [What is|What's|How much is] {n} more than {e}?
        [Increase] {e} by {n}
        [What do you get|What do I get] [if|when] you add {n} to {e}?
        {e} plus {n}
        {e} and {n} more, what is [it|that]?
    """)),
    ("-", Wordings("""
        [Subtract|Take] {n} from {e}[.|]
        [What is|What's|How much is] {e} minus {n}?
        [What is|What's|How much is] {n} less than {e}?
        [Decrease|Reduce] {e} by {n}
        [What do you get|What do I get] [if|when] you [subtract|take] {n} from {e}?
        {e} minus {n}
        {e} less {n}, how much is it?
    """)),
    ("*", Wordings("""
        Multiply {e} by {n}[.|]
        [What is|What's|How much is] {e} times {n}?
        [What is|What's|How much is] {n} times {e}?
        [What do you get|What do I get] [if|when] you multiply {e} by {n}?
        {n} times {e}
        take {n} times {e}
    """)),
    ("/", Wordings("""
        Divide {e} by {n}[.|]
        [What is|What's|How much is] {e} divided by {n}?
        [What do you get|What do I get] [if|when] you divide {e} by {n}?
        Split {e} [in|into] {n} equal parts
        {e} divided by {n}
        how much is {e} over {n}
    """)),
    ("d", Wordings("""
        Double {e}[.|]
        [What is|What's|How much is] twice {e}?
        [What is|What's|How much is] [the double of|double] {e}?
        twice {e}
        [What do you get|What do I get] [if|when] you double {e}?
        Take {e} twice
    """)),
    ("h", Wordings("""
        Halve {e}[.|]
        [What is|What's|How much is] half [of|] {e}?
        half of {e}
        [Take|Give me|Find] half of {e}
        [What do you get|What do I get] [if|when] you halve {e}?
        cut {e} in half
    """)),
)  # fmt: skip
_SIGNS = (
    ("plus", "+"), ("plus", "+"), ("minus", "-"), ("times", "*"), ("+", "+"), ("-", "-"), ("*", "*"), ("x", "*"), ("multiplied by", "*"),
)  # fmt: skip
_SPOKEN = Wordings("""
    [What is|What's|whats|How much is|] {e}?
    [calc|calculate|compute|eval|evaluate|work out|solve][:|] {e}
    [Can you|Could you|Please] [compute|calculate|work out] {e}[?|]
    {e} [is what|equals what|makes what]?
    [Tell me|Give me|I need] {e}
    What does {e} [come to|make|equal|give]?
    what do I get for {e}
""")


def nested(s: Speaker) -> Draft:
    """Return an operation on the result of another, or a chain of operations in words, those of rank first."""
    work = Work()
    if s.chance(0.4):
        a, b = s.between(2, s.one((12, 40))), s.between(2, 12)
        (one, first), (two, second) = s.one(_SIGNS), s.one(_SIGNS)
        c = s.between(2, 12)
        if second == "*" and first != "*":
            inner = work.add("", b, "*", c)
            work.add("", a, first, inner)
        else:
            if first == "-" and a < b:
                a, b = b, a
            last = work.add("", a, first, b)
            work.add("", last, second, c)
        if work.last < 0:
            return nested(s)
        told = f"{_written(s, a)} {one} {_written(s, b)} {two} {_written(s, c)}"
        return Draft(s.say(_SPOKEN, e=told), work, complete=False)
    kind, bank = s.one(_NESTED)
    # "half of 3 plus 5" can be read in two ways, "half of the sum of 3 and 5" in one
    clear = [one for one in _NOUN if "added" not in one[0] and (kind in "+-" or one[0].startswith("the "))]
    name, sign = s.one(clear)
    a, b = s.between(2, s.one((12, 40, 99))), s.between(2, 12)
    if sign == "/":
        a *= b
    if sign == "-" and a < b:
        a, b = b, a
    if kind in "dh" and s.chance(0.5):
        value = s.between(2, s.one((20, 99, 500))) * 2
        last: int | str = value
        told = _written(s, value)
    else:
        last = work.add("", a, sign, b)
        told = name.replace("{a}", _written(s, a)).replace("{b}", _written(s, b))
    value = int(work.value(last))
    n = s.between(2, s.one((9, 12)))
    if (kind == "-" and value <= n) or (kind == "h" and value % 2):
        return nested(s)
    if kind == "/":
        sizes = [size for size in range(2, 13) if value and value % size == 0]
        if not sizes:
            return nested(s)
        n = s.one(sizes)
    text = s.say(bank, e=told, n=_written(s, n))
    last = work.add("", last, {"d": "*", "h": "/"}.get(kind, kind), 2 if kind in "dh" else n)
    if text[-1] not in "?" and s.chance(0.4):
        then, _ = _next(s, work, last)
        text = text.rstrip(".") + s.one((" and ", ", then ", " and then ", ". Then ", ", and ")) + then
        if s.chance(0.5):
            text += f". {s.say(_END)}"
    return Draft(text, work, complete=False)


def _pair(s: Speaker) -> tuple[Number, str, Number]:
    sign = s.one("++--***//")
    high = s.one((12, 20, 99, 99, 500, 2000))
    if sign in "+-":
        a, b = s.between(0, high), s.between(0, high)
        return (max(a, b), sign, min(a, b)) if sign == "-" and s.chance(0.9) else (a, sign, b)
    if sign == "*":
        return s.between(2, s.one((12, 12, 30, 99))), sign, s.between(2, s.one((9, 12, 25)))
    b = s.between(2, 12)
    return b * s.between(1, s.one((12, 12, 40))), sign, b


def _written(s: Speaker, number: Number) -> str:
    if isinstance(number, int) and 0 <= number < 1000 and s.spelled and s.chance(s.spelled):
        return in_words(number)
    return shown(number)


def pairs(s: Speaker) -> Draft:
    """Return one operation in words."""
    work = Work()
    if s.spelled == 0.3:
        s.spelled = 1.0
    chance = s.rng.random()
    if chance < 0.10:
        b = s.between(2, 12)
        q, r = s.between(1, 15), s.between(0, b - 1)
        whole = work.add("", q, "*", b)
        work.add("rest", q * b + r, "-", whole)
        return Draft(s.say(_REST, a=_written(s, q * b + r), b=_written(s, b)), work, complete=False)
    if chance < 0.25:
        numbers = [s.between(1, s.one((12, 30, 99, 300))) for _ in range(s.between(3, 5))]
        last: int | str = numbers[0]
        for number in numbers[1:]:
            last = work.add("sum", last, "+", number)
        texts = [_written(s, number) for number in numbers]
        listing = ", ".join(texts[:-1]) + s.one((" and ", " and ", ", ", ", and ")) + texts[-1]
        return Draft(s.say(_MANY_SUM, l=listing), work, complete=False)
    a, sign, b = _pair(s)
    if chance < 0.37:
        if sign in "+-":
            scale = s.one((10, 10, 100, 2))
            a, b = Fraction(s.between(1, 40 * scale), scale), Fraction(s.between(1, 20 * scale), scale)
            a, b = (max(a, b), min(a, b)) if sign == "-" else (a, b)
        elif sign == "/":
            b = s.one((2, 4, 5, 10))
            a = s.between(1, 60)
        else:
            a = Fraction(s.between(1, 60), 2 if s.chance(0.5) else 10)
    work.add("", a, sign, b)
    return Draft(s.say(_TWO[sign], a=_written(s, a), b=_written(s, b)), work, complete=False)


def _next(s: Speaker, work: Work, last: Number | str) -> tuple[str, str]:
    """Add an operation on the last result; return its phrase and the result."""
    value = int(work.value(last))
    chance = s.rng.random()
    if chance < 0.12:
        return s.say(_DOUBLE), work.add("", last, "*", 2)
    if chance < 0.24 and value % 2 == 0 and value:
        return s.say(_HALVE), work.add("", last, "/", 2)
    if chance < 0.5:
        n = s.between(1, s.one((9, 20, 99)))
        return s.say(_THEN["+"], n=_written(s, n)), work.add("", last, "+", n)
    if chance < 0.74 and value > 1:
        n = s.between(1, min(value, s.one((9, 20, 99))))
        return s.say(_THEN["-"], n=_written(s, n)), work.add("", last, "-", n)
    if chance < 0.88 and value < 300:
        n = s.between(2, 10)
        return s.say(_THEN["*"], n=_written(s, n)), work.add("", last, "*", n)
    sizes = [n for n in range(2, 11) if value % n == 0 and value]
    if not sizes:
        return s.say(_DOUBLE), work.add("", last, "*", 2)
    n = s.one(sizes)
    return s.say(_THEN["/"], n=_written(s, n)), work.add("", last, "/", n)


def walks(s: Speaker) -> Draft:
    """Return a few operations told one after another."""
    work = Work()
    if s.chance(0.4):
        noun, sign = s.one(_NOUN)
        a, _, b = _pair(s)
        a, b = int(a), int(b)
        if sign == "/":
            b = max(2, b % 12)
            a = b * s.between(1, 12)
        elif sign == "*":
            a, b = a % 40 + 1, b % 12 + 1
        a, b = (max(a, b), min(a, b)) if sign == "-" else (a, b)
        last = work.add("", a, sign, b)
        text, last = _next(s, work, last)
        words = {
            "double it": "doubled",
            "halve it": "halved",
            "double that": "doubled",
            "halve that": "halved",
        }
        told = noun.replace("{a}", _written(s, a)).replace("{b}", _written(s, b))
        question = s.say(_AFTER, e=told, t=text, q=s.say(_END), u=words.get(text, f"and then {text}"))
        return Draft(question.replace("[", "").replace("]", ""), work, complete=False)
    value = s.between(1, s.one((12, 30, 99)))
    last_: int | str = value
    opening = s.say(_FIRST, n=_written(s, value))
    phrases = []
    for _ in range(s.one((1, 2, 2, 2, 3, 3, 4))):
        text, last_ = _next(s, work, last_)
        phrases.append(text.removeprefix("then "))
    link = s.one((", ", ". Then ", " and ", ". Now ", ", then "))
    body = f"{opening}{link}{phrases[0]}"
    for text in phrases[1:]:
        joint = s.one(
            (
                ", then ",
                ", ",
                " and then ",
                " and ",
                ". Then ",
                ". After that, ",
                ". Next, ",
                ", and finally ",
            )
        )
        body += joint + text
    text = f"{body}. {s.say(_END)}" if s.chance(0.85) else body
    if s.chance(0.08):
        text = f"What do you get if you {text[:1].lower()}{text[1:].split('. What')[0].split('. How')[0]}?"
    return Draft(text, work, complete=False)
