"""Models stay loaded between nodes and runs, within a budget of bytes."""

from __future__ import annotations

import threading
import time

from meshloom.graph_runtime.warm import WarmPool


class Builds:
    def __init__(self, seconds: float = 0.0) -> None:
        self.made: list[str] = []
        self._seconds = seconds

    def __call__(self, pool: WarmPool, name: str, size: int = 10) -> str:
        def build() -> str:
            self.made.append(name)
            time.sleep(self._seconds)
            return f"model {name}"

        return pool.get("text", name, build, lambda model: size)


def test_a_model_is_built_once() -> None:
    pool, builds = WarmPool(100), Builds()
    assert [builds(pool, "a"), builds(pool, "a"), builds(pool, "b")] == ["model a", "model a", "model b"]
    assert builds.made == ["a", "b"]
    assert pool.bytes == 20


def test_the_least_recently_used_leaves_when_the_budget_is_passed() -> None:
    pool, builds = WarmPool(25), Builds()
    for name in ("a", "b", "a", "c", "a", "b"):
        builds(pool, name)
    assert builds.made == ["a", "b", "c", "b"]
    assert pool.bytes == 20


def test_one_larger_than_the_budget_is_lent_all_the_same() -> None:
    pool, builds = WarmPool(25), Builds()
    builds(pool, "a")
    assert builds(pool, "huge", 1000) == "model huge"
    builds(pool, "a")
    assert builds.made == ["a", "huge", "a"]
    assert pool.bytes == 10


def test_two_who_ask_at_once_wait_for_one_build() -> None:
    pool, builds = WarmPool(100), Builds(0.1)
    got: list[str] = []
    threads = [threading.Thread(target=lambda: got.append(builds(pool, "a"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert got == ["model a"] * 4
    assert builds.made == ["a"]


def test_a_build_that_fails_is_tried_again() -> None:
    pool, builds = WarmPool(100), Builds()

    def fail() -> str:
        raise OSError("no such file")

    for _ in range(2):
        try:
            pool.get("text", "a", fail, len)
        except OSError:
            builds.made.append("failed")
    assert builds(pool, "a") == "model a"
    assert builds.made == ["failed", "failed", "a"]


def test_all_can_be_let_go() -> None:
    pool, builds = WarmPool(100), Builds()
    builds(pool, "a")
    pool.clear()
    assert pool.bytes == 0
    builds(pool, "a")
    assert builds.made == ["a", "a"]
