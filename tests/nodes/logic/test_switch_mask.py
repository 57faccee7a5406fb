"""The laws of all switches are in test_switches.py."""

from __future__ import annotations

import numpy as np

from meshloom.graph_runtime.types import Mask
from meshloom.nodes.logic.switch_mask import switch_mask


def test_an_empty_value_is_a_value():
    empty = Mask(np.zeros((1, 1), np.float32))
    assert switch_mask(empty, None, condition=True) is empty
    assert switch_mask(None, empty, condition=False) is empty
