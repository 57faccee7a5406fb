"""What the readers and writers of splats share: repairs, axes, and how values are stored before activation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import Splats

Array = NDArray[Any]
Warn = Callable[[str], None]

#: The constant band of spherical harmonics: a colour is 0.5 + SH_0 * coefficient.
SH_0 = 0.28209479177387814
#: More splats in one file are refused.
MAX_SPLATS = 30_000_000
#: Coefficients by degree.
BANDS = (1, 4, 9, 16)
#: Signs of the basis functions under (x, -y, -z), which takes y down to y up and back.
_FLIP_YZ = np.array([1, -1, -1, 1, -1, 1, 1, -1, 1, -1, 1, -1, -1, 1, -1, 1], np.float32)
_LARGEST, _SMALLEST = 1e9, 1e-12


def check_count(count: int, name: str) -> None:
    """Raise where a file declares none, or more than anybody can use."""
    if count < 1:
        raise NodeError(f"{name} holds no splats", hint="export it again")
    if count > MAX_SPLATS:
        raise NodeError(
            f"{name} declares {count:,} splats; the limit is {MAX_SPLATS:,}", hint="export a part"
        )


def repaired(
    name: str,
    means: Array,
    quaternions: Array,
    scales: Array,
    opacities: Array,
    sh: Array,
    antialiased: bool,
    warn: Warn | None,
) -> Splats:
    """The value, without splats that cannot be drawn; ``warn`` is told how many. Raises where none is left."""
    with np.errstate(all="ignore"):
        parts = [np.asarray(part, np.float32) for part in (means, quaternions, scales, opacities, sh)]
    means, quaternions, scales, opacities, sh = parts
    count = len(means)
    good = np.isfinite(means).all(axis=1) & (np.abs(means) < _LARGEST).all(axis=1)
    good &= ~np.isnan(scales).any(axis=1) & ~np.isnan(opacities) & np.isfinite(quaternions).all(axis=1)
    said = []
    if not good.all():
        if not good.any():
            raise NodeError(f"{name} holds no splat that can be drawn: all have NaN", hint="export it again")
        said.append(f"left out {int((~good).sum()):,} splats with values that are no numbers")
        means, quaternions, scales, opacities, sh = (part[good] for part in parts)
    lost = ~(np.linalg.norm(quaternions.astype(np.float64), axis=1) > 1e-12)
    if lost.any():
        said.append(f"gave {int(lost.sum()):,} splats without a rotation none")
        quaternions = np.where(lost[:, None], np.array([1, 0, 0, 0], np.float32), quaternions)
    reach = _reach(means)
    wild = (scales > reach) | (scales < 0)
    if wild.any():
        said.append(f"cut {int(wild.any(axis=1).sum()):,} splats larger than the whole scene to its size")
    scales = np.clip(scales, _SMALLEST, reach)
    if not np.isfinite(sh).all():
        said.append("set colours that are no numbers to grey")
        sh = np.where(np.isfinite(sh), sh, np.float32(0))
    if said and warn is not None:
        warn(f"{name}: of {count:,} splats, {'; '.join(said)}")
    return Splats(
        means,
        quaternions,
        scales.astype(np.float32),
        np.clip(opacities, 0, 1),
        np.clip(sh, -1e4, 1e4),
        antialiased,
    )


def _reach(means: Array) -> np.float32:
    """A size that no splat of the scene has any use for."""
    some = means[:: max(1, len(means) // 100_000)].astype(np.float64)
    low, high = np.quantile(some, [0.02, 0.98], axis=0)
    return np.float32(max(100 * float(np.linalg.norm(high - low)), 1e3))


def sigmoid(logits: Array) -> Array:
    """1 / (1 + exp(-x)), without overflow."""
    with np.errstate(invalid="ignore"):
        return np.asarray(0.5 * (1 + np.tanh(0.5 * logits.astype(np.float64))), np.float32)


def logit(shares: Array) -> Array:
    """The inverse, for shares held within 1e-7 of 0 and 1."""
    held = np.clip(shares.astype(np.float64), 1e-7, 1 - 1e-7)
    return np.asarray(np.log(held / (1 - held)), np.float32)


def normalised(quaternions: Array) -> Array:
    """(N, 4) of length 1."""
    length = np.linalg.norm(quaternions.astype(np.float64), axis=1, keepdims=True)
    return np.asarray(quaternions / np.maximum(length, 1e-30), np.float32)


def joined(scenes: Sequence[Splats], antialiased: bool) -> Splats:
    """All splats of one or more scenes; bands of colour that some lack are zeros, which change nothing."""
    bands = max(scene.sh.shape[1] for scene in scenes)
    return Splats(
        np.concatenate([scene.means for scene in scenes]),
        np.concatenate([scene.quaternions for scene in scenes]),
        np.concatenate([scene.scales for scene in scenes]),
        np.concatenate([scene.opacities for scene in scenes]),
        np.concatenate(
            [np.pad(scene.sh, ((0, 0), (0, bands - scene.sh.shape[1]), (0, 0))) for scene in scenes]
        ),
        antialiased,
    )


def y_flipped(splats: Splats) -> Splats:
    """Our world (y down) in a world with y up and z towards the viewer, or back. Exact, its own inverse."""
    flip = np.array([1, -1, -1], np.float32)
    bands = splats.sh.shape[1]
    return Splats(
        splats.means * flip,
        splats.quaternions * np.array([1, 1, -1, -1], np.float32),
        splats.scales,
        splats.opacities,
        splats.sh * _FLIP_YZ[:bands, None],
        splats.antialiased,
    )


def placed(splats: Splats, matrix: Array) -> Splats:
    """Under a (4, 4) similarity. Raises ``ValueError`` where it mirrors or shears."""
    linear = matrix[:3, :3].astype(np.float64)
    if np.array_equal(matrix, np.eye(4)):
        return splats
    scale = float(np.linalg.det(linear))
    if not np.isfinite(matrix).all() or scale <= 0:
        raise ValueError("a transform that mirrors or flattens")
    scale = scale ** (1 / 3)
    turn = linear / scale
    if np.abs(turn @ turn.T - np.eye(3)).max() > 1e-3:
        raise ValueError("a transform that shears or scales unevenly")
    w, x, y, z = _quaternion(turn)
    a, b, c, d = splats.quaternions.astype(np.float64).T
    turned = np.column_stack(
        [
            w * a - x * b - y * c - z * d,
            w * b + x * a + y * d - z * c,
            w * c - x * d + y * a + z * b,
            w * d + x * c - y * b + z * a,
        ]
    )
    return Splats(
        (splats.means @ linear.T + matrix[:3, 3]).astype(np.float32),
        turned.astype(np.float32),
        (splats.scales * scale).astype(np.float32),
        splats.opacities,
        _turned_colours(splats.sh, turn),
        splats.antialiased,
    )


def _quaternion(turn: Array) -> Array:
    a = turn
    square = np.array(
        [
            [np.trace(a), a[2, 1] - a[1, 2], a[0, 2] - a[2, 0], a[1, 0] - a[0, 1]],
            [a[2, 1] - a[1, 2], a[0, 0] - a[1, 1] - a[2, 2], a[1, 0] + a[0, 1], a[0, 2] + a[2, 0]],
            [a[0, 2] - a[2, 0], a[1, 0] + a[0, 1], a[1, 1] - a[0, 0] - a[2, 2], a[2, 1] + a[1, 2]],
            [a[1, 0] - a[0, 1], a[0, 2] + a[2, 0], a[2, 1] + a[1, 2], a[2, 2] - a[0, 0] - a[1, 1]],
        ]
    )
    return np.asarray(np.linalg.eigh(square)[1][:, -1])


def _turned_colours(sh: Array, turn: Array) -> Array:
    """Bands do not mix under rotation: each one's matrix is solved for from many directions."""
    if sh.shape[1] == 1:
        return sh
    number = np.arange(64) + 0.5
    height, angle = 1 - number / 32, number * np.pi * (3 - 5**0.5)
    ring = np.sqrt(1 - height**2)
    some = np.column_stack([ring * np.cos(angle), height, ring * np.sin(angle)])
    there, here = _basis(some), _basis(some @ turn)
    result = sh.astype(np.float64)
    for band in range(1, round(sh.shape[1] ** 0.5)):
        rows = slice(band**2, (band + 1) ** 2)
        matrix = np.linalg.lstsq(there[:, rows], here[:, rows], rcond=None)[0]
        result[:, rows] = np.einsum("kj,njc->nkc", matrix, sh[:, rows].astype(np.float64))
    return np.asarray(result, np.float32)


def _basis(directions: Array) -> Array:
    """(M, 16) real spherical harmonics; constants that a whole band shares are left out where there are any."""
    x, y, z = directions.T
    xx, yy, zz = x * x, y * y, z * z
    one = np.ones_like(x)
    return np.column_stack(
        [
            one,
            -y,
            z,
            -x,
            1.0925484305920792 * x * y,
            -1.0925484305920792 * y * z,
            0.31539156525252005 * (2 * zz - xx - yy),
            -1.0925484305920792 * x * z,
            0.5462742152960396 * (xx - yy),
            -0.5900435899266435 * y * (3 * xx - yy),
            2.890611442640554 * x * y * z,
            -0.4570457994644658 * y * (4 * zz - xx - yy),
            0.3731763325901154 * z * (2 * zz - 3 * xx - 3 * yy),
            -0.4570457994644658 * x * (4 * zz - xx - yy),
            1.445305721320277 * z * (xx - yy),
            -0.5900435899266435 * x * (xx - 3 * yy),
        ]
    )
