"""Fixtures shared by all tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest


class DirectRun:
    """A ``Run`` for calling a node as a plain function: remembers nothing between calls, records what it is told."""

    def __init__(self, scratch: Path) -> None:
        self.device = "cpu"
        self.threads = 2
        self.scratch = scratch
        self.progressed: list[tuple[float, float, str]] = []
        self.warnings: list[str] = []
        self.remembered: list[tuple[str, tuple[Any, ...]]] = []

    def progress(self, done: float, total: float = 1.0, message: str = "") -> None:
        self.progressed.append((done, total, message))

    def check(self) -> None: ...

    def warn(self, message: str) -> None:
        self.warnings.append(message)

    def preview(self, value: object) -> None: ...

    def remember(self, kind: str, parts: Sequence[object], make: Callable[[], Any], returns: type) -> Any:
        self.remembered.append((kind, tuple(parts)))
        return make()

    def warm(self, kind: str, reference: str, build: Callable[[], Any], size: Callable[[Any], int]) -> Any:
        return build()

    def make_room(self) -> None: ...


@pytest.fixture
def run(tmp_path: Path) -> DirectRun:
    """Hand this to a node under test as its ``run=``."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    return DirectRun(scratch)


@pytest.fixture(scope="session")
def warm_models() -> Any:
    """Models stay loaded between tests, as they do between runs."""
    from meshloom.graph_runtime.warm import WarmPool

    return WarmPool()


@pytest.fixture
def warm_run(run: DirectRun, warm_models: Any) -> Iterator[DirectRun]:
    """A ``run`` that keeps models warm and what it is shown in ``previews``.

    On one thread: the layers of tiny models are smaller than what it costs to share them out.
    """
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    previews: list[object] = []
    run.warm = warm_models.get  # type: ignore[method-assign]
    run.preview = previews.append  # type: ignore[method-assign]
    run.previews = previews  # type: ignore[attr-defined]
    yield run
    torch.set_num_threads(before)
