from __future__ import annotations

from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import Range, Slider, node
from meshloom.graph_runtime.types import Splats


@node("Adjust splats", aliases=("colour", "brightness", "saturation", "opacity", "tint", "size"))
def adjust(
    splats: Splats,
    brightness: Annotated[float, Slider(0.0, 4.0, step=0.05)] = 1.0,
    contrast: Annotated[float, Slider(0.0, 4.0, step=0.05)] = 1.0,
    saturation: Annotated[float, Slider(0.0, 4.0, step=0.05)] = 1.0,
    tint: tuple[float, float, float] = (1.0, 1.0, 1.0),
    opacity: Annotated[float, Slider(0.0, 4.0, step=0.05)] = 1.0,
    size: Annotated[float, Slider(0.05, 4.0, step=0.05)] = 1.0,
    sh_degree: Annotated[int, Range(0, 3)] = 3,
) -> Splats:
    """Change colours, opacity and size of all splats.

    Colours change as stored sRGB values from every direction alike, for all of this is linear: brightness and tint
    scale, contrast scales around middle grey, saturation scales the distance to the grey of Rec. 709 weights.

    brightness: factor on colours
    tint: factor on red, green and blue
    opacity: factor on opacities, cut at 1
    size: factor on the standard deviations
    sh_degree: drops higher bands: how colours change with the direction
    """
    kept = (min(sh_degree, splats.degree) + 1) ** 2
    luma = np.array([0.2126, 0.7152, 0.0722])
    matrix = saturation * np.eye(3) + (1 - saturation) * np.tile(luma, (3, 1))
    matrix = contrast * brightness * np.asarray(tint)[:, None] * matrix
    sh = splats.sh[:, :kept].astype(np.float64) @ matrix.T
    # What colours are around: 0.5 before, and what the matrix and the contrast make of it after.
    offset = matrix @ np.full(3, 0.5) + 0.5 * (1 - contrast) - 0.5
    sh[:, 0] += offset / 0.28209479177387814
    return Splats(
        splats.means,
        splats.quaternions,
        (splats.scales * np.float32(size)),
        np.clip(splats.opacities * np.float32(opacity), 0, 1),
        sh.astype(np.float32),
        splats.antialiased,
    )
