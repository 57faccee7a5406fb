from __future__ import annotations

import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.nodes.image.take import take


def test_slices(plain):
    images = [plain([v / 10]) for v in range(6)]
    assert take(images) == images
    assert take(images, 1, 5, 2) == [images[1], images[3]]
    assert take(images, start=-2) == images[4:]
    assert take(images, stop=-4) == images[:2]


def test_nothing_left(plain):
    with pytest.raises(NodeError, match="2 to 2 is nothing of a list of 3"):
        take([plain([0.5])] * 3, 2, 2)
