"""Photos and depth maps with their cameras."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Cameras, DepthMap, Image

T = TypeVar("T", Image, DepthMap)


def by_name(held: Sequence[T], cameras: Cameras, what: str) -> list[T]:
    """One a camera: by name, else by order where there are as many. Raises ``NodeError``."""
    names = {one.name: one for one in held if one.name}
    if len(names) == len(held) and held and set(cameras.names) <= set(names):
        return [names[name] for name in cameras.names]
    if held and len(held) == len(cameras):
        return list(held)
    raise NodeError(
        f"{len(held)} {what} and {len(cameras)} cameras do not belong together by name or number",
        hint=f"connect {what} and cameras of the same photos",
    )


def pinholes(cameras: Cameras) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(N, 4) fx, fy, cx, cy and (N, 3, 4) poses. Raises ``NodeError`` where a camera is none."""
    if cameras.distortion is not None and np.any(cameras.distortion):
        raise NodeError(
            "the cameras have lens distortion; expected pinhole cameras",
            hint="put reconstruct.undistort before this node and connect its images and cameras",
        )
    if not (np.isfinite(cameras.intrinsics).all() and np.isfinite(cameras.extrinsics).all()):
        raise NodeError("a camera has values that are not finite numbers", hint="check the reconstruction")
    matrix = cameras.intrinsics
    lenses = np.stack([matrix[:, 0, 0], matrix[:, 1, 1], matrix[:, 0, 2], matrix[:, 1, 2]], axis=1)
    if (lenses[:, :2] <= 0).any() or (cameras.sizes < 1).any():
        raise NodeError("a camera has no size or focal length", hint="check the reconstruction")
    return lenses, np.ascontiguousarray(cameras.extrinsics, np.float64)
