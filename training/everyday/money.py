"""Prices, change, discounts, wages, ages and percentages, as people ask about them."""

from __future__ import annotations

from fractions import Fraction

from training.everyday.things import KEPT, PEOPLE, PLACES
from training.everyday.wording import Speaker, Wordings
from training.everyday.work import Draft, Number, Work

_GOODS = """book pen shirt hat notebook cup lamp toy ball bag mug candle sandwich pizza ticket poster cap belt umbrella bowl
towel ruler cake coffee juice burger salad magazine game puzzle phone jacket sweater bike chair table watch backpack
pencil sticker muffin donut apple banana plant vase pillow blanket racket scarf tie keyboard mouse cable charger
milk bread cheese tea soup ice_cream popcorn taco sundae smoothie bracelet necklace ring perfume comic DVD""".split()
_PLURAL = {"sandwich": "sandwiches", "watch": "watches", "mouse": "mice", "scarf": "scarves", "milk": "bottles of milk", "dish": "dishes",
           "bread": "loaves of bread", "cheese": "pieces of cheese", "tea": "cups of tea", "soup": "bowls of soup",
           "ice_cream": "ice creams", "popcorn": "bags of popcorn", "juice": "juices", "perfume": "perfumes"}  # fmt: skip


def _good(s: Speaker) -> tuple[str, str]:
    """Return the singular and the plural of something to buy."""
    word = s.one(_GOODS)
    return word.replace("_", " "), _PLURAL.get(word, f"{word}s")


def a(noun: str) -> str:
    """Return the noun with its indefinite article."""
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


_PRICE = Wordings("""
    {One} costs {p}. How much do {m} [{g} |]cost?
    {A} buys {m} {g} [for|at] {p} each. How much does {A} [pay|spend|have to pay] [in total|altogether|]?
    {A} buys {m} {g}. Each [{1}|one] costs {p}. [How much does {A} pay|What is the total price|How much is that|What do they cost] [in total|altogether|]?
    How much do {m} {g} cost if one [{1} |]costs {p}?
    What is the [price|cost|total] of {m} {g} at {p} each?
    {m} {g} at {p} each: how much is that?
    If {one} [costs|is] {p}, how much are {m} {g}?
    One {1} is {p}. What [will|do] {m} [of them |{g} |]cost?
    {A} sells {m} {g} for {p} each. How much money does {A} [get|make|earn]?
    {A} [earns|makes|gets] {p} [an|per|every] hour [and works {h} hours|. {A} works {h} hours]. How much does {A} [earn|make] [in total|]?
    {A} [saves|gets|earns] {p} [every|a|each|per] week. How much [is that|does {A} have|money is it] [after|in] {h} weeks?
    A ticket costs {p}. How much do {h} people pay [in total|together|]?
    I want to buy {m} {g}. One costs {p}. How much [money |]do I need?
    {A} needs {m} {g} [that|which] cost {p} each. How much [money |]does {A} need?
    [At|For] {p} an hour, how much does {A} earn in {h} hours?
    The price of {one} is {p}. How much must {A} pay for {m}?
""")
_PAYS = Wordings("""
    {He} pays with a {b} [bill|note|banknote]. How much change does {he} get [back|]?
    {He} pays with {b}. How much change [does {he} get|is there]?
    {He} gives the [cashier|seller|clerk] {b}. How much [change |money |]does {he} get back?
    {A} hands over {b}. What is the change?
    {A} has {b}. How much [money |]is left [after that|afterwards|]?
    {He} had {b}. How much [money |]does {he} have [left|now]?
    How much change does {he} get from a {b} [bill|note]?
    How much is left from {b}?
    What change does {he} get [back |]from {b}?
""")
_BUYS = Wordings("""
    {A} buys {x} for {p} and {y} for {q}.
    {A} buys {x} for {p} and {y} for {q}.
    {A} buys {x} ({p}) and {y} ({q}).
    {A} [gets|orders|wants] {x} for {p} and {y} for {q}.
    {A} spends {p} on {x} and {q} on {y}.
    {X} costs {p} and {y} costs {q}. {A} buys both.
    {A} [bought|purchased] {x} for {p} and {y} for {q}.
    {X} is {p}, {y} is {q}. {A} takes both.
    At the [store|shop|market], {A} buys {x} for {p} and {y} for {q}.
    {A} pays {p} for {x} and {q} for {y}.
""")
_HOW_MUCH = Wordings("""
    How much does {A} [pay|spend|have to pay] [in total|altogether|]?
    How much [is that|do they cost|does it cost|is it] [in total|together|altogether|]?
    What is the total [price|cost|]?
    How much [money |]does {A} [need|spend|pay]?
    What does {A} pay [in total|]?
    What [is|was] the total?
    How much [did|does] {A} [spend|pay] [in total|altogether|]?
    How much money is that [altogether|in total]?
""")
_SIMPLE = Wordings("""
    {A} has {b} and [buys {x} for {p}|spends {p} [on {x}|]|pays {p} for {x}]. How much [money |]does {A} have [left|now]?
    {X} costs {p}. {A} pays with a {b} [bill|note]. How much [change|money] does {A} get [back|]?
    {A} [buys|gets] {x} for {p} and pays with {b}. How much change does {A} get?
    I have {b} and [buy|want to buy] {x} for {p}. How much [money |]do I have left?
    {A} pays {p} with a {b} [bill|note|banknote]. [What is the change|How much change is that]?
    What is the change from {b} [when|if] {x} costs {p}?
    {X} costs {b}. {A} [has|saved] [only |]{p}. How much [more |money ][does {A} need|is missing]?
    {X} cost {b}. Now it is {p} [cheaper|less]. [What does it cost|How much is it|What is the price] now?
    {X} costs {b} and is reduced by {p}. What [does it cost|is the new price] [now|]?
    {A} wants {x} that costs {b} but has only {p}. How much more does {A} need [to save|]?
    {A} had {b}. After buying {x}, {A} has {p} left. How much did [the {1}|it] cost?
    {A} gave the cashier {b} for {x} that costs {p}. How much [change|money] comes back?
    There is {b} in {A}'s wallet. {A} spends {p}. How much is left?
    {A} owes {b} and pays back {p}. How much does {A} still owe?
""")
_UP = Wordings("""
    {A} has {p} and [gets|earns|finds|saves] {b} more. How much [money |]does {A} have [now|]?
    {X} costs {p}. The price goes up by {b}. [What does it cost|How much is it] now?
    {A} saved {p} and gets {b} [from grandma|for a birthday]. How much [money |]is that?
    {A} spends {p} on Monday and {b} on Tuesday. How much [does {A} spend|is that] [in total|]?
    {X} costs {p} plus {b} [shipping|tax|tip|delivery]. [How much is that|What is the total]?
    {A} earns {p} in one week and {b} in the next. How much is that in total?
""")


