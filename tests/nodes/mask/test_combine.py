from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Mask
from meshloom.nodes.mask.combine import combine

A = Mask(np.array([[0, 0, 1, 1, 0.5]], np.float32))
B = Mask(np.array([[0, 1, 0, 1, 0.25]], np.float32))


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("union", [0, 1, 1, 1, 0.5]),
        ("intersection", [0, 0, 0, 1, 0.25]),
        ("difference", [0, 0, 1, 0, 0.5]),
        ("exclusive", [0, 1, 1, 0, 0.25]),
    ],
)
def test_sets(how, expected):
    assert combine(A, B, how).coverage[0].tolist() == expected


def test_sizes_must_match(boxed):
    with pytest.raises(NodeError, match=r"5 x 1 .* 48 x 40"):
        combine(A, boxed())
