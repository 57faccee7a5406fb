"""What a box would cut away, dimmed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.raycast.render import Frame
from meshloom.kernels.raycast.view import View
from meshloom.ui.viewport.box import Box

#: How much is left of what will be cut away.
FAINT = 0.2
#: How opaque such a splat is beside what it was, so that what is kept shows through.
THIN = 0.5
#: The first coefficient of real spherical harmonics.
Y0 = 0.28209479177387814


def dimmed_harmonics(
    sh: NDArray[np.float32], kept: NDArray[np.bool_], backdrop: tuple[float, float, float]
) -> NDArray[np.float32]:
    """(N, K, 3) colours of splats, near to the backdrop's where they are not ``kept`` (N,)."""
    # All at once: to pick the rows that are not kept and to put them back takes many times as long.
    out = sh * np.where(kept, np.float32(1), np.float32(FAINT))[:, None, None]
    out[:, 0] += np.where(
        kept[:, None], np.float32(0), ((np.array(backdrop) - 0.5) * (1 - FAINT) / Y0).astype(np.float32)
    )
    return out


def dimmed(
    positions: NDArray[np.float32],
    colours: NDArray[np.uint8],
    crop: Box,
    backdrop: tuple[float, float, float],
) -> NDArray[np.uint8]:
    """(P, 3) colours of points (P, 3), near to the backdrop's where ``crop`` does not keep them."""
    kept = crop.kept(positions)
    behind = (np.array(backdrop) * 255 * (1 - FAINT)).astype(np.uint8)
    faint = (colours * np.float32(FAINT)).astype(np.uint8) + behind
    return np.where(kept[:, None], colours, faint)


def dimmed_pixels(frame: Frame, view: View, crop: Box, backdrop: tuple[float, float, float]) -> None:
    """The same of surfaces: by where each pixel of ``frame`` lies in the world."""
    row, column = np.nonzero(frame.depth > 0)
    if not len(row):
        return
    pixels = np.stack([column + 0.5, row + 0.5, np.ones(len(row))])
    way = (view.rotation.T @ np.linalg.inv(view.intrinsics) @ pixels).T
    points = view.centre + way * frame.depth[row, column][:, None]
    cut = ~crop.kept(points)
    row, column = row[cut], column[cut]
    frame.colour[row, column] = frame.colour[row, column] * np.float32(FAINT) + np.array(
        [each * (1 - FAINT) for each in backdrop], np.float32
    )
