from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import PointCloud
from meshloom.kernels.splatting.densify import rotations
from meshloom.nodes.splats.from_points import from_points


def test_splats_lie_flat_on_the_surface_in_its_colours():
    random = np.random.default_rng(0)
    normals = random.normal(size=(50, 3)).astype(np.float32)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    normals[0] = [0, 0, -1]
    colours = random.integers(0, 256, (50, 3)).astype(np.uint8)
    found = from_points(PointCloud(random.normal(size=(50, 3)).astype(np.float32), colours, normals))
    axes = rotations(found.quaternions)[:, :, 2]
    np.testing.assert_allclose(np.abs((axes * normals).sum(axis=1)), 1, atol=1e-5)
    assert (found.scales[:, 2] < 0.2 * found.scales[:, 0]).all()
    assert np.abs(found.base_colours().astype(int) - colours).max() <= 1


def test_points_that_are_not_there_are_told():
    with pytest.raises(NodeError, match="no points"):
        from_points(PointCloud(np.full((3, 3), np.nan, np.float32)))
    assert len(from_points(PointCloud(np.zeros((1, 3), np.float32)))) == 1
