"""What was run before: the graph, how it went, its picture; and how long each kind of node takes.

One JSON file a run in the user's data folder, so that a file that is damaged costs one entry.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.preset import dump, parse
from meshloom.ui.running.runs import RunInfo
from meshloom.ui.running.status import NodeStatus
from meshloom.ui.settings import data_folder

#: Runs that are remembered.
MOST = 200


@dataclass(frozen=True)
class Entry:
    """A run that ended. ``outputs``: content digests by node, for looking at results that the cache still has."""

    file: Path
    label: str
    workflow: str
    state: str
    ended: float
    seconds: float
    computed: int
    reused: int
    failed: int
    written: tuple[str, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    text: str = ""

    @property
    def picture(self) -> Path:
        return self.file.with_suffix(".png")

    def graph(self) -> GraphData:
        """The graph as it was run. Raises :class:`RequestError` when it cannot be read any more."""
        return parse(self.text.encode(), self.label)


class History(QObject):
    """The runs of this user, newest first."""

    changed = Signal()

    def __init__(self, folder: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder or data_folder() / "history"
        self._entries: list[Entry] | None = None
        self._timings: dict[str, float] | None = None

    def entries(self) -> list[Entry]:
        if self._entries is None:
            files = sorted(self.folder.glob("run-*.json"), reverse=True) if self.folder.is_dir() else []
            self._entries = [entry for entry in map(_read, files[:MOST]) if entry is not None]
        return list(self._entries)

    def add(self, run: RunInfo, statuses: Mapping[str, NodeStatus]) -> None:
        """Remember a run that ended."""
        known = self.entries()
        stamp = f"{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**9:09d}"
        said = {
            "label": run.label,
            "workflow": run.workflow,
            "state": run.state,
            "ended": time.time(),
            "seconds": run.seconds,
            "computed": run.computed,
            "reused": run.reused,
            "failed": run.failed,
            "written": [str(path) for path in run.written],
            "outputs": {
                name: [ref if isinstance(ref, str) else list(ref) for ref in status.outputs]
                for name, status in statuses.items()
                if status.outputs and status.state in ("done", "cached")
            },
            "graph": dump(run.graph),
        }
        file = self.folder / f"run-{stamp}.json"
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            aside = file.with_suffix(".part")
            aside.write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
            if run.thumbnail is not None:
                run.thumbnail.save(str(file.with_suffix(".png")))
            aside.replace(file)
        known.insert(0, _entry(file, said))
        for old in known[MOST:]:
            _unlink(old)
        self._entries = known[:MOST]
        self._learn(run)
        self.changed.emit()

    def forget(self, entry: Entry) -> None:
        """Take a run out of the history; its results stay in the cache."""
        _unlink(entry)
        self._entries = [each for each in self.entries() if each is not entry]
        self.changed.emit()

    # --------------------------------------------------------------------------------------------- timings

    @property
    def timings(self) -> dict[str, float]:
        """Seconds that a node of each type took, lately."""
        if self._timings is None:
            self._timings = {}
            with contextlib.suppress(OSError, ValueError, AttributeError):
                held = json.loads((self.folder / "timings.json").read_bytes())
                self._timings = {str(key): float(value) for key, value in held.items()}
        return self._timings

    def _learn(self, run: RunInfo) -> None:
        held = self.timings
        for name, seconds in run.node_seconds.items():
            node = run.graph.nodes.get(name)
            if node is not None and seconds > 0:
                held[node.type] = seconds if node.type not in held else 0.5 * held[node.type] + 0.5 * seconds
        file = self.folder / "timings.json"
        with contextlib.suppress(OSError):
            aside = file.with_name(f".timings.{os.getpid()}.part")
            aside.write_text(json.dumps(held), encoding="utf-8")
            aside.replace(file)

    def remaining(self, run: RunInfo, statuses: Mapping[str, NodeStatus]) -> float | None:
        """Seconds until a run ends, by how long its nodes took before; ``None`` when that is not known."""
        total = 0.0
        for name, node in run.graph.nodes.items():
            status = statuses.get(name, NodeStatus())
            if status.state in ("done", "cached", "failed", "skipped", "muted") or name in run.node_seconds:
                continue
            usual = self.timings.get(node.type)
            if usual is None:
                if status.state in ("running", "waiting", "stale"):
                    return None
                continue
            share = status.done / status.total if status.state == "running" and status.total else 0.0
            total += usual * (1.0 - min(share, 1.0))
        return total


def _entry(file: Path, said: Mapping[str, Any]) -> Entry:
    return Entry(
        file,
        str(said.get("label", "")),
        str(said.get("workflow", "")),
        str(said["state"]),
        float(said["ended"]),
        float(said["seconds"]),
        int(said["computed"]),
        int(said["reused"]),
        int(said["failed"]),
        tuple(map(str, said.get("written", ()))),
        {
            str(name): tuple(ref if isinstance(ref, str) else tuple(ref) for ref in refs)
            for name, refs in said.get("outputs", {}).items()
        },
        str(said["graph"]),
    )


def _read(file: Path) -> Entry | None:
    try:
        return _entry(file, json.loads(file.read_bytes()))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _unlink(entry: Entry) -> None:
    for file in (entry.file, entry.picture):
        with contextlib.suppress(OSError):
            file.unlink()


def differences(one: GraphData, other: GraphData) -> list[tuple[str, str, str]]:
    """(node.parameter, value in one, value in other) where two graphs differ; "-" where one has no such thing."""
    rows = []
    for name in sorted({*one.nodes, *other.nodes}):
        first, second = one.nodes.get(name), other.nodes.get(name)
        if first is None or second is None or first.type != second.type:
            rows.append((name, first.type if first else "-", second.type if second else "-"))
            continue
        for param in sorted({*first.params, *second.params}):
            held = [str(each.params.get(param, "-")) for each in (first, second)]
            if held[0] != held[1]:
                rows.append((f"{name}.{param}", *held))
        for socket in sorted({*first.links, *second.links}):
            ends = [each.links.get(socket) for each in (first, second)]
            if ends[0] != ends[1]:
                told = [f"{end.node}.{end.output}" if end is not None else "-" for end in ends]
                rows.append((f"{name}.{socket}", *told))
    return rows
