"""Namespaces: a process gets a network, a process table and a file tree of its own.

A user namespace gives an unprivileged process the right to make the others, where the kernel and the
distribution allow it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
from collections.abc import Iterable

_NEW_MOUNTS, _NEW_CGROUP, _NEW_NAMES, _NEW_IPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
_NEW_USER, _NEW_PROCESSES, _NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000

_READ_ONLY, _NO_SUID, _NO_DEVICES, _NO_EXECUTION, _REMOUNT = 1, 2, 4, 8, 32
_BIND, _RECURSIVE, _PRIVATE, _DETACH = 4096, 16384, 1 << 18, 2
_KEPT = {os.ST_NODEV: _NO_DEVICES, os.ST_NOEXEC: _NO_EXECUTION, os.ST_NOATIME: 1024, os.ST_NODIRATIME: 2048,
         os.ST_RELATIME: 1 << 21}  # fmt: skip
"""Flags of a mount that a user namespace must not take away, by their name in `statvfs`."""

_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}


def enter(libc: ctypes.CDLL) -> None:
    """Move the calling process into new namespaces; its next child is the first process of its own table.

    Raises:
        OSError: If the kernel or the distribution does not allow it.
    """
    user, group = os.geteuid(), os.getegid()
    everything = _NEW_USER | _NEW_MOUNTS | _NEW_PROCESSES | _NEW_NETWORK | _NEW_IPC | _NEW_NAMES | _NEW_CGROUP
    _checked(libc.unshare(everything), "unshare")
    maps = {"setgroups": "deny", "uid_map": f"{user} {user} 1", "gid_map": f"{group} {group} 1"}
    # Without names for users there is still a network and a process table of one's own; mounts then fail.
    with contextlib.suppress(OSError):
        for name, text in maps.items():
            with open(f"/proc/self/{name}", "w") as file:
                file.write(text)


def change_root(
    libc: ctypes.CDLL, new_root: str, readable: Iterable[str], writable: str, *, size_bytes: int, entries: int
) -> None:
    """Leave the file tree for an empty one that holds `readable`, read-only, and an empty folder `writable`.

    All paths stay what they were. Must be called in the namespaces of `enter`.

    Args:
        new_root: An empty folder.
        writable: Becomes a file system in memory.
        size_bytes: What fits into `writable`.
        entries: Files and folders that fit into `writable`.

    Raises:
        OSError: If the kernel refuses; the process must not be trusted with files then.
    """
    _mount(libc, "none", "/", None, _RECURSIVE | _PRIVATE)
    _mount(libc, "tmpfs", new_root, "tmpfs", _NO_SUID | _NO_DEVICES, "size=1m,mode=755")
    reals = {path: os.path.realpath(path) for path in readable}
    for real in _outermost(reals.values()):
        _bind(libc, real, new_root + real)
    for path, real in reals.items():
        if path != real and not os.path.lexists(new_root + path):
            os.makedirs(os.path.dirname(new_root + path), exist_ok=True)
            os.symlink(real, new_root + path)
    own = new_root + writable
    os.makedirs(own)
    for place in _mounts_below(new_root):
        # A bound folder brings the mounts below it, and each is made read-only by itself.
        held = os.statvfs(place).f_flag
        flags = sum(flag for seen, flag in _KEPT.items() if held & seen)
        _mount(libc, "none", place, None, _REMOUNT | _BIND | _READ_ONLY | _NO_SUID | flags)
    options = f"size={size_bytes},nr_inodes={entries},mode=700"
    _mount(libc, "tmpfs", own, "tmpfs", _NO_SUID | _NO_DEVICES | _NO_EXECUTION, options)
    os.chdir(new_root)
    _checked(libc.syscall(_PIVOT_ROOT[os.uname().machine], b".", b"."), "pivot_root")
    _checked(libc.umount2(b".", _DETACH), "umount")
    os.chdir("/")


def _outermost(paths: Iterable[str]) -> list[str]:
    """Return the paths that exist and do not lie below another of them."""
    kept: list[str] = []
    for path in sorted(set(paths)):
        if os.path.exists(path) and not any(path.startswith(f"{outer}/") for outer in kept):
            kept.append(path)
    return kept


def _bind(libc: ctypes.CDLL, path: str, target: str) -> None:
    if os.path.isdir(path):
        os.makedirs(target)
    else:
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC))
    _mount(libc, path, target, None, _BIND | _RECURSIVE)


def _mounts_below(folder: str) -> list[str]:
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
        # The kernel writes blanks in paths as octal numbers.
        places = [line.split(" ")[4].encode("utf-8", "surrogateescape") for line in file]
    paths = [os.fsdecode(place.decode("unicode_escape").encode("latin-1")) for place in places]
    return [path for path in paths if path == folder or path.startswith(f"{folder}/")]


def _mount(
    libc: ctypes.CDLL, source: str, target: str, kind: str | None, flags: int, options: str | None = None
) -> None:
    done = libc.mount(
        os.fsencode(source),
        os.fsencode(target),
        kind and kind.encode(),
        ctypes.c_ulong(flags),
        options and options.encode(),
    )
    _checked(done, f"mount {target}")


def _checked(returned: int, what: str) -> None:
    if returned < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
