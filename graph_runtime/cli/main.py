"""Assembles the commands and turns errors into messages and exit codes.

Exit codes: 0 all done, 1 a node failed, 2 the request was wrong, 130 cancelled.
"""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated

import typer

from meshloom.graph_runtime.cli import bench, cache, inspect, models, pins, presets, run_command
from meshloom.graph_runtime.errors import MeshloomError

HELP = """
A node graph for images and 3D, run from the command line.

Try: meshloom presets, then meshloom run photos_to_model -o my-model

After any command, --traceback shows Python's own account of an error.
"""

app = typer.Typer(
    name="meshloom",
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("run", context_settings=pins.CONTEXT)(run_command.run)
app.command("check")(inspect.check)
app.command("show")(inspect.show)
app.command("why")(inspect.why)
app.command("nodes")(inspect.nodes)
app.command("presets")(presets.presets)
app.command("doctor")(inspect.doctor)
app.add_typer(cache.app, name="cache")
app.add_typer(models.app, name="models")
app.add_typer(bench.app, name="bench")


def _tell_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version as installed

        typer.echo(f"meshloom {installed('meshloom')}")
        raise typer.Exit


@app.callback()
def _global(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version and exit.", is_eager=True, callback=_tell_version),
    ] = False,
) -> None: ...


def run(arguments: list[str], show_traceback: bool = False) -> int:
    """Run a command line; returns the exit code. No traceback unless ``show_traceback``."""
    os.environ["MESHLOOM_TRACEBACK"] = "1" if show_traceback else ""
    for stream in (sys.stdout, sys.stderr):  # names of files need not be Unicode, nor the terminal speak it
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        result = app(arguments, prog_name="meshloom", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except (typer.Abort, KeyboardInterrupt):
        typer.echo("cancelled", err=True)
        return 130
    except MeshloomError as error:
        if show_traceback:
            raise
        typer.echo(f"meshloom: {error}", err=True)
        return 2
    except BrokenPipeError:  # the reader (head, less) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if hasattr(error, "format_message"):  # of the click that typer carries or depends on, by its release
            typer.echo(error.format_message(), err=bool(arguments))
            return 2 if arguments else 0
        if show_traceback:
            raise
        typer.echo(
            f"meshloom: internal error: {type(error).__name__}: {error}\n"
            "  this is a fault in Meshloom; run again with --traceback and report what it shows",
            err=True,
        )
        return 1
