from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.types import Image
from meshloom.nodes.image.auto_levels import auto_levels


def test_the_range_is_filled(picture, run):
    result = auto_levels(picture(dtype="float32"), cut=0.0, run=run).pixels
    assert (result.min(), result.max()) == (0, 1)


def test_each_channel_takes_a_cast_out(picture, run):
    grey = picture(1, "float32").pixels
    cast = Image(np.concatenate([grey * 0.9, grey * 0.6 + 0.1, grey * 0.3], axis=2))
    result = auto_levels(cast, "each channel", cut=0.0, run=run).pixels
    np.testing.assert_allclose(result[:, :, 0], result[:, :, 2], atol=1e-5)
    assert np.ptp(auto_levels(cast, cut=0.0, run=run).pixels[20, 20]) > 0.1


def test_data_of_any_range_with_missing_values(run):
    depth = np.linspace(3, 700, 100, dtype=np.float32).reshape(10, 10, 1)
    depth[4, 4] = np.nan
    result = auto_levels(Image(depth), cut=0.0, run=run).pixels[:, :, 0]
    assert np.nanmin(result) == 0 and np.nanmax(result) == 1 and np.isnan(result[4, 4])


def test_outliers_are_cut(run):
    values = np.full((20, 20, 1), 0.4, np.float32)
    values[:10] = 0.6
    values[0, 0], values[19, 19] = 9, -9
    result = auto_levels(Image(values), cut=1.0, run=run).pixels
    assert result[5, 5, 0] == pytest.approx(1) and result[15, 5, 0] == pytest.approx(0)


def test_one_value_is_passed_on(plain, run):
    np.testing.assert_array_equal(auto_levels(plain([0.3, 0.3, 0.3]), run=run).pixels, np.float32(0.3))
