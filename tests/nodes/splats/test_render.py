from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Splats
from meshloom.nodes.splats.render import render

from ._scenes import balls, photographed, ring


def wall(distance: float = 2.0) -> Splats:
    """A grey sheet across the view of a camera at (0, 0, -4) that looks along z, ``distance`` away from it."""
    side = np.linspace(-3, 3, 41, dtype=np.float32)
    x, y = (axis.reshape(-1) for axis in np.meshgrid(side, side))
    count = len(x)
    turn = np.zeros((count, 4), np.float32)
    turn[:, 0] = 1
    return Splats(
        np.column_stack([x, y, np.full(count, distance - 4)]).astype(np.float32),
        turn,
        np.tile(np.array([0.12, 0.12, 0.005], np.float32), (count, 1)),
        np.full(count, 0.95, np.float32),
        np.zeros((count, 1, 3), np.float32),
    )


def ahead(width: int = 48, height: int = 32):
    cameras = ring(1, width, height)
    extrinsics = np.array([[[1.0, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 4]]])
    return type(cameras)(cameras.intrinsics, extrinsics, cameras.sizes, ("front.png",))


def test_pictures_are_those_of_the_rasteriser(run):
    splats, cameras = balls(), ring(2)
    found = render(splats, cameras, run=run)
    for image, photo in zip(found.images, photographed(splats, cameras), strict=True):
        assert np.abs(image.pixels.astype(int) - photo.pixels).max() <= 1
        assert image.name == photo.name


@pytest.mark.parametrize("depth", ["median", "mean"])
def test_depth_and_normals_of_a_wall(run, depth):
    found = render(wall(), ahead(), depth=depth, run=run)
    plane = found.depths[0].depth
    assert (plane > 0).mean() > 0.95
    np.testing.assert_allclose(plane[plane > 0], 2.0, atol=0.01)
    middle = found.normals[0].pixels[10:20, 10:30].reshape(-1, 3).mean(axis=0)
    np.testing.assert_allclose(middle, [127.5, 127.5, 0], atol=2)  # towards the camera: -z
    assert found.depths[0].confidence is not None and found.depths[0].name == "front.png"


def test_sizes_and_transparency(run):
    splats = balls(3)
    found = render(splats, ring(1), scale=0.5, transparent=True, background=(1, 0, 0), run=run).images[0]
    assert found.pixels.shape == (24, 32, 4)
    empty = found.pixels[:, :, 3] == 0
    assert empty.any() and (found.pixels[empty][:, :3] == [255, 0, 0]).all()
    assert render(splats, ring(1), max_side=16, run=run).images[0].pixels.shape == (12, 16, 3)


def test_what_cannot_be_drawn_is_told(run):
    with pytest.raises(NodeError, match="no splats"):
        render(balls().take(np.arange(0)), ring(1), run=run)
    with pytest.raises(NodeError, match="no cameras"):
        render(balls(), ring(2).select([]), run=run)
    with pytest.raises(NodeError, match="limit is 16,384"):
        render(balls(), ring(1, 20_000, 100), run=run)