def _amounts(s: Speaker, high: int) -> Number:
    """Return a price; whole most of the time."""
    if s.chance(0.75):
        return s.between(2, high)
    return Fraction(s.between(1, high)) + Fraction(s.one((50, 50, 25, 75, 99, 20, 40, 80, 95, 10)), 100)


def _price(value: Number) -> int | str:
    """Return a price as written, decimals with two places."""
    if Fraction(value).denominator == 1:
        return int(value)
    return f"{float(value):.2f}"


def _cash(s: Speaker, value: Number) -> str:
    return s.cash(_price(value))


def shopping(s: Speaker) -> Draft:
    """Return prices, totals and change."""
    name, work = s.name(), Work()
    he = s.one(("she", "he"))
    kind = s.rng.random()
    one, many = _good(s)
    other, _ = _good(s)
    slots = {
        "A": name,
        "1": one,
        "g": many,
        "one": a(one),
        "One": a(one).capitalize(),
        "he": he,
        "He": he.capitalize(),
    }
    if kind < 0.35:
        m, price = s.between(2, s.one((6, 12))), _amounts(s, s.one((9, 20, 40)))
        text = s.say(_PRICE, p=_cash(s, price), m=s.n(m), h=s.n(m), **slots)
        cost = work.add("cost", m, "*", price)
        if s.chance(0.35) and "hour" not in text and "week" not in text and f"{name} buys" in text:
            note = next(b for b in (10, 20, 50, 100, 200, 500, 1000) if b > work.value(cost))
            cut = max(text.rfind(". "), text.find("How") - 2)
            if cut > 10:
                work.add("change", note, "-", cost)
                return Draft(f"{text[:cut]}. {s.say(_PAYS, b=_cash(s, note), **slots)}", work, complete=False)
        return Draft(text, work)
    if kind < 0.65:
        p, q = _amounts(s, s.one((9, 30))), _amounts(s, s.one((9, 30)))
        text = s.say(
            _BUYS, x=a(one), X=a(one).capitalize(), y=a(other), p=_cash(s, p), q=_cash(s, q), **slots
        )
        cost = work.add("cost", p, "+", q)
        if s.chance(0.45):
            note = next(b for b in (10, 20, 50, 100) if b > work.value(cost))
            work.add("change", note, "-", cost)
            return Draft(f"{text} {s.say(_PAYS, b=_cash(s, note), **slots)}", work, complete=False)
        return Draft(f"{text} {s.say(_HOW_MUCH, **slots)}", work, complete=False)
    p = _amounts(s, s.one((15, 60)))
    if kind < 0.9:
        b = s.one((20, 50, 100)) if s.chance(0.5) else s.between(10, 150)
        b = b if b > p else int(p) + s.between(1, 30)
        work.add("money", b, "-", p)
        return Draft(
            s.say(_SIMPLE, x=a(one), X=a(one).capitalize(), p=_cash(s, p), b=_cash(s, b), **slots),
            work,
            complete=False,
        )
    b = s.between(2, 60)
    work.add("money", p, "+", b)
    return Draft(
        s.say(_UP, X=a(one).capitalize(), p=_cash(s, p), b=_cash(s, b), **slots), work, complete=False
    )


