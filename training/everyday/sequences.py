"""Lists and strings in other words: the families' operations behind phrases as people write them."""

from __future__ import annotations

from training.everyday.things import ANIMALS, COLOURS, FOOD, KEPT, singular
from training.everyday.wording import COMMON_NAMES, ORDINALS, Speaker, Wordings, nth
from training.everyday.work import Draft
from training.families import lists, strings
from training.families.list_operations import Item, Operation, apply, show
from training.families.words import WORDS

_DO: dict[str, Wordings] = {name: Wordings(text) for name, text in {
    "reverse": "reverse it\nreverse the [list|order|sequence|numbers]\nflip it\n[put|write] it backwards\nturn it around\nflip the order\nreverse the whole thing\nread it from back to front",
    "sort up": "sort it\nsort the [list|numbers|items]\nput it in order\narrange it from [small to large|low to high|smallest to largest]\nsort it [ascending|in ascending order|in increasing order]\norder it from smallest to biggest\nput the [numbers|items] in ascending order\nsort everything",
    "sort down": "sort it [descending|in descending order|in decreasing order]\nsort it from [large to small|high to low|biggest to smallest]\narrange it from largest to smallest\nput the biggest first and the smallest last\norder it from high to low\nsort the [list|numbers] in descending order\nsort it in reverse order",
    "drop first": "remove the first [one|item|element|number|entry]\ndrop the first [one|item|element|]\ndelete the first [one|entry|element|number]\nthrow away the first [one|element]\nleave out the first [one|element]\ntake off the first one\nget rid of the first [element|number]",
    "drop last": "remove the last [one|item|element|number|entry]\ndrop the last [one|item|element|]\ndelete the last [one|entry|element|number]\nthrow away the last [one|element]\nleave out the last [one|element]\ntake off the last one\nget rid of the last [element|number]",
    "append": "add {x} [to|at] the end\nappend {x} [to it|]\nput {x} at the end\nstick {x} on the end\nattach {x} at the end\nadd {x} to [the list|it]\nadd the [item|element] {x} to the end",
    "prepend": "add {x} [to|at] the [front|beginning|start]\nput {x} [at the front|in front|first]\ninsert {x} at the beginning\nprepend {x}\nplace {x} at the start\nadd {x} before the first [one|element]",
    "remove": "remove [every|all|each] {x}\ndelete [every|all|each] {x}\ntake out [every|all the|all] {x}\nremove {x}\nget rid of [all|every] {x}\ndrop all {x}\nremove all the {x}s".replace("\nremove all the {x}s", ""),
    "unique": "remove [the |all |]duplicates\ndelete [the |all |]duplicates\ndrop [the |]repeated [ones|values|items]\nkeep each [number|item|value] only once\nremove [the |]repeats\nget rid of [the |]duplicates\nmake [it|the values] unique\ndedupe it",
    "double": "double [every|each] [number|one|element|item]\nmultiply [every|each] [number|one|element] by [2|two]\ndouble them all\ndouble all [the |]numbers\ndouble everything\nmake each number twice as big",
    "add": "add {i} to [each|every] [number|one|element|of them]\nincrease [each|every] [number|one|element] by {i}\nadd {i} to all [of them|the numbers|numbers]\nraise [each|every] [number|one] by {i}\nadd {i} to each\nadd {i} to everything",
    "subtract": "subtract {i} from [each|every] [number|one|element|of them]\ndecrease [each|every] [number|one|element] by {i}\ntake {i} away from [each|every] [number|one]\nreduce [each|every] number by {i}\nsubtract {i} from all [of them|numbers]\nlower every number by {i}",
    "evens": "keep [only |just ]the even [numbers|ones]\nremove [the|all|every] odd [numbers|ones]\nkeep only even numbers\ntake only the even [numbers|ones]\nfilter out the odd [numbers|ones]\nthrow away the odd [numbers|ones]\ndrop the odd ones".replace("every] odd [numbers", "all the] odd [numbers"),
    "odds": "keep [only |just ]the odd [numbers|ones]\nremove [the|all] even [numbers|ones]\nkeep only odd numbers\ntake only the odd [numbers|ones]\nfilter out the even [numbers|ones]\nthrow away the even [numbers|ones]\ndrop the even ones",
    "above": "keep [only |just ]the [numbers|ones] [greater than|larger than|bigger than|above|over] {i}\nkeep [only |]those [greater than|bigger than|above|over] {i}\nkeep only what is greater than {i}\ntake the numbers above {i}\nremove everything that is not [above|greater than] {i}\nfilter for numbers greater than {i}",
    "below": "keep [only |just ]the [numbers|ones] [less than|smaller than|below|under] {i}\nkeep [only |]those [less than|smaller than|below|under] {i}\nkeep only what is less than {i}\ntake the numbers below {i}\nremove everything that is not below {i}\nfilter for numbers less than {i}",
    "take": "keep [only |just ]the first {i} [items|elements|numbers|]\ntake the first {i} [items|elements|numbers|]\ncut it after {i} [items|elements]\nkeep the first {i}\nonly keep the first {i} [items|entries]\nlimit it to the first {i}",
    "take last": "keep [only |just ]the last {i} [items|elements|numbers|]\ntake the last {i} [items|elements|numbers|]\nkeep the last {i}\nonly keep the last {i} [items|entries]\nkeep {i} from the end\nlimit it to the last {i}",
    "left": "rotate it [left by {i}|{i} to the left|to the left by {i}]\nshift it left by {i} with wrap around\nrotate left by {i}\nmove the first {i} to the end\nrotate the list left {i} times\nrotate it by {i} to the left",
    "right": "rotate it [right by {i}|{i} to the right|to the right by {i}]\nshift it right by {i} with wrap around\nrotate right by {i}\nmove the last {i} to the front\nrotate the list right {i} times\nrotate it by {i} to the right",
    "swap ends": "swap the first and [the |]last [one|element|number|item|]\nexchange the first and last [one|element|item|]\nswap first and last\nswitch the first and the last [one|element|]\nlet the first and the last change places\nswap both ends",
    "skip": "remove the first {i} [items|elements|numbers|]\ndrop the first {i} [items|elements|numbers|]\nskip the first {i}\ndelete the first {i} [items|entries]\nleave out the first {i}\nthrow away the first {i}",
}.items()}  # fmt: skip
_OPEN = Wordings("""
    [Take|Use|Consider] [the |this |my |]list {l} [and] {a}
    [Take|Start with|Given|With|From|For] {l}[,| and] {a}
    [Here is|Here's|I have|This is|There is|My list is|I've got] [a list|a list of numbers|some numbers|]: {l}. {B}
    [Take|Start with|Begin with] [the |this |]list {l}. {B}
    [In|For] the list {l}, {a}
    {l}: {a}
    {B} for [the list |this list: |]{l}
    [Given|Suppose I have|Say we have] the [list|numbers] {l}. {B}
    [If you|What do you get if you|What happens when you] take {l} and {a}
    [The list is|List|Numbers|Sequence|Items|Values|Data]: {l}. {B}
    [Please take|Can you take|Could you take] {l} and {a}
    {l}. {B}
    I have the [numbers|list] {l} and want to {a}
    [Let|Set] the list be {l}. {B}
""")
_ENDING = Wordings("""
    [What is|What's] [the list|it|the result] now?
    What [do you get|do I get|comes out|is left|does it look like]?
    [What is|Give me|Show me|Write] the [result|resulting list|final list|new list]?
    [What list|Which list] [remains|do you get|is left]?
    How does the list look [now|in the end|afterwards]?
    [And the|The] result?
    What does [it|the list] look like [now|then]?
    What is the list [at the end|afterwards|in the end]?
""")
_ENDS: dict[str, Wordings] = {name: Wordings(text) for name, text in {
    "sum": "What is the [sum|total]?\nAdd up [the rest|what is left|the result|all numbers]. What do you get?\nThen add [them|everything] up\nWhat do they add up to?\nHow much is that in total?\nGive me the sum\nsum it",
    "max": "What is the [largest|biggest|highest|greatest] [one|number|] [now|]?\nWhich [one|number] is the [largest|biggest]?\nWhat is the maximum?\nGive me the largest number\nFind the biggest one\nthen tell me the maximum",
    "min": "What is the [smallest|lowest] [one|number|] [now|]?\nWhich [one|number] is the [smallest|lowest]?\nWhat is the minimum?\nGive me the smallest number\nFind the smallest one\nthen tell me the minimum",
    "length": "How many [items|elements|numbers|] are [left|there|in it|there now]?\nHow long is [it|the list] [now|]?\nWhat is [its|the] length?\nCount [them|the elements|what is left]\nHow many remain?\nHow many elements does it have?",
    "first": "What is the first [one|element|item|] [now|]?\nWhich [one|element] comes first?\nWhat comes first?\nWhat is at the front [now|]?\nTell me the first element\nWhich one is first now?",
    "last": "What is the last [one|element|item|] [now|]?\nWhich [one|element] comes last?\nWhat comes last?\nWhat is at the end [now|]?\nTell me the last element\nWhich one is last now?",
}.items()}  # fmt: skip
_ASK_ONE: dict[str, Wordings] = {name: Wordings(text) for name, text in {
    "sum": "[What is|What's|Find|Calculate|Give me|] the [sum|total] of [the list |the numbers |]{l}?\n[Add|Sum] [up |][the numbers |all the numbers in |]{l}\nWhat do [the numbers |]{l} add up to?\nsum {l}\nHow much is {l} in total?\nAdd all elements of {l}\nwhat is the sum of all numbers in {l}",
    "max": "[What is|What's|Find|Give me|Tell me|] the [largest|biggest|highest|greatest|maximum] [number|value|element|] [in|of] {l}?\nWhich [number|one] [in|of] {l} is the [largest|biggest|highest]?\nmax of {l}\nWhich is the biggest: {l}?\nWhat is the maximum of {l}?\nPick the largest of {l}\nOf {l}, which is the largest?",
    "min": "[What is|What's|Find|Give me|Tell me|] the [smallest|lowest|minimum|least] [number|value|element|] [in|of] {l}?\nWhich [number|one] [in|of] {l} is the [smallest|lowest]?\nmin of {l}\nWhich is the smallest: {l}?\nWhat is the minimum of {l}?\nPick the smallest of {l}\nOf {l}, which is the smallest?",
    "length": "How many [items|elements|numbers|entries|things] [are|are there] in [the list |]{l}?\nHow long is [the list |]{l}?\nWhat is the length of {l}?\nCount the [items|elements|entries] [in|of] {l}\nlength of {l}\nWhat's the number of elements in {l}?\nhow many things are in {l}",
    "first": "[What is|What's|Give me] the first [element|item|number|entry] [of|in] {l}?\nWhich [one|element] comes first in {l}?\nfirst element of {l}\nWhat does {l} start with?\nWhat is first in {l}?\nTell me the first entry of {l}",
    "last": "[What is|What's|Give me] the last [element|item|number|entry] [of|in] {l}?\nWhich [one|element] comes last in {l}?\nlast element of {l}\nWhat does {l} end with?\nWhat is last in {l}?\nTell me the last entry of {l}",
    "at": "[What is|What's|Give me] the {o} [element|item|number|entry|one] [of|in] {l}?\nWhich [element|item|number] is {o} in {l}?\nWhich [one|item|element] is [at|in] position {i} [of|in] {l}?\n{o} element of {l}\nWhat comes {o} in {l}?\nTell me the {o} entry of {l}\nWhat is at position {i} in {l}?",
}.items()}  # fmt: skip


