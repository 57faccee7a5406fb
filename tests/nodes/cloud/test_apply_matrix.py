"""A cloud under a matrix."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import PointCloud, Table
from meshloom.nodes.cloud.apply_matrix import apply_matrix


def test_there_and_back() -> None:
    points = PointCloud(np.float32([[1, 2, 3]]), normals=np.float32([[1, 0, 0]]))
    quarter = Table(("x", "y", "z", "move"), ((0, -2, 0, 5), (2, 0, 0, 0), (0, 0, 2, -1)))
    moved = apply_matrix(points, quarter)
    assert moved.positions.tolist() == [[1, 2, 5]]
    assert moved.normals is not None and moved.normals.tolist() == [[0, 1, 0]]
    assert apply_matrix(moved, quarter, inverse=True).positions.tolist() == [[1, 2, 3]]
    with pytest.raises(NodeError, match="matrix"):
        apply_matrix(points, Table(("a", "b"), ((1, 2),)))
