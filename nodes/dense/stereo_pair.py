"""Disparity of a rectified pair."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError, Range, Run, Slider, node
from meshloom.graph_runtime.types import DepthMap, Image, Table
from meshloom.nodes.dense._disparity import agreeing, filled, match_sgbm, match_slanted
from meshloom.nodes.dense._sweep import Grey
from meshloom.nodes.dense._workers import Workers


class StereoResult(NamedTuple):
    """disparity: by how many pixels each left pixel is further left in the right photo; 0 = unknown
    table: how much was measured, how much filled, and the range
    """

    disparity: DepthMap
    table: Table


@node("Depth from a stereo pair", aliases=["disparity", "SGBM", "stereo matching", "rectified pair"])
def stereo_pair(
    left: Image,
    right: Image,
    method: Literal["slanted", "sgbm"] = "slanted",
    min_disparity: Annotated[int, Range(-512, 2048, unit="px")] = 0,
    max_disparity: Annotated[int, Range(0, 2048, unit="px")] = 0,
    smoothness: Annotated[float, Slider(0.0, 4.0)] = 1.0,
    refinements: Annotated[int, Slider(0, 6)] = 2,
    fill: bool = True,
    *,
    run: Run,
) -> StereoResult:
    """Find by how many pixels each point of the left photo is shifted in the right one.

    The pair must be rectified: a point lies on the same line of both photos, and further left in the
    right one. Both photos are matched to each other; pixels where the two answers differ by over a pixel
    are hidden or wrong, and take the farther of their neighbours on the line, with confidence 0.
    Disparity is held in a depth map as pixels; ``dense.disparity_to_cloud`` turns it into points.

    left: the left photo.
    right: the right photo, of the same size.
    method: slanted = cross-correlation, semi-global smoothing and PatchMatch refinement;
      sgbm = OpenCV's block matching, several times quicker and less exact.
    min_disparity: smallest shift looked for.
    max_disparity: largest shift looked for; 0 = a sixth of the width beyond the smallest.
    smoothness: how strongly neighbouring pixels are drawn to one surface.
    refinements: rounds of slanted-plane refinement.
    fill: give hidden and uncertain pixels the disparity behind them; otherwise they stay unknown.
    """
    if left.pixels.shape[:2] != right.pixels.shape[:2]:
        raise NodeError(
            f"the left photo is {left.width} x {left.height} and the right {right.width} x {right.height};"
            " expected a rectified pair of equal size",
            "Rectify the pair, or resize both alike.",
        )
    low = min_disparity
    high = max_disparity or low + max(16, -(-left.width // 6))
    if high <= low:
        raise NodeError(
            f"max_disparity is {high} and min_disparity {low}; expected a larger maximum",
            "Set max_disparity to 0 (automatic) or above min_disparity.",
        )
    if high - low >= left.width:
        raise NodeError(
            f"a search over {high - low} px is as wide as the photo ({left.width} px)",
            "Lower max_disparity.",
        )
    count = high - low + 1
    one_side, other = _grey(left), _grey(right)
    # Right to left is left to right in a mirror.
    flipped = np.ascontiguousarray(other[:, ::-1]), np.ascontiguousarray(one_side[:, ::-1])
    with Workers(run, 1.0) as workers:
        workers.start(0.0, "matching")
        if method == "sgbm":
            one, cost = match_sgbm(one_side, other, low, count, smoothness)
            run.progress(0.5, 1.0, "matching")
            two, _ = match_sgbm(*flipped, low, count, smoothness)
        else:
            one, cost = match_slanted(one_side, other, low, count, smoothness, refinements, workers)
            two, _ = match_slanted(*flipped, low, count, smoothness, refinements, workers)
    known = agreeing(one, two[:, ::-1]) & (one >= low - 0.5) & (one <= high + 0.5) & (cost < 1.0)
    measured = float(known.mean())
    if measured < 0.35:
        run.warn(
            f"only {100 * measured:.0f} % of the pixels match: the pair may not be rectified, left and right"
            " may be swapped, or the disparity lies outside the range"
        )
    disparity = _settled(one, known, fill)
    confidence = np.where(known, np.clip(1.0 - cost, 0.0, 1.0), 0.0).astype(np.float32)
    return StereoResult(DepthMap(disparity, confidence, left.name), _table(disparity, known))


def _grey(photo: Image) -> Grey:
    import cv2

    grey = cv2.cvtColor(np.ascontiguousarray(photo.rgb()), cv2.COLOR_RGB2GRAY).astype(np.float32)
    return grey if photo.pixels.dtype == np.uint8 else np.clip(np.nan_to_num(grey), 0, 1) * np.float32(255)


def _settled(disparity: Grey, known: NDArray[np.bool_], fill: bool) -> Grey:
    """Without unknown pixels or with zeros there; specks smoothed away by a median of 5 x 5."""
    import cv2

    if not known.any():
        return np.zeros(disparity.shape, np.float32)
    whole = filled(disparity, known)
    calm = cv2.medianBlur(whole, 5)
    # The median is for specks; surfaces keep their fractions of a pixel.
    whole = np.where(known & (np.abs(calm - whole) <= 1.0), whole, calm).astype(np.float32)
    return whole if fill else np.where(known, whole, 0).astype(np.float32)


def _table(disparity: Grey, known: NDArray[np.bool_]) -> Table:
    held = disparity[known]
    low, middle, high = np.quantile(held, (0.0, 0.5, 1.0)) if len(held) else (None, None, None)
    rows: list[tuple[str, float | None, str]] = [
        ("measured", round(100 * float(known.mean()), 2), "%"),
        ("filled", round(100 * float((~known & (disparity != 0)).mean()), 2), "%"),
    ]
    for name, number in (("smallest", low), ("median", middle), ("largest", high)):
        rows.append((name, None if number is None else round(float(number), 3), "px"))
    return Table(("quantity", "value", "unit"), tuple(rows))
