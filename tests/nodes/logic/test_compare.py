from __future__ import annotations

import math

import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.logic.compare import compare


@pytest.mark.parametrize(
    ("relation", "less", "equal", "more"),
    [
        ("less than", True, False, False),
        ("at most", True, True, False),
        ("equal to", False, True, False),
        ("not equal to", True, False, True),
        ("at least", False, True, True),
        ("more than", False, False, True),
    ],
)
def test_relations(relation, less, equal, more):
    assert compare(1.0, relation, 2.0) is less
    assert compare(2.0, relation, 2.0) is equal
    assert compare(2.0, relation, 2.05, tolerance=0.1) is equal
    assert compare(3.0, relation, 2.0) is more
    assert compare(math.inf, relation, math.inf) is equal


def test_nan_is_refused():
    with pytest.raises(NodeError, match="NaN"):
        compare(math.nan, "less than", 1.0)
