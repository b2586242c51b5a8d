"""Stories of one quantity that changes: things a person has, and places that fill and empty."""

from __future__ import annotations

from training.everyday.places import THEMES
from training.everyday.things import (
    ANIMALS,
    BAKED,
    CONTAINERS,
    EATEN,
    FOOD,
    GAIN,
    KEPT,
    KIN,
    LOSS,
    Verbs,
    kin,
    singular,
    verbs,
)  # fmt: skip
from training.everyday.wording import Speaker, Wordings
from training.everyday.work import Draft, Work

SHE, HE = ("she", "her", "her"), ("he", "him", "his")

_HAS = verbs("""
    have has had|{n} {o}
    have has had|{n} {o}
    have has had|{n} {o}
    have has had|[exactly |a collection of |a total of |]{n} {o}
    own owns owned|{n} {o}
    start starts started|with {n} {o}
    start starts started|[out |off |the day ]with {n} {o}
    begin begins began|with {n} {o}
    have has had|{n} {o} [in a box|in a bag|at home|in the drawer|on the table|in a basket]
    buy buys bought|{n} {o}
    get gets got|{n} {o} [for [a|the] birthday|]
    pick picks picked|{n} {o}
    collect collects collected|{n} {o}
    bring brings brought|{n} {o} [to school|to a party|to work|]
    hold holds held|{n} {o}
    carry carries carried|{n} {o}
    find finds found|{n} {o}
""")
_HALF = verbs("""
    give gives gave|half of [them|the {o}] [away|to {F}|to {k}]
    give gives gave|{F} half of [them|the {o}]
    lose loses lost|half of [them|the {o}]
    sell sells sold|half of [them|the {o}]
    give gives gave|half [of them|of the {o}|] to [{F}|{k}]
    use uses used|[up |]half of [them|the {o}]
    donate donates donated|half of [them|the {o}]
    share shares shared|half of [them|the {o}] with [{F}|{k}]
    give gives gave|away half [of them|of the {o}|]
    keep keeps kept|only half of [them|the {o}]
    throw throws threw|away half of them
""")
_PART = verbs("""
    give gives gave|[a|one] {f} of [them|the {o}] [away|to {F}|to {k}]
    lose loses lost|[a|one] {f} of [them|the {o}]
    sell sells sold|[a|one] {f} of [them|the {o}]
    use uses used|[a|one] {f} of [them|the {o}]
    donate donates donated|[a|one] {f} of [them|the {o}]
    give gives gave|{F} [a|one] {f} of [them|the {o}]
""")
_PERCENT = verbs("""
    give gives gave|{p}[%| percent] of [them|the {o}] [away|to {F}|to {k}]
    lose loses lost|{p}[%| percent] of [them|the {o}]
    sell sells sold|{p}[%| percent] of [them|the {o}]
    use uses used|{p}[%| percent] of [them|the {o}]
    donate donates donated|{p}[%| percent] of [them|the {o}]
""")
_DOUBLE = verbs("""
    double doubles doubled|[the number of {o}|the number|the collection|that number]
    double doubles doubled|[the number of {o}|that|it]
    get gets got|[as many again|as many again from {k}|the same number again]
    buy buys bought|[as many again|the same number again]
""")
_GROUPS = verbs("""
    buy buys bought|{m} [{c}|more {c}] of {n} [{o}|]
    buy buys bought|{m} [{c}|more {c}] with {n} [{o} |]in each
    get gets got|{m} [{c}|more {c}] of {n} [{o}|] [each|]
    find finds found|{m} {c} [with|of] {n} {o} [each|in each]
    receive receives received|{m} {c} [with|of] {n} [{o} each|{o}]
    order orders ordered|{m} [more |]{c} of {n} [{o}|]
    buy buys bought|{m} [{c}|more {c}], each [with|holding|containing] {n} {o}
""")
_EACH = verbs("""
    give gives gave|{n} [|{o} |of them ]to each of [{m}|the {m}|{m} of] [friends|children|cousins|classmates|neighbors]
    give gives gave|each of {m} [friends|children|cousins|classmates|neighbors] {n} [|{o}|of them]
    give gives gave|{m} [friends|children|classmates] {n} [|{o} |of them ]each
    hand hands handed|out {n} [|{o} ]to each of {m} [friends|children|classmates]
    lose loses lost|{n} [|{o} |of them ][every|each] day for {m} days
    use uses used|{n} [|{o} |of them ][a|each|every|per] day for {m} days
    sell sells sold|{m} {c} of {n} [|{o}]
""")
_STOCK = verbs("""
    have has had|{m} {c} [of|with] {n} {o} [each|in each|]
    buy buys bought|{m} {c} [of|with] {n} {o} [each|in each|]
    have has had|{m} {c}, each [with|holding|containing] {n} {o}
    make makes made|{m} {c} of {n} {o} [each|]
    start starts started|with {m} {c} of {n} {o} [each|]
    pack packs packed|{m} {c} [of|with] {n} {o} [each|]
    own owns owned|{m} {c} [of|with] {n} {o} [each|in each]
    get gets got|{m} {c} of {n} {o} [each|]
""")
_SPLIT = verbs("""
    share shares shared|[the rest|what is left|them|the remaining {o}] [equally|evenly|fairly] [among|between|with] {m} [friends|children|people]
    split splits split|[the rest|what is left|them|the remaining {o}] [equally|evenly] [among|between] {m} [friends|children|people]
    divide divides divided|[the rest|what is left|them|the remaining {o}] [equally|evenly] [among|between] {m} [friends|children|people]
    put puts put|[the rest|the others|them|the remaining {o}] [equally|evenly] into {m} {c}
    pack packs packed|[the rest|the others|them] [equally|evenly] in {m} {c}
    give gives gave|the rest to {m} [friends|children|people], the same number to each
    hand hands handed|out the rest equally to {m} [friends|children|people]
    sort sorts sorted|the rest into {m} equal {c}
""")
_EACH_GETS = Wordings("""
    How many [{o} |]does each [one |]get?
    How many [{o} |][are in each|go in each|are there in each one]?
    How many [{o} |]is that for each?
    How many [{o} |]per [person|one|group]?
    What does each [one |]get?
    How many [{o} |]each?
    How many {o} are [in each|for each]?
""")
_OTHERS_GIVE = Wordings("""
    {K} [gives|hands|brings|sends|buys|lends] {him} {n} more
    {F} [gives|hands|brings|sends|passes] {him} {n} [more|more {o}|{o}]
    {K} gives {him} [another {n}|{n} extra {o}|{n} {o}]
    [a neighbor|a friend|the teacher|somebody|a stranger] gives {him} {n} [more|more {o}]
    {F} adds {n} more
    {F} [shares {n} {o} with {him}|lets {him} have {n} more]
    {his} [grandma|dad|mom|aunt|sister] gives {him} {n} [more|more {o}|{o}]
    {he} is given {n} more by {F}
""")
_OTHERS_TAKE = Wordings("""
    {K} [takes|borrows|steals|grabs|breaks|loses] {n} [of them|]
    {F} [takes|borrows|steals|grabs|breaks|loses|uses] {n} [of them|of the {o}|]
    [a dog|a thief|the wind|a bird|somebody|the cat] [takes|steals] {n} [of them|]
    {n} [of them |of the {o} ][get lost|break|are stolen|go missing|are broken|are lost|disappear]
    {n} [fall out|roll away|are thrown away|are given away|get thrown out]
    {he} lets {F} take {n} [of them|]
    {his} [brother|sister|friend|cousin] [takes|borrows] {n} [of them|]
    {F} asks for {n} [of them|{o}] and gets them
""")
_LINK = ("", "", "", "", "Then ", "Then ", "Then, ", "Next, ", "After that, ", "Later, ", "Afterwards, ", "Later on, ",
         "Later that day, ", "The next day, ", "In the evening, ", "On Monday, ", "That afternoon, ", "After a while, ",
         "A week later, ", "And then ", "So ", "Finally, ", "On the way home, ", "At school, ", "Yesterday ")  # fmt: skip
