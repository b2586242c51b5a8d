"""Word problems of several quantities: together, compared, handed over, in groups, shared, missing at the start."""

from __future__ import annotations

from training.everyday.things import (
    ANIMALS,
    COLOURS,
    CONTAINERS,
    FOOD,
    KEPT,
    KIN,
    PEOPLE,
    PLACES,
    kin,
    singular,
)
from training.everyday.wording import Speaker, Wordings
from training.everyday.work import Draft, Work

_TOTAL = Wordings("""
    How many {o} do they have [together|altogether|in total|in all|combined]?
    How many {o} [do they|do the two of them|do both of them] have [together|in total|combined]?
    How many {o} [are there|are that] [together|altogether|in total|in all]?
    How many [is that|do they have] [together|altogether|in total|in all]?
    What is the total [number of {o}|]?
    [Together|Altogether|In total], how many {o} do they have?
    [How much|How many {o}] is that [all together|in total|altogether]?
    What is the sum of their {o}?
    Find the total number of {o}.
    How many {o} in [total|all]?
    How many {o} do they own combined?
""")
_PAIRED = Wordings("""
    {A} has {x} {o} and {B} has {y} [{o}|]. {t}
    {A} has {x} {o}. {B} has {y} {o}. {t}
    {A} [owns|picked|found|collected|bought|made|sold|read|baked] {x} {o} and {B} {y}. {t}
    {A} [found|picked|bought|got|won] {x} {o}, {B} [found|picked|bought|got|won] {y}. {t}
    If {A} has {x} {o} and {B} has {y} {o}, how many {o} do they have [together|in total|altogether]?
    {A} has {x} {o}, while {B} has {y}. {t}
    How many {o} do {A} and {B} have [together|in total] if {A} has {x} and {B} has {y}?
    {A}: {x} {o}. {B}: {y} {o}. {t}
    There are {x} {o} [on the {p}|in the {p}|in one box|in the first bag] and {y} [{o} |][on another|in the other one|in a second one]. {t}
    [I have|I've got] {x} {o} and my {k} has {y}. {t}
    My {k} gave me {x} {o} and my [teacher|neighbor] gave me {y} {o}. [How many {o} did I get?|How many is that in total?]
    {A} [ate|sold|picked|read|used|made] {x} {o} [on Monday|in the morning|yesterday] and {y} [{o} |][on Tuesday|in the evening|today]. How many {o} did {A} [ate|sell|pick|read|use|make] [in total|altogether|]?
    {A} has {x} {c} {o} and {y} {d} {o}. How many {o} does {A} have [in total|altogether|in all|]?
    There are {x} {c} {o} and {y} {d} [{o}|ones] in a {p}. How many {o} are [there|in the {p}] [in total|altogether|in all|]?
    A {p} has {x} {c} and {y} {d} {o}. How many {o} [are there|is that] [in total|altogether|]?
    {A} has {x} {o} and {y} {q}. How many [things|items|objects|pieces] does {A} have [in total|altogether|]?
""")
_THREE = Wordings("""
    {A} has {x} {o}, {B} has {y} and {C} has {z}. {t}
    {A} has {x} {o}. {B} has {y} {o}. {C} has {z} {o}. {t}
    {A}, {B} and {C} have {x}, {y} and {z} {o}. {t}
    There are {x} {c} {o}, {y} {d} {o} and {z} {e} {o} [in a {p}|]. How many {o} are there [in total|altogether|]?
    {A} [sold|read|made|picked|ran|used] {x} {o} on Monday, {y} on Tuesday and {z} on Wednesday. How many {o} is that [in total|altogether]?
    {A} has {x} {c}, {y} {d} and {z} {e} {o}. How many {o} does {A} have [in total|altogether|]?
    {A} [found|bought|got] {x} {o}, {B} {y} and {C} {z}. {t}
    [One|The first] box has {x} {o}, [another|the second] has {y} and [the third|the last one] has {z}. How many {o} are there [in total|altogether]?
""")
_DIFFERENCE = Wordings("""
    {A} has {x} {o} and {B} has {y} [{o}|]. How many more {o} does {A} have [than {B}|]?
    {A} has {x} {o}. {B} has {y} {o}. How many fewer {o} does {B} have [than {A}|]?
    {A} has {x} {o} and {B} {y}. [By how many|How many more] does {A} have [more|]?
    {A} [found|picked|collected|sold] {x} {o}, {B} [found|picked|collected|sold] {y}. What is the difference?
    How many more {o} does {A} have than {B} if {A} has {x} and {B} has {y}?
    {B} has {y} {o}, {A} has {x}. How many {o} does {B} need to have as many as {A}?
    {A} needs {x} {o}. [{He} has|So far {he} has|{He} already has] {y}. How many [more|are missing|more {o}] [does {he} need|]?
    {A} wants {x} {o} and has {y}. How many more [{o} |]does {A} need?
    There are {x} {c} {o} and {y} {d} {o}. How many more {c} [{o}|ones] than {d} ones are there?
    A {p} has {x} {o}. {y} of them are {c}. How many are not {c}?
    There are {x} {o} in a {p}. {y} are {c} and the rest [is|are] {d}. How many [{o} |]are {d}?
    Of {x} {o}, {y} are {c}. How many are not [{c}|]?
    There are {x} {w} in a class. {y} of them are [girls|boys|absent|wearing glasses]. How many are not?
    A book has {x} pages. {A} has read {y} [pages|of them]. How many pages are left [to read|]?
    The trip is {x} km long. {A} has [driven|walked|done] {y} km. How many km are left?
    {A} has {x} {o} and wants to keep {y}. How many [{o} |]can {he} give away?
    A {r} is {x} [cm|meters] long. {A} cuts off {y} [cm|meters]. How long is [the rest|it now|the {r} now]?
    {A} weighs {x} kg and {B} weighs {y} kg. How much heavier is {A}?
    {A} is {x} cm tall and {B} is {y} cm [tall|]. How much taller is {A} [than {B}|]?
    {A} is {x} [years old|] and {B} is {y} [years old|]. How many years older is {A}?
""")
_MORE = Wordings("""
    {A} has {n} more {o} than {B}
    {A} has {n} more than {B}
    {A} has {n} {o} more than {B}
    {A} [owns|collected|found|picked] {n} more {o} than {B}
    {A} has {n} more [than {him} |]
    {A} got {n} more than {B} [did|]
""")
_FEWER = Wordings("""
    {A} has {n} [fewer|less] {o} than {B}
    {A} has {n} [fewer|less] than {B}
    {A} has {n} {o} [fewer|less] than {B}
    {A} [owns|collected|found|picked] {n} [fewer|less] {o} than {B}
    {B} has {n} more [{o} |]than {A}
    {A} got {n} [fewer|less] than {B} [did|]
""")
_TWICE = Wordings("""
    {A} has {w} as many [{o} |]as {B}
    {A} has {w} as many {o} as {B}
    {A} has {w} [the number of {o}|the {o}|as much] [of|as] {B}
    {A} [owns|collected|found|picked] {w} as many [{o} |]as {B}
    {A} has {w} as many
    {A} got {w} as many as {B} [did|]
""")


