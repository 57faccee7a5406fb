from __future__ import annotations

from meshloom.nodes.number.value import value


def test_passes_it_on():
    assert value(2.5) == 2.5
