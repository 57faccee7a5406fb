"""Under what conditions figures were measured: the machine, the versions, and what else went on."""

from __future__ import annotations

import contextlib
import importlib.metadata
import math
import os
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from meshloom.kernels.attention.device import device_caps
from meshloom.kernels.attention.nvml import Reading, read

#: A round whose clock is off the median by more than this is flagged.
DRIFT = 0.03


def conditions(device: str) -> dict[str, Any]:
    """What to keep beside every figure."""
    import torch

    caps = device_caps(device)
    versions = {"torch": torch.__version__, "cuda": torch.version.cuda or ""}
    for name in ("triton", "numba", "flash_attn", "sageattention", "xformers", "kernels"):
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            versions[name] = importlib.metadata.version(name)
    return {
        "device": str(caps),
        "kind": caps.kind,
        "sm": caps.sm,
        "features": sorted(caps.features),
        "uuid": caps.uuid,
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "system": platform.platform(),
        "versions": versions,
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }


@dataclass(frozen=True)
class Watched:
    """What went on meanwhile. ``load``: share of the processors that other processes used; ``readings``: of a GPU,
    by rounds; ``drifted``: rounds whose clock was off."""

    load: float
    readings: list[Reading]
    drifted: list[int]


class Watch:
    """Looks at the machine while rounds run: clock, power and temperature of a GPU, the load that others make."""

    def __init__(self, device: str) -> None:
        self.uuid = device_caps(device).uuid if device == "cuda" else ""
        self.readings: list[Reading] = []
        self.begun = _busy(), time.process_time()

    def round(self) -> None:
        """To be called after each round."""
        held = read(self.uuid)
        if held is not None:
            self.readings.append(held)

    def end(self) -> Watched:
        clocks = [held.clock for held in self.readings]
        middle = median(clocks) if clocks else 0.0
        drifted = [index for index, clock in enumerate(clocks) if abs(clock - middle) > DRIFT * middle]
        busy, own = _busy(), time.process_time()
        load = math.nan
        if busy is not None and self.begun[0] is not None:
            total = busy[1] - self.begun[0][1]
            foreign = busy[0] - self.begun[0][0] - (own - self.begun[1])
            load = max(0.0, foreign / total) if total > 0 else 0.0
        return Watched(load, self.readings, drifted)


def _busy() -> tuple[float, float] | None:
    """(busy, all) seconds of all processors since the system started; None where Linux does not tell."""
    try:
        counts = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        tick = os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, AttributeError):
        return None
    return (sum(counts) - counts[3] - counts[4]) / tick, sum(counts) / tick
