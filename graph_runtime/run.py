"""Pulls a plan to its targets: looks each key up, computes what is missing, branches in parallel.

Threads take ready nodes from a heap; all bookkeeping happens under one lock; events go through a queue to
the thread that called :func:`execute`, so a slow listener never delays a node. Threads are daemons of one
run: a node that hangs is abandoned on cancel instead of holding the process.
"""

from __future__ import annotations

import contextlib
import heapq
import queue
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from meshloom.graph_runtime.cache import Missing
from meshloom.graph_runtime.context import Context, World
from meshloom.graph_runtime.disk import Latest, Record, Ref
from meshloom.graph_runtime.errors import Cancelled, MeshloomError
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
from meshloom.graph_runtime.keys import why
from meshloom.graph_runtime.lookup import digests, is_lazy, joined_outputs, node_key, recipe, value_of
from meshloom.graph_runtime.outputs import returned
from meshloom.graph_runtime.plan import Plan, PlanNode, Source

#: After a cancel, nodes that report progress stop by themselves; the others are left behind after this.
GRACE = 0.3

#: With nothing to hand on, memory is sampled this often; of a flood of events, they are handed on this often (s).
_IDLE = 0.05
_FLOOD = 0.01

#: How often a value may vanish between being made and being read before its node is given up on.
_MOST_HEALS = 3

IDLE, WAITING, READY, DONE, FAILED, SKIPPED = range(6)


@dataclass
class Outcome:
    """What a run came to. ``outputs``: of every node that has them. ``done``: the event of each such node."""

    status: str = "done"
    outputs: dict[str, tuple[Ref, ...]] = field(default_factory=dict)
    done: dict[str, NodeDone] = field(default_factory=dict)
    failed: dict[str, NodeFailed] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)
    warnings: list[Warned] = field(default_factory=list)
    keys: dict[str, tuple[str, ...]] = field(default_factory=dict)
    seconds: float = 0.0
    peak_bytes: int = 0
    #: The content of the inputs of each finished node.
    inputs: dict[str, dict[str, Ref]] = field(default_factory=dict)
    #: Outputs of targets, which stay in memory until ``Cache.let_go`` is called on each.
    kept: list[Ref] = field(default_factory=list)
    #: Nodes still running when a cancel was answered.
    abandoned: list[str] = field(default_factory=list)

    @property
    def computed(self) -> int:
        """How many nodes computed anything."""
        return sum(1 for event in self.done.values() if event.computed)


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


@dataclass(slots=True)
class _State:
    node: PlanNode
    status: int = IDLE
    waiting: int = 0
    waiters: list[str] = field(default_factory=list)
    asked: bool = False  # what a lazy node needs has been asked
    wanted: list[tuple[str, Source]] = field(default_factory=list)  # its inputs, in key order
    inputs: dict[str, Ref] = field(default_factory=dict)
    keys: list[str | None] = field(default_factory=list)  # one per item; a single one when not per item
    results: list[Record | None] = field(default_factory=list)
    left: int = 0
    fresh: list[Record] = field(default_factory=list)
    parked: list[int] = field(default_factory=list)
    heals: int = 0
    uses: int = 0
    refs: tuple[Ref, ...] = ()
    announced: bool = False
    computed: int = 0
    seconds: float = 0.0
    peak: int = 0
    counts: dict[str, list[int]] = field(default_factory=dict)
    forced: bool = False


_Task = tuple[int, int, str]  # order, item, node
_END = Event()


