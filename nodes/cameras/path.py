from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Slider, node
from meshloom.graph_runtime.types import Cameras


@node(
    "Camera path",
    aliases=("orbit", "fly-through", "spline", "trajectory", "turntable", "figure eight", "keyframes"),
)
def path(
    cameras: Cameras,
    kind: Literal["spline", "orbit", "figure eight", "sway"] = "spline",
    frames: Annotated[int, Range(2, 5000)] = 120,
    width: Annotated[int, Range(0, 8192, unit="px")] = 640,
    height: Annotated[int, Range(0, 8192, unit="px")] = 480,
    closed: bool = False,
    radius: Annotated[float, Slider(0.05, 4.0, step=0.05)] = 0.8,
    lift: Annotated[float, Slider(-2.0, 2.0, step=0.05)] = 0.0,
    zoom: Annotated[float, Slider(0.25, 4.0, step=0.05)] = 1.0,
) -> Cameras:
    """Cameras along a smooth way through, or around, the places of given ones.

    The way goes at an even pace. All pictures have one size and angle of view, the median of the given ones.

    cameras: keyframes in order for spline; for the others they say what is looked at and from how far
    kind: spline goes through all of them (Catmull-Rom); orbit goes around what they look at; figure eight and sway
      move before it, as seen from the middle one
    frames: how many cameras
    width: of the pictures; 0 = as the cameras'
    height: of the pictures; 0 = as the cameras'
    closed: a spline that comes back to where it began
    radius: of an orbit, as a share of the cameras' distance; of the others, as a share of how far cameras are apart
    lift: raises an orbit by this share of its radius
    zoom: factor on the focal length
    """
    from meshloom.nodes.cameras._ways import eight, even, looking_at, orbit, seen, spline

    if not len(cameras):
        raise NodeError(
            "there are no cameras to lead the way", hint="connect the cameras of a reconstruction"
        )
    if not (np.isfinite(cameras.extrinsics).all() and np.isfinite(cameras.intrinsics).all()):
        raise NodeError("a camera has values that are not finite numbers", hint="check the reconstruction")
    turns, centres = cameras.extrinsics[:, :, :3], cameras.centres()
    if kind == "spline":
        if len(cameras) < 2:
            raise NodeError("one camera is no way; expected two or more", hint="choose sway or figure eight")
        way, axes = spline(centres, turns, max(frames * 8, 400), closed)
        way, axes = even(way, axes, frames, closed)
    else:
        target, up = seen(turns, centres)
        if kind == "orbit":
            way = orbit(centres, target, up, frames, radius, lift)
        else:
            way = eight(turns, centres, target, frames, radius, kind == "sway")
        axes = looking_at(way, target, up)
    size = np.array(
        [width or int(np.median(cameras.sizes[:, 0])), height or int(np.median(cameras.sizes[:, 1]))],
        np.int32,
    )
    # The angle of view of the shorter side is kept.
    share = np.median(cameras.intrinsics[:, 0, 0] / cameras.sizes.min(axis=1))
    focal = float(share * size.min() * zoom)
    intrinsics = np.array([[focal, 0, size[0] / 2], [0, focal, size[1] / 2], [0, 0, 1.0]])
    digits = len(str(frames - 1))
    return Cameras(
        np.tile(intrinsics, (frames, 1, 1)),
        np.concatenate([axes, -np.einsum("nij,nj->ni", axes, way)[:, :, None]], axis=2),
        np.tile(size, (frames, 1)),
        tuple(f"frame_{index:0{digits}d}.png" for index in range(frames)),
    )
