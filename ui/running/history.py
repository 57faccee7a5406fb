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

from meshloom.graph_runtime.graph import GraphData, NodeData
from meshloom.graph_runtime.preset import dump, parse
from meshloom.ui.running.runs import RunInfo
from meshloom.ui.running.status import NodeStatus
from meshloom.ui.settings import data_folder
from meshloom.ui.words import _

#: Runs that are remembered.
MOST = 200
#: After this part of its work, the pace of a node tells when it ends.
_TELLING = 0.03


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
    #: An :class:`Entry` has another picture.
    pictured = Signal(object)

    def __init__(self, folder: Path | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder or data_folder() / "history"
        self._entries: list[Entry] | None = None
        self._timings: dict[str, float] | None = None
        self._files: dict[int, Path] = {}

    def entries(self) -> list[Entry]:
        if self._entries is None:
            files = sorted(self.folder.glob("run-*.json"), reverse=True) if self.folder.is_dir() else []
            self._entries = [entry for entry in map(_read, files[:MOST]) if entry is not None]
        return list(self._entries)

    def add(self, run: RunInfo, statuses: Mapping[str, NodeStatus], text: str = "") -> None:
        """Remember a run that ended. ``text``: its graph with paths that hold from anywhere."""
        known = self.entries()
        now = time.time_ns()  # asked once, or the parts may be of two seconds and the order is lost
        stamp = f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(now // 10**9))}-{now % 10**9:09d}"
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
            "graph": text or dump(run.graph),
        }
        file = self.folder / f"run-{stamp}.json"
        with contextlib.suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            aside = file.with_suffix(".part")
            aside.write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
            if run.thumbnail is not None:
                run.thumbnail.save(str(file.with_suffix(".png")))
            aside.replace(file)
        self._files[run.id] = file
        known.insert(0, _entry(file, said))
        for old in known[MOST:]:
            _unlink(old)
        self._entries = known[:MOST]
        self._learn(run)
        self.changed.emit()

    def picture(self, run: RunInfo) -> None:
        """A run that was added got its picture, or a better one."""
        entry = next((held for held in self.entries() if held.file == self._files.get(run.id)), None)
        if entry is not None and run.thumbnail is not None:
            run.thumbnail.save(str(entry.picture))
            self.pictured.emit(entry)

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
        """Seconds until a run ends, by how far its nodes are and how long such took before; ``None``: not known."""
        total = 0.0
        for name in _reached(run):
            node = run.graph.nodes[name]
            status = statuses.get(name, NodeStatus())
            if status.state in ("done", "cached", "failed", "skipped", "muted") or name in run.node_seconds:
                continue
            share = status.done / status.total if status.state == "running" and status.total else 0.0
            share = min(share, 1.0)
            paced, since = status.done - status.paced_from, time.monotonic() - status.paced_since
            # What it does now tells more than how long others of its type took.
            if status.paced_since and share and paced > _TELLING * status.total and since > 1:
                total += since * max(status.total - status.done, 0.0) / paced
                continue
            usual = self.timings.get(node.type)
            if usual is None:
                if status.state in ("running", "waiting", "stale"):
                    return None
                continue
            total += usual * (1.0 - share)
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
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def _unlink(entry: Entry) -> None:
    for file in (entry.file, entry.picture):
        with contextlib.suppress(OSError):
            file.unlink()


def _reached(run: RunInfo) -> list[str]:
    """The nodes that a run asks for, and all that feed them."""
    nodes = run.graph.nodes
    if run.targets is None:
        return list(nodes)
    waiting = [name.partition("/")[0] for name in run.targets]
    found: dict[str, None] = {}
    while waiting:
        name = waiting.pop()
        if name in nodes and name not in found:
            found[name] = None
            waiting += [link.node for link in nodes[name].links.values()]
    return list(found)


def differences(one: GraphData, other: GraphData) -> list[tuple[str, str, str]]:
    """(node.parameter, value in one, value in other) where two graphs differ; "-" where one has no such thing.

    What is inside a group is named ``group/node``.
    """
    rows = _between("", one.nodes, other.nodes)
    for name in sorted({*one.groups, *other.groups}):
        inside = [graph.groups[name].nodes if name in graph.groups else {} for graph in (one, other)]
        rows += _between(f"{name}/", *inside)
    return rows


def _between(
    place: str, one: Mapping[str, NodeData], other: Mapping[str, NodeData]
) -> list[tuple[str, str, str]]:
    rows: list[tuple[str, str, str]] = []
    for name in sorted({*one, *other}):
        first, second = one.get(name), other.get(name)
        if first is None or second is None or first.type != second.type:
            rows.append((place + name, first.type if first else "-", second.type if second else "-"))
            continue
        if (first.mute, first.bypass) != (second.mute, second.bypass):
            rows.append((place + name, _mode(first), _mode(second)))
        for param in sorted({*first.params, *second.params}):
            here, there = first.params.get(param, "-"), second.params.get(param, "-")
            if here != there:
                told = (str(here), str(there)) if str(here) != str(there) else (repr(here), repr(there))
                rows.append((f"{place}{name}.{param}", *told))
        for socket in sorted({*first.links, *second.links}):
            ends = [each.links.get(socket) for each in (first, second)]
            if ends[0] != ends[1]:
                words = [f"{end.node}.{end.output}" if end is not None else "-" for end in ends]
                rows.append((f"{place}{name}.{socket}", words[0], words[1]))
    return rows


def _mode(node: NodeData) -> str:
    return _("muted") if node.mute else _("bypassed") if node.bypass else "-"