_ASIDES = Wordings("""
    {N} is {a} years old.
    {N} lives in [a big|a small|an old] [house|town|village|flat].
    {F} [has|owns] {a} {x}.
    The weather is [nice|cold|sunny|bad|rainy] [today|that day|].
    It [is|was] a [sunny|rainy|cold|long] day.
    {He} [really |]likes {o} [very much|a lot|].
    {N} [goes|walks] to the same school as {F}.
    {N} also has {a} {x}[ at home| in a box|].
    {F} does not like {o}.
    {His} favorite color is [red|blue|green].
    It is [Monday|Friday|Sunday|Saturday] today.
    {N} and {F} are [good |old |best |]friends.
    The [shop|store|market] closes at {a} [o'clock|pm].
    {He} has {a} [brothers|sisters|cousins|friends].
    {F} is {a} years older than {N}.
    The {x} cost ${a}.
""")
_ASK = Wordings("""
    How many {o} does {N} have [now|left|in the end|at the end|in total|altogether|then|after that|]?
    How many {o} does {N} have [now|left|in the end|at the end|]?
    How many {o} does {he} have [now|left|in the end|at the end|in total|]?
    How many [does {N}|does {he}] have [now|left|in the end|in total|]?
    How many {o} [are left|are there now|remain]?
    How many {o} has {N} [got |][now|left|in the end|]?
    How many [are left|remain|now|in total|has {he} now|does that leave|is that]?
    What is the [total|final|new] number of {o} [{N} has|that {N} has|]?
    How many {o} [will|would] {N} have [now|left|then|in the end|]?
    [So how|And how|Now how] many {o} does {N} [have|own]?
    With how many {o} does {N} end up?
    How many {o} does {N} end up with?
    [Find|Calculate|Tell me|Work out|What is] the number of {o} {N} [has|has now|ends up with].
    [Can you tell me h|Do you know h|H]ow many {o} {N} has [now|left|in the end]?
    What number of {o} does {N} have [now|left|]?
    How many {o} does {N} still have?
""")
_ASK_I = Wordings("""
    How many {o} do I have [now|left|in the end|in total|altogether|then|]?
    How many do I have [now|left|in the end|in total|]?
    How many {o} [are left|are there now|remain]?
    How many [are left|remain|now|in total]?
    How many {o} have I got [now|left|]?
    How many {o} will I have [left|then|]?
    What is the [total|final|new] number of {o}?
""")
_ASK_PAST = Wordings("""
    How many {o} did {N} have [left|in the end|at the end|in total|then|after that|]?
    How many {o} did {he} have [left|in the end|at the end|]?
    How many {o} were left?
    How many {o} did {N} end up with?
    How many were left?
    How many {o} does {N} have [now|left|]?
""")
_IF = Wordings("""
    If {N} {v}, {a}
    Suppose {N} {v}. {a}
    If {N} {v} then {a}
    {a} if {N} {v}?
    Imagine {N} {v}. {a}
    Say {N} {v}, {a}
""")


