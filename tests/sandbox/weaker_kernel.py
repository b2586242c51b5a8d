"""Runs a program in the sandbox on a kernel that allows less: `python weaker_kernel.py CALL,CALL < JOB`.

The named system calls are forbidden to this process and all it starts, as containers do. The job is
JSON; so is what is printed.
"""

from __future__ import annotations

import asyncio
import ctypes
import dataclasses
import json
import os
import struct
import sys

from agot.errors import ToolError
from agot.sandbox import seccomp
from agot.sandbox.run import Limits, run_python

_NUMBERS = {"x86_64": {"unshare": 272, "mount": 165}, "aarch64": {"unshare": 97, "mount": 40}}
_BOTH = {"landlock_create_ruleset": 444}


def forbid(calls: list[str]) -> None:
    numbers = _NUMBERS[os.uname().machine] | _BOTH
    steps = [struct.pack("=HBBI", 0x20, 0, 0, 0)]
    for call in calls:
        steps += [
            struct.pack("=HBBI", 0x15, 0, 1, numbers[call]),
            struct.pack("=HBBI", 0x06, 0, 0, 0x00050001),
        ]
    steps.append(struct.pack("=HBBI", 0x06, 0, 0, 0x7FFF0000))
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(38, 1, 0, 0, 0) == 0
    assert seccomp.install(libc, b"".join(steps)) == 0


async def run(job: dict[str, object]) -> dict[str, object]:
    try:
        ran = await run_python(str(job["source"]), limits=Limits(**job["limits"]))  # type: ignore[arg-type]
    except ToolError as error:
        return {"refused": str(error)}
    return dataclasses.asdict(ran)


if __name__ == "__main__":
    forbid([call for call in sys.argv[1].split(",") if call])
    print(json.dumps(asyncio.run(run(json.load(sys.stdin)))))
