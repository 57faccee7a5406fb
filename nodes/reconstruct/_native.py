"""Long native calls that leave the caller free to report progress and to be cancelled."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

#: Seconds between two questions whether to go on, and how long a told-to-stop call is waited for.
ASK_EVERY, GRACE = 0.05, 0.3


def interruptible(
    work: Callable[[], T], tick: Callable[[], None], stop: Callable[[], None] | None = None
) -> T:
    """``work()`` on a thread of its own, calling ``tick`` meanwhile, which may raise to give up.

    ``work`` must release the GIL for most of its time. When ``tick`` raises, ``stop`` is called, the thread
    is given a moment, and the exception goes on; a call that cannot be stopped ends later, unheard.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def body() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=body, name="meshloom-native", daemon=True)
    thread.start()
    try:
        while thread.is_alive():
            thread.join(ASK_EVERY)
            tick()
    finally:
        if thread.is_alive():
            if stop is not None:
                stop()
            thread.join(GRACE)
    if errors:
        raise errors[0]
    return results[0]
