"""Questions over a few stated facts in other words: who has what, who is where, who is related to whom."""

from __future__ import annotations

import itertools

from training.everyday.wording import Speaker, Wordings
from training.everyday.work import Draft
from training.families.common import uncapital

_VALUES = {
    "city": "Rome Paris Berlin Madrid London Oslo Vienna Prague Dublin Lisbon Athens Cairo Tokyo Seoul Lima Boston Denver Chicago Sydney Milan",
    "pet": "cat dog parrot hamster rabbit turtle goldfish pony lizard snake",
    "food": "pizza pasta rice soup salad sushi curry bread cheese pancakes",
    "color": "red blue green yellow purple orange white black pink brown",
    "instrument": "piano violin guitar flute trumpet drums cello harp clarinet",
    "sport": "tennis football chess golf hockey rugby judo swimming basketball",
    "job": "doctor baker pilot teacher nurse farmer lawyer painter plumber cook",
    "drink": "tea coffee water milk juice lemonade cocoa",
    "subject": "math history biology physics art music geography chemistry",
    "vehicle": "bike car bus train tram scooter truck",
}
_RELATIONS: tuple[tuple[str, Wordings, Wordings, Wordings], ...] = tuple(
    (kind, Wordings(facts), Wordings(what), Wordings(who)) for kind, facts, what, who in (
        ("city", "{a} lives in {b}\n{a} is from {b}\n{a}'s home is in {b}\n{a} has a flat in {b}\n{a} moved to {b}\n{a} comes from {b}",
         "Where does {a} live?\n[In w|W]hich city does {a} live [in|]?\nWhere is {a}'s home?\nWhat city is {a} in?\nWhere is {a} from?\nIn what city can you find {a}?",
         "Who lives in {b}?\nWho is from {b}?\nWhich person lives in {b}?\nWhose home is in {b}?\nWho has a home in {b}?\nTell me who lives in {b}"),
        ("pet", "{a} has a {b}\n{a} owns a {b}\n{a} keeps a {b}\n{a}'s pet is a {b}\nThe {b} belongs to {a}\n{a} got a {b}",
         "[What|Which] pet does {a} have?\nWhat animal does {a} [own|have]?\nWhat is {a}'s pet?\nWhich animal belongs to {a}?\nWhat kind of pet does {a} own?\nWhat does {a} keep?",
         "Who has [the|a] {b}?\nWho owns [the|a] {b}?\nWhose pet is the {b}?\nTo whom does the {b} belong?\nWhich of them has a {b}?\nWho is the owner of the {b}?"),
        ("food", "{a} likes {b}\n{a} loves {b}\n{a}'s favorite food is {b}\n{a} eats {b}\n{a} ordered {b}\n{a} always has {b} for lunch",
         "What [food |]does {a} like?\nWhat is {a}'s favorite food?\nWhat does {a} eat?\nWhich food does {a} [like|love]?\nWhat did {a} order?\nWhat does {a} have?",
         "Who [likes|loves|eats] {b}?\nWhose favorite food is {b}?\nWho ordered {b}?\nWhich person [likes|eats] {b}?\nWho is the one with {b}?\nTell me who likes {b}"),
        ("color", "{a}'s favorite color is {b}\n{a} likes {b} best\n{a} wears {b}\n{a} has a {b} hat\n{a}'s bike is {b}\n{a} painted the door {b}",
         "What is {a}'s favorite color?\n[What|Which] color does {a} like?\nWhat color goes with {a}?\nWhich color is {a}'s?\nWhat color does {a} have?\nWhat color did {a} choose?",
         "Who likes {b}?\nWho has {b}?\nWhose color is {b}?\nWhich person has {b}?\nWho chose {b}?\nTell me who has {b}"),
        ("instrument", "{a} plays the {b}\n{a} practices the {b}\n{a} is learning the {b}\n{a} studies the {b}\n{a}'s instrument is the {b}\n{a} is good at the {b}",
         "[What|Which] instrument does {a} play?\nWhat does {a} play?\nWhat is {a}'s instrument?\nWhich instrument is {a}'s?\nWhat instrument does {a} practice?\nOn which instrument does {a} play?",
         "Who plays the {b}?\nWho is the {b} player?\nWhich person plays the {b}?\nWho practices the {b}?\nWhose instrument is the {b}?\nTell me who plays the {b}"),
        ("sport", "{a} plays {b}\n{a} does {b}\n{a}'s sport is {b}\n{a} likes {b}\n{a} trains {b}\n{a} is good at {b}",
         "[What|Which] sport does {a} [play|do|like]?\nWhat is {a}'s sport?\nWhat does {a} play?\nWhat is {a} good at?\nWhich sport is {a}'s?\nWhat does {a} do?",
         "Who [plays|does|likes] {b}?\nWhose sport is {b}?\nWhich person plays {b}?\nWho is good at {b}?\nWho trains {b}?\nTell me who plays {b}"),
        ("job", "{a} is a {b}\n{a} works as a {b}\n{a} has a job as a {b}\n{a}'s job is {b}\n{a} became a {b}\n{a} earns money as a {b}",
         "What is {a}'s job?\nWhat does {a} work as?\nWhat [job|profession] does {a} have?\nWhat does {a} do for a living?\nWhat is the profession of {a}?\nWhich job does {a} have?",
         "Who is [the|a] {b}?\nWho works as a {b}?\nWhich of them is the {b}?\nWhose job is {b}?\nWho has the job of a {b}?\nTell me who is a {b}"),
        ("drink", "{a} drinks {b}\n{a} likes {b}\n{a} ordered {b}\n{a} has a cup of {b}\n{a} prefers {b}\n{a} always takes {b}",
         "What does {a} drink?\nWhat did {a} order?\nWhat drink does {a} [like|have|prefer]?\nWhich drink is {a}'s?\nWhat is in {a}'s cup?\nWhat does {a} prefer?",
         "Who drinks {b}?\nWho ordered {b}?\nWho [likes|prefers] {b}?\nWhich person drinks {b}?\nWhose drink is {b}?\nTell me who drinks {b}"),
        ("subject", "{a} teaches {b}\n{a} studies {b}\n{a} likes {b}\n{a}'s subject is {b}\n{a} is good at {b}\n{a} has an exam in {b}",
         "[What|Which] subject does {a} [teach|study|like]?\nWhat does {a} [teach|study]?\nWhat is {a}'s subject?\nWhat is {a} good at?\nWhich subject is {a}'s?\nWhat subject goes with {a}?",
         "Who [teaches|studies|likes] {b}?\nWhose subject is {b}?\nWhich person [teaches|studies] {b}?\nWho is good at {b}?\nTell me who studies {b}\nWho has {b}?"),
        ("vehicle", "{a} goes to work by {b}\n{a} takes the {b}\n{a} travels by {b}\n{a} comes by {b}\n{a} uses the {b}\n{a} goes to school by {b}",
         "How does {a} [travel|get there|come|go to work|get to work]?\nWhat does {a} [take|use]?\nHow does {a} get around?\nBy what does {a} travel?\nWhich vehicle does {a} use?\nWhat does {a} travel by?",
         "Who [takes|uses] the {b}?\nWho [travels|comes|goes] by {b}?\nWhich person takes the {b}?\nWho uses the {b}?\nTell me who takes the {b}\nWho is on the {b}?"),
    )
)  # fmt: skip
_KIN = "brother sister mother father cousin uncle aunt boss neighbor teacher friend coach roommate grandmother doctor best_friend".split()
_KIN_FACT = Wordings("""
    {b} is {a}'s {k}
    {a}'s {k} is {b}
    The {k} of {a} is {b}
    {b} is the {k} of {a}
    {a} has a {k} [named|called] {b}
    {a}'s {k} is [called|named] {b}
""")


