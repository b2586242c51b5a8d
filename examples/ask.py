"""Ask one question and look at everything that comes back: `python examples/ask.py`."""

import agot

result = agot.ask_sync(
    "Mara has 24 apples. She buys 18 more apples. She gives 7 apples to Tom. How many apples does Mara have now?"
)

print(result.answer, result.status)
print("confidence", result.confidence, "after", result.usage.calls, "model calls")
for verdict in result.verdicts:
    print(verdict.check, verdict.reward)