def material(s: Speaker) -> str:
    """Return a word of any kind: list items and strings to work on."""
    chance = s.rng.random()
    if chance < 0.5:
        return s.one(WORDS)
    if chance < 0.75:
        word = s.one(FOOD + KEPT + ANIMALS)
        return word if s.chance(0.3) else singular(word)
    if chance < 0.85:
        return s.one(_HELLO)
    return s.one(COLOURS) if chance < 0.9 else s.one(COMMON_NAMES).lower()


_HELLO = """hello world banana apple orange strawberry mississippi python computer keyboard elephant garden kitchen window school
planet rocket summer winter monday friday internet language question answer reverse string letter list number table
chair house flower sunshine rainbow butterfly chocolate dinosaur guitar umbrella mountain river ocean island bridge
castle dragon monkey tiger lion zebra giraffe pizza coffee pepper pumpkin potato tomato lemon cherry orange purple
silver golden happy level radar racecar noon alphabet dictionary encyclopedia committee bookkeeper balloon pepper""".split()


def _shown(s: Speaker, items: list[Item], quote: str) -> str:
    shown = [f"{quote}{item}{quote}" if isinstance(item, str) else str(item) for item in items]
    chance = s.rng.random()
    if chance < 0.62:
        return f"[{', '.join(shown)}]"
    if chance < 0.82:
        return ", ".join(shown)
    if chance < 0.9:
        return ", ".join(shown[:-1]) + f" and {shown[-1]}"
    return f"[{','.join(shown)}]" if chance < 0.95 else f"({', '.join(shown)})"


