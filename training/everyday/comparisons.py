"""Who or what is more, in other words: people, things, numbers and words."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from training.everyday.sequences import material
from training.everyday.things import FOOD, KEPT
from training.everyday.wording import Speaker, Wordings
from training.everyday.work import Draft, shown

_MEASURES: tuple[tuple[str, str, str, str, str, str], ...] = (
    # what is said of one, in brackets, comparative up and down, superlative up and down
    ("is {v} cm tall", "{v} cm", "taller", "shorter", "the tallest", "the shortest"),
    ("is {v} years old", "{v} years", "older", "younger", "the oldest", "the youngest"),
    ("is {v}", "{v}", "older", "younger", "the oldest", "the youngest"),
    ("weighs {v} kg", "{v} kg", "heavier", "lighter", "the heaviest", "the lightest"),
    ("runs {v} km per hour", "{v} km/h", "faster", "slower", "the fastest", "the slowest"),
    ("has {v} dollars", "${v}", "richer", "poorer", "the richest", "the poorest"),
    ("is {v} cm [tall|high]", "{v} cm", "taller", "shorter", "tallest of them", "shortest of them"),
)
_DEEDS: tuple[tuple[str, str, str, str, str], ...] = (
    ("has {v} {o}", "has more {o}", "has fewer {o}", "has the most {o}", "has the fewest {o}"),
    ("scored {v} points", "scored more", "scored less", "scored the most points", "scored the fewest points"),
    ("ran {v} km", "ran farther", "ran less", "ran the farthest", "ran the shortest distance"),
    ("read {v} books", "read more [books|]", "read fewer [books|]", "read the most books", "read the fewest books"),
    ("collected {v} {o}", "collected more", "collected fewer", "collected the most", "collected the fewest"),
    ("sold {v} {o}", "sold more", "sold fewer", "sold the most", "sold the least"),
    ("earns {v} dollars", "earns more", "earns less", "earns the most", "earns the least"),
    ("slept {v} hours", "slept longer", "slept less", "slept the longest", "slept the least"),
    ("ate {v} {o}", "ate more", "ate fewer", "ate the most", "ate the least"),
    ("won {v} games", "won more [games|]", "won fewer games", "won the most games", "won the fewest games"),
    ("waited {v} minutes", "waited longer", "waited less", "waited the longest", "waited the shortest time"),
    ("finished the race in {v} minutes", "was slower", "was faster", "was the slowest", "was the fastest"),
    ("jumped {v} cm", "jumped higher", "jumped less", "jumped the highest", "jumped the lowest"),
    ("got {v} votes", "got more votes", "got fewer votes", "got the most votes", "got the fewest votes"),
)  # fmt: skip
_LAST_ASK = Wordings("""
    Who {w}?
    [Which one|Who of them|Which of them] {w}?
    [Tell me who|Can you say who|Do you know who|Say who] {w}[?|.]
    [So w|And w|W]ho {w}?
    Who {w}, {l}?
    Who among them {w}?
    [Name|Find|Give me] the one who {w}[.|]
""")


def people(s: Speaker) -> Draft:
    """Return who is or has more, less, the most or the least."""
    count = s.one((2, 2, 2, 3, 3, 4, 5))
    names = [s.name() for _ in range(count)]
    low = 3 if s.chance(0.5) else 20
    values = s.rng.sample(range(low, low + s.one((12, 40, 90))), count)
    up = s.chance(0.6)
    o = s.one(FOOD + KEPT)
    if s.chance(0.5):
        verb, bracket, more, less, most, least = s.one(_MEASURES)
        if "tall" in verb:
            values = [value + 120 for value in values]
        word = (
            ("is " + (more if up else less))
            if count == 2 and s.chance(0.8)
            else "is " + (most if up else least)
        )
    else:
        verb, more, less, most, least = s.one(_DEEDS)
        bracket = ""
        word = (more if up else less) if count == 2 and s.chance(0.8) else (most if up else least)

    def text(template: str) -> str:
        return s.say(Wordings(template), o=o)

    said = [text(verb).replace("{v}", str(value)) for value in values]
    pairs = [f"{name} {what}" for name, what in zip(names, said, strict=True)]
    listing = ", ".join(names[:-1]) + f" or {names[-1]}"
    ask = s.say(_LAST_ASK, w=text(word), l=listing)
    chance = s.rng.random()
    if bracket and chance < 0.3:
        shown_ = [
            f"{name} ({bracket.replace('{v}', str(value))})"
            for name, value in zip(names, values, strict=True)
        ]
        listing = ", ".join(shown_[:-1]) + f" or {shown_[-1]}"
        question = f"Who {text(word)}{s.one((', ', ': '))}{listing}?"
    elif chance < 0.55:
        question = f"{'. '.join(pairs)}. {ask}"
    elif chance < 0.8:
        question = f"{', '.join(pairs[:-1])}{s.one((' and ', ' and ', ', and ', ', '))}{pairs[-1]}. {ask}"
    elif chance < 0.9:
        question = f"Who {text(word)} if {' and '.join(pairs)}?"
    else:
        question = f"{', '.join(pairs[:-1])}, {s.one(('but', 'while', 'and'))} {pairs[-1]}. {ask}"
    # Who finished in fewer minutes was the faster one: the words of that deed already say so.
    best = max(values) if up else min(values)
    answer = names[values.index(best)]
    return Draft(question, answer=answer, closing=(f"{'most' if up else 'least'}: {best} -> {answer}",))


_THINGS = Wordings("""
    A {x} costs {p} and a {y} costs {q}. Which [one |]is {w}?
    Which is {w}, a {x} for {p} or a {y} for {q}?
    What is {w}: a {x} for {p} or a {y} for {q}?
    The {x} is {p}, the {y} is {q}. Which is {w}?
    A {x} costs {p}, a {y} {q}. What [is|costs] {v}?
    Which costs {v}, the {x} ({p}) or the {y} ({q})?
    A {y} costs {q}, but a {x} costs {p}. Which one is {w}?
    Is a {x} for {p} or a {y} for {q} {w}?
