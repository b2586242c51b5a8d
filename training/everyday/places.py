"""Places and things that fill and empty: buses, shelves, accounts, scores, temperatures."""

from __future__ import annotations

from dataclasses import dataclass

from training.everyday.things import ANIMALS, FOOD, KEPT, PEOPLE
from training.everyday.wording import Wordings


@dataclass(frozen=True, slots=True)
class Theme:
    """One kind of place.

    Attributes:
        things: What is counted.
        places: Where, the `{w}` of the phrases.
        start: Lowest and highest number at the start.
        most: Largest change.
        label: What the worked lines call the quantity, "" for the things.
    """

    things: list[str]
    places: list[str]
    openings: Wordings
    more: Wordings
    less: Wordings
    asks: Wordings
    start: tuple[int, int] = (3, 60)
    most: int = 20
    label: str = ""


THEMES = (
    Theme(
        ["passengers", "people", "passengers", "riders"],
        ["bus", "train", "tram", "ferry", "subway car", "plane", "coach", "van"],
        Wordings("""
            A {w} [has|carries] {n} {o} [on board|].
            There are {n} {o} on a {w}.
            A {w} starts [its trip|the day|its route] with {n} {o}.
            {n} {o} are [on|riding] a {w}.
            A {w} leaves [the station|the depot|town] with {n} {o} [on board|].
            {n} {o} [are sitting|sit] in a {w}.
            A {w} is carrying {n} {o}.
            {n} {o} get on an empty {w}.
        """),
        Wordings("""
            {n} [more |]{o} get on [at the next stop|at the first stop|]
            {n} [more |new |]{o} board [|the {w}|at the next station]
            {n} [people|others] get on
            it picks up {n} [more|new {o}|more {o}]
            {n} [more |other |]{o} step in
            {n} climb on
            at the next stop {n} [more |]{o} get on
            {n} [people |]come aboard
            {n} {o} enter
        """),
        Wordings("""
            {n} {o} get off [at the next stop|at the first stop|]
            {n} [of them |]get off
            {n} [people|of them] leave [the {w}|]
            {n} {o} step out
            it drops off {n} [of them|{o}|people]
            at the next stop {n} [{o} |]get off
            {n} {o} exit [the {w}|]
            {n} climb off
            {n} hop off
        """),
        Wordings("""
            How many {o} are [on|in] the {w} now?
            How many {o} are [left|still on the {w}|on board]?
            How many [people|{o}] are on the {w} [now|then|after that|in the end|]?
            How many {o} does the {w} [have|carry] now?
            How many are still [on board|on the {w}|on it]?
            What is the number of {o} [now|on the {w} now]?
            How many remain?
            How many are on it now?
        """),
        label="on board",
    ),
    Theme(
        ["cars", "cars", "bikes", "trucks", "vans", "buses", "boats"],
        ["parking lot", "car park", "garage", "lot", "depot", "harbor"],
        Wordings("""
            There are {n} {o} in a {w}.
            A {w} has {n} {o}[ in it|].
            {n} {o} are parked in [a|the] {w}.
            A {w} holds {n} {o}.
            {n} {o} stand in [a|the] {w}.
            [In the morning|At 9 o'clock|At noon], {n} {o} are in the {w}.
        """),
        Wordings("""
            {n} [more |new |]{o} [arrive|come|drive in|pull in|enter|come in]
            {n} [more |others |]come in
            {n} [more |]{o} park [there|in the {w}]
            another {n} [{o} |]arrive
            {n} drive in
            {n} more show up
        """),
        Wordings("""
            {n} [of them |{o} |]leave
            {n} {o} [drive away|drive off|drive out|pull out|go away]
            {n} [of them |]drive [away|off]
            {n} {o} exit
            {n} [of the {o} |]are gone
            {n} go home
        """),
        Wordings("""
            How many {o} are [left|there now|in the {w} now|still there|parked there now]?
            How many {o} are in the {w} [now|in the end|at the end|]?
            How many {o} remain [in the {w}|]?
            How many are [there now|left]?
            What is the number of {o} [in the {w} |]now?
            How many {o} does the {w} have now?
        """),
    ),
    Theme(
        KEPT + FOOD,
        """box jar basket bag drawer bowl crate chest bin bucket fridge cupboard tin suitcase backpack tray shelf
        shop store warehouse bookcase cabinet""".split(),
        Wordings("""
            There are {n} {o} in a {w}.
            A {w} [has|holds|contains] {n} {o}[ in it|].
            {n} {o} are in a {w}.
            In a {w} there are {n} {o}.
            {N} has a {w} with {n} {o} [in it|inside|].
            {N} [keeps|stores] {n} {o} in a {w}.
            There were {n} {o} in the {w}.
            You have a {w} with {n} {o}.
            A {w} starts with {n} {o}.
            {n} {o} lie in a {w}.
        """),
        Wordings("""
            {N} puts {n} [more|more {o}] [in|into it|in it|inside]
            {n} [more |]{o} are [added|put in|placed in it|put into it]
            {n} more are added
            {N} adds {n} [more|{o}|more {o}] [to it|to the {w}|]
            {n} [new |]{o} arrive
            someone [adds|puts in] {n} [more|others]
            you [add|put in] {n} [more|more {o}|{o}]
            {N} places {n} more [inside|there]
            {n} [{o} |]go in
            {F} brings {n} more
        """),
        Wordings("""
            {N} takes {n} [out|of them|out of it|away]
            {n} [of them |{o} |]are [taken out|removed|taken away|taken|sold|used]
            {n} {o} are [taken out|removed|taken|sold|gone]
            {N} removes {n} [of them|{o}|]
            someone takes {n} [of them|away|out]
            you take [out |]{n} [{o}|of them|away]
            {F} takes {n} [of them|{o}|out|]
            {n} are given away
            {N} uses {n} of them
            {n} [of them |{o} |]break and are thrown away
        """),
        Wordings("""
            How many {o} are [in the {w} now|left in the {w}|left|still in the {w}|in it now|there now]?
            How many {o} are in the {w} [in the end|at the end|then|after that|]?
            How many {o} does the {w} [have|hold|contain] [now|in the end]?
            How many {o} remain [in the {w}|in it|]?
            How many are [left|in it now|there now|still inside|in there]?
            What is the number of {o} [in the {w}|now|left]?
            How many {o} will be in the {w}?
            How many of them are still there?
            How many {o} has the {w} now?
        """),
    ),
    Theme(
        PEOPLE,
        [
            "room",
            "classroom",
            "park",
            "party",
            "cinema",
            "library",
            "museum",
            "hall",
            "restaurant",
            "queue",
            "line",
            "playground",
            "pool",
            "gym",
            "meeting",
            "cafe",
            "theater",
            "club",
            "camp",
            "store",
        ],
        Wordings("""
            There are {n} {o} in a {w}.
            {n} {o} are in [a|the] {w}.
            {n} {o} are at a {w}.
            There are {n} {o} at the {w}.
            A {w} has {n} {o}[ in it|].
            {n} {o} [stand|wait|sit] in a {w}.
            {n} {o} come to a {w}.
            At [first|the start|the beginning] there are {n} {o} in the {w}.
        """),
        Wordings("""
            {n} [more |new |other |]{o} [arrive|come|join|enter|come in|walk in|show up|join them]
            {n} [more |others ]come [in|]
            {n} [more |others |people ]join [them|]
            another {n} [{o} |]arrive
            {n} [late|new] {o} come in
            {n} more show up
            {n} [{o} |]walk in
            {n} more line up
        """),
        Wordings("""
            {n} [of them |{o} |people |]leave
            {n} [of them |{o} |]go home
            {n} {o} [walk out|go away|step out|go out|exit]
            {n} [of them |]have to [go|leave]
            {n} [{o} |]get tired and leave
            {n} [of the {o} |]are picked up
            {n} [of them |]walk away
            {n} leave early
        """),
        Wordings("""
            How many {o} are [left|there now|in the {w} now|still there|still in the {w}]?
            How many {o} are in the {w} [now|in the end|at the end|then|]?
            How many {o} remain [in the {w}|]?
            How many [people |]are [there now|left|still there]?
            How many {o} are there [now|in total now|in the end|after that]?
            How many [stay|remain]?
            What is the number of {o} [in the {w} |]now?
            How many {o} does the {w} have now?
        """),
    ),
    Theme(
        ANIMALS,
        [
            "farm",
            "tree",
            "pond",
            "field",
            "barn",
            "zoo",
            "lake",
            "yard",
            "shelter",
            "wire",
            "meadow",
            "fence",
            "roof",
            "branch",
        ],
        Wordings("""
            There are {n} {o} on a {w}.
            {n} {o} [live|are|sit|stay] [on|in] a {w}.
            A {w} has {n} {o}.
            There are {n} {o} in a {w}.
            {n} {o} are [on|at] the {w}.
            A farmer has {n} {o}.
            {N} counts {n} {o} at the {w}.
        """),
        Wordings("""
            {n} [more |new |other |]{o} [arrive|come|join them|are born|show up|appear]
            {n} [more |others ]come
            {n} [more|others] join [them|]
            another {n} arrive
            {n} [baby |young |]{o} are born
            {n} more [turn up|fly in|run in|land]
            {n} are bought
        """),
        Wordings("""
            {n} [of them |{o} |]leave
            {n} [of them |{o} |]run away
            {n} [of them |{o} |]fly away
            {n} [of them |{o} |]are sold
            {n} [of them |{o} |]go [away|elsewhere]
            {n} [of them |]escape
            {n} [{o} |]swim away
        """),
        Wordings("""
            How many {o} are [left|there now|still there]?
            How many {o} are [on|in|at] the {w} now?
            How many {o} remain?
            How many are [left|there now|still there]?
            How many {o} are there [now|in the end|after that]?
            What is the number of {o} now?
        """),
    ),
    Theme(
        ["dollars", "dollars", "euros"],
        ["account", "wallet", "piggy bank", "purse", "savings account", "bank account", "pocket"],
        Wordings("""
            {N} has {n} {o} in [a|the|her|his] {w}.
            {N} has {n} {o}.
            There are {n} {o} in {N}'s {w}.
            {N}'s {w} has {n} {o} in it.
            {N} starts with {n} {o}.
            {N} has saved {n} {o}.
            {N} gets {n} {o} [for the birthday|from grandma|as pocket money].
            {N} [earned|won|found] {n} {o}.
        """),
        Wordings("""
            {N} [earns|gets|receives|saves|finds|makes|wins|deposits|puts in|adds] {n} [more|{o}|more {o}]
            {N} earns {n} {o} [by washing cars|for babysitting|mowing lawns|at work|for helping a neighbor]
            {F} gives {N} {n} {o}
            {N} deposits {n} {o} [into the {w}|]
            {N} is paid {n} {o}
            {N} saves another {n} {o}
            {n} {o} are [deposited|added]
            {N} [puts|adds] {n} {o} [into|to] the {w}
        """),
        Wordings("""
            {N} spends {n} {o} [on lunch|on a book|on a toy|on food|on a ticket|on a gift|on shoes|at the store|]
            {N} [pays|spends|loses|withdraws|takes out|uses] {n} {o}
            {N} spends {n} [{o} |]
            {N} pays {n} {o} [for a ticket|for dinner|for a haircut|for gas|for a game]
            {N} buys a [book|toy|game|shirt|ticket|snack|hat] for {n} {o}
            {N} gives {F} {n} {o}
            {n} {o} are [withdrawn|spent]
            {N} lends {F} {n} {o}
            {N} donates {n} {o}
        """),
        Wordings("""
            How much money does {N} have [now|left|in the end|at the end|]?
            How many {o} does {N} have [now|left|in the end|]?
            How much [is left|does {N} have left|money is left]?
            How much does {N} have [now|left|]?
            How many {o} are [left|in the {w}]?
            How much money is [in the {w} now|left]?
            What is the [balance|amount left|total] [now|]?
            How much money remains?
        """),
        (10, 200),
        40,
        "money",
    ),
    Theme(
        ["points", "points", "goals"],
        ["game", "match", "quiz", "contest"],
        Wordings("""
            {N} has {n} {o} in a {w}.
            {N} starts a {w} with {n} {o}.
            {N} scored {n} {o} in the first round of a {w}.
            A team has {n} {o}.
            {N}'s score is {n} {o}.
            {N} is at {n} {o}.
        """),
        Wordings("""
            {N} [gets|scores|wins|earns|gains] {n} [more|more {o}|{o}] [in the next round|in round two|]
            {n} {o} are added
            the score goes up by {n}
            {N} gets a bonus of {n} {o}
            {N} gains {n} {o}
            {n} [more |]{o} follow
        """),
        Wordings("""
            {N} loses {n} [{o}|] [for a mistake|in the next round|]
            {N} gets a penalty of {n} {o}
            {n} {o} are [taken away|subtracted|deducted]
            the score goes down by {n}
            {N} drops {n} {o}
            {N} gives up {n} {o}
        """),
        Wordings("""
            How many {o} does {N} have [now|in the end|at the end|]?
            What is the [final |]score [now|]?
            How many {o} [are there now|is that|are left]?
            What is {N}'s [final |]score?
            How many {o} has {N} now?
            With how many {o} does it end?
        """),
        (5, 60),
        20,
    ),
    Theme(
        ["degrees"],
        ["room", "city", "oven", "garden", "lake", "freezer"],
        Wordings("""
            The temperature is {n} degrees [in the morning|at noon|at 6 am|outside|].
            It is {n} degrees [in the morning|outside|in the {w}|].
            In the {w} it is {n} degrees.
            The thermometer shows {n} degrees.
            [In the morning|At dawn|At noon] it was {n} degrees.
            The temperature in the {w} was {n} degrees.
        """),
        Wordings("""
            it [rises|goes up|increases|climbs|warms up] by {n} degrees [by noon|]
            the temperature [rises|goes up|increases] [by |]{n} degrees
            it gets {n} degrees [warmer|hotter]
            it warms up by {n} [degrees|]
            it rises {n} degrees
            the temperature climbs {n} degrees
        """),
        Wordings("""
            it [falls|drops|goes down|decreases|sinks|cools down] by {n} degrees [at night|by evening|]
            the temperature [falls|drops|goes down] [by |]{n} degrees
            it gets {n} degrees [colder|cooler]
            it cools by {n} degrees
            it drops {n} degrees
            the temperature sinks {n} degrees
        """),
        Wordings("""
            What is the temperature [now|then|in the end|at the end|after that|]?
            How many degrees is it [now|then|in the end]?
            How warm is it [now|then]?
            What does the thermometer show [now|then|]?
            What temperature is it now?
            How many degrees are there now?
        """),
        (12, 40),
        12,
        "temperature",
    ),
    Theme(
        ["floor"],
        ["elevator", "lift"],
        Wordings("""
            {N} is on floor {n} [of a building|].
            An {w} is on floor {n}.
            {N} takes the {w} on floor {n}.
            {N} starts on floor {n}.
            The {w} starts at floor {n}.
            {N} gets into the {w} on floor {n}.
        """),
        Wordings("""
            it goes up {n} floors
            it [rises|climbs|moves up] {n} floors
            {N} goes {n} floors up
            {N} rides up {n} floors
            it goes {n} floors higher
            it goes [another |]{n} floors up
        """),
        Wordings("""
            it goes down {n} floors
            it [descends|moves down|drops] {n} floors
            {N} goes {n} floors down
            {N} rides down {n} floors
            it goes {n} floors lower
            it goes [back |]down {n} floors
        """),
        Wordings("""
            [On w|W]hich floor is {N} [on |]now?
            What floor is it on [now|]?
            On which floor [is it|does it stop|does {N} end up|is {N}]?
            What floor does {N} end up on?
            Which floor is that?
            At what floor does it end?
        """),
        (5, 30),
        9,
        "floor",
    ),
    Theme(
        ["liters", "gallons", "litres"],
        ["tank", "barrel", "pool", "bucket", "bathtub", "container", "pot", "jug", "tub"],
        Wordings("""
            A {w} [has|holds|contains] {n} {o} of water.
            There are {n} {o} of [water|oil|juice|milk] in a {w}.
            A {w} is filled with {n} {o} of water.
            {n} {o} of water are in a {w}.
            {N} fills a {w} with {n} {o} of water.
            A {w} starts with {n} {o}.
        """),
        Wordings("""
            {n} {o} are [added|poured in|filled in]
            {N} [adds|pours in] {n} [{o}|more {o}|more]
            {n} more {o} flow in
            {n} [more |]{o} are pumped in
            it rains and {n} {o} are added
            someone pours in {n} {o}
        """),
        Wordings("""
            {n} {o} [leak out|are used|evaporate|are taken out|are poured out|drain out|are removed]
            {N} uses {n} [{o}|of them]
            {n} {o} flow out
            {N} pours out {n} {o}
            {n} {o} are spilled
            {N} drinks {n} {o}
        """),
        Wordings("""
            How many {o} are [left|in the {w} now|in it now|there now]?
            How much water is [left|in the {w} now|in it now]?
            How many {o} [of water |]remain?
            How many {o} does the {w} have now?
            How much is in the {w} [now|in the end]?
            What is the amount [now|left] in {o}?
        """),
        (10, 120),
        30,
    ),
    Theme(
        ["emails", "messages", "pages", "photos", "songs", "files", "orders", "tasks"],
        ["inbox", "list", "folder", "phone", "playlist", "computer"],
        Wordings("""
            {N} has {n} {o} [in the {w}|on the {w}|].
            There are {n} {o} in {N}'s {w}.
            {N}'s {w} has {n} {o}.
            The {w} contains {n} {o}.
            {N} starts the day with {n} {o}.
            {N} has {n} {o} [to do|to look at|waiting].
        """),
        Wordings("""
            {n} [new |more |]{o} [arrive|come in|are added]
            {N} gets {n} [more|new {o}|more {o}]
            {N} adds {n} [more|{o}|new ones]
            {n} more come in
            {n} new ones arrive
            {N} receives {n} {o}
        """),
        Wordings("""
            {N} deletes {n} [of them|{o}|]
            {n} [of them |{o} |]are [deleted|removed|done]
            {N} removes {n} [of them|{o}|]
            {N} finishes {n} [of them|{o}|]
            {N} gets rid of {n}
            {N} clears {n} [of them|]
        """),
        Wordings("""
            How many {o} does {N} have [now|left|in the end|]?
            How many {o} are [left|there now|still there]?
            How many {o} are in the {w} [now|]?
            How many are left?
            How many {o} remain?
            What is the number of {o} now?
        """),
    ),
)