def together(s: Speaker) -> Draft:
    """Return a sum of two or three quantities."""
    o, q = s.one(KEPT + FOOD), s.one(KEPT)
    x, y, z = (s.between(1, s.one((9, 30, 99, 300))) for _ in range(3))
    c, d, e = s.rng.sample(COLOURS, 3)
    slots = {"A": s.name(), "B": s.name(), "C": s.name(), "o": o, "q": q, "c": c, "d": d, "e": e, "p": s.one(PLACES),
             "k": kin(s.one(KIN)), "t": s.say(_TOTAL, o=o), "x": s.n(x), "y": s.n(y), "z": s.n(z)}  # fmt: skip
    work = Work()
    both = work.add("total", x, "+", y)
    if s.chance(0.35):
        work.add("total", both, "+", z)
        return Draft(s.say(_THREE, **slots), work)
    return Draft(s.say(_PAIRED, **slots).replace("did {A} ate", "did {A} eat"), work)


def difference(s: Speaker) -> Draft:
    """Return how many more, how many fewer, how many are left."""
    x = s.between(4, s.one((12, 40, 99, 300)))
    y = s.between(1, x - 1)
    c, d = s.rng.sample(COLOURS, 2)
    slots = {"A": s.name(), "B": s.name(), "o": s.one(KEPT + FOOD), "c": c, "d": d, "p": s.one(PLACES), "w": s.one(PEOPLE),
             "he": s.one(("she", "he")), "r": s.word("rope ribbon board string pipe stick plank wire"),
             "x": s.n(x), "y": s.n(y)}  # fmt: skip
    work = Work()
    work.add("difference", x, "-", y)
    return Draft(s.say(_DIFFERENCE, He=slots["he"].capitalize(), **slots), work)


