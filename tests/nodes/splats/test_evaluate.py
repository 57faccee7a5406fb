from __future__ import annotations

import numpy as np

from meshloom.nodes.splats.evaluate import evaluate

from ._scenes import balls, photographed, ring


def test_photos_of_the_scene_itself_are_shown_almost_exactly(run):
    splats, cameras = balls(), ring(2)
    found = evaluate(splats, photographed(splats, cameras), cameras, run=run)
    assert found.psnr > 50 and found.ssim > 0.999
    assert [row[0] for row in found.table.rows] == [*cameras.names, "mean"]
    assert found.pairs[0].pixels.shape == (48, 128, 3)


def test_exposure_is_told_apart_from_error(run):
    splats, cameras = balls(), ring(1)
    dark = [
        photo.with_pixels((photo.pixels * 0.7).astype(np.uint8)) for photo in photographed(splats, cameras)
    ]
    row = evaluate(splats, dark, cameras, run=run).table.rows[0]
    assert row[1] < 25 < 40 < row[2]
