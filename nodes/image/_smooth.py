"""Linear filters on pictures with alpha and missing pixels."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import Run
from meshloom.nodes.image._holes import filled, restored

Floats = NDArray[np.float32]


def smoothed(
    colours: Floats, alpha: Floats | None, smooth: Callable[[Floats], Floats], run: Run, message: str
) -> tuple[Floats, Floats | None]:
    """``smooth`` (a plane (H, W) to a plane) over each colour, weighted by alpha, and over alpha itself.

    So a transparent pixel lends no colour to its neighbours. NaN and infinite pixels lend none either and
    stay.
    """
    clean, bad = filled(colours)
    count = colours.shape[2] + (alpha is not None)
    result = np.empty_like(clean)
    for index in range(colours.shape[2]):
        run.progress(index, count, message)
        plane = clean[:, :, index]
        result[:, :, index] = smooth(plane if alpha is None else plane * alpha[:, :, 0])
    if alpha is None:
        run.progress(1, 1, message)
        return restored(result, colours, bad), None
    run.progress(count - 1, count, message)
    coverage = np.clip(smooth(np.ascontiguousarray(alpha[:, :, 0])), 0, 1)[:, :, None]
    result = np.where(coverage > 1e-5, result / np.maximum(coverage, 1e-5), colours)
    run.progress(1, 1, message)
    return restored(result, colours, bad), coverage
