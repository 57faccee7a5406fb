from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import Colour, Range, Run, node
from meshloom.graph_runtime.types import Image, Mask
from meshloom.nodes.mask._masks import ramp

#: Rows converted at a time: CIELAB is made in double.
ROWS = 256


@node("From colour", aliases=("chroma key", "green screen", "colour range", "magic wand", "colour key"))
def from_colour(
    image: Image,
    colour: Annotated[tuple[float, float, float], Colour()] = (0.0, 1.0, 0.0),
    tolerance: Annotated[float, Range(0, 200)] = 20.0,
    softness: Annotated[float, Range(0, 200)] = 5.0,
    compare: Literal["colour", "hue and chroma"] = "colour",
    *,
    run: Run,
) -> Mask:
    """Select what looks like a colour. NaN and fully transparent pixels are never selected.

    Distances are those of CIELAB: 2 can just be seen, 100 is from black to white.

    colour: what is looked for
    tolerance: distance up to which a colour is selected
    softness: width of the ramp about it
    compare: "hue and chroma" leaves lightness out, so that shadows on a green screen count as green
    """
    from skimage.color import rgb2lab

    axes = slice(0, 3) if compare == "colour" else slice(1, 3)
    wanted = rgb2lab(np.array(colour, np.float32)[None, None])[0, 0, axes]
    coverage = np.zeros((image.height, image.width), np.float32)
    rgb = image.rgb()
    for top in range(0, image.height, ROWS):
        run.progress(top, image.height, "comparing colours")
        strip = rgb[top : top + ROWS]
        strip = strip.astype(np.float32) / np.float32(255) if strip.dtype == np.uint8 else strip
        distance = np.sqrt(((rgb2lab(strip)[:, :, axes] - wanted) ** 2).sum(axis=2))
        coverage[top : top + ROWS] = ramp(distance, tolerance, softness)
    if image.pixels.shape[2] == 4:
        coverage *= np.nan_to_num(image.pixels[:, :, 3]) > 0
    run.progress(1, 1, "selected")
    return Mask(coverage, image.name)
