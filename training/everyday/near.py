"""Questions close to what the model knows that it must decline: other mathematics, units, missing facts, opinions."""

from __future__ import annotations

from training.everyday.sequences import material
from training.everyday.things import FOOD, KEPT, PEOPLE, PLACES
from training.everyday.wording import Speaker, Wordings, nth

_OTHER_MATHS = Wordings("""
    [What is|What's|Find|Calculate|Compute|] the [square root|cube root|root] of {n}?
    [sqrt|square root] {n}
    [What is|What's|Calculate|Compute] {m} [squared|cubed|to the power of {k}|to the {k}th power]?
    [What is|Calculate|] {m}^{k}
    [What is|Calculate] {k} to the power {m}?
    Solve [for x|the equation|]: {k}x + {m} = {n}
    [Solve|If] x + {m} = {n}[, what is x?|]
    {k}x = {n}, [find|what is] x?
    What is x if {k}x - {m} = {n}?
    Find [x and y|both numbers] if x + y = {n} and x - y = {m}
    Two numbers add up to {n} and differ by {k}. [What are they|Find them|Which numbers are they]?
    [What is|Find|Calculate] the probability of [rolling a {k}|drawing an ace|getting heads twice|rolling two sixes]?
    A bag has {m} red and {k} blue balls. [What is the probability|What are the odds|How likely is it] of drawing a red one?
    If you [flip|toss] a coin {k} times, [what is the probability|how likely is it] to get [all heads|no tails]?
    In how many ways can {k} [people|books|letters] be [arranged|ordered|lined up|chosen from {m}]?
    How many [combinations|permutations|different orders|subsets] [are there |]of {k} [items|letters|people]?
    [What is|Calculate|] {k}[!| factorial]?
    [What is|Find|] the [greatest common divisor|least common multiple|gcd|lcm|gcf] of {m} and {n}?
    [Is|Check if] {n} [a prime|prime|a prime number|a perfect square|divisible by {k}]?
    [List|Find|Give] [the|all] [prime factors|factors|divisors|multiples] of {n}
    What is the next [number|term] in [the sequence |]{k}, {m}, {n}, ...?
    What comes next: 2, 4, 8, 16?
    Which number comes next in the series {k}, {m}, {n}?
    [What is|Find|Calculate] the area of a [rectangle|square|triangle|circle] [with sides {k} and {m}|with side {m}|with radius {k}]?
    [What is|Find] the perimeter of a [rectangle|square|garden|room] [with sides {k} and {m}|of {m} by {k} m]?
    What is the volume of a [box|cube|cylinder|sphere] [of side {k}|with radius {k}]?
    How many degrees [has|are in] [a triangle|a square|a circle]?
    A right triangle has legs {k} and {m}. How long is the hypotenuse?
    [What is|Find] the [derivative|integral|limit] of [x^{k}|sin x|{k}x^2 + {m}|e^x]?
    [What is|Calculate] [log|ln|sin|cos|tan]({n})?
    [What is|Calculate] the [log|logarithm|sine|cosine] of {n}?
    Convert {n} to [binary|hexadecimal|Roman numerals|octal|base 3]
    Write {n} [in binary|in hex|as a Roman numeral|in words in French]
    What is {n} in [binary|hexadecimal|Roman numerals]?
    [Simplify|Reduce] the fraction {m}/{n}
    What is {k}/{m} + {m}/{n} as a fraction?
    [Factor|Expand|Simplify] [x^2 + {m}x + {k}|(x + {k})(x - {m})|{k}(x + {m})]
    [What is|Find] the [median|mode|standard deviation|variance|range] of {k}, {m}, {n} and {k}?
    Round {n}.{m} to the nearest [ten|tenth|whole number]
    Is {n} a Fibonacci number?
    What is the {k}th [prime|Fibonacci number|decimal of pi]?
    [What is|Calculate] the [compound |simple |]interest on {n} dollars at {k}% for {m} years?
    Graph [the function |]y = {k}x + {m}
    What is the slope of the line through ({k}, {m}) and ({n}, {k})?
    [Estimate|Approximate] [pi|e|the root of {n}] to {k} digits
    What is infinity [plus {k}|minus one|divided by two]?
    What is {n} divided by 0?
    Prove that [the sum of two even numbers is even|{n} is irrational|there are infinitely many primes]
""")
_UNITS = Wordings("""
    [Convert] {n} [km|miles|feet|inches|kg|pounds|liters|gallons|meters|yards|ounces] [to|into] [miles|km|meters|cm|pounds|grams|gallons|feet|inches]
    How many [cm|inches|feet|grams|ounces|ml|meters] [are in|are there in|is] {k} [meters|miles|kg|pounds|liters|yards|gallons]?
    What is {n} degrees [Celsius in Fahrenheit|Fahrenheit in Celsius]?
    {n} [F in C|C in F|miles in km|lb in kg]
    How many [dollars|euros|pounds|yen] are {n} [euros|dollars|pounds|yen]?
    What is {k} [stone|miles|ounces|acres] in [kg|km|grams|square meters]?
    How many seconds [are in|has] [a year|{k} weeks|a month]?
    How many bytes are in {k} [megabytes|kilobytes]?
    Convert {n} [watts|volts|joules|calories] to [kilowatts|millivolts|calories|joules]
    How heavy is {k} liters of water?
""")
_MISSING = Wordings("""
    {A} has {n} {o}. How many {o} does {B} have?
    {A} has more {o} than {B}. How many {o} does {A} have?
    {A} bought {o} for {B}. How [much did they cost|many did {A} buy]?
    {A} gives {B} {k} {o}. How many {o} does {A} have left?
    {A} buys {k} {o}. How much does {A} pay?
    A {o} costs [a few|some] dollars. How much do {k} cost?
    {A} is older than {B}. How old is {A}?
    {A} is {n} years old. How old is {B}?
    {A} starts at 9:00. When does {A} finish?
    A train leaves at 8:15. When does it arrive?
    {A} drove for {k} hours. How far did {A} drive?
    How many {o} are [there |]in [the|a] {p}?
    There are many {w} in a {p}. {k} leave. How many are left?
    {A} spends {n} dollars. How much [money |]does {A} have left?
    {A} has twice as many {o} as {B}. How many does {A} have?
    How many {o} does {A} have?
    How much do {k} {o} cost?
    {A} is taller than {B} and {C} is taller than {B}. Who is the tallest?
    {A} likes {o}. {B} likes {p}s. Who is older?
    {A} lives in Rome. Where does {B} live?
    {A} has a dog. What is its name?
    What day is it [today|tomorrow|]?
    What time is it [now|]?
    What date is it [today|]?
    How old am I?
    [What is|What's] my name?
    How many days [are left |]until [Christmas|my birthday|summer|the weekend]?
    {A} gave some {o} to {B}. How many did {B} get?
    Reverse the list
    Sort these numbers
    Add the two numbers
    [What is|Tell me] the sum?
    How many letters are in it?
    Which one is bigger?
    {A} and {B} share some {o} equally. How many does each get?
    What is the answer?
""")
_KNOWN = Wordings("""
    What is the capital of [France|Italy|Japan|Spain|Germany|Peru|Canada|Australia|Egypt|Brazil|India|{X}]?
    Who [wrote|painted|composed|invented|discovered|built] [Hamlet|the Mona Lisa|penicillin|the telephone|1984|the Eiffel Tower|Don Quixote|America|{X}]?
    [When|In which year] did [World War {k}|the French Revolution|the moon landing|the Titanic sink|{X}] [start|end|happen]?
    How many [legs|eyes|wings|teeth] does [a|an] [spider|dog|human|bee|octopus] have?
    How many [planets|continents|oceans|countries|states] are there [in the world|in the solar system|in the US|]?
    [What|Which] is the [longest|largest|tallest|smallest|deepest] [river|country|mountain|ocean|animal|lake] [in the world|on Earth|]?
    Who is [the president of the US|the king of England|Albert Einstein|{A}|{A} {X}]?
    [What|Which] [color|colour] [is|are] [the sky|bananas|grass|snow]?
    What does [a|the word] {x} mean?
    What is the opposite of {x}?
    [Give me|What is] [a synonym|another word|a rhyme] for {x}?
    [Write|Compose|Tell me] [a|one] [poem|story|song|joke|haiku|letter|essay|speech] about {x}
    [Explain|Describe] [how {x} works|what {x} is|why {x} matters|{x}]
    [Translate|How do you say] [hello|{x}|good morning|the word {x}] [into|in] [French|Spanish|German|Italian]
    Write a [Python|Java|JavaScript|C|] [function|program|script] [that|to] [reverses a list|adds two numbers|sorts a list|counts vowels|prints {x}]
    [What is|What's] the best [way to|way of] [learn {x}|cook {x}|lose weight|make friends]?
    [Should I|Would you|Do you] [buy a {x}|like {x}|prefer {x} or {y}|learn {x}]?
    [Plan|Suggest|Recommend] [a trip to Rome|a dinner|a book about {x}|three movies|a gift for {A}]
    [Summarize|Sum up] [this text|the book {X}|the plot of {X}|my notes]
    [Is|Are] [{x}|{o}] [good|bad|healthy|better than {y}]?
    How do I [fix|make|build|draw|clean|cook] [a|an|my] {x}?
    [Which|What] is better, {x} or {y}?
    What rhymes with {x}?
    Spell {x} in French
    Use {x} in a sentence
    Is {x} a noun or a verb?
    What is the plural of {x}?
    What are the ingredients of {x}?
    [hi|hello|hey|how are you|good morning|thanks|who are you|what can you do]
    [Tell me|What is] something about {x}
    How [far|long|tall|heavy|old|fast] is [the moon|the Nile|Mount Everest|an elephant|the universe|light|a {x}]?
    [Why|How] do [birds fly|people dream|{o} break|we sleep|{w} {x}]?
    What is the weather [today|tomorrow|in Paris]?
    Who won the [match|game|election|World Cup in {y4}]?
    When is [Easter|Thanksgiving|Mother's Day] [in {y4}|this year|]?
    What happened on [July|May|March] {k}, {y4}?
    What sign is someone born on [July|May|March] {k}?
    What time is it in [Tokyo|London|New York]?
    Make {x} plural
    Is {x} a palindrome?
    Find an anagram of {x}
    Guess what {x} is
    Classify {x} as an animal or a plant
    [Correct|Rewrite|Improve] this sentence: {A} have {x} {o}
""")
_PUZZLES = Wordings("""
    {A} says that {B} lies. {B} says that {C} tells the truth. Who [lies|tells the truth]?
    If all {o} are {x} and some {x} are {y}, are all {o} {y}?
    {A}'s mother has {k} children. What are their names?
    A bat and a ball cost {n} cents together. The bat costs {m} cents more. What does the ball cost?
    {A} can paint a house in {k} hours and {B} in {m} hours. How long do they need together?
    {k} machines make {k} {o} in {k} minutes. How long do {m} machines need for {m} {o}?
    A pipe fills a tank in {k} hours, another empties it in {m} hours. How long does it take to fill it?
    The sum of {k} consecutive numbers is {n}. What [are they|is the smallest]?
    {A} is {k} times as old as {B}. In {m} years {A} will be twice as old. How old is {B}?
    There are chickens and rabbits, {k} heads and {n} legs. How many rabbits are there?
    The ratio of {o} to {q} is {k}:{m}. There are {n} in total. How many are {o}?
    Two trains leave at the same time at {m} and {n} km/h. When do they meet?
    {A} mixes {k} liters of {m}% acid with {n} liters of water. What is the concentration?
    A car accelerates from 0 to {n} km/h in {k} seconds. What is its acceleration?
    {A} invests {n} dollars at {k}% interest for {m} years. How much is it then?
    How many squares are on a chess board?
    Arrange {k} queens on a chess board
    A farmer must cross a river with a wolf, a goat and a cabbage. How?
    How many handshakes are there among {k} people?
    {A} has {n} coins, all dimes and quarters, worth {m} dollars. How many are dimes?
    Which of the {o} is the odd one out?
    {A} sits left of {B}, {C} sits right of {B}. Who sits in the middle of the table and why?
    What number am I thinking of?
    If the pattern continues, what does the {k}th figure look like?
""")
_ENDLESS = Wordings("""
    [What is|What's|Calculate|Compute|How much is|] {a} [divided by|/|÷|over] {b}?
    [Divide] {a} by {b}[.|]
    {a} / {b}
    {a} [divided by|/] {b} [is|equals] what?
    [What do you get|What results] [if|when] you divide {a} by {b}?
    [can you|please] divide {a} by {b}
    {x} apples are shared by {b} people, what fraction of an apple does each of them get?
    Write {a}/{b} as a [decimal|fraction|mixed number|percentage]
""")
"""Divisions whose result has no end."""
_BANKS = (
    _OTHER_MATHS,
    _OTHER_MATHS,
    _OTHER_MATHS,
    _UNITS,
    _MISSING,
    _MISSING,
    _KNOWN,
    _KNOWN,
    _KNOWN,
    _PUZZLES,
)


def declined(s: Speaker) -> str:
    """Return a question to decline whose wording is close to those that are answered."""
    if s.chance(0.05):
        b = s.one((3, 6, 7, 9, 11, 12))
        a = s.between(1, s.one((20, 100)))
        if a * 1000 % b:
            return s.say(_ENDLESS, a=a, b=b, x=a)
    x, y = material(s), material(s)
    return s.say(
        s.one(_BANKS), n=s.n(s.between(2, 500)), m=s.n(s.between(2, 60)), k=s.n(s.between(2, 12)), A=s.name(), B=s.name(), C=s.name(),
        o=s.one(FOOD + KEPT), q=s.one(KEPT), w=s.one(PEOPLE), p=s.one(PLACES), x=x, y=y, X=material(s).capitalize(),
        y4=s.between(1900, 2030), d=nth(s.between(1, 30)),
    )  # fmt: skip
