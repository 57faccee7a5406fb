"""The sRGB transfer function (IEC 61966-2-1), extended to all real numbers.

Below zero it is mirrored and above one it goes on, so that scene-linear light of any range (EXR, Radiance)
fits the one convention inside Meshloom (sRGB-encoded, 1.0 = white) and comes back exactly: the two functions
are inverses to a few units in the last place of float32.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

#: Linear XYZ (D65) to linear sRGB, IEC 61966-2-1.
XYZ_TO_RGB = np.array(
    [
        [3.2404541621141054, -1.5371385127977166, -0.4985314095560162],
        [-0.9692660305051868, 1.8760108454466942, 0.0415560175303498],
        [0.0556434309591147, -0.2040259135167538, 1.0572251882231791],
    ]
)

_ROWS_AT_ONCE = 1 << 20


def encode(linear: Floats) -> Floats:
    """Linear light -> sRGB, any shape, float32. 0.18 -> 0.46, 1.0 -> 1.0, 4.0 -> 1.83."""

    def curve(light: NDArray[np.float64]) -> NDArray[np.float64]:
        bright = 1.055 * np.power(np.maximum(light, 0.0031308), 1 / 2.4) - 0.055
        return np.where(light <= 0.0031308, light * 12.92, bright)

    return _mirrored(linear, curve)


def decode(encoded: Floats) -> Floats:
    """sRGB -> linear light, any shape, float32. The inverse of :func:`encode`."""

    def curve(code: NDArray[np.float64]) -> NDArray[np.float64]:
        bright = np.power((np.maximum(code, 0.0031308 * 12.92) + 0.055) / 1.055, 2.4)
        return np.where(code <= 0.0031308 * 12.92, code / 12.92, bright)

    return _mirrored(encoded, curve)


def _mirrored(values: Floats, curve: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Floats:
    """``curve`` of the magnitude with the sign kept, in double precision, a bounded piece at a time."""
    values = np.asarray(values, np.float32)
    flat = values.reshape(-1)
    result = np.empty_like(flat)
    for start in range(0, flat.size, _ROWS_AT_ONCE):
        piece = flat[start : start + _ROWS_AT_ONCE].astype(np.float64)
        with np.errstate(over="ignore", invalid="ignore"):
            result[start : start + _ROWS_AT_ONCE] = np.copysign(curve(np.abs(piece)), piece)
    return result.reshape(values.shape)
