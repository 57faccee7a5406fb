"""Pulls a plan to its targets: looks each key up, computes what is missing, branches in parallel.

Threads (``workers.py``) take ready nodes from a schedule (``schedule.py``), which keeps all the books; events go
through a queue to the thread that called :func:`execute`, so a slow listener never delays a node.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

from meshloom.graph_runtime.context import World
from meshloom.graph_runtime.disk import Latest
from meshloom.graph_runtime.events import Event, NodeSkipped, RunEnded, RunStarted, Warned
from meshloom.graph_runtime.node_state import DONE
from meshloom.graph_runtime.outcome import Outcome
from meshloom.graph_runtime.plan import Plan
from meshloom.graph_runtime.schedule import END, Schedule
from meshloom.graph_runtime.workers import Workers

#: After a cancel, nodes that report progress stop by themselves; the others are left behind after this.
GRACE = 0.3

#: With nothing to hand on, memory is sampled this often; of a flood of events, they are handed on this often (s).
_IDLE = 0.05
_FLOOD = 0.01


def execute(
    plan: Plan,
    world: World,
    emit: Callable[[Event], None] | None = None,
    workers: int = 2,
    force: Collection[str] = (),
    before: Mapping[str, Latest] | None = None,
) -> Outcome:
    """Run ``plan`` to its targets and return when it is done, failed or cancelled.

    ``emit`` hears every event on the calling thread. ``force``: nodes computed even if cached. ``before``:
    what the nodes were made of last time, for saying why they run.
    """
    return _Run(plan, world, emit or (lambda event: None), workers, force, before or {}).go()


class _Run:
    """The calling thread's side of a run."""

    def __init__(
        self,
        plan: Plan,
        world: World,
        emit: Callable[[Event], None],
        workers: int,
        force: Collection[str],
        before: Mapping[str, Latest],
    ) -> None:
        self.plan = plan
        self.world = world
        self.emit = emit
        self.schedule = Schedule(plan, world, force, before)
        self.workers = Workers(self.schedule, world, workers)

    def go(self) -> Outcome:
        begun = time.perf_counter()
        try:
            threads = self._begin()
            self._listen()
        except BaseException:
            # Whoever listens is gone (a closed pipe, a fault in a display): what runs must not go on unheard.
            self.world.cancelled.set()
            with self.schedule.lock:
                self.schedule.finish()
                self.schedule.let_go_all()
            raise
        for thread in threads:
            thread.join(0.0 if self.world.cancelled.is_set() else 1.0)
        if self.workers.crash is not None:
            self.schedule.let_go_all()
            raise self.workers.crash
        return self._conclude(time.perf_counter() - begun)

    def _begin(self) -> list[threading.Thread]:
        self.emit(RunStarted(len(self.schedule.states)))
        for name, because in self.plan.muted.items():
            self.emit(NodeSkipped(name, because))
        with self.schedule.lock:
            self.schedule.demand(self.plan.targets)
            self.schedule.settle()
            self.schedule.finish_if_idle()
        return [] if self.schedule.over else self.workers.start()

    def _listen(self) -> None:
        """Hand events on until the run is over; notice a cancel; sample memory while nothing happens."""
        cancelled_at = 0.0
        rss = _rss_reader()
        while True:
            event: Event | None = None
            with contextlib.suppress(queue.Empty):
                event = self.schedule.events.get(timeout=_IDLE)
            if event is None:
                self._sample(rss())
            heard = 0
            while event is not None:
                if event is END:
                    return
                if isinstance(event, Warned):
                    self.schedule.outcome.warnings.append(event)
                self.emit(event)
                heard += 1
                event = None
                with contextlib.suppress(queue.Empty):
                    event = self.schedule.events.get_nowait()
            if heard > 1:  # a flood: this thread, woken by each event, would take turns from the nodes
                self.schedule.ended.wait(_FLOOD)
            if self.world.cancelled.is_set():
                cancelled_at = cancelled_at or time.monotonic()
                with self.schedule.lock:
                    self.schedule.stop = True
                    self.schedule.work.notify_all()
                    if not self.schedule.running or time.monotonic() - cancelled_at > GRACE:
                        self.schedule.finish()

    def _sample(self, rss: int) -> None:
        self.schedule.outcome.peak_bytes = max(self.schedule.outcome.peak_bytes, rss)
        with self.schedule.lock:
            for _, _, name in self.schedule.running:
                state = self.schedule.states[name]
                state.peak = max(state.peak, rss)

    def _conclude(self, seconds: float) -> Outcome:
        outcome = self.schedule.outcome
        outcome.seconds = seconds
        outcome.inputs = {
            name: state.inputs for name, state in self.schedule.states.items() if state.status == DONE
        }
        for name, state in self.schedule.states.items():
            if name in self.schedule.targets and state.status == DONE:
                outcome.kept += state.refs
                state.uses = 0
        self.schedule.let_go_all()
        if self.world.cancelled.is_set() and self.schedule.open_targets:
            outcome.status = "cancelled"
        elif outcome.failed:
            outcome.status = "failed"
        reused = sum(1 for event in outcome.done.values() if not event.computed)
        self.emit(RunEnded(outcome.status, outcome.computed, reused, len(outcome.failed), seconds))
        return outcome


def _rss_reader() -> Callable[[], int]:
    process: list[Any] = []

    def read() -> int:
        if not process:
            import psutil

            process.append(psutil.Process())
        return int(process[0].memory_info().rss)

    return read
