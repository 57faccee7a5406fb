"""Where Gaussians are added, moved and taken away while training.

``mcmc``: Kheradmand et al., "3D Gaussian Splatting as Markov Chain Monte Carlo", NeurIPS 2024: Gaussians that have
faded are put where opaque ones are, such that the picture stays the same, and faint ones wander.
``adc``: the original rules, Kerbl et al., 2023: clone small and split large ones where the gradient by the place on
the picture is large; drop faint ones; lower all opacities now and then.
"""

from __future__ import annotations

from math import comb
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from meshloom.kernels.splatting.adam import Moving

Generator = np.random.Generator
#: Under this opacity a Gaussian counts as faded.
FADED = 0.005
#: How many Gaussians may share one place.
MOST_SHARED = 51

_BINOMIALS = np.array(
    [
        [comb(n, k) * (-1) ** k / np.sqrt(k + 1) if k <= n else 0.0 for k in range(MOST_SHARED)]
        for n in range(MOST_SHARED)
    ]
)


class Parameters(Protocol):
    """What is trained: rows of all belong together; scales as logarithms, opacities as logits."""

    means: Moving
    quaternions: Moving
    log_scales: Moving
    logits: Moving
    sh: Moving

    def all(self) -> list[Moving]:
        """Every one of them."""


def sigmoid(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """1 / (1 + exp(-x)), without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * logits.astype(np.float64))), np.float32)


def logit(shares: NDArray[np.floating]) -> NDArray[np.float32]:
    """The inverse of :func:`sigmoid`, for shares within (0, 1) by a margin."""
    kept = np.clip(shares.astype(np.float64), 1e-6, 1 - 1e-6)
    return np.log(kept / (1 - kept)).astype(np.float32)


def shared(
    opacities: NDArray[np.float64], scales: NDArray[np.float64], many: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Opacities (M,) and scales (M, 3) of ``many`` (M,) equal Gaussians in one place that look like one (eq. 9)."""
    many = np.clip(many, 1, MOST_SHARED)
    new = 1 - (1 - opacities) ** (1 / many)
    powers = new[:, None] ** np.arange(1, MOST_SHARED + 1)
    # Sum over i of the polynomial for i - 1, up to i = many.
    sums = np.cumsum(_BINOMIALS, axis=0)[many - 1]
    denominator = np.maximum((sums * powers).sum(axis=1), 1e-12)
    return new, scales * np.clip(opacities / denominator, 0.05, 1.0)[:, None]


def _spread_out(
    parts: Parameters, chosen: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Make room where Gaussians are ``chosen``, some several times: lowers them and returns them once."""
    places, counts = np.unique(chosen, return_counts=True)
    opacities = sigmoid(parts.logits.values[places]).astype(np.float64)
    scales = np.exp(parts.log_scales.values[places].astype(np.float64))
    new, smaller = shared(opacities, scales, counts + 1)
    parts.logits.values[places] = logit(np.clip(new, FADED, 1 - 1e-6))
    parts.log_scales.values[places] = np.log(np.maximum(smaller, 1e-12))
    for part in parts.all():
        part.forget(places)
    return places, new.astype(np.float32)


def relocate(parts: Parameters, random: Generator) -> int:
    """Put faded Gaussians where opaque ones are; returns how many."""
    opacities = sigmoid(parts.logits.values)
    bad = (opacities <= FADED) | ~np.isfinite(parts.means.values).all(axis=1)
    gone = np.flatnonzero(bad)
    alive = np.flatnonzero(~bad)
    if not len(gone) or not len(alive):
        return 0
    weight = opacities[alive].astype(np.float64)
    chosen = alive[np.searchsorted(np.cumsum(weight) / weight.sum(), random.random(len(gone)), side="right").clip(
        max=len(alive) - 1
    )]  # fmt: skip
    _spread_out(parts, chosen)
    for part in parts.all():
        part.values[gone] = part.values[chosen]
        part.forget(gone)
    return len(gone)


def add(parts: Parameters, count: int, random: Generator) -> int:
    """Add ``count`` Gaussians where opaque ones are."""
    opacities = sigmoid(parts.logits.values).astype(np.float64)
    if count <= 0 or not len(opacities):
        return 0
    total = opacities.sum()
    chosen = np.searchsorted(np.cumsum(opacities) / total, random.random(count), side="right")
    chosen = chosen.clip(max=len(opacities) - 1)
    _spread_out(parts, chosen)
    for part in parts.all():
        part.grow(part.values[chosen])
    return count


def wander(parts: Parameters, rate: float, random: Generator) -> None:
    """Move faint Gaussians by noise shaped like themselves; ``rate`` as in the paper."""
    opacities = sigmoid(parts.logits.values).astype(np.float64)
    # Opaque ones move by less than 1e-8 of this: they are left alone.
    faint = np.flatnonzero(opacities < 0.2)
    if not len(faint):
        return
    free = 1 / (1 + np.exp(-100 * ((1 - opacities[faint]) - 0.995)))
    noise = random.standard_normal((len(faint), 3)) * (free * rate)[:, None]
    shapes = covariances(parts.quaternions.values[faint], np.exp(parts.log_scales.values[faint]))
    parts.means.values[faint] += np.einsum("nij,nj->ni", shapes, noise).astype(np.float32)


def rotations(quaternions: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 3, 3) of quaternions (N, 4) w, x, y, z of any length."""
    w, i, j, k = (quaternions / np.linalg.norm(quaternions, axis=1, keepdims=True)).T
    rows = [
        [1 - 2 * (j * j + k * k), 2 * (i * j - w * k), 2 * (i * k + w * j)],
        [2 * (i * j + w * k), 1 - 2 * (i * i + k * k), 2 * (j * k - w * i)],
        [2 * (i * k - w * j), 2 * (j * k + w * i), 1 - 2 * (i * i + j * j)],
    ]
    return np.moveaxis(np.array(rows), 2, 0).astype(np.float32)


def covariances(quaternions: NDArray[np.float32], scales: NDArray[np.float32]) -> NDArray[np.float32]:
    """(N, 3, 3) world covariances."""
    factor = rotations(quaternions) * scales[:, None, :]
    return np.asarray(factor @ factor.transpose(0, 2, 1))


def clone_and_split(
    parts: Parameters, steep: NDArray[np.bool_], large: float, most: int, random: Generator
) -> int:
    """Double the ``steep`` Gaussians, up to ``most``: copies of small ones, halves of those larger than ``large``."""
    room = most - len(parts.means.values)
    chosen = np.flatnonzero(steep)[: max(room, 0)]
    if not len(chosen):
        return 0
    size = parts.log_scales.values[chosen].max(axis=1)
    big = chosen[size > np.log(large)]
    for part in parts.all():
        part.grow(part.values[chosen])
    fresh = np.arange(len(parts.means.values) - len(chosen), len(parts.means.values))
    halves = np.concatenate([big, fresh[size > np.log(large)]])
    scales = np.exp(parts.log_scales.values[halves])
    turn = rotations(parts.quaternions.values[halves])
    offset = np.einsum(
        "nij,nj->ni", turn, scales * random.standard_normal((len(halves), 3)).astype(np.float32)
    )
    parts.means.values[halves] += offset.astype(np.float32)
    parts.log_scales.values[halves] -= np.float32(np.log(1.6))
    for part in parts.all():
        part.forget(halves)
    return len(chosen)
