"""Runs of graphs: a queue of them, how every node stands, and what the user should know.

The work is done in an engine process. When that dies, the run under way has failed with a message that names what
was running; the next run starts another process and finds all that was finished.
"""

from __future__ import annotations

import base64
import itertools
import time
from collections import OrderedDict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QImage

from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.preset import dump
from meshloom.graph_runtime.types import Figure, Series
from meshloom.ui.running.engine_process import EngineProcess
from meshloom.ui.running.status import NodeStatus
from meshloom.ui.words import _

RunState = Literal["waiting", "running", "done", "failed", "cancelled", "refused"]

#: A cancelled run that has not ended after this (milliseconds) is ended with its process.
_LAST_RESORT = 4000
#: Pictures of results that are kept.
_MOST_PICTURES = 4000
#: Warnings of a node that are kept beside it; the log has all.
_MOST_NOTES = 10
#: Progress by more than this part of all at once.
_BOUND = 0.1
#: A change of the graph is explained after it has been quiet this long (milliseconds).
_QUIET = 250


@dataclass
class RunInfo:
    """A run asked for. ``document`` names whose statuses it tells; ``done`` of ``nodes`` have a result."""

    id: int
    document: str
    label: str
    graph: GraphData
    folder: Path
    workflow: str
    targets: tuple[str, ...] | None = None
    force: tuple[str, ...] = ()
    deliver: Path | None = None
    state: RunState = "waiting"
    begun: float = 0.0
    seconds: float = 0.0
    nodes: int = 0
    done: int = 0
    computed: int = 0
    reused: int = 0
    failed: int = 0
    written: list[Path] = field(default_factory=list)
    node_seconds: dict[str, float] = field(default_factory=dict)
    #: The last picture of a target, for lists; until there is one, of any node.
    thumbnail: QImage | None = None

    def __post_init__(self) -> None:
        feeding = {link.node for node in self.graph.nodes.values() for link in node.links.values()}
        self._ends = set(self.targets or set(self.graph.nodes) - feeding)

    def picture_of(self, node: str, picture: QImage | None) -> bool:
        """A node's result has a picture; whether it is now the run's."""
        if picture is None or (self.thumbnail is not None and node not in self._ends):
            return False
        self.thumbnail = picture
        return True


