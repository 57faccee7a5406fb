"""Real spherical harmonics to degree 3, with the signs that 3D Gaussian splatting gave them (Kerbl et al., 2023)."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

#: The constant band: a colour is 0.5 + SH_0 * coefficient.
SH_0 = 0.28209479177387814
SH_1 = 0.4886025119029199
_A = (1.0925484305920792, -1.0925484305920792, 0.31539156525252005, -1.0925484305920792, 0.5462742152960396)
_B = (
    -0.5900435899266435,
    2.890611442640554,
    -0.4570457994644658,
    0.3731763325901154,
    -0.4570457994644658,
    1.445305721320277,
    -0.5900435899266435,
)


@njit(cache=True, nogil=True, error_model="numpy")
def bands(x, y, z):  # type: ignore[no-untyped-def]
    """The 15 basis functions after the constant one at unit vectors (x, y, z): floats, or lanes of them."""
    xx, yy, zz = x * x, y * y, z * z
    return (
        -SH_1 * y,
        SH_1 * z,
        -SH_1 * x,
        _A[0] * x * y,
        _A[1] * y * z,
        _A[2] * (2.0 * zz - xx - yy),
        _A[3] * x * z,
        _A[4] * (xx - yy),
        _B[0] * y * (3.0 * xx - yy),
        _B[1] * x * y * z,
        _B[2] * y * (4.0 * zz - xx - yy),
        _B[3] * z * (2.0 * zz - 3.0 * xx - 3.0 * yy),
        _B[4] * x * (4.0 * zz - xx - yy),
        _B[5] * z * (xx - yy),
        _B[6] * x * (xx - 3.0 * yy),
    )


@njit(cache=True, nogil=True, error_model="numpy")
def slopes(x, y, z, w):  # type: ignore[no-untyped-def]
    """The gradient by (x, y, z) of the sum of ``w[k]`` times function k of :func:`bands`."""
    xx, yy, zz = x * x, y * y, z * z
    gx = (
        _A[0] * y * w[3] - SH_1 * w[2] - 2.0 * _A[2] * x * w[5] + _A[3] * z * w[6] + 2.0 * _A[4] * x * w[7]
        + 6.0 * _B[0] * x * y * w[8]
        + _B[1] * y * z * w[9]
        - 2.0 * _B[2] * x * y * w[10]
        - 6.0 * _B[3] * x * z * w[11]
        + _B[4] * (4.0 * zz - 3.0 * xx - yy) * w[12]
        + 2.0 * _B[5] * x * z * w[13]
        + 3.0 * _B[6] * (xx - yy) * w[14]
    )  # fmt: skip
    gy = (
        _A[0] * x * w[3] - SH_1 * w[0] + _A[1] * z * w[4] - 2.0 * _A[2] * y * w[5] - 2.0 * _A[4] * y * w[7]
        + 3.0 * _B[0] * (xx - yy) * w[8]
        + _B[1] * x * z * w[9]
        + _B[2] * (4.0 * zz - xx - 3.0 * yy) * w[10]
        - 6.0 * _B[3] * y * z * w[11]
        - 2.0 * _B[4] * x * y * w[12]
        - 2.0 * _B[5] * y * z * w[13]
        - 6.0 * _B[6] * x * y * w[14]
    )  # fmt: skip
    gz = (
        SH_1 * w[1] + _A[1] * y * w[4] + 4.0 * _A[2] * z * w[5] + _A[3] * x * w[6]
        + _B[1] * x * y * w[9]
        + 8.0 * _B[2] * y * z * w[10]
        + _B[3] * (6.0 * zz - 3.0 * xx - 3.0 * yy) * w[11]
        + 8.0 * _B[4] * x * z * w[12]
        + _B[5] * (xx - yy) * w[13]
    )  # fmt: skip
    return gx, gy, gz


def basis(directions: NDArray[np.float64], degree: int) -> NDArray[np.float64]:
    """(M, K): every basis function up to ``degree`` at unit vectors (M, 3)."""
    found = np.full((len(directions), 16), SH_0)
    for row, (x, y, z) in zip(found, directions.tolist(), strict=True):
        row[1:] = bands(x, y, z)
    return np.ascontiguousarray(found[:, : (degree + 1) ** 2])


def turned(sh: NDArray[np.float32], turn: NDArray[np.float64]) -> NDArray[np.float32]:
    """Coefficients (N, K, 3) of the same colours after the scene was turned by the orthogonal ``turn`` (3, 3).

    Bands do not mix, so each is turned by a matrix of its own; it is solved for from more directions than it has
    rows, which is exact to rounding.
    """
    degree = round(sh.shape[1] ** 0.5) - 1
    if degree == 0:
        return sh
    number = np.arange(64) + 0.5
    height, angle = 1 - number / 32, number * np.pi * (3 - 5**0.5)
    ring = np.sqrt(1 - height**2)
    some = np.column_stack([ring * np.cos(angle), height, ring * np.sin(angle)])
    there, here = basis(some, degree), basis(some @ turn, degree)
    result = sh.astype(np.float64)
    for band in range(1, degree + 1):
        rows = slice(band**2, (band + 1) ** 2)
        matrix = np.linalg.lstsq(there[:, rows], here[:, rows], rcond=None)[0]
        result[:, rows] = np.einsum("kj,njc->nkc", matrix, sh[:, rows].astype(np.float64))
    return result.astype(np.float32)