def _operation(s: Speaker, items: list[Item], words: bool, high: int) -> Operation:
    while True:
        operation = lists.choose(s.rng, items, words, high)
        if operation[0] in _DO:
            return operation


def listed(s: Speaker) -> Draft:
    """Return what becomes of a list, or something about it."""
    words = s.chance(0.25)
    high = s.one((9, 20, 20, 99))
    count = s.between(3, 7)
    items: list[Item] = [material(s) if words else s.between(0, high) for _ in range(count)]
    if s.chance(0.3):
        items[-1] = items[0]
    quote = s.one(("", "", '"', "'")) if words else ""
    text = _shown(s, items, quote)
    if s.chance(0.3):
        name = s.one(("first", "last", "at", "length") if words else tuple(_ASK_ONE))
        position = s.between(1, len(items))
        line, answer = lists.end_step(name, items, position)
        place = ORDINALS[position] if s.chance(0.7) else nth(position)
        return Draft(s.say(_ASK_ONE[name], l=text, o=place, i=position), answer=answer, closing=(line,))
    lines, state, phrases = [], items, []
    for _ in range(s.one((1, 1, 2, 2, 2, 3))):
        operation = _operation(s, state, words, high)
        state = apply(operation, state)
        name, i, x = operation
        item = f"{quote}{x}{quote}" if isinstance(x, str) else str(x)
        direct = not phrases and s.chance(0.45)
        phrases.append(
            s.say(_DIRECT[name], x=item, i=i, l=text)
            if direct and name in _DIRECT
            else s.say(_DO[name], x=item, i=i)
        )
        lines.append(f"{lists.label(operation)} -> {show(state)}")
    answer, end = show(state), ""
    if s.chance(0.22) and len(state) > 1:
        name = s.one(("length", "first", "last") if words else tuple(_ENDS))
        line, answer = lists.end_step(name, state)
        lines.append(line)
        end = s.say(_ENDS[name])
    elif s.chance(0.6):
        end = s.say(_ENDING)
    body = phrases[0]
    for phrase in phrases[1:]:
        body += (
            s.one(
                (
                    ", then ",
                    " and then ",
                    " and ",
                    ". Then ",
                    ", ",
                    ". After that, ",
                    ". Next, ",
                    ", and finally ",
                    "; ",
                )
            )
            + phrase
        )
    if text in phrases[0]:
        told = (
            body.replace("?,", ",")
            .replace("? ", " ")
            .replace("?.", ".")
            .replace("?;", ";")
            .replace(".,", ",")
            .replace("..", ".")
        )
        if len(phrases) > 1:
            told = told.replace("?", "")
        return Draft(
            f"{told.rstrip('.')}. {end}" if end and told[-1] != "?" else told,
            answer=answer,
            closing=tuple(lines),
        )
    told = s.say(_OPEN, l=text, a=body, B=body[:1].upper() + body[1:]).replace("[and]", "and")
    told = told + ("?" if told.startswith(("What", "If you", "Can", "Could")) and not end else ".")
    if end:
        told = f"{told} {end}" if s.chance(0.9) or end[0].islower() else f"{told[:-1]}. {end}"
    return Draft(told, answer=answer, closing=tuple(lines))


