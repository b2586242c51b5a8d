"""The values that travel between rooms: tasks, solutions, plans, verdicts, results.

All are immutable. A thought is content; its place in the graph is a node (see `agot.engine.graph`).
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from agot.ids import ROOT, RunId, ThoughtId

if TYPE_CHECKING:
    import networkx as nx

    Graph = nx.DiGraph[ThoughtId]
else:
    # pydantic would import networkx, which takes longer than all of `import agot` may.
    Graph = Any


class Value(BaseModel):
    """An immutable value."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ThoughtStatus(StrEnum):
    """Life of a thought."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    ABSTAINED = "abstained"
    FAILED = "failed"
    SKIPPED = "skipped"


RunStatus = Literal["running", "answered", "abstained", "budget", "failed", "interrupted"]

Trust = Literal["proved", "cross-checked", "judged", "doubtful", "unchecked"]
"""How far an answer can be trusted; `agot.agents.trust` says what each word takes."""


class Usage(Value):
    """What calls cost. Replayed calls count as they did when they were paid for."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0
    wall_s: float = 0.0
    replayed_calls: int = 0

    @property
    def tokens(self) -> int:
        """Prompt and completion tokens together."""
        return self.prompt_tokens + self.completion_tokens

    def plus(self, other: Usage) -> Usage:
        """Return the sum, field by field."""
        return Usage(
            calls=self.calls + other.calls,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cost_usd=self.cost_usd + other.cost_usd,
            wall_s=self.wall_s + other.wall_s,
            replayed_calls=self.replayed_calls + other.replayed_calls,
        )


class Finding(Value):
    """The answer of a finished thought, as context for another.

    Attributes:
        source: Name of the tool whose words the answer is; "" for a thought's own.
        trust: How far the answer can be trusted.
    """

    thought: ThoughtId
    question: str
    answer: str
    reward: float | None = None
    source: str = ""
    trust: Trust = "unchecked"


class Passage(Value):
    """A piece of what is remembered.

    Attributes:
        id: Its number in the database, which no other passage ever has.
        source: Path or address of the document, or `memory:ID` for a conclusion.
        start: First character of the document's text that it is; it goes up to but without `stop`.
        trust: How far a conclusion can be trusted; None for a document.
        disputed: Something else that is remembered, or a person, contradicts it.
        score: By which it was chosen; higher is better.
        why: How it was found, a sentence each.
    """

    id: int
    title: str = ""
    text: str
    source: str
    start: int = 0
    stop: int = 0
    trust: Trust | None = None
    disputed: bool = False
    score: float = 0.0
    why: tuple[str, ...] = ()


class Task(Value):
    """One question to solve, stand-alone but for its findings.

    Attributes:
        question: The sub-question; `#k` references are already replaced.
        material: Facts or passages given with the original question; part of every sub-question.
        findings: Answers of the thoughts this one depends on, in the order of the plan.
        overall: The question at the root of the run, for orientation; equals `question` at the root.
        feedback: Why earlier answers to this task were rejected, oldest first.
    """

    thought: ThoughtId = ROOT
    question: str
    material: str = ""
    findings: tuple[Finding, ...] = ()
    overall: str = ""
    feedback: tuple[str, ...] = ()
    depth: int = 0


class Solution(Value):
    """An answer with how it was reached.

    Attributes:
        answer: The answer alone, as short as the question allows.
        steps: Worked steps, in order; empty for a direct answer.
        strategy: Name of the strategy that produced it.
        confidence: In [0, 1], or None if nothing tells: vote share, or the model's own probability.
        votes: Samples among which the answer was elected; `confidence` is then its share of their support.
        logprob: Mean log-probability per token of the text, or None.
        unsure: Share of the text in which the model was unsure of its words, in [0, 1], or None.
        cut: The reply ended for want of room before it came to an answer; this is the best that it holds.
        alternatives: Other answers that were drawn with the number of times, best first.
        methods: Ways in which the votes for the answer were come to, such as "chain" and "program"; empty for one vote.
        parts: Findings of a nested graph that the answer was put together from; empty otherwise.
        plan_reward: What the plan check said of the plan behind `parts`; None for "cannot tell".
    """

    answer: str
    steps: tuple[str, ...] = ()
    strategy: str = ""
    confidence: float | None = None
    votes: int = 1
    logprob: float | None = None
    unsure: float | None = None
    cut: bool = False
    alternatives: tuple[tuple[str, int], ...] = ()
    methods: tuple[str, ...] = ()
    parts: tuple[Finding, ...] = ()
    plan_reward: float | None = None


