"""The model itself: the graph, and a batch that requests join and leave between two tokens.

Every step feeds one token of every running sequence. A prompt is computed once, alone; its keys and
values are copied into one row of the batch for each sample. What a sequence becomes depends on its own
request only, never on what else is in the batch: the kernels compute rows in pairs, so the batch is
padded to an even number of rows, and every sample draws from its own random numbers.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agot.models.embedded.cache import PromptCache, Snapshot
from agot.models.embedded.graph import MAX_ROWS, Graph
from agot.models.embedded.messages import (
    Completion,
    Finish,
    Generation,
    Piece,
    PromptTooLong,
    Reply,
    RequestError,
    Token,
)
from agot.models.embedded.sampling import Chooser, Masks, Writer, alternatives, log_softmax, token_text
from agot.models.embedded.tokenizer import ASK, END, MODES, START, Tokenizer

WEIGHTS = Path(__file__).parent / "weights"
"""Where the package keeps the model's files."""

CACHE_BYTES = 48 << 20
"""Most memory of the running sequences' keys and values."""
PROMPT_CACHE_BYTES = 12 << 20
"""Most memory of remembered prompts."""

OnPiece = Callable[[Piece], None]
OnReply = Callable[[Reply], None]


@dataclass(slots=True, eq=False)
class _Job:
    """One request and what came of its samples so far."""

    request: Generation
    prompt: tuple[int, ...]
    limit: int
    on_piece: OnPiece | None
    on_reply: OnReply
    completions: dict[int, Completion] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class _Sequence:
    """One sample while it is being written."""

    job: _Job
    sample: int
    chooser: Chooser
    writer: Writer
    position: int
    token: int = 0
    mode: str = ""
    generated: int = 0
    snapshot: Snapshot | None = None