class Runs(QObject):
    """The queue, and the statuses of the nodes of each document (by its key)."""

    #: Document key, node path, :class:`NodeStatus`.
    status_changed = Signal(str, str, object)
    #: The queue, or a run in it, is another.
    queue_changed = Signal()
    #: A :class:`RunInfo` that began, that ended.
    began = Signal(object)
    ended = Signal(object)
    #: A :class:`RunInfo` that has ended got its picture late.
    pictured = Signal(object)
    #: For the log: "info", "warning" or "error"; document key; node or ""; words.
    logged = Signal(str, str, str, str)
    #: The engine process died: what to tell the user.
    engine_lost = Signal(str)

    def __init__(self, environment: dict[str, str] | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.engine = EngineProcess(environment, self)
        self.engine.told.connect(self._told)
        self.engine.died.connect(self._died)
        self.engine.logged.connect(self._engine_said)
        self.queue: list[RunInfo] = []
        self.current: RunInfo | None = None
        self._ended: deque[RunInfo] = deque(maxlen=16)
        self.paused = False
        self._ids = itertools.count(1)
        self._statuses: dict[str, dict[str, NodeStatus]] = {}
        #: Pictures by what they show: the engine sends each once.
        self._pictures: OrderedDict[tuple[Any, ...], QImage] = OrderedDict()
        #: While events are read that came together: how each node stands in the end.
        self._together: dict[tuple[str, str], NodeStatus] | None = None
        #: Whose statuses the answers to a request tell; thumbnails come after its end.
        self._documents: dict[int, str] = {}
        self._to_explain: dict[str, tuple[GraphData, Path, str]] = {}
        self._quiet = QTimer(self)
        self._quiet.setSingleShot(True)
        self._quiet.setInterval(_QUIET)
        self._quiet.timeout.connect(self._explain_now)
        self._last_resort = QTimer(self)
        self._last_resort.setSingleShot(True)
        self._last_resort.setInterval(_LAST_RESORT)
        self._last_resort.timeout.connect(self._end_by_force)

    # ---------------------------------------------------------------------------------------- the queue

    def submit(
        self,
        document: str,
        graph: GraphData,
        folder: Path,
        workflow: str,
        label: str = "",
        targets: tuple[str, ...] | None = None,
        force: tuple[str, ...] = (),
        deliver: Path | None = None,
    ) -> RunInfo:
        """Put a run at the end of the queue; it starts when its turn comes."""
        run = RunInfo(next(self._ids), document, label, graph, folder, workflow, targets, force, deliver)
        self.queue.append(run)
        self._documents[run.id] = document
        self._next()
        self.queue_changed.emit()
        return run

    def cancel(self, run: RunInfo | None = None) -> None:
        """Take a run out of the queue, or stop the one under way; what is finished stays."""
        run = run or self.current
        if run is None:
            return
        if run is self.current:
            self.engine.ask({"do": "cancel"})
            self._last_resort.start()
        elif run in self.queue:
            self.queue.remove(run)
            run.state = "cancelled"
            self.queue_changed.emit()

    def cancel_all(self) -> None:
        """Empty the queue and stop what runs."""
        for run in self.queue:
            run.state = "cancelled"
        self.queue.clear()
        self.cancel()
        self.queue_changed.emit()

    def pause(self, paused: bool) -> None:
        """Start no further run until told otherwise; the one under way goes on."""
        self.paused = paused
        self._next()
        self.queue_changed.emit()

    def move(self, run: RunInfo, to: int) -> None:
        """Put a waiting run elsewhere in the queue."""
        if run in self.queue:
            self.queue.remove(run)
            self.queue.insert(max(0, min(to, len(self.queue))), run)
            self.queue_changed.emit()

    def _next(self) -> None:
        if self.current is not None or self.paused or not self.queue:
            return
        run = self.current = self.queue.pop(0)
        run.state, run.begun = "running", time.time()
        for name, status in self._held(run.document).items():
            if status.state in ("running", "waiting", "failed", "skipped"):
                self._set(
                    run.document, name, replace(status, state="unknown", message="", hint="", details="")
                )
        self.engine.ask(
            {
                "do": "run",
                "id": run.id,
                "graph": dump(run.graph),
                "folder": str(run.folder),
                "workflow": run.workflow,
                "targets": list(run.targets) if run.targets is not None else None,
                "force": list(run.force),
                "deliver": str(run.deliver) if run.deliver is not None else None,
            }
        )
        self.began.emit(run)

    # ------------------------------------------------------------------------------------- what would run

    def explain(self, document: str, graph: GraphData, folder: Path, workflow: str) -> None:
        """Find out how each node stands, once the graph has been left alone for a moment."""
        self._to_explain[document] = (graph, folder, workflow)
        self._quiet.start()

    def _explain_now(self) -> None:
        if self.current is not None:  # the run tells more, and is not kept waiting
            self._quiet.start()
            return
        waiting, self._to_explain = self._to_explain, {}
        for document, (graph, folder, workflow) in waiting.items():
            job = next(self._ids)
            self._documents[job] = document
            said = {"do": "explain", "id": job, "graph": dump(graph), "folder": str(folder)}
            self.engine.ask({**said, "workflow": workflow})

    def forget(self, document: str) -> None:
        """A document was closed."""
        self._statuses.pop(document, None)
        self._documents = {job: held for job, held in self._documents.items() if held != document}
        self._to_explain.pop(document, None)
        for run in [run for run in self.queue if run.document == document]:
            self.cancel(run)

    # --------------------------------------------------------------------------------------- statuses

    def statuses(self, document: str) -> dict[str, NodeStatus]:
        """How the nodes of a document stand, by path."""
        return dict(self._held(document))

    def _held(self, document: str) -> dict[str, NodeStatus]:
        return self._statuses.setdefault(document, {})

    def _status(self, document: str, node: str) -> NodeStatus:
        return self._held(document).get(node, NodeStatus())

    def _set(self, document: str, node: str, status: NodeStatus) -> None:
        held = self._held(document)
        if held.get(node) != status:
            held[node] = status
            if self._together is not None:
                self._together[document, node] = status
            else:
                self.status_changed.emit(document, node, status)

    # ------------------------------------------------------------------------------------------- events

    def _told(self, job: int, events: list[dict[str, Any]]) -> None:
        # Pictures of results may come after the end.
        known = (run for run in (self.current, *self._ended) if run is not None and run.id == job)
        run = next(known, None)
        document = self._documents.get(job, "")
        self._together = together = {}
        try:
            for said in events:
                handler = _HANDLERS.get(said.get("event", ""))
                if handler is not None and (document or job == 0):
                    handler(self, document, run, said)
        finally:
            self._together = None
        for (held, node), status in together.items():
            self.status_changed.emit(held, node, status)
        if run is not None:
            self.queue_changed.emit()

    def _run_started(self, document: str, run: RunInfo | None, said: dict[str, Any]) -> None:
        if run is not None:
            run.nodes = said.get("nodes", 0)

    def _node_started(self, document: str, run: RunInfo | None, said: dict[str, Any]) -> None:
        status = self._status(document, said["node"])
        # Why it would run was asked before the run: what came before it has run since.
        fresh = NodeStatus("running", thumbnail=status.thumbnail, outputs=status.outputs)
        self._set(document, said["node"], fresh)

    def _node_progress(self, document: str, run: RunInfo | None, said: dict[str, Any]) -> None:
        status = self._status(document, said["node"])
        done, total = said.get("done", 0.0), said.get("total", 0.0)
        told = {"done": done, "total": total, "message": said.get("message", "")}
        # Work that was done before (up to a checkpoint, say) comes at a bound and tells nothing of the pace.
        if not status.paced_since or total != status.total or done - status.done > _BOUND * total:
            told |= {"paced_from": done, "paced_since": time.monotonic()}
        self._set(document, said["node"], replace(status, state="running", **told))

    def _preview(self, document: str, run: RunInfo | None, said: dict[str, Any]) -> None:
        status = self._status(document, said["node"])
        if status.state == "running":
            picture = QImage.fromData(base64.b64decode(said["png"]))
            self._set(document, said["node"], replace(status, preview=picture))

    def _plot(self, document: str, run: RunInfo | None, said: dict[str, Any]) -> None:
        status = self._status(document, said["node"])
        if status.state == "running":
            self._set(document, said["node"], replace(status, plot=_figure(said["figure"])))

    def _node_done(self, document: str, run: RunInfo | None, said: dict[str, Any]) -> None:
        computed = bool(said.get("computed"))
        outputs = _refs(said.get("outputs", ()))
        before = self._status(document, said["node"])
        self._set(
            document,
            said["node"],
            NodeStatus(
                "done" if computed else "cached",
                why=said.get("why", "") or _("the same work was done before"),
                seconds=said.get("seconds", 0.0) or (before.seconds if not computed else 0.0),
                peak_bytes=said.get("peak_bytes", 0),
                bytes=said.get("bytes", 0),
                outputs=outputs,
                thumbnail=self._pictures.get(outputs),
                notes=before.notes,
            ),
        )
        if run is not None:
            run.picture_of(said["node"], self._pictures.get(outputs))
            run.done += 1
            run.computed += computed
            run.reused += not computed
            run.node_seconds[said["node"]] = said.get("seconds", 0.0)

    def _node_failed(self, document: str, run: RunInfo | None, said: dict[str, Any]) -> None:
        status = NodeStatus(
            "failed", message=said["message"], hint=said.get("hint", ""), details=said.get("details", "")
        )
        self._set(document, said["node"], status)
        self.logged.emit("error", document, said["node"], _joined(said["message"], said.get("hint", "")))
        if run is not None:
            run.failed += 1

    def _node_skipped(self, document: str, run: RunInfo | None, said: dict[str, Any]) -> None:
        because = said.get("because", "")
        muted = "muted" in because
        self._set(document, said["node"], NodeStatus("muted" if muted else "skipped", why=because))

    def _explained(self, document: str, run: RunInfo | None, said: dict[str, Any]) -> None:
        before = self._status(document, said["node"])
        if before.state in ("running", "waiting"):
            return
        outputs = _refs(said.get("outputs", ()))
        if said["verdict"] == "reused":
            just_done = before.state == "done" and before.outputs == outputs
            state, why = ("done", before.why) if just_done else ("cached", said["why"])
            picture = self._pictures.get(outputs)
            told = replace(before, state=state, outputs=outputs, thumbnail=picture, why=why)
            self._set(document, said["node"], replace(told, seconds=said["seconds"], message="", hint=""))
            return
        if before.state == "failed" and said["verdict"] == "runs" and said["why"] == before.why:
            return
        state = "unknown" if said["verdict"] == "unneeded" else "stale"
        if before.state == "failed":
            self._set(document, said["node"], replace(before, why=said["why"]))
        else:
            self._set(
                document,
                said["node"],
                NodeStatus(state, why=said["why"], thumbnail=before.thumbnail, outputs=before.outputs),
            )

    def _thumbnail(self, document: str, run: RunInfo | None, said: dict[str, Any]) -> None:
        picture = QImage.fromData(base64.b64decode(said["png"]))
        status, outputs = self._status(document, said["node"]), _refs(said["outputs"])
        self._pictures[outputs] = picture
        while len(self._pictures) > _MOST_PICTURES:
            self._pictures.popitem(last=False)
        if status.outputs == outputs:
            self._set(document, said["node"], replace(status, thumbnail=picture))
        if run is not None and run.picture_of(said["node"], picture) and run is not self.current:
            self.pictured.emit(run)

    def _problem(self, document: str, run: RunInfo | None, said: dict[str, Any]) -> None:
        where = said.get("where", "")
        node = where.partition(".")[0]
        words = _joined(said["message"], said.get("hint", ""))
        if run is not None:
            self.logged.emit("error", document, node, f"{where}: {words}" if where else words)
        if node and run is not None and self._status(document, node).state != "failed":
            run.failed += 1
        if node and "/" not in node:
            status = NodeStatus(
                "failed",
                message=said["message"],
                hint=said.get("hint", ""),
                why=where if where != node else "",
            )
            if self._status(document, node).state not in ("running", "done"):
                self._set(document, node, status)

    def _warned(self, document: str, run: RunInfo | None, said: dict[str, Any]) -> None:
        node, words = said.get("node", ""), said["message"]
        self.logged.emit("warning", document, node, words)
        status = self._status(document, node)
        if node and words not in status.notes and len(status.notes) < _MOST_NOTES:
            self._set(document, node, replace(status, notes=(*status.notes, words)))

    def _written(self, document: str, run: RunInfo | None, said: dict[str, Any]) -> None:
        if run is not None:
            run.written.append(Path(said["path"]))
        self.logged.emit("info", document, said.get("node", ""), _("wrote {path}").format(path=said["path"]))

    def _finished(self, document: str, run: RunInfo | None, said: dict[str, Any]) -> None:
        if run is not None:
            done_in_part = said["status"] == "done" and run.failed > 0
            self._end(run, "failed" if done_in_part else said["status"])

    def _end(self, run: RunInfo, state: RunState) -> None:
        self._last_resort.stop()
        run.state = state
        run.seconds = time.time() - run.begun
        self.current = None
        self._ended.appendleft(run)
        for name, status in list(self._held(run.document).items()):
            if status.state in ("running", "waiting"):
                rest = replace(status, state="stale", done=0.0, total=0.0, message="")
                self._set(run.document, name, replace(rest, preview=None, plot=None))
        self.ended.emit(run)
        self._next()
        self.queue_changed.emit()

    # ---------------------------------------------------------------------------------- when it goes wrong

    def _end_by_force(self) -> None:
        if self.current is not None:
            self.logged.emit(
                "warning", self.current.document, "", _("the run did not stop; its process was ended")
            )
            self.engine.kill()

    def _died(self, code: int, tail: str) -> None:
        run = self.current
        if run is None:
            return
        stopped = self._last_resort.isActive() or code == 9
        held = self._held(run.document)
        at_work = sorted(name for name, status in held.items() if status.state == "running")
        at_work = _named_in(tail, run.graph, held) or at_work
        names = ", ".join(at_work) or _("no node")
        words = _(
            "The engine ended unexpectedly while it ran: {nodes}. The graph and all finished results are safe; "
            "run again to go on."
        ).format(nodes=names)
        for name in at_work:
            hint = _("If it happens again, the fault lies in this node or a library it uses.")
            said = NodeStatus("failed", message=_("ended the engine's process"), hint=hint, details=tail)
            self._set(run.document, name, said)
        run.failed += len(at_work)
        self.logged.emit("error", run.document, at_work[0] if at_work else "", words)
        self._end(run, "cancelled" if stopped and self._last_resort.isActive() else "failed")
        self.engine_lost.emit(words)

    def _engine_said(self, line: str) -> None:
        if line.strip():
            self.logged.emit("info", self.current.document if self.current else "", "", line)

    def close(self) -> None:
        """Stop everything; what is finished is kept."""
        self._quiet.stop()
        self._last_resort.stop()
        self.queue.clear()
        self.engine.close()


def _named_in(trace: str, graph: GraphData, held: Mapping[str, NodeStatus]) -> list[str]:
    """The nodes whose source file the crashed thread was in, by Python's own account of a fault."""
    _, _, crashed = trace.partition("Current thread")
    crashed = crashed.partition("\nThread ")[0].replace("\\", "/")
    return [
        name
        for name, node in graph.nodes.items()
        if f'/{node.type.replace(".", "/")}.py"' in crashed
        and held.get(name, NodeStatus()).state not in ("done", "cached")
    ]


def _refs(outputs: Any) -> tuple[Any, ...]:
    return tuple(ref if isinstance(ref, str) else tuple(ref) for ref in outputs)


def _figure(said: dict[str, Any]) -> Figure:
    def numbers(held: list[float | None]) -> np.ndarray:
        return np.array([np.nan if value is None else value for value in held], np.float64)

    series = [
        Series(each["name"], numbers(each["x"]), numbers(each["y"]), each["kind"]) for each in said["series"]
    ]
    return Figure(said["title"], said["x_label"], said["y_label"], tuple(series))


def _joined(message: str, hint: str) -> str:
    return f"{message}; {hint}" if hint else message


_HANDLERS: dict[str, Any] = {
    "RunStarted": Runs._run_started,
    "NodeStarted": Runs._node_started,
    "NodeProgress": Runs._node_progress,
    "Preview": Runs._preview,
    "Plot": Runs._plot,
    "NodeDone": Runs._node_done,
    "NodeFailed": Runs._node_failed,
    "NodeSkipped": Runs._node_skipped,
    "Explained": Runs._explained,
    "Thumbnail": Runs._thumbnail,
    "Problem": Runs._problem,
    "Warned": Runs._warned,
    "Written": Runs._written,
    "Finished": Runs._finished,
}
