"""One exposure for photographs taken with several."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def decode(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """sRGB 0..255 to linear light 0..1."""
    values = values / 255.0
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def gains(
    colours: NDArray[np.float32], weights: NDArray[np.float32], limit: float = 2.0
) -> NDArray[np.float64]:
    """(N, 3) factors in linear light that make the views agree where they see the same texels.

    ``colours``: (T, N, 3) float32 sRGB 0..255; ``weights``: (T, N), 0 = not seen. Least squares over the logarithms
    of all pairs at each texel, reweighted (Cauchy) so that highlights and wrong geometry do not count. The mean
    logarithm is zero: overall brightness is kept. Within ``limit`` stops either way.
    """
    count = weights.shape[1]
    out = np.zeros((count, 3))
    for channel in range(3):
        value = colours[:, :, channel].astype(np.float64)
        good = (weights > 0) & (value > 12) & (value < 243)
        logs = np.log(np.maximum(decode(value), 1e-4))
        base = np.where(good, np.sqrt(np.maximum(weights, 0)), 0.0)
        keep = (base > 0).sum(axis=1) >= 2
        base, logs = base[keep], logs[keep]
        gain = np.zeros(count)
        if not len(base):
            continue
        weight = base
        for _ in range(12):
            # For one texel, the sum over pairs w_i w_j (d_i - d_j)^2 / sum w is the spread about its mean.
            total = weight.sum(axis=1, keepdims=True)
            share = weight / np.maximum(total, 1e-12)
            matrix = np.diag(weight.sum(axis=0)) - weight.T @ share
            centred = logs - (share * logs).sum(axis=1, keepdims=True)
            right = -(weight * centred).sum(axis=0)
            # Holds still what nothing ties down, and fixes the mean.
            size = max(float(np.trace(matrix)) / count, 1e-12)
            matrix += size * (1e-3 * np.eye(count) + np.full((count, count), 1.0 / count))
            new = np.linalg.solve(matrix, right)
            moved = logs + new
            residual = moved - (share * moved).sum(axis=1, keepdims=True)
            weight = base / (1.0 + (residual / 0.1) ** 2)
            done = np.abs(new - gain).max() < 1e-4
            gain = new
            if done:
                break
        out[:, channel] = gain - gain.mean()
    return np.exp(np.clip(out, -limit * np.log(2), limit * np.log(2)))


def curve(gain: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(256, 3) uint8: sRGB in to sRGB out for linear-light factors ``gain`` (3,)."""
    linear = decode(np.arange(256.0))[:, None] * gain
    srgb = np.where(
        linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055
    )
    return (np.clip(srgb, 0, 1) * 255.0 + 0.5).astype(np.uint8)
