"""What structure from motion passes on before there are cameras: features, and matches between photos."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.types import value

Array = NDArray[Any]


@value
class Features:
    """Local features of one photo. ``keypoints``: (N, 4) float32: x, y, scale (px), angle (rad); large first.

    ``descriptors``: (N, 128) uint8 RootSIFT, 512 times a unit vector. ``colours``: (N, 3) uint8 sRGB at the
    keypoints. ``width``, ``height`` and ``focal_px`` (0 = unknown) are those of the photo.
    """

    name: str
    width: int
    height: int
    focal_px: float
    keypoints: Array
    descriptors: Array
    colours: Array

    def check(self) -> None:
        count = len(self.keypoints)
        for field, columns, dtype in (
            ("keypoints", 4, np.float32),
            ("descriptors", 128, np.uint8),
            ("colours", 3, np.uint8),
        ):
            held = getattr(self, field)
            if held.shape != (count, columns) or held.dtype != dtype:
                raise ValueError(
                    f"Features.{field}: {held.dtype} {held.shape}; expected {dtype.__name__} {count, columns}"
                )

    def __len__(self) -> int:
        return len(self.keypoints)


@value
class PairMatches:
    """Matches of two photos that agree with one motion of the camera. ``inliers``: (M, 2) int32 keypoints.

    ``putative`` is how many there were before the check, ``configuration`` COLMAP's kind of two-view
    geometry. ``matrices``: (3, 3, 3) float64: essential, fundamental, homography; zero where not estimated.
    """

    inliers: Array
    putative: int
    configuration: int
    matrices: Array


@value
class Matches:
    """Verified matches between photos. ``pairs``: (P, 2) int32, every pair tried, indices into ``names``.

    ``inliers``: (T, 2) int32 keypoint indices, pair after pair; ``counts``: (P,) int32 of them per pair (0
    where the photos do not agree). ``putative``, ``configurations``: (P,) int32 and ``matrices``:
    (P, 3, 3, 3) float64 as in :class:`PairMatches`. ``sizes``: (len(names),) int32 keypoints of each photo.
    """

    names: tuple[str, ...]
    sizes: Array
    pairs: Array
    counts: Array
    putative: Array
    configurations: Array
    matrices: Array
    inliers: Array

    def check(self) -> None:
        count = len(self.pairs)
        for field, shape in (
            ("pairs", (count, 2)),
            ("counts", (count,)),
            ("putative", (count,)),
            ("configurations", (count,)),
            ("matrices", (count, 3, 3, 3)),
            ("inliers", (int(self.counts.sum()), 2)),
            ("sizes", (len(self.names),)),
        ):
            if getattr(self, field).shape != shape:
                raise ValueError(f"Matches.{field} is {getattr(self, field).shape}; expected {shape}")

    def starts(self) -> NDArray[np.int64]:
        """(P + 1,) where the inliers of each pair begin and end."""
        return np.concatenate([[0], np.cumsum(self.counts, dtype=np.int64)])
