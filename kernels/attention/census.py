"""Every attention call of any pipeline, counted: shape, dtype, mask, how often, how long."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import torch

from meshloom.kernels.attention.adapters_torch import AttentionCalls
from meshloom.kernels.attention.inputs import Call
from meshloom.kernels.attention.spec import AttnSpec


@dataclass
class Entry:
    """All calls of one spec. ``seconds`` of them together; ``share``: of the time under the census."""

    spec: AttnSpec
    count: int = 0
    seconds: float = 0.0
    share: float = 0.0


@dataclass
class Census:
    """What was recorded, most time first. ``captured``: the first calls, kept for the gate."""

    entries: list[Entry] = field(default_factory=list)
    seconds: float = 0.0
    captured: list[tuple[str, Call]] = field(default_factory=list)

    @property
    def attention_share(self) -> float:
        return sum(entry.share for entry in self.entries)

    def predicted(self, speedup: float) -> float:
        """Amdahl's law: by what factor the whole gets faster where attention gets ``speedup`` times as fast."""
        share = self.attention_share
        return 1 / (1 - share + share / speedup)


class _Recorder(AttentionCalls):
    def __init__(self, keep: int) -> None:
        super().__init__()
        self.found: dict[AttnSpec, Entry] = {}
        self.keep = keep
        self.captured: list[tuple[str, Call]] = []
        self.events: list[tuple[Entry, Any, Any]] = []

    def attend(
        self, usual: Any, qkv: Any, mask: Any, causal: bool, scale: float | None, dropout: float
    ) -> torch.Tensor:
        q, k, v = qkv
        spec = AttnSpec.of(q, k, v, mask, causal)
        entry = self.found.setdefault(spec, Entry(spec))
        entry.count += 1
        if len(self.captured) < self.keep:
            held = (None if t is None else t.detach().clone() for t in (q, k, v, mask))
            self.captured.append((f"call {len(self.captured) + 1}", Call(*held, causal, scale)))  # type: ignore[arg-type]
        if q.device.type == "cuda":  # read at the end, so that nothing waits in between
            begin, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
            begin.record()
            out = usual()
            end.record()
            self.events.append((entry, begin, end))
            return out
        began = time.perf_counter()
        out = usual()
        entry.seconds += time.perf_counter() - began
        return out


@contextlib.contextmanager
def record(keep: int = 0) -> Iterator[Census]:
    """Record the attention calls of this thread within the ``with``; the census is filled when it ends.

    Calls of torch's own function are seen, in eager code; those that a kernel was put in place of are counted by
    its policy. ``keep``: so many first calls are kept with their tensors.
    """
    census = Census()
    recorder = _Recorder(keep)
    began = time.perf_counter()
    try:
        with recorder:
            yield census
    finally:
        if recorder.events:
            torch.cuda.synchronize()
        census.seconds = time.perf_counter() - began
        for entry, begin, end in recorder.events:
            entry.seconds += begin.elapsed_time(end) / 1000
        census.entries = sorted(recorder.found.values(), key=lambda entry: -entry.seconds)
        for entry in census.entries:
            entry.share = entry.seconds / max(census.seconds, 1e-9)
        census.captured = recorder.captured