class Verdict(Value):
    """What one check says of one solution.

    Attributes:
        check: Name of the check.
        reward: In [0, 1], or None for "cannot tell". None is not zero.
        feedback: What is wrong and where, usable for a retry; "" if nothing is.
        conclusive: True if a deterministic check settled the matter; no judge is asked then.
        calibrated: The reward is a probability that was measured on answers of known truth, not a judge's bare word.
    """

    check: str
    reward: float | None = Field(default=None, ge=0.0, le=1.0)
    feedback: str = ""
    conclusive: bool = False
    calibrated: bool = False

    @property
    def proves(self) -> bool:
        """A check settled that the answer is right."""
        return self.conclusive and self.reward == 1.0

    @property
    def refutes(self) -> bool:
        """A check settled that the answer is wrong."""
        return self.conclusive and self.reward == 0.0

    @property
    def doubts(self) -> bool:
        """The answer is rather wrong than right, for all that this check or judge can tell."""
        return self.reward is not None and self.reward < 0.5


class Step(Value):
    """One proposed continuation of a chain.

    Attributes:
        text: The step, one line; for a finished chain its last line.
        solution: The whole solution if this step finishes it, else None.
        logprob: Mean log-probability per token, or None.
    """

    text: str
    solution: Solution | None = None
    logprob: float | None = None


class Critique(Value):
    """What a critic says of a solution.

    Attributes:
        text: What is wrong and how to mend it; "" if nothing is.
        reward: P(the solution is right) in [0, 1], or None if the critic cannot tell.
    """

    text: str
    reward: float | None = Field(default=None, ge=0.0, le=1.0)


class ToolCard(Value):
    """What a model is told of a tool; `parameters` is a JSON schema."""

    name: str
    description: str
    parameters: dict[str, Any] = Field(default_factory=dict)


class ToolCall(Value):
    """A call that a model wants.

    Attributes:
        id: Names the call among those of one round, where others refer to its result by `$id`; left empty, the
            calls of a round are numbered from 1.
        name: The tool's.
    """

    id: str = ""
    name: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class ProgramRun(Value):
    """What a program came to; `error` tells that `text` says what went wrong, and is no answer."""

    text: str
    error: bool = False


class ToolNote(Value):
    """A call with what came of it; `error` tells that `text` says what went wrong."""

    call: ToolCall
    text: str
    error: bool = False


class ToolRound(Value):
    """What a model does next: calls to run side by side, or, if there are none, the answer."""

    thought: str = ""
    calls: tuple[ToolCall, ...] = ()
    solution: Solution | None = None


class Constraint(Value):
    """Something an answer has to satisfy.

    Attributes:
        text: The constraint as a sentence.
        hard: A broken hard constraint refutes an answer; a broken soft one lowers its reward.
        check: Name of the deterministic check it is bound to, or "" if a judge has to decide.
        argument: What that check needs (a pattern, a number of words, a JSON schema as text).
    """

    text: str
    hard: bool = True
    check: str = ""
    argument: str = ""


class PlannedThought(Value):
    """A thought as the planner wrote it.

    Attributes:
        key: The planner's own name for it, unique within the plan.
        question: The sub-question; may hold `#key` references.
        needs: Keys of the thoughts whose answers it needs.
    """

    key: str
    question: str
    needs: tuple[str, ...] = ()


class Plan(Value):
    """Sub-questions and the edges among them, as a planner wrote them (not yet repaired).

    Attributes:
        thoughts: In the planner's order.
        rationale: Why it splits the question like this; may be empty.
        final: Key of the thought whose answer is the answer of the question, or "" if the
            answers have to be put together by the synthesizer.
    """

    thoughts: tuple[PlannedThought, ...]
    rationale: str = ""
    final: str = ""


class Decline(Value):
    """The model says that it cannot answer this question."""

    reason: str = ""


class Result(BaseModel):
    """The outcome of a run.

    Attributes:
        answer: The answer; the best verified partial answer if a limit or a person ended the run; "" if none.
        trust: How far the answer can be trusted, and `trust_reason` why, in one sentence.
        candidate: The best answer that there was, also if the run withheld it; "" if there was none.
        confidence: In [0, 1], or None if nothing tells.
        strategy: Name of the strategy that produced the answer ("plan" if sub-answers were put together).
        verdicts: What the checks say of the answer.
        reason: Why the run ended as it did, if not answered; a sentence for a person.
        error: Name of the error class behind `failed`, `budget` or `interrupted`; "" otherwise.
        limit: Kind of the limit that fired, or "".
        graph: The graph of thoughts; node attributes as in `agot.engine.graph.NODE_FIELDS`.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    run_id: RunId
    question: str
    status: RunStatus
    answer: str
    trust: Trust = "unchecked"
    trust_reason: str = ""
    candidate: str = ""
    confidence: float | None = None
    strategy: str = ""
    verdicts: tuple[Verdict, ...] = ()
    usage: Usage = Usage()
    model: str = ""
    reason: str = ""
    error: str = ""
    limit: str = ""
    citations: tuple[str, ...] = ()
    graph: Graph | None = Field(default=None, exclude=True, repr=False)
