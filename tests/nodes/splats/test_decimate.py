from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Splats
from meshloom.nodes.splats.decimate import decimate
from meshloom.nodes.splats.evaluate import evaluate

from ._scenes import balls, photographed, ring


def test_what_cameras_see_is_kept(run):
    splats, cameras = balls(400), ring(4)
    hidden = splats.means.copy()
    hidden[200:] *= 0.05  # in the middle, behind all others
    hidden[:200] *= 1.2 / np.maximum(np.linalg.norm(hidden[:200], axis=1, keepdims=True), 0.3)
    scene = Splats(hidden, splats.quaternions, splats.scales, np.full(400, 0.95, np.float32), splats.sh)
    photos = photographed(scene, cameras)
    seen = evaluate(decimate(scene, cameras, 200, run=run), photos, cameras, run=run).psnr
    blind = evaluate(decimate(scene, None, 200, run=run), photos, cameras, run=run).psnr
    assert seen > blind + 3 and seen > 25


def test_few_stay_as_they_are(run):
    splats = balls(10)
    assert decimate(splats, count=10, run=run) is splats
    assert len(decimate(splats, count=3, run=run)) == 3


def test_splats_without_red_count_like_others(run):
    count = 10
    means = np.zeros((2 * count, 3), np.float32)
    means[:, 0] = np.tile(np.linspace(-1, 1, count), 2)
    means[count:, 1] = 0.5
    scales = np.full((2 * count, 3), 0.2, np.float32)
    scales[count:] = 0.01
    sh = np.zeros((2 * count, 1, 3), np.float32)
    sh[:count, 0, 0] = -4  # cyan
    quaternions = np.tile(np.array([1, 0, 0, 0], np.float32), (2 * count, 1))
    scene = Splats(means, quaternions, scales, np.full(2 * count, 0.9, np.float32), sh)
    kept = decimate(scene, ring(3), count, run=run)
    np.testing.assert_array_equal(kept.means, means[:count])


def test_too_much_for_memory_is_told(run, monkeypatch):
    from meshloom.kernels.splatting import cpu

    monkeypatch.setattr(cpu, "MOST_BYTES", 1000)
    with pytest.raises(NodeError, match="GiB of memory"):
        decimate(balls(), ring(2), 10, run=run)


def test_of_what_no_camera_sees_the_more_opaque_is_kept(run):
    splats = balls(60)
    means, opacities = splats.means.copy(), np.full(60, 0.9, np.float32)
    means[30:] += 100
    opacities[30:45], opacities[45:] = 0.01, 0.99
    means[50] = np.nan
    scene = Splats(means, splats.quaternions, splats.scales, opacities, splats.sh)
    kept = decimate(scene, ring(3), 44, run=run)
    assert np.isfinite(kept.means).all()
    assert (kept.opacities == np.float32(0.9)).sum() == 30 and (
        kept.opacities == np.float32(0.99)
    ).sum() == 14
