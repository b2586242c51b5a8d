"""Word problems with several quantities: comparisons, transfers, shopping, groups and one-sentence questions."""

from __future__ import annotations

import random

from training.example import Problem
from training.families.arithmetic import equation
from training.families.common import Planned, Script, between, build, casual, pick, shuffle, some
from training.families.stories import OBJECTS, PLACES
from training.families.words import NAMES

_PRICED = ("pens books shirts hats pencils notebooks cups plates lamps toys balls socks scarves bags mugs candles "
           "sandwiches pizzas tickets posters caps belts umbrellas spoons bowls towels erasers rulers cakes").split()  # fmt: skip

_ONE = {
    "+": ("If I have {a} {o} and get {b} more, how many {o} do I have?", "{N} has {a} {o}. {F} gives {N} {b} more. How many?",
          "i have {a} {o} and buy {b} more how many do i have", "I had {a} {o} and found {b}. How many now?",
          "There are {a} red {o} and {b} blue {o}. How many {o} are there in total?",
          "{N} has {a} {o} and {F} has {b} {o}. How many {o} do they have together?",
          "{N} ate {a} {o} in the morning and {b} {o} in the evening. How many {o} did {N} eat?",
          "There are {a} {o} in one box and {b} in another. How many {o} altogether?"),
    "-": ("If I have {a} {o} and give away {b}, how many are left?", "I had {a} {o} and ate {b}. How many {o} are left?",
          "{N} has {a} {o} and loses {b}. How many {o} does {N} have?", "i have {a} {o}, i lose {b}. how many left",
          "{N} has {a} {o}. {F} has {b} {o}. How many more {o} does {N} have than {F}?",
          "{N} needs {a} {o} and has {b}. How many {o} are missing?",
          "There were {a} {o} on the table. {F} took {b}. How many {o} are still on the table?"),
    "*": ("{a} boxes hold {b} {o} each. How many {o} are there?", "How many {o} are in {a} bags of {b} {o} each?",
          "{N} buys {a} packs of {b} {o}. How many {o} is that?", "One bag has {b} {o}. How many {o} are in {a} bags?",
          "{a} children have {b} {o} each. How many {o} do they have in total?",
          "There are {a} rows with {b} {o} in each row. How many {o} are there in all?",
          "if one box has {b} {o} how many {o} in {a} boxes"),
    "/": ("{a} {o} are shared equally among {b} children. How many {o} does each child get?",
          "{N} puts {a} {o} into {b} bags equally. How many {o} are in each bag?",
          "{N} splits {a} {o} equally between {b} friends. How many does each friend get?",
          "How many bags of {b} {o} can you fill with {a} {o}?", "share {a} {o} among {b} people equally, how many each?"),
}  # fmt: skip

_MORE = ("{A} has {n} more {o} than {B}.", "{A} has {n} more than {B}.", "{A} has {n} {o} more than {B}.")
_FEWER = ("{A} has {n} fewer {o} than {B}.", "{A} has {n} less than {B}.", "{A} has {n} fewer than {B}.")
_TIMES = {2: ("{A} has twice as many {o} as {B}.", "{A} has twice as many as {B}.", "{A} has double the {o} of {B}."),
          3: ("{A} has three times as many {o} as {B}.", "{A} has 3 times as many {o} as {B}."),
          4: ("{A} has four times as many {o} as {B}.", "{A} has 4 times as many as {B}.")}  # fmt: skip
_HALF = ("{A} has half as many {o} as {B}.", "{A} has half as many as {B}.")
_TOTAL = ("How many {o} do they have altogether?", "How many {o} do they have in total?", "How many {o} are there in all?",
          "How many {o} do they have together?", "What is the total number of {o}?", "how many {o} do all of them have")  # fmt: skip


def scene(rng: random.Random, operations: int) -> Problem:
    """Return a short problem with several quantities."""
    if operations == 1:
        return _sentence(rng)
    chance = rng.random()
    if chance < 0.42:
        return _relations(rng, operations)
    if chance < 0.66 and operations >= 2:
        return _shopping(rng, operations)
    if chance < 0.85:
        return _places(rng, operations)
    return _two_groups(rng, operations)


def _make(
    question: str, answer: int, steps: list[str], calc: str, casually: random.Random | None = None
) -> Problem:
    if casually is not None:
        question = casual(casually, question, prefix=False)
    return Planned(family="word_problems", question=question, answer=str(answer), steps=tuple(steps), calc=calc,
                   operations=max(1, len(steps)))  # fmt: skip


