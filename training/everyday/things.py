"""Things that people count, and what they do with them, in the three forms of the verb."""

from __future__ import annotations

from training.everyday.wording import Wordings

FOOD = """apples oranges bananas pears plums peaches lemons mangoes grapes cherries strawberries cookies muffins cupcakes
sandwiches pizzas donuts candies sweets chocolates nuts peanuts eggs cakes tomatoes carrots potatoes onions cucumbers
pancakes waffles brownies lollipops biscuits rolls bagels pretzels crackers dumplings tacos burgers figs dates olives
pies tarts snacks treats chips pickles melons kiwis apricots berries blueberries raspberries almonds buns croissants
loaves mints jellybeans macarons meatballs sausages""".split()
KEPT = """marbles stickers stamps coins cards books pencils pens crayons balloons toys dolls kites shells stones buttons beads
ribbons badges postcards comics magazines notebooks puzzles bracelets rings feathers acorns photos drawings erasers
markers tickets blocks figurines keychains trophies posters hats shirts socks scarves gloves caps belts bags mugs cups
plates bowls spoons candles lamps bottles jars boxes bricks tiles nails screws batteries cables umbrellas towels
pillows envelopes letters newspapers rulers folders flags masks bows arrows medals tokens points gems crystals rocks
leaves flowers roses tulips plants seeds bulbs trees cactuses balls bats rackets gloves skateboards bikes dice vouchers
chairs tables ropes bells whistles vases frames cushions magnets robots cars trucks trains planes""".split()
ANIMALS = """chickens ducks cows sheep goats pigs horses rabbits fish hamsters cats dogs puppies kittens parrots turtles birds
hens geese bees ants frogs snails lambs ponies donkeys pigeons sparrows mice butterflies goldfish llamas turkeys""".split()
PEOPLE = "students children people boys girls players kids visitors guests tourists workers members fans campers".split()
SINGULAR = {"loaves": "loaf", "leaves": "leaf", "mice": "mouse", "geese": "goose", "children": "child",
            "people": "person", "dice": "die", "sheep": "sheep", "fish": "fish", "goldfish": "goldfish",
            "pies": "pie", "movies": "movie", "kiwis": "kiwi", "cookies": "cookie", "brownies": "brownie",
            "shoes": "shoe", "cactuses": "cactus"}  # fmt: skip
_ES = ("ches", "shes", "xes", "sses", "atoes", "goes")


def singular(noun: str) -> str:
    """Return the singular of a noun of this file."""
    if noun in SINGULAR:
        return SINGULAR[noun]
    if noun.endswith("ies"):
        return noun[:-3] + "y"
    if noun.endswith(_ES):
        return noun[:-2]
    return noun[:-1] if noun.endswith("s") else noun


COLOURS = "red blue green yellow black white purple orange pink brown".split()
CONTAINERS = """boxes bags baskets jars crates bowls drawers packs packets trays cartons buckets shelves plates
tins sacks bins chests envelopes folders bundles cases rows tables pages albums stacks piles groups teams""".split()
PLACES = """shelf table basket jar box drawer bag bowl cupboard fridge garden garage shop store room classroom kitchen
library warehouse barn yard farm park pond tree field truck market bakery tray plate pile crate counter desk""".split()
WORKERS = """baker farmer teacher shopkeeper gardener librarian carpenter chef tailor fisherman collector florist
mechanic painter grocer postman waiter driver builder potter""".split()
KIN = """brother sister mother father mom dad friend cousin uncle aunt grandmother grandfather grandma grandpa neighbor
teacher roommate classmate best_friend little_brother little_sister older_brother older_sister boss coach""".split()


def kin(word: str) -> str:
    """Return the spelling of an entry of KIN."""
    return word.replace("_", " ")


Verbs = tuple[Wordings, Wordings, Wordings]
"""Phrases of a verb in its base form, the third person and the past."""


def verbs(lines: str) -> Verbs:
    """Return phrases from lines like `buy buys bought|{n} more`.

    The verb's forms stand first; what follows belongs to all of them.
    """
    found: list[list[str]] = [[], [], []]
    for line in lines.strip().splitlines():
        forms, _, rest = line.strip().partition("|")
        for place, form in enumerate(forms.split()):
            found[place].append(f"{form.replace('_', ' ')} {rest}")
    base, third, past = (Wordings("\n".join(form)) for form in found)
    return base, third, past