def compared(s: Speaker) -> Draft:
    """Return quantities given by comparison with another, asked for one, the total or the difference."""
    o, a, b = s.one(KEPT + FOOD + ANIMALS), s.name(), s.name()
    base = s.between(3, s.one((12, 30, 60)))
    work = Work()

    def related(who: str, than: str, ref: int | str) -> tuple[str, str]:
        value = int(work.value(ref))
        kind = s.rng.random()
        n = s.between(1, s.one((5, 12, 25)))
        slots = {"A": who, "B": than, "o": o, "n": s.n(n), "him": "that"}
        if kind < 0.32:
            return s.say(_MORE, **slots), work.add(who, ref, "+", n)
        if kind < 0.55 and n < value:
            return s.say(_FEWER, **slots), work.add(who, ref, "-", n)
        if kind < 0.65 and value % 2 == 0:
            return s.say(_TWICE, w="half", **slots), work.add(who, ref, "/", 2)
        times = s.one((2, 2, 2, 3, 4, 5))
        word = (
            "twice"
            if times == 2
            else s.one((f"{times} times", ("three", "four", "five")[times - 3] + " times"))
        )
        return s.say(_TWICE, w=word, **slots), work.add(who, ref, "*", times)

    first = s.one(
        (
            f"{a} has {s.n(base)} {o}",
            f"{a} [has] {s.n(base)} {o}".replace("[has]", s.word("owns has got collected found")),
        )
    )
    second, ref = related(b, a, base)
    people, values = [a, b], [base, ref]
    sentences = [first, second]
    if s.chance(0.3):
        c = s.name()
        at = s.one((0, 1, 1))
        third, ref = related(c, people[at], values[at])
        sentences.append(third)
        people.append(c)
        values.append(ref)
    if s.chance(0.2):
        sentences = sentences[1:] + sentences[:1]
    text = s.one((". ", ". ", ". ", ", and ", ", while ") if len(sentences) == 2 else (". ",)).join(sentences)
    kind = s.rng.random()
    if kind < 0.45:
        ask = s.one((f"How many {o} does {people[-1]} have?", f"How many does {people[-1]} have?",
                     f"How many {o} has {people[-1]}?", f"What number of {o} does {people[-1]} have?",
                     f"How many {o} belong to {people[-1]}?"))  # fmt: skip
    elif kind < 0.9 or len(people) > 2:
        total: int | str = values[0]
        for value in values[1:]:
            total = work.add("total", total, "+", value)
        ask = s.say(_TOTAL, o=o)
    else:
        high, low = sorted(values, key=lambda one: work.value(one), reverse=True)
        if work.value(high) == work.value(low):
            return compared(s)
        work.add("difference", high, "-", low)
        ask = s.one(
            (
                f"What is the difference between their numbers of {o}?",
                "How big is the difference between them?",
            )
        )
    return Draft(f"{text}. {ask}", work)


