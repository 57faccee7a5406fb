"""The threads of a run: each takes what is ready, calls the node, and hands back what came of it.

They are daemons of one run: a node that hangs is abandoned on cancel instead of holding the process.
"""

from __future__ import annotations

import threading
import time

from meshloom.graph_runtime.context import Context, World
from meshloom.graph_runtime.disk import Record
from meshloom.graph_runtime.errors import MeshloomError
from meshloom.graph_runtime.lookup import value_of
from meshloom.graph_runtime.node_state import NodeState
from meshloom.graph_runtime.outputs import returned
from meshloom.graph_runtime.schedule import Schedule
from meshloom.graph_runtime.tasks import Task


class Workers:
    """``count`` threads that work a schedule off."""

    def __init__(self, schedule: Schedule, world: World, count: int) -> None:
        self._schedule = schedule
        self._world = world
        self._count = max(1, count)
        #: A fault of the engine itself: told by the calling thread, never a hang.
        self.crash: BaseException | None = None

    def start(self) -> list[threading.Thread]:
        threads = [
            threading.Thread(target=self._thread, name=f"node-worker-{index}", daemon=True)
            for index in range(self._count)
        ]
        for thread in threads:
            thread.start()
        return threads

    def _thread(self) -> None:
        try:
            while (taken := self._schedule.next_task()) is not None:
                self._compute(*taken)
        except BaseException as error:
            with self._schedule.lock:
                self.crash = error
                self._schedule.finish()

    def _compute(self, state: NodeState, task: Task) -> None:
        node = state.node
        item = task[1]
        many = (item, len(state.keys)) if node.many else None
        context = Context(self._world, node.name, node.static, many, state.forced)
        begun = time.perf_counter()
        record: Record | None = None
        error: BaseException | None = None
        try:
            arguments = {
                socket: value_of(self._world.cache, source, state.inputs[socket], item)
                for socket, source in state.wanted
            }
            for port in node.spec.inputs:
                arguments.setdefault(port.name, None)
            if node.spec.takes_run:
                arguments["run"] = context
            # The caller's time starts here: loading inputs is not the node's doing.
            begun = time.perf_counter()
            result = returned(node.spec, node.spec.function(**node.params, **arguments))
            record = self._world.cache.put(state.keys[item], result, time.perf_counter() - begun, live=True)
        except Exception as raised:
            error = raised
        except BaseException as raised:  # SystemExit or KeyboardInterrupt raised inside a node
            error = MeshloomError(f"tried to end the process ({type(raised).__name__})")
        finally:
            context.close()
        self._schedule.task_ended(state, task, record, error, time.perf_counter() - begun, context.counts)
