"""An answer put together from verified parts by a plan that recomposes to the question."""

from __future__ import annotations

from agot.thought import Solution, Task, Verdict


class CompositionCheck:
    """If the plan was shown to recompose to the question, the answer is as good as its weakest part."""

    name = "composition"

    def __call__(self, task: Task, solution: Solution) -> Verdict:
        """Return the lowest reward among the parts, or None if the plan could not be checked."""
        rewards = [part.reward for part in solution.parts]
        if not rewards or solution.plan_reward is None or any(reward is None for reward in rewards):
            return Verdict(check=self.name)
        weakest = min(reward for reward in rewards if reward is not None)
        return Verdict(check=self.name, reward=min(weakest, solution.plan_reward), conclusive=True)