_HAND = Wordings("""
    {A} gives {B} {n} [of them|{o}|of the {o}|]
    {A} [hands|passes|sends|lends|sells] {n} [of them |{o} |]to {B}
    {B} takes {n} [of them |{o} |]from {A}
    {A} gives {n} [of [his|her] {o} |{o} |]to {B}
    {B} gets {n} [{o} |]from {A}
    {B} [borrows|wins|receives] {n} [{o} |]from {A}
    {A} loses {n} [{o} |]to {B}
    {A} shares {n} [of them |{o} |]with {B}
""")


def handed(s: Speaker) -> Draft:
    """Return what two people have after one gave something to the other."""
    o, a, b = s.one(KEPT + FOOD), s.name(), s.name()
    x, y = s.between(5, s.one((15, 40, 80))), s.between(2, 40)
    n = s.between(1, x - 1)
    work = Work()
    opening = s.one((f"{a} has {s.n(x)} {o} and {b} has {s.n(y)}.", f"{a} has {s.n(x)} {o}. {b} has {s.n(y)} {o}.",
                     f"{a} has {s.n(x)} {o} and {b} has {s.n(y)} {o}.", f"{a} owns {s.n(x)} {o}, {b} owns {s.n(y)}.",
                     f"{a} starts with {s.n(x)} {o}, {b} with {s.n(y)}."))  # fmt: skip
    hand = s.say(_HAND, A=a, B=b, o=o, n=s.n(n))
    hand = s.one(("", "", "Then ", "Now ", "Later ", "After that, ", "Today, ")) + hand
    kind = s.rng.random()
    if kind < 0.5:
        work.add(b, y, "+", n)
        who = b
    elif kind < 0.85:
        work.add(a, x, "-", n)
        who = a
    else:
        work.add("total", x, "+", y)
        ask = s.one((f"How many {o} do they have together?", f"How many {o} do they have in total now?"))
        return Draft(f"{opening} {hand}. {ask}", work)
    ask = s.one((f"How many {o} does {who} have [now]?", f"How many does {who} have now?", f"How many {o} has {who} now?",
                 f"How many {o} does {who} have in the end?", f"How many {o} does {who} have after that?"))  # fmt: skip
    return Draft(f"{opening} {hand}. {ask.replace(' [now]', s.one(('', ' now')))}", work)


