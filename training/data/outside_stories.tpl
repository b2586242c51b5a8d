## open
{N} runs a {w} shop that is open {n} days a week.
{N} earns ${n} an hour and works {m} hours every week.
{N} drives {m} miles to work each day at a speed of {k} miles per hour.
A bakery makes {m} loaves of bread every hour.
{N} is {n} years younger than {F}.
{N} is training for a marathon and runs {n} miles every day.
There are {m} students in a school and {p}% of them are girls.
A {w} weighs {d} pounds and is {n} inches long.
{N} wants to buy a {w} that costs ${m}.
{N}'s garden is {n} feet wide and {m} feet long.
A jar is {f} full of {w}s.
{N} reads {n} pages of a book every night.
{N} types {m} words per minute.
A factory produces {m} {w}s per day, of which {p}% are defective.
{N} has a collection of {m} {w}s, and {f} of them are {col}.
{N} ordered {n} pizzas, each cut into {n2} slices.
A movie theater charges ${n} for adults and ${n2} for children.
{N} bought a house for ${k},000 and spent ${m},000 on repairs.
The ratio of {w}s to {w2}s in a box is {n} to {n2}.
{N} and {F} share a {w} in the ratio {n}:{n2}.
A pool holds {m} gallons of water and drains at {n} gallons per minute.
{N} has {n} times as much money as {F}, who has ${m} less than {N2}.
A zoo has {n} lions for every {n2} tigers.
{N}'s phone battery loses {p}% every hour.
A train leaves {c} at a speed of {m} km/h.
{N} makes necklaces using {n} beads per necklace and sells each one for ${m}.
{N} waters {f} of the plants on Monday and the rest on Tuesday.
A class of {m} students took a test, and {f} of them passed.
{N} went to the market with ${m} to buy {w}s at ${d} each.
Each {w} takes {n} minutes to bake and the oven holds {n2} at a time.
{N} charges ${n} for the first hour and ${n2} for each additional hour.
A gallon of paint covers {m} square feet.
{N} sleeps {n} hours on weekdays and {n2} hours on weekends.
{N} had to walk {d} miles uphill and {d2} miles downhill.
{N} saves {p}% of a monthly salary of ${m}00.
A fruit vendor bought {m} oranges for ${k} and sold them at a profit of {p}%.
The sum of the ages of {N} and {F} is {m}.
A farmer has chickens and cows with {m} legs and {n} heads altogether.
In a survey of {m} people, {k} liked {w} and {n} liked both.
{N} planted {n} rows of corn, and each row yields {m} pounds.
Every {n} days, {N} cuts the grass to {n2} inches, and it grows {d} inches a day.
{N} downloads a {m} gigabyte file at {n} gigabytes per minute.
{N} is making a quilt with squares {n} inches on each side.
The cost of a taxi is ${n} plus ${d} per mile.
{N}'s cat eats {d} cans of food a day.
A bus ticket costs ${d} and a monthly pass costs ${m}.
{N} ate {f} of a cake and {F} ate {f2} of the rest.
A rope of {m} meters is cut into {n} pieces so that each is twice as long as the previous one.
{N} has {m} coins, all quarters and dimes, worth ${d}.
Last year {N} was {f} as tall as {F}.
{N} exercises for {m} minutes on Monday and {p}% longer on each day after that.
A company has {m} employees, and each gets a raise of {p}%.
{N} can carry {n} boxes per trip and needs {n2} minutes for every trip.
{N} rents a car for ${m} per day plus {n} cents per mile.
## middle
On Saturday, {N} sold {p}% more than on Friday.
After tax of {p}%, the price went up.
{F} works half as many hours but earns ${n} more per hour.
If it rains, the speed drops by {p}%.
{f} of the {w}s were eaten, and {f2} of the remainder were given away.
Then {N} spends {f} of the money on {w}s.
{F} is paid time and a half for every hour over {m}.
Each {w} has {n} {w2}s, and each {w2} has {n2} {w3}s.
There is a discount of {p}% on everything above ${m}.
In {n} years, {F} will be twice as old as {N}.
The trip back takes {p}% longer.
Each of the {n} children eats {d} {w}s every {n2} hours.
{N} does this {n} times a week for {n2} weeks.
He already has {f} of the amount.
She then loses {p}% of what she has left.
Half of the boys and {f} of the girls play {w}.
The second {w} is {n} inches longer than the first, and the third is as long as both together.
It takes {n} minutes to fill one {w}.
For every {n} {w}s that {N} buys, the store gives one for free.
The rest of them are {col}.
A {w} costs three times as much as a {w2}, and a {w2} costs ${n} less than a {w3}.
On the way, {N} stops for {m} minutes.
{F} contributes {p}% and {N2} pays the rest.
Each week, the number grows by {p}%.
They split the bill evenly and leave a {p}% tip.
Water flows out at {d} liters per minute.
The first {n} miles take twice as long as the last {n2} miles.
She uses {d} cups of {w} for each {w2}.
There were {n} fewer {w}s than {w2}s but {p}% more {w3}s.
{N} buys {m} {w}s at a price of ${d} per dozen.
His brother is {n} years older than the average of their ages.
Every other day {N} adds {n} more.
The {w} loses {p}% of its value each year.
She worked {n} hours on Monday and twice that on each of the next {n2} days.
## inside-like
{N} has {m} {w}s.
{N} buys {n} more {w}s.
{F} gives {N} {n} {w}s.
{N} gives away {n} {w}s.
{N} has ${m}.
Then {N} loses {n} of them.
## ask
How much money does {N} make in a year?
How many hours does {N} need?
What is the average number of {w}s per day?
What percentage of the {w}s is left?
How many miles per hour does {N} drive?
How old is {F} now?
How much profit did {N} make?
How many {w}s will there be after {n} weeks?
How many days does it take until nothing is left?
What fraction of the {w}s is {col}?
How much does {N} pay per month?
How many more {w}s than {w2}s did {N} sell on the weekend?
How long will it take {N} to save enough?
How far does {N} walk in a month?
How many gallons are left after {n} hours?
How much does each person pay with the tip included?
What is the total cost after the discount?
How many minutes does {N} spend on this every week?
How much will {N} earn in {n} weeks if nothing changes?
How many {w}s does {N} need to sell to make ${m}?
How many square feet are left over?
By what percent did the price change?
How many dozen {w}s are needed?
What is {N}'s age in {n} years?
How many boys are in the class?
In how many years will they be the same height?
How many calories does {N} burn in a week?
What was the original price?
How much cheaper is it to buy the monthly pass?
Calculate the total in dollars.
Find the speed of the train.
How many pounds of {w} does {N} have left at the end of the month?
How many {w}s did they have at first?
If {N} had ${m} at the start, what did one {w} cost?
How many tickets were sold to children?
