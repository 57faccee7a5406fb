"""What the machine can do, as far as kernels ask."""

from __future__ import annotations

import functools
import platform
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DeviceCaps:
    """One device. ``sm``: compute capability times ten (90 for Hopper), 0 where there is no CUDA device.

    ``features``: of a processor, those that kernels use (avx512_bf16, amx_bf16, avx512f, ...).
    """

    kind: str
    name: str
    sm: int = 0
    memory: int = 0
    driver: str = ""
    uuid: str = ""
    features: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.name} (sm_{self.sm})" if self.sm else self.name


def device_caps(kind: str | None = None) -> DeviceCaps:
    """The capabilities of ``kind`` (cpu, cuda, mps); of the best device there is when left out."""
    import torch

    if kind is None:
        kind = "cuda" if torch.cuda.is_available() else "cpu"
    if kind != "cuda":
        return _cpu() if kind == "cpu" else DeviceCaps(kind, kind)
    if not torch.cuda.is_available():
        return DeviceCaps("cuda", "no CUDA device")
    found = torch.cuda.get_device_properties(torch.cuda.current_device())
    return DeviceCaps(
        "cuda",
        found.name,
        sm=found.major * 10 + found.minor,
        memory=found.total_memory,
        driver=str(torch.version.cuda or torch.version.hip or ""),
        uuid=str(getattr(found, "uuid", "")),
    )


@functools.lru_cache(maxsize=1)
def _cpu() -> DeviceCaps:
    name, flags = platform.processor() or platform.machine(), set()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, held = line.partition(":")
            if key.strip() in ("flags", "Features"):
                flags = set(held.split())
                break
            if key.strip() == "model name":
                name = held.strip()
    except OSError:  # not Linux: what LLVM knows of the processor
        flags = _llvm_features()
    wanted = {
        "avx2",
        "avx512f",
        "avx512bw",
        "avx512_bf16",
        "amx_bf16",
        "amx_tile",
        "avx512_vnni",
        "asimd",
        "bf16",
    }
    return DeviceCaps("cpu", name, features=frozenset(flags & wanted))


def _llvm_features() -> set[str]:
    try:
        from llvmlite import binding
    except ImportError:
        return set()
    spelled = {"avx512bf16": "avx512_bf16", "amx-bf16": "amx_bf16", "amx-tile": "amx_tile"}
    return {spelled.get(name, name) for name, held in binding.get_host_cpu_features().items() if held}
