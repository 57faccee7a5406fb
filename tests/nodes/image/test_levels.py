from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image.levels import levels


def test_endpoints_and_gamma(run):
    image = Image(np.array([[[0.2], [0.4], [0.6], [0.8]]], np.float32))
    result = levels(image, black=0.2, white=0.6, gamma=2.0, run=run).pixels[0, :, 0]
    np.testing.assert_allclose(result, [0, 0.5**0.5, 1, 1.5**0.5], atol=1e-6)
    clipped = levels(image, black=0.4, white=0.6, out_black=0.1, out_white=0.9, clip=True, run=run)
    np.testing.assert_allclose(clipped.pixels[0, :, 0], [0.1, 0.1, 0.9, 0.9], atol=1e-6)


def test_eight_bits_reach_both_ends(run):
    image = Image(np.array([[[10], [20], [200], [250]]], np.uint8))
    result = levels(image, black=20 / 255, white=200 / 255, run=run)
    assert result.pixels[0, :, 0].tolist() == [0, 0, 255, 255]


def test_one_channel_and_inversion(plain, run):
    result = levels(plain([0.25, 0.5, 0.75]), channel="green", black=1.0, white=0.0, run=run)
    np.testing.assert_allclose(result.pixels[0, 0], [0.25, 0.5, 0.75])
    result = levels(plain([0.25, 0.5, 0.75]), channel="red", black=1.0, white=0.0, run=run)
    np.testing.assert_allclose(result.pixels[0, 0], [0.75, 0.5, 0.75])


def test_refusals(plain, run):
    with pytest.raises(NodeError, match="both"):
        levels(plain([0.5]), black=0.5, white=0.5, run=run)
    with pytest.raises(NodeError, match="no red"):
        levels(plain([0.5]), channel="red", run=run)
