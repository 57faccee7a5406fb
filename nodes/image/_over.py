"""Laying one picture over another: Porter and Duff's "source over" with a blend mode between."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def over(
    base: Floats,
    base_alpha: Floats | None,
    top: Floats,
    top_alpha: Floats,
    mode: Callable[[Floats, Floats], Floats],
) -> tuple[Floats, Floats | None]:
    """Straight colours and alpha of ``top`` over ``base``; W3C "Compositing and Blending Level 1", section 9.

    Colours (h, w, 1|3), alphas (h, w, 1). A base without alpha is opaque and stays without. Where one of
    the two is not there at all, the other shows untouched, whatever NaN it hides.
    """
    with np.errstate(invalid="ignore", over="ignore"):
        mixed = mode(base, top)
        if base_alpha is None:
            return np.where(top_alpha > 0, base + (mixed - base) * top_alpha, base), None
        seen = top_alpha + base_alpha * (1 - top_alpha)
        shown = np.where(base_alpha > 0, top + (mixed - top) * base_alpha, top)
        rest = np.where(base_alpha > 0, base * (base_alpha * (1 - top_alpha)), 0)
        colours = (shown * top_alpha + rest) / np.maximum(seen, np.float32(1e-6))
        return np.where((top_alpha > 0) & (seen > 0), colours, base), seen