_DIRECT: dict[str, Wordings] = {name: Wordings(text) for name, text in {
    "reverse": "Reverse [the list |]{l}[.|]\n[What is|What's] {l} [reversed|backwards|in reverse|in reverse order]?\nPut {l} in reverse order\nWrite {l} [backwards|in reverse order]\nFlip [the list |]{l}\nTurn {l} around\n[Give me|Show me] {l} in reverse\nreverse: {l}",
    "sort up": "Sort [the list |the numbers |]{l}[.|]\nSort {l} [from smallest to largest|ascending|in ascending order|from low to high]\n[Put|Arrange|Order] {l} [in order|in ascending order|from smallest to largest|from least to greatest]\n[What is|What's] {l} sorted?\nHow does {l} look when sorted?\nOrder the [numbers|items] {l} from smallest to biggest\nsort: {l}\n[Can|Could] you sort {l} for me?",
    "sort down": "Sort {l} [from largest to smallest|descending|in descending order|from high to low]\n[Put|Arrange|Order] {l} [in descending order|from largest to smallest|from greatest to least]\n[What is|What's] {l} sorted [from largest to smallest|in descending order]?\nSort {l} with the biggest first\nOrder the [numbers|items] {l} from biggest to smallest\nsort descending: {l}",
    "unique": "Remove [the |all |]duplicates from [the list |]{l}[.|]\nDelete [the |]duplicates in {l}\n[What is|What's] {l} without duplicates?\nDedupe {l}\nKeep each [value|number|item] of {l} only once\nList the [different|distinct|unique] [values|items|elements] of {l}\nDrop repeated [values|items|elements] from {l}",
    "double": "Double [every|each] [number|element] in {l}[.|]\nMultiply [every|each] [number|element] [in|of] {l} by [2|two]\n[What is|What's] {l} with every number doubled?\nDouble all [the |]numbers in {l}\nDouble {l} element by element\nTake twice each number of {l}",
    "add": "Add {i} to [every|each] [number|element] [in|of] {l}[.|]\nIncrease [every|each] [number|element] [in|of] {l} by {i}\n[What is|What's] {l} with {i} added to [each|every] number?\nAdd {i} to all [the |]numbers in {l}\nRaise all elements of {l} by {i}\nWhat do you get if you add {i} to each number in {l}?",
    "subtract": "Subtract {i} from [every|each] [number|element] [in|of] {l}[.|]\nDecrease [every|each] [number|element] [in|of] {l} by {i}\n[What is|What's] {l} with {i} subtracted from [each|every] number?\nTake {i} away from each number in {l}\nLower all elements of {l} by {i}\nWhat do you get if you subtract {i} from each number in {l}?",
    "evens": "[Keep only|Give me|List|Find] the even numbers [in|of|from] {l}[.|]\nWhich numbers in {l} are even?\nRemove [all|the] odd numbers from {l}\nFilter {l} to even numbers\nWhat are the even numbers in {l}?\nKeep the evens of {l}",
    "odds": "[Keep only|Give me|List|Find] the odd numbers [in|of|from] {l}[.|]\nWhich numbers in {l} are odd?\nRemove [all|the] even numbers from {l}\nFilter {l} to odd numbers\nWhat are the odd numbers in {l}?\nKeep the odds of {l}",
    "above": "[Keep only|Give me|List|Find] the numbers [greater than|above|over|larger than|bigger than] {i} [in|of|from] {l}[.|]\nWhich numbers in {l} are [greater than|above|over|larger than|bigger than] {i}?\nFilter {l} for numbers [above|over|greater than] {i}\nWhat numbers of {l} are [greater than|bigger than|above] {i}?\nFrom {l}, keep only those [greater than|above] {i}\nlist all numbers in {l} bigger than {i}",
    "below": "[Keep only|Give me|List|Find] the numbers [less than|below|under|smaller than] {i} [in|of|from] {l}[.|]\nWhich numbers in {l} are [less than|below|under|smaller than] {i}?\nFilter {l} for numbers [below|under|less than] {i}\nWhat numbers of {l} are [less than|below|smaller than] {i}?\nFrom {l}, keep only those [less than|below] {i}\nlist all numbers in {l} smaller than {i}",
    "append": "[Add|Append|Put] {x} [to|at] the end of [the list |]{l}[.|]\nAppend {x} to [the list |]{l}\nAdd {x} to [the list |]{l}\nWhat is {l} [with|after adding] {x} at the end?\nStick {x} on the end of {l}\nPush {x} onto {l}",
    "prepend": "[Add|Insert|Put] {x} [to|at] the [front|beginning|start] of [the list |]{l}[.|]\nPrepend {x} to [the list |]{l}\nPut {x} in front of [the list |]{l}\nWhat is {l} with {x} at the [front|start]?\nInsert {x} before the first element of {l}\nPlace {x} at the start of {l}",
    "remove": "Remove [every|all|each|] {x} from [the list |]{l}[.|]\nDelete [every|all|] {x} [from|in] {l}\nTake {x} out of {l}\n[What is|What's left of] {l} without {x}?\nWhat is left if you remove {x} from {l}?\nDrop {x} from {l}",
    "drop first": "[Remove|Drop|Delete] the first [element|item|number|one] [of|from|in] {l}[.|]\nWhat is {l} without [the|its] first [element|item]?\nTake off the first [element|item] of {l}\nWhat is left of {l} without the first [one|element]?\n{l} without its first element\nCut the first entry off {l}",
    "drop last": "[Remove|Drop|Delete] the last [element|item|number|one] [of|from|in] {l}[.|]\nWhat is {l} without [the|its] last [element|item]?\nTake off the last [element|item] of {l}\nWhat is left of {l} without the last [one|element]?\n{l} without its last element\nCut the last entry off {l}",
    "take": "[Take|Keep|Give me|What are|Show] the first {i} [elements|items|numbers|] [of|in|from] {l}[.|]\nKeep only the first {i} of {l}\nfirst {i} of {l}\nWhich are the first {i} elements of {l}?\nCut {l} after {i} elements\nReturn the first {i} entries of {l}",
    "take last": "[Take|Keep|Give me|What are|Show] the last {i} [elements|items|numbers|] [of|in|from] {l}[.|]\nKeep only the last {i} of {l}\nlast {i} of {l}\nWhich are the last {i} elements of {l}?\nWhat do the last {i} elements of {l} look like?\nReturn the last {i} entries of {l}",
    "swap ends": "Swap the first and [the |]last [element|item|number|] [of|in] {l}[.|]\nExchange the first and [the |]last [element|item] of {l}\nSwitch the ends of {l}\nWhat is {l} with its first and last element swapped?\nSwap first and last in {l}\nLet first and last of {l} change places",
    "left": "Rotate {l} [left by {i}|{i} to the left|to the left by {i}][.|]\nShift {l} left by {i} with wrap around\nMove the first {i} [elements|items] of {l} to the end\nWhat is {l} rotated left by {i}?\nRotate the list {l} by {i} to the left\nleft-rotate {l} by {i}",
    "right": "Rotate {l} [right by {i}|{i} to the right|to the right by {i}][.|]\nShift {l} right by {i} with wrap around\nMove the last {i} [elements|items] of {l} to the front\nWhat is {l} rotated right by {i}?\nRotate the list {l} by {i} to the right\nright-rotate {l} by {i}",
}.items()}  # fmt: skip
_ABOUT: dict[str, Wordings] = {name: Wordings(text) for name, text in {
    "count": "How [often|many times] does {x} [appear|occur|show up|come up] in {l}?\nCount [how often {x} appears|the {x}s] in {l}\nHow many {x}s are [there |]in {l}?\nHow many times is {x} in {l}?\nnumber of {x} in {l}\nHow many of the elements of {l} are {x}?",
    "range": "What is the difference between the [largest|biggest|highest|maximum] and the [smallest|lowest|minimum] [number|] [in|of] {l}?\nSubtract the smallest [number |]of {l} from the largest\nHow far apart are the largest and smallest [numbers |]in {l}?\nlargest minus smallest of {l}\nWhat is max minus min of {l}?\nBy how much is the biggest number of {l} larger than the smallest?",
    "second": "[What is|What's|Find] the second [largest|biggest|highest] [number|] [in|of] {l}?\nWhich [number|one] [in|of] {l} is second largest?\nsecond largest of {l}\nGive me the second biggest number in {l}\nWhat is the second highest value of {l}?\nWhich number is the second biggest in {l}?",
    "has": "Is {x} in [the list |]{l}?\nDoes [the list |]{l} contain {x}?\nIs {x} [one of|among] {l}?\nCan you find {x} in {l}?\nCheck whether {x} is in {l}\n{l}: is {x} in it?",
    "where": "[What is|What's] the position of {x} in {l}?\nAt [which|what] position is {x} in {l}?\nWhere in {l} is {x}[, counting from 1|]?\nWhich place has {x} in {l}?\nposition of {x} in {l}\nFind the place of {x} in {l}",
    "product": "[What is|Find|Calculate] the product of [the numbers in |all numbers in |]{l}?\nMultiply [all |]the numbers [in|of] {l}\nMultiply all of {l} together\nproduct of {l}\nWhat do you get when you multiply {l}?\nWhat is the result of multiplying all numbers in {l}?",
}.items()}  # fmt: skip