_TWO_KINDS = Wordings("""
    {A} buys {m} {g} at {p} each and {k} {h} at {q} each. {t}
    {A} buys {m} {g} for {p} each and {k} {h} for {q} each. {t}
    {A} [sells|sold] {m} {g} for {p} each and {k} {h} for {q} each. How much money [is that|did {A} make|does {A} get]?
    {One} costs {p} and {two} costs {q}. How much do {m} {g} and {k} {h} cost [together|]?
    What do {m} {g} at {p} and {k} {h} at {q} cost [together|in total|]?
    {A} needs {m} {g} ({p} each) and {k} {h} ({q} each). {t}
    If {one} costs {p} and {two} {q}, what is the price of {m} {g} and {k} {h}?
""")
_ONE_MORE = Wordings("""
    {A} buys {m} {g} at {p} each and {two} for {q}. {t}
    {A} buys {m} {g} for {p} each and one {2} for {q}. {t}
    {A} gets {m} {g} that cost {p} each and {two} that costs {q}. {t}
    {m} {g} cost {p} each and {two} costs {q}. [What is the total|How much is everything]?
    {A} pays {p} each for {m} {g} and {q} for {two}. {t}
    {A} [buys|orders] {m} {g} ({p} each) plus {two} ({q}). {t}
""")


def baskets(s: Speaker) -> Draft:
    """Return the cost of several things of two kinds."""
    name, work = s.name(), Work()
    one, many = _good(s)
    two, more = _good(s)
    m, k, p, q = s.between(2, 9), s.between(2, 9), s.between(2, 15), s.between(2, 15)
    slots = {"A": name, "g": many, "h": more, "one": a(one), "One": a(one).capitalize(), "two": a(two), "2": two,
             "m": s.n(m), "k": s.n(k), "p": s.cash(p), "q": s.cash(q), "t": s.say(_HOW_MUCH, A=name)}  # fmt: skip
    first = work.add(many, m, "*", p)
    if s.chance(0.5):
        text = s.say(_TWO_KINDS, **slots)
        work.add("total", first, "+", work.add(more, k, "*", q))
    else:
        text = s.say(_ONE_MORE, **slots)
        work.add("total", first, "+", q)
    if s.chance(0.2) and text.endswith(slots["t"]):
        note = next(b for b in (20, 50, 100, 200, 500) if b > work.last)
        he = s.one(("she", "he"))
        text = text[: -len(slots["t"])] + s.say(_PAYS, A=name, b=s.cash(note), he=he, He=he.capitalize())
        work.add("change", note, "-", f"#{len(work.rows) - 1}")
    return Draft(text, work)