GAIN = verbs("""
    buy buys bought|{n} [more|more {o}|extra {o}|additional {o}|new {o}|{o}|another]
    buy buys bought|another {n} [{o}|]
    get gets got|{n} [more|more {o}|{o} more|new ones|new {o}|{o}]
    get gets got|{n} [more |more {o} |{o} |]from [{k}|{F}|a friend|the store|a neighbor]
    find finds found|{n} [more|more {o}|others|other {o}|{o} [under the bed|in the attic|on the way home|outside]]
    pick picks picked|up {n} [more|more {o}|others]
    pick picks picked|{n} [more|more {o}|{o}|new ones]
    receive receives received|{n} [more|more {o}|{o}] [from {k}|from {F}|as a gift|in the mail|for [a|the] birthday|]
    collect collects collected|{n} [more|more {o}|{o}|new ones]
    win wins won|{n} [more|more {o}|{o}|others] [in a game|at the fair|in a contest|]
    gather gathers gathered|{n} [more|more {o}|{o}]
    make makes made|{n} [more|more {o}|{o}|new ones]
    add adds added|{n} [more|more {o}|{o}|others] [to the collection|]
    grab grabs grabbed|{n} [more|more {o}|{o}]
    purchase purchases purchased|{n} [more|more {o}|additional {o}|{o}]
    borrow borrows borrowed|{n} [more|more {o}|{o}] from [{k}|{F}|a friend]
    take takes took|{n} [more|more {o}|{o}] from [{F}|the shop|the box|the pile]
    earn earns earned|{n} [more|more {o}|{o}]
    acquire acquires acquired|{n} [more|more {o}|new {o}]
    order orders ordered|{n} [more|more {o}|new ones] online
    bring brings brought|{n} [more|more {o}] home
    discover discovers discovered|{n} [more|more {o}]
    obtain obtains obtained|{n} [more|more {o}|{o}]
    put puts put|{n} more [{o} |] with them
    gain gains gained|{n} [more|more {o}|{o}|]
    inherit inherits inherited|{n} [more|more {o}|{o}] from [{k}|{F}]
    snag snags snagged|{n} more
    be_given is_given was_given|{n} [more|more {o}|{o}|extra ones] by [{k}|{F}|a friend]
    be_handed is_handed was_handed|{n} [more|more {o}|{o}]
    come_across comes_across came_across|{n} [more|others|more {o}]
    save saves saved|up {n} more
    trade trades traded|for {n} more
""")  # fmt: skip
LOSS = verbs("""
    give gives gave|{n} away
    give gives gave|away {n} [|{o}|of them|of the {o}]
    give gives gave|{n} [|of them |{o} |of the {o} ]to [{k}|{F}|a friend|the neighbor|charity|a classmate]
    give gives gave|[{k}|{F}|a friend] {n} [|of them|{o}|of the {o}]
    lose loses lost|{n} [|of them|{o}|of the {o}] [|on the way [home|to school]|in the park|somewhere|at the beach]
    sell sells sold|{n} [|of them|{o}|of the {o}] [|to {F}|at the market|online]
    donate donates donated|{n} [|of them|{o}] [|to charity|to the school|to a shelter]
    hand hands handed|{n} [|of them|{o}] to [{k}|{F}|a friend]
    hand hands handed|out {n} [|of them|{o}]
    throw throws threw|{n} [|of them|{o}] away
    throw throws threw|away {n} [|of them|broken ones|old ones|{o}]
    use uses used|{n} [|of them|{o}] [|up|for a project|for school|for a craft]
    use uses used|up {n} [|of them|{o}]
    break breaks broke|{n} [|of them]
    lend lends lent|{n} [|of them|{o}] to [{k}|{F}|a friend]
    lend lends lent|[{k}|{F}|a friend] {n} [|of them|{o}]
    return returns returned|{n} [|of them] [to the store|to {F}|]
    share shares shared|{n} [|of them] with [{k}|{F}|friends|a friend]
    trade trades traded|away {n} [|of them]
    pass passes passed|{n} [|of them] [on|along] to [{k}|{F}]
    toss tosses tossed|out {n} [|of them]
    send sends sent|{n} [|of them|{o}] to [{k}|{F}]
    leave leaves left|{n} [|of them] [at home|at school|on the bus|behind]
    part parts parted|with {n} [|of them]
    misplace misplaces misplaced|{n} [|of them]
    discard discards discarded|{n} [|of them]
    ship ships shipped|{n} [|of them] to [{F}|a customer]
    get gets got|rid of {n} [|of them]
    set sets set|{n} [|of them] aside for [{F}|{k}]
    gift gifts gifted|{n} [|of them] to [{k}|{F}]
    let lets let|[{k}|{F}] have {n} [|of them]
""")  # fmt: skip
EATEN = verbs("""
    eat eats ate|{n} [|of them|{o}|of the {o}] [|for breakfast|for lunch|at noon|on the way]
    eat eats ate|{n} [|of them]
    snack snacks snacked|on {n} of them
    finish finishes finished|{n} of them
    munch munches munched|{n} of them
    swallow swallows swallowed|{n} of them
    gobble gobbles gobbled|up {n} [|of them]
    have has had|{n} of them for [lunch|dinner|dessert]
    consume consumes consumed|{n} [|of them]
""")  # fmt: skip
BAKED = verbs("""
    bake bakes baked|{n} [more|more {o}|{o}]
    cook cooks cooked|{n} [more|more {o}]
    prepare prepares prepared|{n} [more|more {o}]
""")  # fmt: skip
