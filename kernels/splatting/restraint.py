"""Against learning few photos by heart: what fits them exactly need not be what is there.

Of the Gaussians, some are left out of every iteration, so that none can hide what is wrong behind it and none
relies on its neighbours (Park et al., "DropGaussian", CVPR 2025). That makes large ones pay, so sizes are limited as
well: one as large as its distance from a camera is drawn as a haze by cameras beside those it was learned from.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.splatting.arrays import MOST_ALPHA

Floats = NDArray[np.float32]
#: Largest standard deviation of a Gaussian, as a share of its distance from the nearest camera.
LARGEST = 0.3


def shares(opacities: Floats, rate: float, random: np.random.Generator) -> Floats:
    """(N,) what ``opacities`` (N,) are multiplied with: zero for the share ``rate``, 1 / (1 - rate) for the others.

    Less where the product would be above what is drawn at most; but for those, the sum is expected to stay.
    """
    kept = random.random(len(opacities), np.float32) >= rate
    most = np.minimum(1 / (1 - rate), MOST_ALPHA / np.maximum(opacities, 1e-6))
    return np.where(kept, most, 0).astype(np.float32)


def limit_sizes(log_scales: Floats, means: Floats, eyes: NDArray[np.float64]) -> None:
    """Hold ``log_scales`` (N, 3) of Gaussians at ``means`` (N, 3) at ``LARGEST``, in place; ``eyes`` (M, 3)."""
    from scipy.spatial import cKDTree

    finite = np.isfinite(means).all(axis=1)
    away = np.full(len(means), np.inf)
    away[finite] = cKDTree(eyes).query(means[finite])[0]
    most = np.log(np.maximum(LARGEST * away, 1e-12)).astype(np.float32)
    np.minimum(log_scales, most[:, None], out=log_scales)
