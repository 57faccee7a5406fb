from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import Multiline, NodeError, Range, Slider, node
from meshloom.graph_runtime.types import Cameras

EXAMPLE = """# seconds: from x y z, towards x y z, angle of view
0: from 0 -1 -4, towards 0 0 0, 50
2: from 4 -1 0, towards 0 0 0
5: from 0 -2 5, towards 0 0 0, 30
"""


@node("Camera keyframes", aliases=("fly-through", "animation", "trajectory", "path", "shots", "spline"))
def keyframes(
    cameras: Cameras | None = None,
    frames: Annotated[str, Multiline()] = EXAMPLE,
    rate: Annotated[float, Slider(1.0, 120.0, unit="frames/s")] = 24.0,
    width: Annotated[int, Range(1, 8192, unit="px")] = 640,
    height: Annotated[int, Range(1, 8192, unit="px")] = 480,
    ease: Literal["smooth", "stop at each", "straight"] = "smooth",
) -> Cameras:
    """Cameras along a way given by keyframes in time.

    A line a keyframe: ``2.5: from 1 -1 -4, towards 0 0 0, 50`` says the second, where the camera is, what it looks
    at, and its vertical angle of view in degrees, which may be left out (as before, first 50).
    ``2.5: photo IMG_0007.jpg`` takes the place and view of one of the cameras connected. Times rise. What follows #
    is left out. World axes: x right, y down, z forward; the camera is held level.

    cameras: those that keyframes may name
    frames: the keyframes
    rate: pictures a second
    width: of the pictures
    height: of the pictures
    ease: smooth passes keyframes in a curve (a cubic Hermite spline with the tangents of Catmull and Rom); stop at
      each halts there; straight goes in straight lines at an even pace
    """
    from meshloom.kernels.geometry.keyframes import ANGLES, between, rows_of
    from meshloom.nodes.cameras._keys import parsed
    from meshloom.nodes.cameras._ways import looking_at

    keys = parsed(frames, cameras)
    times = np.array([key.time for key in keys])
    count = round((times[-1] - times[0]) * rate) + 1
    if count > 5000:
        raise NodeError(
            f"that makes {count:,} pictures; the limit is 5,000", hint="lower rate, or end earlier"
        )
    found = between(times, rows_of(keys), times[0] + np.arange(count) / rate, ease)
    place, target, up, angle = found[:, :3], found[:, 3:6], found[:, 6:9], found[:, 9]
    angle = np.clip(angle, *ANGLES)  # curves may swing beyond their keyframes
    if (np.linalg.norm(target - place, axis=1) < 1e-9).any():
        raise NodeError("the camera stands on what it looks at", hint="move one of from and towards")
    axes = np.concatenate([looking_at(place[n : n + 1], target[n], up[n]) for n in range(count)])
    focal = 0.5 * height / np.tan(np.radians(angle) / 2)
    intrinsics = np.zeros((count, 3, 3))
    intrinsics[:, 0, 0] = intrinsics[:, 1, 1] = focal
    intrinsics[:, :, 2] = [width / 2, height / 2, 1]
    digits = len(str(count - 1))
    return Cameras(
        intrinsics,
        np.concatenate([axes, -np.einsum("nij,nj->ni", axes, place)[:, :, None]], axis=2),
        np.tile(np.array([[width, height]], np.int32), (count, 1)),
        tuple(f"frame_{index:0{digits}d}.png" for index in range(count)),
    )
