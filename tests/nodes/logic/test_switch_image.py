"""The laws of all switches are in test_switches.py."""

from __future__ import annotations

import numpy as np

from meshloom.graph_runtime.types import Image
from meshloom.nodes.logic.switch_image import switch_image


def test_an_empty_value_is_a_value():
    empty = Image(np.zeros((1, 1, 3), np.uint8))
    assert switch_image(empty, None, condition=True) is empty
    assert switch_image(None, empty, condition=False) is empty