def _sentence(rng: random.Random) -> Problem:
    sign = pick(rng, "++--**/")
    high = pick(rng, (9, 20, 99, 400))
    if sign in "+-":
        a, b = between(rng, 1, high), between(rng, 1, high)
        if sign == "-" and a < b:
            a, b = b, a
    elif sign == "*":
        a, b = between(rng, 2, 12), between(rng, 2, pick(rng, (12, 30)))
    else:
        b = between(rng, 2, 12)
        a = b * between(rng, 1, 12)
    name, friend = some(rng, NAMES, 2)
    objects = pick(rng, OBJECTS)
    text = pick(rng, _ONE[sign]).replace("{N}", name).replace("{F}", friend).replace("{o}", objects)
    text = text.replace("{a}", str(a)).replace("{b}", str(b))
    line = equation(a, sign, b)
    return _make(text, int(line.rpartition("=")[2]), [f"{objects}: {line}"], f"{a}{sign}{b}", rng)


def _wrap(expression: str) -> str:
    return f"({expression})" if "+" in expression or "-" in expression else expression


def _relations(rng: random.Random, operations: int) -> Problem:
    """Return "twice as many as" chains, optionally with the total at the end."""
    total = operations >= 3 and rng.random() < 0.5
    # with a total over k+1 people there are k comparisons and k additions
    people = operations // 2 + 1 if total else operations + 1
    extra = operations - 2 * (people - 1) if total else 0
    names = some(rng, NAMES, people)
    objects = pick(rng, OBJECTS)
    values = [between(rng, 2, pick(rng, (12, 40)))]
    expressions = [str(values[0])]
    sentences = [f"{names[0]} has {values[0]} {objects}."]
    steps = []
    for index in range(1, people):
        base = index - 1 if rng.random() < 0.75 else int(rng.random() * index)
        value, expression, text, line = _relation(rng, values[base], expressions[base])
        sentences.append(
            text.replace("{A}", names[index]).replace("{B}", names[base]).replace("{o}", objects)
        )
        steps.append(f"{names[index]}: {line}")
        values.append(value)
        expressions.append(expression)
    if not total:
        ask = pick(
            rng, ("How many {o} does {A} have?", "How many {o} does {A} have?", "how many {o} has {A}")
        )
        body = sentences
        if rng.random() < 0.15:
            body = sentences[1:] + sentences[:1]
        question = " ".join([*body, ask.replace("{o}", objects).replace("{A}", names[-1])])
        return _make(question, values[-1], steps, expressions[-1] if len(expressions[-1]) < 60 else "")
    running = values[0]
    for value in values[1:]:
        steps.append(f"total: {equation(running, '+', value)}")
        running += value
    calc = "+".join(expressions)
    ask = pick(rng, _TOTAL).replace("{o}", objects)
    if extra:
        lost = between(rng, 1, min(9, running))
        sentences.append(f"Together they lose {lost} {objects}.")
        steps.append(f"left: {equation(running, '-', lost)}")
        running -= lost
        calc = f"{calc}-{lost}"
        ask = f"How many {objects} are left in total?"
    return _make(" ".join([*sentences, ask]), running, steps, calc if len(calc) < 90 else "")


def _relation(rng: random.Random, base: int, expression: str) -> tuple[int, str, str, str]:
    """Return value, expression, sentence and equation of one comparison."""
    chance = rng.random()
    if chance < 0.3 and base > 4:
        n = between(rng, 1, min(base - 1, 20))
        return base - n, f"{expression}-{n}", pick(rng, _FEWER).replace("{n}", str(n)), equation(base, "-", n)
    if chance < 0.52 and 1 < base <= 120:
        n = pick(rng, (2, 2, 2, 3, 4))
        return base * n, f"{_wrap(expression)}*{n}", pick(rng, _TIMES[n]), equation(base, "*", n)
    if chance < 0.66 and base % 2 == 0 and base > 3:
        return base // 2, f"{_wrap(expression)}/2", pick(rng, _HALF), equation(base, "/", 2)
    n = between(rng, 1, pick(rng, (9, 20)))
    return base + n, f"{expression}+{n}", pick(rng, _MORE).replace("{n}", str(n)), equation(base, "+", n)