def about(s: Speaker) -> Draft:
    """Return a question about a list: how often, where, how far apart."""
    kind = s.one(tuple(_ABOUT))
    words = kind in ("count", "has", "where") and s.chance(0.35)
    high = s.one((9, 20, 60))
    items: list[Item] = [material(s) if words else s.between(1, high) for _ in range(s.between(3, 7))]
    if kind == "product":
        items = [s.between(2, 6) for _ in range(s.between(2, 4))]
    x = s.one(items)
    if kind == "count" and s.chance(0.7):
        items[s.between(0, len(items) - 1)] = x
    if kind in ("range", "second", "where"):
        items = list(dict.fromkeys(items))
        if len(items) < 3:
            return about(s)
        x = s.one(items)
    if kind == "has" and s.chance(0.5):
        x = material(s) if words else s.between(1, high)
    quote = s.one(("", '"', "'")) if words else ""
    shown_x = f"{quote}{x}{quote}" if words else str(x)
    text = s.say(_ABOUT[kind], l=_shown(s, items, quote), x=shown_x)
    places = [str(at + 1) for at, item in enumerate(items) if item == x]
    if kind == "count":
        return Draft(
            text, answer=str(len(places)), closing=(f"{x}: {' '.join(places) or 'none'} -> {len(places)}",)
        )
    if kind == "has":
        return Draft(text, answer="yes" if places else "no", closing=(f"{x}: {' '.join(places) or 'none'}",))
    if kind == "where":
        return Draft(text, answer=places[0], closing=(f"{x}: {places[0]}",))
    numbers = sorted((int(item) for item in items), reverse=True)
    if kind == "second":
        return Draft(text, answer=str(numbers[1]), closing=(f"first: {numbers[0]}, second: {numbers[1]}",))
    if kind == "range":
        line = f"max: {numbers[0]}, min: {numbers[-1]}"
        answer = numbers[0] - numbers[-1]
        return Draft(text, answer=str(answer), closing=(line, f"{numbers[0]}-{numbers[-1]}={answer}"))
    total, lines = int(items[0]), []
    for item in items[1:]:
        lines.append(f"{total}*{item}={total * int(item)}")
        total *= int(item)
    return Draft(text, answer=str(total), closing=tuple(lines))


