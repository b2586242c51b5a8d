"""Which of several curated prompts to use for a task, by what earlier ones brought.

Source: Thompson 1933; Chapelle & Li 2011, "An Empirical Evaluation of Thompson Sampling".
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from random import Random

from agot.agents.prompts.library import Prompt, Purpose, default, variants
from agot.learning import Learnt, Tally
from agot.thought import Task

Pick = Callable[[Purpose, Task], Awaitable[Prompt]]
"""Chooses the prompt for one call."""

_DEFAULT_PRIOR = (4.0, 2.0)
_MEANT_PRIOR = (2.0, 1.5)
_OTHER_PRIOR = (1.0, 1.0)
"""Successes and failures that a prompt is credited with before it is tried: the default, one that is meant for this
kind of task, and one for all kinds."""


@dataclass(frozen=True, slots=True)
class PromptChoice:
    """A prompt, and why it was chosen, in one line."""

    prompt: Prompt
    why: str


def prompt_subject(purpose: Purpose, kind: str) -> str:
    """Return the subject of lessons about the prompts of a purpose on a kind of task."""
    return f"{purpose} on {kind}"


def choose(purpose: Purpose, kind: str, tallies: Mapping[str, Tally], rng: Random) -> PromptChoice:
    """Return a prompt by Thompson sampling over how well each did on this kind of task.

    Where no prompt was tried the default is taken. Prompts that are meant for other kinds are left out.

    Args:
        kind: Family of the task.
        tallies: By prompt id, of this purpose and kind; those of unknown prompts and old versions are ignored.
        rng: Drawn from once per prompt, in a fixed order.
    """
    fitting = [prompt for prompt in variants(purpose) if not prompt.kinds or kind in prompt.kinds]
    usual = default(purpose)
    if len(fitting) == 1:
        return PromptChoice(fitting[0], f"{fitting[0].id}: the only prompt of {purpose} for {kind}")
    tried = {prompt.id: tallies[prompt.id] for prompt in fitting if prompt.id in tallies}
    if not any(tally.n for tally in tried.values()):
        return PromptChoice(usual, f"{usual.id}: nothing was tried on {kind} yet, the default")
    drawn: dict[str, float] = {}
    for prompt in fitting:
        right, wrong = _prior(prompt, usual)
        tally = tried.get(prompt.id, Tally())
        drawn[prompt.id] = rng.betavariate(
            right + tally.reward_sum, wrong + max(0.0, tally.n - tally.reward_sum)
        )
    best = max(fitting, key=lambda prompt: drawn[prompt.id])
    tally = tried.get(best.id, Tally())
    told = f"mean reward {tally.reward_sum / tally.n:.2f} in {tally.n} tries" if tally.n else "not tried"
    return PromptChoice(
        best, f"{best.id}: {told} on {kind}, drew {drawn[best.id]:.2f}, the most of {len(fitting)}"
    )


def _prior(prompt: Prompt, usual: Prompt) -> tuple[float, float]:
    if prompt == usual:
        return _DEFAULT_PRIOR
    return _MEANT_PRIOR if prompt.kinds else _OTHER_PRIOR


async def default_prompt(purpose: Purpose, task: Task) -> Prompt:
    """Choose the default; a `Pick`."""
    return default(purpose)


class LearntPrompts:
    """A `Pick` that learns; one per run. It chooses the same again when the run is resumed.

    Args:
        learnt: What other runs taught.
        kind_of: Returns the family of a task.
        seed: Of the run.
        on_choice: Told of every choice.
    """

    def __init__(
        self, learnt: Learnt, kind_of: Callable[[Task], str], *, seed: int,
        on_choice: Callable[[Task, PromptChoice], None] = lambda task, choice: None,
    ) -> None:  # fmt: skip
        self._learnt, self._kind_of, self._seed, self._on_choice = learnt, kind_of, seed, on_choice
        self._chosen: dict[str, Prompt] = {}

    async def __call__(self, purpose: Purpose, task: Task) -> Prompt:
        """Choose a prompt for one call on a task.

        Raises:
            StoreError: If the lessons cannot be read.
        """
        if len(variants(purpose)) == 1:
            return default(purpose)
        # One choice for each try of a thought: all samples of a vote, and all steps of a search, use one prompt.
        name = f"{self._seed}:{task.thought}:{len(task.feedback)}:{purpose}"
        if name not in self._chosen:
            kind = self._kind_of(task)
            tallies = await self._learnt.tallies("prompt", prompt_subject(purpose, kind))
            choice = choose(purpose, kind, tallies, Random(name))
            if name not in self._chosen:
                self._chosen[name] = choice.prompt
                self._on_choice(task, choice)
        return self._chosen[name]
