from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.splats.from_points import from_points
from meshloom.nodes.splats.to_points import to_points

from ._scenes import balls


def test_points_come_back_from_splats_made_of_them():
    splats = balls(30)
    cloud = to_points(splats, 0.1)
    assert np.array_equal(cloud.positions, splats.means)
    again = to_points(from_points(cloud, opacity=0.5))
    np.testing.assert_allclose(np.abs((again.normals * cloud.normals).sum(axis=1)), 1, atol=1e-4)
    assert np.abs(again.colours.astype(int) - cloud.colours).max() <= 1
    with pytest.raises(NodeError, match="lower min_opacity"):
        to_points(splats, 1.0)
