from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Image
from meshloom.nodes.image.curves import curves


def test_goes_through_its_points_without_overshoot_and_on_straight_beyond(run):
    x = np.linspace(-0.5, 2, 251, dtype=np.float32)
    result = curves(
        Image(x[None, :, None]), inputs=(0.0, 0.4, 0.6, 1.0), outputs=(0.0, 0.1, 0.9, 1.0), run=run
    )
    y = result.pixels[0, :, 0]
    for given, wanted in ((0.0, 0.0), (0.4, 0.1), (0.6, 0.9), (1.0, 1.0)):
        assert np.interp(given, x, y) == pytest.approx(wanted, abs=2e-3)
    assert (np.diff(y) >= -1e-6).all()
    inside = (x >= 0) & (x <= 1)
    assert y[inside].min() >= -1e-6 and y[inside].max() <= 1 + 1e-6
    assert np.diff(y[x > 1.05]).std() < 1e-5


def test_the_default_is_the_identity(picture, run):
    image = picture()
    np.testing.assert_array_equal(curves(image, run=run).pixels, image.pixels)


@pytest.mark.parametrize(
    ("inputs", "outputs"),
    [((0.0,), (0.0,)), ((0.0, 1.0), (0.0,)), ((0.5, 0.5), (0.0, 1.0)), ((0.0, float("nan")), (0.0, 1.0))],
)
def test_refusals(plain, run, inputs, outputs):
    with pytest.raises(NodeError):
        curves(plain([0.5]), inputs=inputs, outputs=outputs, run=run)