_TIMES = Wordings("""
    There are {m} {c} with {n} {o} [each|in each|in each one]. How many {o} are there [in total|altogether|in all|]?
    {m} {c} [hold|have|contain] {n} {o} each. How many {o} [are there|is that] [in total|altogether|]?
    Each {1} [has|holds|contains] {n} {o}. How many {o} are in {m} {c}?
    How many {o} are [there |]in {m} {c} [of|with] {n} [{o}|] [each|]?
    {A} buys {m} {c} of {n} {o} [each|]. How many {o} [does {A} have|does {A} buy|is that]?
    {A} has {m} {c}. [Each|Every] [{1}|one|of them] [has|holds|contains] {n} {o}. How many {o} does {A} have [in total|altogether|]?
    If one {1} has {n} {o}, how many {o} do {m} {c} have?
    A {1} [holds|has|contains] {n} {o}. How many [{o} |]do {m} {c} [hold|have|contain]?
    {A} [puts|packs|places] {n} {o} [in|into] each of {m} {c}. How many {o} [is that|does {A} need|are there]?
    {m} [friends|children|people|kids|students] [each have|have|bring|get] {n} {o} each. How many {o} is that [in total|altogether|]?
    {A} [reads|writes|solves|sells|makes|paints|bakes] {n} {y} [a|per|every|each] day. How many [{y} |]is that in {m} days?
    {A} [runs|walks|cycles|swims|drives] {n} [km|miles|kilometers] [every|a|each|per] day. How many [km|miles|kilometers] is that in {m} days?
    A [car|bus|train|cyclist|boat|truck] [goes|travels|drives|moves] {n} km [per|an|every|each] hour. How far does it [go|get|travel] in {m} hours?
    A [car|train|bus] drives at {n} [km/h|km per hour|miles per hour|mph] for {m} hours. How [far|many miles|many km] does it [go|travel|get|drive]?
    {A} sleeps {n} hours a night. How many hours is that in {m} nights?
    There are {m} rows of {n} [chairs|seats|trees|desks|{o}]. How many [are there|are there in total|is that]?
    A [machine|factory|printer|worker] makes {n} {o} [per|an|every] hour. How many [{o} |]does it make in {m} hours?
    A [spider|insect|car|table|dog] has {n} [legs|wheels]. How many [legs|wheels] do {m} of them have?
    A week has 7 days. How many days are in {m} weeks?
    {A} plants {m} rows of {n} [flowers|trees|bulbs|seeds]. How many [does {A} plant|is that]?
    {A} [does|trains|practices|studies|works] {n} [minutes|hours] [a|every|each] day. How many [minutes|hours] is that [after|in] {m} days?
    {m} times {n} {o}, how many is that?
""")
_SHARED = Wordings("""
    {x} {o} are [shared|divided|split] equally [among|between] {n} [children|friends|people|kids|students]. How many [{o} |]does each [child|friend|person|one|of them|] get?
    {A} [shares|divides|splits] {x} {o} equally [among|between|with] {n} [friends|children|people|classmates]. How many [{o} |]does each [friend|child|person|one] get?
    {A} [puts|packs|sorts|places] {x} {o} [equally |evenly |]into {n} {c}. How many [{o} |][are in each {1}|go in each {1}|does each {1} hold]?
    {n} [friends|children|people|kids] share {x} {o} [equally|evenly|fairly]. How many [{o} |]does each [one |of them |friend |child |]get?
    If {x} {o} are [shared|split|divided] [equally|evenly] by {n} people, how many [{o} |]does each [person |one |]get?
    {A} has {x} {o} and {n} {c}. [Each {1} gets|{A} puts] the same number [in each|of {o}|]. How many {o} are in each {1}?
    {A} has {x} {o} and wants to [share|split] them [equally|evenly|fairly] with {m} friends, [{A} included|including {A}]. How many does each get?
    How many [{o} |]does each of {n} [children|friends|people] get if {x} {o} are shared [equally|evenly]?
    {x} {o} are packed in {c} of {n}. How many {c} [are needed|does that make|are there|is that]?
    {A} packs {x} {o} into {c} of {n} [each|]. How many {c} [does {A} need|does {A} fill|are needed|are filled]?
    A {1} holds {n} {o}. How many {c} are needed for {x} {o}?
    How many {c} of {n} can {A} fill with {x} {o}?
    {x} [students|children|people|players] form [teams|groups] of {n}. How many [teams|groups] [are there|do they form]?
    {A} [reads|writes|solves|eats] {n} {y} [a|per|every|each] day. How many days does {A} need for {x} {y}?
    A [car|train|bus|cyclist] [goes|travels] {x} km in {n} hours. How many km is that per hour?
    {A} [drives|rides|runs] {x} km in {n} hours at the same speed. How far in one hour?
    {n} [pens|books|tickets|shirts|toys|balls] cost {x} dollars. How much does one cost?
    {A} pays {x} dollars for {n} [tickets|books|shirts|balls|toys]. What is the price of one?
    A rope of {x} [cm|meters|m] is cut into {n} equal [pieces|parts]. How long is each [piece|part]?
    {A} saves {n} dollars [a|per|every|each] week. How many weeks does {A} need to save {x} dollars?
    {x} divided [equally |evenly |]among {n} people is how many each?
    A class of {x} [students|children|kids] is [divided|split] into {n} equal groups. How many [students|children|kids] are in each group?
""")
_LEFT_OVER = Wordings("""
    {x} {o} are shared equally among {n} [children|friends|people|kids]. How many [{o} |]are left over?
    {A} has {x} {o} and gives [each of {n} friends|{n} friends each] [the same number|as many as possible equally]. How many [{o} |]are left [over|]?
    {A} packs {x} {o} into {c} of {n}. How many [{o} |]are left [over|]?
    {A} puts {x} {o} into full {c} of {n}. How many [{o} |]do not fit in a full {1}?
    {x} [students|people|players] make teams of {n}. How many [students|people|players] are left [over|without a team]?
    What [is left|remains] when {x} {o} are divided [equally |]among {n} [children|people|friends]?
    {n} [friends|children|kids] share {x} {o} [equally|evenly|fairly]. How many [{o} |]are [left|left over|not shared]?
    If {x} {o} are put into {n} equal piles, how many [{o} |]are left over?
""")
_ROUND_UP = Wordings("""
    A {1} holds {n} {o}. How many {c} are needed for {x} {o}?
    {x} [people|students|children] want to travel in cars [with|that have] {n} seats. How many cars [are needed|do they need]?
    {A} has {x} {o}. [Each|One] {1} fits {n}. How many {c} does {A} need for all [of them|{o}]?
    How many {c} of {n} does {A} need [to hold|for] [all |]{x} {o}?
    Each boat [holds|carries] {n} people. How many boats are needed for {x} people?
    {x} [people|guests|kids] sit at tables of {n}. How many tables are needed?
""")


