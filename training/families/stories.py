"""Phrases of the word problems.

`[present|past]` alternatives are expanded once at import into a present-tense and a past-tense list.
Placeholders: {N} the person, {P}/{p} the pronoun, {F} another person, {o} the objects, {n}/{m} numbers.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

OBJECTS = (
    "apples marbles books stickers coins cookies pencils oranges stamps balloons cards shells eggs toys flowers candies "
    "cupcakes bananas buttons stones pens crayons bracelets tickets muffins nuts beads cherries puzzles magazines "
    "notebooks lemons peaches cars blocks sweets peanuts carrots potatoes plants photos keys ribbons badges "
    "feathers bottles mangoes pears plums rings strawberries figs dates acorns postcards chocolates dolls kites"
).split()

_TENSE = re.compile(r"\[([^|\]]*)\|([^\]]*)\]")


def tenses(*templates: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the templates in present and in past tense."""
    return (
        tuple(_TENSE.sub(r"\1", template) for template in templates),
        tuple(_TENSE.sub(r"\2", template) for template in templates),
    )


@dataclass(frozen=True, slots=True)
class Theme:
    """The phrases of one kind of running-quantity story; each tuple is (present, past)."""

    openings: tuple[tuple[str, ...], tuple[str, ...]]
    plus: tuple[tuple[str, ...], tuple[str, ...]]
    minus: tuple[tuple[str, ...], tuple[str, ...]]
    double: tuple[tuple[str, ...], tuple[str, ...]]
    half: tuple[tuple[str, ...], tuple[str, ...]]
    times: tuple[tuple[str, ...], tuple[str, ...]]
    share: tuple[tuple[str, ...], tuple[str, ...]]
    groups: tuple[tuple[str, ...], tuple[str, ...]]
    lose: tuple[tuple[str, ...], tuple[str, ...]]
    asks: tuple[str, ...]
    restart: str
    neutral: str
    label: str
    objects: tuple[str, ...] = tuple(OBJECTS)


_NONE: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())

