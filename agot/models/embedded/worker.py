"""The worker process: `python -m agot.models.embedded.worker [DIRECTORY [THREADS]]`.

Messages are JSON objects, each after its length as four bytes, most significant first; requests come on
standard input, replies go to standard output. The process ends when standard input does, so it never
outlives its parent.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import struct
import sys
import threading
from pathlib import Path
from typing import Any, BinaryIO

from agot.models.embedded.messages import EmbeddedError, Generation, Piece, PromptTooLong, Reply

_LENGTH = struct.Struct(">I")


def send(stream: BinaryIO, message: dict[str, Any]) -> None:
    """Write one message."""
    data = json.dumps(message, separators=(",", ":")).encode("ascii")
    stream.write(_LENGTH.pack(len(data)) + data)
    stream.flush()


def receive(stream: BinaryIO) -> dict[str, Any] | None:
    """Read one message; None at the end of the stream, even in the middle of a message."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    size = _LENGTH.unpack(head)[0]
    data = stream.read(size)
    if len(data) < size:
        return None
    message: dict[str, Any] = json.loads(data)
    return message


class Worker:
    """Answers the requests of one parent.

    Args:
        engine: The model.
        out: Where replies go.
    """

    def __init__(self, engine: Any, out: BinaryIO) -> None:
        self._engine, self._out = engine, out
        self._jobs: dict[int, Any] = {}
        self.inbox: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()

    def run(self) -> None:
        """Work for ever; requests are read between two tokens."""
        while True:
            while not (self.inbox.empty() and self._engine.busy):
                self._handle(self.inbox.get())
            self._engine.step()

    def _handle(self, message: dict[str, Any]) -> None:
        number = int(message["id"])
        if message["op"] == "cancel":
            job = self._jobs.pop(number, None)
            if job is not None:
                self._engine.cancel(job)
            return
        on_piece = self._piece(number) if message["stream"] else None
        try:
            request = Generation.from_dict(message["request"])
            self._jobs[number] = self._engine.submit(request, self._reply(number), on_piece)
        except PromptTooLong as error:
            self._send(number, "too_long", numbers=[error.prompt_tokens, error.max_tokens, error.context])
        except (EmbeddedError, TypeError) as error:
            self._send(number, "refused", message=str(error))

    def _send(self, number: int, event: str, **fields: Any) -> None:
        send(self._out, {"id": number, "event": event, **fields})

    def _piece(self, number: int) -> Any:
        def tell(piece: Piece) -> None:
            tokens = [token.to_list() for token in piece.tokens]
            self._send(number, "piece", sample=piece.sample, text=piece.text, tokens=tokens)

        return tell

    def _reply(self, number: int) -> Any:
        def tell(reply: Reply) -> None:
            self._jobs.pop(number, None)
            self._send(number, "reply", reply=reply.to_dict())

        return tell


def main() -> None:
    """Run the worker process."""
    # A Ctrl-C in the terminal is for the parent, which then closes the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Whatever a library prints must not end up between two messages.
    out = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    from agot.models.embedded.runtime import WEIGHTS, Engine

    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else WEIGHTS
    try:
        engine = Engine(directory, int(sys.argv[2]) if len(sys.argv) > 2 else 0)
    except Exception as error:
        send(out, {"id": 0, "event": "failed", "message": f"{type(error).__name__}: {error}"})
        raise SystemExit(1) from error
    worker = Worker(engine, out)

    def read() -> None:
        while (message := receive(sys.stdin.buffer)) is not None:
            worker.inbox.put(message)
        # The parent is gone or has let go: nobody is left to answer.
        os._exit(0)

    threading.Thread(target=read, daemon=True).start()
    try:
        worker.run()
    except BrokenPipeError:
        os._exit(0)


if __name__ == "__main__":
    main()
