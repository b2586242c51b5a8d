"""Is there an answer at all?"""

from __future__ import annotations

from agot.thought import Solution, Task, Verdict

_WORDS_OF_A_QUESTION = 4
"""A shorter one, such as `hello` or `5`, may well be answered by itself."""


class FormCheck:
    """The answer must be there, and not be the question."""

    name = "form"

    def __call__(self, task: Task, solution: Solution) -> Verdict:
        """Return a conclusive 0 for an unusable answer, None otherwise."""
        answer = solution.answer.strip()
        if not answer:
            return self._wrong("there is no answer")
        question = task.question.strip()
        if answer.casefold() == question.casefold() and len(question.split()) >= _WORDS_OF_A_QUESTION:
            return self._wrong("the answer repeats the question")
        return Verdict(check=self.name)

    def _wrong(self, feedback: str) -> Verdict:
        return Verdict(check=self.name, reward=0.0, feedback=feedback, conclusive=True)
