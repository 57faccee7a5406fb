"""Run as a program: splats of a USD file into an .npz. USD's own code is native; here it takes down nothing else.

    python -m meshloom.graph_runtime.formats._usd_child scene.usdc arrays.npz

Ends with a line on stderr and status 3 where the file is no USD, or holds no splats. A damaged file of a few
kilobytes can make USD's code fill gigabytes with what the file declares but does not hold: memory and processor time
are limited by the size of the file, where the system keeps such limits (Linux; elsewhere, time is).
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np

MOST = 30_000_000
_TYPE = "ParticleField3DGaussianSplat"
#: Bytes of memory: for any file, and for each byte of it. Text and packed integers grow when they are read, and all
#: is held three times: by USD, as arrays, and on its way to the file.
_MEMORY, _MEMORY_PER_BYTE = 512 << 20, 64
#: Seconds of processor time: for any file, and for each byte of it.
_SECONDS, _SECONDS_PER_BYTE = 20, 1e-6


def main(source: str, target: str) -> int:
    """Read ``source``, write ``target``, within limits. Whatever USD says or raises ends in a line and status 3."""
    from pxr import Tf

    try:
        _limit(Path(source).stat().st_size)
        return read(source, target)
    except Tf.ErrorException as error:
        with contextlib.suppress(UnicodeDecodeError):
            print(str(error).strip().splitlines()[-1], file=sys.stderr)
            return 3
    except MemoryError:
        print("it declares more than a file of its size can hold", file=sys.stderr)
        return 3
    # Names that are no UTF-8, attributes of other types than the schema's: USD's bindings raise many kinds.
    except Exception as error:
        print(f"it is damaged ({type(error).__name__})", file=sys.stderr)
        return 3
    print("it is damaged", file=sys.stderr)
    return 3


def _limit(size: int) -> None:
    """Memory and time for a file of ``size`` bytes, kept by the system."""
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return
    seconds = int(_SECONDS + size * _SECONDS_PER_BYTE)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # What is written to, not addresses: threads and libraries reserve gigabytes of those.
        taken = int(Path("/proc/self/statm").read_text().split()[5]) * os.sysconf("SC_PAGE_SIZE")
        most = taken + _MEMORY + size * _MEMORY_PER_BYTE
        resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def read(source: str, target: str) -> int:
    """Read ``source``, write ``target``: for the n-th prim ``means_n`` and so on, ``up`` and ``antialiased``."""
    from pxr import Usd, UsdGeom

    stage = Usd.Stage.Open(source)
    found: dict[str, Any] = {}
    count = 0
    times = UsdGeom.XformCache()
    for prim in stage.Traverse():
        if prim.GetTypeName() != _TYPE:
            continue
        means = _array(prim, "positions", 3)
        if means is None or not len(means):
            continue
        count += len(means)
        if count > MOST:
            print(f"it holds more than {MOST:,} splats", file=sys.stderr)
            return 3
        number = len(found) // 7
        degree = prim.GetAttribute("radiance:sphericalHarmonicsDegree").Get() or 0
        for name, held in (
            ("means", means),
            ("quaternions", _turns(prim, len(means))),
            ("scales", _array(prim, "scales", 3)),
            ("opacities", _array(prim, "opacities", 1)),
            ("sh", _array(prim, "radiance:sphericalHarmonicsCoefficients", 3)),
            ("degree", np.array(int(degree))),
            ("matrix", np.array(times.GetLocalToWorldTransform(prim)).T),
        ):
            found[f"{name}_{number}"] = np.zeros((0, 3), np.float32) if held is None else held
    if not found:
        print(f"it holds no {_TYPE}", file=sys.stderr)
        return 3
    said = stage.GetRootLayer().customLayerData
    found["up"] = np.array(str(UsdGeom.GetStageUpAxis(stage)))
    found["antialiased"] = np.array(bool(said.get("antialiased", False)))
    np.savez(target, **found)
    return 0


def _array(prim: Any, name: str, width: int) -> np.ndarray[Any, Any] | None:
    """Floats before halves; (N, ``width``) or, for a width of 1, (N,)."""
    for spelled in (name, name + "h"):
        held = prim.GetAttribute(spelled).Get() if prim.HasAttribute(spelled) else None
        if held is not None and len(held):
            array = np.array(held, np.float32)
            return array.reshape(-1) if width == 1 else array.reshape(-1, width)
    return None


def _turns(prim: Any, count: int) -> np.ndarray[Any, Any] | None:
    """(N, 4) w, x, y, z; USD's own arrays hold x, y, z, w."""
    for spelled in ("orientations", "orientationsh"):
        held = prim.GetAttribute(spelled).Get() if prim.HasAttribute(spelled) else None
        if held is not None and len(held):
            return np.array(held, np.float32).reshape(-1, 4)[:, [3, 0, 1, 2]]
    return np.tile(np.array([1, 0, 0, 0], np.float32), (count, 1))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