_COUNT_WORDS = Wordings("""
    How many words [are in|does|are there in|has] {t} [have|]?
    Count the words [in|of] {t}
    How many words [are in|does] the sentence {t} [have|]?
    number of words in {t}
    [What is|Tell me] the [number of words|word count] [of|in] {t}?
    How long is {t} in words?
""")
_INITIALS = Wordings("""
    [What do|Which word do] the first letters of {t} [spell|make|form]?
    [Take|Join|Combine|Concatenate] the first letter of each word [in|of] {t}
    What are the initials of {t}?
    Make an acronym [of|from|out of] {t}
    Write the first letter of every word of {t} as one string
    first letters of the words in {t}
""")
_BACKWARDS = Wordings("""
    [Reverse|Turn around|Flip] the order of the words [in|of] {t}
    Write the words of {t} in reverse order
    [What is|What's] {t} with its words in reverse order?
    Say the words of {t} from last to first
    Put the last word of {t} first and so on, back to front
    Reverse the words of {t}, not the letters
""")


def phrases_of(s: Speaker) -> Draft:
    """Return a question about the words of a phrase."""
    words = [material(s) for _ in range(s.between(2, 6))]
    phrase = " ".join(words)
    t = s.one((f'"{phrase}"', f'"{phrase}"', f"'{phrase}'"))
    kind = s.rng.random()
    if kind < 0.4:
        counted = ", ".join(f"{word} {at + 1}" for at, word in enumerate(words))
        return Draft(s.say(_COUNT_WORDS, t=t), answer=str(len(words)), closing=(counted,))
    if kind < 0.7:
        lines = tuple(f"{word} -> {word[0]}" for word in words)
        return Draft(s.say(_INITIALS, t=t), answer="".join(word[0] for word in words), closing=lines)
    answer = " ".join(reversed(words))
    return Draft(s.say(_BACKWARDS, t=t), answer=answer, closing=(f"reverse words -> {answer}",))


