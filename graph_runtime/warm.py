"""Loaded models, kept between nodes and runs, bounded by bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class _Slot:
    lock: threading.Lock = field(default_factory=threading.Lock)
    model: Any = None
    bytes: int = 0
    built: bool = False


class WarmPool:
    """Models by (kind, reference). The least recently used leave when the budget is passed."""

    def __init__(self, budget: int = 8 << 30) -> None:
        self.budget = budget
        self._lock = threading.Lock()
        self._slots: OrderedDict[tuple[str, str], _Slot] = OrderedDict()

    def get(self, kind: str, reference: str, build: Callable[[], Any], size: Callable[[Any], int]) -> Any:
        """The model, built if absent. Two nodes asking for the same one wait for one build."""
        with self._lock:
            slot = self._slots.setdefault((kind, reference), _Slot())
            self._slots.move_to_end((kind, reference))
        with slot.lock:
            if not slot.built:
                slot.model = build()
                slot.bytes = size(slot.model)
                slot.built = True
            model = slot.model
        self._shrink(keep=(kind, reference))
        return model

    def _shrink(self, keep: tuple[str, str]) -> None:
        with self._lock:
            total = sum(slot.bytes for slot in self._slots.values())
            for name in list(self._slots):
                if total <= self.budget:
                    return
                if name != keep and self._slots[name].built:
                    total -= self._slots.pop(name).bytes

    def clear(self) -> None:
        """Let every model go (out of memory, or on request)."""
        with self._lock:
            self._slots.clear()

    @property
    def bytes(self) -> int:
        with self._lock:
            return sum(slot.bytes for slot in self._slots.values())
