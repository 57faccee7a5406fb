"""The laws of all switches are in test_switches.py."""

from __future__ import annotations

import numpy as np

from meshloom.graph_runtime.types import Mesh
from meshloom.nodes.logic.switch_mesh import switch_mesh


def test_an_empty_value_is_a_value():
    empty = Mesh(np.zeros((3, 3), np.float32), np.zeros((0, 3), np.int32))
    assert switch_mesh(empty, None, condition=True) is empty
    assert switch_mesh(None, empty, condition=False) is empty
