"""Best-of-N: draw N chains, verify each, take the best by weighted majority; in one batch or in growing ones.

Sources: Cobbe et al. 2021, arXiv 2110.14168; Manvi et al. 2024, arXiv 2410.02725 (adaptive).
"""

from __future__ import annotations

from agot.agents.search.sampling import best_of, growing
from agot.protocols import Toolbox
from agot.thought import Solution, Task


async def best_of_n(task: Task, tools: Toolbox) -> Solution:
    """Draw `tools.samples` chains at once."""
    return await best_of(task, tools, "best-of-n", batches=[tools.samples])


async def adaptive_best_of_n(task: Task, tools: Toolbox) -> Solution:
    """Draw batches of 2, 2, 4, 8, ... chains, `tools.samples` at most, until one satisfies the verifier."""
    return await best_of(task, tools, "adaptive-best-of-n", batches=growing(tools.samples))
