"""Where messages are typed: an editor line on a terminal, plain lines from anything else."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from agot.errors import SetupError
from agot.question import LONGEST_QUESTION

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import CompleteEvent, Completer, Completion
    from prompt_toolkit.document import Document
    from prompt_toolkit.history import History
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

LONGEST_LINE_BYTES = 4 * LONGEST_QUESTION
_CHUNK_BYTES = 2**16

Words = Callable[[str], Sequence[str] | None]
"""Returns what may follow a command, None for files."""


class Input(Protocol):
    """Reads messages."""

    async def read(self) -> str | None:
        """Return the next message, None at the end.

        Raises:
            KeyboardInterrupt: If a person pressed Ctrl-C where nothing was typed.
            SetupError: If what was read is no text.
        """


class Lines:
    """One message for each line of standard input; a trailing backslash adds the next line.

    Args:
        prompt: Written to standard error before each message, for a person at a terminal that cannot do more.
    """

    def __init__(self, prompt: str = "") -> None:
        self._prompt = prompt
        self._waiting = bytearray()
        self._ended = False

    async def read(self) -> str | None:
        loop = asyncio.get_running_loop()
        interrupted: asyncio.Future[None] = loop.create_future()
        if not self._prompt:
            return await self._message(interrupted)
        before = signal.getsignal(signal.SIGINT)
        loop.add_signal_handler(
            signal.SIGINT, lambda: None if interrupted.done() else interrupted.set_result(None)
        )
        try:
            return await self._message(interrupted)
        finally:
            loop.remove_signal_handler(signal.SIGINT)
            signal.signal(signal.SIGINT, before)

    async def _message(self, interrupted: asyncio.Future[None]) -> str | None:
        lines: list[str] = []
        while True:
            if self._prompt:
                sys.stderr.write(self._prompt if not lines else " " * len(self._prompt))
                sys.stderr.flush()
            line = await self._line(interrupted)
            if line is None:
                return "\n".join(lines) if lines else None
            if not line.endswith("\\"):
                return "\n".join([*lines, line])
            lines.append(line[:-1])

    async def _line(self, interrupted: asyncio.Future[None]) -> str | None:
        """Return the next line, None at the end.

        Raises:
            KeyboardInterrupt: As soon as `interrupted` is done.
            SetupError: If it is not UTF-8, or too long.
        """
        too_long = False
        while (end := self._waiting.find(b"\n")) < 0 and not self._ended:
            if len(self._waiting) > LONGEST_LINE_BYTES:
                # What is left of a line that is too long is no message of its own.
                too_long = True
                self._waiting.clear()
            chunk = await _chunk(interrupted)
            self._ended = not chunk
            self._waiting += chunk
        data = bytes(self._waiting[: end + 1] if end >= 0 else self._waiting)
        del self._waiting[: len(data)]
        if too_long or len(data) > LONGEST_LINE_BYTES:
            raise SetupError(
                f"A line has more than {LONGEST_LINE_BYTES:,} bytes. Attach long text as a file."
            )
        if not data:
            return None
        try:
            return data.decode("utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            raise SetupError(
                f"A line is not valid UTF-8 text: byte {error.start + 1:,} is 0x{data[error.start]:02x}. "
                "Convert it, for instance with iconv."
            ) from None


async def _chunk(interrupted: asyncio.Future[None]) -> bytes:
    """Return some of standard input, nothing at its end; no thread is left waiting for it when the process ends.

    Raises:
        KeyboardInterrupt: If `interrupted` is done first.
    """
    if sys.stdin is None or sys.stdin.closed:
        return b""
    try:
        descriptor = sys.stdin.fileno()
    except OSError:  # something that stands in for it within this process
        return sys.stdin.buffer.read(_CHUNK_BYTES)
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    try:
        loop.add_reader(descriptor, lambda: None if ready.done() else ready.set_result(None))
    except (OSError, NotImplementedError):  # a file, which never lets a reader wait
        return _read(descriptor)
    try:
        await asyncio.wait({ready, interrupted}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        loop.remove_reader(descriptor)
    if interrupted.done():
        raise KeyboardInterrupt
    return _read(descriptor)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, _CHUNK_BYTES)
    except OSError:
        return b""


class Editor:
    """A line to edit, with history and completion. Enter sends; Alt-Enter or a trailing backslash adds a line.

    Args:
        history: File that keeps what was said from one conversation to the next.
        commands: Names with their slash.
        words: What may follow each.
        unicode: The terminal shows more than ASCII.
    """

    def __init__(self, history: str, commands: Iterable[str], words: Words, *, unicode: bool) -> None:
        from prompt_toolkit import PromptSession
        from prompt_toolkit.filters import Condition
        from prompt_toolkit.output import ColorDepth
        from prompt_toolkit.output.vt100 import Vt100_Output

        output = Vt100_Output.from_pty(sys.stdout, term=os.environ.get("TERM"))
        # Not asked for the cursor's position: not every terminal answers, and late answers are taken for keys.
        output.enable_cpr = False
        self._session: PromptSession[str] = PromptSession(
            history=_history(history), completer=_completer(tuple(commands), words), key_bindings=_keys(),
            multiline=True, prompt_continuation=lambda width, number, wrapped: " " * width,
            complete_while_typing=Condition(self._types_a_command), reserve_space_for_menu=5, output=output,
            color_depth=ColorDepth.DEPTH_1_BIT if os.environ.get("NO_COLOR") else None,
        )  # fmt: skip
        self._prompt = "› " if unicode else "> "

    async def read(self) -> str | None:
        try:
            return await self._session.prompt_async(self._prompt, handle_sigint=True)
        except EOFError:
            return None

    def _types_a_command(self) -> bool:
        text = self._session.default_buffer.text
        return text.startswith("/") and " " not in text and "\n" not in text


def _keys() -> KeyBindings:
    from prompt_toolkit.key_binding import KeyBindings

    keys = KeyBindings()

    @keys.add("enter")
    def send(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.document.text_before_cursor.endswith("\\"):
            buffer.delete_before_cursor()
            buffer.newline(copy_margin=False)
        else:
            buffer.validate_and_handle()

    @keys.add("escape", "enter")
    def add_line(event: KeyPressEvent) -> None:
        event.current_buffer.newline(copy_margin=False)

    @keys.add("c-c")
    @keys.add("<sigint>")
    def clear(event: KeyPressEvent) -> None:
        if event.current_buffer.text:
            event.current_buffer.reset()
        else:
            event.app.exit(exception=KeyboardInterrupt(), style="class:aborting")

    return keys


def _history(path: str) -> History:
    from prompt_toolkit.history import FileHistory

    class Kept(FileHistory):
        """A file that only its owner reads; where it cannot be written, history ends with the conversation."""

        def load_history_strings(self) -> Iterable[str]:
            try:
                return list(super().load_history_strings())
            except (OSError, ValueError):
                return []

        def store_string(self, string: str) -> None:
            try:
                os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
                super().store_string(string.encode("utf-8", "replace").decode("utf-8"))
            except OSError:
                return

    return Kept(path)


def _completer(commands: tuple[str, ...], words: Words) -> Completer:
    from prompt_toolkit.completion import Completer, Completion, PathCompleter
    from prompt_toolkit.document import Document

    paths = PathCompleter(expanduser=True)

    class Completes(Completer):
        """Commands at the beginning, what may follow them, and paths after @."""

        def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
            before = document.text_before_cursor
            last = before.rpartition(" ")[2].rpartition("\n")[2]
            if last.startswith("@"):
                yield from paths.get_completions(Document(last[1:]), complete_event)
                return
            if not before.startswith("/"):
                return
            command, space, rest = before.partition(" ")
            if not space:
                yield from _matching(commands, command)
                return
            following = words(command)
            if following is None:
                yield from paths.get_completions(Document(rest), complete_event)
            else:
                yield from _matching(following, rest)

    def _matching(known: Iterable[str], begun: str) -> Iterable[Completion]:
        for word in known:
            if word.startswith(begun):
                yield Completion(word, start_position=-len(begun))

    return Completes()
