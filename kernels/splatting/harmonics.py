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
def bands(x, y, z, count, out):  # type: ignore[no-untyped-def]
    """Fill ``out[:count]`` with the basis functions at the unit vector (x, y, z)."""
    out[0] = SH_0
    if count > 1:
        out[1] = -SH_1 * y
        out[2] = SH_1 * z
        out[3] = -SH_1 * x
    if count > 4:
        xx, yy, zz = x * x, y * y, z * z
        out[4] = _A[0] * x * y
        out[5] = _A[1] * y * z
        out[6] = _A[2] * (2.0 * zz - xx - yy)
        out[7] = _A[3] * x * z
        out[8] = _A[4] * (xx - yy)
        if count > 9:
            out[9] = _B[0] * y * (3.0 * xx - yy)
            out[10] = _B[1] * x * y * z
            out[11] = _B[2] * y * (4.0 * zz - xx - yy)
            out[12] = _B[3] * z * (2.0 * zz - 3.0 * xx - 3.0 * yy)
            out[13] = _B[4] * x * (4.0 * zz - xx - yy)
            out[14] = _B[5] * z * (xx - yy)
            out[15] = _B[6] * x * (xx - 3.0 * yy)


@njit(cache=True, nogil=True, error_model="numpy")
def slopes(x, y, z, count, weights):  # type: ignore[no-untyped-def]
    """The gradient by (x, y, z) of the sum of ``weights[k]`` times basis function k."""
    w = weights
    gx, gy, gz = 0.0, 0.0, 0.0
    if count > 1:
        gx -= SH_1 * w[3]
        gy -= SH_1 * w[1]
        gz += SH_1 * w[2]
    if count > 4:
        gx += _A[0] * y * w[4] - 2.0 * _A[2] * x * w[6] + _A[3] * z * w[7] + 2.0 * _A[4] * x * w[8]
        gy += _A[0] * x * w[4] + _A[1] * z * w[5] - 2.0 * _A[2] * y * w[6] - 2.0 * _A[4] * y * w[8]
        gz += _A[1] * y * w[5] + 4.0 * _A[2] * z * w[6] + _A[3] * x * w[7]
        if count > 9:
            xx, yy, zz = x * x, y * y, z * z
            gx += (
                6.0 * _B[0] * x * y * w[9]
                + _B[1] * y * z * w[10]
                - 2.0 * _B[2] * x * y * w[11]
                - 6.0 * _B[3] * x * z * w[12]
                + _B[4] * (4.0 * zz - 3.0 * xx - yy) * w[13]
                + 2.0 * _B[5] * x * z * w[14]
                + 3.0 * _B[6] * (xx - yy) * w[15]
            )
            gy += (
                3.0 * _B[0] * (xx - yy) * w[9]
                + _B[1] * x * z * w[10]
                + _B[2] * (4.0 * zz - xx - 3.0 * yy) * w[11]
                - 6.0 * _B[3] * y * z * w[12]
                - 2.0 * _B[4] * x * y * w[13]
                - 2.0 * _B[5] * y * z * w[14]
                - 6.0 * _B[6] * x * y * w[15]
            )
            gz += (
                _B[1] * x * y * w[10]
                + 8.0 * _B[2] * y * z * w[11]
                + _B[3] * (6.0 * zz - 3.0 * xx - 3.0 * yy) * w[12]
                + 8.0 * _B[4] * x * z * w[13]
                + _B[5] * (xx - yy) * w[14]
            )
    return gx, gy, gz


def basis(directions: NDArray[np.float64], degree: int) -> NDArray[np.float64]:
    """(M, K): every basis function up to ``degree`` at unit vectors (M, 3)."""
    found = np.empty((len(directions), 16))
    for row, (x, y, z) in zip(found, directions.tolist(), strict=True):
        bands(x, y, z, 16, row)
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
