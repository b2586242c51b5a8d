"""The entry point: as little as possible before Ctrl-C is met by more than the interpreter's traceback."""

from __future__ import annotations

import atexit
import gc
import sys

from agot.cli import owed


def main() -> None:
    """Run the command line and exit."""
    # The interpreter would look for garbage among all that was imported, for a second or more, before it ends.
    atexit.register(gc.freeze)
    try:
        owed.begin(sys.argv[1:])
        # Imported here and not above: it takes a moment in which a person may already want to stop.
        from agot.cli.app import run

        code = run()
    except KeyboardInterrupt:
        owed.pay("Interrupted.")
        if sys.stderr is not None:
            sys.stderr.write("agot: Interrupted.\n")
        code = 130
    sys.exit(code)


if __name__ == "__main__":
    main()
