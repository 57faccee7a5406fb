from __future__ import annotations

import numpy as np

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
