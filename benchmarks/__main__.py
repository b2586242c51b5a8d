"""Run all benchmarks, each in a process of its own; exit 1 if any target is missed."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys

NAMES = (
    "barrier", "fanout", "overhead", "speed", "kill", "soak", "outage", "budgets", "search", "embedded", "wordings",
    "install", "viewer", "load", "relay",
)  # fmt: skip


def main() -> None:
    """Run the named benchmarks, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"default: all ({', '.join(NAMES)})")
    parser.add_argument("--json", action="store_true", help="print one JSON array")
    parser.add_argument("--quick", action="store_true", help="tiny sizes: a smoke test, not figures")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in NAMES]
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are: {', '.join(NAMES)}")
    reports = []
    failed = []
    for name in options.names or NAMES:
        command = [sys.executable, "-m", f"benchmarks.{name}", *(["--json"] if options.json else [])]
        command += ["--quick"] if options.quick else []
        done = subprocess.run(
            command, stdout=subprocess.PIPE if options.json else None, text=True, check=False
        )
        if done.returncode:
            failed.append(name)
        if options.json and done.stdout.strip():
            reports.append(json.loads(done.stdout))
    if options.json:
        print(json.dumps(reports))
    elif failed:
        print(f"MISSED: {', '.join(failed)}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
