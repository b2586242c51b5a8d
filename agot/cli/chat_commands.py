"""The commands of `agot chat`: looking into a run, and changing what answers."""

from __future__ import annotations

import difflib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agot.cli import compose
from agot.errors import SetupError
from agot.private import write_text

if TYPE_CHECKING:
    from agot.chat.conversation import Conversation
    from agot.cli.chat_loop import Chat
    from agot.ids import RunId
    from agot.stores.sessions import StoredTurn

VIEWER = "http://127.0.0.1:8765"
_SAID_CHARS = 40
_LIMITS = {"calls": int, "tokens": int, "usd": float, "seconds": float}


@dataclass(frozen=True, slots=True)
class Command:
    """One command: what stands after it, and what it does in a few words."""

    takes: str
    does: str
    obey: Callable[[Commands, str], Awaitable[None]]


def names() -> list[str]:
    """Return all commands with their slash."""
    return [f"/{name}" for name in COMMANDS]


def completions(chat: Chat, command: str) -> Sequence[str] | None:
    """Return what may follow a command; None for files."""
    if command == "/strategy":
        from agot.agents.strategies.registry import STRATEGIES

        return ["auto", *STRATEGIES.names()]
    if command == "/model":
        return _models(chat.conversation)
    if command == "/budget":
        return [*(f"{name}=" for name in _LIMITS), "off"]
    if command in ("/attach", "/export"):
        return None
    return ()


def _models(conversation: Conversation) -> list[str]:
    from agot.settings import EMBEDDED_MODEL

    settings = conversation.settings
    known = [one.model for one in (*settings.roles.values(), *settings.experts.values())]
    return list(
        dict.fromkeys([*known, *(turn.model for turn in conversation.turns if turn.model), EMBEDDED_MODEL])
    )