def times(s: Speaker) -> Draft:
    """Return equal groups."""
    m, n = s.between(2, s.one((9, 12, 20))), s.between(2, s.one((12, 30, 90)))
    slots = _slots(s)
    text = s.say(_TIMES, m=s.n(m), n=s.n(n), **slots)
    if "A week has" in text:
        n = 7
    work = Work()
    work.add("total", m, "*", n)
    if s.chance(0.22):
        more = s.between(1, 20)
        up = s.chance(0.5) or more >= m * n
        cut = text.rfind("How ")
        if cut > 10 and text.startswith(
            ("There are", slots["A"] + " buys", slots["A"] + " has", slots["A"] + " packs")
        ):
            o = slots["o"]
            event = s.one((f"Then {s.n(more)} more are added.", f"{s.name()} adds {s.n(more)} more.", f"Later {s.n(more)} more {o} arrive.")
                          if up else (f"{s.n(more)} of them are broken.", f"{s.name()} takes {s.n(more)} of them.",
                                      f"Then {s.n(more)} {o} are sold.", f"{s.n(more)} are given away."))  # fmt: skip
            ask = s.one(
                (
                    f"How many {o} are there now?",
                    f"How many {o} are left?",
                    f"How many {o} is that in the end?",
                )
            )
            work.add("total" if up else "left", "#0", "+" if up else "-", more)
            return Draft(f"{text[:cut]}{event} {ask}", work)
    return Draft(text, work)


def _slots(s: Speaker) -> dict[str, str]:
    c = s.one(CONTAINERS)
    return {"A": s.name(), "o": s.one(KEPT + FOOD), "c": c, "1": singular(c).replace("boxe", "box"),
            "y": s.word("pages letters problems pictures cookies cups stories emails exercises")}  # fmt: skip


