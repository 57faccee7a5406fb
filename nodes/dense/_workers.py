"""Work split among threads, with progress and cancelling from the thread that asked for it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

from meshloom.graph_runtime.spec import Run


class Workers:
    """Threads for kernels that release the GIL. Use as a context: leaving it waits for what is still running.

    ``done`` counts finished views out of ``total``, with fractions; ``message`` is what progress says.
    """

    def __init__(self, run: Run, total: float) -> None:
        self._run = run
        self._total = total
        self._pool = ThreadPoolExecutor(max(1, run.threads))
        self.done = 0.0
        self.message = ""

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def start(self, done: float, message: str) -> None:
        """A new view begins."""
        # Fractions of the view before may have added up to a hair more than one.
        self.done, self.message = max(done, self.done), message
        self._run.progress(self.done, self._total, message)

    def split(self, work: Callable[[int, int], object], count: int, step: int, share: float) -> None:
        """Call ``work(first, last)`` for all of ``range(count)``, in any order. Worth ``share`` views."""
        spans = [(first, min(first + step, count)) for first in range(0, count, step)]
        waiting = {self._pool.submit(work, *span) for span in spans}
        while waiting:
            finished, waiting = wait(waiting, timeout=0.1, return_when=FIRST_EXCEPTION)
            for future in finished:
                future.result()
            part = share * (len(spans) - len(waiting)) / len(spans)
            self._run.progress(min(self.done + part, self._total), self._total, self.message)
        self.done += share
