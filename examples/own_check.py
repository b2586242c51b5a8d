"""Add a verifier: `python examples/own_check.py`. Ready ones for plans are in `agot.verifiers.planning`."""

import asyncio

import agot
from agot.verifiers.planning.calendars import CalendarCheck


class EvenCheck:
    """The answer must be even where the question wants that."""

    name = "even"

    def __call__(self, task: agot.Task, solution: agot.Solution) -> agot.Verdict:
        if "even" not in task.question or not solution.answer.isdigit():
            return agot.Verdict(check=self.name)  # a reward of None: it cannot tell
        if int(solution.answer) % 2:
            return agot.Verdict(check=self.name, reward=0.0, feedback="it is odd", conclusive=True)
        return agot.Verdict(check=self.name, reward=0.9)


async def main() -> None:
    async with agot.Reasoner(checks=[EvenCheck(), CalendarCheck()]) as reasoner:
        result = await reasoner.ask("What is 6*7? It is even.")
        print(result.answer, [(verdict.check, verdict.reward) for verdict in result.verdicts])


asyncio.run(main())