def changed(s: Speaker) -> Draft:
    """Return a story of one quantity."""
    if s.chance(0.3):
        return _place(s)
    food = s.chance(0.45)
    o = s.one(FOOD if food else KEPT + ANIMALS if s.chance(0.15) else KEPT)
    me = s.chance(0.14)
    he, him, his = SHE if s.chance(0.5) else HE
    name = (
        "I"
        if me
        else s.name()
        if s.chance(0.85)
        else f"a {s.word('baker farmer teacher boy girl man woman child')}"
    )
    tense = (0 if s.chance(0.7) else 2) if me else (1 if s.chance(0.62) else 2)
    slots = {"o": o, "he": "I" if me else he, "him": "me" if me else him, "his": "my" if me else his}
    start = s.between(2, s.one((12, 30, 99, 60)))
    work = Work()
    last: int | str = start
    opening = s.say(_HAS[tense] if s.chance(0.9) or not food else BAKED[tense], n=s.n(start), o=o).replace(
        " more", ""
    )
    if s.chance(0.15):
        m, n = s.between(2, 8), s.between(3, 15)
        last = work.add("total", m, "*", n)
        opening = s.say(_STOCK[tense], m=s.n(m), n=s.n(n), o=o, c=s.one(CONTAINERS[:15]))
    value = int(work.value(last))
    count = s.one((1, 1, 2, 2, 2, 2, 3, 3, 4))
    phrases: list[tuple[str, bool]] = []
    for _ in range(count):
        text, own, last, value = _event(s, work, o, last, value, tense, food, slots, me)
        phrases.append((text, own))
    sizes = [size for size in range(2, 9) if value % size == 0 and value > size]
    if sizes and s.chance(0.14):
        size = s.one(sizes)
        phrases.append((s.say(_SPLIT[tense], m=s.n(size), o=o, c=s.one(CONTAINERS[:15])), True))
        work.add("each", last, "/", size)
        slots["ask"] = s.say(_EACH_GETS, o=o)
    return Draft(_told(s, name, tense, opening, phrases, slots, me), work)


