"""Clock, power and temperature of a GPU from NVIDIA's management library, which comes with the driver."""

from __future__ import annotations

import ctypes
import functools
import sys
from dataclasses import dataclass
from typing import Any

_SM_CLOCK, _GPU_TEMPERATURE = 1, 0


@dataclass(frozen=True)
class Reading:
    """``clock``: of the multiprocessors, MHz; ``power``: watts; ``temperature``: degrees Celsius."""

    clock: float
    power: float
    temperature: float


@functools.cache
def _library() -> Any:
    """The library, ready; None where there is none."""
    name = "nvml.dll" if sys.platform == "win32" else "libnvidia-ml.so.1"
    try:
        held = ctypes.CDLL(name)
    except OSError:
        return None
    return held if held.nvmlInit_v2() == 0 else None


def read(uuid: str) -> Reading | None:
    """What the GPU of that UUID says now; None where nobody can tell."""
    library = _library()
    if library is None or not uuid:
        return None
    name = uuid if uuid.startswith(("GPU-", "MIG-")) else f"GPU-{uuid}"
    handle, clock, power, temperature = ctypes.c_void_p(), ctypes.c_uint(), ctypes.c_uint(), ctypes.c_uint()
    failed = (
        library.nvmlDeviceGetHandleByUUID(name.encode(), ctypes.byref(handle))
        or library.nvmlDeviceGetClockInfo(handle, _SM_CLOCK, ctypes.byref(clock))
        or library.nvmlDeviceGetPowerUsage(handle, ctypes.byref(power))
        or library.nvmlDeviceGetTemperature(handle, _GPU_TEMPERATURE, ctypes.byref(temperature))
    )
    return None if failed else Reading(float(clock.value), power.value / 1000, float(temperature.value))
