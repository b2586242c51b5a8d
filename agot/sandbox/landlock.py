"""Landlock: a process gives up all files but those below some folders (Linux 5.13 and newer)."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_VERSION_FLAG, _BENEATH = 1, 1

_EXECUTE, _WRITE, _READ, _LIST = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_TRUNCATE, _IOCTL_DEV = 1 << 14, 1 << 15
_MAKE_DEVICES = 1 << 6 | 1 << 11
_FOR_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE | _IOCTL_DEV
_ACCESS_OF = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
"""All that could be governed at each version; versions above 5 govern the same of files."""

_TCP = 0b11
_SCOPES = 0b11
"""Abstract sockets and signals."""


def version(libc: ctypes.CDLL) -> int:
    """Return the version of Landlock that the kernel speaks; 0 if none, or if it is switched off."""
    return max(0, int(libc.syscall(_CREATE, None, ctypes.c_size_t(0), _VERSION_FLAG)))


def restrict(libc: ctypes.CDLL, readable: Iterable[str], writable: Iterable[str]) -> None:
    """Let the calling thread read only below `readable`, and read and write only below `writable`.

    Paths that do not exist are left out. The thread must have given up new privileges before.

    Raises:
        OSError: If the kernel refuses.
    """
    speaks = version(libc)
    governed = _ACCESS_OF[min(speaks, 5)]
    # An older kernel takes a shorter description.
    described = struct.pack("=QQQ", governed, _TCP, _SCOPES)[: 8 if speaks < 4 else 16 if speaks < 6 else 24]
    ruleset = _checked(libc.syscall(_CREATE, described, ctypes.c_size_t(len(described)), 0))
    try:
        for path in readable:
            _allow(libc, ruleset, path, _READ | _LIST)
        for path in writable:
            _allow(libc, ruleset, path, governed & ~(_EXECUTE | _MAKE_DEVICES | _IOCTL_DEV))
        _checked(libc.syscall(_RESTRICT, ruleset, 0))
    finally:
        os.close(ruleset)


def _allow(libc: ctypes.CDLL, ruleset: int, path: str, access: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            access &= _FOR_FILES
        _checked(libc.syscall(_ADD, ruleset, _BENEATH, struct.pack("=Qi", access, place), 0))
    finally:
        os.close(place)


def _checked(returned: int) -> int:
    if returned < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"Landlock: {os.strerror(number)}")
    return returned