class _Run:
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
        self.cache = world.cache
        self.emit = emit
        self.workers = max(1, workers)
        self.before = before
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        world.announce = self.events.put
        self.states = {name: _State(node) for name, node in plan.nodes.items()}
        for name in force:
            for path, state in self.states.items():
                if path == name or path.startswith(name + "/"):
                    state.forced = True
        self.targets = set(plan.targets)
        for state in self.states.values():
            for maker in {source.node for source in state.node.sources.values()}:
                self.states[maker].uses += 1
        for name in plan.targets:
            self.states[name].uses += 1
        self.lock = threading.Lock()
        self.work = threading.Condition(self.lock)
        self.ready: list[_Task] = []
        self.ready_gpu: list[_Task] = []
        self.gpu_busy = False
        self.running: dict[_Task, float] = {}
        self.settled: deque[str] = deque()  # nodes whose inputs are all there
        self.inflight: dict[str, list[_Task]] = {}
        self.open_targets = set(plan.targets)
        self.stop = False
        self.over = False
        self.ended = threading.Event()
        self.crash: BaseException | None = None
        self.outcome = Outcome()

    # ------------------------------------------------------------------------------- the calling thread

    def go(self) -> Outcome:
        begun = time.perf_counter()
        try:
            threads = self._begin()
            self._listen()
        except BaseException:
            # Whoever listens is gone (a closed pipe, a fault in a display): what runs must not go on unheard.
            self.world.cancelled.set()
            with self.lock:
                self._finish()
                self._let_go_all()
            raise
        for thread in threads:
            thread.join(0.0 if self.world.cancelled.is_set() else 1.0)
        if self.crash is not None:
            self._let_go_all()
            raise self.crash
        return self._conclude(time.perf_counter() - begun)

    def _begin(self) -> list[threading.Thread]:
        self.emit(RunStarted(len(self.states)))
        for name, because in self.plan.muted.items():
            self.emit(NodeSkipped(name, because))
        with self.lock:
            self._demand(self.plan.targets)
            self._settle()
            self._finish_if_idle()
        return [] if self.over else self._start_threads()

    def _listen(self) -> None:
        """Hand events on until the run is over; notice a cancel; sample memory while nothing happens."""
        cancelled_at = 0.0
        rss = _rss_reader()
        while True:
            event: Event | None = None
            with contextlib.suppress(queue.Empty):
                event = self.events.get(timeout=_IDLE)
            if event is None:
                self._sample(rss())
            heard = 0
            while event is not None:
                if event is _END:
                    return
                if isinstance(event, Warned):
                    self.outcome.warnings.append(event)
                self.emit(event)
                heard += 1
                event = None
                with contextlib.suppress(queue.Empty):
                    event = self.events.get_nowait()
            if heard > 1:  # a flood: this thread, woken by each event, would take turns from the nodes
                self.ended.wait(_FLOOD)
            if self.world.cancelled.is_set():
                cancelled_at = cancelled_at or time.monotonic()
                with self.lock:
                    self.stop = True
                    self.work.notify_all()
                    if not self.running or time.monotonic() - cancelled_at > GRACE:
                        self._finish()

    def _start_threads(self) -> list[threading.Thread]:
        threads = [
            threading.Thread(target=self._thread, name=f"node-worker-{index}", daemon=True)
            for index in range(self.workers)
        ]
        for thread in threads:
            thread.start()
        return threads

    def _sample(self, rss: int) -> None:
        self.outcome.peak_bytes = max(self.outcome.peak_bytes, rss)
        with self.lock:
            for _, _, name in self.running:
                state = self.states[name]
                state.peak = max(state.peak, rss)

    def _conclude(self, seconds: float) -> Outcome:
        outcome = self.outcome
        outcome.seconds = seconds
        outcome.inputs = {name: state.inputs for name, state in self.states.items() if state.status == DONE}
        for name, state in self.states.items():
            if name in self.targets and state.status == DONE:
                outcome.kept += state.refs
                state.uses = 0
        self._let_go_all()
        if self.world.cancelled.is_set() and self.open_targets:
            outcome.status = "cancelled"
        elif outcome.failed:
            outcome.status = "failed"
        reused = sum(1 for event in outcome.done.values() if not event.computed)
        self.emit(RunEnded(outcome.status, outcome.computed, reused, len(outcome.failed), seconds))
        return outcome

    def _let_go_all(self) -> None:
        """Of every value that this run still keeps alive."""
        for state in self.states.values():
            held = list(state.refs) if state.status == DONE and state.uses > 0 else []
            for ref in [*held, *(ref for record in state.fresh for ref in record.outputs)]:
                self.cache.let_go(ref)
            state.fresh.clear()

    def _finish_if_idle(self) -> None:
        """Under the lock: the run ends when nothing runs and nothing can.

        Work that only failed targets need is finished too: it is kept, and found once the fault is mended.
        """
        if self.settled or self.running or self.ready or self.ready_gpu or self.world.cancelled.is_set():
            return
        for name in sorted(self.open_targets):
            self._fail(self.states[name], RuntimeError("what it waits for never came"))
        self._finish()

    def _finish(self) -> None:
        """Under the lock: nothing more will happen; wake everybody."""
        if self.over:
            return
        self.over = self.stop = True
        self.ended.set()
        self.outcome.abandoned = sorted({name for _, _, name in self.running})
        self.work.notify_all()
        self.events.put(_END)

    # ------------------------------------------------------------------ demand and look-up (under the lock)

    def _demand(self, names: Collection[str]) -> None:
        """Ask for nodes and, transitively, for what they need at once (not for lazy inputs)."""
        stack = list(names)
        while stack:
            name = stack.pop()
            state = self.states[name]
            if state.status != IDLE:
                continue
            state.status = WAITING
            spec = state.node.spec
            eager = [
                source
                for socket, source in state.node.sources.items()
                if spec.needs is None or not is_lazy(state.node, socket)
            ]
            self._wait_for(state, eager, stack)

    def _wait_for(self, state: _State, sources: Collection[Source], stack: list[str]) -> None:
        name = state.node.name
        for maker in {source.node for source in sources}:
            other = self.states[maker]
            if other.status in (FAILED, SKIPPED):
                self._skip(name, f"it needs {maker}, which has no result")
                return
            if other.status != DONE:
                state.waiting += 1
                other.waiters.append(name)
                if other.status == IDLE:
                    stack.append(maker)
        if state.waiting == 0:
            self.settled.append(name)

    def _settle(self) -> None:
        """Look up every node whose inputs are there, until only work for the threads is left."""
        while self.settled:
            name = self.settled.popleft()
            state = self.states[name]
            if state.status != WAITING or state.waiting:
                continue
            try:
                if self._choose_inputs(state):
                    self._look_up(state)
            except Missing as missing:
                self._heal(state, missing.digest, item=None)
            except Cancelled:
                self.world.cancelled.set()
            except Exception as error:
                self._fail(state, error)

    def _choose_inputs(self, state: _State) -> bool:
        """Fix which inputs enter; ``False`` while lazy ones are still to come."""
        node = state.node
        chosen = set(node.sources)
        if node.spec.needs is not None:
            lazy = {socket for socket in node.sources if is_lazy(node, socket)}
            if not state.asked:
                state.asked = True
                eager = {
                    socket: value_of(self.cache, source, self._ref(source), None)
                    for socket, source in node.sources.items()
                    if socket not in lazy
                }
                asked = set(node.spec.needs(**node.params, **eager))
                state.wanted = [
                    (socket, node.sources[socket]) for socket in sorted((chosen - lazy) | (asked & lazy))
                ]
                more: list[str] = []
                self._wait_for(state, [source for socket, source in state.wanted if socket in lazy], more)
                self._demand(more)
                return False
        else:
            state.wanted = [(socket, node.sources[socket]) for socket in sorted(chosen)]
        return True

    def _ref(self, source: Source) -> Ref:
        return self.states[source.node].refs[source.index]

    def _look_up(self, state: _State) -> None:
        """Make the key (or one per item), reuse what is there, and queue the rest."""
        state.inputs = {socket: self._ref(source) for socket, source in state.wanted}
        count = self._count(state)
        state.keys = [self._key(state, item) for item in range(count)]
        state.results = [self._find(state, key) for key in state.keys]
        state.left = sum(1 for result in state.results if result is None)
        if not state.left:
            self._done(state)
            return
        state.status = READY
        for item, result in enumerate(state.results):
            if result is None:
                self._queue(state, item)

    def _count(self, state: _State) -> int:
        if not state.node.many:
            return 1
        lengths = {socket: len(state.inputs[socket]) for socket, source in state.wanted if source.each}
        if len(set(lengths.values())) > 1:
            said = ", ".join(f"{socket} has {length}" for socket, length in sorted(lengths.items()))
            raise MeshloomError(
                f"cannot pair the items of its lists: {said}", "give lists of the same length, or one value"
            )
        return next(iter(lengths.values()), 1)

    def _key(self, state: _State, item: int) -> str | None:
        if not state.node.spec.cacheable:
            return None
        return node_key(state.node, state.inputs, item)

    def _find(self, state: _State, key: str | None) -> Record | None:
        if key is None or state.forced:
            return None
        record = self.cache.record(key)
        # What a target made will be read for certain: a lost value is better noticed now.
        if record is not None and state.node.name in self.targets:
            return record if all(self.cache.holds(ref) for ref in record.outputs) else None
        return record

    def _queue(self, state: _State, item: int) -> None:
        key = state.keys[item]
        task = (state.node.order, item, state.node.name)
        if key is not None:
            if key in self.inflight:  # an equal node computes it already
                self.inflight[key].append(task)
                return
            self.inflight[key] = []
        heapq.heappush(self.ready_gpu if state.node.spec.gpu else self.ready, task)
        self.work.notify()

    # ---------------------------------------------------------------------- results (under the lock)

    def _done(self, state: _State) -> None:
        node = state.node
        records = [record for record in state.results if record is not None]
        state.refs = joined_outputs(node, records)
        for ref in state.refs:
            self.cache.keep_alive(ref)
        for record in state.fresh:  # kept alive since it was put, which the line above now does
            for ref in record.outputs:
                self.cache.let_go(ref)
        state.fresh.clear()
        state.status = DONE
        event = NodeDone(
            node.name,
            state.computed,
            len(records) - state.computed if node.many else int(not state.computed),
            self._why(state) if state.computed else "",
            state.seconds,
            state.peak,
            sum(record.bytes for record in records),
            {kind: (count[0], count[1]) for kind, count in state.counts.items()},
            state.refs,
        )
        self.outcome.outputs[node.name] = state.refs
        self.outcome.done[node.name] = event
        self.outcome.keys[node.name] = tuple(key for key in state.keys if key is not None)
        self.events.put(event)
        self._release_sources(state)
        waiters, state.waiters = state.waiters, []
        for name in waiters:
            waiter = self.states[name]
            waiter.waiting -= 1
            if waiter.status == WAITING and waiter.waiting == 0:
                self.settled.append(name)
            elif waiter.parked and waiter.waiting == 0:
                self._unpark(waiter)
        self.open_targets.discard(node.name)

    def _release_sources(self, state: _State) -> None:
        for maker in {source.node for source in state.node.sources.values()}:
            other = self.states[maker]
            other.uses -= 1
            if other.uses == 0 and other.status == DONE:
                for ref in other.refs:
                    self.cache.let_go(ref)

    def _why(self, state: _State) -> str:
        node = state.node
        if state.forced:
            return "forced"
        if not node.spec.cacheable:
            return "is declared to run each time"
        before = self.before.get(node.name)
        if state.heals:
            return "its result was no longer in the cache"
        return why(before.recipe if before is not None else None, recipe(state.node, state.inputs))

    def _fail(self, state: _State, error: BaseException) -> None:
        if state.status in (FAILED, SKIPPED):
            return
        state.status = FAILED
        self._retract(state)
        event = _failure(state.node, error)
        self.outcome.failed[state.node.name] = event
        self.events.put(event)
        self._give_up_below(state)

    def _skip(self, name: str, because: str) -> None:
        state = self.states[name]
        if state.status in (SKIPPED, FAILED):
            return
        state.status = SKIPPED
        self._retract(state)
        self.outcome.skipped[name] = because
        self.events.put(NodeSkipped(name, because))
        self._give_up_below(state)

    def _retract(self, state: _State) -> None:
        """A node that was done, then lost its result and could not make it again, has none."""
        for held in (self.outcome.outputs, self.outcome.done, self.outcome.keys):
            held.pop(state.node.name, None)

    def _give_up_below(self, state: _State) -> None:
        stack = [state]
        while stack:
            gone = stack.pop()
            self._release_sources(gone)
            waiters, gone.waiters = gone.waiters, []
            for name in waiters:
                other = self.states[name]
                if other.status in (WAITING, READY):
                    other.status = SKIPPED
                    self._retract(other)
                    because = f"it needs {gone.node.name}, which has no result"
                    self.outcome.skipped[name] = because
                    self.events.put(NodeSkipped(name, because))
                    stack.append(other)
            self.open_targets.discard(gone.node.name)

    # ------------------------------------------------------------------------- values that went missing

    def _heal(self, state: _State, digest: str, item: int | None) -> None:
        """A value this node needs is gone: have its maker run again, then come back to this node.

        Whatever else of its inputs is gone is made again at once, or a list would come back item by item.
        """
        state.heals += 1
        lost: dict[str, set[str]] = {}
        names = 0
        for _, source in state.wanted or list(state.node.sources.items()):
            for name in digests(self._ref(source)) if self.states[source.node].refs else ():
                names += 1
                if name == digest or not self.cache.holds(name):
                    lost.setdefault(source.node, set()).add(name)
        if not lost or state.heals > _MOST_HEALS * (len(state.keys) + names):
            self._fail(
                state,
                MeshloomError(
                    "a value it needs cannot be kept: memory and disk are too small, or the disk is failing",
                    "raise the memory budget, or check the cache folder with: meshloom cache verify",
                ),
            )
            return
        if item is None:
            state.asked = False
            state.status = WAITING
        else:
            state.parked.append(item)
        for maker, gone in lost.items():
            other = self.states[maker]
            if other.status in (FAILED, SKIPPED):
                self._skip(state.node.name, f"it needs {maker}, which has no result")
                return
            state.waiting += 1
            other.waiters.append(state.node.name)
            if other.status == DONE:
                self._remake(other, gone)

    def _remake(self, state: _State, gone: Collection[str]) -> None:
        lost = [
            item
            for item, record in enumerate(state.results)
            if record is not None and any(name in gone for ref in record.outputs for name in digests(ref))
        ]
        for maker in {source.node for source in state.node.sources.values()}:  # needed once more
            other = self.states[maker]
            if other.status == DONE and other.uses == 0:
                for ref in other.refs:
                    self.cache.keep_alive(ref)
            other.uses += 1
        self.cache.drop([key for item in lost if (key := state.keys[item]) is not None])
        for ref in state.refs:
            self.cache.let_go(ref)
        state.heals += 1
        state.status = READY
        state.left = len(lost)
        state.inputs = {socket: self._ref(source) for socket, source in state.wanted}
        for item in lost:
            state.results[item] = None
            self._queue(state, item)

    def _unpark(self, state: _State) -> None:
        parked, state.parked = state.parked, []
        if state.status != READY:
            return
        state.inputs = {socket: self._ref(source) for socket, source in state.wanted}
        try:
            if self._count(state) != len(state.keys):
                raise MeshloomError("the list it is given had another length when it was made again")
        except MeshloomError as error:
            self._fail(state, error)
            return
        for item in parked:
            state.keys[item] = self._key(state, item)
            self._queue(state, item)

    # -------------------------------------------------------------------------------- the worker threads

    def _thread(self) -> None:
        try:
            self._work()
        except (
            BaseException
        ) as error:  # a fault of the engine itself: told by the calling thread, never a hang
            with self.lock:
                self.crash = error
                self._finish()

    def _work(self) -> None:
        while True:
            with self.work:
                task = self._take()
                while task is None and not self.stop:
                    self.work.wait()
                    task = self._take()
                if self.stop or task is None:
                    return
                state = self.states[task[2]]
                if state.status != READY:  # another item of it failed
                    self._pass_on(state, task[1])
                    self._finish_if_idle()
                    continue
                self.running[task] = time.monotonic()
                if not state.announced:
                    state.announced = True
                    self.events.put(NodeStarted(task[2], state.left if state.node.many else 0))
            self._compute(state, task)

    def _take(self) -> _Task | None:
        if self.ready_gpu and not self.gpu_busy and not (self.ready and self.ready[0] < self.ready_gpu[0]):
            self.gpu_busy = True
            return heapq.heappop(self.ready_gpu)
        return heapq.heappop(self.ready) if self.ready else None

    def _pass_on(self, state: _State, item: int) -> None:
        """A task that is not done after all: nodes that waited for the same work do it themselves."""
        if state.node.spec.gpu:
            self.gpu_busy = False
        key = state.keys[item]
        for _, other_item, name in self.inflight.pop(key, []) if key is not None else []:
            if self.states[name].status == READY:
                self._queue(self.states[name], other_item)

    def _compute(self, state: _State, task: _Task) -> None:
        node = state.node
        item = task[1]
        many = (item, len(state.keys)) if node.many else None
        context = Context(self.world, node.name, node.static, many, state.forced)
        begun = time.perf_counter()
        record: Record | None = None
        error: BaseException | None = None
        try:
            arguments = {
                socket: value_of(self.cache, source, state.inputs[socket], item)
                for socket, source in state.wanted
            }
            for port in node.spec.inputs:
                arguments.setdefault(port.name, None)
            if node.spec.takes_run:
                arguments["run"] = context
            # The caller's time starts here: loading inputs is not the node's doing.
            begun = time.perf_counter()
            result = returned(node.spec, node.spec.function(**node.params, **arguments))
            record = self.cache.put(state.keys[item], result, time.perf_counter() - begun, live=True)
        except Exception as raised:
            error = raised
        except BaseException as raised:  # SystemExit or KeyboardInterrupt raised inside a node
            error = MeshloomError(f"tried to end the process ({type(raised).__name__})")
        finally:
            context.close()
        seconds = time.perf_counter() - begun
        with self.lock:
            self.running.pop(task, None)
            if node.spec.gpu:
                self.gpu_busy = False
                self.work.notify()
            if self.over:
                for ref in record.outputs if record is not None else ():
                    self.cache.let_go(ref)
                return
            state.seconds += seconds
            for kind, (computed, reused) in context.counts.items():
                count = state.counts.setdefault(kind, [0, 0])
                count[0] += computed
                count[1] += reused
            if record is not None:
                self._item_done(state, item, record, computed=True)
            elif error is not None:
                self._item_failed(state, item, error)
            self._settle()
            self._finish_if_idle()

    def _item_done(self, state: _State, item: int, record: Record, computed: bool) -> None:
        key = state.keys[item]
        if state.status == READY and state.results[item] is None:
            state.results[item] = record
            state.left -= 1
            if computed:
                state.fresh.append(record)
            state.computed += computed
            if state.node.many:
                count = len(state.keys)
                self.events.put(NodeProgress(state.node.name, float(count - state.left), float(count)))
            if not state.left:
                self._done(state)
        if computed and key is not None:
            for _, other_item, name in self.inflight.pop(key, []):
                self._item_done(self.states[name], other_item, record, computed=False)

    def _item_failed(self, state: _State, item: int, error: BaseException) -> None:
        key = state.keys[item]
        followers = self.inflight.pop(key, []) if key is not None else []
        if isinstance(error, Cancelled):
            self.world.cancelled.set()
            return
        if isinstance(error, Missing):
            if state.status == READY:
                self._heal(state, error.digest, item)
            for _, other_item, name in followers:
                self._queue(self.states[name], other_item)
            return
        for failed, place in [(state, item), *((self.states[name], place) for _, place, name in followers)]:
            said = error
            if failed.node.many and isinstance(error, MeshloomError):
                said = MeshloomError(f"item {place + 1} of {len(failed.keys)}: {error.message}", error.hint)
                said.__traceback__ = error.__traceback__
            self._fail(failed, said)


def _failure(node: PlanNode, error: BaseException) -> NodeFailed:
    details = "".join(traceback.format_exception(error))
    if isinstance(error, MeshloomError):
        return NodeFailed(node.name, error.message, error.hint, details)
    if isinstance(error, MemoryError):
        hint = "use smaller inputs (max_side, fewer items), or close other programs"
        return NodeFailed(node.name, "ran out of memory", hint, details)
    if isinstance(error, ValueError) and "read-only" in str(error):
        hint = f"a node must not modify its inputs: {node.spec.id} has a fault; report it to its author"
        return NodeFailed(node.name, "tried to modify one of its inputs", hint, details)
    hint = f"this is a fault in {node.spec.id}; run with --traceback to see where"
    return NodeFailed(node.name, f"{type(error).__name__}: {error}", hint, details)


def _rss_reader() -> Callable[[], int]:
    process: list[Any] = []

    def read() -> int:
        if not process:
            import psutil

            process.append(psutil.Process())
        return int(process[0].memory_info().rss)

    return read
