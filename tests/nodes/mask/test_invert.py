from __future__ import annotations

import numpy as np

from meshloom.graph_runtime.types import Mask
from meshloom.nodes.mask.invert import invert


def test_what_was_not_selected():
    mask = Mask(np.array([[0, 0.25, 1]], np.float32), "a")
    assert invert(mask).coverage.tolist() == [[1, 0.75, 0]]
    np.testing.assert_array_equal(invert(invert(mask)).coverage, mask.coverage)
