from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Image
from meshloom.nodes.mask.resize import resize


def test_to_the_size_of_a_picture_keeps_the_share(boxed, run):
    mask = boxed((12, 10, 36, 30))
    for height, width in ((80, 96), (23, 31)):
        result = resize(mask, Image(np.zeros((height, width, 3), np.uint8)), run=run)
        assert result.coverage.shape == (height, width)
        assert result.coverage.mean() == pytest.approx(mask.coverage.mean(), rel=0.02)


def test_one_side_gives_the_other_and_nearest_stays_hard(boxed, run):
    mask = boxed((12, 10, 36, 30))
    assert resize(mask, width=24, run=run).coverage.shape == (20, 24)
    assert resize(mask, height=20, run=run).coverage.shape == (20, 24)
    assert set(np.unique(resize(mask, width=31, height=17, filter="nearest", run=run).coverage)) == {0.0, 1.0}


def test_refusals(boxed, run):
    with pytest.raises(NodeError, match="neither"):
        resize(boxed(), run=run)
    with pytest.raises(NodeError, match="megapixels"):
        resize(boxed(), width=60000, run=run)