def _inner(fact: str) -> str:
    """Return a fact as it stands inside a sentence."""
    return (
        uncapital(fact)
        if fact.split(" ")[0] in ("The", "There", "In", "On", "Then", "Later", "After")
        else fact
    )


def _finish(s: Speaker, facts: list[str], question: str, steps: list[tuple[str, str]], answer: str) -> Draft:
    chance = s.rng.random()
    if chance < 0.55 or len(facts) < 2:
        text = ". ".join(facts) + "."
    elif chance < 0.75:
        told = [facts[0], *(_inner(fact) for fact in facts[1:])]
        text = ", ".join(told[:-1]) + s.one((" and ", ", and ", ", ")) + told[-1] + "."
    elif chance < 0.85:
        text = "\n".join(f"{fact}." for fact in facts) + "\n"
    else:
        text = (
            f"{s.one(('Facts: ', 'Given: ', 'Here is what we know: ', 'I know this: '))}{'. '.join(facts)}."
        )
    lines = tuple(f"{fact}. -> {value}" for fact, value in steps)
    gap = "" if text.endswith("\n") else " "
    if s.chance(0.07):
        return Draft(
            f"{question.rstrip('.')}{'' if question[-1] in '?.' else '?'} {text.strip()}",
            answer=answer,
            closing=lines,
        )
    return Draft(text + gap + question, answer=answer, closing=lines)


