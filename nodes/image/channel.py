from __future__ import annotations

from typing import Literal

import numpy as np

from meshloom.graph_runtime.spec import NodeError, node
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image._channels import channel_indices
from meshloom.nodes.image._light import linear_colours, luminance, to_srgb
from meshloom.nodes.image._pixels import as_dtype, has_alpha


@node("Channel", aliases=("split", "alpha", "red", "green", "blue", "luminance", "extract"))
def channel(image: Image, channel: Literal["red", "green", "blue", "alpha", "luminance"] = "alpha") -> Image:
    """Take one channel out, as a grey picture that can be linked to a mask too.

    channel: a picture without alpha gives an alpha of 1 everywhere
    """
    pixels = image.pixels
    if channel == "luminance":
        if pixels.shape[2] == 1:
            return image
        plane = as_dtype(to_srgb(luminance(linear_colours(image))), pixels.dtype)
    elif channel == "alpha":
        opaque = 255 if pixels.dtype == np.uint8 else 1
        plane = pixels[:, :, 3:] if has_alpha(image) else np.full_like(pixels[:, :, :1], opaque)
    elif pixels.shape[2] == 1:
        raise NodeError(
            f"a grey picture has no {channel} channel", hint='use the picture itself, or choose "luminance"'
        )
    else:
        (index,) = channel_indices(image, channel)
        plane = pixels[:, :, index : index + 1]
    return Image(plane, image.name, image.focal_px)
