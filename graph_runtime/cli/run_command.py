"""`meshloom run`: a workflow from the command line."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from meshloom.graph_runtime.cli.display import Display, display_for, human_bytes
from meshloom.graph_runtime.cli.open import Workflow, open_engine, open_workflow
from meshloom.graph_runtime.engine import Engine
from meshloom.graph_runtime.errors import MeshloomError, Problem, RequestError
from meshloom.graph_runtime.events import Event, NodeProgress, NodeStarted, Warned
from meshloom.graph_runtime.outcome import Outcome
from meshloom.graph_runtime.plan import Plan

EXIT = {"done": 0, "failed": 1, "cancelled": 130}

#: How often results that were found whole may be lost between being made and being written.
_TRIES = 3


def run(
    context: typer.Context,
    workflow: Annotated[str, typer.Argument(help="A workflow file, a result that carries one, or a preset.")],
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="node.param=value; may be given several times.")
    ] = None,
    sweep: Annotated[
        list[str] | None, typer.Option("--sweep", help="node.param=a,b,c; each one more axis of a grid.")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Run just this node and what it needs.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Folder for results [output/WORKFLOW].")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Events as JSON lines.")] = False,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="Nodes computed at once.")] = None,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Neither read nor keep results on disk.")
    ] = False,
    force: Annotated[
        list[str] | None, typer.Option("--force", help="Compute this node even if it is cached.")
    ] = None,
    report: Annotated[bool, typer.Option(help="Write report.html and report.json.")] = True,
    help_pins: Annotated[
        bool, typer.Option("--help-pins", help="Show the flags that the workflow's pins give, and exit.")
    ] = False,
) -> int:
    """Run a workflow and write its results, with a report, into a folder.

    Parameters pinned in the workflow are flags too: meshloom run WORKFLOW --max-size 2000
    """
    opened = _with_pins(context, workflow, settings, help_pins)
    if help_pins:
        return 0
    folder = output or Path("output") / opened.name
    display = display_for(as_json, bool(os.environ.get("MESHLOOM_TRACEBACK")))
    engine = open_engine(
        opened.catalog, workers, no_cache, on_trouble=lambda message: display(Warned("", message))
    )
    try:
        with _stops_on_signals(engine) as listen:
            display = _Listening(display, listen)
            if sweep:
                from meshloom.graph_runtime.cli.sweep_run import run_sweep

                return run_sweep(opened, engine, sweep, only, folder, display, force or [], report, as_json)
            return _run_once(opened, engine, only, folder, display, force or [], report, as_json)
    finally:
        display.close()
        engine.cache.close()


def _with_pins(context: typer.Context, workflow: str, settings: list[str] | None, tell: bool) -> Workflow:
    """The workflow, set as ``--set`` and the flags of its pins say; with ``tell``, these are listed."""
    from meshloom.graph_runtime.cli import pins
    from meshloom.graph_runtime.places import with_params
    from meshloom.graph_runtime.plan import suggest

    params = context.command.params
    options = [
        "--help",
        *(name for each in params for name in (*each.opts, *each.secondary_opts) if name[:1] == "-"),
    ]
    if workflow.startswith("-") and not Path(workflow).exists():
        hint = suggest(workflow, options) or "flags of pins come after the workflow: run WORKFLOW --flag ..."
        context.fail(f"No such option: {workflow}; {hint}")
    opened = open_workflow(workflow, settings)
    if tell:
        found = pins.pins_of(opened.graph, opened.catalog, options)
        typer.echo("\n".join(pins.help_lines(opened.path.name, opened.graph, opened.catalog, found)))
        return opened
    if not context.args:
        return opened
    try:
        given = pins.set_pins(context.args, opened.graph, opened.catalog, options)
    except pins.Unknown as error:
        context.fail(str(error))
    return Workflow(opened.path, with_params(opened.graph, opened.catalog, given), opened.catalog)


class _Listening:
    """A display that takes the signals again whenever a node has had time to import something."""

    def __init__(self, display: Display, listen: Callable[[], None]) -> None:
        self._display = display
        self._listen = listen

    def __call__(self, event: Event) -> None:
        if isinstance(event, (NodeStarted, NodeProgress)):
            self._listen()
        self._display(event)

    def close(self) -> None:
        self._display.close()


def _run_once(
    opened: Workflow,
    engine: Engine,
    only: list[str] | None,
    folder: Path,
    display: Display,
    force: list[str],
    report: bool,
    as_json: bool,
) -> int:
    plan = engine.plan(opened.graph, only, opened.folder)
    check_forced(force, plan)
    warn(display, plan.problems)
    outcome = engine.run(plan, display, opened.id, force)
    files, problems = results(opened, engine, plan, outcome, folder, report)
    warn(display, problems)
    display.close()
    for path, said in files:
        say_written(path, said, as_json)
    return exit_code(outcome, plan, problems)


def warn(display: Display, problems: Iterable[Problem]) -> None:
    """Tell problems that did not stop the run."""
    for problem in problems:
        display(
            Warned(problem.where, f"{problem.message}; {problem.hint}" if problem.hint else problem.message)
        )


def exit_code(outcome: Outcome, plan: Plan, problems: Sequence[Problem]) -> int:
    """Of a run whose results met ``problems`` on their way into files."""
    return EXIT[outcome.status] or (1 if problems else 2 if plan.problems else 0)


def results(
    opened: Workflow, engine: Engine, plan: Plan, outcome: Outcome, folder: Path, report: bool
) -> tuple[list[tuple[Path, str]], list[Problem]]:
    """Write what the targets gave, and the report; returns each file with what it is, and what went wrong."""
    from meshloom.graph_runtime.cache import Missing
    from meshloom.graph_runtime.deliver import deliver
    from meshloom.graph_runtime.lookup import digests
    from meshloom.graph_runtime.provenance_text import provenance_text

    text = provenance_text(opened.graph, opened.catalog, opened.folder)

    def ports() -> list[tuple[str, list[tuple[str, Any]]]]:
        return [
            (name, [(port.name, ref) for port, ref in zip(plan.nodes[name].spec.outputs, refs, strict=True)])
            for name in plan.targets
            if (refs := outcome.outputs.get(name)) is not None
        ]

    values = sum(len(digests(ref)) for _, outputs in ports() for _, ref in outputs)
    for _ in range(_TRIES + 2 * values):  # each try may find one more value, or one more file, damaged
        problems: list[Problem] = []
        try:
            written = deliver(engine.cache, folder, ports(), text, problems)
            break
        except Missing:  # a damaged value was found while reading it: its maker runs again
            outcome = engine.run(plan, None, opened.id)
    else:
        raise MeshloomError(
            "results are lost from the cache as soon as they are made",
            "another process may be clearing it, or its disk is failing: try again, or with --no-cache",
        )
    outcome.warnings += [Warned(problem.where, problem.message) for problem in problems]
    files = [(file.path, "result") for file in written]
    if report:
        from meshloom.graph_runtime.report import write_report

        made = write_report(folder, opened.path, text, plan, outcome, written, engine)
        files += [(path, "report") for path in made]
    return files, problems


def check_forced(force: Sequence[str], plan: Plan) -> None:
    """Raise :class:`RequestError` for a node to be forced that the run does not have."""
    from meshloom.graph_runtime.plan import suggest

    for name in force:
        if not any(path == name or path.startswith(f"{name}/") for path in plan.nodes):
            raise RequestError(Problem(name, "no such node in this run", suggest(name, plan.nodes)))


def say_written(path: Path, said: str, as_json: bool) -> None:
    """Tell of a file that was written."""
    import json

    count = path.stat().st_size
    if as_json:
        line = json.dumps({"event": "Written", "path": str(path), "bytes": count, "what": said})
    else:
        line = f"{said:<8} {path}  ({human_bytes(count)})"
    typer.echo(line)


@contextmanager
def _stops_on_signals(engine: Engine) -> Iterator[Callable[[], None]]:
    """Ctrl-C once (or a polite kill): stop cleanly and keep what is finished. Twice: leave at once.

    Yields a function that takes the signals again: pycolmap's import, in the midst of a run, puts a handler
    of its own on SIGTERM that aborts the process.
    """
    asked = 0
    numbers = (signal.SIGINT, signal.SIGTERM)

    def stop(number: int, frame: object) -> None:
        nonlocal asked
        asked += 1
        if asked > 1:
            os._exit(130)
        engine.cancel()

    def listen() -> None:
        for number in numbers:
            signal.signal(number, stop)

    before = {number: signal.getsignal(number) or signal.SIG_DFL for number in numbers}
    listen()
    try:
        yield listen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
