"""White balance: colours as they would look had the light been neutral."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Linear sRGB to CIE XYZ (IEC 61966-2-1), and XYZ to the cone responses of Bradford (Lam 1985).
XYZ = np.array(
    [[0.4123908, 0.3575843, 0.1804808], [0.2126390, 0.7151687, 0.0721923], [0.0193308, 0.1191948, 0.9505322]]
)
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])

#: How far one unit of tint moves the white off the black-body locus, in CIE 1960 uv.
TINT_STEP = 0.0002


def white(kelvin: float, tint: float = 0.0) -> NDArray[np.float64]:
    """XYZ, Y = 1, of black-body light (Krystek 1985, 1000 to 15000 K); ``tint`` moves it towards green."""
    t = kelvin
    u = (0.860117757 + 1.54118254e-4 * t + 1.28641212e-7 * t * t) / (
        1 + 8.42420235e-4 * t + 7.08145163e-7 * t * t
    )
    v = (0.317398726 + 4.22806245e-5 * t + 4.20481691e-8 * t * t) / (
        1 - 2.89741816e-5 * t + 1.61456053e-7 * t * t
    )
    v += tint * TINT_STEP
    x, y = 3 * u / (2 * u - 8 * v + 4), 2 * v / (2 * u - 8 * v + 4)
    return np.array([x / y, 1.0, (1 - x - y) / y])


def adaptation(kelvin: float, tint: float = 0.0) -> NDArray[np.float32]:
    """(3, 3) on linear sRGB: makes light of ``kelvin`` neutral. The identity at 6500 K and no tint."""
    cones = BRADFORD @ XYZ
    ratio = (BRADFORD @ white(6500.0)) / (BRADFORD @ white(kelvin, tint))
    return (np.linalg.inv(cones) @ np.diag(ratio) @ cones).astype(np.float32)
