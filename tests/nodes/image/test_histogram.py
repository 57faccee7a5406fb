from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Image, Mask
from meshloom.nodes.image.histogram import histogram


def test_counts_of_eight_bits_are_exact(picture, run):
    image = picture(3)
    figure = histogram(image, run=run)
    assert [series.name for series in figure.series] == ["red", "green", "blue"]
    for index, series in enumerate(figure.series):
        np.testing.assert_array_equal(series.y, np.bincount(image.pixels[:, :, index].ravel(), minlength=256))
        np.testing.assert_allclose(series.x, np.arange(256) / 255)


def test_mask_and_grey(picture, run):
    coverage = np.zeros((40, 48), np.float32)
    coverage[:10] = 1
    (series,) = histogram(picture(1), Mask(coverage), run=run).series
    assert series.y.sum() == 480
    (series,) = histogram(picture(3), channels="luminance", run=run).series
    assert series.y.sum() == 40 * 48


def test_range_grows_with_hdr_and_nan_is_left_out(run):
    image = Image(np.array([[[0.5], [8.0], [np.nan], [-2.0]]], np.float32))
    (series,) = histogram(image, bins=101, run=run).series
    assert (series.x[0], series.x[-1]) == (-2, 8)
    assert series.y.sum() == 3 and series.y[25] == 1


def test_nothing_to_count(picture, run):
    with pytest.raises(NodeError, match="no pixel"):
        histogram(picture(), Mask(np.zeros((40, 48), np.float32)), run=run)
