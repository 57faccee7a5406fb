from __future__ import annotations

import numpy as np

from meshloom.graph_runtime.spec import NodeError, node
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image._pixels import as_float, check_same_size


@node("Merge channels", aliases=("combine channels", "rgb", "rgba", "join"))
def merge_channels(red: Image, green: Image, blue: Image, alpha: Image | None = None) -> Image:
    """Make a colour picture of grey ones (or masks), one for each channel.

    8-bit where all of them are, otherwise float. Name and focal length are those of red.

    red: of one channel, like the others; take one out of a colour picture with image.channel
    alpha: 1 = opaque; without it the picture has no alpha channel
    """
    given = {"red": red, "green": green, "blue": blue} | ({} if alpha is None else {"alpha": alpha})
    for name, plane in given.items():
        if plane.pixels.shape[2] != 1:
            raise NodeError(
                f"{name} has {plane.pixels.shape[2]} channels; expected a grey picture of 1",
                hint="take one channel out of it with image.channel, or grey it with image.to_grey",
            )
        check_same_size(red, plane, "red", name)
    planes = [plane.pixels for plane in given.values()]
    if any(plane.dtype != np.uint8 for plane in planes):
        planes = [as_float(plane) for plane in planes]
    return Image(np.concatenate(planes, axis=2), red.name, red.focal_px)
