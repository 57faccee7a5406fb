"""How a run is shown: a live table in a terminal, plain lines in a pipe, JSON lines for programs."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from typing import Any, Protocol, TextIO

from meshloom.graph_runtime.events import (
    Event,
    NodeDone,
    NodeFailed,
    NodeProgress,
    NodeSkipped,
    NodeStarted,
    RunEnded,
    RunStarted,
    Warned,
)


class Display(Protocol):
    """Hears the events of a run."""

    def __call__(self, event: Event) -> None: ...
    def close(self) -> None: ...


def display_for(as_json: bool, traceback: bool, stream: TextIO | None = None) -> Display:
    """The display that suits where standard output goes."""
    if as_json:
        return JsonLines(stream or sys.stdout)
    if stream is None and sys.stderr.isatty() and sys.stdout.isatty():
        return LiveTable(traceback)
    return PlainLines(stream or sys.stdout, traceback)


class JsonLines:
    """One JSON object a line, in the order things happen; tracebacks only with --traceback."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __call__(self, event: Event) -> None:
        said = event.to_json()
        if not os.environ.get("MESHLOOM_TRACEBACK"):
            said.pop("details", None)
        self._stream.write(json.dumps(said, ensure_ascii=False) + "\n")
        self._stream.flush()

    def close(self) -> None: ...


class PlainLines:
    """A line for each thing worth a line: for logs and pipes."""

    def __init__(self, stream: TextIO, traceback: bool) -> None:
        self._stream = stream
        self._traceback = traceback
        self._last: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        line = self._line(event)
        if line:
            self._stream.write(line + "\n")
            self._stream.flush()

    def _line(self, event: Event) -> str:
        if isinstance(event, NodeStarted):
            return f"{event.node}: started" + (f" ({event.items} items)" if event.items else "")
        if isinstance(event, NodeProgress):
            now = time.monotonic()
            if now - self._last.get(event.node, 0.0) < 5.0:
                return ""
            self._last[event.node] = now
            return f"{event.node}: {_percent(event)} {event.message}".rstrip()
        if isinstance(event, NodeDone):
            return f"{event.node}: {_done(event)}"
        if isinstance(event, NodeSkipped):
            return f"{event.node}: skipped, {event.because}"
        if isinstance(event, NodeFailed):
            return failure_text(event, self._traceback)
        if isinstance(event, Warned):
            return f"{event.node}: warning: {event.message}" if event.node else f"warning: {event.message}"
        if isinstance(event, RunEnded):
            return _ended(event)
        return ""

    def close(self) -> None: ...


class LiveTable:
    """A table that shows what runs now, below the lines of what is done."""

    def __init__(self, traceback: bool) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._traceback = traceback
        self._console = Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f} %"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[said]}"),
            console=self._console,
            transient=True,
        )
        self._tasks: dict[str, Any] = {}
        self._progress.start()

    def __call__(self, event: Event) -> None:
        if isinstance(event, RunStarted):
            self._tasks[""] = self._progress.add_task("all", total=max(1, event.nodes), said="")
        elif isinstance(event, NodeStarted):
            self._tasks[event.node] = self._progress.add_task(_escape(event.node), total=1.0, said="")
        elif isinstance(event, NodeProgress) and event.node in self._tasks:
            total = event.total or 1.0
            share, said = event.done / total, _escape(event.message)
            if math.isfinite(share):
                self._progress.update(self._tasks[event.node], completed=share, said=said)
        elif isinstance(event, NodeDone):
            self._end(event.node)
            if event.computed:
                self._say(f"[green]done[/]    {_escape(event.node)}  [dim]{_escape(_done(event))}[/]")
            else:
                self._say(f"[cyan]reused[/]  {_escape(event.node)}")
        elif isinstance(event, NodeSkipped):
            self._end(event.node)
            self._say(f"[yellow]skipped[/] {_escape(event.node)}  [dim]{_escape(event.because)}[/]")
        elif isinstance(event, NodeFailed):
            self._end(event.node)
            self._say(f"[red]failed[/]  {_escape(failure_text(event, self._traceback))}")
        elif isinstance(event, Warned):
            self._say(f"[yellow]warning[/] {_escape(event.node)}  {_escape(event.message)}")
        elif isinstance(event, RunEnded):
            self.close()
            self._say(_ended(event))

    def _say(self, text: str) -> None:
        self._progress.console.print(text)

    def _end(self, node: str) -> None:
        task = self._tasks.pop(node, None)
        if task is not None:
            self._progress.remove_task(task)
        if "" in self._tasks:
            self._progress.advance(self._tasks[""])

    def close(self) -> None:
        self._progress.stop()


def _escape(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def failure_text(event: NodeFailed, traceback: bool) -> str:
    """What went wrong in a node, where, and what to do."""
    text = f"{event.node}: failed: {event.message}"
    if event.hint:
        text += f"\n  {event.hint}"
    if traceback and event.details:
        text += f"\n{event.details}"
    return text


def _done(event: NodeDone) -> str:
    if not event.computed:
        return "reused"
    said = f"done in {event.seconds:.2f} s"
    if event.reused:
        said += f", {event.computed} items computed, {event.reused} reused"
    for kind, (computed, reused) in event.remembered.items():
        said += f", {kind}: {computed} computed, {reused} reused"
    if event.why:
        said += f" ({event.why})"
    return said


def _percent(event: NodeProgress) -> str:
    share = event.done / event.total if event.total else math.nan
    return f"{100.0 * share:.0f} %" if math.isfinite(share) else ""


def _ended(event: RunEnded) -> str:
    words = {"done": "done", "failed": "finished with failures", "cancelled": "cancelled"}
    return (
        f"{words[event.status]}: {event.computed} nodes computed, {event.reused} reused, "
        f"{event.failed} failed, {event.seconds:.2f} s"
    )


def human_bytes(count: float) -> str:
    """1234567 -> 1.2 MB."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return ""
