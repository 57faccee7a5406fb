from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Mask
from meshloom.nodes.image.composite import composite


@pytest.mark.parametrize(("x", "y"), [(0, 0), (5, 7), (-3, -4), (44, 38)])
def test_an_opaque_foreground_replaces_what_it_covers(picture, plain, run, x, y):
    below, above = picture(), plain([255, 0, 128], 10, 12, "uint8")
    result = composite(above, below, x=x, y=y, run=run).pixels
    covered = np.zeros((40, 48), bool)
    covered[max(0, y) : y + 10, max(0, x) : x + 12] = True
    assert (result[covered] == [255, 0, 128]).all()
    np.testing.assert_array_equal(result[~covered], below.pixels[~covered])


def test_centre(plain, run):
    result = composite(plain([1.0], 2, 2), plain([0.0], 6, 8), anchor="centre", run=run).pixels[:, :, 0]
    assert np.argwhere(result == 1).tolist() == [[2, 3], [2, 4], [3, 3], [3, 4]]


@pytest.mark.parametrize(("light", "expected"), [("as stored", 128), ("linear", 188)])
def test_half_covered_edges_in_either_light(plain, run, light, expected):
    above = plain([255, 255, 255, 128], dtype="uint8")
    result = composite(above, plain([0, 0, 0], dtype="uint8"), light=light, run=run).pixels
    np.testing.assert_allclose(result, expected, atol=1)


def test_mask_and_alpha_multiply(plain, run):
    above = plain([1.0, 1.0, 1.0, 0.5])
    half = Mask(np.full((8, 8), 0.5, np.float32))
    result = composite(above, plain([0.0, 0.0, 0.0]), half, light="as stored", run=run).pixels
    np.testing.assert_allclose(result, 0.25, atol=1e-6)


def test_onto_nothing_the_foreground_comes_out_as_it_was(picture, plain, run):
    above = picture(4, "float32")
    result = composite(above, plain([0.0, 0.0, 0.0, 0.0], 40, 48), run=run).pixels
    np.testing.assert_allclose(result[:, :, 3], above.pixels[:, :, 3], atol=1e-6)
    seen = above.pixels[:, :, 3] > 0.01
    np.testing.assert_allclose(result[seen], above.pixels[seen], atol=1e-4)


def test_a_grey_background_takes_on_colour(plain, run):
    assert composite(plain([1.0, 0.0, 0.0], 2, 2), plain([0.5]), run=run).pixels.shape == (8, 8, 3)


def test_wholly_outside_warns_and_passes_the_background_on(picture, plain, run):
    below = picture()
    assert composite(plain([1.0]), below, x=100, run=run) is below
    assert "outside" in run.warnings[0]


def test_the_mask_must_fit_the_foreground(picture, plain, run):
    with pytest.raises(NodeError, match=r"8 x 8 .* 48 x 40"):
        composite(plain([1.0]), picture(), Mask(np.ones((40, 48), np.float32)), run=run)
