"""The one entry: `meshloom` opens the window, `meshloom COMMAND` works without one and never imports Qt."""

from __future__ import annotations

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

_NO_QT = (
    "meshloom: the window needs PySide6, which is not installed\n"
    '  install it with: pip install "meshloom[app]" (or, in a checkout: make app)'
)


def open_window(
    files: Annotated[list[Path] | None, typer.Argument(help="Workflows, or results that carry one.")] = None,
) -> int:
    """Open the window, with these files if any are named."""
    if find_spec("PySide6") is None:
        typer.echo(_NO_QT, err=True)
        return 2
    absent = _what_is_missing()
    if absent:
        typer.echo(f"meshloom: {absent}", err=True)
        return 2
    from meshloom.ui import start

    return start.open_window(files or [])


def _what_is_missing() -> str:
    """What the system lacks for a window: Qt would end the process without a word of use."""
    from meshloom.graph_runtime.system import install_command, missing_libraries

    absent = missing_libraries(["app"])
    if absent:
        names = ", ".join(library.name for library in absent)
        return f"the window needs libraries that this system lacks: {names}\n  {install_command(absent)}"
    shown = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))
    if sys.platform == "linux" and not shown:
        return "there is no display to open a window on\n  without one, use the commands: meshloom --help"
    return ""


def main() -> None:
    """Run the command line; with no arguments, open the window."""
    arguments = sys.argv[1:]
    traceback_wanted = "--traceback" in arguments
    if traceback_wanted:
        arguments.remove("--traceback")
    from meshloom.graph_runtime.cli.main import app, run

    app.command("open")(open_window)
    if not arguments and find_spec("PySide6") is not None:
        arguments = ["open"]
    sys.exit(run(arguments, traceback_wanted))


if __name__ == "__main__":
    main()