_STRING: dict[str, Wordings] = {name: Wordings(text) for name, text in {
    "reverse": "[Reverse|Flip|Turn around] [the word |the string |the text |]{w}[.|]\n[Spell|Write|Say] {w} [backwards|backward|in reverse|from back to front][.|]\n[What is|What's] {w} [backwards|backward|spelled backwards|reversed|in reverse|written backwards]?\nHow do you [spell|write] {w} backwards?\nPut the letters of {w} in reverse order\n[Give me|Show me] {w} in reverse\n[Can|Could] you [reverse|flip] [the word |]{w}?\nreverse: {w}",
    "upper": "[Write|Put|Convert|Change|Turn] [the word |]{w} [in|to|into] [uppercase|upper case|capital letters|capitals|all caps][.|]\n[What is|What's] {w} in [uppercase|capital letters|capitals|all caps]?\nuppercase {w}\nMake {w} [uppercase|all caps]\nCapitalize [all|every] letter[s|] [of|in] {w}\nHow do you write {w} in capital letters?",
    "lower": "[Write|Put|Convert|Change|Turn] [the word |]{w} [in|to|into] [lowercase|lower case|small letters][.|]\n[What is|What's] {w} in [lowercase|small letters]?\nlowercase {w}\nMake {w} lowercase\nMake all letters of {w} small\nHow do you write {w} in small letters?",
    "length": "How many [letters|characters] [are in|are there in|does|has] [the word |]{w} [have|]?\n[What is|What's] the length of [the word |the string |]{w}?\nHow long is [the word |]{w}?\nCount the [letters|characters] [in|of] {w}\nlength of {w}\nHow many letters do you need to write {w}?",
    "vowels": "How many vowels [are in|are there in|does|has] [the word |]{w} [have|]?\nCount the vowels [in|of] {w}\nnumber of vowels in {w}\nHow many of the letters in {w} are vowels?\n[What is|Tell me] the number of vowels in {w}?\nvowels in {w}?",
    "count": "How many {x}'s are [in|there in] [the word |]{w}?\nHow [often|many times] does [the letter |]{x} [appear|occur|show up] in {w}?\nCount the {x}'s in {w}\nHow many times is the letter {x} in {w}?\nHow many letters {x} does {w} have?\n[What is|Tell me] the number of {x}'s in {w}?\nhow many {x} in {w}\nHow many of the letters in {w} are {x}?",
    "at": "[What is|What's] the {o} letter [of|in] {w}?\nWhich letter is {o} in {w}?\nWhich letter comes {o} in {w}?\n{o} letter of {w}\nTell me the {o} letter of the word {w}\nWhat letter is at position {i} in {w}?",
    "first": "[What is|What's] the first letter [of|in] {w}?\nWhich letter does {w} [start|begin] with?\nWhat letter comes first in {w}?\nfirst letter of {w}\nTell me the first letter of {w}\nWith which letter does {w} begin?",
    "last": "[What is|What's] the last letter [of|in] {w}?\nWhich letter does {w} end with?\nWhat letter comes last in {w}?\nlast letter of {w}\nTell me the last letter of {w}\nWith which letter does {w} end?",
    "sort": "[Sort|Order|Arrange] the letters [of|in] {w} [alphabetically|in alphabetical order|from a to z]\nPut the letters of {w} in alphabetical order\nWhat are the letters of {w} in alphabetical order?\nsort the letters of {w}\nArrange {w}'s letters alphabetically\nWrite the letters of {w} sorted alphabetically",
    "remove": "Remove [every|all|the letter|each] {x} from {w}\nDelete [every|all] {x} [from|in] {w}\n[What is|What's left of] {w} without [the letter |any |]{x}?\nTake [every|all] {x} out of {w}\nWhat is left if you remove {x} from {w}?\nDrop every {x} from {w}",
    "no vowels": "Remove [all|the] vowels from {w}\nDelete [all|the] vowels [from|in] {w}\nWhat is {w} without [its |the |]vowels?\nTake the vowels out of {w}\nWhat is left of {w} without vowels?\nDrop every vowel from {w}",
    "replace": "Replace [every|all|each] {x} [in|of] {w} [with|by] {y}\nIn {w}, [replace|change] [every|each|all] {x} [with|to|by] {y}\nChange [every|all] {x} in {w} to {y}\nWhat [is|do you get from] {w} if every {x} becomes {y}?\nSwap each {x} in {w} for {y}\nSubstitute {y} for {x} in {w}",
    "append": "[Add|Put|Append] {z} [to|at] the end of {w}\nWhat do you get if you add {z} at the end of {w}?\nAttach {z} to {w}\nWrite {w} followed by {z}\nAppend {z} to {w}\nStick {z} on the end of {w}",
    "join": "[Join|Concatenate|Combine|Put together|Glue together] {w} and {v}[.|]\n[What do you get|What is the result] [if|when] you [join|concatenate|combine|put together] {w} and {v}?\nWrite {w} and {v} as one word\nconcatenate {w} with {v}\nWhat is {w} + {v} as strings?\nPut {w} and {v} together without a space\nMake one word of {w} and {v}",
    "drop first": "[Remove|Drop|Delete] the first letter [of|from] {w}\nWhat is {w} without its first letter?\nWhat is left of {w} if you remove the first letter?\nTake the first letter off {w}\nCut off the first letter of {w}\nLeave out the first letter of {w}",
    "drop last": "[Remove|Drop|Delete] the last letter [of|from] {w}\nWhat is {w} without its last letter?\nWhat is left of {w} if you remove the last letter?\nTake the last letter off {w}\nCut off the last letter of {w}\nLeave out the last letter of {w}",
    "repeat": "[Repeat|Write|Print|Say] {w} {i} times[.|]\nWhat is {w} repeated {i} times?\nWrite {w} {i} times in a row without spaces\nRepeat the [word|string] {w} {i} times\nWhat do you get if you repeat {w} {i} times?\nput {w} {i} times one after another",
    "take": "[What are|Give me|Take|Keep] the first {i} letters of {w}\nWhat do the first {i} letters of {w} spell?\nKeep only the first {i} letters of {w}\nfirst {i} letters of {w}\nShow the first {i} characters of {w}\nCut {w} after {i} letters",
}.items()}  # fmt: skip
_ALSO: dict[str, Wordings] = {name: Wordings(text) for name, text in {
    "reverse": "reverse it\nreverse the result\nwrite it backwards\nflip it\nturn it around\nspell it backwards",
    "upper": "make it uppercase\nput it in capital letters\nconvert it to uppercase\nwrite it in all caps\nmake all letters capital\nuppercase it",
    "no vowels": "remove the vowels\ndelete all vowels\ntake out the vowels\ndrop every vowel\nremove all vowels\nleave out the vowels",
    "drop first": "remove the first letter\ndrop the first letter\ndelete the first letter\ncut off the first letter\ntake off the first letter\nleave out the first letter",
    "drop last": "remove the last letter\ndrop the last letter\ndelete the last letter\ncut off the last letter\ntake off the last letter\nleave out the last letter",
    "append": "add {z} [to|at] the end\nappend {z}\nput {z} at the end\nattach {z}\nstick {z} on the end\nadd {z}",
}.items()}  # fmt: skip