THINGS = Theme(
    openings=tenses(
        "{N} [has|had] {n} {o}.",
        "{N} [has|had] {n} {o}.",
        "{N} [starts|started] with {n} {o}.",
        "{N} [owns|owned] {n} {o}.",
        "At first {N} [has|had] {n} {o}.",
        "In the morning {N} [has|had] {n} {o}.",
        "{N} [collects|collected] {o} and [has|had] {n} of them.",
        "{N} [brings|brought] {n} {o}.",
        "There [are|were] {n} {o} in {N}'s bag.",
        "{N} [keeps|kept] {n} {o} in a box.",
    ),
    plus=tenses(
        "{P} [buys|bought] {n} more {o}.",
        "{N} [buys|bought] {n} {o}.",
        "{P} [gets|got] {n} more.",
        "{F} [gives|gave] {N} {n} {o}.",
        "{F} [gives|gave] {p2} {n} more {o}.",
        "{P} [finds|found] {n} {o}.",
        "{N} [finds|found] {n} more {o} at home.",
        "{P} [receives|received] {n} more {o} from {F}.",
        "{P} [wins|won] {n} {o}.",
        "Then {p} [picks|picked] up {n} more {o}.",
        "{P} [adds|added] {n} {o}.",
        "Later, {p} [buys|bought] another {n} {o}.",
        "{N}'s mother [gives|gave] {p2} {n} more {o}.",
        "After that, {p} [gets|got] {n} {o} from {F}.",
        "{P} [collects|collected] {n} more {o}.",
        "Next, {N} [gets|got] {n} extra {o}.",
        "{P} also [gets|got] {n} {o} from a friend.",
    ),
    minus=tenses(
        "{P} [gives|gave] away {n} {o}.",
        "{N} [gives|gave] {n} {o} to {F}.",
        "{P} [loses|lost] {n} {o}.",
        "{P} [sells|sold] {n} {o}.",
        "{F} [takes|took] {n} of them.",
        "{N} [loses|lost] {n} of the {o}.",
        "Then {p} [gives|gave] {n} to {F}.",
        "{P} [throws|threw] away {n} {o}.",
        "{P} [uses|used] {n} of them.",
        "{N} [sells|sold] {n} {o} to {F}.",
        "{F} [borrows|borrowed] {n} {o}.",
        "{P} [hands|handed] {n} {o} to {F}.",
        "After that, {p} [gives|gave] {F} {n} {o}.",
        "Later, {p} [loses|lost] {n} of them.",
        "{P} [donates|donated] {n} {o}.",
        "{N} [drops|dropped] {n} {o} and cannot find them.",
    ),
    double=tenses(
        "{P} [doubles|doubled] the number of {o}.",
        "The number of {o} [doubles|doubled].",
        "{N} [doubles|doubled] {p3} {o}.",
        "Then {p} [gets|got] as many {o} again as {p} already [has|had].",
        "{F} [doubles|doubled] the {o} that {N} [has|had].",
    ),
    half=tenses(
        "{P} [gives|gave] away half of the {o}.",
        "{P} [loses|lost] half of them.",
        "{N} [sells|sold] half of the {o}.",
        "{P} [gives|gave] half of {p3} {o} to {F}.",
        "Then {p} [uses|used] half of the {o}.",
    ),
    times=tenses("{P} [triples|tripled] the number of {o}.", "{N} [triples|tripled] {p3} {o}."),
    share=tenses(
        "{P} [splits|split] the {o} equally into {n} piles and [keeps|kept] one pile.",
        "{P} [shares|shared] the {o} equally among {n} people and [keeps|kept] one share.",
        "{N} [divides|divided] the {o} equally into {n} bags and [keeps|kept] only one bag.",
    ),
    groups=tenses(
        "{P} [buys|bought] {n} bags with {m} {o} each.",
        "{P} [gets|got] {n} boxes of {m} {o} each.",
        "{N} [buys|bought] {n} packs of {m} {o} each.",
        "{n} friends [give|gave] {N} {m} {o} each.",
        "{F} [brings|brought] {N} {n} baskets with {m} {o} in each.",
    ),
    lose=tenses(
        "{P} [gives|gave] {n} friends {m} {o} each.",
        "{N} [gives|gave] {m} {o} to each of {n} friends.",
        "{P} [sells|sold] {n} bags with {m} {o} each.",
    ),
    asks=(
        "How many {o} does {N} have now?",
        "How many {o} does {N} have now?",
        "How many {o} does {N} have?",
        "How many {o} are left?",
        "How many {o} does {N} have in the end?",
        "how many {o} does {p} have now",
        "How many {o} does {p} have left?",
        "How many {o} does {N} end up with?",
        "How many are there now?",
        "What is the number of {o} that {N} has now?",
        "How many {o} has {N} got?",
        "so how many {o} are there",
    ),
    restart="{N} has # {o}.",
    neutral="How many {o} does {N} have now?",
    label="{o}",
)

MONEY = Theme(
    openings=tenses(
        "{N} [has|had] ${n}.",
        "{N} [has|had] {n} dollars.",
        "{N} [starts|started] with ${n} in {p3} account.",
        "There [are|were] {n} dollars in {N}'s wallet.",
        "{N} [saves|saved] ${n}.",
    ),
    plus=tenses(
        "{P} [earns|earned] ${n}.",
        "{P} [gets|got] ${n} from {F}.",
        "{N} [finds|found] ${n}.",
        "{F} [pays|paid] {N} ${n}.",
        "{P} [receives|received] ${n} more.",
        "{P} [gets|got] another {n} dollars.",
        "Then {p} [earns|earned] ${n} for helping {F}.",
        "{P} [deposits|deposited] ${n} more.",
    ),
    minus=tenses(
        "{P} [spends|spent] ${n}.",
        "{P} [pays|paid] ${n} for lunch.",
        "{N} [pays|paid] {F} ${n}.",
        "{P} [buys|bought] a book for ${n}.",
        "{P} [gives|gave] {F} {n} dollars.",
        "{P} [loses|lost] ${n}.",
        "Then {p} [buys|bought] a shirt for ${n}.",
        "{N} [spends|spent] {n} dollars on food.",
    ),
    double=tenses("{P} [doubles|doubled] {p3} money.", "{F} [doubles|doubled] {N}'s money."),
    half=tenses("{P} [spends|spent] half of {p3} money.", "{N} [gives|gave] half of the money to {F}."),
    times=tenses("{N} [triples|tripled] {p3} money."),
    share=_NONE,
    groups=tenses("{P} [sells|sold] {n} drawings for ${m} each.", "{n} friends [pay|paid] {p2} ${m} each."),
    lose=tenses("{P} [buys|bought] {n} sandwiches for ${m} each.", "{N} [pays|paid] {n} helpers ${m} each."),
    asks=(
        "How much money does {N} have now?",
        "How many dollars does {N} have left?",
        "How much money is left?",
        "How much does {p} have now?",
        "How many dollars does {N} have now?",
        "how much money does {p} have",
    ),
    restart="{N} has $#.",
    neutral="How many dollars does {N} have now?",
    label="money",
    objects=("dollars",),
)

