"""Give the model a tool of your own: `python examples/own_tool.py`."""

import agot


@agot.tool
def population(city: str) -> int:
    """Return how many people live in a city."""
    return {"Oslo": 717_710}.get(city, 0)


print("called as a function:", population("Oslo"))
result = agot.ask_sync("What is 6*7?", tools=[population])
print(result.answer, result.status)
