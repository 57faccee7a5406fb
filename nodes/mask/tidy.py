from __future__ import annotations

from typing import Annotated

import numpy as np

from meshloom.graph_runtime.spec import Range, Run, node
from meshloom.graph_runtime.types import Mask
from meshloom.nodes.mask._masks import clean


@node("Tidy", aliases=("fill holes", "keep largest", "remove specks", "clean", "despeckle", "islands"))
def tidy(
    mask: Mask,
    fill_holes: bool = True,
    keep_largest: bool = False,
    smallest: Annotated[int, Range(0, unit="px")] = 0,
    largest_hole: Annotated[int, Range(0, unit="px")] = 0,
    *,
    run: Run,
) -> Mask:
    """Fill holes and drop specks.

    A pixel counts as selected from one half; edges that stay keep their softness.

    fill_holes: select what is enclosed by the selection
    keep_largest: keep only the largest connected part
    smallest: parts of fewer pixels are dropped
    largest_hole: holes of more pixels stay open; 0 = all are filled
    """
    from scipy.ndimage import label

    coverage = clean(mask)
    selected = coverage >= 0.5
    run.progress(0, 2, "looking for parts")
    parts, count = label(selected, np.ones((3, 3)))
    sizes = np.bincount(parts.ravel(), minlength=count + 1)
    sizes[0] = 0
    kept = sizes >= max(smallest, 1)
    if keep_largest and count:
        kept &= np.arange(count + 1) == sizes.argmax()
    dropped = selected & ~kept[parts]
    # The soft rim of a dropped part goes with it: what has no part that is kept beside it.
    result = np.where(dropped, 0, coverage)
    if dropped.any():
        result = np.where(_reachable(result, kept[parts]), result, 0)
    run.progress(1, 2, "looking for holes")
    if fill_holes:
        gaps, count = label(result < 0.5)
        rim = np.unique(np.concatenate([gaps[0], gaps[-1], gaps[:, 0], gaps[:, -1]]))
        sizes = np.bincount(gaps.ravel(), minlength=count + 1)
        filled = sizes <= largest_hole if largest_hole else np.ones(count + 1, bool)
        filled[rim] = False
        filled[0] = False
        result = np.where(filled[gaps], 1, result)
        # The soft edge towards a hole that is no more.
        result = np.where(_beside(filled[gaps]) & (result >= 0.5), 1, result)
    run.progress(2, 2, "tidied")
    return Mask(result.astype(np.float32), mask.name)


def _reachable(coverage: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """The pixels connected to ``kept`` through coverage above nothing."""
    from scipy.ndimage import label

    parts, count = label(coverage > 0, np.ones((3, 3)))
    wanted = np.zeros(count + 1, bool)
    wanted[np.unique(parts[kept])] = True
    wanted[0] = False
    return wanted[parts]


def _beside(area: np.ndarray, reach: int = 2) -> np.ndarray:
    from scipy.ndimage import binary_dilation

    return binary_dilation(area, np.ones((3, 3)), reach)
