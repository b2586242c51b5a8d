"""The contracts between rooms, in one place.

Models and journal stores are implemented outside the engine; strategies, dialects and verifiers are
what people extend.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Literal, Protocol

from pydantic import AfterValidator

from agot.ids import RunId, ThoughtId
from agot.thought import (
    Constraint,
    Critique,
    Decline,
    Finding,
    Plan,
    ProgramRun,
    Solution,
    Step,
    Task,
    ToolCall,
    ToolCard,
    ToolNote,
    ToolRound,
    Usage,
    Value,
    Verdict,
)

# -- models ----------------------------------------------------------------------------------------


class Message(Value):
    """One chat message."""

    role: Literal["system", "user", "assistant"]
    content: str


class ModelRequest(Value):
    """One question to one model.

    Attributes:
        role: Named role in the settings: "fast", "strong", "judge".
        purpose: What the call is for ("think", "solve", "judge", ...); shown in traces.
        prompt: Id of the curated prompt that is used, such as "chain/plain@1"; "" if there is none.
        thought: The thought that asks; part of the journal key, so that equal questions of different
            thoughts keep their own answers.
        max_tokens: Room for each sample.
        n: Samples wanted from this one request.
        seed: Sampling seed, or None; derived from the run's seed and the journal key, so not part of it.
        logprobs: Ask for the log-probability of every token.
        top_logprobs: Alternatives per token, 0..20; needs `logprobs`.
        response_format: OpenAI's `response_format`, or None for free text.
        verbatim: A request as somebody else made it, in OpenAI's words: `messages`, `tools` and whatever else is to reach
            the model, word for word; None for one of our own. Of the fields above then only `role`, `purpose`, `thought`
            and `max_tokens` count: the room to reserve, which is sent where the request names one or a limit bounds it.
        as_is: Send `verbatim` also where the server is known to refuse something in it.
    """

    role: str = "fast"
    purpose: str
    prompt: str = ""
    thought: ThoughtId = ThoughtId("root")
    messages: tuple[Message, ...]
    temperature: float = 0.0
    top_p: float = 1.0
    max_tokens: int = 1024
    n: int = 1
    stop: tuple[str, ...] = ()
    seed: int | None = None
    logprobs: bool = False
    top_logprobs: int = 0
    response_format: dict[str, Any] | None = None
    verbatim: dict[str, Any] | None = None
    as_is: bool = False


def _storable(text: str) -> str:
    # JSON can spell half of a surrogate pair, which no database and no UTF-8 file can hold.
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


ModelText = Annotated[str, AfterValidator(_storable)]
"""Text that a model wrote: any Unicode, but whole characters."""


class TokenLogprob(Value):
    """One sampled token with its natural-log probability and the likeliest alternatives."""

    token: ModelText
    logprob: float
    top: tuple[tuple[ModelText, float], ...] = ()


class Completion(Value):
    """One sample of a reply.

    Attributes:
        text: What the model answers, without its reasoning.
        logprobs: Of the answer's tokens; None where the model gives none.
        reasoning: What the model thought before it answered, without marks; "" for none.
        choice: The reply to a `verbatim` request in OpenAI's own words: its `message`, with `tool_calls` if there are any,
            and its `logprobs`; None for all others.
    """

    text: ModelText
    finish_reason: str = "stop"
    logprobs: tuple[TokenLogprob, ...] | None = None
    reasoning: ModelText = ""
    choice: dict[str, Any] | None = None

    @property
    def message(self) -> dict[str, Any]:
        """The message in OpenAI's words."""
        said = (
            self.choice["message"] if self.choice is not None else {"role": "assistant", "content": self.text}
        )
        return dict(said)

    @property
    def tool_calls(self) -> list[dict[str, Any]]:
        """The tool calls of the message, in OpenAI's words."""
        return list(self.message.get("tool_calls") or ())


