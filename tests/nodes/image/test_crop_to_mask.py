from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Mask
from meshloom.nodes.image.crop_to_mask import crop_to_mask


def test_box_with_margin_cut_at_the_border(picture):
    image = picture()
    coverage = np.zeros((40, 48), np.float32)
    coverage[2:10, 20:30] = 1
    result = crop_to_mask(image, Mask(coverage), margin=4)
    assert (result.left, result.top) == (16, 0)
    np.testing.assert_array_equal(result.image.pixels, image.pixels[0:14, 16:34])
    np.testing.assert_array_equal(result.mask.coverage, coverage[0:14, 16:34])


def test_nothing_selected_and_other_sizes(picture):
    with pytest.raises(NodeError, match="selects nothing"):
        crop_to_mask(picture(), Mask(np.zeros((40, 48), np.float32)))
    with pytest.raises(NodeError, match=r"48 x 40 .* 9 x 9"):
        crop_to_mask(picture(), Mask(np.ones((9, 9), np.float32)))
