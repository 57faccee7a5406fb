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
    return "" if sys.platform != "linux" else _display_trouble()


def _display_trouble() -> str:
    """Why no window can be shown on this display."""
    advice = "\n  without a display, use the commands: meshloom --help"
    wanted = os.environ.get("QT_QPA_PLATFORM", "")
    if wanted and not wanted.startswith("xcb"):
        return ""
    wayland = Path(os.environ.get("XDG_RUNTIME_DIR", ""), os.environ.get("WAYLAND_DISPLAY", ""))
    if not wanted and os.environ.get("WAYLAND_DISPLAY") and wayland.exists():
        return ""
    name = os.environ.get("DISPLAY")
    if not name:
        return f"there is no display to open a window on{advice}"
    import ctypes

    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    held = ctypes.c_void_p(xcb.xcb_connect(None, None))
    refused = xcb.xcb_connection_has_error(held)
    xcb.xcb_disconnect(held)
    return f"the display {name} does not answer (DISPLAY says to use it){advice}" if refused else ""


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
