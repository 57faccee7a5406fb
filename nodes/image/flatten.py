from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import Colour, Run, node
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image._light import to_linear, to_srgb
from meshloom.nodes.image._pixels import as_dtype, as_float, has_alpha, strips


@node("Flatten", aliases=("remove alpha", "background colour", "matte"))
def flatten(
    image: Image,
    colour: Annotated[tuple[float, float, float], Colour()] = (1.0, 1.0, 1.0),
    light: Literal["linear", "as stored"] = "linear",
    *,
    run: Run,
) -> Image:
    """Put a colour behind the picture; the result has no alpha. A picture without alpha is passed on.

    colour: what is seen through the picture
    light: "linear" mixes light, as a camera would; "as stored" mixes sRGB values, as browsers do
    """
    if not has_alpha(image):
        return image
    paint = np.array(colour, np.float32)
    made = np.empty((image.height, image.width, 3), image.pixels.dtype)
    for rows in strips(image.height, image.width, run, "flattening"):
        strip = as_float(image.pixels[rows])
        colours, alpha = strip[:, :, :3], strip[:, :, 3:]
        if light == "linear":
            mixed = to_srgb(
                np.where(alpha > 0, to_linear(colours) * alpha, 0) + to_linear(paint) * (1 - alpha)
            )
        else:
            mixed = np.where(alpha > 0, colours * alpha, 0) + paint * (1 - alpha)
        made[rows] = as_dtype(mixed, image.pixels.dtype)
    return Image(made, image.name, image.focal_px)
