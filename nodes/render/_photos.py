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
    cameras.need_pinholes()
    matrix = cameras.intrinsics
    lenses = np.stack([matrix[:, 0, 0], matrix[:, 1, 1], matrix[:, 0, 2], matrix[:, 1, 2]], axis=1)
    return lenses, np.ascontiguousarray(cameras.extrinsics, np.float64)
