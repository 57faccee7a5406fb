"""The laws of all switches are in test_switches.py."""

from __future__ import annotations

import numpy as np

from meshloom.graph_runtime.types import PointCloud
from meshloom.nodes.logic.switch_points import switch_points


def test_an_empty_value_is_a_value():
    empty = PointCloud(np.zeros((0, 3), np.float32))
    assert switch_points(empty, None, condition=True) is empty
    assert switch_points(None, empty, condition=False) is empty
