"""Run as a program: splats of a USD file into an .npz. USD's own code is native; here it takes down nothing else.

    python -m meshloom.graph_runtime.formats._usd_child scene.usdc arrays.npz

Ends with a line on stderr and status 3 where the file is no USD, or holds no splats.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

MOST = 30_000_000
_TYPE = "ParticleField3DGaussianSplat"


def main(source: str, target: str) -> int:
    """Read ``source``, write ``target``: for the n-th prim ``means_n`` and so on, ``up`` and ``antialiased``."""
    from pxr import Tf, Usd, UsdGeom

    try:
        stage = Usd.Stage.Open(source)
    except Tf.ErrorException as error:
        print(str(error).strip().splitlines()[-1], file=sys.stderr)
        return 3
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
            return array if width == 1 else array.reshape(-1, width)
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
