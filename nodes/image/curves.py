from __future__ import annotations

from typing import Literal

import numpy as np

from meshloom.graph_runtime.spec import NodeError, Run, node
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image._channels import channel_indices
from meshloom.nodes.image._pixels import Floats, pointwise


@node("Curves", aliases=("tone curve", "gradation"))
def curves(
    image: Image,
    inputs: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0),
    outputs: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0),
    channel: Literal["all", "red", "green", "blue"] = "all",
    *,
    run: Run,
) -> Image:
    """Map stored values through a smooth curve that never overshoots its points (monotone cubic, PCHIP).

    Beyond the first and last point it goes on straight, so HDR values keep their order.

    inputs: values of the picture, rising
    outputs: what each becomes; as many as inputs
    channel: which channels the curve is for
    """
    if len(inputs) != len(outputs) or len(inputs) < 2:
        raise NodeError(
            f"{len(inputs)} inputs and {len(outputs)} outputs; a curve needs equally many, at least 2",
            hint="give each input its output",
        )
    if not all(np.isfinite([*inputs, *outputs])) or any(np.diff(inputs) <= 0):
        raise NodeError(f"the inputs {list(inputs)} do not rise", hint="sort them and remove repeated ones")
    indices = channel_indices(image, channel)

    from scipy.interpolate import PchipInterpolator

    curve = PchipInterpolator(inputs, outputs)
    slope = curve.derivative()
    first, last = inputs[0], inputs[-1]

    def change(colours: Floats) -> Floats:
        changed = colours.copy()
        for index in indices:
            given = colours[:, :, index]
            inside = np.clip(given, first, last)
            beyond = given - inside
            ends = np.where(beyond > 0, np.float32(slope(last)), np.float32(slope(first)))
            changed[:, :, index] = curve(inside).astype(np.float32) + np.where(beyond == 0, 0, beyond * ends)
        return changed

    return pointwise(image, change, run, "bending")
