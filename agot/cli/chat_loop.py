"""The loop of `agot chat`: reads messages, shows what happens, obeys Ctrl-C, prints answers."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Self

from agot.cli import compose
from agot.cli.ask import view_for
from agot.cli.driving import INTERRUPTED_EXIT, Stop
from agot.cli.outcome import exit_code, exit_code_of
from agot.cli.paint import console, ending, printable, steerless
from agot.cli.view import View, told
from agot.errors import AgotError, Interrupted, SetupError
from agot.private import make_folder

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from agot.chat.conversation import Conversation
    from agot.chat.material import Material
    from agot.cli.chat_input import Input
    from agot.cli.driving import Sink
    from agot.settings import Settings
    from agot.stores.database import SqlStore
    from agot.thought import Result
    from agot.tools.tool import ToolRequest

    Work = Callable[[Sink, View], Awaitable[Result]]

_EMBEDDED = (
    "The embedded model answers: arithmetic, word problems, lists, dates, facts that you give it. It knows nothing else. "
    "Connect a real one with /model NAME, or with: agot models add"
)


async def talk(
    settings: Settings, *, resume: str | None, fork: str | None, strategy: str | None, verbose: bool
) -> int:
    """Hold a conversation until its end; return the exit code.

    Args:
        resume: Beginning of the id of a conversation to go on with, "" for the last; None for a new one.
        fork: `ID` or `ID@TURN` of a conversation to begin with.

    Raises:
        AgotError: If the conversation cannot begin.
    """
    if strategy is not None and strategy != "auto":
        from agot.agents.strategies.registry import STRATEGIES

        STRATEGIES.get(strategy)
    store = await compose.open_store(settings)
    try:
        if fork is not None:
            name, at, turn = fork.partition("@")
            if not name or (at and not turn.isdecimal()):
                raise SetupError(
                    f"{fork!r} names no conversation and turn. Write ID, or ID@3 for its first three turns."
                )
            resume = (await store.sessions().fork(name, int(turn) if turn else None)).session_id
        chat = Chat(store, verbose=verbose)
        chat.conversation = await compose.open_conversation(
            store, settings, resume=resume, strategy=strategy, approve=chat.approve if chat.live else None
        )
        try:
            return await chat.run()
        finally:
            await chat.conversation.close()
    finally:
        await store.close()


class Chat:
    """A conversation at a terminal or between pipes.

    Attributes:
        conversation: Set before `run`.
        live: A person sits at a terminal, reads and types.
        attached: Material that goes with the next message.
    """

    conversation: Conversation

    def __init__(self, store: SqlStore, *, verbose: bool) -> None:
        self.store = store
        self.live = bool(sys.stdin and sys.stdin.isatty() and sys.stdout.isatty())
        self.console = console(stderr=not self.live)
        self.unicode = (self.console.encoding or "").lower().startswith("utf")
        self.attached: list[Material] = []
        self.ended = False
        self._verbose, self._terminated = verbose, False
        self._code = 0
        self._view = View()

    # -- the loop ----------------------------------------------------------------------------------

    async def run(self) -> int:
        """Read and answer messages until the end of the input or `/exit`."""
        with _Terminable() as terminable:
            try:
                return await self._talk()
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if not terminable.fired or task is None:
                    raise
                task.uncancel()
                return INTERRUPTED_EXIT

    async def _talk(self) -> int:
        source = self._source()
        self._greet()
        interrupted = False
        while not self.ended:
            try:
                message = await source.read()
            except KeyboardInterrupt:
                if interrupted:
                    return INTERRUPTED_EXIT
                interrupted = True
                self.say("Ctrl-C again leaves; so does Ctrl-D. /help lists the commands.")
                continue
            except SetupError as error:
                self._failed(error, instead_of_answer=True)
                continue
            interrupted = False
            if message is None:
                break
            if message.strip():
                await self._handle(message)
            if self._terminated or (not self.live and self._code == INTERRUPTED_EXIT):
                # In a pipe nobody is there to say how to go on after a stop.
                return INTERRUPTED_EXIT
        return 0 if self.live else self._code

    async def _handle(self, message: str) -> None:
        """Obey a command or answer a message; what goes wrong is told, and the conversation goes on."""
        from agot.cli.chat_commands import Commands

        is_command = message.startswith("/") and not message.startswith("//")
        try:
            if is_command:
                await Commands(self).obey(message)
            else:
                await self.answer(message[1:] if message.startswith("//") else message)
        except AgotError as error:
            self._failed(error, instead_of_answer=not is_command)

    def _source(self) -> Input:
        from agot.cli.chat_input import Editor, Lines

        if not self.live or self.console.is_dumb_terminal:
            return Lines("> " if sys.stdin and sys.stdin.isatty() else "")
        from agot.cli.chat_commands import completions, names
        from agot.settings import agot_home

        home = agot_home()
        with suppress(OSError):
            make_folder(home)
        return Editor(
            str(home / "chat_history"),
            names(),
            lambda command: completions(self, command),
            unicode=self.unicode,
        )

    def _greet(self) -> None:
        from agot.settings import EMBEDDED_MODEL

        conversation = self.conversation
        model = conversation.settings.role("fast").model
        if model == EMBEDDED_MODEL:
            self.say(_EMBEDDED)
        elif self.live:
            self.say(f"{model} answers. /help lists the commands.")
        if conversation.session is not None and self.live:
            number = len(conversation.turns)
            self.say(
                f"Going on with {conversation.session.session_id}, {number} turn{'s' * (number != 1)}: {conversation.session.title}"
            )
        if conversation.unfinished is not None:
            self.say(f"Turn {conversation.unfinished.number} was not finished; /resume goes on with it.")

    # -- one turn ----------------------------------------------------------------------------------

    async def answer(self, message: str) -> None:
        """Answer a message and print the answer.

        Raises:
            AgotError: If it could not begin, or was stopped hard.
        """
        from agot.chat.material import mentioned

        text, found = mentioned(message, folder=Path.cwd())
        material = [*self.attached, *(one for one in found if one not in self.attached)]
        verified = self.conversation.settings.engine.verify and not self.conversation.talks(text)
        waiting, self.attached = self.attached, []
        try:
            await self._shown(
                lambda sink, view: self.conversation.say(text, material, on_event=sink, tell=view.note),
                verified=verified,
            )
        except SetupError:
            # The message was not kept, so neither was what goes with it.
            self.attached = waiting
            raise

    async def go_on(self) -> None:
        """Go on with the turn that is not finished, and print its answer.

        Raises:
            AgotError: As `answer`.
        """
        await self._shown(
            lambda sink, view: self.conversation.go_on(on_event=sink, tell=view.note),
            verified=self.conversation.settings.engine.verify,
        )

    async def _shown(self, work: Work, *, verified: bool) -> None:
        view = self._view = self._new_view(verified)
        result = await self._watched(work, view)
        self._code = exit_code(result) or self._code
        self._print(result, view)
        if view.fault is not None:
            told(f"The progress display failed ({view.fault!r}); the answer was not affected.")

    async def _watched(self, work: Work, view: View) -> Result:
        """Run one turn under a person's signals.

        Raises:
            Interrupted: If it was stopped hard.
        """
        loop = asyncio.get_running_loop()
        begun = loop.create_future()

        async def turn() -> Result:
            stop = await begun
            async with view:
                return await work(stop.watch(view.take), view)

        task = asyncio.create_task(turn())
        stop = Stop(task, view)
        view.on_closed_pipe = stop.hard
        stop.attach(self.conversation)
        stop.listen()
        begun.set_result(stop)
        try:
            return await task
        except asyncio.CancelledError:
            if not stop.is_hard:
                raise
            raise Interrupted("Stopped at once. /resume goes on from there.") from None
        finally:
            stop.deafen()
            stop.calm()
            self._terminated = stop.terminated

    def _new_view(self, verified: bool) -> View:
        if not self.live:
            from agot.cli.view import Lines, Warnings

            return Lines() if self._verbose or (sys.stderr and sys.stderr.isatty()) else Warnings()
        return view_for("text", verbose=self._verbose, folded=True, verified=verified)

    async def approve(self, request: ToolRequest) -> bool | Literal["always"]:
        """Ask the person whether a tool may be called; an `agot.tools.tool.Approve`."""
        from agot.cli.approval import Asker

        return await Asker(self._view)(request)

    # -- printing ----------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        """Tell a person something beside the answers."""
        if not self.live:
            told(text)
            return
        from rich.text import Text

        self.console.print(Text(printable(text), style="dim"))

    def lines(self, lines: list[str]) -> None:
        """Tell a person several lines that were asked for."""
        if not self.live:
            told("\n".join(lines))
            return
        from rich.text import Text

        for line in lines:
            self.console.print(Text(printable(line)))

    def _print(self, result: Result, view: View) -> None:
        from agot.cli.screen import Screen

        if isinstance(view, Screen):
            view.conclude(result, with_run=False)
        elif self.live:
            self._print_plain(printable(result.answer))
        else:
            self._print_plain(printable(result.answer) if sys.stdout.isatty() else steerless(result.answer))
        ended = [line for line in ending(result).splitlines() if not line.startswith("Continue: agot resume")]
        if ended:
            again = " /resume goes on with it." if self.conversation.unfinished is not None else ""
            self.say("\n".join(ended) + again)
        if self.live:
            self.console.print()

    def _print_plain(self, text: str) -> None:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def _failed(self, error: AgotError, *, instead_of_answer: bool) -> None:
        self._code = exit_code_of(error)
        told(printable(str(error)))
        if instead_of_answer and not self.live:
            # Who reads answers by the line must not wait for one that never comes.
            self._print_plain("")


class _Terminable:
    """While messages are awaited, SIGTERM ends the conversation in good order, so that the terminal stays usable.

    Attributes:
        fired: It was sent.
    """

    def __init__(self) -> None:
        self.fired = False

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        assert task is not None

        def fire() -> None:
            self.fired = True
            task.cancel()

        with suppress(NotImplementedError, RuntimeError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, fire)
        return self

    def __exit__(self, *exc: object) -> None:
        with suppress(NotImplementedError, RuntimeError):
            asyncio.get_running_loop().remove_signal_handler(signal.SIGTERM)
