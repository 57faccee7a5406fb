"""The engine in a process of its own, spoken to in JSON lines: what the window runs graphs with.

A fault in native code of a node ends this process, not the window. Requests come on standard input, one JSON
object a line; what happens goes out on what was standard output when the process began (afterwards that leads
to standard error, so that a node that prints cannot garble the talk):

``{"do": "run", "id", "graph", "folder", "targets", "force", "workflow", "deliver"}``
    run a workflow (its text); ``deliver``: the folder for the files that nodes make
``{"do": "explain", "id", "graph", "folder", "workflow"}``
    what would run and why, without running
``{"do": "cancel"}``, ``{"do": "quit"}``
    stop the run under way; end

Answers: ``{"id", "events": [...]}`` with :meth:`~meshloom.graph_runtime.events.Event.to_json` of each (of the
progress of a node only the newest; outputs by digest, readable from the disk cache once told), with
``Thumbnail`` (PNG, base64), of an unfinished result ``Preview`` (PNG, base64) and ``Plot`` (the numbers of a figure;
of both only the newest not sent yet), ``Problem``, ``Written`` and, at the end of a request, ``Finished``, which only
thumbnails may follow.
"""

from __future__ import annotations

import base64
import contextlib
import json
import math
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from meshloom.graph_runtime.catalog import Catalog, find_nodes
from meshloom.graph_runtime.codecs import Undecodable
from meshloom.graph_runtime.disk import Ref
from meshloom.graph_runtime.engine import Engine, default_cache_folder, open_cache
from meshloom.graph_runtime.errors import MeshloomError, Problem, RequestError
from meshloom.graph_runtime.events import Event, NodeDone, NodePreview, NodeProgress
from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.outcome import Outcome
from meshloom.graph_runtime.plan import Plan
from meshloom.graph_runtime.preset import parse, resolve
from meshloom.graph_runtime.types import Figure, File

#: Events are sent on this often (seconds): more would only keep the window busy.
_EVERY = 0.05
#: The longer side of a thumbnail, in pixels.
_SIDE = 256
#: That of a picture of an unfinished result.
_PREVIEW_SIDE = 640
#: Events of which a later one takes the place of an earlier one of its node that was not sent yet.
_NEWEST = {"NodeProgress", "Preview", "Plot"}

Said = dict[str, Any]


class _Mouth:
    """Sends what happens, gathered; of some events only the newest of each node."""

    def __init__(self, out: Any) -> None:
        self._out = out
        self._lock = threading.Lock()
        self._waiting: dict[int, list[Said]] = {}
        self._newest: dict[tuple[int, str, str], Said] = {}
        self._closed = False
        self._wake = threading.Event()
        self._thread = threading.Thread(target=self._send_on, name="mouth", daemon=True)
        self._thread.start()

    def say(self, job: int, said: Said) -> None:
        """Send soon, in order."""
        with self._lock:
            if said["event"] in _NEWEST:
                self._newest[job, said["node"], said["event"]] = said
            else:
                self._flush_newest(job)
                self._waiting.setdefault(job, []).append(said)
        self._wake.set()

    def _flush_newest(self, job: int) -> None:
        for key in [key for key in self._newest if key[0] == job]:
            self._waiting.setdefault(job, []).append(self._newest.pop(key))

    def _send_on(self) -> None:
        while not self._closed:
            self._wake.wait()
            self._wake.clear()
            self.flush()
            time.sleep(_EVERY)

    def flush(self) -> None:
        """Send what has gathered."""
        with self._lock:
            for job in {key[0] for key in self._newest}:
                self._flush_newest(job)
            waiting, self._waiting = self._waiting, {}
            for job, events in waiting.items():
                line = json.dumps({"id": job, "events": events}, allow_nan=False)
                self._out.write(line.encode("utf-8", "backslashreplace") + b"\n")
            self._out.flush()

    def close(self) -> None:
        self._closed = True
        self._wake.set()
        self._thread.join(1.0)
        with contextlib.suppress(OSError, ValueError):
            self.flush()


