from __future__ import annotations

import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.image.join import join


def test_in_order(plain):
    a, b, c = (plain([v]) for v in (0.1, 0.2, 0.3))
    assert join([a, b], [c]) == [a, b, c]
    assert join([a], [], [b], [c]) == [a, b, c]


def test_all_empty():
    with pytest.raises(NodeError, match="empty"):
        join([], [])
