from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Splats
from meshloom.nodes.splats.crop import crop

from ._scenes import balls


@pytest.mark.parametrize("shape", ["box", "ellipsoid"])
def test_inside_and_outside_make_the_whole(shape):
    splats = balls(200)
    inside = crop(splats, (0.2, 0, 0), (1, 1, 1), (0, 30, 0), shape)
    outside = crop(splats, (0.2, 0, 0), (1, 1, 1), (0, 30, 0), shape, keep="outside")
    assert len(inside) + len(outside) == 200 and len(inside) > 5
    local = np.linalg.norm(inside.means - [0.2, 0, 0], axis=1)
    assert local.max() <= (0.5 if shape == "ellipsoid" else 0.5 * 3**0.5) + 1e-6


def test_a_size_of_0_is_no_limit():
    assert (np.abs(crop(balls(200), size=(1, 0, 0)).means[:, 0]) <= 0.5).all()


def test_nothing_left_says_where_splats_are():
    with pytest.raises(NodeError, match="reach from"):
        crop(balls(), (50, 0, 0))


@pytest.mark.parametrize("keep", ["inside", "outside"])
def test_splats_at_no_place_go_also_where_nothing_is_limited(keep):
    whole = balls(20)
    means = whole.means.copy()
    means[3, 0] = np.nan
    splats = Splats(means, whole.quaternions, whole.scales, whole.opacities, whole.sh)
    size = (0, 0, 0) if keep == "inside" else (0.1, 0, 0)
    assert np.isfinite(crop(splats, (0, 0, 0), size, keep=keep).means).all()