class ModelReply(Value):
    """Samples, in the order of the server, with exact usage.

    Attributes:
        asked: How many samples were asked for, if limits left no room for as many as the request wanted.
        server: Address of the server that answered, where a role has several; "" otherwise.
        broke_off: Why the texts end before their end, if the server fell silent over them; "" if it did not.
    """

    completions: tuple[Completion, ...]
    usage: Usage
    model: str
    latency_ms: float = 0.0
    asked: int | None = None
    server: str = ""
    broke_off: str = ""


class ModelProfile(Value):
    """What is known of the model behind a role.

    Attributes:
        model: litellm model string.
        dialect: "standard" or "compact".
        context_window: Tokens of prompt and answer together, or None if unknown.
        native_n: One request may ask for several samples.
        gives_logprobs: Log-probabilities can be asked for.
        form: The form of typed answers that it was seen to follow, or None if that is not known.
        usd_per_prompt_token: 0 if unpriced.
        usd_per_output_token: 0 if unpriced.
        max_tokens: Default room for one answer.
        temperature: Default temperature for sampling several answers.
        local: Runs on this machine or network: no price, no key.
    """

    model: str
    dialect: Literal["standard", "compact"] = "standard"
    context_window: int | None = None
    native_n: bool = False
    gives_logprobs: bool = False
    form: Literal["json_schema", "json_object", "text"] | None = None
    usd_per_prompt_token: float = 0.0
    usd_per_output_token: float = 0.0
    max_tokens: int = 2048
    temperature: float = 0.7
    local: bool = False


OnText = Callable[[str], None]
"""Called with each piece of the first sample's text as it arrives."""

OnChunk = Callable[[dict[str, Any]], None]
"""Called with each piece of the reply to a `verbatim` request as it arrives, as OpenAI streams it."""


class Models(Protocol):
    """Reaches models; one attempt per call, no journal, no budget (the `Caller` adds both)."""

    def profile(self, role: str) -> ModelProfile:
        """Return what is known of the role's model. Must not reach the network.

        Raises:
            SetupError: If the role is unknown or not configured.
        """

    def estimate_tokens(self, request: ModelRequest) -> int:
        """Return an estimate of the prompt's tokens, cheap and rather too high than too low."""

    async def complete(
        self, request: ModelRequest, *, timeout_s: float | None, on_text: OnText | None
    ) -> ModelReply:
        """Make one attempt.

        Raises:
            ModelError: Typed; `retryable(error)` in `agot.models.retry` tells whether to try again.
        """

    async def close(self) -> None:
        """Release connections and worker processes."""


class VerbatimModels(Models, Protocol):
    """Models that also take `verbatim` requests."""

    async def complete(
        self,
        request: ModelRequest,
        *,
        timeout_s: float | None,
        on_text: OnText | None,
        on_chunk: OnChunk | None = None,
    ) -> ModelReply:
        """Make one attempt; the reply to a `verbatim` request is streamed if there is an `on_chunk`."""


# -- journal ---------------------------------------------------------------------------------------


class CallRecord(Value):
    """One call of the journal.

    Attributes:
        key: Hash of kind and request, with the ordinal of equal requests; unique within a run.
        state: "started" (before it was sent; of tools only those with side effects) or "done".
        request: The request as JSON.
        reply: The reply as JSON, None until done.
        usage: What it cost; until done what it may cost at most, or did cost if it failed.
    """

    key: str
    kind: Literal["model", "tool", "human"]
    state: Literal["started", "done"]
    thought: ThoughtId
    purpose: str
    model: str = ""
    request: str
    reply: str | None = None
    usage: Usage = Usage()
    at_s: float = 0.0
    latency_ms: float = 0.0


class JournalStore(Protocol):
    """Keeps the calls of runs durably."""

    async def load_calls(self, run_id: RunId) -> Sequence[CallRecord]:
        """Return all calls of a run, oldest first."""

    async def put_call(self, run_id: RunId, record: CallRecord, *, effect: bool = False) -> None:
        """Insert, or replace the record with the same key; durable when this returns.

        Args:
            effect: The call has side effects: a "started" record is written now or not at all.

        Raises:
            LeaseLost: If another process has taken the run over.
            StoreError: If it could not be written now; the store tells the run's reader, and writes it later if it can.
        """


