"""Use a whole run as one node of a langgraph program: `python examples/langgraph_node.py`."""

import asyncio
from typing import TypedDict

from langgraph.graph import END, START, StateGraph

import agot


class Shop(TypedDict, total=False):
    question: str
    answer: str
    reply: str


def write_reply(state: Shop) -> Shop:
    return {"reply": f"The answer is {state['answer']}."}


async def main() -> None:
    async with agot.Reasoner() as reasoner:
        program = StateGraph(Shop)
        program.add_node("reason", reasoner.as_langgraph())
        program.add_node("reply", write_reply)
        program.add_edge(START, "reason")
        program.add_edge("reason", "reply")
        program.add_edge("reply", END)
        final = await program.compile().ainvoke({"question": "What is 17*23?"})
        print(final["reply"])


asyncio.run(main())
