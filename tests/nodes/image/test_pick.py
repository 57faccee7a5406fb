from __future__ import annotations

import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.image.pick import pick


def test_from_either_end(plain):
    images = [plain([v]) for v in (0.1, 0.2, 0.3)]
    assert pick(images, 1) is images[1]
    assert pick(images, -1) is images[2]


@pytest.mark.parametrize("index", [3, -4])
def test_outside(plain, index):
    with pytest.raises(NodeError, match="list of 3"):
        pick([plain([0.5])] * 3, index)


def test_empty():
    with pytest.raises(NodeError, match="list of 0"):
        pick([], 0)
