"""The world outside the key, as a node sees it: the engine's side of ``spec.Run``."""

from __future__ import annotations

import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from meshloom.graph_runtime.cache import Cache, Items, Missing
from meshloom.graph_runtime.errors import Cancelled
from meshloom.graph_runtime.events import Event, NodePreview, NodeProgress, Warned
from meshloom.graph_runtime.keys import Static, inner_key
from meshloom.graph_runtime.stamps import Stamps
from meshloom.graph_runtime.warm import WarmPool

#: Progress is announced this often at most (seconds).
_PROGRESS_EVERY = 0.1


@dataclass
class World:
    """What all nodes of a run share."""

    cache: Cache
    stamps: Stamps
    warm: WarmPool
    cancelled: threading.Event
    announce: Callable[[Event], None]
    device: str
    threads: int
    scratch_root: Path | None = None


@dataclass
class Context:
    """One call of one node. See ``spec.Run`` for what the methods promise."""

    world: World
    node: str
    static: Static
    #: (index, how many) when the node runs per item of a list.
    item: tuple[int, int] | None = None
    forced: bool = False
    counts: dict[str, list[int]] = field(default_factory=dict)
    _scratch: Path | None = None
    _last: float = 0.0

    @property
    def device(self) -> str:
        return self.world.device

    @property
    def threads(self) -> int:
        return self.world.threads

    @property
    def scratch(self) -> Path:
        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="meshloom-", dir=self.world.scratch_root))
        return self._scratch

    def progress(self, done: float, total: float = 1.0, message: str = "") -> None:
        self.check()
        now = time.monotonic()
        if now - self._last >= _PROGRESS_EVERY:
            self._last = now
            if self.item is not None:
                index, count = self.item
                done, total = index + (done / total if total else 0.0), count
            self.world.announce(NodeProgress(self.node, float(done), float(total), message))

    def check(self) -> None:
        if self.world.cancelled.is_set():
            raise Cancelled

    def warn(self, message: str) -> None:
        self.world.announce(Warned(self.node, message))

    def preview(self, value: object) -> None:
        self.check()
        self.world.announce(NodePreview(self.node, value))

    def remember(self, kind: str, parts: Sequence[object], make: Callable[[], Any], returns: type) -> Any:
        self.check()
        names = [self._name(part) for part in parts]
        key = inner_key(self.static, f"{kind}:{returns.__name__}", names)
        count = self.counts.setdefault(kind, [0, 0])
        record = None if self.forced else self.world.cache.record(key)
        if record is not None:
            try:
                value = self.world.cache.fetch(record.outputs[0])
                count[1] += 1
                return value
            except Missing:
                self.world.cache.drop([key])
        begun = time.perf_counter()
        value = make()
        if type(value) is not returns:
            raise TypeError(f"remember({kind!r}) made {type(value).__name__}; expected {returns.__name__}")
        count[0] += 1
        self.world.cache.put(key, [value], time.perf_counter() - begun)
        return value

    def _name(self, part: object) -> str:
        if isinstance(part, Path):
            return self.world.stamps.file(part)
        if part is None:
            return "null"
        if isinstance(part, Items):
            return "[" + ",".join(part.digests) + "]"
        if isinstance(part, (tuple, list)):
            return "[" + ",".join(self._name(item) for item in part) + "]"
        return self.world.cache.digest(part)

    def warm(self, kind: str, reference: str, build: Callable[[], Any], size: Callable[[Any], int]) -> Any:
        return self.world.warm.get(kind, reference, build, size)

    def make_room(self) -> None:
        self.world.warm.clear()

    def close(self) -> None:
        """Remove the scratch folder."""
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
