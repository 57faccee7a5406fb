from __future__ import annotations

import math

import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.number.round import round_


@pytest.mark.parametrize(
    ("number", "nearest", "down", "up"),
    [
        (2.5, 3, 2, 3),
        (-2.5, -3, -3, -2),
        (2.4, 2, 2, 3),
        (-0.2, 0, -1, 0),
        (0.49999999999999994, 0, 0, 1),
        (7.0, 7, 7, 7),
    ],
)
def test_directions(number, nearest, down, up):
    assert [round_(number, how) for how in ("nearest", "down", "up")] == [nearest, down, up]
    assert isinstance(round_(number), int)


@pytest.mark.parametrize("number", [math.nan, math.inf])
def test_no_whole_number_near(number):
    with pytest.raises(NodeError):
        round_(number)
