from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Image, Splats
from meshloom.nodes.splats import _effort
from meshloom.nodes.splats.evaluate import evaluate
from meshloom.nodes.splats.recolour import recolour

from ._scenes import balls, photographed, ring


def grey(splats: Splats) -> Splats:
    none = np.zeros((len(splats), 1, 3), np.float32)
    return Splats(splats.means, splats.quaternions, splats.scales, splats.opacities, none)


def test_grey_splats_get_the_colours_of_the_photos(run):
    true, cameras = balls(40), ring(12)
    images = photographed(true, cameras)
    found = recolour(grey(true), images, cameras, sh_degree=0, tolerance=0.1, run=run)
    assert found.degree == 0
    before = evaluate(grey(true), images, cameras, run=run).psnr
    after = evaluate(found, images, cameras, run=run).psnr
    assert after > before + 4
    assert any("looking at" in message for _, _, message in run.progressed)


def test_colours_that_change_with_the_direction_are_found(run):
    true, cameras = balls(12, 1), ring(24)
    spread = Splats(
        true.means * 1.2, true.quaternions, true.scales, np.full(12, 0.95, np.float32), true.sh * 2
    )
    images = photographed(spread, cameras)
    scores = [
        evaluate(
            recolour(grey(spread), images, cameras, sh_degree=d, tolerance=0.1, run=run),
            images,
            cameras,
            run=run,
        )
        for d in (0, 1)
    ]
    assert scores[1].psnr > scores[0].psnr + 0.5


def test_what_no_photo_sees_keeps_its_colour(run):
    true, cameras = balls(30), ring()
    images = photographed(true, cameras)
    means = true.means.copy()
    means[0] = [0, 50, 0]
    found = recolour(
        Splats(means, true.quaternions, true.scales, true.opacities, true.sh), images, cameras, run=run
    )
    assert np.array_equal(found.sh[0, 0], true.sh[0, 0]) and not found.sh[0, 1:].any()
    assert "1 of 30" in run.warnings[0]
    away = means + np.array([0, 500, 0], np.float32)
    rest = (true.quaternions, true.scales, true.opacities, true.sh)
    with pytest.raises(NodeError, match="no photo sees"):
        recolour(Splats(away, *rest), images, cameras, run=run)


def test_what_alpha_hides_gives_no_colour(run):
    """Red where the first half of the photos is transparent: only the others count."""
    true, cameras = balls(30), ring(8)
    images = []
    for index, photo in enumerate(photographed(true, cameras)):
        hidden = index < 4
        pixels = np.full_like(photo.pixels, 0) if hidden else photo.pixels
        if hidden:
            pixels[..., 0] = 255
        alpha = np.full((*pixels.shape[:2], 1), 0 if hidden else 255, np.uint8)
        images.append(Image(np.concatenate([pixels, alpha], axis=2), photo.name))
    found = recolour(grey(true), images, cameras, sh_degree=0, tolerance=0.1, run=run)
    clean = recolour(
        grey(true), photographed(true, cameras)[4:], cameras.select([4, 5, 6, 7]), 0, 800, 0.1, run=run
    )
    np.testing.assert_allclose(found.sh, clean.sh, atol=1e-5)


def test_more_than_memory_holds_is_refused_before(run, monkeypatch):
    monkeypatch.setattr(_effort, "MOST_BYTES", 100_000)
    true, cameras = balls(30), ring()
    images = photographed(true, cameras)
    with pytest.raises(NodeError, match="GiB"):
        recolour(grey(true), images, cameras, sh_degree=3, run=run)
    recolour(grey(true), images, cameras, sh_degree=0, run=run)