BUS = Theme(
    openings=tenses(
        "There [are|were] {n} passengers on a bus.",
        "A train [starts|started] with {n} passengers.",
        "A bus [leaves|left] the station with {n} people on board.",
        "There [are|were] {n} people on a tram.",
    ),
    plus=tenses(
        "At the next stop {n} people [get|got] on.",
        "{n} more passengers [get|got] on.",
        "{n} people [board|boarded].",
        "Then {n} people [get|got] in.",
        "At the next station, {n} new passengers [enter|entered].",
    ),
    minus=tenses(
        "At the next stop {n} people [get|got] off.",
        "{n} passengers [leave|left].",
        "{n} people [get|got] out.",
        "Then {n} passengers [get|got] off.",
        "At the station {n} people [leave|left] the bus.",
    ),
    double=tenses("Then the number of passengers [doubles|doubled]."),
    half=tenses("Half of the passengers [get|got] off.", "At the next stop half of the people [leave|left]."),
    times=_NONE,
    share=_NONE,
    groups=tenses(
        "{n} groups of {m} people each [get|got] on.", "{n} families of {m} people each [board|boarded]."
    ),
    lose=tenses("{n} groups of {m} people each [get|got] off."),
    asks=(
        "How many passengers are on board now?",
        "How many people are on board now?",
        "How many are left?",
        "How many passengers are there now?",
        "How many people are there at the end?",
    ),
    restart="There are # passengers on board.",
    neutral="How many passengers are on board now?",
    label="passengers",
    objects=("passengers",),
)

STORE = Theme(
    openings=tenses(
        "A shop [has|had] {n} {o}.",
        "There [are|were] {n} {o} in the store.",
        "A library [has|had] {n} {o}.",
        "A school [owns|owned] {n} {o}.",
        "A warehouse [holds|held] {n} {o}.",
        "There [are|were] {n} {o} on the shelf.",
        "A box [contains|contained] {n} {o}.",
        "There [are|were] {n} {o} on the table.",
        "A farm [has|had] {n} {o}.",
    ),
    plus=tenses(
        "{n} new {o} [arrive|arrived].",
        "{n} more {o} [are|were] delivered.",
        "A truck [brings|brought] {n} more {o}.",
        "{N} [adds|added] {n} {o}.",
        "{F} [puts|put] {n} more {o} there.",
        "On the next day {n} {o} [are|were] added.",
        "Then {n} {o} [come|came] in.",
    ),
    minus=tenses(
        "{n} {o} [are|were] sold.",
        "{n} of the {o} [are|were] taken away.",
        "{N} [takes|took] {n} {o}.",
        "{F} [removes|removed] {n} {o}.",
        "{n} {o} [are|were] broken and thrown away.",
        "Then {n} {o} [are|were] sold.",
        "Customers [buy|bought] {n} {o}.",
        "{n} {o} [get|got] lost.",
    ),
    double=tenses("Then the number of {o} [is|was] doubled.", "The stock of {o} [doubles|doubled]."),
    half=tenses("Half of the {o} [are|were] sold.", "Half of the {o} [are|were] taken away."),
    times=tenses("Then the number of {o} [is|was] tripled."),
    share=_NONE,
    groups=tenses(
        "{n} boxes with {m} {o} each [arrive|arrived].", "{n} trucks [bring|brought] {m} {o} each."
    ),
    lose=tenses("{n} customers [buy|bought] {m} {o} each.", "{n} boxes of {m} {o} each [are|were] sold."),
    asks=(
        "How many {o} are there now?",
        "How many {o} are left?",
        "How many {o} remain?",
        "How many {o} are in stock?",
        "How many {o} are there at the end?",
        "how many {o} now",
    ),
    restart="There are # {o}.",
    neutral="How many {o} are there now?",
    label="{o}",
)

