"""Results by key, values by digest: a bounded memory tier before an optional disk tier.

Keys name computations, digests name content. Because a record maps the one to the other, a node that runs
again and yields equal bytes cuts the change off: everything below it is still found.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections import Counter, OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, overload

from meshloom.graph_runtime import codecs
from meshloom.graph_runtime.disk import DiskStore, Record, Ref
from meshloom.graph_runtime.types import VALUES

#: How many of the least recently used values compete, by cost, for being evicted next.
_CANDIDATES = 8


class Missing(Exception):
    """A value that a record names is gone (evicted, pruned or damaged). Whoever made it must run again."""

    def __init__(self, digest: str) -> None:
        super().__init__(digest)
        self.digest = digest


@dataclass(slots=True)
class _Held:
    value: Any
    bytes: int
    seconds: float
    stored: bool  # safe on disk, so it may leave memory at any time


class Cache:
    """The two tiers as one. Thread-safe.

    ``memory_budget``: bytes of values kept in memory. Without a disk tier, values that a run still needs
    stay beyond it, since nothing else could give them back.
    """

    def __init__(self, memory_budget: int = 2 << 30, disk: DiskStore | None = None) -> None:
        self.memory_budget = memory_budget
        self.disk = disk
        self._lock = threading.RLock()
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self._bytes = 0
        self._records: dict[str, Record] = {}
        self._live: Counter[str] = Counter()
        #: What was looked for in vain: the disk tier may take a moment to drop it from its index.
        self._lost: set[str] = set()
        self._digests: weakref.WeakKeyDictionary[Any, str] = weakref.WeakKeyDictionary()

    @property
    def _stores(self) -> bool:
        """Whether what is put will be on disk sooner or later. A full or read-only disk ends that at any time."""
        return self.disk is not None and self.disk.writable

    # ---------------------------------------------------------------------------------------- records

    def record(self, key: str) -> Record | None:
        """What the computation of that key gave, or ``None``."""
        found = self._records.get(key)
        if found is None and self.disk is not None:
            found = self.disk.record(key)
            if found is not None:
                self._records[key] = found
        return found

    def drop(self, keys: Iterable[str]) -> None:
        """Forget records whose values are gone."""
        keys = list(keys)
        for key in keys:
            self._records.pop(key, None)
        if self.disk is not None:
            self.disk.forget(keys=keys)

    # ----------------------------------------------------------------------------------------- values

    def put(self, key: str | None, outputs: Sequence[Any], seconds: float, live: bool = False) -> Record:
        """Keep the outputs of a computation; a list output is kept item by item.

        With no key (a node that must not be reused) only the values are kept. ``live``: as if
        :meth:`keep_alive` were called on each output before anything could be evicted. Raises ``TypeError`` or
        ``ValueError`` for an output that cannot be stored.
        """
        encoded: dict[str, codecs.Encoded] = {}
        fresh: dict[str, Any] = {}
        total = 0

        def keep(value: Any) -> str:
            nonlocal total
            parts = codecs.encode(value)
            name = codecs.digest(parts)
            total += codecs.size(parts)
            if name not in encoded:
                encoded[name] = parts
                fresh[name] = value
            return name

        refs: list[Ref] = []
        for output in outputs:
            if isinstance(output, Items):
                refs.append(output.digests)
            elif isinstance(output, (list, tuple)):
                refs.append(tuple(keep(item) for item in output))
            else:
                refs.append(keep(output))
        record = Record(tuple(refs), seconds, total, time.time())
        with self._lock:
            if live:
                for ref in refs:
                    self.keep_alive(ref)
            for name, value in fresh.items():
                self._hold(name, value, seconds, stored=False)
            if key is not None:
                self._records[key] = record
        if self.disk is not None and self.disk.writable:
            names = tuple(fresh)
            self.disk.put(key, record, encoded, lambda: self._on_disk(names))
        self._shrink()
        return record

    def _on_disk(self, names: tuple[str, ...]) -> None:
        if self.disk is None or not self.disk.writable:
            return
        with self._lock:
            for name in names:
                if name in self._held:
                    self._held[name].stored = True
        self._shrink()

    def _hold(self, name: str, value: Any, seconds: float, stored: bool) -> None:
        if _by_identity(value):
            self._digests[value] = name
        self._lost.discard(name)
        if name in self._held:
            self._held.move_to_end(name)
            return
        count = codecs.held_bytes(value)
        self._shrink(count)  # before it is held: the budget is not passed, not even for a moment
        self._held[name] = _Held(value, count, seconds, stored)
        self._bytes += count

    def _shrink(self, coming: int = 0) -> None:
        with self._lock:
            while self._held and self._bytes + coming > self.memory_budget:
                candidates = []
                for name, held in self._held.items():
                    if held.stored or not (self._stores or self._live[name]):
                        candidates.append((held.seconds / max(1, held.bytes), name))
                        if len(candidates) == _CANDIDATES:
                            break
                if not candidates:
                    return
                _, name = min(
                    candidates, key=lambda candidate: candidate[0]
                )  # of equals, the first: the oldest
                self._bytes -= self._held.pop(name).bytes

    def load(self, name: str) -> Any:
        """The value of a digest. Raises :class:`Missing`."""
        with self._lock:
            held = self._held.get(name)
            if held is not None:
                self._held.move_to_end(name)
                return held.value
        data = self.disk.blob(name) if self.disk is not None else None
        try:
            value = codecs.decode(data or b"")
        except codecs.Undecodable as error:
            self._lost.add(name)
            raise Missing(name) from error
        with self._lock:
            self._hold(name, value, 0.0, stored=True)
        self._shrink()
        return value

    @overload
    def fetch(self, ref: str) -> Any: ...
    @overload
    def fetch(self, ref: tuple[str, ...]) -> Items: ...
    def fetch(self, ref: Ref) -> Any:
        """The value of an output; a list comes as :class:`Items`, loading each item when asked for."""
        return self.load(ref) if isinstance(ref, str) else Items(self, ref)

    def holds(self, ref: Ref) -> bool:
        """Whether the value (or every item of the list) can still be had."""
        names = [ref] if isinstance(ref, str) else ref
        absent = [name for name in names if name not in self._held]
        if not self._lost.isdisjoint(absent):
            return False
        return not absent or (self.disk is not None and self.disk.holds(absent))

    def digest(self, value: Any) -> str:
        """The digest of any value or scalar; remembered for values."""
        if _by_identity(value):
            known = self._digests.get(value)
            if known is None:
                known = codecs.digest(codecs.encode(value))
                self._digests[value] = known
            return known
        return codecs.digest(codecs.encode(value))

    # --------------------------------------------------------------------------------------- liveness

    def keep_alive(self, ref: Ref) -> None:
        """A run still needs this value: where no disk tier takes it, it must not leave memory."""
        if self._stores:
            return
        with self._lock:
            self._live.update([ref] if isinstance(ref, str) else ref)

    def let_go(self, ref: Ref) -> None:
        """The run needs it no longer."""
        if self._stores:
            return
        with self._lock:
            for name in [ref] if isinstance(ref, str) else ref:
                self._live[name] -= 1
                if self._live[name] <= 0:
                    del self._live[name]
        self._shrink()

    @property
    def memory_bytes(self) -> int:
        """Bytes of values now held in memory."""
        return self._bytes

    def flush(self) -> None:
        """Wait until everything is on disk."""
        if self.disk is not None:
            self.disk.flush()

    def close(self) -> None:
        """Flush and release the disk tier."""
        if self.disk is not None:
            self.disk.close()


def _by_identity(value: object) -> bool:
    """Whether this is a value class: compared and hashed by identity, so its digest can be remembered."""
    return VALUES.get(type(value).__name__) is type(value)


class Items(Sequence[Any]):
    """A list of values that loads each when asked for, so that a hundred photos need not be held at once."""

    __slots__ = ("_cache", "digests")

    def __init__(self, cache: Cache, digests: tuple[str, ...]) -> None:
        self._cache = cache
        self.digests = digests

    def __len__(self) -> int:
        return len(self.digests)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Items: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return Items(self._cache, self.digests[index])
        return self._cache.load(self.digests[index])

    def __repr__(self) -> str:
        return f"<{len(self)} items>"
