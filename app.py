"""The one entry: `meshloom` opens the window, `meshloom COMMAND` works without one and never imports Qt."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; with no arguments, open the window."""
    arguments = sys.argv[1:]
    traceback_wanted = "--traceback" in arguments
    if traceback_wanted:
        arguments.remove("--traceback")
    from meshloom.graph_runtime.cli.main import run

    sys.exit(run(arguments, traceback_wanted))


if __name__ == "__main__":
    main()
