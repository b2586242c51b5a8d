## trivia
What is the capital of {c}?
whats the capital of {c}
Who was the first president of {c}?
Who wrote {W} and the {W2}?
Who invented the {w}?
When was the {w} invented?
In what year did {t} begin?
Which country has the largest population in the world?
How tall is Mount {W}?
What is the longest river in {c}?
Name three famous people from {c}.
Which planet is the {w} one?
What language do people speak in {c}?
What is the currency of {c}?
Who painted the {w} with the {w2}?
What is the chemical symbol of {w}?
How many bones are in the human body?
How many players are on a {w} team?
Who won the world cup in {y}?
What happened in {c} in {y}?
Who is {N} {W}?
what is the population of {c}
Which ocean lies between {c} and {c2}?
What does the abbreviation {A} stand for?
Tell me a fun fact about {t}.
How far is the moon from the earth?
What is the speed of light?
Who discovered {w}?
Which animal is the fastest on land?
What's the boiling point of {w}?
Who directed the movie {W} {W2}?
Who played {N} in {W}?
What year was {N} {W} born?
Which team does {N} {W} play for?
What is the national animal of {c}?
how old is the universe
Name the seven wonders of the world.
What are the ingredients of {w} soup?
Which band released the album {W} in {y}?
What was the name of {N} {W}'s second novel?
Were {N} {W} and {F} {W2} of the same nationality?
What government position was held by the woman who portrayed {N} in the film {W}?
The {W} Hotel is located in a city on which river?
Which magazine was started first, {W} or {W2}?
Who is older, {N} {W} or {F} {W2}?
What nationality is the director of the film {W}?
Where was the author of {W} born?
The director of {W} was married to whom?
## science
Explain {t}.
Explain how a {w} works.
Why is the sky blue?
why do {w} people {w2} so much
What causes {t}?
How does {t} work?
What is the difference between {t} and {t2}?
Describe the process of {t} in detail.
What is {t}?
what is {t}
Define {w}.
What does the word {w} mean?
What is the function of the {w} in a cell?
Which of the following is a property of {w}?
How do plants make food?
What happens to a {w} when it is heated?
Why does ice float on water?
State the second law of {w}.
A {m} kg object moves at {n} m/s. What is its kinetic energy?
A force of {m} N acts on a mass of {n} kg. What is the acceleration?
Calculate the pH of a {d} M solution of {w}.
Balance the chemical equation H2 + O2 -> H2O.
How many moles are in {m} grams of {w}?
What is the voltage over a resistor of {m} ohm with a current of {n} A?
A ball is dropped from a height of {m} meters. How long does it take to reach the ground?
The half-life of {w} is {n} years. How much remains after {m} years?
What is the wavelength of light with a frequency of {d}e14 Hz?
Compare {t} with {t2}.
A gene {A} is located on the {w} chromosome. Which phenotype ratio is expected in the F2 generation?
Which quantum number describes the {w} of an electron?
What is the molecular weight of {w} oxide?
Which of these organs is part of the {w} system?
## history and society
What were the causes of the war between {c} and {c2}?
Why did the {W} empire fall?
Who was king of {c} in {y}?
Describe the culture of {c}.
Explain the politics of {c} to a child.
What is the economy of {c} based on?
What are the advantages of democracy?
Discuss the impact of {t} on society.
What role did {N} {W} play in the {W2} revolution?
Is it legal to {w} a {w2} in {c}?
What does the constitution of {c} say about {t}?
In a contract dispute, who bears the burden of proof?
Can my landlord {w} my {w2}?
Do I need a lawyer for {t}?
What taxes do I pay on {w} in {c}?
How do I register a company in {c}?
## opinion and advice
Do you like {w}?
What is your favorite {w}?
What do you think about {t}?
Should I buy a {w} or a {w2}?
Is {w} better than {w2}?
Give me advice on {t}.
How can I become better at {t}?
what should i cook tonight
Recommend a good book about {t}.
Recommend me a movie similar to {W}.
I feel {w} today. What should I do?
How do I make friends?
How do I lose weight?
Which laptop should I buy?
Help me choose a name for my {w}.
What should I wear to a {w}?
Is {N} a good name for a {w}?
How do I fix my {w}?
My {w} doesn't work anymore, what now?
What are the pros and cons of {t}?
## medical
What are the symptoms of {w} disease?
I have a headache and my {w} hurts. What should I do?
How much {w} should I take per day?
A {m}-year-old man presents with {w} pain and fever. What is the most likely diagnosis?
A {m}-year-old woman comes to the clinic because of {w}. Which drug is indicated?
Is {w} dangerous during pregnancy?
What is the treatment of {w}?
Which vitamin is found in {w}?
Which nerve innervates the {w}?
can i take {w} and {w2} together
## chat
hi
hello
Hello!
hey there
Hi, how are you?
how are you today?
good morning
thanks!
thank you very much
bye
ok
What can you do?
who are you
Who made you?
What is your name?
Are you a robot?
Do you have feelings?
Can you help me?
tell me a joke
Tell me a story about a {w} and a {w2}.
sing a song
I'm bored
lol
what's up
test
testing {n} {n2} {n3}
are you there?
yes
no
maybe
why?
what?
how?
please explain
I don't understand.
What time is it?
What day is today?
What's the weather like in {c}?
Let's play a game
I am {N}
My name is {N} and I live in {c}.
can you speak {l}
repeat after me: {w} {w2}
what is the meaning of life
continue
Go on.
again
## gibberish
{g}
{g} {g}
{g} {w} {g} {n}
{w}
{w} {w2}
{w} {w2} {w3}
{n}
{n} {n2} {n3}
{w} {n} {w2}
?
??
...
!!!
#
{w}?
{A}
{A}{n}
{w},{w2},{w3},
[{w}]
{n}%
${n}
{w}: {w2}
{x}
{x}{x}{x}
asdf
{N}
{N} {F}
{N} and {F}
## writing
Write a poem about {t}.
Write a short story about a {w} {w2}.
Write an essay on {t}.
Write an email to {N} about the {w}.
write a letter to my boss
Write a haiku about {w}.
Write a cover letter for a {w} job.
Write a product description for a {w}.
Write a tweet about {t}.
Write {n} sentences about {t}.
Write a paragraph that contains the words {w}, {w2} and {w3}.
Write a song in the style of {N}.
Create a slogan for a {w} shop.
Make a list of {n} ideas for {t}.
Compose a limerick about {N}.
Write a dialogue between {N} and {F} about {t}.
Rewrite this sentence in the passive voice: The {w} sees the {w2}.
Correct the grammar: {N} have went to the {w} yesterday.
Paraphrase: the {w} was {w2} because of the {w3}.
Make this more polite: give me the {w}!
Write a review of the movie {W}.
Write a {m} word blog post about {t}. Use at least {n} headings. Do not use commas.
Write a resume for a {w} engineer. Your entire response should be in lowercase letters.
Give me a recipe for {w} cake.
Suggest a title for a book about {t}.
Write a 4 paragraph text. Each paragraph should end with: {w} {w2} {w3}.
Finish the story: {N} opened the door and saw a {w}.
## translation
Translate to {l}: {w} {w2}
Translate "the {w} is {w2}" into {l}.
How do you say {w} in {l}?
What does {g} mean in {l}?
translate this sentence to English: {g} {g} {g}
What is the {l} word for {w}?
Conjugate the verb {w} in {l}.
Is {w} a {l} word?
The following translation from {l} to English contains an error. Source: {g} {g} {g}. Translation: The {w} {w2} in {c}. The translation contains an error pertaining to Named Entities, Numerical Values or Antonyms.
## languages
Was ist die Hauptstadt von {c}?
Wie geht es dir?
Quelle est la capitale de {c} ?
Comment ça va, {N} ?
¿Cuál es la capital de {c}?
Hola, ¿cómo estás?
Qual è la capitale di {c}?
Hoeveel is {n} procent van {m}?
Wie viele Äpfel hat {N}, wenn sie {n} kauft?
¿Cuánto es {n} más {m}?
Combien font {n} plus {m} ?
{N} hat {n} Äpfel und isst {m}. Wie viele bleiben übrig?
Jaka jest stolica {c}?
Vad heter du?
Qual é a capital de {c}?
{c}の首都はどこですか？
{c}的首都是什么？
Какая столица у {c}?
{N}, 你好吗？
Ordne die Liste [{n}, {m}, {k}] aufsteigend.
Escribe un poema sobre {w}.
Explique la photosynthèse.
## summaries
Summarize the following text: {prose}
Summarize: {prose}
TL;DR: {prose}
Give a title to this paragraph: {prose}
What is the main idea of this passage? {prose}
{prose} What is the author's opinion?
{prose} Is this statement true or false?
{prose}\nQuestion: What is the passage about?
{prose}\nQuestion: Why did the author mention {w}?
Read the passage and answer the question.\n{prose}\nQ: What does {w} refer to?
[1] {prose}\n[2] {prose}\nQuestion: Who {w} the {w2}?
[1] {prose}\n[2] {prose}\n[3] {prose}\nQuestion: When did {N} {w} the {w2}?
{prose}
{prose} {prose}
Continue this text: {prose}
Extract all names from: {prose}
What is the sentiment of this review: {prose}
Classify the text as sports, politics or science: {prose}
Rewrite in simple words: {prose}
Find the spelling mistakes: {prose}
Paraphrase this: {prose}
Here is a document: {prose}\nAnswer the question: what year was it?
## coding
Write a Python function that {code}.
Write a program in {pl} that {code}.
write code that {code}
How do I {w} a {w2} in {pl}?
Implement a function {w}_{w2}(x) in {pl}.
Fix this code: for i in range({n}): print({w}[i]
What is the output of this program?\nx = [{n}, {m}, {k}]\nfor i in x:\n    print(i * {n2})
What does this print?\na = {n}\nb = {m}\nprint(a {op} b)
def {w}_{w2}({x}: int, {w3}: str) -> bool:\n    """ Return True if the {w} is {w2}.\n    >>> {w}_{w2}({n}, '{w3}')\n    True\n    """
def {w}({w2}):\n    """{prose}\n    >>> {w}([{n}, {m}, {k}])\n    [{k}, {m}]\n    """
from typing import List\n\n\ndef {w}_{w2}(numbers: List[int]) -> List[int]:\n    """ {code}\n    >>> {w}_{w2}([{n}, {m}, {k}, {n2}])\n    [{n}, {k}]\n    """
import math\n\ndef {w}(n):\n    """{code}"""
Complete the following function.\ndef {w}_{w2}(lst):\n    '''{code}'''
Write a function to {code2}.
Write a python function to {code2}.\nYour code should pass this test: assert {w}([{n},{m},{k}]) == {n2}
SELECT {w} FROM {w2} WHERE {w3} > {n}; what does this query return?
Write an SQL query that returns all {w} with more than {n} {w2}.
Explain this regex: ^[a-{x}]+{n}$
What is the time complexity of {t}?
How do I install {w} on Ubuntu?
git push is rejected, what do I do?
Convert this JSON to YAML: {"{w}": {n}, "{w2}": [{m}, {k}]}
Write unit tests for a function that {code}.
What does the error "{W}Error: {w} not found" mean?
Refactor: if {x} == {n}: return True else: return False
Write HTML for a page with a {w} and a button.
Write a bash script that {code}.
You are given an array of {m} integers. Write an efficient algorithm that {code}.
class {W}{W2}:\n    def __init__(self, {w}):\n        self.{w} = {w}\nWhat is wrong with this class?
[{n}, {m}, {k}].sort() in {pl}?
Predict the output: print([{x} for {x} in [{n}, {m}, {k}] if {x} % {n2} == 0])
You are given a list {w} of length n. Each element satisfies 1 <= {w}[i] <= {m}. Return the minimum number of operations to make all elements equal.
There are {n} nodes in a graph. Print the shortest path.\nInput: {n} {m}\nOutput:
## functions
You have access to these functions: {"name": "{w}_{w2}", "parameters": {"{w3}": "integer"}}. Question: {w} the {w2} with {n}.
Call the function {w}_{w2} with {n} and {m}.
[{"name": "{w}.{w2}", "description": "Gets the {w}.", "parameters": {"type": "dict", "properties": {"{w3}": {"type": "integer"}}}}]\nFind the {w} of {N} with a {w3} of {n}.
Tools: search, calculator. Task: book a flight from {c} to {c2} on {mon} {n}.
Set an alarm for {n} o'clock.
Turn on the lights in the {w}.
Play {w} by {N} {W}.
Send a message to {N}: {w} {w2}
Remind me to {w} the {w2} at {n} pm.
Search the web for {t}.
What's the price of {A} stock?
Open the file {w}.{w2}
Get the weather forecast of {c} for {n} days.
{"{w}": {n}, "{w2}": "{w3}"}
<{w}><{w2}>{n}</{w2}></{w}>
## algebra
Solve for {x}: {n}{x} + {m} = {k}
Solve for x: {n}x - {n2} = {m}.
solve {n}x = {m}
Solve the equation x^2 - {n}x + {n2} = 0.
Find the roots of {n}x^2 + {n2}x - {m}.
If {x} + {n} = {m}, what is {x}?
If {n}x + {n2}y = {m} and x - y = {n3}, find x.
What is x if {f} of x is {m}?
Simplify {n}x + {n2}x - {n3}y.
Expand (x + {n})(x - {n2}).
Factor x^2 + {n}x + {n2}.
Let f(x) = {n}x^2 - {n2}. Find f({n3}).
If f(x) = {n}x + {n2} and g(x) = x^{n3}, what is f(g({n}))?
Solve the inequality {n}x + {n2} > {m}.
What is {n} to the power of {n2}?
What is {n}^{n2}?
What is the square root of {m}?
sqrt({m})
What is log base {n} of {m}?
Compute {n}! / {n2}!.
What is {f} + {f2}?
Compute {f} of {m}.
Compute {d} * {d2}
{d} + {d2}
What is {d} divided by {d2}?
Simplify the fraction {m}/{k}.
Round {d} to the nearest tenth.
Write {m} in scientific notation.
Convert {m} to binary.
Convert {f} to a decimal.
{n} is what percent of {m}?
What is the greatest common divisor of {m} and {k}?
Find the least common multiple of {n}, {n2} and {n3}.
Is {m} a prime number?
List all prime factors of {m}.
What is the {n}th term of the sequence {n}, {n2}, {n3}, ...?
What comes next: {n}, {n2}, {n3}, {m}, ?
Find the sum of the first {m} positive integers.
Find the sum of the arithmetic series {n} + {n2} + ... + {m}.
The sum of two numbers is {m} and their difference is {n}. Find the larger number.
The sum of three consecutive integers is {m}. What is the smallest one?
How many positive divisors does {m} have?
How many integers satisfy |x| < {n}?
Find the mean and median of {n}, {n2}, {m}, {k}.
What is the mode of [{n}, {n2}, {n}, {m}]?
Express {d} as a fraction in lowest terms.
(not ( True ) ) and ( True or False ) is
not not False and True or ( False ) is
True and not ( {N} is here ) is
The ratio of {w} to {w2} is {n}:{n2}. There are {m} in total. How many are {w}?
## latex
Let $x$ be a real number such that ${n}x + {n2} = {m}$. Find $x$.
Evaluate $\\frac{{n}}{{m}} + \\frac{{n2}}{{k}}$.
Find $\\sqrt{{m}} \\cdot \\sqrt{{k}}$.
What is the value of $\\sum_{k=1}^{{n}} k^{n2}$?
Compute $\\dbinom{{m}}{{n}}$.
Simplify $\\frac{{n}x^2 - {n2}}{x + {n3}}$.
Let $f(x) = x^{n} + {n2}x$. What is $f^{-1}({m})$?
Find all real solutions to $|x - {n}| = {n2}$.
If $\\log_{n} x = {n2}$, find $x$.
In triangle $ABC$, $AB = {n}$, $BC = {n2}$ and $\\angle B = {m}^\\circ$. Find $AC$.
The polynomial $p(x) = x^3 - {n}x^2 + {n2}x - {n3}$ has roots $a$, $b$, $c$. Find $a^2+b^2+c^2$.
Find the constant term in the expansion of $(x + \\frac{{n}}{x})^{n2}$.
Determine the remainder when ${m}^{{k}}$ is divided by ${n}$.
What is the smallest positive integer $n$ such that ${n}n \\equiv {n2} \\pmod{{m}}$?
Find the vector $\\mathbf{v}$ with $\\mathbf{v} \\cdot \\begin{pmatrix} {n} \\\\ {n2} \\end{pmatrix} = {m}$.
Compute $\\sin {m}^\\circ + \\cos {k}^\\circ$.
Let $a_n$ be a sequence with $a_1 = {n}$ and $a_{n+1} = {n2}a_n + {n3}$. Find $a_{{n}}$.
Let $S$ be the set of all $n$ with $1 \\le n \\le {m}$. How many elements of $S$ are divisible by ${n}$?
Evaluate $\\lfloor {d} \\rfloor + \\lceil {d2} \\rceil$.
Simplify $({n} + {n2}i)({n3} - i)$.
What is the area of the region bounded by $y = x^2$ and $y = {n}$?
$\\overline{AB}$ has length ${m}$. Point $C$ divides it in the ratio ${n}:{n2}$. Find the length of $AC$.
How many vertical asymptotes does $y=\\frac{{n}}{x^2+x-{n2}}$ have?
If $x = {n}$ and $y = {n2}$, what is the value of $\\frac{x^3 + {n3}y^2}{{m}}$?
Evaluate $(1+2i){n}-{n2}i$.
What is the positive difference between ${m}\\%$ of ${k}$ and ${n}\\%$ of ${m}$?
Each of the ${n}$ standard dice is rolled. Express the probability as a common fraction.
Calculate $\\left(\\frac{{n}}{{m}}\\right)^{-{n2}}$.
## calculus
Differentiate x^{n} + {n2}x.
What is the derivative of sin({n}x)?
Integrate {n}x^2 from 0 to {n2}.
Find the limit of (x^2 - {n})/x as x approaches {n2}.
Find the maximum of -x^2 + {n}x + {n2}.
Solve the differential equation y' = {n}y.
Find the eigenvalues of [[{n}, {n2}], [{n3}, {n}]].
What is the determinant of [[{n}, {n2}], [{m}, {k}]]?
Multiply the matrices [[{n}, {n2}], [{n3}, 1]] and [[1, {n}], [0, {n2}]].
Compute the Taylor series of e^{n}x.
Is the series sum of 1/n^{n} convergent?
Find the gradient of x^{n} y^{n2}.
Compute the dot product of ({n}, {n2}) and ({n3}, {m}).
## geometry
What is the area of a circle with radius {n}?
A rectangle is {m} cm long and {n} cm wide. What is its area?
What is the perimeter of a rectangle with sides {n} and {n2}?
What is the volume of a cube with side {n}?
A triangle has sides {n}, {n2} and {n3}. Is it a right triangle?
A right triangle has legs {n} and {n2}. Find the hypotenuse.
Two angles of a triangle are {m} and {k} degrees. What is the third angle?
How many degrees are in the angles of a polygon with {n} sides?
A garden is {n} m by {n2} m. How many meters of fence are needed?
Find the distance between ({n}, {n2}) and ({n3}, {m}).
What is the slope of the line through ({n}, {n2}) and ({n3}, {m})?
A cylinder has radius {n} and height {n2}. Find its volume.
The diagonal of a square is {m}. Find its side.
A wall is {n} meters high and {m} meters long. How much paint is needed if one liter covers {n2} square meters?
How many tiles of {n} cm by {n2} cm cover a floor of {m} cm by {k} cm?
This SVG path element <path d="M {d},{d2} L {d},{d2} L {d},{d2}"/> draws a
What is the area of the shaded region?
A ladder of {m} feet leans against a wall. Its foot is {n} feet away. How high does it reach?
## probability
What is the probability of rolling a {n} with a die?
A bag has {n} red and {n2} blue balls. What is the probability of drawing a red ball?
Two balls are drawn from a bag with {n} white and {m} black balls. What is the chance that both are white?
A coin is flipped {n} times. What is the probability of exactly {n2} heads?
How many ways are there to arrange the letters of {w}?
In how many ways can {n} people sit around a table?
How many different teams of {n} can be formed from {m} people?
What are the odds of winning if {n} of {m} tickets win?
How many {n}-digit numbers contain no {n2}?
What is the expected value of {n} dice?
The probability of rain is {p}%. What is the chance that it does not rain for {n} days?
How many handshakes are there among {m} people?
A card is drawn from a deck. What is the probability that it is a {w}?
If there are {n} shirts, {n2} pants and {n3} hats, how many outfits are possible?
## proofs
Prove that the square root of {n} is irrational.
Prove that the sum of two odd numbers is even.
Show that there are infinitely many primes.
Prove by induction that 1 + 2 + ... + n = n(n+1)/2.
Disprove: every {w} is a {w2}.
Prove that n^{n} - n is divisible by {n} for all n.
Show that if a divides b then a divides {n}b.
Is the following proof correct? Let n be even. Then n = {n}k.
## multiple choice
{mcq}
{mcq}
{mcq}
{mcq}
{mcq}
{mcq}
{mcq}
{mcq}
## logic
All {w}s are {w2}. {N} is a {w}. Is {N} {w2}?
If all {w}s are {w2}s and some {w2}s are {w3}s, are some {w}s {w3}s?
No {w} is a {w2}. Every {w3} is a {w}. Therefore, no {w3} is a {w2}. Is the argument valid or invalid?
Premises:\nAll {w}s are {w2}s.\nIf {N} is a {w}, then {F} is not a {w3}.\n{N} is either a {w} or a {w3}.\nConclusion:\n{F} is a {w2}.\nIs the conclusion true, false or unknown?
Given the premises: All people who regularly drink {w} are {w2}. {N} is not {w2}. {F} is {w2} or a {w3}. Decide whether "{N} drinks {w}" is True, False or Uncertain.
Facts: All {w}s are {w2}. {N} is a {w}.\nQuestion: Is {N} {w2}?
{N} says that {F} lies. {F} says that both tell the truth. Who is lying?
{N} tells the truth. {F} says {N} lies. {N2} says {F} tells the truth. Does {N2} tell the truth?
Here is an argument: to begin with, every {w} is a {w2}. Next, {N} is not a {w3}. Hence, {N} is a {w2}. Is the argument deductively valid?
On a shelf there are {n} books: a {w} book, a {w2} book and a {w3} book. The {w} book is to the left of the {w2} book. Which book is the leftmost?
The following paragraphs each describe a set of {n} objects arranged in a fixed order. The {w} is to the right of the {w2}. The {w3} is the second from the left. Which is the rightmost?
{N}, {F} and {N2} sit in a row. {N} does not sit next to {F}. Who sits in the middle?
There are {n} houses in a row with different colors. The person who drinks {w} lives next to the one with the {w2}. Who owns the {w3}?
If it rains, {N} stays at home. {N} is not at home. Does it rain?
A farmer must cross a river with a {w}, a {w2} and a {w3}. How?
{N} is on an island where knights tell the truth and knaves lie.
Solve this riddle: what has {n} {w}s but no {w2}?
Which word does not belong: {w}, {w2}, {w3}, {n}?
{w} is to {w2} as {w3} is to what?
If you face north and turn left {n} times, which way do you face?
If you follow these instructions, do you return to the starting point? Take {n} steps. Turn around. Take {n2} steps. Turn left.
Today, {N} went to the {w}. Between what times could they have gone? {N} woke up at {n}am. {F} saw {N} at the {w2} from {n}am to {n2}am. The {w} was closed after {m}pm.
{N} and {F} are playing a game. At the start, {N} has a {col} ball and {F} has a {col2} ball. Then they swap partners with {N2}. Who dances with {N}?
Complete the rest of the sequence, making sure that the parentheses are closed properly. Input: [ { ( < > ) }
On the table, you see a {col} {w} and a {col2} {w2}. What color is the {w} to the left of the {w2}?
Which statement is sarcastic? (A) {prose} (B) {prose}
How would a typical person answer: did {N} cause the {w} to {w2}?
In the sentence "The {w} told the {w2} that he was late", who was late?
Spell {w} with numbers as letters and solve the cryptarithm.
{A} + {A} = {A}. Each letter is a digit. Find the digits.
Clue: {prose} ({n} letters)
Crossword: h1. {w} {w2}; h2. {w3}; v1. {w}. Fill in the 5x5 grid.
Fill in the sudoku: {n} _ _ {n2} / _ {n3} _ _
Tower of Hanoi with {n} disks: list the moves.
Where does the queen stand after {w}?
Move: e{n2} to e{n}. What is the best reply in chess?
## yesno
Would a {w} be useful for a {w2}?
Could a {w} survive in a {w2}?
Can a {w} beat a {w2} in a race?
Did {N} {W} ever meet {F} {W2}?
Would {N} {W} have used a {w}?
Is a {w} heavier than a {w2}?
Are {w}s larger than {w2}s?
Do {w}s have {w2}s?
Could {n} {w}s fit in a {w2}?
Does {c} have a {w}?
Is {w} the opposite of {w2}?
Was {N} {W} alive during {t}?
Would someone with a {w} allergy enjoy a {w2}?
Is the {w} in {c} older than the {w2} in {c2}?
Can you see the {w} from {c}?
Is it common to see {w}s during {w2}s in {c}?
Do people eat {w} for breakfast?
Would it be hard to {w} a {w2}?
True or false: {w}s are {w2}.
True or false: the {w} is the largest {w2} in {c}.
Is the following sentence plausible? "{N} {W} scored a touchdown in the {w}."
Is the following sentence plausible? "{N} hit the {w} with a {w2}."
Yes or no: would {N} need a {w} to {w2}?
Hypothetically, could {c} win a war against {c2}?
Is {n} hours enough for a flight from {c} to {c2}?
Would the {w} of {c} fit inside a {w2}?
## planning
You plan to visit {n} cities for {m} days in total. You want to spend {n2} days in {c} and {n3} days in {c2}. There are direct flights between {c} and {c2}. Find a trip plan.
You are visiting {c} for the day and want to meet as many friends as possible. You arrive at {W} at 9:00AM. {N} will be at {W2} from {n}:15PM to 9:30PM. You'd like to meet {N} for a minimum of {m} minutes. Travel distances (in minutes): {W} to {W2}: {n}. Solution?
You need to schedule a meeting for {N}, {F} and {N2} for half an hour between the work hours of 9:00 to 17:00 on Monday. {N} is busy from {n}:00 to {n}:30. {F} has meetings from 13:00 to 14:30. Find a time that works.
{N} is free on Monday at {n} and {F} is free after {n2}. When can they meet?
Plan a {n} day trip to {c}.
Plan a birthday party for {N} with {n} guests.
Make a weekly meal plan with {w} and {w2}.
Make a study plan for {t}.
What is the best route from {c} to {c2}?
Organize my week: {w} on Monday, {w2} on Tuesday.
I have a set of blocks. The {col} block is on top of the {col2} block. My goal is to have the {col2} block on top. What is the plan?
I want to save ${m} in {n} months. Make a budget.
Schedule these tasks: {w} takes {n} hours and must come before {w2}.
## tables
Here is a table:\nname | age | {w}\n{N} | {n} | {w2}\n{F} | {m} | {w3}\nWhat is the {w} of {N}?
| {w} | {w2} |\n|---|---|\n| {n} | {m} |\n| {n2} | {k} |\nWhich row has the largest {w2}?
Here is a table where the first line is a header and each subsequent line is a penguin: name, age, height (cm), weight (kg)\n{N}, {n}, {m}, {n2}\n{F}, {n2}, {k}, {n3}\nWhich penguin is younger than {N}?
{w},{w2},{w3}\n{n},{m},{k}\n{n2},{n3},{n}
Name: {N}; Age: {n}; City: {c}. What is the city of {N}?
Q1 revenue was {d} million, Q2 revenue was {d2} million. What is the growth rate?
In {y}, net sales were ${m}.{n} million compared with ${k}.{n2} million in the prior year. What was the percentage change?
## math words
How many inches are {n} feet?
Convert {n} miles to kilometers.
Convert {m} degrees Fahrenheit to Celsius.
How many grams are in {d} kg?
How many seconds are in {n} days?
If {n} workers build a wall in {m} days, how long do {n2} workers need?
{N} invests ${m}00 at {p}% interest per year. How much is it after {n} years?
{N} is twice as old as {F}. In {n} years, {N} will be {m}. How old is {F}?
How many ounces are in {n} pounds?
{N} can paint a house in {n} hours and {F} in {n2} hours. How long do they need together?
A recipe for {n} people needs {d} cups of {w}. How much is needed for {n2} people?
What is {f} of {f2} of {m}?
Two trains start {m} km apart and drive towards each other at {n} and {n2} km/h. When do they meet?
{N} drives to work at {m} km/h and back at {k} km/h. What is the average speed?
A tank is filled by two pipes in {n} and {n2} hours. How long does it take with both open?
The price rose from ${m} to ${k}. What is the percent increase?
{N} mixes a {p}% solution with a {m}% solution. What is the concentration?
How much simple interest is earned on ${m} at {p}% for {n} years?
On a map, 1 cm stands for {m} km. How far apart are two cities {n} cm apart?
{N}'s test scores are {m}, {k} and {n}. What must the next score be for an average of {k}?
Find two numbers whose product is {m} and whose sum is {n}.
