"""Pixels that must not reach their neighbours: not a number, infinite, or hidden under zero alpha."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]


def unusable(colours: Floats) -> Bools:
    """(H, W): any channel of the pixel is NaN or infinite."""
    if np.isfinite(np.sum(colours, dtype=np.float64)):
        return np.zeros(colours.shape[:2], bool)
    return ~np.isfinite(colours).all(axis=2)


def filled(colours: Floats, alpha: Floats | None = None) -> tuple[Floats, Bools]:
    """``colours`` (H, W, C) with unusable and fully transparent pixels taking the nearest good colour.

    Also says which were unusable (H, W), to be put back by :func:`restored`. All black where nothing is good.
    """
    bad = unusable(colours)
    hidden = bad if alpha is None else bad | ~(alpha[:, :, 0] > 0)
    if not hidden.any():
        return colours, bad
    if hidden.all():
        return np.zeros_like(colours), bad
    from scipy.ndimage import distance_transform_edt

    rows, columns = distance_transform_edt(hidden, return_distances=False, return_indices=True)
    return colours[rows, columns], bad


def restored(filtered: Floats, colours: Floats, bad: Bools) -> Floats:
    """``filtered`` with the unusable pixels of ``colours`` as they were."""
    return np.where(bad[:, :, None], colours, filtered) if bad.any() else filtered