_PERCENT_OF = Wordings("""
    [What is|What's|Calculate|Find|How much is|Compute|Work out|] {p}[%| percent| per cent] of {n}?
    {p}% of {n}
    There are {n} {w} in a [school|club|class|hall]. {p}[%| percent] of them are [girls|boys|adults|left-handed]. How many is that?
    Of {n} {w}, {p}[%| percent] [are absent|wear glasses|like tea|have a dog]. How many is that?
    {A} has {n} {o} and gives {p}[%| percent] [of them |]away. How many [{o} |]does {A} give away?
    {p}[%| percent] of {n} {o} are [red|blue|broken|old]. How many [{o} |]are [red|blue|broken|old]?
    {A} saves {p}% of {n} dollars. How [much|many dollars] is that?
    [In|On] a test with {n} questions, {A} gets {p}% right. How many [questions |]does {A} get right?
    A {x} costs {n} dollars. The [tip|tax|discount] is {p}%. How much is the [tip|tax|discount]?
    how much is {p} percent of {n}
""")
_OFF = Wordings("""
    A {x} costs {n} [dollars|euros]. It is {p}% off. [What is the new price|How much does it cost now|What does it cost now]?
    A {x} that costs {n} [dollars|euros] is reduced by {p}[%| percent]. What [does it cost|is the price] now?
    [What is|How much is] {p}% off {n} [dollars|euros|]?
    {A} buys a {x} for {n} [dollars|euros] with a {p}% discount. How much does {A} pay?
    There is a {p}% discount on a {n} dollar {x}. [What is the final price|How much do I pay]?
    The price of a {x} drops by {p}% from {n} dollars. What is it now?
    Decrease {n} by {p}[%| percent].
    There were {n} {o} in a {w}. {p}% were [sold|taken]. How many are left?
""")
_ON = Wordings("""
    A {x} costs {n} [dollars|euros]. The price rises by {p}[%| percent]. What is the new price?
    A meal costs {n} dollars. {A} adds a {p}% tip. How much does {A} pay [in total|]?
    Increase {n} by {p}[%| percent].
    A {x} costs {n} dollars plus {p}% tax. What is the total?
    {A} earns {n} dollars and gets a raise of {p}%. How much does {A} earn now?
    A town of {n} people grows by {p}%. How many people live there now?
""")
_FRACTION_OF = Wordings("""
    [What is|What's|Calculate|Find|How much is|Compute|Work out] {f} of {n}?
    {f} of {n}
    {A} has {n} {o}. {F} of them are [red|blue|broken|new]. How many is that?
    There are {n} {w} in a class. {F} of them are [girls|boys|absent]. How many is that?
    {A} [eats|sells|gives away|uses] {f} of {n} {o}. How many is that?
    {f} of the {n} {o} are [red|blue|broken]. How many [{o} |]are [red|blue|broken]?
    {A} read {f} of a book with {n} pages. How many pages did {A} read?
    how much is {f} of {n}
""")


def percents(s: Speaker) -> Draft:
    """Return a percentage or a simple fraction of a number."""
    work = Work()
    slots = {"A": s.name(), "o": s.one(KEPT), "w": s.one(PEOPLE), "x": s.one(_GOODS).replace("_", " ")}
    if s.chance(0.35):
        top, size, word = s.one(((1, 2, "half"), (1, 3, "a third"), (1, 4, "a quarter"), (1, 5, "a fifth"), (3, 4, "three quarters"),
                                 (2, 3, "two thirds"), (1, 3, "one third"), (1, 4, "one fourth"), (1, 2, "1/2"), (1, 4, "1/4"),
                                 (3, 4, "3/4"), (2, 3, "2/3"), (1, 3, "1/3"), (2, 5, "two fifths"), (1, 10, "a tenth")))  # fmt: skip
        n = size * s.between(2, s.one((12, 30)))
        part = work.add("part", n, "/", size)
        if top > 1:
            work.add("part", part, "*", top)
        return Draft(s.say(_FRACTION_OF, f=word, F=word.capitalize(), n=n, **slots), work, complete=False)
    p = s.one((10, 20, 25, 50, 5, 30, 40, 75, 15, 60, 80, 90, 35, 45, 12))
    n = s.between(1, 20) * s.one((10, 20, 100, 4, 50)) if s.chance(0.85) else s.between(2, 400)
    if n * p % 100 and s.chance(0.8):
        n = n * 100 if n < 20 else n * 20 if n * 20 * p % 100 == 0 and n < 100 else 100 * s.between(1, 9)
    part = work.add("part", work.add("", n, "*", p), "/", 100)
    kind = s.rng.random()
    if kind < 0.6:
        text = s.say(_PERCENT_OF, p=p, n=n, **slots)
    elif kind < 0.82:
        text = s.say(_OFF, p=p, n=n, **slots | {"w": s.one(PLACES)})
        work.add("new", n, "-", part)
    else:
        text = s.say(_ON, p=p, n=n, **slots)
        work.add("new", n, "+", part)
    return Draft(text, work, complete=False)