""")
_BIGGER = Wordings("""
    [Which|What] is [bigger|larger|greater|more], {a} or {b}?
    [Which number|Which one] is [bigger|larger|greater|higher]: {a} or {b}?
    {a} or {b}: which is [bigger|larger|greater]?
    Is {a} or {b} [bigger|larger|greater]?
    [Compare] {a} and {b}. Which is [bigger|larger|greater]?
    Which of {a} and {b} is the [bigger|larger|greater] [number|one]?
    bigger number: {a} or {b}
    [Tell me|Say] which is [bigger|larger]: {a} or {b}
""")
_SMALLER = Wordings("""
    [Which|What] is [smaller|less|lower], {a} or {b}?
    [Which number|Which one] is [smaller|lower|less]: {a} or {b}?
    {a} or {b}: which is [smaller|less]?
    Is {a} or {b} smaller?
    [Compare] {a} and {b}. Which is [smaller|less]?
    Which of {a} and {b} is the [smaller|lower] [number|one]?
    smaller number: {a} or {b}
    [Tell me|Say] which is smaller: {a} or {b}
""")
_IS = Wordings("""
    Is {a} [greater|larger|bigger|more|higher] than {b}?
    Is {a} [bigger|larger|greater] than {b}, yes or no?
    True or false[:|,] {a} is [greater|larger|bigger] than {b}[?|.]
    Is it true that {a} is [greater|larger|bigger] than {b}?
    [Check whether|Tell me if] {a} is [greater|larger|bigger] than {b}
    {a} > {b}?
""")
_EVEN = Wordings("""
    Is {a} [even or odd|an even or an odd number]?
    Is [the number |]{a} odd or even?
    [Tell me whether|Say if|Check if] {a} is even or odd
    {a}: even or odd?
    Even or odd: {a}?
    What is {a}, even or odd?
""")
_COUNT = Wordings("""
    How many of [the numbers |these numbers: |]{l} are {p}?
    [Count|Find] [the|how many] {q}numbers {r}[in|among] {l}[.|]
    How many {q}numbers {r}are [there |]in {l}?
    In {l}, how many [numbers |]are {p}?
    Of {l}, how many are {p}?
    How many numbers in [the list |]{l} are {p}?
    {l}: how many are {p}?
    [What is|Tell me] the number of {q}numbers {r}in {l}?
""")
_LONGER = Wordings("""
    Which [word |]is longer, {a} or {b}?
    Which [word |]has more letters, {a} or {b}?
    Is {a} or {b} [the longer word|longer]?
    Which of the words {a} and {b} is longer?
    {a} or {b}: which [word |]is longer?
    [Tell me|Say] which word is longer: {a} or {b}
""")
_ABC = Wordings("""
    Which [word |]comes first [alphabetically|in the alphabet|in the dictionary|in alphabetical order], {a} or {b}?
    {a} or {b}: which comes first [alphabetically|in the dictionary]?
    Does {a} or {b} come first [alphabetically|in the alphabet]?
    Which of {a} and {b} comes first in alphabetical order?
    Alphabetically, which is first: {a} or {b}?
    [Tell me|Say] which word comes first in the alphabet: {a} or {b}
""")
_SORT = Wordings("""
    [Sort|Order|Arrange] [the words |these words: |these: |]{l} [alphabetically|in alphabetical order|by the alphabet]
    Put {l} [in alphabetical order|into alphabetical order|in ABC order]
    [Sort|Order] alphabetically: {l}
    What is the alphabetical order of {l}?
    Alphabetize {l}
    [Can|Could] you sort {l} alphabetically?
