"""Pixels that tell no depth: sky, plain walls, and their fringe along the outline of nearer things."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meshloom.nodes.dense._workers import Workers

#: Standard deviation of grey, among like pixels of a window, below which nothing tells one depth from
#: another.
FLAT = 1.5
#: Grey levels within 9 x 9 pixels that make an outline.
OUTLINE = 60.0
#: How wide the blurred fringe of an outline is, in pixels, and by how much grey changes from one to the
#: next in it.
FRINGE, LIKENESS = 3, 16.0
#: Rows a thread takes at once.
STEP = 32


def backdrop(grey: NDArray[np.float32], workers: Workers) -> NDArray[np.bool_]:
    """(H, W) bool: where a match would be that of something else in the window.

    Windows of plain sky beside a roof hold the roof's edge; they match at the roof's depth, and the roof
    would get a rim of sky. So plain pixels are left out, and beside an outline also those that go over
    into them.
    """
    import cv2

    from meshloom.kernels.stereo.slant import contrast_rows

    contrast = np.empty(grey.shape, np.float32)
    workers.split(lambda top, bottom: contrast_rows(grey, top, bottom, contrast), grey.shape[0], STEP, 0.0)
    plain = contrast < FLAT
    square = np.ones((9, 9), np.uint8)
    outline = cv2.dilate(grey, square) - cv2.erode(grey, square) > OUTLINE
    level = np.abs(np.diff(grey, axis=0)) < LIKENESS, np.abs(np.diff(grey, axis=1)) < LIKENESS
    for _ in range(FRINGE):
        grown = plain.copy()
        grown[1:] |= plain[:-1] & level[0] & outline[1:]
        grown[:-1] |= plain[1:] & level[0] & outline[:-1]
        grown[:, 1:] |= plain[:, :-1] & level[1] & outline[:, 1:]
        grown[:, :-1] |= plain[:, 1:] & level[1] & outline[:, :-1]
        plain = grown
    return plain
