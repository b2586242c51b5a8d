"""Vocabulary of the facts family: relations between people, and from people to places and things.

Marks: {a} the person the fact is about, {b} the value. `noun` completes "the {noun} of X".
"""

from __future__ import annotations

from dataclasses import dataclass

CITIES = (
    "Rome Paris Berlin Madrid London Oslo Vienna Prague Dublin Lisbon Athens Cairo Tokyo Kyoto Seoul Delhi Mumbai Lima "
    "Quito Bogota Boston Denver Chicago Dallas Seattle Austin Toronto Montreal Sydney Perth Milan Turin Naples Lyon "
    "Geneva Zurich Munich Hamburg Warsaw Krakow Budapest Sofia Tallinn Riga Vilnius Helsinki Bergen Porto Seville "
    "Valencia Antwerp Ghent Utrecht Leeds Bristol Cardiff Glasgow Cork Nairobi Lagos Accra Tunis Rabat Hanoi Manila"
).split()
REGIONS = (
    "Norland Westvale Eastmark Sunreach Highmoor Lakeshire Stonefield Greenholm Redcliff Silverton Goldenbay Ashford "
    "Brightwater Coldspring Dunmore Elmwood Fairhaven Grayson Hollowell Ironwood"
).split()
COMPANIES = (
    "Acme Globex Initech Umbrella Stark Wayne Hooli Vandelay Contoso Northwind Fabrikam Tailspin Zenith Apex Orion "
    "Nimbus Vertex Solara Quanta Helix Lumina Cobalt Pinnacle Everest Atlas Mercury Titan Nova Pulse Beacon"
).split()
THINGS = {
    "pet": "cat dog parrot hamster rabbit turtle goldfish pony lizard canary ferret snake".split(),
    "food": "pizza pasta rice soup salad sushi curry bread cheese tacos noodles pancakes".split(),
    "color": "red blue green yellow purple orange white black pink brown gray turquoise".split(),
    "instrument": "piano violin guitar flute trumpet drums cello harp clarinet saxophone".split(),
    "sport": "tennis football chess golf hockey rugby cricket judo rowing swimming basketball".split(),
    "job": "doctor baker pilot teacher nurse farmer lawyer painter plumber chef singer writer carpenter".split(),
    "drink": "tea coffee water milk juice lemonade cocoa soda cider".split(),
}


@dataclass(frozen=True, slots=True)
class Relation:
    """One relation with its phrasings.

    Attributes:
        facts: Sentences that state it.
        noun: "mother" in "the mother of Bob"; "" where it has none.
        asks: Questions for the value, about {a}.
        values: What the value is: "person", "city", "region", "company" or a key of THINGS.
        people: Whether the relation starts from a person (else from a city or company).
    """

    facts: tuple[str, ...]
    noun: str
    asks: tuple[str, ...]
    values: str
    source: str = "person"


def _kin(noun: str, *more: str) -> Relation:
    return Relation(
        (f"{{b}} is the {noun} of {{a}}.", f"{{b}} is {{a}}'s {noun}.", f"{{a}}'s {noun} is {{b}}.",
         f"The {noun} of {{a}} is {{b}}.", f"The {noun} of {{a}} is called {{b}}.", *more),
        noun, (f"Who is the {noun} of {{a}}?", f"Who is the {noun} of {{a}}?", f"Who is {{a}}'s {noun}?",
               f"What is the name of the {noun} of {{a}}?"), "person",
    )  # fmt: skip


PEOPLE = (
    _kin("mother"), _kin("father"), _kin("boss", "{a} works for {b}."), _kin("best friend"), _kin("neighbor"),
    _kin("teacher", "{b} teaches {a}."), _kin("sister"), _kin("brother"), _kin("doctor", "{b} treats {a}."), _kin("coach"),
    _kin("roommate"), _kin("manager", "{a} reports to {b}."), _kin("cousin"), _kin("grandmother"), _kin("uncle"), _kin("aunt"),
    _kin("mentor"), _kin("landlord", "{a} rents a flat from {b}."),
)  # fmt: skip

ENDS = (
    Relation(("{a} lives in {b}.", "{a} has lived in {b} for years.", "{a}'s home is in {b}."), "",
             ("Where does {a} live?", "Where does {a} live?", "In which city does {a} live?"), "city"),
    Relation(("{a} was born in {b}.", "{b} is where {a} was born."), "",
             ("Where was {a} born?", "In which city was {a} born?"), "city"),
    Relation(("{a} works at {b}.", "{a} has a job at {b}.", "{a} is employed by {b}."), "",
             ("Where does {a} work?", "Which company does {a} work for?", "At which company does {a} work?"), "company"),
    Relation(("{a} has a {b}.", "{a} owns a {b}.", "{a} keeps a {b} as a pet."), "",
             ("What pet does {a} have?", "Which pet does {a} own?"), "pet"),
    Relation(("{a} likes {b} most.", "{a}'s favorite food is {b}.", "The favorite food of {a} is {b}."), "favorite food",
             ("What is the favorite food of {a}?", "What food does {a} like most?"), "food"),
    Relation(("{a}'s favorite color is {b}.", "The favorite color of {a} is {b}."), "favorite color",
             ("What is the favorite color of {a}?", "Which color does {a} like most?"), "color"),
    Relation(("{a} plays the {b}.", "{a} has played the {b} since school."), "",
             ("What instrument does {a} play?", "Which instrument does {a} play?"), "instrument"),
    Relation(("{a} plays {b} every week.", "{a}'s sport is {b}."), "sport", ("What sport does {a} do?", "What is the sport of {a}?"), "sport"),
    Relation(("{a} works as a {b}.", "{a} is a {b} by profession."), "job", ("What is the job of {a}?", "What does {a} work as?"), "job"),
    Relation(("{a} drinks {b} in the morning.", "{a} always drinks {b}."), "", ("What does {a} drink?",), "drink"),
)  # fmt: skip

CITY_REGION = Relation(("{b} is the region of {a}.", "{a} is in the region {b}.", "{a} lies in {b}.", "{a} belongs to {b}."), "region",
                       ("In which region is {a}?", "What is the region of {a}?", "Which region does {a} lie in?"), "region", "city")  # fmt: skip
COMPANY_CITY = Relation(("{a} is based in {b}.", "The office of {a} is in {b}.", "{a} has its headquarters in {b}."), "headquarters",
                        ("In which city is {a} based?", "Where is {a} based?", "Where is the headquarters of {a}?"), "city", "company")  # fmt: skip
COMPANY_BOSS = Relation(("{b} runs {a}.", "The director of {a} is {b}.", "{b} is the director of {a}."), "director",
                        ("Who is the director of {a}?", "Who runs {a}?"), "person", "company")  # fmt: skip
