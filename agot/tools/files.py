"""Files below one folder: found by name, searched for text, read. Nothing outside of it, by whatever path."""

from __future__ import annotations

import fnmatch
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from agot.errors import SetupError, ToolError
from agot.tools.tool import Tool, tool

_MOST_FILES = 50_000
_MOST_FOUND = 200
_MOST_SEARCHED_BYTES = 64 << 20
_MOST_FILE_BYTES = 2 << 20
_MOST_LINES = 400
_MOST_LINE_CHARS = 300


def file_tools(root: Path) -> tuple[Tool, ...]:
    """Return tools that look at files below `root`.

    Symbolic links are followed only if they lead to a file below `root`. Only regular text files are read.

    Raises:
        SetupError: If `root` is no folder.
    """
    folder = Folder(root)

    @tool
    def find_files(name: str = "*") -> str:
        """List files whose name or path matches a pattern with * and ?.

        Args:
            name: For instance "*.md" or "docs/*".
        """
        found, more = folder.find(name)
        if not found:
            return "No file matches."
        return "\n".join(found) + (f"\n[only the first {len(found)} are listed]" if more else "")

    @tool
    def search_files(text: str, name: str = "*") -> str:
        """Search files for a text, without regard to case; gives path, number and text of each line.

        Args:
            text: What to look for, literally.
            name: Only in files that match this pattern.
        """
        return folder.search(text, name)

    @tool
    def read_file(path: str, first_line: int = 1) -> str:
        """Read a text file, some hundred lines at a time.

        Args:
            path: As the other tools give it.
            first_line: From 1.
        """
        return folder.read(path, first_line)

    return (find_files, search_files, read_file)


class Folder:
    """Files below a root, opened so that no link and no race leads out of it."""

    def __init__(self, root: Path) -> None:
        self._root = os.path.realpath(root)
        if not os.path.isdir(self._root):
            raise SetupError(
                f"The folder {root} for the file tools does not exist. Make it, or name another."
            )

    def find(self, name: str) -> tuple[list[str], bool]:
        """Return paths that match, always in the same order, and whether there are more."""
        found: list[str] = []
        for path in self._paths():
            if _matches(path, name):
                if len(found) == _MOST_FOUND:
                    return found, True
                found.append(path)
        return found, False

    def search(self, text: str, name: str) -> str:
        """Return the lines that hold a text."""
        wanted = text.casefold()
        if not wanted.strip():
            raise ToolError("The text to search for is empty.")
        lines: list[str] = []
        read_bytes = 0
        for path in self._paths():
            if not _matches(path, name):
                continue
            try:
                content = self._open(path)
            except ToolError:
                # What cannot be read holds nothing to be found.
                continue
            read_bytes += len(content)
            for number, line in enumerate(content.splitlines(), start=1):
                if wanted in line.casefold():
                    lines.append(f"{path}:{number}: {_around(line, wanted)}")
                if len(lines) >= _MOST_FOUND:
                    return "\n".join(
                        [*lines, f"[stopped after {_MOST_FOUND} lines; search for something rarer]"]
                    )
            if read_bytes > _MOST_SEARCHED_BYTES:
                return "\n".join([*lines, "[stopped: too many files; narrow the pattern]"])
        return "\n".join(lines) or "Nothing found."

    def read(self, path: str, first_line: int) -> str:
        """Return lines of a file.

        Raises:
            ToolError: If there is no such text file below the root.
        """
        if first_line < 1:
            raise ToolError("first_line counts from 1.")
        lines = self._open(path).splitlines()
        shown = lines[first_line - 1 : first_line - 1 + _MOST_LINES]
        if not shown:
            return f"[the file has {len(lines)} lines]"
        last = first_line - 1 + len(shown)
        text = "\n".join(
            line[:_MOST_LINE_CHARS] + ("..." if len(line) > _MOST_LINE_CHARS else "") for line in shown
        )
        return text + (f"\n[lines {first_line} to {last} of {len(lines)}]" if len(shown) < len(lines) else "")

    def _paths(self) -> Iterator[str]:
        """Yield the files below the root, each folder's own before those of its folders, at most `_MOST_FILES`."""
        seen = 0
        for place, folders, files in os.walk(self._root, followlinks=False):
            folders.sort()
            for file in sorted(files):
                seen += 1
                if seen > _MOST_FILES:
                    return
                yield os.path.relpath(os.path.join(place, file), self._root)

    def _open(self, path: str) -> str:
        """Return a file's text.

        Raises:
            ToolError: If it is outside of the root, too large, or no text.
        """
        if not path or "\0" in path:
            raise ToolError("Name a file.")
        real = os.path.realpath(os.path.join(self._root, path))
        if os.path.commonpath([real, self._root]) != self._root:
            raise ToolError(f"The file {path!r} lies outside of the folder that may be read.")
        try:
            content = self._content(os.path.relpath(real, self._root).split(os.sep))
        except OSError as error:
            raise ToolError(f"The file {path!r} cannot be read: {error.strerror}.") from None
        if content is None:
            raise ToolError(f"{path!r} is no regular file of at most {_MOST_FILE_BYTES >> 20} MB.")
        if b"\0" in content[:8192]:
            raise ToolError(f"The file {path!r} is not text.")
        return content.decode("utf-8", "replace")

    def _content(self, parts: list[str]) -> bytes | None:
        # Step by step and never through a link: the path may have changed since it was resolved.
        at = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for number, part in enumerate(parts, start=1):
                kind = os.O_DIRECTORY if number < len(parts) else os.O_NONBLOCK
                inner = os.open(part, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | kind, dir_fd=at)
                os.close(at)
                at = inner
            status = os.fstat(at)
            if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST_FILE_BYTES:
                return None
            content = b""
            while len(content) <= _MOST_FILE_BYTES and (piece := os.read(at, 1 << 20)):
                content += piece
            return content
        finally:
            os.close(at)


def _matches(path: str, pattern: str) -> bool:
    return any(
        fnmatch.fnmatchcase(one.casefold(), pattern.casefold()) for one in (path, os.path.basename(path))
    )


def _around(line: str, wanted: str) -> str:
    place = max(0, line.casefold().find(wanted) - _MOST_LINE_CHARS // 3)
    return line[place : place + _MOST_LINE_CHARS].strip()
