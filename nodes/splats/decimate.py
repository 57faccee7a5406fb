from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import Range, Run, node
from meshloom.graph_runtime.types import Cameras, Splats


@node("Decimate splats", aliases=("simplify", "reduce", "level of detail", "fewer"))
def decimate(
    splats: Splats,
    cameras: Cameras | None = None,
    count: Annotated[int, Range(1, None)] = 50_000,
    *,
    run: Run,
) -> Splats:
    """Keep the splats that matter most.

    With cameras, what a splat matters is how much it shows in their pictures: the sum of its share of all pixels, as
    in Fan et al., "LightGaussian", 2024. Without, its opacity times the area of its two larger axes.

    cameras: views that count, such as those of the photos
    count: how many to keep
    """
    from meshloom.kernels.splatting.arrays import Settings
    from meshloom.nodes.splats._gaussians import cameras_of, extent_of, gaussians_of, need_splats
    from meshloom.nodes.splats._kernels import opened

    need_splats(splats)
    if len(splats) <= count:
        return splats
    if cameras is None:
        sizes = np.sort(splats.scales.astype(np.float64), axis=1)
        worth = splats.opacities * sizes[:, 1] * sizes[:, 2]
    else:
        worth = np.zeros(len(splats))
        settings = Settings(antialiased=splats.antialiased, near=0.002 * extent_of(splats), degree=0)
        # In grey: channels that are cut at black have no gradient.
        grey = np.zeros((len(splats), 1, 3), np.float32)
        scene = replace(gaussians_of(splats), sh=grey)
        pinholes = cameras_of(cameras, "look through")
        with opened(None, run.threads) as rasteriser:
            for index, camera in enumerate(pinholes):
                run.progress(index, len(pinholes), "weighing splats")
                frame = rasteriser.render(scene, camera, settings)
                # The gradient of the sum of one colour channel by a splat's own is its share of all pixels.
                ones = np.zeros((3, camera.height, camera.width), np.float32)
                ones[0] = 1
                worth += np.abs(rasteriser.backward(frame, ones).sh[:, 0, 0]).astype(np.float64)
        # Of those that no camera sees, the more opaque.
        worth += 1e-9 * np.nan_to_num(splats.opacities)
    worth[~np.isfinite(splats.means).all(axis=1)] = -1
    kept = np.argpartition(-np.nan_to_num(worth), count - 1)[:count]
    return splats.take(np.sort(kept))
