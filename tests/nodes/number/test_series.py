from __future__ import annotations

import pytest

from meshloom.nodes.number.series import series


def test_both_ends_and_equal_steps():
    assert series(1.0, 3.0, 5) == pytest.approx([1, 1.5, 2, 2.5, 3])
    assert series(3.0, 1.0, 3) == [3, 2, 1]
    assert series(4.0, 9.0, 1) == [4]
    assert all(type(number) is float for number in series())
