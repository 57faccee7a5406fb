"""From a hard selection to a soft one, and from mixed edge colours to those of the object alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meshloom.nodes.image._gauss import box_mean

Floats = NDArray[np.float32]


def guided_filter(guide: Floats, plane: Floats, radius: int, epsilon: float) -> Floats:
    """``plane`` (H, W) smoothed so that its edges follow those of the colour ``guide`` (H, W, 1|3).

    He, Sun, Tang: "Guided Image Filtering" (PAMI 2013), colour guide: in every window the plane is fitted
    by a linear function of the colours, with ``epsilon`` added to their covariance.
    """
    count = guide.shape[2]
    mean = box_mean(guide, radius)
    mean_plane = box_mean(plane, radius)
    covariance = np.empty((*plane.shape, count, count), np.float32)
    cross = np.empty((*plane.shape, count), np.float32)
    for i in range(count):
        cross[:, :, i] = box_mean(guide[:, :, i] * plane, radius) - mean[:, :, i] * mean_plane
        for j in range(i, count):
            both = box_mean(guide[:, :, i] * guide[:, :, j], radius) - mean[:, :, i] * mean[:, :, j]
            covariance[:, :, i, j] = covariance[:, :, j, i] = both
    covariance += np.eye(count, dtype=np.float32) * np.float32(epsilon)
    slope = np.linalg.solve(covariance, cross[..., None])[..., 0]
    offset = mean_plane - (slope * mean).sum(axis=2)
    return (box_mean(slope, radius) * guide).sum(axis=2) + box_mean(offset, radius)


def unmixed(colours: Floats, inside: Floats, outside: Floats, radius: int) -> tuple[Floats, Floats]:
    """How much of each pixel's colour (H, W, 3) is the object's, and how far to trust that; both (H, W).

    The mean colours of what is object (``inside``, (H, W) 0 or 1) and background (``outside``) for sure,
    within ``radius``, span a line; a mixed pixel lies on it as far as it is mixed. To be trusted where the
    two means are far apart for how much either varies (Fisher's criterion).
    """
    means, spread = [], np.zeros(inside.shape, np.float32)
    near = np.ones(inside.shape, bool)
    for sure in (outside, inside):
        weight = box_mean(sure, radius)
        near &= weight > 1e-4
        total = np.maximum(weight, np.float32(1e-4))[:, :, None]
        mean = box_mean(colours * sure[:, :, None], radius) / total
        square = box_mean(colours**2 * sure[:, :, None], radius) / total
        spread += np.maximum(square - mean**2, 0).sum(axis=2)
        means.append(mean)
    line = means[1] - means[0]
    length = (line**2).sum(axis=2)
    share = ((colours - means[0]) * line).sum(axis=2) / np.maximum(length, np.float32(1e-6))
    trust = np.where(near, length / (length + 8 * spread + np.float32(1e-3)), 0)
    return np.clip(share, 0, 1), trust.astype(np.float32)


def object_colours(colours: Floats, coverage: Floats, radius: int) -> Floats:
    """The object's own colours (H, W, 3) where ``coverage`` (H, W) mixes them with the background's.

    Forte: "Approximate Fast Foreground Colour Estimation" (ICIP 2021): blur both sides by their coverage,
      then
    correct so that the mixture gives the picture again; a wide pass, then a narrow one.
    """
    alpha = coverage[:, :, None]
    front, back = colours, colours
    for reach in (radius, max(2, radius // 8)):
        near = box_mean(front * alpha, reach) / (box_mean(alpha, reach) + np.float32(1e-5))
        far = box_mean(back * (1 - alpha), reach) / (box_mean(1 - alpha, reach) + np.float32(1e-5))
        front = near + alpha * (colours - alpha * near - (1 - alpha) * far)
        back = far
    return np.where(alpha >= 1, colours, np.clip(front, 0, None))
