"""Linear-light colours for the numba painters."""

from __future__ import annotations

from numba import njit


def hexed(code: str) -> tuple[float, float, float]:
    """``"#rrggbb"`` in sRGB to linear light."""
    channels = [int(code[i : i + 2], 16) / 255.0 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return linear[0], linear[1], linear[2]


@njit
def mix(a, b, t):
    """From ``a`` to ``b``; ``t`` is clipped to 0..1."""
    t = min(1.0, max(0.0, t))
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t


@njit
def scale(a, s):
    return a[0] * s, a[1] * s, a[2] * s
