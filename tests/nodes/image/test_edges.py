from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image.edges import edges


def step(height: float) -> Image:
    pixels = np.full((30, 40, 3), 0.2, np.float32)
    pixels[:, 20:] += np.float32(height)
    return Image(pixels)


def test_canny_draws_one_line_where_the_step_is(run):
    found = edges(step(0.6), run=run).coverage
    assert set(np.unique(found)) == {0.0, 1.0}
    columns = np.nonzero(found[15])[0]
    assert len(columns) == 1 and columns[0] in (19, 20)


def test_thresholds(run):
    assert edges(step(0.05), run=run).coverage.max() == 0
    assert edges(step(0.05), low=0.005, high=0.01, run=run).coverage.max() == 1
    with pytest.raises(NodeError, match="above"):
        edges(step(0.5), low=0.5, high=0.1, run=run)


def test_strength_is_the_slope(run):
    pixels = np.zeros((20, 20, 1), np.float32)
    pixels[:, 10:] = 1
    found = edges(Image(pixels), method="strength", blur=0.0, run=run).coverage
    assert found[10, 10] == pytest.approx(1) and found[10, 5] == 0
    ramp = Image(np.broadcast_to(np.arange(20, dtype=np.float32)[None, :, None] * 0.02, (20, 20, 1)))
    np.testing.assert_allclose(
        edges(ramp, method="strength", blur=0.0, run=run).coverage[:, 1:-1], 0.04, atol=1e-4
    )