_AGE_REL = Wordings("""
    {A} is {n} years old. {B} is {m} years {r}. How old is {B}?
    {A} is {n} [years old|]. {His} [sister|brother|cousin|friend] {B} is {m} years {r}. How old is {B}?
    {A} is {n}. {B} is {m} years {r} than {A}. [How old is {B}|What age is {B}|What is {B}'s age]?
    {B} is {m} years {r} than {A}, who is {n}. How old is {B}?
    If {A} is {n} [years old |]and {B} is {m} years {r}, how old is {B}?
    {A} is {n} years old, {B} is {m} years {r}. What is {B}'s age?
    How old is {B} if {B} is {m} years {r} than {A} and {A} is {n}?
""")
_AGE_TIMES = Wordings("""
    {A} is {n} years old. {B} is {w} as old. How old is {B}?
    {A} is {n}. {His} [mother|father|uncle|aunt|sister|brother] is {w} as old. How old is [she|he|that person]?
    {B} is {w} as old as {A}, who is {n}. How old is {B}?
    If {A} is {n} [years old |]and {B} is {w} as old, how old is {B}?
    How old is {B} if {A} is {n} and {B} is {w} as old [as {A}|]?
    {A} is {n} years old and {B} is {w} as old as {A}. What is {B}'s age?
""")
_AGE_LATER = Wordings("""
    {A} is {n} [years old|] [now|today|]. How old will {A} be in {m} years?
    How old will {A} be in {m} years if {A} is {n} [now|today]?
    {A} is {n}. What age will {A} be {m} years from now?
    {A} turned {n} [today|this year]. In {m} years, how old will {he} be?
    {A} is {n} years old. {m} years pass. How old is {A} then?
    In {m} years, how old is {A}, who is {n} now?
""")
_AGE_AGO = Wordings("""
    {A} is {n} [years old|] [now|today|]. How old was {A} {m} years ago?
    How old was {A} {m} years ago if {he} is {n} [now|today]?
    {A} is {n}. What age was {A} {m} years ago?
    {A} turned {n} this year. How old was {he} {m} years ago?
    {A} is {n} today and moved here {m} years ago. How old was {A} then?
    {A} is {n} and learned to swim {m} years ago. At what age was that?
""")


def ages(s: Speaker) -> Draft:
    """Return somebody's age, from another's or from years passed."""
    work, name, other = Work(), s.name(), s.name()
    he, his = s.one((("she", "Her"), ("he", "His")))
    n = s.between(5, s.one((20, 60)))
    m = s.between(1, n - 2)
    slots = {"A": name, "B": other, "he": he, "His": his, "n": s.n(n), "m": s.n(m)}
    kind = s.rng.random()
    if kind < 0.25:
        work.add("age", n, "+", m)
        return Draft(s.say(_AGE_LATER, **slots), work)
    if kind < 0.4:
        work.add("age", n, "-", m)
        return Draft(s.say(_AGE_AGO, **slots), work)
    if kind < 0.55:
        if n % 2 == 0 and s.chance(0.4):
            work.add(other, n, "/", 2)
            return Draft(s.say(_AGE_TIMES, w="half", **slots), work)
        k = s.one((2, 2, 3, 4))
        work.add(other, n, "*", k)
        return Draft(s.say(_AGE_TIMES, w=("twice", "three times", "four times")[k - 2], **slots), work)
    older = s.chance(0.5)
    text = s.say(_AGE_REL, r="older" if older else "younger", **slots)
    first = work.add(other, n, "+" if older else "-", m)
    if s.chance(0.25):
        k = s.between(2, 10)
        cut = max(text.rfind(". "), text.rfind("? "))
        if cut > 0 and not text.startswith(("If", "How")):
            work.add("age", first, "+", k)
            return Draft(f"{text[: cut + 1]} How old will {other} be in {s.n(k)} years?", work)
    return Draft(text, work)


_AVERAGE = Wordings("""
    [What is|What's|Find|Calculate|Compute] the average of {l}?
    average of {l}
    [What is|Find|Calculate] the mean of {l}?
    {A} scores {l} [points|] in [his|her] games. What is the average [score|]?
    {A} [reads|sells|runs] {l} [pages|books|km] on [three|several|different] days. What is the average per day?
    The temperatures are {l} degrees. What is the average [temperature|]?
    Calculate the [average|mean]: {l}
    The grades of {A} are {l}. [What is|Find] the average.
""")


def averages(s: Speaker) -> Draft:
    """Return the mean of a few numbers."""
    count = s.one((2, 3, 3, 3, 4, 4, 5))
    numbers = [s.between(1, s.one((12, 40, 99))) for _ in range(count)]
    numbers[-1] += -sum(numbers) % count
    work, total = Work(), numbers[0]
    last: int | str = total
    for number in numbers[1:]:
        last = work.add("sum", last, "+", number)
    work.add("mean", last, "/", count)
    shown_ = ", ".join(map(str, numbers[:-1])) + s.one((" and ", " and ", ", ")) + str(numbers[-1])
    return Draft(s.say(_AVERAGE, l=shown_, A=s.name()), work, complete=False)
