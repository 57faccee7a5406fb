from __future__ import annotations

import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.number.math import math


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        ("add", 9),
        ("subtract", 5),
        ("multiply", 14),
        ("divide", 3.5),
        ("power", 49),
        ("modulo", 1),
        ("minimum", 2),
        ("maximum", 7),
        ("logarithm", 2.807354922),
    ],
)
def test_operations(operation, expected):
    result = math(7.0, operation, 2.0)
    assert result == pytest.approx(expected) and isinstance(result, float)


@pytest.mark.parametrize(
    ("a", "operation", "b"),
    [
        (1, "divide", 0),
        (1, "modulo", 0),
        (-2, "power", 0.5),
        (0, "logarithm", 2),
        (8, "logarithm", 1),
        (1e300, "power", 9),
    ],
)
def test_what_has_no_value(a, operation, b):
    with pytest.raises(NodeError, match=operation):
        math(float(a), operation, float(b))


def test_modulo_has_the_sign_of_b():
    assert math(-1.0, "modulo", 3.0) == 2
