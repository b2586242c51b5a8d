"""Lists of tools as MCP servers really send them, read entry by entry.

The SDK checks a whole list at once, so one entry that is not as the protocol wants it costs all the server's tools. Here
such an entry is replaced, on its way to the SDK, by one that only says what is wrong with it.
"""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

if TYPE_CHECKING:
    from mcp.client import Transport
    from mcp.shared._stream_protocols import ReadStream, WriteStream
    from mcp.shared.message import SessionMessage

    _Streams = tuple[ReadStream[SessionMessage | Exception], WriteStream[SessionMessage]]

FAULT = "agot/fault"
"""The field of an entry's `_meta` that says why the entry cannot be used."""

_MOST_CHARS = 200


class Lenient(AbstractAsyncContextManager["_Streams"]):
    """A transport whose lists of tools hold no entry that the SDK refuses.

    Attributes:
        version: The version of the protocol that was agreed on; lists are left as they are while it is None.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.version: str | None = None

    async def __aenter__(self) -> _Streams:
        reading, writing = await self._transport.__aenter__()
        return _Reading(reading, self), writing

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._transport.__aexit__(kind, fault, trace)


class _Reading:
    """The messages of a server, its lists of tools mended."""

    def __init__(self, stream: ReadStream[SessionMessage | Exception], owner: Lenient) -> None:
        self._stream, self._owner = stream, owner

    @property
    def last_context(self) -> Any:
        """The sender's context variables, where the stream knows them; the SDK asks for them."""
        return getattr(self._stream, "last_context", None)

    async def receive(self) -> SessionMessage | Exception:
        return self._mended(await self._stream.receive())

    async def aclose(self) -> None:
        await self._stream.aclose()

    def __aiter__(self) -> _Reading:
        return self

    async def __anext__(self) -> SessionMessage | Exception:
        return self._mended(await self._stream.__anext__())

    async def __aenter__(self) -> _Reading:
        await self._stream.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        return await self._stream.__aexit__(kind, fault, trace)

    def _mended(self, item: SessionMessage | Exception) -> SessionMessage | Exception:
        if self._owner.version is not None and not isinstance(item, Exception):
            # Of all results of the protocol only a list of tools has this field.
            result = getattr(item.message, "result", None)
            if isinstance(result, dict) and isinstance(result.get("tools"), list):
                _mend(result, self._owner.version)
        return item


def _mend(page: dict[str, Any], version: str) -> None:
    if not _fault({**page, "tools": []}, version) and _fault(page, version):
        page["tools"] = [
            _blank(entry, number, fault) if (fault := _fault({**page, "tools": [entry]}, version)) else entry
            for number, entry in enumerate(page["tools"], 1)
        ]


def _fault(page: dict[str, Any], version: str) -> str:
    """Return why the SDK would refuse a page, or ""."""
    from mcp_types.methods import parse_server_result

    try:
        parse_server_result("tools/list", version, page)
    except ValidationError as error:
        return said(error)
    return ""


def said(error: ValidationError) -> str:
    """Return in a few words the first thing that is wrong with what a server sent."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"] if part != "tools" and not isinstance(part, int))
    return f"{where or 'it'}: {first['msg']}"[:_MOST_CHARS]


def _blank(entry: Any, number: int, fault: str) -> dict[str, Any]:
    name = entry.get("name") if isinstance(entry, dict) else None
    known = isinstance(name, str) and name.strip()
    return {
        "name": name if known else f"entry {number}", "inputSchema": {"type": "object"}, "_meta": {FAULT: fault},
    }  # fmt: skip