""")


def things(s: Speaker) -> Draft:
    """Return comparisons of prices, numbers and words."""
    kind = s.rng.random()
    if kind < 0.16:
        x, y = s.rng.sample(
            "book pen shirt hat lamp toy ball bag mug ticket cap belt bowl towel cake salad game jacket bike chair table".split(),
            2,
        )
        p, q = s.rng.sample(range(1, s.one((20, 90))), 2)
        cheap = s.chance(0.5)
        word, verb = ("cheaper", "less") if cheap else ("more expensive", "more")
        text = s.say(_THINGS, x=x, y=y, p=s.cash(p), q=s.cash(q), w=word, v=verb)
        answer = x if (p < q) == cheap else y
        return Draft(text, answer=answer, closing=(f"{p} {'>' if p > q else '<'} {q} -> {answer}",))
    if kind < 0.42:
        whole = s.between(0, 30)
        if s.chance(0.5):
            a, b = (Fraction(whole) + Fraction(s.between(1, 99), s.one((10, 100))) % 1 for _ in range(2))
        else:
            a, b = (
                Fraction(s.between(-20 if s.chance(0.2) else 0, s.one((40, 999, 9999)))) for _ in range(2)
            )
        if a == b:
            return things(s)
        x, y = shown(a), shown(b)
        width = max(len(text.partition(".")[2]) for text in (x, y))
        full = [
            text if not width else f"{text.partition('.')[0]}.{text.partition('.')[2].ljust(width, '0')}"
            for text in (x, y)
        ]
        line = f"{full[0]} {'>' if a > b else '<'} {full[1]}"
        if s.chance(0.2):
            return Draft(s.say(_IS, a=x, b=y), answer="yes" if a > b else "no", closing=(line,))
        small = s.chance(0.4)
        return Draft(
            s.say(_SMALLER if small else _BIGGER, a=x, b=y),
            answer=x if (a > b) != small else y,
            closing=(line,),
        )
    if kind < 0.5:
        n = s.between(0, s.one((20, 99, 999)))
        answer = "even" if n % 2 == 0 else "odd"
        return Draft(s.say(_EVEN, a=n), answer=answer, closing=(f"last digit: {n % 10} -> {answer}",))
    if kind < 0.68:
        numbers = [s.between(1, s.one((20, 60))) for _ in range(s.between(3, 7))]
        k = s.one(numbers) + s.between(-2, 2)
        test: Callable[[int], bool]
        name, before, behind, test = s.one((
            ("even", "even ", "", lambda n: n % 2 == 0), ("odd", "odd ", "", lambda n: n % 2 == 1),
            (f"{s.word('greater larger bigger')} than {k}", "", f"{s.one(('above', 'greater than', 'over'))} {k} ", lambda n: n > k),
            (f"{s.word('less smaller')} than {k}", "", f"{s.one(('below', 'less than', 'under'))} {k} ", lambda n: n < k),
        ))  # fmt: skip
        found = [n for n in numbers if test(n)]
        text = s.say(_COUNT, l=_listing(s, [str(n) for n in numbers]), p=name, q=before, r=behind)
        return Draft(
            text,
            answer=str(len(found)),
            closing=(f"{name}: {' '.join(map(str, found)) or 'none'} -> {len(found)}",),
        )
    a, b = material(s), material(s)
    quote = s.one(("", "", '"', "'"))
    if kind < 0.78:
        if len(a) == len(b):
            return things(s)
        answer = max(a, b, key=len)
        lines = tuple(
            f"{word}: {' '.join(f'{letter}{at + 1}' for at, letter in enumerate(word))}" for word in (a, b)
        )
        return Draft(
            s.say(_LONGER, a=f"{quote}{a}{quote}", b=f"{quote}{b}{quote}"), answer=answer, closing=lines
        )
    if kind < 0.86:
        if a == b:
            return things(s)
        return Draft(
            s.say(_ABC, a=f"{quote}{a}{quote}", b=f"{quote}{b}{quote}"),
            answer=min(a, b),
            closing=(f"first: {min(a, b)}",),
        )
    words = list(dict.fromkeys(material(s) for _ in range(s.between(3, 6))))
    ordered = sorted(words)
    initials = f"letters: {' '.join(dict.fromkeys(word[0] for word in ordered))}"
    return Draft(s.say(_SORT, l=_listing(s, words)), answer=f"[{', '.join(ordered)}]", closing=(initials,))


def _listing(s: Speaker, items: list[str]) -> str:
    text = ", ".join(items)
    return (
        f"[{text}]"
        if s.chance(0.35)
        else f"{', '.join(items[:-1])} and {items[-1]}"
        if s.chance(0.3)
        else text
    )
