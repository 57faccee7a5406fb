"""Parts of clouds and several clouds in one, with all that points carry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import PointCloud


def need_points(points: PointCloud, least: int = 1) -> None:
    """Raise unless there are ``least`` points and all are finite."""
    if len(points) < least:
        wanted = "a point" if least == 1 else f"{least} points"
        raise NodeError(
            f"the cloud has {len(points)} points; {wanted} or more are needed", hint="check its source"
        )
    bad = int((~np.isfinite(points.positions).all(axis=1)).sum())
    if bad:
        raise NodeError(
            f"{bad} of {len(points)} points are not finite numbers",
            hint="put cloud.remove_outliers before this node",
        )


def need_finite(numbers: tuple[float, ...], name: str) -> None:
    """Raise unless every component of the parameter ``name`` is finite."""
    if not np.isfinite(numbers).all():
        raise NodeError(
            f"{name} is {numbers}; finite numbers are expected", hint=f"set {name} to plain numbers"
        )


def take(points: PointCloud, keep: NDArray[np.bool_] | NDArray[np.int64]) -> PointCloud:
    """The points where ``keep`` (P,) holds, or those of the given numbers; observations follow."""
    rows = np.flatnonzero(keep) if keep.dtype == np.bool_ else keep
    observations = points.observations
    if observations is not None:
        number = np.full(len(points), -1, np.int32)
        number[rows] = np.arange(len(rows), dtype=np.int32)
        new = number[observations[:, 0]]
        kept = new >= 0
        observations = np.stack([new[kept], observations[kept, 1]], axis=1)
    return PointCloud(
        points.positions[rows],
        None if points.colours is None else points.colours[rows],
        None if points.normals is None else points.normals[rows],
        None if points.confidence is None else points.confidence[rows],
        observations,
    )


def with_normals(points: PointCloud, normals: NDArray[np.float32] | None) -> PointCloud:
    """The same points with other normals."""
    return PointCloud(points.positions, points.colours, normals, points.confidence, points.observations)


def joined(clouds: Sequence[PointCloud]) -> PointCloud:
    """All clouds as one, with what all of them have. Observations are taken to speak of the same cameras."""

    def all_of(name: str) -> NDArray[np.generic] | None:
        parts = [getattr(cloud, name) for cloud in clouds]
        return None if any(part is None for part in parts) else np.concatenate(parts)

    observations = None
    if all(cloud.observations is not None for cloud in clouds):
        starts = np.cumsum([0] + [len(cloud) for cloud in clouds])
        shifted = []
        for cloud, start in zip(clouds, starts[:-1], strict=True):
            assert cloud.observations is not None
            shifted.append(cloud.observations + np.array([start, 0], np.int32))
        observations = np.concatenate(shifted).astype(np.int32)
    positions = np.concatenate([cloud.positions for cloud in clouds])
    return PointCloud(positions, all_of("colours"), all_of("normals"), all_of("confidence"), observations)
