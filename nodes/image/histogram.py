from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Run, node
from meshloom.graph_runtime.types import Figure, Image, Mask, Series
from meshloom.nodes.image._light import luminance, to_linear, to_srgb
from meshloom.nodes.image._pixels import as_float, check_same_size, strips


@node("Histogram", aliases=("distribution", "levels", "statistics"))
def histogram(
    image: Image,
    mask: Mask | None = None,
    channels: Literal["RGB", "luminance"] = "RGB",
    bins: Annotated[int, Range(2, 65536)] = 256,
    *,
    run: Run,
) -> Figure:
    """Count how often each stored value occurs, channel by channel.

    Over 0..1, or over the picture's own range where a float picture leaves it. NaN is not counted.

    mask: count these pixels only: coverage above one half
    channels: a grey picture has one curve either way; alpha is not counted
    bins: of 8-bit pictures, 256 give each value its own
    """
    if mask is not None:
        check_same_size(image, mask, "the picture", "the mask")
    low, high = 0.0, 1.0
    if image.pixels.dtype != np.uint8:
        finite = image.pixels[:, :, :3][np.isfinite(image.pixels[:, :, :3])]
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    one = channels == "luminance" or image.pixels.shape[2] == 1
    names = ("luminance",) if one else ("red", "green", "blue")
    counts = np.zeros((len(names), bins), np.int64)
    # Half a step outwards, so that 8-bit values fall into the middle of 256 bins.
    reach = (high - low) / (2 * (bins - 1))
    edges = (low - reach, high + reach)
    for rows in strips(image.height, image.width, run, "counting"):
        colours = as_float(image.pixels[rows, :, :3])
        if one and colours.shape[2] == 3:
            colours = to_srgb(luminance(to_linear(colours)))
        chosen = np.isfinite(colours).all(axis=2)
        if mask is not None:
            chosen &= mask.coverage[rows] > 0.5
        for index in range(len(names)):
            counts[index] += np.histogram(colours[:, :, index][chosen], bins, edges)[0]
    if not counts.any():
        raise NodeError("there is no pixel to count", hint="the mask selects none, or all are NaN")
    values = np.linspace(low, high, bins)
    series = tuple(
        Series(name, values, count.astype(float)) for name, count in zip(names, counts, strict=True)
    )
    return Figure(f"Histogram of {image.name}" if image.name else "Histogram", "value", "pixels", series)
