from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Splats
from meshloom.nodes.splats.prune import prune

from ._scenes import balls, ring


def spoiled() -> Splats:
    """300 good splats, then one that is faint, one huge, one far away, and one that is NaN."""
    good = balls(304)
    means, scales, opacities = good.means.copy(), good.scales.copy(), good.opacities.copy()
    opacities[300], scales[301], means[302], means[303] = 0.005, 50, [9, 9, 9], np.nan
    return Splats(means, good.quaternions, scales, opacities, good.sh)


def test_each_kind_goes_for_its_reason(run):
    found = prune(spoiled(), run=run)
    told = dict(found.table.rows)
    assert told["too faint"] == told["too large"] == told["alone"] == told["not finite"] == 1
    assert len(found.splats) == told["left"] == 300
    assert np.array_equal(found.splats.means, spoiled().means[:300])


def test_what_no_camera_sees_or_what_sticks_to_one_goes(run):
    splats, cameras = balls(100), ring(4)
    means = splats.means.copy()
    means[0], means[1] = [0, -30, 0], cameras.centres()[0] + [0, 0, 0.3]
    moved = Splats(means, splats.quaternions, splats.scales, splats.opacities, splats.sh)
    told = dict(prune(moved, cameras, lone=0, min_views=2, near_cameras=0.2, run=run).table.rows)
    assert told["seen by few"] == 1 and told["close to a camera"] == 1


def test_what_is_missing_or_too_strict_is_told(run):
    with pytest.raises(NodeError, match="need cameras"):
        prune(balls(), min_views=2, run=run)
    with pytest.raises(NodeError, match="nothing would be left"):
        prune(balls(), min_opacity=1.0, run=run)