def attributes(s: Speaker) -> Draft:
    """Return what somebody has, or who has it, among a few people."""
    kind, facts, what, who = s.one(_RELATIONS)
    count = s.one((1, 2, 2, 3, 3, 4))
    names = [s.name() for _ in range(count)]
    values = s.rng.sample(_VALUES[kind].split(), count)
    said = [s.say(facts, a=name, b=value) for name, value in zip(names, values, strict=True)]
    at = s.between(0, count - 1)
    steps, answer = [(said[at], values[at])], values[at]
    if s.chance(0.45) and count > 1:
        question, answer, steps = s.say(who, b=values[at]), names[at], [(said[at], names[at])]
    elif s.chance(0.45):
        relative, kin = s.name(), s.one(_KIN).replace("_", " ")
        link = s.say(_KIN_FACT, a=relative, b=names[at], k=kin)
        steps = [(link, names[at]), (said[at], values[at])]
        question = s.say(
            what, a=s.one((f"{relative}'s {kin}", f"{relative}'s {kin}", f"the {kin} of {relative}"))
        )
        said.append(link)
    else:
        question = s.say(what, a=names[at])
    if s.chance(0.3):
        other, more, _, _ = s.one(_RELATIONS)
        if other != kind:
            said.append(s.say(more, a=s.one(names), b=s.word(_VALUES[other])))
    s.rng.shuffle(said)
    return _finish(s, said, question, steps, answer)


def relatives(s: Speaker) -> Draft:
    """Return who is related to somebody, one or two steps away."""
    names = [s.name() for _ in range(5)]
    first, second = (word.replace("_", " ") for word in s.rng.sample(_KIN, 2))
    one = s.say(_KIN_FACT, a=names[0], b=names[1], k=first)
    two = s.say(_KIN_FACT, a=names[1], b=names[2], k=second)
    said, steps = [one], [(one, names[1])]
    if s.chance(0.6):
        said, steps = [one, two], [(one, names[1]), (two, names[2])]
        asked = s.one(
            (
                f"{names[0]}'s {first}'s {second}",
                f"the {second} of {names[0]}'s {first}",
                f"the {second} of the {first} of {names[0]}",
            )
        )
    else:
        asked = s.one((f"{names[0]}'s {first}", f"the {first} of {names[0]}"))
    if s.chance(0.6):
        said.append(s.say(_KIN_FACT, a=names[3], b=names[4], k=s.one((first, second))))
    s.rng.shuffle(said)
    question = s.one(
        (
            f"Who is {asked}?",
            f"Who is {asked}?",
            f"What is the name of {asked}?",
            f"Tell me who {asked} is.",
            f"What is {asked} called?",
        )
    )
    return _finish(s, said, question, steps, steps[-1][1])


_PET_NAMES = "Whiskers Rex Bella Coco Fluffy Max Luna Rocky Daisy Simba Nala Buddy Milo Shadow Ginger Pepper Oreo Socks Ziggy Spot".split()
_EVENTS = (
    "meeting party lesson exam concert match class show lecture workshop dinner picnic interview race".split()
)
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_ROOMS = "kitchen library gym garden office hall theater cafeteria park museum school stadium".split()
_THINGS = "car bike door house box chair bag ball cup coat hat lamp book table boat wall bottle".split()
_INSIDES = "apples pears coins letters books toys shoes pens cookies keys marbles candles buttons stones nuts photos".split()