class Commands:
    """Obeys commands in a conversation."""

    def __init__(self, chat: Chat) -> None:
        self._chat, self._conversation = chat, chat.conversation

    async def obey(self, line: str) -> None:
        """Do what a line that begins with a slash says.

        Raises:
            SetupError: If there is no such command, or it cannot do what it is asked.
            AgotError: What went wrong while doing it.
        """
        name, _, rest = line[1:].strip().partition(" ")
        command = COMMANDS.get(name.lower())
        if command is None:
            from agot.cli.paint import one_line

            near = difflib.get_close_matches(name.lower(), COMMANDS, n=1)
            meant = f" Did you mean /{near[0]}?" if near else ""
            raise SetupError(
                f"There is no command /{one_line(name, 30)}.{meant} /help lists all; "
                "a message that begins with a slash is written with two."
            )
        await command.obey(self, rest.strip())

    # -- looking -----------------------------------------------------------------------------------

    async def help(self, rest: str) -> None:
        """List the commands."""
        width = max(len(f"/{name} {command.takes}") for name, command in COMMANDS.items())
        told = [f"{f'/{name} {command.takes}':{width}}  {command.does}" for name, command in COMMANDS.items()]
        self._chat.lines([
            *told,
            "Enter sends; Alt-Enter or a backslash at the end adds a line. @path in a message attaches a file.",
            "Ctrl-C stops gently and gives the best partial answer; twice within two seconds stops at once.",
        ])  # fmt: skip

    async def why(self, rest: str) -> None:
        """Tell how a thought was worked on and what came of it; without a name the question itself."""
        from agot.cli.account import explained

        turn, run_id, which = self._looked_at()
        understood = [f"understood as: {turn.understood}"] if turn.understood and not rest else []
        self._chat.lines([*which, *understood, *await explained(self._chat.store, run_id, rest)])

    async def evidence(self, rest: str) -> None:
        """Tell what an answer rests on."""
        from agot.cli.account import account, evidence, named

        turn, run_id, which = self._looked_at()
        thoughts = account(await self._chat.store.events(run_id))
        given = [name for one in self._conversation.turns for name in one.material_names]
        material = [f"material: {', '.join(given)}"] if given and not rest else []
        checked = [] if turn.status == "answered" else [f"The answer is {turn.status}: {turn.reason}"]
        self._chat.lines([*which, *material, *evidence(thoughts, named(thoughts, rest)), *checked])

    async def tree(self, rest: str) -> None:
        """Print all thoughts of the last run with every verdict."""
        from agot.cli.paint import tree_lines
        from agot.cli.tree import Tree, rows

        _, run_id, which = self._looked_at()
        tree = Tree()
        for event in await self._chat.store.events(run_id):
            tree.apply(event)
        chat = self._chat
        if which:
            chat.lines(which)
        width = chat.console.width - 1
        for line in tree_lines(
            tree, rows(tree, fold=False), width=width, unicode=chat.unicode, verdicts=True
        ):
            chat.console.print(line)

    async def open(self, rest: str) -> None:
        """Tell where the viewer shows the last run."""
        _, run_id, which = self._looked_at()
        where = f"{VIEWER}/#{run_id}/{rest or 'root'}"
        self._chat.lines(
            [*which, where, "If nothing answers there, start the viewer in another terminal: agot serve"]
        )

    async def cost(self, rest: str) -> None:
        """Tell what the conversation cost so far."""
        from agot.cli.tree import short
        from agot.thought import Usage

        lines, total = [], Usage()
        for turn in self._conversation.turns:
            total = total.plus(turn.usage)
            lines.append(f"{turn.number:3}  {_spent(turn.usage, short)}")
        self._chat.lines([*lines, f"all  {_spent(total, short)}"])

    # -- changing ----------------------------------------------------------------------------------

    async def model(self, rest: str) -> None:
        """Tell or change which model answers."""
        settings = self._conversation.settings
        if rest:
            fast = compose.switched(settings.role("fast"), *_two(rest))
            changed = settings.model_copy(update={"roles": {**settings.roles, "fast": fast}})
            compose.open_models(changed).profile("fast")
            await self._conversation.use(changed)
            settings = changed
        told = [f"{role}: {settings.role(role).model}" for role in ("fast", "strong", "judge")]
        self._chat.lines(
            [*told, "Change it for this conversation: /model NAME [URL]; for good: agot models set fast NAME"]
        )

    async def budget(self, rest: str) -> None:
        """Tell or change the limits of each message."""
        from agot.budget import Budget

        settings = self._conversation.settings
        if rest:
            limits = settings.budget.model_dump() | _limits(rest)
            try:
                changed = Budget.model_validate(limits)
            except ValueError:
                raise SetupError(f"The limits {rest!r} are not usable: {_BUDGET_USE}") from None
            await self._conversation.use(settings.model_copy(update={"budget": changed}))
        budget = self._conversation.settings.budget
        told = [f"{name} {getattr(budget, name):g}" for name in _LIMITS if getattr(budget, name) is not None]
        self._chat.lines([f"Each message: {', '.join(told) or 'no limit'}"])

    async def strategy(self, rest: str) -> None:
        """Tell or change the strategy."""
        if rest:
            from agot.agents.strategies.registry import STRATEGIES

            if rest != "auto":
                STRATEGIES.get(rest)
            self._conversation.strategy = rest
        chosen = self._conversation.strategy or self._conversation.settings.engine.strategy
        self._chat.lines([f"strategy: {chosen}"])

    async def attach(self, rest: str) -> None:
        """Give a file with the next message; without a name tell what is given."""
        from agot.chat.material import read_material

        chat = self._chat
        if rest:
            chat.attached.append(read_material(rest.strip("\"'"), folder=Path.cwd()))
        before = [
            f"turn {turn.number}: {', '.join(turn.material_names)}"
            for turn in self._conversation.turns
            if turn.material_names
        ]
        waiting = [f"next message: {one.name} ({len(one.text):,} characters)" for one in chat.attached]
        chat.lines([*before, *waiting] or ["No material. Give some: /attach FILE, or @path in a message."])

    # -- moving ------------------------------------------------------------------------------------

    async def fork(self, rest: str) -> None:
        """Go on in a new conversation."""
        session = await self._conversation.fork(_number(rest))
        self._chat.lines(
            [
                f"Now in {session.session_id}, with the turns up to {session.forked_at} of {session.forked_from}."
            ]
        )

    async def undo(self, rest: str) -> None:
        """Take the last message and its answer away."""
        gone = await self._conversation.undo()
        if gone is None:
            raise SetupError("Nothing was said yet, so there is nothing to take away.")
        from agot.cli.paint import one_line

        self._chat.lines([f"Taken away: {one_line(gone.said, 60)}"])

    async def resume(self, rest: str) -> None:
        """Go on with the unfinished turn, or with another conversation."""
        if not rest:
            await self._chat.go_on()
            return
        found = await self._conversation.switch(rest)
        self._chat.lines([f"Now in {found.session_id}: {found.title}"])
        turn = self._conversation.turns[-1] if self._conversation.turns else None
        if turn is not None:
            self._chat.lines([f"Last said: {turn.said}", f"Answered: {turn.answer or turn.status}"])

    async def export(self, rest: str) -> None:
        """Write the conversation to a file, as Markdown or, if its name says so, as JSON; without a file, show it."""
        import json

        from agot.chat.transcript import as_json, as_markdown

        session, turns = self._conversation.session, self._conversation.turns
        if session is None:
            raise SetupError("Nothing was said yet, so there is nothing to export.")
        if not rest:
            self._chat.lines(as_markdown(session, turns).splitlines())
            return
        file = Path(rest.strip("\"'")).expanduser()
        text = (
            json.dumps(as_json(session, turns), indent=2) + "\n"
            if file.suffix == ".json"
            else as_markdown(session, turns)
        )
        try:
            if file.exists():
                raise FileExistsError
            write_text(file, text)
        except FileExistsError:
            raise SetupError(f"The file {file} exists. Give another name.") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise SetupError(f"The file {file} cannot be written: {reason}.") from None
        self._chat.lines([f"Written to {file}."])

    async def exit(self, rest: str) -> None:
        """Leave."""
        self._chat.ended = True

    # -- parts -------------------------------------------------------------------------------------

    def _looked_at(self) -> tuple[StoredTurn, RunId, list[str]]:
        """Return the last turn that has a run, its run, and a line that says which it is if it is not the last turn.

        Raises:
            SetupError: If there is none.
        """
        turns = self._conversation.turns
        if not turns:
            raise SetupError("Nothing was said yet. Say something first.")
        turn = next((turn for turn in reversed(turns) if turn.run_id is not None), None)
        if turn is None or turn.run_id is None:
            raise SetupError("No message has a run: none was begun, or it was deleted. Ask something first.")
        if turn is turns[-1]:
            return turn, turn.run_id, []
        from agot.cli.paint import one_line

        said = one_line(turn.said, _SAID_CHARS)
        return turn, turn.run_id, [
            f"The last message has no run; this is of message {turn.number}, {said!r}, run {turn.run_id}:"
        ]  # fmt: skip


