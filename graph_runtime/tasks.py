"""Work that is ready to be done: in order, equal work once, one task at a time on the accelerator."""

from __future__ import annotations

import heapq

#: Order of the node in the plan, item, name of the node.
Task = tuple[int, int, str]


class Tasks:
    """Tasks that wait for a thread. Not safe by itself: used under the lock of the run."""

    def __init__(self) -> None:
        self._ready: list[Task] = []
        self._ready_gpu: list[Task] = []
        self._gpu_busy = False
        #: By key: the tasks that wait for another one's result of the same key.
        self._inflight: dict[str, list[Task]] = {}

    def __bool__(self) -> bool:
        return bool(self._ready or self._ready_gpu)

    def add(self, task: Task, key: str | None, gpu: bool) -> bool:
        """Queue a task; ``False`` where it waits for an equal one instead."""
        if key is not None:
            if key in self._inflight:  # an equal node computes it
                self._inflight[key].append(task)
                return False
            self._inflight[key] = []
        heapq.heappush(self._ready_gpu if gpu else self._ready, task)
        return True

    def take(self) -> Task | None:
        """The next task that may be done now."""
        if (
            self._ready_gpu
            and not self._gpu_busy
            and not (self._ready and self._ready[0] < self._ready_gpu[0])
        ):
            self._gpu_busy = True
            return heapq.heappop(self._ready_gpu)
        return heapq.heappop(self._ready) if self._ready else None

    def free_gpu(self) -> None:
        """The task on the accelerator left it."""
        self._gpu_busy = False

    def followers(self, key: str | None) -> list[Task]:
        """The tasks that waited for the one of this key, which is over."""
        return self._inflight.pop(key, []) if key is not None else []