def _shopping(rng: random.Random, operations: int) -> Problem:
    """Return price times count, summed up, perhaps with change."""
    change = operations % 2 == 0
    kinds = (operations - change + 1) // 2
    goods = some(rng, _PRICED, kinds)
    name = pick(rng, NAMES)
    parts, steps, amounts, products = [], [], [], []
    for item in goods:
        count, price = between(rng, 2, 9), between(rng, 2, pick(rng, (9, 15)))
        parts.append(pick(rng, (f"{count} {item} for ${price} each", f"{count} {item} at ${price} each",
                                f"{count} {item} that cost ${price} each", f"{count} {item} at {price} dollars each")))  # fmt: skip
        steps.append(f"{item}: {count}*{price}={count * price}")
        amounts.append(count * price)
        products.append(f"{count}*{price}")
    total = amounts[0]
    for amount in amounts[1:]:
        steps.append(f"total: {total}+{amount}={total + amount}")
        total += amount
    listing = parts[0] if kinds == 1 else ", ".join(parts[:-1]) + f" and {parts[-1]}"
    calc = "+".join(products)
    buys = pick(rng, ("{N} buys {l}.", "{N} bought {l}.", "In a shop, {N} buys {l}.", "{N} orders {l}.",
                      "{N} goes to the store and buys {l}.")).replace("{N}", name).replace("{l}", listing)  # fmt: skip
    if change:
        note = next((n for n in (10, 20, 50, 100, 200, 500, 1000) if n >= total), total)
        steps.append(f"change: {note}-{total}={note - total}")
        ask = pick(rng, ("{N} pays with ${m}. How much change does {N} get?", "{N} had ${m}. How much money is left?",
                         "How much is left of ${m}?", "{N} pays with a ${m} bill. What is the change?"))  # fmt: skip
        ask = ask.replace("{N}", name).replace("{m}", str(note))
        return _make(f"{buys} {ask}", note - total, steps, f"{note}-({calc})")
    ask = pick(rng, ("How much does {N} pay?", "How much does {N} pay in total?", "What is the total cost?",
                     "How much money does {N} spend?", "How much is that altogether?", "how much is that"))  # fmt: skip
    return _make(f"{buys} {ask.replace('{N}', name)}", total, steps, calc)


def _places(rng: random.Random, operations: int) -> Problem:
    """Return a total over places or people, perhaps minus something."""
    less = operations >= 2 and rng.random() < 0.4
    count = operations + 1 - less
    objects = pick(rng, OBJECTS)
    values = [between(rng, 2, pick(rng, (12, 60))) for _ in range(count)]
    if rng.random() < 0.5 and count <= len(PLACES):
        where = some(rng, PLACES, count)
        sentences = [
            f"There are {value} {objects} {place}." for value, place in zip(values, where, strict=True)
        ]
        ask = f"How many {objects} are there in total?"
    else:
        sentences = [
            f"{name} has {value} {objects}."
            for value, name in zip(values, some(rng, NAMES, count), strict=True)
        ]
        ask = pick(rng, _TOTAL).replace("{o}", objects)
    steps = []
    total = values[0]
    for value in values[1:]:
        steps.append(f"total: {total}+{value}={total + value}")
        total += value
    calc = "+".join(map(str, values))
    if less:
        lost = between(rng, 1, total - 1)
        sentences.append(
            pick(rng, (f"{lost} of all these {objects} get lost.", f"Someone takes {lost} of them away."))
        )
        steps.append(f"left: {total}-{lost}={total - lost}")
        total -= lost
        calc += f"-{lost}"
        ask = f"How many {objects} are left?"
    return _make(" ".join([*sentences, ask]), total, steps, calc)


def _two_groups(rng: random.Random, operations: int) -> Problem:
    """Return groups of equal size: a product, then running changes, perhaps shared out at the end."""
    boxes, each = between(rng, 2, 12), between(rng, 2, 12)
    objects, name = pick(rng, OBJECTS), pick(rng, NAMES)
    box = pick(rng, ("boxes", "bags", "baskets", "packs", "jars", "crates"))
    value = boxes * each
    sentences = [pick(rng, (f"{name} has {boxes} {box} with {each} {objects} each.",
                            f"There are {boxes} {box} with {each} {objects} in each.",
                            f"{name} buys {boxes} {box} of {each} {objects} each."))]  # fmt: skip
    steps = [f"{objects}: {boxes}*{each}={value}"]
    calc = f"{boxes}*{each}"
    ask = f"How many {objects} are there now?"
    for index in range(1, operations):
        last = index == operations - 1
        if last and rng.random() < 0.5:
            divisors = [n for n in (2, 3, 4, 5, 6, 7, 8, 9, 10) if value % n == 0]
            if divisors and value > 0:
                n = pick(rng, divisors)
                sentences.append(f"The {objects} are shared equally among {n} children.")
                ask = f"How many {objects} does each child get?"
                steps.append(f"each: {value}/{n}={value // n}")
                calc, value = f"{_wrap(calc)}/{n}", value // n
                continue
        n = between(rng, 1, 20)
        minus = value > n and rng.random() < 0.6
        sentences.append(f"{n} {objects} are {'taken out' if minus else 'added'}.")
        steps.append(f"{objects}: {equation(value, '-' if minus else '+', n)}")
        calc = f"{calc}{'-' if minus else '+'}{n}"
        value += -n if minus else n
    return _make(" ".join([*sentences, ask]), value, steps, calc)


