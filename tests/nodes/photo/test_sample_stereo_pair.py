from __future__ import annotations

import numpy as np

from meshloom.nodes.photo.sample_stereo_pair import BASELINE, FOCAL_PX, SHIFT, sample_stereo_pair


def test_the_disparity_leads_from_left_to_right_pixels():
    pair = sample_stereo_pair()
    left, right, shift = pair.left.as_float().mean(2), pair.right.as_float().mean(2), pair.disparity.depth
    assert shift.shape == left.shape == right.shape == (500, 741)
    rows, columns = np.nonzero(shift)
    target = np.round(columns - shift[rows, columns]).astype(int)
    inside = target >= 0
    rows, columns, target = rows[inside], columns[inside], target[inside]
    matched = np.abs(left[rows, columns] - right[rows, target]).mean()
    mirrored = np.clip(np.round(columns + shift[rows, columns]).astype(int), 0, 740)
    assert matched < 0.5 * np.abs(left[rows, columns] - right[rows, mirrored]).mean()
    assert matched < 0.06


def test_depth_and_disparity_agree():
    pair = sample_stereo_pair()
    known = pair.disparity.depth > 0
    assert 0.9 < known.mean() < 0.95
    assert np.array_equal(known, pair.depth.depth > 0)
    assert np.allclose(
        pair.depth.depth[known] * (pair.disparity.depth[known] + SHIFT), FOCAL_PX * BASELINE, rtol=1e-5
    )
    assert 1.5 < np.median(pair.depth.depth[known]) < 5
