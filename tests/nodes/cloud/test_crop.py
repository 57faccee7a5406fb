"""Boxes and ellipsoids."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import PointCloud
from meshloom.nodes.cloud.crop import crop


def grid() -> PointCloud:
    axis = np.linspace(-1, 1, 21)
    return PointCloud(np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3).astype(np.float32))


def test_inside_and_outside_make_the_whole() -> None:
    inside = crop(grid(), (0.5, 0, 0), (1.01, 1.01, 0))
    assert inside.positions.min(axis=0) == pytest.approx([0.0, -0.5, -1.0])
    assert inside.positions.max(axis=0) == pytest.approx([1.0, 0.5, 1.0])
    assert len(inside) == 11 * 11 * 21
    assert len(crop(grid(), (0.5, 0, 0), (1.01, 1.01, 0), keep="outside")) == 21**3 - len(inside)


def test_a_turned_box_and_a_ball() -> None:
    turned = crop(grid(), size=(2**0.5 * 1.001, 0, 2**0.5 * 1.001), turn=(0, 45, 0)).positions
    assert np.abs(turned[:, [0, 2]]).sum(axis=1).max() == pytest.approx(1.0)
    ball = crop(grid(), size=(2, 1, 2), shape="ellipsoid").positions
    assert ((ball / [1, 0.5, 1]) ** 2).sum(axis=1).max() <= 1.0 + 1e-6
    assert ball[:, 1].max() == pytest.approx(0.5)


def test_nothing_inside_says_where_the_points_are() -> None:
    with pytest.raises(NodeError, match=r"reaches from \(-1, -1, -1\) to \(1, 1, 1\)"):
        crop(grid(), (9, 0, 0))
    with pytest.raises(NodeError, match="empty"):
        crop(PointCloud(np.zeros((0, 3), np.float32)))
    with pytest.raises(NodeError, match="turn"):
        crop(grid(), turn=(float("nan"), 0, 0))


def test_broken_points_are_never_kept() -> None:
    broken = PointCloud(np.float32([[0, 0, 0], [np.nan, 0, 0], [5, 5, 5]]))
    assert len(crop(broken)) == 1 and len(crop(broken, keep="outside")) == 1
