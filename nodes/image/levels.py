from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Run, Slider, node
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image._channels import channel_indices
from meshloom.nodes.image._pixels import Floats, pointwise


@node("Levels", aliases=("black point", "white point", "gamma", "stretch"))
def levels(
    image: Image,
    channel: Literal["all", "red", "green", "blue"] = "all",
    black: Annotated[float, Slider(0, 1)] = 0.0,
    white: Annotated[float, Slider(0, 1)] = 1.0,
    gamma: Annotated[float, Range(0.05, 20)] = 1.0,
    out_black: Annotated[float, Slider(0, 1)] = 0.0,
    out_white: Annotated[float, Slider(0, 1)] = 1.0,
    clip: bool = False,
    *,
    run: Run,
) -> Image:
    """Map black..white of the stored values to out_black..out_white, with gamma in between.

    Chain several for several channels.

    channel: which channels are mapped
    black: the value that becomes out_black
    white: the value that becomes out_white; below black inverts
    gamma: above 1 lightens the middle tones, below 1 darkens them
    out_black: what black becomes
    out_white: what white becomes
    clip: cut off what lies beyond black and white; off = a float picture keeps it (an 8-bit one cannot)
    """
    if black == white:
        raise NodeError(f"black and white are both {black:g}", hint="give them different values")
    indices = channel_indices(image, channel)
    span, out_span = np.float32(white - black), np.float32(out_white - out_black)

    def change(colours: Floats) -> Floats:
        changed = colours.copy()
        for index in indices:
            position = (colours[:, :, index] - np.float32(black)) / span
            if clip:
                position = np.clip(position, 0, 1)
            if gamma != 1:
                # Mirrored below black, where a power has no value.
                position = np.copysign(np.abs(position) ** np.float32(1 / gamma), position)
            changed[:, :, index] = position * out_span + np.float32(out_black)
        return changed

    return pointwise(image, change, run, "setting levels")