def shared(s: Speaker) -> Draft:
    """Return equal shares, what is left over, or how many are needed."""
    n, slots, work = s.between(2, 12), _slots(s), Work()
    kind = s.rng.random()
    if kind < 0.7:
        each = s.between(2, s.one((9, 12, 30)))
        text = s.say(_SHARED, x=s.n(n * each), n=s.n(n), m=s.n(n - 1), **slots)
        if f"{s.n(n - 1)} friends" in text and n == 2:
            text = text.replace(f"{s.n(1)} friends", "one friend")
        if "including" in text or "included" in text:
            people = work.add("people", n - 1, "+", 1)
            work.add("each", n * each, "/", people)
        else:
            work.add("each", n * each, "/", n)
        return Draft(text, work)
    rest, quotient = s.between(1, n - 1), s.between(1, 12)
    x = n * quotient + rest
    whole = work.add("full", quotient, "*", n)
    if kind < 0.88:
        work.add("left", x, "-", whole)
        return Draft(s.say(_LEFT_OVER, x=s.n(x), n=s.n(n), **slots), work)
    work.add("left", x, "-", whole)
    work.add("needed", quotient, "+", 1)
    return Draft(s.say(_ROUND_UP, x=s.n(x), n=s.n(n), **slots), work)


_START = Wordings("""
    {A} had some {o}. {He} gave {n} [away|to {B}] and [has|now has|had] {x} left. How many [{o} |]did {he} have [at first|at the start|before|in the beginning|to begin with]?
    {A} gave away {n} {o} and has {x} left. How many [{o} |]did {A} [have|start with] [at first|]?
    After [giving away|losing|selling|eating|using] {n} {o}, {A} has {x} [left|{o} left]. How many [{o} |]did {he} have [at first|before|originally]?
    There were some {o} in a {p}. {B} took {n} and {x} [are|were] left. How many were there [at first|before|in the beginning]?
    {A} [ate|sold|lost|used] {n} {o} and still has {x}. How many did {A} have [at first|before|to start with]?
    {A} has {x} {o} left after {he} gave {n} to {B}. How many did {he} have before?
""")
_START_GAIN = Wordings("""
    {A} had some {o}. {He} [got|found|bought|won] {n} more and now [has|owns] {x}. How many [{o} |]did {he} have [at first|before|in the beginning]?
    After [buying|finding|getting|winning] {n} more {o}, {A} has {x}. How many [{o} |]did {he} have [at first|before|originally]?
    {A} has {x} {o} [now|today]. {He} [got|bought|found] {n} of them [today|yesterday]. How many did {he} have before?
    There were some {o} in a {p}. {B} added {n} and now there are {x}. How many were there [before|at first]?
    {A} found {n} {o} and now has {x}. How many did {A} have before?
    {A} had a few {o}, bought {n} more and ended up with {x}. How many did {A} have [at first|at the start]?
""")
_CHANGE = Wordings("""
    {A} had {x} {o}. {He} gave some [away|to {B}] and has {n} left. How many [{o} |]did {he} give [away|]?
    {A} had {x} {o} and now has {n}. How many did {he} [lose|give away|use|sell]?
    There were {x} {o} in a {p}. Now there are {n}. How many [were taken|are gone|are missing|were removed]?
    {A} had {x} {o}, ate some and has {n} left. How many did {he} eat?
    {A} started with {x} {o} and ended [up |]with {n}. How many [{o} |]did {he} lose?
    {x} {o} were in a {p}. After {B} took some, {n} were left. How many did {B} take?
""")


def unknown(s: Speaker) -> Draft:
    """Return what there was at first, or what was given away."""
    x, work = s.between(4, s.one((20, 60))), Work()
    n = s.between(1, x - 1)
    he = s.one(("she", "he"))
    slots = {"A": s.name(), "B": s.name(), "o": s.one(KEPT + FOOD), "p": s.one(PLACES), "he": he, "He": he.capitalize(),
             "x": s.n(x), "n": s.n(n)}  # fmt: skip
    kind = s.rng.random()
    if kind < 0.35:
        work.add("first", x, "+", n)
        return Draft(s.say(_START, **slots), work, complete=False)
    work.add("first" if kind < 0.65 else "gone", x, "-", n)
    return Draft(s.say(_START_GAIN if kind < 0.65 else _CHANGE, **slots), work, complete=False)
