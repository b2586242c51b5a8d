"""Ask one question and look at everything that comes back: `python examples/ask.py`."""

import agot

result = agot.ask_sync(
    "Tom has 12 apples. He buys 3 bags of 5 apples and gives 7 apples away. How many apples does Tom have?"
)

print(result.answer, result.status)
print("confidence", result.confidence, "after", result.usage.calls, "model calls")
for verdict in result.verdicts:
    print(verdict.check, verdict.reward)
