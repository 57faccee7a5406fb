"""Under what conditions figures were measured: the machine, the versions, and what else went on."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import platform
import time
from pathlib import Path
from statistics import median
from typing import Any

from meshloom.kernels.attention.device import device_caps

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


class Watch:
    """Looks at the machine while rounds run: clocks of a GPU, the load that others make on a CPU."""

    def __init__(self, device: str) -> None:
        self.cuda = device == "cuda"
        self.clocks: list[float] = []
        self.begun = _busy(), time.process_time()

    def round(self) -> None:
        """To be called after each round."""
        if self.cuda:
            import torch

            with contextlib.suppress(Exception):  # NVML is not everywhere
                self.clocks.append(float(torch.cuda.clock_rate()))

    def end(self) -> tuple[float, list[float], list[int]]:
        """(share of the processors that other processes used, clocks in MHz by round, rounds that drifted)."""
        middle = median(self.clocks) if self.clocks else 0.0
        drifted = [index for index, clock in enumerate(self.clocks) if abs(clock - middle) > DRIFT * middle]
        busy, own = _busy(), time.process_time()
        if busy is None or self.begun[0] is None:
            return float("nan"), self.clocks, drifted
        total = busy[1] - self.begun[0][1]
        foreign = busy[0] - self.begun[0][0] - (own - self.begun[1])
        return max(0.0, foreign / total) if total > 0 else 0.0, self.clocks, drifted


def _busy() -> tuple[float, float] | None:
    """(busy, all) seconds of all processors since the system started; None where Linux does not tell."""
    try:
        counts = [int(word) for word in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        tick = os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, AttributeError):
        return None
    return (sum(counts) - counts[3] - counts[4]) / tick, sum(counts) / tick