def named(s: Speaker) -> Draft:
    """Return a fact about things: names of pets, colors, contents of boxes, times and places of events."""
    kind, said, steps = s.rng.random(), [], []
    count = s.one((1, 2, 2, 3))
    if kind < 0.25:
        people, pets = [s.name() for _ in range(count)], s.rng.sample(_VALUES["pet"].split(), count)
        names = s.rng.sample(_PET_NAMES, count)
        for person, pet, name in zip(people, pets, names, strict=True):
            said.append(s.one((f"{person}'s {pet} is {s.word('named called')} {name}", f"{person} has a {pet} {s.word('named called')} {name}",
                               f"{name} is {person}'s {pet}", f"The name of {person}'s {pet} is {name}")))  # fmt: skip
        if s.chance(0.6):
            ask, answer = s.one((f"What is the name of {people[0]}'s {pets[0]}?", f"What is {people[0]}'s {pets[0]} called?",
                                 f"How is {people[0]}'s {pets[0]} called?", f"What is {people[0]}'s pet called?")), names[0]  # fmt: skip
        elif s.chance(0.5):
            ask, answer = (
                s.one(
                    (f"Whose pet is {names[0]}?", f"Who owns {names[0]}?", f"To whom does {names[0]} belong?")
                ),
                people[0],
            )
        else:
            ask, answer = (
                s.one(
                    (
                        f"What kind of animal is {names[0]}?",
                        f"What animal is {names[0]}?",
                        f"Which animal is called {names[0]}?",
                    )
                ),
                pets[0],
            )
    elif kind < 0.5:
        things, colors = s.rng.sample(_THINGS, count), s.rng.sample(_VALUES["color"].split(), count)
        said = [f"The {thing} is {color}" for thing, color in zip(things, colors, strict=True)]
        if s.chance(0.6) or count == 1:
            ask, answer = s.one((f"What color is the {things[0]}?", f"Which color does the {things[0]} have?", f"What is the color of the {things[0]}?",
                                 f"What colour is the {things[0]}?")), colors[0]  # fmt: skip
        else:
            ask, answer = (
                s.one(
                    (
                        f"What is {colors[0]}?",
                        f"Which thing is {colors[0]}?",
                        f"What has the color {colors[0]}?",
                    )
                ),
                things[0],
            )
    elif kind < 0.72:
        colors, inside = s.rng.sample(_VALUES["color"].split(), count), s.rng.sample(_INSIDES, count)
        box = s.word("box bag drawer jar basket cupboard bin")
        said = [s.one((f"The {color} {box} {s.word('contains holds has')} {what}", f"The {what} are in the {color} {box}",
                       f"There are {what} in the {color} {box}", f"In the {color} {box} are {what}"))
                for color, what in zip(colors, inside, strict=True)]  # fmt: skip
        if s.chance(0.55) or count == 1:
            ask, answer = s.one((f"What is in the {colors[0]} {box}?", f"What does the {colors[0]} {box} contain?",
                                 f"Which things are in the {colors[0]} {box}?")), inside[0]  # fmt: skip
        else:
            ask, answer = (
                s.one(
                    (
                        f"What color is the {box} with the {inside[0]}?",
                        f"Which color has the {box} that holds the {inside[0]}?",
                    )
                ),
                colors[0],
            )
    else:
        events, days, rooms = (
            s.rng.sample(_EVENTS, count),
            s.rng.sample(_DAYS, count),
            s.rng.sample(_ROOMS, count),
        )
        hours = [f"{hour} {s.one(('AM', 'PM'))}" for hour in s.rng.sample(range(1, 13), count)]
        shape = s.one(("day", "room", "hour", "both", "both"))
        for event, day, room, hour in zip(events, days, rooms, hours, strict=True):
            said.append({
                "day": s.one((f"The {event} is on {day}", f"The {event} takes place on {day}", f"On {day} there is the {event}")),
                "room": s.one((f"The {event} is in the {room}", f"The {event} takes place in the {room}", f"The {event} is held in the {room}")),
                "hour": s.one((f"The {event} starts at {hour}", f"The {event} begins at {hour}", f"The {event} is at {hour}")),
                "both": s.one((f"The {event} is on {day} in the {room}", f"The {event} in the {room} is on {day}",
                               f"On {day} there is the {event} in the {room}")),
            }[shape])  # fmt: skip
        what = s.one(("day", "room")) if shape == "both" else shape
        ask, answer = {
            "day": (s.one((f"When is the {events[0]}?", f"On which day is the {events[0]}?", f"What day is the {events[0]}?")), days[0]),
            "room": (s.one((f"Where is the {events[0]}?", f"In which place is the {events[0]}?", f"Where does the {events[0]} take place?")), rooms[0]),
            "hour": (s.one((f"When does the {events[0]} start?", f"At what time is the {events[0]}?", f"What time does the {events[0]} begin?")), hours[0]),
        }[what]  # fmt: skip
    steps = [(said[0], answer)]
    s.rng.shuffle(said)
    return _finish(s, said, ask, steps, answer)


_ITEMS = "key ball book ring letter coin map lamp phone hat toy cup pen watch wallet glove cake".split()
_INNER = "box bag drawer basket envelope jar chest suitcase bowl case pouch backpack".split()
_OUTER = "kitchen garden bedroom office garage cellar library bathroom attic hallway car closet cupboard desk house".split()
_TAKE = Wordings("""
    {a} gives the {o} to {b}
    {a} hands the {o} to {b}
    {a} passes the {o} to {b}
    {b} takes the {o} from {a}
    {b} gets the {o} from {a}
    {a} gives {b} the {o}
    {a} sends the {o} to {b}
    {a} lends the {o} to {b}
    {a} sells the {o} to {b}
""")


