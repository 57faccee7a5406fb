"""How far a drawn picture is from a photo, and the gradient: (1 - w) L1 + w (1 - SSIM), as in Kerbl et al., 2023.

SSIM is that of Wang et al., 2004: a Gaussian window of 1.5 pixels cut at 5, zeros beyond the border, the mean over
pixels and channels. Its gradient is three more blurs of the same kind.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from meshloom.kernels.splatting.kernel import Rasteriser

REACH = 5
_taps = np.exp(-0.5 * (np.arange(-REACH, REACH + 1) / 1.5) ** 2)
TAPS = (_taps / _taps.sum()).astype(np.float32)
C1, C2 = np.float32(0.01**2), np.float32(0.03**2)
ONE, TWO = np.float32(1.0), np.float32(2.0)
MATHS = {"contract", "nsz", "arcp", "reassoc"}


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def _blurred(source, first, last, wide, out):  # type: ignore[no-untyped-def]
    """Rows ``first`` to ``last`` of ``source`` (H, W), blurred, into ``out``; scratch ``wide`` (rows + 10, W)."""
    height, width = source.shape
    low, high = max(first - REACH, 0), min(last + REACH, height)
    for y in range(low, high):
        row, into = source[y], wide[y - low]
        for x in range(width):
            into[x] = np.float32(0.0)
        for tap in range(2 * REACH + 1):
            by, weight = tap - REACH, TAPS[tap]
            begin, end = max(0, -by), min(width, width - by)
            shifted, here = row[begin + by : end + by], into[begin:end]
            for x in range(end - begin):
                here[x] += weight * shifted[x]
    for y in range(first, last):
        into = out[y - first]
        for x in range(width):
            into[x] = np.float32(0.0)
        for tap in range(2 * REACH + 1):
            at = y + tap - REACH
            if 0 <= at < height:
                row, weight = wide[at - low], TAPS[tap]
                for x in range(width):
                    into[x] += weight * row[x]


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def moments(first, last, photo, mean, square):  # type: ignore[no-untyped-def]
    """Rows of a photo (3, H, W): its blurred values and the variance around them, both (3, H, W)."""
    width = photo.shape[2]
    rows = last - first
    low, high = max(first - REACH, 0), min(last + REACH, photo.shape[1])
    wide, one = np.empty((rows + 2 * REACH, width), np.float32), np.empty((rows, width), np.float32)
    product = np.empty(photo.shape[1:], np.float32)
    for channel in range(3):
        _blurred(photo[channel], first, last, wide, one)
        mean[channel, first:last] = one
        for y in range(low, high):
            for x in range(width):
                product[y, x] = photo[channel, y, x] * photo[channel, y, x]
        _blurred(product, first, last, wide, one)
        for y in range(rows):
            for x in range(width):
                m = mean[channel, first + y, x]
                square[channel, first + y, x] = one[y, x] - m * m


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def _similarity(first, last, drawn, photo, mean, square, product, by_mean, by_square, by_cross):  # type: ignore[no-untyped-def]
    """Sum of SSIM over rows, and its gradient by the drawn picture's three blurred moments."""
    height, width = drawn.shape[1:]
    rows = last - first
    wide = np.empty((rows + 2 * REACH, width), np.float32)
    m1, s11, s12 = (
        np.empty((rows, width), np.float32), np.empty((rows, width), np.float32), np.empty((rows, width), np.float32)
    )  # fmt: skip
    low, high = max(first - REACH, 0), min(last + REACH, height)
    total = 0.0
    for channel in range(3):
        _blurred(drawn[channel], first, last, wide, m1)
        for y in range(low, high):
            for x in range(width):
                product[y, x] = drawn[channel, y, x] * drawn[channel, y, x]
        _blurred(product, first, last, wide, s11)
        for y in range(low, high):
            for x in range(width):
                product[y, x] = drawn[channel, y, x] * photo[channel, y, x]
        _blurred(product, first, last, wide, s12)
        for y in range(rows):
            partly = np.float32(0.0)
            for x in range(width):
                a, b = m1[y, x], mean[channel, first + y, x]
                va, vb, cov = s11[y, x] - a * a, square[channel, first + y, x], s12[y, x] - a * b
                n1, n2 = TWO * a * b + C1, TWO * cov + C2
                d1, d2 = a * a + b * b + C1, va + vb + C2
                inverse = ONE / (d1 * d2)
                value = n1 * n2 * inverse
                partly += value
                by_var = -value / d2
                by_cov = TWO * n1 * inverse
                by_square[channel, first + y, x] = by_var
                by_cross[channel, first + y, x] = by_cov
                by_mean[channel, first + y, x] = (
                    TWO * b * n2 * inverse - TWO * a * value / d1 - TWO * a * by_var - b * by_cov
                )
            total += partly
    return total