NUMBER = Theme(
    openings=tenses(
        "Start with the number {n}.",
        "Start with {n}.",
        "Take the number {n}.",
        "I think of the number {n}.",
        "Begin with {n}.",
        "The number is {n}.",
        "Let x be {n}.",
        "You start with {n}.",
    ),
    plus=tenses(
        "Add {n}.",
        "Then add {n}.",
        "Increase it by {n}.",
        "Add {n} to the result.",
        "Next, add {n}.",
        "Plus {n}.",
        "Now add {n}.",
    ),
    minus=tenses(
        "Subtract {n}.",
        "Then subtract {n}.",
        "Decrease it by {n}.",
        "Take away {n}.",
        "Now subtract {n}.",
        "Subtract {n} from the result.",
        "Minus {n}.",
    ),
    double=tenses("Double it.", "Double the result.", "Then double it.", "Multiply by 2."),
    half=tenses("Halve it.", "Halve the result.", "Divide by 2.", "Take half of it."),
    times=tenses("Triple it.", "Multiply by 3.", "Multiply the result by 3."),
    share=tenses("Divide by {n}.", "Divide the result by {n}.", "Then divide it by {n}."),
    groups=_NONE,
    lose=_NONE,
    asks=(
        "What is the result?",
        "What is the number now?",
        "What number do you get?",
        "What do you get?",
        "What is the final number?",
        "What is it now?",
        "what do i have now",
        "Which number is that?",
    ),
    restart="Start with the number #.",
    neutral="What is the number now?",
    label="number",
    objects=("number",),
)

POINTS = Theme(
    openings=tenses(
        "{N} [has|had] {n} points.",
        "{N} [starts|started] a game with {n} points.",
        "The score of {N} [is|was] {n}.",
        "{N} [begins|began] with {n} points.",
    ),
    plus=tenses(
        "{P} [scores|scored] {n} points.",
        "{P} [gains|gained] {n} points.",
        "{N} [wins|won] {n} more points.",
        "Then {p} [gets|got] {n} points.",
        "In the next round {p} [scores|scored] {n}.",
    ),
    minus=tenses(
        "{P} [loses|lost] {n} points.",
        "{N} [gets|got] a penalty of {n} points.",
        "Then {p} [loses|lost] {n}.",
        "{n} points [are|were] taken away.",
        "In the next round {p} [loses|lost] {n} points.",
    ),
    double=tenses("A bonus [doubles|doubled] {p3} points.", "{P} [doubles|doubled] {p3} points."),
    half=tenses("{P} [loses|lost] half of {p3} points.", "A trap [halves|halved] {p3} points."),
    times=tenses("A bonus [triples|tripled] {p3} points."),
    share=_NONE,
    groups=tenses("{P} [wins|won] {n} rounds worth {m} points each."),
    lose=tenses("{P} [makes|made] {n} mistakes that cost {m} points each."),
    asks=(
        "How many points does {N} have now?",
        "What is {N}'s score now?",
        "What is the final score?",
        "How many points does {p} have?",
        "how many points in the end",
    ),
    restart="{N} has # points.",
    neutral="How many points does {N} have now?",
    label="points",
    objects=("points",),
)

THEMES = (THINGS, THINGS, THINGS, THINGS, MONEY, BUS, STORE, STORE, NUMBER, NUMBER, POINTS)

PLACES = (
    "in the box", "on the table", "in the basket", "in the bag", "on the shelf", "in the jar", "in the drawer",
    "in the kitchen", "in the garden", "in the classroom", "in the car", "in the red box", "in the blue box",
)  # fmt: skip