def objects(s: Speaker) -> Draft:
    """Return where a thing is, or who has it after it changed hands."""
    item = s.one(_ITEMS)
    if s.chance(0.5):
        inner, outer = s.one(_INNER), s.one(_OUTER)
        verb = s.one(("is in", "is in", "is inside", "lies in"))
        facts = [
            f"The {item} {verb} the {inner}",
            f"The {inner} {s.one(('is in', 'is in', 'stands in', 'is inside'))} the {outer}",
        ]
        steps = [(facts[0], f"the {inner}"), (facts[1], f"the {outer}")]
        extra, spare = s.one(_ITEMS), s.one(_OUTER)
        if extra != item and spare != outer and s.chance(0.6):
            facts.append(f"The {extra} is in the {spare}")
        s.rng.shuffle(facts)
        ask = s.one((f"In which room is the {item}?", f"Where is the {item}, in which room?", f"Which room is the {item} in?")
                    if outer in ("kitchen", "garage", "bedroom", "office", "cellar", "library", "bathroom", "attic", "hallway")
                    else (f"What is the outermost place that the {item} is in?", f"In what is the {inner} with the {item}?"))  # fmt: skip
        return _finish(s, facts, ask, steps, outer)
    names = [s.name() for _ in range(4)]
    holder, second = names[0], names[3]
    other = s.one([word for word in _ITEMS if word != item])
    facts = [
        s.one(
            (
                f"{holder} has a {item}",
                f"{holder} has the {item}",
                f"{holder} owns a {item}",
                f"{holder} finds a {item}",
                f"{holder} buys a {item}",
            )
        )
    ]
    steps: list[tuple[str, str]] = []
    for _ in range(s.one((1, 2, 2, 3))):
        to = s.one([name for name in names if name != holder])
        facts.append(s.say(_TAKE, a=holder, b=to, o=item))
        steps.append((facts[-1], to))
        holder = to
        if s.chance(0.25):
            facts.append(f"{second} has a {other}")
    linked = [facts[0], *(s.one(("", "", "Then ", "Later ", "After that, ")) + fact for fact in facts[1:])]
    steps = [(next(text for text in linked if text.endswith(fact)), value) for fact, value in steps]
    ask = s.one((f"Who has the {item} now?", f"Who has the {item} in the end?", f"Who has the {item}?", f"Who ends up with the {item}?",
                 f"Where is the {item} now, with whom?", f"Who owns the {item} now?", f"Who is holding the {item}?"))  # fmt: skip
    return _finish(s, linked, ask, steps, holder)


_ORDERS = (
    ("taller than", "shorter than", "the tallest", "the shortest"), ("older than", "younger than", "the oldest", "the youngest"),
    ("faster than", "slower than", "the fastest", "the slowest"), ("richer than", "poorer than", "the richest", "the poorest"),
    ("stronger than", "weaker than", "the strongest", "the weakest"), ("heavier than", "lighter than", "the heaviest", "the lightest"),
    ("bigger than", "smaller than", "the biggest", "the smallest"), ("ahead of", "behind", "first", "last"),
    ("taller than", "smaller than", "the tallest", "the smallest"), ("before", "after", "first", "last"),
)  # fmt: skip


def orders(s: Speaker) -> Draft:
    """Return who is first or last of an order told in pairs."""
    more, less, best, worst = s.one(_ORDERS)
    names = [s.name() for _ in range(s.one((2, 3, 3, 3, 4)))]
    verb = s.one(("finished", "arrived", "came in", "finishes")) if more == "before" else "is"
    pairs = [
        f"{high} {verb} {more} {low}" if s.chance(0.65) else f"{low} {verb} {less} {high}"
        for high, low in itertools.pairwise(names)
    ]
    steps = [(fact, " > ".join(names[: index + 2])) for index, fact in enumerate(pairs)]
    facts = pairs[:]
    s.rng.shuffle(facts)
    top = s.chance(0.5)
    word = best if top else worst
    if more == "before":
        asked = {"finished": "finished", "arrived": "arrived", "came in": "came in", "finishes": "finishes"}[
            verb
        ]
        return _finish(s, facts, s.one((f"Who {asked} {word}?", f"Who was {word}?", f"Which of them {asked} {word}?")),
                       steps, names[0] if top else names[-1])  # fmt: skip
    ask = s.one(
        (
            f"Who is {word}?",
            f"Who is {word}?",
            f"Which of them is {word}?",
            f"Who is {word} of them?",
            f"Tell me who is {word}.",
        )
    )
    return _finish(s, facts, ask, steps, names[0] if top else names[-1])