def _holdings(names: list[str], values: list[int], objects: str) -> str:
    shown = [f"{name} has {value} {objects}" for name, value in zip(names, values, strict=True)]
    return shown[0] if len(shown) == 1 else ", ".join(shown[:-1]) + f" and {shown[-1]}"


def transfers(rng: random.Random, operations: int) -> Problem:
    """Return a story in which two or three people hand objects to one another (two operations each)."""
    names = some(rng, NAMES, 2 if rng.random() < 0.7 else 3)
    objects = pick(rng, OBJECTS)
    values = [between(rng, 5, pick(rng, (15, 40))) for _ in names]
    state = _holdings(names, values, objects)
    opening = pick(rng, ("Now #.", "#.", "#.", "At first #.")).replace("#", state)
    clauses: list[str] = []
    steps: list[tuple[str, ...]] = []
    costs: list[int] = []
    states: list[str] = []
    people = list(range(len(names)))
    ends = operations >= 3 and rng.random() < 0.45
    left = operations - ends
    while left > 0:
        giver, taker = _two(rng, people)
        n = between(rng, 1, 9)
        if left >= 2 and values[giver] > n and rng.random() < 0.75:
            lines: tuple[str, ...] = (
                f"{names[giver]}: {equation(values[giver], '-', n)}",
                f"{names[taker]}: {equation(values[taker], '+', n)}",
            )
            values[giver] -= n
            values[taker] += n
            text = pick(rng, ("{A} gives {B} {n} {o}.", "{A} gives {n} {o} to {B}.", "{B} gets {n} {o} from {A}.",
                              "Then {A} hands {n} {o} to {B}.", "{B} takes {n} {o} from {A}."))  # fmt: skip
        elif rng.random() < 0.5 or values[giver] <= n:
            lines = (f"{names[giver]}: {equation(values[giver], '+', n)}",)
            values[giver] += n
            text = pick(rng, ("{A} finds {n} {o}.", "{A} buys {n} more {o}.", "{A} gets {n} {o}."))
        else:
            lines = (f"{names[giver]}: {equation(values[giver], '-', n)}",)
            values[giver] -= n
            text = pick(rng, ("{A} loses {n} {o}.", "{A} throws away {n} {o}.", "{A} uses {n} {o}."))
        text = (
            text.replace("{A}", names[giver])
            .replace("{B}", names[taker])
            .replace("{n}", str(n))
            .replace("{o}", objects)
        )
        clauses.append(text)
        steps.append(lines)
        costs.append(len(lines))
        states.append(_holdings(names, values, objects))
        left -= len(lines)
    who = pick(rng, people)
    ask_steps: tuple[str, ...] = ()
    if ends:
        other = people[who - 1]
        if len(people) == 2 and values[who] != values[other] and rng.random() < 0.4:
            big, small = (who, other) if values[who] > values[other] else (other, who)
            ask = f"How many more {objects} does {names[big]} have than {names[small]}?"
            answer = values[big] - values[small]
            ask_steps = (f"difference: {equation(values[big], '-', values[small])}",)
        else:
            ask = f"How many {objects} do {names[who]} and {names[other]} have together?"
            answer = values[who] + values[other]
            ask_steps = (f"total: {equation(values[who], '+', values[other])}",)
        text_answer = str(answer)
    elif rng.random() < 0.2:
        ask, text_answer = f"How many {objects} does everyone have now?", states[-1]
    else:
        ask, text_answer = f"How many {objects} does {names[who]} have now?", str(values[who])
    script = Script(
        family="word_problems", opening=opening, clauses=clauses, steps=steps, costs=costs, states=states, ask=ask,
        answer=text_answer, restart="Now #.", neutral=f"How many {objects} does everyone have now?",
        ask_steps=ask_steps, ask_cost=len(ask_steps),
    )  # fmt: skip
    return build(script)


def _two(rng: random.Random, people: list[int]) -> tuple[int, int]:
    mixed = people[:]
    shuffle(rng, mixed)
    return mixed[0], mixed[1]
