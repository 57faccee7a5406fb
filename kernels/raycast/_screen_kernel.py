"""Compiled last step: a frame over a backdrop, as bytes for the screen."""

from __future__ import annotations

from numba import njit


@njit(cache=True, nogil=True, fastmath=True)
def compose(colour, alpha, normal, top, bottom, as_normals, out):
    """Fill ``out`` (H, W, 3) uint8 with ``colour`` (H, W, 3) over a backdrop that goes from ``top`` to ``bottom``.

    ``top``, ``bottom``: (3,) float32 sRGB 0..1. ``as_normals``: show ``normal`` (H, W, 3) in place of the colour.
    """
    height, width = alpha.shape
    for row in range(height):
        down = (row + 0.5) / height
        for c in range(3):
            behind = top[c] * (1 - down) + bottom[c] * down
            for column in range(width):
                a = alpha[row, column]
                here = behind
                if a > 0:
                    shown = colour[row, column, c]
                    if as_normals:
                        n = normal[row, column, c]
                        held = (
                            normal[row, column, 0] ** 2
                            + normal[row, column, 1] ** 2
                            + normal[row, column, 2] ** 2
                        )
                        if held > 0:
                            shown = 0.5 + 0.5 * (n if c == 0 else -n)
                    here = shown * a + behind * (1 - a)
                out[row, column, c] = min(max(here * 255 + 0.5, 0), 255)


@njit(cache=True, nogil=True, fastmath=True)
def nearer(depth, face, normal, colour, alpha, depth2, colour2, alpha2):
    """Put a second frame's pixels where they are nearer; their face is -1."""
    height, width = depth.shape
    for row in range(height):
        for column in range(width):
            there, other = depth[row, column], depth2[row, column]
            if other > 0 and (there <= 0 or other < there):
                depth[row, column] = other
                face[row, column] = -1
                alpha[row, column] = alpha2[row, column]
                for c in range(3):
                    normal[row, column, c] = 0
                    colour[row, column, c] = colour2[row, column, c]


@njit(cache=True, nogil=True, fastmath=True)
def over(depth, face, colour, alpha, depth2, colour2, alpha2, samples):
    """Lay something half-transparent over a frame (H, W), where it is before what that shows.

    ``colour2`` (3, h, w) is multiplied by ``alpha2`` (h, w); ``depth2`` (h, w): 0 where it has none, which is in
    front. Each of its pixels covers ``samples`` x ``samples`` of the frame's. Where it has a depth it becomes the
    frame's, and the face -1.
    """
    for row in range(min(depth.shape[0], depth2.shape[0] * samples)):
        for column in range(min(depth.shape[1], depth2.shape[1] * samples)):
            i, j = row // samples, column // samples
            share = min(max(alpha2[i, j], 0.0), 1.0)
            there, other = depth[row, column], depth2[i, j]
            if share <= 1 / 255 or (there > 0 and other > 0 and other >= there):
                continue
            held = alpha[row, column] * (1 - share)
            total = share + held
            for c in range(3):
                colour[row, column, c] = (colour2[c, i, j] + held * colour[row, column, c]) / total
            alpha[row, column] = total
            if other > 0:
                depth[row, column] = other
                face[row, column] = -1
