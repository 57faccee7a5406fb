from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Image
from meshloom.nodes.mask.threshold import threshold

RAMP = Image(np.broadcast_to(np.arange(256, dtype=np.uint8)[None, :, None], (4, 256, 1)), "ramp.png")


def test_range_takes_both_ends_in(run):
    result = threshold(RAMP, low=100 / 255, high=200 / 255, run=run)
    assert np.flatnonzero(result.coverage[0]).tolist() == list(range(100, 201))
    assert result.name == "ramp.png"


def test_no_upper_limit_lets_hdr_in_but_never_nan(run):
    image = Image(np.array([[[0.4], [0.6], [50.0], [np.nan], [np.inf]]], np.float32))
    assert threshold(image, low=0.5, run=run).coverage[0].tolist() == [0, 1, 1, 0, 1]
    assert threshold(image, low=0.5, softness=0.4, run=run).coverage[0].tolist() == pytest.approx(
        [0.25, 0.75, 1, 0, 1]
    )


def test_otsu_parts_two_groups(run):
    values = np.concatenate([np.full(50, 40), np.full(30, 60), np.full(40, 180), np.full(40, 200)])
    image = Image(values.astype(np.uint8).reshape(1, -1, 1))
    np.testing.assert_array_equal(threshold(image, method="otsu", run=run).coverage[0], values > 100)
    two = Image(np.array([[[0.0], [0.0], [1.0]]], np.float32))
    assert threshold(two, method="otsu", run=run).coverage[0].tolist() == [0, 0, 1]


def test_channels(run):
    image = Image(np.array([[[1.0, 0.0, 0.0, 0.2], [0.5, 0.5, 0.5, 0.9], [0.0, 0.0, 0.0, 0.6]]], np.float32))
    for channel, expected in (
        ("red", [1, 1, 0]),
        ("blue", [0, 1, 0]),
        ("alpha", [0, 1, 1]),
        ("saturation", [1, 0, 0]),
        ("brightness", [0, 1, 0]),
    ):
        assert threshold(image, channel=channel, low=0.5, run=run).coverage[0].tolist() == expected


def test_refusals(run):
    with pytest.raises(NodeError, match="above"):
        threshold(RAMP, low=0.5, high=0.2, run=run)
    with pytest.raises(NodeError, match="no red"):
        threshold(RAMP, channel="red", run=run)
    with pytest.raises(NodeError, match="the same"):
        threshold(Image(np.full((3, 3, 1), 7, np.uint8)), method="otsu", run=run)
