"""A scripted player of the game of 24 that follows instructions: the player of `puzzle`, in the words of the standard dialect."""

from __future__ import annotations

import re
from random import Random

from agot.protocols import ModelRequest
from tests.agents.search.puzzle import continued, promise
from tests.scripted import user_text

_MOVE = re.compile(r"^-?\d+[-+*]-?\d+=.*", re.MULTILINE)


def play(request: ModelRequest) -> str:
    """Answer plain requests: judges with one word, steps with one line, chains with all lines to the answer."""
    rng, text = Random(f"{request.seed}:{request.purpose}"), user_text(request)
    if request.purpose in ("judge", "value"):
        return "Yes" if rng.random() < promise(text) else "No"
    begun = "\n".join(_MOVE.findall(text.partition("Steps so far:\n")[2]))
    said = continued(rng, begun, one_step=request.purpose == "step")
    return said.replace("answer:", "The final answer is" if request.purpose == "step" else "The answer is")