# -- asking ----------------------------------------------------------------------------------------


class Ask(Protocol):
    """A journaled, budgeted, observed way to call models on behalf of one thought."""

    async def __call__(self, request: ModelRequest) -> ModelReply:
        """Return the reply; from the journal if this run asked exactly this before."""

    async def samples(self, request: ModelRequest, n: int) -> list[Completion]:
        """Return up to `n` samples drawn concurrently; fewer if a limit fired, at least one.

        Raises:
            BudgetExceeded, ModelError: If not even one sample could be had.
        """

    @property
    def tokens(self) -> int:
        """Tokens of the thought's own calls so far, replayed ones included."""

    def profile(self, role: str) -> ModelProfile:
        """Return what is known of the role's model."""

    def warn(self, text: str) -> None:
        """Tell the reader of the run about something degraded."""


# -- dialects --------------------------------------------------------------------------------------


class Dialect(Protocol):
    """Turns what agents mean into prompts, and replies into typed values.

    A dialect never changes what agents mean. Methods raise `OutputError` if the model's words could
    not be understood after the repair rounds.
    """

    name: str

    async def think(self, ask: Ask, task: Task, *, role: str, may_expand: bool) -> Solution | Plan | Decline:
        """Answer or expand, in one call."""

    async def plan(self, ask: Ask, task: Task, *, role: str, retry: int, n: int) -> list[Plan] | Decline:
        """Split a task; `task.feedback` says what was wrong with earlier plans.

        Returns:
            Up to `n` different plans if the model can draw samples at little cost, else one.
        """

    async def solve(
        self,
        ask: Ask,
        task: Task,
        *,
        role: str,
        mode: Literal["direct", "chain"],
        n: int,
        temperature: float,
        steps: Sequence[str] = (),
        likelihoods: bool = False,
    ) -> list[Solution]:
        """Draw `n` solutions; with `steps`, chains that go on from these.

        Args:
            likelihoods: Their `logprob` decides something. Servers give log-probabilities at a price, so they are
                not asked for otherwise; they may be there all the same.
        """

    async def program(
        self,
        ask: Ask,
        task: Task,
        *,
        role: str,
        n: int,
        temperature: float,
        failed: str = "",
        error: str = "",
    ) -> list[str]:
        """Draw up to `n` Python programs whose `solution()` computes the answer; none if the model writes no programs.

        Args:
            failed: An earlier program that gave no answer, to be corrected.
            error: What went wrong with it.
        """

    async def step(
        self, ask: Ask, task: Task, steps: Sequence[str], *, role: str, n: int, temperature: float
    ) -> list[Step]:
        """Propose up to `n` next steps of a chain."""

    async def value(self, ask: Ask, task: Task, steps: Sequence[str], *, role: str) -> float | None:
        """Return P(a chain that begins with these steps ends in the right answer), or None for "cannot tell"."""

    async def refine(
        self,
        ask: Ask,
        task: Task,
        solution: Solution,
        critique: str,
        *,
        role: str,
        n: int,
        temperature: float,
    ) -> list[Solution]:
        """Draw up to `n` improved versions of a solution, given what a critic says of it."""

    async def critique(
        self, ask: Ask, task: Task, solution: Solution, *, role: str, n: int, temperature: float
    ) -> list[Critique]:
        """Draw up to `n` critiques of a solution; one is enough where log-probabilities give its reward."""

    async def aggregate(self, ask: Ask, task: Task, solutions: Sequence[Solution], *, role: str) -> Solution:
        """Make one solution of several."""

    async def associate(self, ask: Ask, task: Task, steps: Sequence[str], *, role: str) -> str:
        """Return short knowledge that the model associates with a chain so far, or "" for none."""

    async def compare(self, ask: Ask, task: Task, a: Solution, b: Solution, *, role: str) -> float | None:
        """Return P(`a` is the better answer) when shown in this order, or None for "cannot tell"."""

    async def constraints(self, ask: Ask, task: Task, *, role: str) -> list[Constraint]:
        """Return what an answer to the task has to satisfy, besides being right."""

    async def rate(self, ask: Ask, task: Task, names: Sequence[str], *, role: str) -> dict[str, float]:
        """Return how promising the strategies of these names are for the task, in [0, 1]; empty for "cannot tell"."""

    async def tool_round(
        self, ask: Ask, task: Task, tools: Sequence[ToolCard], seen: Sequence[ToolNote], *, role: str
    ) -> ToolRound:
        """Return the next tool calls, which run side by side, or the answer."""

    async def judge(
        self, ask: Ask, task: Task, solution: Solution, *, role: str, reasoned: bool = False
    ) -> Verdict:
        """Ask whether a solution is right.

        Args:
            reasoned: Let the model check step by step before its verdict, which is then 0 or 1; else it says one word,
                and the reward is P(yes) where log-probabilities exist. A dialect without reasoned verdicts gives the word.
        """

    async def final(
        self, ask: Ask, task: Task, findings: Sequence[Finding], *, role: str, may_extend: bool
    ) -> Solution | Plan:
        """Put findings together, or ask for more thoughts (a plan that extends the graph)."""


