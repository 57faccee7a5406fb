"""Points and lines drawn into a frame, behind and before what it shows already."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.raycast.arrays import settled
from meshloom.kernels.raycast.render import Frame
from meshloom.kernels.raycast.view import View


def draw_points(
    frame: Frame,
    view: View,
    positions: NDArray[np.float32],
    colours: NDArray[np.uint8],
    radius: float,
    least: float = 0.5,
    most: float = 12.0,
    dome: float = 30.0,
    sizes: NDArray[np.float32] | None = None,
) -> None:
    """Add points (P, 3) to ``frame`` (of ``view``'s size, one sample a pixel), z-buffered against it.

    ``colours``: (P, 3), or (1, 3) for all. ``radius`` in world units, held between ``least`` and ``most`` pixels.
    ``dome``: strength of the eye-dome lighting that gives bare points a shape, 0 = none. ``sizes``: (P,) factors of
    the radius.
    """
    from meshloom.kernels.raycast import _points_kernel

    hit = np.zeros(frame.depth.shape, np.uint8)
    frame.depth = _own(frame.depth)
    frame.colour = _own(frame.colour)
    size = np.array([radius * view.focal, least, most], np.float32)
    _points_kernel.splat(
        settled(positions, np.float32),
        settled(colours, np.uint8),
        settled(np.ones(1) if sizes is None else sizes, np.float32),
        view.projection(),
        size,
        frame.depth,
        frame.colour,
        hit,
    )
    if dome > 0:
        reach = max(1, round(view.size[0] / 500))
        _points_kernel.dome(frame.depth, hit, reach, dome, frame.colour)
    shown = hit > 0
    frame.alpha[shown] = 1.0
    frame.face[shown] = -1


def draw_lines(
    frame: Frame, view: View, ends: NDArray[np.float64], paint: NDArray[np.float32], thickness: float
) -> None:
    """Add lines ``ends`` (N, 2, 3) in colours ``paint`` (N, 3) float32 sRGB, ``thickness`` pixels wide."""
    from meshloom.kernels.raycast import _points_kernel

    frame.colour = _own(frame.colour)
    spread = float(np.abs(ends - view.centre).max()) if len(ends) else 1.0
    _points_kernel.segments(
        settled(ends, np.float64),
        settled(paint, np.float32),
        view.projection(),
        float(thickness),
        1e-4 * spread,
        frame.depth,
        frame.colour,
        frame.alpha,
    )


def _own(array: NDArray[np.float32]) -> NDArray[np.float32]:
    return array if array.flags.writeable and array.flags.c_contiguous else array.copy()


def frusta(views: list[View], length: float) -> NDArray[np.float64]:
    """(N, 9, 2, 3) lines: each camera's pyramid, ``length`` deep, and a tick at the top of its picture."""
    out = np.empty((len(views), 9, 2, 3))
    for index, view in enumerate(views):
        width, height = view.size
        pixels = np.array([[0, 0, 1], [width, 0, 1], [width, height, 1], [0, height, 1.0]])
        local = (pixels @ np.linalg.inv(view.intrinsics).T) * length
        corners = local @ view.rotation + view.centre
        top = corners[:2].mean(axis=0) + 0.25 * (corners[0] - corners[3])
        for k in range(4):
            out[index, k] = view.centre, corners[k]
            out[index, 4 + k] = corners[k], corners[(k + 1) % 4]
        out[index, 8] = corners[:2].mean(axis=0), top
    return out


def frustum_length(centres: NDArray[np.float64], subject: NDArray[np.float64]) -> float:
    """How deep to draw pyramids at ``centres`` (N, 3) around the points ``subject`` (P, 3), which may be none."""
    points = subject if len(subject) else centres
    low, high = points.min(axis=0), points.max(axis=0)
    if not len(subject):
        return max(0.1 * float(np.linalg.norm(high - low)), 0.1)
    away = float(np.median(np.linalg.norm(centres - (low + high) / 2, axis=1)))
    if len(centres) > 1:
        near = np.sort(np.linalg.norm(centres[:, None] - centres[None], axis=2), axis=1)[:, 1]
        away = min(away, 4.0 * float(np.median(near))) or away
    return max(0.12 * away, 1e-6)


def camera_colours(count: int) -> NDArray[np.float32]:
    """(count, 3) float32 sRGB from blue to orange in the order of the photos."""
    mix = np.linspace(0, 1, count)[:, None] if count > 1 else np.zeros((1, 1))
    return ((1 - mix) * [0.13, 0.38, 0.78] + mix * [0.93, 0.47, 0.12]).astype(np.float32)
