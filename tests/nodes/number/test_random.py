from __future__ import annotations

import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.number.random import random


def test_in_range_and_by_seed():
    numbers = random(-2.0, 5.0, 1000)
    assert min(numbers) >= -2 and max(numbers) < 5
    assert sum(numbers) / 1000 == pytest.approx(1.5, abs=0.3)
    assert random(-2.0, 5.0, 1000) == numbers
    assert random(-2.0, 5.0, 1000, seed=1) != numbers


def test_an_empty_range():
    assert random(3.0, 3.0, 2) == [3, 3]
    with pytest.raises(NodeError, match="above"):
        random(2.0, 1.0)