# -- strategies and verifiers ----------------------------------------------------------------------


class Check(Protocol):
    """Checks one solution by code alone."""

    @property
    def name(self) -> str:
        """Name under which it gives its verdicts."""

    def __call__(self, task: Task, solution: Solution) -> Verdict:
        """Return a verdict; a reward of None if this check does not apply or cannot tell."""


Verifier = (
    Callable[[Task, Solution], Verdict | Awaitable[Verdict]]
    | Callable[[Task, Solution, Ask], Verdict | Awaitable[Verdict]]
)
"""Whatever can be given as a check: a `Check`, one that waits for something, or one that asks models by its
third argument. Checks run before judges.

Its name is its attribute `name`, or that of the function. One that asks models has a further attribute,
`without_models`: the check to go by where no call may be made, as when a limit fired, or None to leave it out
there.
"""


class Recall(Protocol):
    """Finds what is known beside the model: memory, documents. Journaled like any call."""

    async def __call__(self, ask: Ask, text: str, *, k: int) -> list[str]:
        """Return at most `k` short texts related to `text`, best first; empty if nothing is."""


class Tools(Protocol):
    """The tools that a thought may call."""

    def cards(self) -> Sequence[ToolCard]:
        """Return what a model is told of each tool."""

    def before(self) -> Sequence[ToolNote]:
        """Return the calls with side effects that earlier tries of the thought made."""

    async def run(self, calls: Sequence[ToolCall]) -> list[ToolNote]:
        """Run calls, each as soon as those it refers to are done; results in call order."""


class Programs(Protocol):
    """Runs programs that a model wrote, each isolated. Journaled like any call."""

    async def why_not(self) -> str | None:
        """Return why no program can be run here, or None if one can."""

    async def run(self, source: str) -> ProgramRun:
        """Return what a program answers, or what went wrong with it; never raises for a fault of the program."""


class Assessed(Value):
    """A solution with what the checks and the judge said, and the reward in [0, 1] that follows."""

    solution: Solution
    verdicts: tuple[Verdict, ...] = ()
    reward: float | None = None

    @property
    def settled(self) -> bool:
        """A check settled the matter, so that no judge is asked."""
        return any(verdict.conclusive for verdict in self.verdicts)

    @property
    def proven(self) -> bool:
        """A check settled that the answer is right."""
        return any(verdict.proves for verdict in self.verdicts)

    @property
    def refuted(self) -> bool:
        """A check settled that the answer is wrong."""
        return any(verdict.refutes for verdict in self.verdicts)
