"""Watch the graph of thoughts grow: `python examples/stream.py`."""

import asyncio

import agot


async def main() -> None:
    question = "Compute ((3+4)*(9-2)+(8*5-6))*2-(7+6*(5-3))+(14-9)*(6+2)"
    async with agot.Reasoner() as reasoner:
        async for event in reasoner.stream(question, budget=agot.Budget(calls=60)):
            match event.kind:
                case "thought_added":
                    print("  " * event.depth, "+", event.thought, event.question)
                case "thought_finished":
                    print("  ", event.thought, "=", event.answer or event.status)
                case "run_finished":
                    print("answer:", event.answer, event.usage.calls, "calls")


asyncio.run(main())
