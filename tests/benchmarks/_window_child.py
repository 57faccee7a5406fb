"""Meshloom's own window with somebody in it who watches the clock; what they saw is printed as a line of JSON.

    python _window_child.py start | idle WORKFLOW | run WORKFLOW SECONDS

``start``: what is loaded once the window can be used. ``idle``: opens the workflow and says "ready" when nothing is
going on any more; ends with standard input. ``run``: runs it for at most so long, then presses Stop.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

#: How often the window should come round (ms).
TICK = 10


def tell(**said: Any) -> None:
    print(json.dumps(said), flush=True)


def act_when_open(act: Any) -> int:
    from PySide6.QtCore import QTimer

    from meshloom.ui import start
    from meshloom.ui.window.main_window import MainWindow

    offer = MainWindow.offer_lost_work

    def offer_and_act(window: MainWindow) -> None:
        offer(window)
        QTimer.singleShot(0, window, lambda: act(window))

    MainWindow.offer_lost_work = offer_and_act  # type: ignore[method-assign]
    return start.open_window()


def started(window: Any) -> None:
    tell(loaded=sorted(sys.modules))
    window.close()


def idle(window: Any) -> None:
    from PySide6.QtCore import QSocketNotifier, QTimer

    window.open_template(Path(sys.argv[2]))
    window.listener = QSocketNotifier(0, QSocketNotifier.Type.Read, window)
    window.listener.activated.connect(lambda: leave(window))
    QTimer.singleShot(4000, window, lambda: tell(ready=window.bench.runs.engine.pid))


def leave(window: Any) -> None:
    window._ask = False
    window.close()


class Watch:
    """A timer of :data:`TICK` ms: how late each of its ticks was, those that fell out among them.

    On a busy machine most of that is waiting for a processor; ``work`` is what the window itself did between two
    ticks, in CPU time of its thread.
    """

    def __init__(self, window: Any) -> None:
        from PySide6.QtCore import Qt, QTimer

        self.late: list[float] = []
        self.work: list[float] = []
        self._before = self._worked = 0.0
        self.timer = QTimer(window)
        self.timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.timer.setInterval(TICK)
        self.timer.timeout.connect(self._tick)

    def start(self) -> None:
        self._before, self._worked = time.perf_counter(), time.thread_time()
        self.timer.start()

    def _tick(self) -> None:
        now, worked = time.perf_counter(), time.thread_time()
        late = max(0.0, (now - self._before) * 1e3 - TICK)
        self.work.append((worked - self._worked) * 1e3)
        self._before, self._worked = now, worked
        # Whoever clicks does so at any moment of a stall, not once for each.
        self.late += [late - skipped for skipped in range(0, int(late) + 1, TICK)]

    def told(self) -> dict[str, float]:
        self.timer.stop()
        found = sorted(self.late)
        return {
            "p95": found[int(len(found) * 0.95)],
            "worst": found[-1],
            "work": max(self.work),
            "ticks": len(found),
        }


def run(window: Any) -> None:
    from PySide6.QtCore import QTimer

    tab = window.open_template(Path(sys.argv[2]))
    runs = window.bench.runs
    watch = Watch(window)
    stopped: list[float] = []

    def begin() -> None:
        watch.start()
        window.commands["run.all"].trigger()
        QTimer.singleShot(int(float(sys.argv[3]) * 1000), window, stop)

    def stop() -> None:
        if runs.current is not None:
            stopped.append(time.perf_counter())
            window.commands["run.cancel"].trigger()

    def ended(info: Any) -> None:
        cancel = (time.perf_counter() - stopped[0]) * 1e3 if stopped else None
        tell(state=info.state, done=info.done, nodes=info.nodes, cancel=cancel, **watch.told())
        QTimer.singleShot(0, window, lambda: leave(window))

    runs.ended.connect(ended)
    assert tab is not None
    # As a user would: not before the window has come to rest.
    QTimer.singleShot(3000, window, begin)


if __name__ == "__main__":
    sys.exit(act_when_open({"start": started, "idle": idle, "run": run}[sys.argv[1]]))