class Remote:
    """Answers requests over one engine, one run at a time."""

    def __init__(self, engine: Engine, catalog: Catalog, mouth: _Mouth) -> None:
        self.engine = engine
        self.catalog = catalog
        self.mouth = mouth
        self._jobs: queue.SimpleQueue[Said | None] = queue.SimpleQueue()
        self._pictures: queue.SimpleQueue[tuple[int, str, tuple[Ref, ...]] | None] = queue.SimpleQueue()
        self._pictured: set[tuple[str, tuple[Ref, ...]]] = set()
        #: A cancel that comes while a plan is still being made, before there is a run to stop.
        self._cancelled = threading.Event()
        self._threads = [
            threading.Thread(target=self._work, name="requests", daemon=True),
            threading.Thread(target=self._draw, name="thumbnails", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def hear(self, request: Said) -> None:
        """Take a request; the answers come by themselves."""
        if request.get("do") == "cancel":
            self._cancelled.set()
            self.engine.cancel()
        else:
            if request.get("do") == "run":  # a cancel that comes from now on means this one
                self._cancelled.clear()
            self._jobs.put(request)

    def close(self) -> None:
        """Stop what runs, keep what is finished."""
        self._cancelled.set()
        self.engine.cancel()
        self._jobs.put(None)
        self._pictures.put(None)
        for thread in self._threads:
            thread.join(5.0)
        self.engine.cache.close()

    # ----------------------------------------------------------------------------------------- requests

    def _work(self) -> None:
        while (request := self._jobs.get()) is not None:
            job = int(request.get("id", 0))
            try:
                if request.get("do") == "run":
                    self._run(job, request)
                elif request.get("do") == "explain":
                    self._explain(job, request)
            except RequestError as error:
                self._problems(job, error.problems)
                self._finish(job, "refused")
            except MeshloomError as error:
                self._problems(job, [Problem("", error.message, error.hint)])
                self._finish(job, "refused")
            except Exception as error:
                said = f"{type(error).__name__}: {error}"
                hint = "this is a fault in Meshloom; the log has more"
                self._problems(job, [Problem("", said, hint)])
                self._finish(job, "refused")

    def _plan(self, request: Said, targets: Sequence[str] | None) -> tuple[GraphData, Plan]:
        graph = resolve(parse(str(request["graph"]).encode(), "graph"), self.catalog)
        return graph, self.engine.plan(graph, targets, Path(str(request["folder"])))

    def _run(self, job: int, request: Said) -> None:
        workflow = str(request.get("workflow", ""))
        graph, plan = self._plan(request, request.get("targets"))
        self._problems(job, plan.problems)
        if self._cancelled.is_set():
            self._finish(job, "cancelled")
            return

        def emit(event: Event) -> None:
            self._tell(job, event)
            if self._cancelled.is_set():
                self.engine.cancel()

        outcome = self.engine.run(plan, emit, workflow, request.get("force") or ())
        folder = request.get("deliver")
        if folder and outcome.status != "cancelled":
            self._deliver(job, Path(str(folder)), graph, plan, outcome, Path(str(request["folder"])))
        self.engine.cache.flush()
        self._finish(job, outcome.status)

    def _tell(self, job: int, event: Event) -> None:
        said = event.to_json()
        if isinstance(event, NodePreview):
            self._preview(job, event)
            return
        if isinstance(event, NodeDone):
            said["outputs"] = event.outputs
            said["bytes"] = event.bytes
            self._pictures.put((job, event.node, event.outputs))
        if isinstance(event, NodeProgress):
            said = {**said, "done": float(event.done), "total": float(event.total)}
        self.mouth.say(job, said)

    def _preview(self, job: int, event: NodePreview) -> None:
        from meshloom.graph_runtime.thumbnails import png, thumbnail

        if isinstance(event.value, Figure):
            self.mouth.say(job, {"event": "Plot", "node": event.node, "figure": _numbers_of(event.value)})
            return
        pixels = thumbnail(event.value, _PREVIEW_SIDE)
        if pixels is not None:
            picture = base64.b64encode(png(pixels)).decode()
            self.mouth.say(job, {"event": "Preview", "node": event.node, "png": picture})

    def _explain(self, job: int, request: Said) -> None:
        _, plan = self._plan(request, None)
        told = self.engine.explain(plan, str(request.get("workflow", "")))
        for name, held in told.items():
            said = {"event": "Explained", "node": name, "verdict": held.verdict, "why": held.reason}
            self.mouth.say(job, {**said, "seconds": held.seconds, "outputs": held.outputs})
            if held.outputs:
                self._pictures.put((job, name, held.outputs))
        for name, because in plan.muted.items():
            self.mouth.say(job, {"event": "NodeSkipped", "node": name, "because": because})
        self._problems(job, plan.problems)
        self._finish(job, "explained")

    def _deliver(
        self, job: int, folder: Path, graph: GraphData, plan: Plan, outcome: Outcome, base: Path
    ) -> None:
        """Write the files that nodes made; other results stay in the cache until somebody saves them."""
        from meshloom.graph_runtime.cache import Missing
        from meshloom.graph_runtime.deliver import deliver
        from meshloom.graph_runtime.provenance_text import provenance_text

        made = [
            (name, [(port.name, ref) for port, ref in zip(plan.nodes[name].spec.outputs, refs, strict=True)])
            for name in plan.targets
            if (refs := outcome.outputs.get(name)) is not None
            and any(port.wire.base is File for port in plan.nodes[name].spec.outputs)
        ]
        if not made:
            return
        problems: list[Problem] = []
        try:
            text = provenance_text(graph, self.engine.specs, base)
            for file in deliver(self.engine.cache, folder, made, text, problems):
                self.mouth.say(job, {"event": "Written", "node": file.node, "path": str(file.path)})
        except Missing:
            problems.append(Problem("", "a result was lost before it could be written", "run again"))
        except MeshloomError as error:
            problems.append(Problem("", error.message, error.hint))
        self._problems(job, problems)

    def _problems(self, job: int, problems: Iterable[Problem]) -> None:
        for problem in problems:
            said = {"event": "Problem", "where": problem.where, "message": problem.message}
            self.mouth.say(job, {**said, "hint": problem.hint})

    def _finish(self, job: int, status: str) -> None:
        self.mouth.say(job, {"event": "Finished", "status": status})

    # --------------------------------------------------------------------------------------- thumbnails

    def _draw(self) -> None:
        from meshloom.graph_runtime.cache import Missing
        from meshloom.graph_runtime.report import thumbnail_png

        while (wanted := self._pictures.get()) is not None:
            job, node, outputs = wanted
            if (node, outputs) in self._pictured:
                continue
            self._pictured.add((node, outputs))
            for ref in outputs:
                name = ref if isinstance(ref, str) else ref[0] if ref else ""
                try:
                    data = thumbnail_png(self.engine.cache, name, _SIDE) if name else b""
                except (Missing, MemoryError, ValueError, Undecodable):
                    continue
                except Exception:  # of one value; the pictures of all others are still to be drawn
                    traceback.print_exc()
                    continue
                if data:
                    png = base64.b64encode(data).decode()
                    self.mouth.say(job, {"event": "Thumbnail", "node": node, "png": png, "outputs": outputs})
                    break


def _numbers_of(figure: Figure) -> Said:
    """A figure as JSON data; ``null`` where there is no finite number."""
    series = [
        {
            "name": held.name,
            "kind": held.kind,
            "x": [value if math.isfinite(value) else None for value in held.x.tolist()],
            "y": [value if math.isfinite(value) else None for value in held.y.tolist()],
        }
        for held in figure.series
    ]
    return {"title": figure.title, "x_label": figure.x_label, "y_label": figure.y_label, "series": series}


def _settings(environment: Mapping[str, str]) -> dict[str, int]:
    def number(name: str, default: int) -> int:
        text = environment.get(name, "")
        return int(text) if text.isdecimal() else default

    return {"memory": number("MESHLOOM_MEMORY_MB", 2048) << 20, "disk": number("MESHLOOM_DISK_GB", 20) << 30}


def main() -> None:
    """Serve until standard input ends or ``quit`` comes."""
    if hasattr(os, "nice"):
        os.nice(5)  # whoever waits for a window to answer goes first
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    mouth = _Mouth(out)
    sizes = _settings(os.environ)

    def trouble(message: str) -> None:
        mouth.say(0, {"event": "Warned", "node": "", "message": message})

    cache = open_cache(default_cache_folder(), sizes["memory"], sizes["disk"], trouble)
    workers = os.environ.get("MESHLOOM_WORKERS", "")
    catalog = find_nodes()
    engine = Engine(catalog, cache, int(workers) if workers.isdecimal() else None)
    remote = Remote(engine, catalog, mouth)
    mouth.say(0, {"event": "Ready", "pid": os.getpid()})
    for line in sys.stdin.buffer:
        try:
            request = json.loads(line)
        except ValueError:
            continue
        if request.get("do") == "quit":
            break
        remote.hear(request)
    remote.close()
    mouth.close()
    # Threads of nodes that do not answer must not keep the process.
    os._exit(0)


if __name__ == "__main__":
    main()