_BUDGET_USE = f"write {', '.join(f'{name}=N' for name in _LIMITS)}, or off for none."


def _limits(text: str) -> dict[str, Any]:
    if text == "off":
        return dict.fromkeys(_LIMITS)
    found: dict[str, Any] = {}
    for part in text.replace(",", " ").split():
        name, equals, value = part.partition("=")
        if name not in _LIMITS or not equals:
            raise SetupError(f"{part!r} is no limit; {_BUDGET_USE}")
        try:
            found[name] = None if value == "off" else _LIMITS[name](value)
        except ValueError:
            raise SetupError(f"{part!r} has no number; {_BUDGET_USE}") from None
    return found


def _number(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal():
        raise SetupError(f"The turn {text!r} is no number. Write it as /fork 3.")
    return int(text)


def _two(text: str) -> tuple[str, str | None]:
    first, _, second = text.partition(" ")
    return first, second.strip() or None


def _spent(usage: Any, short: Callable[[float], str]) -> str:
    cost = f" · ${usage.cost_usd:.4f}" if usage.cost_usd else ""
    return f"{usage.calls} call{'s' * (usage.calls != 1)} · {short(usage.tokens)} tok{cost} · {usage.wall_s:.1f} s"


COMMANDS: dict[str, Command] = {
    "why": Command("[THOUGHT]", "how a thought was answered, and why so", Commands.why),
    "evidence": Command("[THOUGHT]", "what the answer rests on", Commands.evidence),
    "tree": Command("", "all thoughts of the last answer", Commands.tree),
    "open": Command("[THOUGHT]", "where the viewer shows it", Commands.open),
    "cost": Command("", "what the conversation cost", Commands.cost),
    "model": Command("[NAME [URL]]", "which model answers", Commands.model),
    "budget": Command("[calls=N usd=X ...]", "limits of each message", Commands.budget),
    "strategy": Command("[NAME]", "how questions are answered", Commands.strategy),
    "attach": Command("[FILE]", "give a file with the next message", Commands.attach),
    "fork": Command("[TURN]", "go on in a copy, up to a turn", Commands.fork),
    "undo": Command("", "take the last message away", Commands.undo),
    "resume": Command("[ID]", "go on with what was stopped, or elsewhere", Commands.resume),
    "export": Command("[FILE]", "write the conversation down", Commands.export),
    "help": Command("", "this list", Commands.help),
    "exit": Command("", "leave; so does Ctrl-D", Commands.exit),
}  # fmt: skip
