"""`meshloom run --sweep`: the cells of a grid one after the other, a folder each, a CSV and contact sheets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from meshloom.graph_runtime.cache import Missing
from meshloom.graph_runtime.cli.display import Display
from meshloom.graph_runtime.cli.open import Workflow
from meshloom.graph_runtime.cli.run_command import check_forced, exit_code, results, say_written, warn
from meshloom.graph_runtime.deliver import write_file
from meshloom.graph_runtime.engine import Engine
from meshloom.graph_runtime.errors import RequestError
from meshloom.graph_runtime.events import Event, RunEnded, RunStarted, Warned
from meshloom.graph_runtime.outcome import Outcome
from meshloom.graph_runtime.plan import Plan
from meshloom.graph_runtime.sweep import (
    Axis,
    Cell,
    cells,
    contact_sheet,
    csv_of,
    graph_of,
    numbers_of,
    parse_axis,
    picture_side,
)
from meshloom.graph_runtime.thumbnails import thumbnail


def run_sweep(
    opened: Workflow,
    engine: Engine,
    sweep: list[str],
    only: list[str] | None,
    folder: Path,
    display: Display,
    force: Sequence[str],
    report: bool,
    as_json: bool,
) -> int:
    """Run every cell; returns the exit code of the worst."""
    axes = [parse_axis(text, opened.graph, opened.catalog) for text in sweep]
    grid = cells(axes)
    graphs = [graph_of(cell, opened.graph, opened.catalog) for cell in grid]
    # A value out of range in any cell is told before the first one runs.
    plans = [engine.plan(graph, only, opened.folder) for graph in graphs]
    check_forced(force, plans[0])
    side = picture_side(axes)
    quiet = _Quiet(display)
    done: list[Cell] = []
    codes = []
    for cell, graph, plan in zip(grid, graphs, plans, strict=True):
        display(Warned(f"cell {len(done) + 1} of {len(grid)}", cell.name))
        warn(display, plan.problems)
        outcome = engine.run(plan, quiet, opened.id, force)
        shown = Workflow(opened.path, graph, opened.catalog)
        files, problems = results(shown, engine, plan, outcome, folder / cell.name, report)
        warn(display, problems)
        _fill(cell, plan, outcome, engine, side)
        done.append(cell)
        codes.append(exit_code(outcome, plan, problems))
        if as_json:
            for path, said in files:
                say_written(path, said, as_json)
        if outcome.status == "cancelled":
            break
    display.close()
    for path in _summaries(axes, done, folder):
        say_written(path, "sweep", as_json)
    return max(codes, default=0)


class _Quiet:
    """Events of the cells, without a beginning and an end for each."""

    def __init__(self, display: Display) -> None:
        self._display = display

    def __call__(self, event: Event) -> None:
        if not isinstance(event, (RunStarted, RunEnded)):
            self._display(event)


def _fill(cell: Cell, plan: Plan, outcome: Outcome, engine: Engine, side: int) -> None:
    cell.status, cell.seconds = outcome.status, outcome.seconds
    cell.message = "; ".join(f"{name}: {event.message}" for name, event in outcome.failed.items())
    for name in plan.targets:
        ports = plan.nodes[name].spec.outputs
        for port, ref in zip(ports, outcome.outputs.get(name, ()), strict=False):
            if not isinstance(ref, str):
                continue
            try:
                value = engine.value(ref)
            except Missing:  # damaged a moment ago: the files have it, the summary does without
                continue
            label = name if len(ports) == 1 else f"{name}.{port.name}"
            cell.numbers.update(numbers_of(label, value))
            picture = thumbnail(value, side)
            if picture is not None:
                cell.pictures[label] = picture


def _summaries(axes: list[Axis], done: list[Cell], folder: Path) -> list[Path]:
    if not done:
        raise RequestError()
    paths = [folder / "sweep.csv"]
    write_file(paths[0], csv_of(axes, done))
    for target in dict.fromkeys(name for cell in done for name in cell.pictures):
        sheet = contact_sheet(axes, done, target)
        if sheet is not None:
            paths.append(folder / f"sheet-{target.replace('/', '-')}.png")
            write_file(paths[-1], sheet)
    return paths