def _event(
    s: Speaker,
    work: Work,
    o: str,
    last: int | str,
    value: int,
    tense: int,
    food: bool,
    slots: dict[str, str],
    me: bool,
) -> tuple[str, bool, int | str, int]:
    """Add one event; return its phrase, whether its subject is the person, the name of the result and its value."""
    other, relative = s.name(), kin(s.one(KIN))
    more = {"F": other, "k": f"{slots['his']} {relative}", "K": f"{slots['his']} {relative}", **slots}

    def phrase(bank: Verbs, **numbers: object) -> str:
        return s.say(bank[tense], **numbers, **more)

    while True:
        kind = s.rng.random()
        if kind < 0.36 and value < 400:
            n = s.between(1, s.one((9, 20, 60)))
            last = work.add(o, last, "+", n)
            if tense == 1 and s.chance(0.2):
                return s.say(_OTHERS_GIVE, n=s.n(n), **more), False, last, value + n
            return phrase(BAKED if food and s.chance(0.2) else GAIN, n=s.n(n)), True, last, value + n
        if kind < 0.72 and value > 1:
            n = s.between(1, min(value - (0 if s.chance(0.05) else 1), s.one((9, 20, 60))))
            last = work.add(o, last, "-", n)
            if tense == 1 and s.chance(0.18):
                return s.say(_OTHERS_TAKE, n=s.n(n), **more), False, last, value - n
            return phrase(EATEN if food and s.chance(0.5) else LOSS, n=s.n(n)), True, last, value - n
        if kind < 0.79 and value > 3 and value % 2 == 0:
            return phrase(_HALF), True, work.add(o, last, "/", 2), value // 2
        if kind < 0.82:
            size, word = s.one(((3, "third"), (4, "quarter"), (5, "fifth"), (4, "fourth")))
            if value % size == 0 and value > size:
                taken = work.add("part", last, "/", size)
                return phrase(_PART, f=word), True, work.add(o, last, "-", taken), value - value // size
        if kind < 0.85:
            p = s.one((10, 20, 25, 30, 40, 50, 75))
            if value * p % 100 == 0:
                hundred = work.add("part", last, "*", p)
                taken = work.add("part", hundred, "/", 100)
                return phrase(_PERCENT, p=p), True, work.add(o, last, "-", taken), value - value * p // 100
        if kind < 0.89 and value < 150:
            return phrase(_DOUBLE), True, work.add(o, last, "*", 2), value * 2
        n, m = s.between(2, 12), s.between(2, 8)
        if kind < 0.95:
            new = work.add("new", m, "*", n)
            text = phrase(_GROUPS, n=s.n(n), m=s.n(m), c=s.one(CONTAINERS[:12]))
            return text, True, work.add(o, last, "+", new), value + n * m
        if n * m < value:
            gone = work.add("gone", m, "*", n)
            text = phrase(_EACH, n=s.n(n), m=s.n(m), c=s.one(CONTAINERS[:12]))
            return text, True, work.add(o, last, "-", gone), value - n * m