@njit(cache=True, nogil=True, fastmath=MATHS, error_model="numpy")
def _slope(first, last, drawn, photo, by_mean, by_square, by_cross, absolute, similar, out):  # type: ignore[no-untyped-def]
    """Write rows of the gradient: ``absolute`` times the sign of the difference less ``similar`` times SSIM's."""
    width = drawn.shape[2]
    rows = last - first
    wide = np.empty((rows + 2 * REACH, width), np.float32)
    m, s, c = (
        np.empty((rows, width), np.float32), np.empty((rows, width), np.float32), np.empty((rows, width), np.float32)
    )  # fmt: skip
    total = 0.0
    for channel in range(3):
        if similar > 0:
            _blurred(by_mean[channel], first, last, wide, m)
            _blurred(by_square[channel], first, last, wide, s)
            _blurred(by_cross[channel], first, last, wide, c)
        else:
            m[:] = s[:] = c[:] = np.float32(0.0)
        for y in range(rows):
            partly = np.float32(0.0)
            for x in range(width):
                value, true = drawn[channel, first + y, x], photo[channel, first + y, x]
                difference = value - true
                partly += abs(difference)
                sign = absolute if difference > 0 else -absolute
                sign = np.float32(0.0) if difference == 0 else sign
                ssim = m[y, x] + TWO * value * s[y, x] + true * c[y, x]
                out[channel, first + y, x] = sign - similar * ssim
            total += partly
    return total


@dataclass
class Target:
    """A photo (3, H, W) float32 with its blurred values and variances, made when first compared with."""

    photo: NDArray[np.float32]
    mean: NDArray[np.float32] | None = None
    variance: NDArray[np.float32] | None = None


class PhotoLoss:
    """(1 - ``weight``) L1 + ``weight`` (1 - SSIM), on a rasteriser's threads."""

    def __init__(self, rasteriser: Rasteriser, weight: float = 0.2) -> None:
        self.rasteriser, self.weight = rasteriser, weight

    def __call__(
        self, drawn: NDArray[np.float32], target: Target
    ) -> tuple[float, float, NDArray[np.float32]]:
        """(loss, SSIM, gradient (3, H, W)) of a drawn picture (3, H, W)."""
        drawn = np.ascontiguousarray(drawn, np.float32)
        height = drawn.shape[1]
        over = self.rasteriser.over
        photo = target.photo
        if target.mean is None or target.variance is None:
            mean, variance = np.empty_like(photo), np.empty_like(photo)
            over(lambda first, last: moments(first, last, photo, mean, variance), height, 32)
            target.mean, target.variance = mean, variance
        else:
            mean, variance = target.mean, target.variance
        maps = [np.empty_like(drawn) for _ in range(3)]
        out = np.empty_like(drawn)
        similar: list[tuple[int, float]] = []
        absolute: list[tuple[int, float]] = []

        def compare(first: int, last: int) -> None:
            scratch = np.empty(drawn.shape[1:], np.float32)
            found = _similarity(first, last, drawn, photo, mean, variance, scratch, *maps)
            similar.append((first, found))

        share = np.float32((1 - self.weight) / drawn.size), np.float32(self.weight / drawn.size)

        def slope(first: int, last: int) -> None:
            absolute.append((first, _slope(first, last, drawn, photo, *maps, *share, out)))

        over(compare, height, 32)
        over(slope, height, 32)
        ssim = sum(part for _, part in sorted(similar)) / drawn.size
        loss = sum(part for _, part in sorted(absolute)) / drawn.size
        return (1 - self.weight) * loss + self.weight * (1 - ssim), ssim, out