def spelled(s: Speaker) -> Draft:
    """Return a question about a word, or a few operations on it."""
    word, other = material(s), material(s)
    if s.chance(0.12):
        word = word.capitalize()
    kind = s.one(tuple(_STRING))
    if kind == "lower":
        word = word.upper()
    x = s.one(word.lower()) if s.chance(0.88) else s.one("aeiorst")
    if kind in ("remove", "replace", "no vowels", "sort", "count"):
        word = word.lower()
    y, z = (
        s.one("abcdefghijklmnopqrstuvwxyz"),
        s.one(("s", "ing", "er", "x", "ed", "ly", "a", "z", "ness", "abc")),
    )
    i = (
        s.between(2, 4)
        if kind == "repeat"
        else s.between(1, min(8, len(word)))
        if kind == "at"
        else s.between(2, max(2, len(word) - 1))
    )
    quote = s.one(("", "", "", '"', '"', "'"))
    w = f"{quote}{word}{quote}"
    letters = f"spell: {' '.join(word)}"
    place = (ORDINALS[i] if s.chance(0.6) else nth(i)) if i < 11 else nth(i)
    inner = s.one(("", "", quote))
    text = s.say(_STRING[kind], w=w, v=f"{quote}{other}{quote}", x=f"{inner}{x}{inner}", y=f"{inner}{y}{inner}",
                 z=f"{quote}{z}{quote}", o=place, i=i)  # fmt: skip
    if kind == "length":
        counted = " ".join(f"{letter}{at + 1}" for at, letter in enumerate(word))
        return Draft(text, answer=str(len(word)), closing=(f"count: {counted}",))
    if kind == "vowels":
        found = [letter for letter in word if letter.lower() in "aeiou"]
        return Draft(
            text,
            answer=str(len(found)),
            closing=(letters, f"vowels: {' '.join(found) or 'none'} -> {len(found)}"),
        )
    if kind == "count":
        places = [str(at + 1) for at, letter in enumerate(word) if letter == x]
        return Draft(
            text,
            answer=str(len(places)),
            closing=(letters, f"{x}: {' '.join(places) or 'none'} -> {len(places)}"),
        )
    if kind in ("at", "first", "last"):
        answer = word[i - 1] if kind == "at" else word[0] if kind == "first" else word[-1]
        return Draft(text, answer=answer, closing=(letters, f"{kind}: {answer}"))
    if kind == "repeat":
        if len(word) > 6:
            word, text = word[:4], text.replace(w, f"{quote}{word[:4]}{quote}")
        return Draft(text, answer=word * i, closing=(f"repeat {i}: {' '.join([word] * i)}",))
    if kind == "join":
        return Draft(text, answer=word + other, closing=(f"join: {word} + {other} -> {word}{other}",))
    argument = {"remove": x, "replace": x + y, "append": z}.get(kind, "")
    result = strings.apply((kind, i if kind == "take" else 0, argument), word)
    if not result:
        return spelled(s)
    lines = [letters, f"{kind}: {' '.join(result)}"]
    if (
        s.chance(0.3)
        and text[-1] != "?"
        and kind in ("reverse", "upper", "drop first", "drop last", "append", "no vowels", "sort")
    ):
        then = s.one([name for name in _ALSO if name != kind])
        after = strings.apply((then, 0, z), result)
        if after and after != result:
            result = after
            text = text.rstrip(".") + s.one((", then ", " and then ", " and ", ". Then ", ". After that, ")) + s.say(
                _ALSO[then], z=f"{quote}{z}{quote}")  # fmt: skip
            lines.append(f"{then}: {' '.join(result)}")
            if s.chance(0.4):
                text += ". " + s.one(
                    ("What do you get?", "What is the result?", "What is it now?", "What is left?")
                )
    return Draft(text, answer=result, closing=tuple(lines))
