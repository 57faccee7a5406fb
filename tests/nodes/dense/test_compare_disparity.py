"""The figures of a stereo evaluation."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import DepthMap
from meshloom.nodes.dense.compare_disparity import compare_disparity


def figures(found: np.ndarray, truth: np.ndarray, **more) -> dict[str, float]:
    table = compare_disparity(DepthMap(found.astype(np.float32)), DepthMap(truth.astype(np.float32)), **more)
    return {name: number for name, number, _ in table.rows}


def test_figures_are_those_counted_by_hand():
    truth = np.array([[10.0, 20.0, 30.0, 40.0, 50.0, np.nan, 0.0, 60.0]])
    found = np.array([[10.0, 20.7, 31.5, 43.0, 0.0, 5.0, 5.0, np.nan]])
    got = figures(found, truth)
    assert got["pixels compared"] == 6
    assert got["coverage"] == pytest.approx(100 * 4 / 6)
    assert got["bad 2"] == pytest.approx(100 * 3 / 6)
    assert got["bad 1"] == pytest.approx(100 * 4 / 6)
    assert got["bad 0.5"] == pytest.approx(100 * 5 / 6)
    assert got["bad 4"] == pytest.approx(100 * 2 / 6)
    assert got["average error"] == pytest.approx((0.7 + 1.5 + 3.0) / 4, abs=1e-5)


def test_another_threshold_leads():
    truth = np.array([[10.0, 20.0]])
    table = compare_disparity(
        DepthMap(truth.astype(np.float32)), DepthMap(truth.astype(np.float32)), threshold=1.0
    )
    names = [name for name, _, _ in table.rows]
    assert names[0] == "bad 1" and names.count("bad 1") == 1


def test_nothing_answered_is_all_bad():
    got = figures(np.zeros((2, 2)), np.ones((2, 2)))
    assert got["bad 2"] == 100.0 and got["coverage"] == 0.0 and got["average error"] is None


def test_what_cannot_work_is_said():
    with pytest.raises(NodeError, match="4 x 3 and the truth 4 x 2"):
        figures(np.ones((3, 4)), np.ones((2, 4)))
    with pytest.raises(NodeError, match="knows no pixel"):
        figures(np.ones((2, 2)), np.zeros((2, 2)))
