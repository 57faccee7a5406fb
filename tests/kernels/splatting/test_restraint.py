from __future__ import annotations

import numpy as np

from meshloom.kernels.splatting import restraint
from meshloom.kernels.splatting.arrays import MOST_ALPHA


def test_what_is_left_out_is_made_up_for_by_the_others():
    opacities = np.full(100_000, 0.4, np.float32)
    found = restraint.shares(opacities, 0.3, np.random.default_rng(0))
    assert abs(float((found == 0).mean()) - 0.3) < 0.01
    assert abs(float((opacities * found).mean()) - 0.4) < 0.005
    again = restraint.shares(opacities, 0.3, np.random.default_rng(0))
    assert np.array_equal(found, again)


def test_nothing_becomes_more_than_opaque():
    opacities = np.array([0, 0.005, 0.5, 0.9, 0.99, 1], np.float32)
    for seed in range(20):
        found = restraint.shares(opacities, 0.6, np.random.default_rng(seed))
        assert np.isfinite(found).all() and (opacities * found <= MOST_ALPHA + 1e-6).all()


def test_nothing_grows_beyond_its_distance_from_the_nearest_camera():
    eyes = np.array([[0.0, 0, 0], [10, 0, 0]])
    means = np.array([[1, 0, 0], [8, 0, 0], [0, 1000, 0], [np.nan, 0, 0], [0, 0, 0]], np.float32)
    logs = np.log(np.array([[5, 0.1, 1], [5, 0.1, 1], [5, 0.1, 1], [5, 0.1, 1], [5, 0.1, 1]], np.float32))
    restraint.limit_sizes(logs, means, eyes)
    most = restraint.LARGEST
    np.testing.assert_allclose(np.exp(logs[0]), [most, 0.1, most], rtol=1e-5)
    np.testing.assert_allclose(np.exp(logs[1]), [2 * most, 0.1, 2 * most], rtol=1e-5)
    np.testing.assert_allclose(np.exp(logs[2:4]), [[5, 0.1, 1]] * 2, rtol=1e-5)
    assert np.isfinite(logs).all()
