"""What happens next in a run: what is asked for, found, queued, done, given up, or made again.

Threads and listeners come from outside; all bookkeeping is here, under one lock. Unless a method says that it takes
the lock, its caller holds it.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Collection, Mapping, Sequence

from meshloom.graph_runtime.cache import Missing
from meshloom.graph_runtime.context import World
from meshloom.graph_runtime.disk import Latest, Record, Ref
from meshloom.graph_runtime.errors import Cancelled, MeshloomError
from meshloom.graph_runtime.events import Event, NodeDone, NodeProgress, NodeSkipped, NodeStarted
from meshloom.graph_runtime.failure import failure
from meshloom.graph_runtime.keys import why
from meshloom.graph_runtime.lookup import digests, is_lazy, joined_outputs, recipe, value_of
from meshloom.graph_runtime.node_state import DONE, FAILED, IDLE, READY, SKIPPED, WAITING, NodeState
from meshloom.graph_runtime.outcome import Outcome
from meshloom.graph_runtime.plan import Plan, Source
from meshloom.graph_runtime.tasks import Task, Tasks

#: How often a value may vanish between being made and being read before its node is given up on.
_MOST_HEALS = 3

#: The last event of every run, which is not for listeners.
END = Event()


class Schedule:
    """The nodes of a plan on their way to its targets."""

    def __init__(
        self, plan: Plan, world: World, force: Collection[str], before: Mapping[str, Latest]
    ) -> None:
        self.world = world
        self.cache = world.cache
        self.before = before
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        world.announce = self.events.put
        self.states = {name: NodeState(node) for name, node in plan.nodes.items()}
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
        self.tasks = Tasks()
        self.running: dict[Task, float] = {}
        self.settled: deque[str] = deque()  # nodes whose inputs are all there
        self.open_targets = set(plan.targets)
        self.stop = False
        self.over = False
        self.ended = threading.Event()
        self.outcome = Outcome()

    # -------------------------------------------------------------------------------------- the end

    def let_go_all(self) -> None:
        """Of every value that this run still keeps alive."""
        for state in self.states.values():
            held = list(state.refs) if state.status == DONE and state.uses > 0 else []
            for ref in [*held, *(ref for record in state.fresh for ref in record.outputs)]:
                self.cache.let_go(ref)
            state.fresh.clear()

    def finish_if_idle(self) -> None:
        """The run ends when nothing runs and nothing can.

        Work that only failed targets need is finished too: it is kept, and found once the fault is mended.
        """
        if self.settled or self.running or self.tasks or self.world.cancelled.is_set():
            return
        for name in sorted(self.open_targets):
            self._fail(self.states[name], RuntimeError("what it waits for never came"))
        self.finish()

    def finish(self) -> None:
        """Nothing more will happen; wake everybody."""
        if self.over:
            return
        self.over = self.stop = True
        self.ended.set()
        self.outcome.abandoned = sorted({name for _, _, name in self.running})
        self.work.notify_all()
        self.events.put(END)

    # -------------------------------------------------------------------------------- demand and look-up

    def demand(self, names: Collection[str]) -> None:
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

    def _wait_for(self, state: NodeState, sources: Collection[Source], stack: list[str]) -> None:
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

    def settle(self) -> None:
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

    def _choose_inputs(self, state: NodeState) -> bool:
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
                self.demand(more)
                return False
        else:
            state.wanted = [(socket, node.sources[socket]) for socket in sorted(chosen)]
        return True

    def _ref(self, source: Source) -> Ref:
        return self.states[source.node].refs[source.index]

    def _look_up(self, state: NodeState) -> None:
        """Make the key (or one per item), reuse what is there, and queue the rest."""
        state.inputs = {socket: self._ref(source) for socket, source in state.wanted}
        count = state.count()
        state.keys = [state.key(item) for item in range(count)]
        state.results = [self._find(state, key) for key in state.keys]
        state.left = sum(1 for result in state.results if result is None)
        if not state.left:
            self._done(state)
            return
        state.status = READY
        for item, result in enumerate(state.results):
            if result is None:
                self._queue(state, item)

    def _find(self, state: NodeState, key: str | None) -> Record | None:
        if key is None or state.forced:
            return None
        record = self.cache.record(key)
        # What a target made will be read for certain: a lost value is better noticed now.
        if record is not None and state.node.name in self.targets:
            return record if all(self.cache.holds(ref) for ref in record.outputs) else None
        return record

    def _queue(self, state: NodeState, item: int) -> None:
        task = (state.node.order, item, state.node.name)
        if self.tasks.add(task, state.keys[item], state.node.spec.gpu):
            self.work.notify()

    # -------------------------------------------------------------------------------------------- results

    def _done(self, state: NodeState) -> None:
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

    def _release_sources(self, state: NodeState) -> None:
        for maker in {source.node for source in state.node.sources.values()}:
            other = self.states[maker]
            other.uses -= 1
            if other.uses == 0 and other.status == DONE:
                for ref in other.refs:
                    self.cache.let_go(ref)

    def _why(self, state: NodeState) -> str:
        node = state.node
        if state.forced:
            return "forced"
        if not node.spec.cacheable:
            return "is declared to run each time"
        before = self.before.get(node.name)
        if state.heals:
            return "its result was no longer in the cache"
        return why(before.recipe if before is not None else None, recipe(state.node, state.inputs))

    def _fail(self, state: NodeState, error: BaseException) -> None:
        if state.status in (FAILED, SKIPPED):
            return
        state.status = FAILED
        self._retract(state)
        event = failure(state.node, error)
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

    def _retract(self, state: NodeState) -> None:
        """A node that was done, then lost its result and could not make it again, has none."""
        for held in (self.outcome.outputs, self.outcome.done, self.outcome.keys):
            held.pop(state.node.name, None)

    def _give_up_below(self, state: NodeState) -> None:
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

    def _heal(self, state: NodeState, digest: str, item: int | None) -> None:
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

    def _remake(self, state: NodeState, gone: Collection[str]) -> None:
        lost = state.holding(gone)
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

    def _unpark(self, state: NodeState) -> None:
        parked, state.parked = state.parked, []
        if state.status != READY:
            return
        state.inputs = {socket: self._ref(source) for socket, source in state.wanted}
        try:
            if state.count() != len(state.keys):
                raise MeshloomError("the list it is given had another length when it was made again")
        except MeshloomError as error:
            self._fail(state, error)
            return
        for item in parked:
            state.keys[item] = state.key(item)
            self._queue(state, item)

    # ------------------------------------------------------------------------------- tasks and the threads

    def next_task(self) -> tuple[NodeState, Task] | None:
        """Wait for a task to do; ``None`` when there will be none any more. Takes the lock."""
        with self.work:
            while True:
                task = self.tasks.take()
                while task is None and not self.stop:
                    self.work.wait()
                    task = self.tasks.take()
                if self.stop or task is None:
                    return None
                state = self.states[task[2]]
                if state.status != READY:  # another item of it failed
                    self._pass_on(state, task[1])
                    self.finish_if_idle()
                    continue
                self.running[task] = time.monotonic()
                if not state.announced:
                    state.announced = True
                    self.events.put(NodeStarted(task[2], state.left if state.node.many else 0))
                return state, task

    def _pass_on(self, state: NodeState, item: int) -> None:
        """A task that is not done after all: nodes that waited for the same work do it themselves."""
        if state.node.spec.gpu:
            self.tasks.free_gpu()
        for _, other_item, name in self.tasks.followers(state.keys[item]):
            if self.states[name].status == READY:
                self._queue(self.states[name], other_item)

    def task_ended(
        self,
        state: NodeState,
        task: Task,
        record: Record | None,
        error: BaseException | None,
        seconds: float,
        counts: Mapping[str, Sequence[int]],
    ) -> None:
        """A thread comes back from a task with what it made or what went wrong. Takes the lock."""
        item = task[1]
        node = state.node
        with self.lock:
            self.running.pop(task, None)
            if node.spec.gpu:
                self.tasks.free_gpu()
                self.work.notify()
            if self.over:
                for ref in record.outputs if record is not None else ():
                    self.cache.let_go(ref)
                return
            state.seconds += seconds
            for kind, (computed, reused) in counts.items():
                count = state.counts.setdefault(kind, [0, 0])
                count[0] += computed
                count[1] += reused
            if record is not None:
                self._item_done(state, item, record, computed=True)
            elif error is not None:
                self._item_failed(state, item, error)
            self.settle()
            self.finish_if_idle()

    def _item_done(self, state: NodeState, item: int, record: Record, computed: bool) -> None:
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
        if computed:
            for _, other_item, name in self.tasks.followers(state.keys[item]):
                self._item_done(self.states[name], other_item, record, computed=False)

    def _item_failed(self, state: NodeState, item: int, error: BaseException) -> None:
        followers = self.tasks.followers(state.keys[item])
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
