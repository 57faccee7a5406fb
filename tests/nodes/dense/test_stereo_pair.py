"""Disparity of a pair whose disparity is known."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import Cancelled, NodeError
from meshloom.graph_runtime.types import Image
from meshloom.nodes.dense.stereo_pair import stereo_pair


@pytest.mark.parametrize("method", ["slanted", "sgbm"])
def test_disparity_is_right(pair, run, method):
    found = stereo_pair(pair.left, pair.right, method=method, run=run)
    error = np.abs(found.disparity.depth - pair.truth)
    assert (error > 1.0).mean() < 0.08
    assert np.median(error) < 0.15
    assert found.disparity.name == "left.png"
    assert not run.warnings


def test_hidden_pixels_are_filled_or_left_out(pair, run):
    whole = stereo_pair(pair.left, pair.right, run=run)
    gaps = stereo_pair(pair.left, pair.right, fill=False, run=run)
    holes = gaps.disparity.depth == 0
    assert 0.03 < holes.mean() < 0.3
    # The strip that the right photo does not show at all.
    assert holes[:, :6].mean() > 0.9
    assert (whole.disparity.depth > 0).all()
    assert (whole.disparity.confidence[holes] == 0).all()
    assert np.array_equal(whole.disparity.depth[~holes], gaps.disparity.depth[~holes])
    rows = {name: number for name, number, _ in whole.table.rows}
    assert rows["measured"] == pytest.approx(100 * (1 - holes.mean()), abs=0.01)
    assert rows["filled"] == pytest.approx(100 * holes.mean(), abs=0.01)
    assert rows["smallest"] == pytest.approx(10.8, abs=1.0) and rows["largest"] == pytest.approx(
        18.0, abs=1.5
    )


def test_a_smallest_shift_keeps_the_numbers(pair, run):
    near = stereo_pair(pair.left, pair.right, min_disparity=8, max_disparity=24, run=run)
    assert (np.abs(near.disparity.depth - pair.truth) > 1.0).mean() < 0.08


def test_threads_do_not_change_a_byte(pair, run):
    one = stereo_pair(pair.left, pair.right, run=run)
    run.threads = 1
    two = stereo_pair(pair.left, pair.right, run=run)
    assert one.disparity.depth.tobytes() == two.disparity.depth.tobytes()


def test_swapped_photos_are_noticed(pair, run):
    stereo_pair(pair.right, pair.left, run=run)
    assert any("swapped" in warning for warning in run.warnings)


def test_a_pair_without_texture_is_no_crash(run):
    flat = Image(np.full((40, 60, 3), 90, np.uint8))
    for method in ("slanted", "sgbm"):
        found = stereo_pair(flat, flat, method=method, run=run)
        assert np.isfinite(found.disparity.depth).all()


def test_what_cannot_work_is_said(pair, run):
    narrow = Image(pair.right.pixels[:, :-1])
    with pytest.raises(NodeError, match="equal size"):
        stereo_pair(pair.left, narrow, run=run)
    with pytest.raises(NodeError, match="larger maximum"):
        stereo_pair(pair.left, pair.right, min_disparity=20, max_disparity=10, run=run)
    with pytest.raises(NodeError, match="as wide as the photo"):
        stereo_pair(pair.left, pair.right, max_disparity=500, run=run)


def test_cancel_stops_the_work(pair, run):
    def progress(done, total=1.0, message=""):
        if done > 0.3:
            raise Cancelled()

    run.progress = progress
    with pytest.raises(Cancelled):
        stereo_pair(pair.left, pair.right, run=run)
