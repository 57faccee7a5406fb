"""Several clouds as one."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import PointCloud
from meshloom.nodes.cloud.merge import merge


def test_all_of_all(run) -> None:
    one = PointCloud(np.zeros((2, 3), np.float32), np.ones((2, 3), np.uint8), observations=np.int32([[1, 5]]))
    other = PointCloud(np.ones((3, 3), np.float32), observations=np.int32([[0, 2], [2, 5]]))
    both = merge([one, other], run=run)
    assert both.positions.tolist() == [[0] * 3] * 2 + [[1] * 3] * 3
    assert both.colours is None and "colours" in run.warnings[0]
    assert both.observations is not None and both.observations.tolist() == [[1, 5], [2, 2], [4, 5]]
    assert merge([one], run=run) is one
    with pytest.raises(NodeError, match="no clouds"):
        merge([], run=run)