def _joined(phrases: list[str], s: Speaker) -> str:
    if len(phrases) == 1:
        return phrases[0]
    last = s.one(
        (" and ", " and ", " and then ", ", and ", ", then ", ", and then ", " but ", " and later ", ", but ")
    )
    return ", ".join(phrases[:-1]) + last + phrases[-1]


def _told(
    s: Speaker,
    name: str,
    tense: int,
    opening: str,
    phrases: list[tuple[str, bool]],
    slots: dict[str, str],
    me: bool,
) -> str:
    """Return the story with its question, in one of the orders in which people tell it."""
    o, he = slots["o"], slots["he"]
    known = name.replace("a ", "the ", 1) if name.startswith("a ") else name
    bank = _ASK_I if me else _ASK_PAST if tense == 2 and s.chance(0.6) else _ASK
    ask = slots.get("ask") or s.say(bank, o=o, N=known, he=he)
    alone = all(own for _, own in phrases)
    way = s.rng.random()
    if way < 0.22 and alone:
        return f"{name} {_joined([opening, *(text for text, _ in phrases)], s)}. {ask}"
    if way < 0.30 and alone:
        text = _joined([opening, *(text for text, _ in phrases)], s)
        question = ask.rstrip("?.") if ask.startswith(("How", "What does")) else f"How many {o} are left"
        bank = _IF
        told = s.say(bank, N=name, v=text, a="{a}")
        return told.replace(
            "{a}", question if told.startswith("{a}") else question[0].lower() + question[1:] + "?"
        )
    if way < 0.45 and alone:
        subject = s.one((he, he, known)).capitalize() if not me else "I"
        subject = subject if subject.lower() != known.lower() else known
        link = s.one(_LINK[:8])
        subject = he if link and subject == he.capitalize() and not me else subject
        return f"{name} {opening}. {link}{subject} {_joined([text for text, _ in phrases], s)}. {ask}"
    if way < 0.5 and alone and me:
        return f"{_joined([opening, *(text for text, _ in phrases)], s)}. {ask}"
    sentences = [f"{name} {opening}."]
    for text, own in phrases:
        link = s.one(_LINK)
        subject = (he if s.chance(0.7) else known) + " " if own else ""
        sentence = link + subject + text
        sentences.append(sentence[:1].upper() + sentence[1:] + ".")
    if s.chance(0.22) and not me:
        slots_ = {"F": s.name(), "a": s.between(2, 30), "x": s.one(KEPT), "o": o, "N": known, "He": he.capitalize(),
                  "His": slots["his"].capitalize()}  # fmt: skip
        sentences.insert(s.between(1, len(sentences)), s.say(_ASIDES, **slots_))
    return " ".join([*sentences, ask])


def _place(s: Speaker) -> Draft:
    """Return a story of a place or thing whose contents change."""
    theme = s.one(THEMES)
    o = s.one(theme.things)
    place = s.one(theme.places)
    names = {"o": o, "w": place, "N": s.name(), "F": s.name(), "one": singular(o)}
    value = s.between(*theme.start)
    sentences = [s.say(theme.openings, n=s.n(value), **names)]
    work, last = Work(), value
    for _ in range(s.one((1, 2, 2, 2, 3, 3, 4))):
        up = value < 5 or s.chance(0.45)
        n = s.between(1, min(theme.most, value - 1) if not up else theme.most)
        last = work.add(theme.label or o, last, "+" if up else "-", n)
        value += n if up else -n
        text = s.say(theme.more if up else theme.less, n=s.n(n), **names)
        link = s.one(_LINK[:16])
        sentences.append((link + text)[:1].upper() + (link + text)[1:] + ".")
    if s.chance(0.25) and len(sentences) > 2:
        first, second = sentences.pop(1), sentences.pop(1)
        joint = s.one((" and ", ", and then ", ", then ", " and then ", ", but "))
        sentences.insert(1, first.rstrip(".") + joint + second[:1].lower() + second[1:])
    return Draft(" ".join([*sentences, s.say(theme.asks, **names)]), work)