class Engine:
    """Answers requests with the model in a directory; not safe for several threads at once.

    Args:
        directory: Holds model.onnx, vocab.json and card.json.
        threads: See `Graph`.

    Raises:
        OSError: A file is missing.
        ValueError: The files do not fit together.
    """

    def __init__(self, directory: Path = WEIGHTS, threads: int = 0) -> None:
        self.card: dict[str, Any] = json.loads((directory / "card.json").read_text(encoding="utf-8"))
        self.tokenizer = Tokenizer.load(directory / "vocab.json")
        if self.tokenizer.size != self.card["shape"]["vocabulary"]:
            raise ValueError(
                f"vocab.json in {directory} has {self.tokenizer.size} tokens, the model another number"
            )
        self.context = int(self.card["shape"]["context"])
        self._graph = Graph(directory / "model.onnx", self.card["shape"], threads)
        self._cache = self._graph.new_cache(self.context)
        self._prompts = PromptCache(PROMPT_CACHE_BYTES)
        self._masks = Masks(self.tokenizer)
        self._jobs: deque[_Job] = deque()
        self._ready: deque[_Sequence] = deque()
        self._rows: list[_Sequence] = []

    @property
    def busy(self) -> bool:
        """Whether there is anything left to do."""
        return bool(self._jobs or self._ready or self._rows)

    def submit(self, request: Generation, on_reply: OnReply, on_piece: OnPiece | None = None) -> _Job:
        """Add a request; the callbacks are called from `step`. The result is for `cancel` only.

        Raises:
            RequestError: A value makes no sense.
            PromptTooLong: The prompt and `max_tokens` do not fit into the context.
        """
        prompt = self._prompt(request)
        room = self.context - len(prompt)
        wanted = max(1, room) if request.max_tokens is None else request.max_tokens
        if wanted > room:
            raise PromptTooLong(len(prompt), wanted, self.context)
        job = _Job(request, prompt, wanted, on_piece, on_reply)
        self._jobs.append(job)
        return job

    def cancel(self, job: _Job) -> None:
        """Drop a request and free its rows; its callbacks are not called again. Not for use in a callback."""
        if job in self._jobs:
            self._jobs.remove(job)
        self._ready = deque(sequence for sequence in self._ready if sequence.job is not job)
        for row in range(len(self._rows) - 1, -1, -1):
            if self._rows[row].job is job:
                self._remove(row)
        self._rest()

    def generate(self, request: Generation) -> Reply:
        """Answer one request, together with whatever else is running."""
        replies: list[Reply] = []
        self.submit(request, replies.append)
        while not replies:
            self.step()
        return replies[0]

    def step(self) -> None:
        """Take in what waits, then generate one token of every running sequence."""
        self._admit()
        if self._rows:
            self._make_room()
            tokens = [sequence.token for sequence in self._rows]
            positions = [sequence.position for sequence in self._rows]
            logprobs = log_softmax(self._graph.step(self._cache, tokens, positions) + self._masks.output)
            for row in range(len(self._rows) - 1, -1, -1):
                sequence = self._rows[row]
                sequence.position += 1
                if self._advance(sequence, logprobs[row]):
                    self._remove(row)
        self._rest()

    def _rest(self) -> None:
        """Give the cache's memory back when there is nothing to do."""
        if not self.busy:
            self._graph.unbind()
            self._cache.clear()

    # -- requests ------------------------------------------------------------------------------

    def _prompt(self, request: Generation) -> tuple[int, ...]:
        if request.mode and request.mode not in MODES:
            raise RequestError(f"unknown mode {request.mode!r}; known are {', '.join(MODES)}")
        if request.prefix and not request.mode:
            raise RequestError("a prefilled output needs a forced mode")
        if request.samples < 1:
            raise RequestError(f"samples must be at least 1, not {request.samples}")
        if request.max_tokens is not None and request.max_tokens < 1:
            raise RequestError(f"max_tokens must be at least 1, not {request.max_tokens}")
        if not 0.0 <= request.temperature <= 10.0:
            raise RequestError(f"temperature must be from 0 to 10, not {request.temperature}")
        if not 0.0 < request.top_p <= 1.0:
            raise RequestError(f"top_p must be above 0 and at most 1, not {request.top_p}")
        tokens = [START, *self.tokenizer.encode(request.user), ASK]
        if request.mode:
            tokens += [self.tokenizer.mode_id(request.mode), *self.tokenizer.encode(request.prefix)]
        return tuple(tokens)

    def _admit(self) -> None:
        """Compute the prompt of at most one new request, and fill free rows."""
        if self._jobs and not self._ready:
            self._start(self._jobs.popleft())
        count = len(self._rows)
        longest = max((sequence.position + 1 for sequence in self._rows), default=0)
        joining: list[_Sequence] = []
        while self._ready and count + len(joining) < MAX_ROWS:
            needed = max(longest, self._ready[0].position + 1)
            total = count + len(joining) + 1
            if total > 1 and self._cache.bytes_for(total, needed) > CACHE_BYTES:
                break
            longest = needed
            joining.append(self._ready.popleft())
        if not joining:
            return
        total = count + len(joining)
        if self._cache.ensure(total + total % 2, longest):
            self._graph.unbind()
        for sequence in joining:
            assert sequence.snapshot is not None
            self._cache.write(len(self._rows), sequence.snapshot)
            sequence.snapshot = None
            self._rows.append(sequence)

    def _start(self, job: _Job) -> None:
        request = job.request
        known = self._prompts.get(job.prompt)
        if known is None:
            known = self._graph.prefill(job.prompt)
            self._prompts.put(job.prompt, *known)
        snapshot, logits = known
        mask = self._masks.output if request.mode else self._masks.mode
        logprobs = log_softmax((logits + mask)[None])[0]
        for sample in range(request.samples):
            chooser = Chooser(request.seed, sample, request.temperature, request.top_p)
            sequence = _Sequence(
                job, sample, chooser, Writer(self.tokenizer, request.stop), len(job.prompt), snapshot=snapshot
            )
            if request.mode:
                sequence.mode = request.mode
                over = self._advance(sequence, logprobs)
            else:
                over = self._choose_mode(sequence, logprobs)
            if not over:
                self._ready.append(sequence)

    def _make_room(self) -> None:
        """Grow the cache for the next token; above its limit the youngest rows wait outside of it."""
        needed = max(sequence.position for sequence in self._rows) + 1
        while len(self._rows) > 2 and self._cache.bytes_for(len(self._rows), needed) > CACHE_BYTES:
            sequence = self._rows[-1]
            sequence.snapshot = self._cache.read(len(self._rows) - 1, sequence.position)
            self._rows.pop()
            self._ready.appendleft(sequence)
            needed = max(sequence.position for sequence in self._rows) + 1
        count = len(self._rows)
        if self._cache.ensure(count + count % 2, needed):
            self._graph.unbind()

    # -- one sequence --------------------------------------------------------------------------

    def _choose_mode(self, sequence: _Sequence, logprobs: NDArray[np.float32]) -> bool:
        """Take the likeliest mode, whatever the temperature: it is a decision, not a draft."""
        chosen = int(logprobs.argmax())
        top = alternatives(self.tokenizer, logprobs, sequence.job.request.top_logprobs)
        token = Token(token_text(self.tokenizer, chosen), float(logprobs[chosen]), top)
        sequence.mode = token.text[:-1]
        sequence.token, sequence.generated = chosen, 1
        self._tell(sequence, *sequence.writer.begin(token))
        return self._full(sequence)

    def _advance(self, sequence: _Sequence, logprobs: NDArray[np.float32]) -> bool:
        """Choose the next token and write it; return whether the sequence is over."""
        chosen = sequence.chooser.choose(logprobs)
        if chosen == END:
            self._finish(sequence, "stop")
            return True
        top = alternatives(self.tokenizer, logprobs, sequence.job.request.top_logprobs)
        sequence.token = chosen
        sequence.generated += 1
        self._tell(sequence, *sequence.writer.push(chosen, float(logprobs[chosen]), top))
        if sequence.writer.stopped:
            self._finish(sequence, "stop")
            return True
        return self._full(sequence)

    def _full(self, sequence: _Sequence) -> bool:
        if sequence.generated < sequence.job.limit:
            return False
        self._finish(sequence, "length")
        return True

    def _tell(self, sequence: _Sequence, text: str, tokens: tuple[Token, ...]) -> None:
        if sequence.job.on_piece is not None and (text or tokens):
            sequence.job.on_piece(Piece(sequence.sample, text, tokens))

    def _finish(self, sequence: _Sequence, finish: Finish) -> None:
        job = sequence.job
        self._tell(sequence, *sequence.writer.finish())
        text, tokens = sequence.writer.result()
        job.completions[sequence.sample] = Completion(
            sequence.mode, not job.request.mode, text, finish, tokens, sequence.generated
        )
        if len(job.completions) == job.request.samples:
            done = tuple(job.completions[sample] for sample in range(job.request.samples))
            job.on_reply(Reply(done, len(job.prompt)))

    def _remove(self, row: int) -> None:
        """Free a row; the last one takes its place."""
        last = len(self._rows) - 1
        if row != last:
            self._cache.move(last, row, self._rows[last].position)
            self._rows[row] = self._rows[last]
        self._rows.pop()
