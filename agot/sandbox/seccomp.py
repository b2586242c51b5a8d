"""The system calls that a program in the sandbox may make.

What is not listed does not exist: no socket, no other process or thread, no other program, no signal
to anybody else, no change of owner or mode of a file. The filter is classic BPF, built here and handed
to the kernel by `prctl`.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterable, Mapping

# name: number on x86_64, number on aarch64; -1 where the machine has no such call.
_CALLS: dict[str, tuple[int, int]] = {
    "access": (21, -1), "alarm": (37, -1), "arch_prctl": (158, -1), "brk": (12, 214), "chdir": (80, 49),
    "clock_getres": (229, 114), "clock_gettime": (228, 113), "clock_nanosleep": (230, 115), "close": (3, 57),
    "close_range": (436, 436), "copy_file_range": (326, 285), "creat": (85, -1), "dup": (32, 23), "dup2": (33, -1),
    "dup3": (292, 24), "epoll_create1": (291, 20), "epoll_ctl": (233, 21), "epoll_pwait": (281, 22),
    "epoll_wait": (232, -1), "eventfd2": (290, 19), "exit": (60, 93), "exit_group": (231, 94), "faccessat": (269, 48),
    "faccessat2": (439, 439), "fadvise64": (221, 223), "fallocate": (285, 47), "fchdir": (81, 50), "fdatasync": (75, 83),
    "flock": (73, 32), "fstat": (5, 80), "fstatfs": (138, 44), "fsync": (74, 82), "ftruncate": (77, 46),
    "futex": (202, 98), "getcpu": (309, 168), "getcwd": (79, 17), "getdents64": (217, 61), "getegid": (108, 177),
    "geteuid": (107, 175), "getgid": (104, 176), "getgroups": (115, 158), "getitimer": (36, 102), "getpgid": (121, 155),
    "getpgrp": (111, -1), "getpid": (39, 172), "getppid": (110, 173), "getrandom": (318, 278), "getresgid": (120, 150),
    "getresuid": (118, 148), "getrlimit": (97, 163), "getrusage": (98, 165), "getsid": (124, 156), "gettid": (186, 178),
    "gettimeofday": (96, 169), "getuid": (102, 174), "link": (86, -1), "linkat": (265, 37), "lseek": (8, 62),
    "lstat": (6, -1), "madvise": (28, 233), "membarrier": (324, 283), "mkdir": (83, -1), "mkdirat": (258, 34),
    "mmap": (9, 222), "mprotect": (10, 226), "mremap": (25, 216), "msync": (26, 227), "munmap": (11, 215),
    "nanosleep": (35, 101), "newfstatat": (262, 79), "open": (2, -1), "openat": (257, 56), "pause": (34, -1),
    "pipe": (22, -1), "pipe2": (293, 59), "poll": (7, -1), "ppoll": (271, 73), "pread64": (17, 67), "preadv": (295, 69),
    "pselect6": (270, 72), "pwrite64": (18, 68), "pwritev": (296, 70), "read": (0, 63), "readlink": (89, -1),
    "readlinkat": (267, 78), "readv": (19, 65), "rename": (82, -1), "renameat": (264, 38), "renameat2": (316, 276),
    "restart_syscall": (219, 128), "rmdir": (84, -1), "rseq": (334, 293), "rt_sigaction": (13, 134),
    "rt_sigpending": (127, 136), "rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "rt_sigsuspend": (130, 133),
    "rt_sigtimedwait": (128, 137), "sched_getaffinity": (204, 123), "sched_yield": (24, 124), "select": (23, -1),
    "sendfile": (40, 71), "set_robust_list": (273, 99), "set_tid_address": (218, 96), "setitimer": (38, 103),
    "setrlimit": (160, 164), "sigaltstack": (131, 132), "stat": (4, -1), "statfs": (137, 43), "statx": (332, 291),
    "symlink": (88, -1), "symlinkat": (266, 36), "sysinfo": (99, 179), "time": (201, -1), "times": (100, 153),
    "umask": (95, 166), "uname": (63, 160), "unlink": (87, -1), "unlinkat": (263, 35), "wait4": (61, 260),
    "write": (1, 64), "writev": (20, 66),
}  # fmt: skip

# Calls that may be made with some values of one argument only: number on each machine, which argument.
_GUARDED: dict[str, tuple[int, int, int]] = {
    "fcntl": (72, 25, 1), "ioctl": (16, 29, 1), "kill": (62, 129, 0), "prctl": (157, 167, 0), "prlimit64": (302, 261, 0),
    "tgkill": (234, 131, 0),
}  # fmt: skip

# Duplicates, flags and locks; not F_SETOWN and F_SETSIG, which send signals to other processes.
_FCNTL = (0, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1030, 1032)
# Is it a terminal, how wide is it, how much can be read, close on exec, do not block.
_IOCTL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)
# Names of threads and of mappings.
_PRCTL = (15, 16, 0x53564D41)

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
MACHINES = tuple(_MACHINES)
"""Machines whose calls are known here, as `os.uname().machine` names them."""

_FIRST_NEW = 424
"""From here on calls have the same number on all machines. A C library tries new ones and takes
"no such call" for an answer; "not permitted" would stop it."""

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_EPERM, _ENOSYS = 1, 38
_AT_NUMBER, _AT_MACHINE, _AT_ARGUMENTS = 0, 4, 16

_PR_SET_SECCOMP, _MODE_FILTER = 22, 2


def program(machine: str, pid: int) -> bytes:
    """Return the filter for the process `pid`.

    Args:
        machine: One of `MACHINES`.
        pid: The only process that may be sent signals, as that process sees its own number.
    """
    column, audit = _MACHINES[machine]
    allowed = [numbers[column] for numbers in _CALLS.values() if numbers[column] >= 0]
    values = {
        "fcntl": _FCNTL, "ioctl": _IOCTL, "kill": (pid,), "prctl": _PRCTL, "prlimit64": (0,), "tgkill": (pid,),
    }  # fmt: skip
    guarded = {numbers[column]: (numbers[2], values[name]) for name, numbers in _GUARDED.items()}
    return _assemble(audit, allowed, guarded)


def _assemble(
    audit: int, allowed: Iterable[int], guarded: Mapping[int, tuple[int, tuple[int, ...]]]
) -> bytes:
    code = [
        _step(_LOAD, _AT_MACHINE),
        _step(_EQUAL, audit, 1, 0),
        _step(_RETURN, _KILL),
        _step(_LOAD, _AT_NUMBER),
    ]
    for number in sorted(allowed):
        code += [_step(_EQUAL, number, 0, 1), _step(_RETURN, _ALLOW)]
    for number, (argument, values) in guarded.items():
        inner = [_step(_LOAD, _AT_ARGUMENTS + 8 * argument)]
        for value in values:
            inner += [_step(_EQUAL, value, 0, 1), _step(_RETURN, _ALLOW)]
        inner.append(_step(_RETURN, _ERRNO | _EPERM))
        code += [_step(_EQUAL, number, 0, len(inner)), *inner]
    # The 32-bit calls of x86_64 have large numbers and end here as well.
    code += [
        _step(_AT_LEAST, _FIRST_NEW, 1, 0),
        _step(_RETURN, _ERRNO | _EPERM),
        _step(_RETURN, _ERRNO | _ENOSYS),
    ]
    return b"".join(code)


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))


def install(libc: ctypes.CDLL, code: bytes) -> int:
    """Put the calling thread under the filter for good; return 0, or the error number.

    The thread must have given up new privileges before.
    """
    buffer = ctypes.create_string_buffer(code, len(code))
    held = _Program(len(code) // 8, ctypes.cast(buffer, ctypes.c_void_p))
    failed = libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(held), 0, 0)
    return ctypes.get_errno() if failed else 0
