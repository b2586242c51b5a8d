"""Files and folders that only their owner may read: they hold questions, answers, and the names of keys."""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path


def make_folder(path: Path) -> None:
    """Make a folder, and the missing ones above it, for the owner alone; one that is there stays as it is.

    Raises:
        OSError: If it cannot be made.
    """
    if path.is_dir():
        return
    missing = [path, *(above for above in path.parents if not above.exists())]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)


def make_file(path: Path) -> None:
    """Make an empty file for the owner alone; nothing happens if it is there.

    Raises:
        OSError: If it cannot be made.
    """
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def close_to_others(path: Path) -> None:
    """Take the rights on a file or folder of one's own from everybody else, as far as that can be done.

    Folders that are shared by their nature, such as /tmp and the home folder itself, are left alone.
    """
    with contextlib.suppress(OSError):
        found = path.stat()
        shared = found.st_mode & stat.S_ISVTX or path.resolve() in (Path.home(), Path(path.anchor))
        if found.st_mode & 0o077 and not shared and found.st_uid == os.geteuid():
            path.chmod(stat.S_IMODE(found.st_mode) & 0o700)


def write_text(path: Path, text: str) -> None:
    """Write a text as UTF-8 into a file that, if it is new, only its owner may read.

    Raises:
        OSError: If it cannot be written.
    """
    make_file(path)
    path.write_text(text, "utf-8")
