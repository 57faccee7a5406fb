from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Range, Run, node
from meshloom.graph_runtime.types import Image, Mask
from meshloom.nodes.mask._masks import check_size, clean


@node("Resize", aliases=("scale", "match size", "fit"))
def resize(
    mask: Mask,
    like: Image | None = None,
    width: Annotated[int, Range(0, 65536, unit="px")] = 0,
    height: Annotated[int, Range(0, 65536, unit="px")] = 0,
    filter: Literal["smooth", "nearest"] = "smooth",
    *,
    run: Run,
) -> Mask:
    """Bring the mask to the size of a picture, or to a given one.

    like: the picture whose size it takes
    width: 0 leaves it to the height and the shape of the mask
    height: 0 leaves it to the width and the shape of the mask
    filter: "smooth" averages coverage, "nearest" keeps hard edges hard
    """
    have_h, have_w = mask.coverage.shape
    if like is not None:
        width, height = like.width, like.height
    elif width == 0 and height == 0:
        raise NodeError(
            "neither a picture nor a size is given", hint="link a picture, or set width or height"
        )
    else:
        width, height = width or max(1, round(have_w * height / have_h)), height
        height = height or max(1, round(have_h * width / have_w))
    check_size(width, height)
    if (width, height) == (have_w, have_h):
        return Mask(clean(mask), mask.name)
    from PIL import Image as Pillow

    run.progress(0, 1, "resizing")
    kernel = Pillow.Resampling.BICUBIC if filter == "smooth" else Pillow.Resampling.NEAREST
    resized = np.asarray(Pillow.fromarray(clean(mask)).resize((width, height), kernel))
    run.progress(1, 1, "resized")
    return Mask(np.clip(resized, 0, 1), mask.name)
