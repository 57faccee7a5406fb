"""Depth in false colour."""

from __future__ import annotations

import numpy as np

from meshloom.graph_runtime.types import DepthMap
from meshloom.nodes.dense.colour_depth import colour_depth


def test_near_is_bright_and_unknown_has_its_own_colour():
    depth = np.linspace(1.0, 5.0, 100, dtype=np.float32).reshape(10, 10)
    depth[0, 0], depth[0, 1] = 0.0, np.nan
    picture = colour_depth(DepthMap(depth, None, "a.png"), "grey", unknown=(1.0, 0.0, 1.0))
    assert (
        picture.pixels.dtype == np.uint8 and picture.pixels.shape == (10, 10, 3) and picture.name == "a.png"
    )
    assert (picture.pixels[0, :2] == [255, 0, 255]).all()
    grey = picture.pixels[:, :, 0].reshape(-1)[2:].astype(int)
    assert (np.diff(grey) <= 0).all() and grey[0] == 255 and grey[-1] == 0


def test_inverse_and_linear_scale_and_fixed_range():
    depth = DepthMap(np.array([[1.0, 2.0, 4.0]], np.float32))
    linear = colour_depth(depth, "grey", near=1.0, far=5.0, scale="linear").pixels[0, :, 0]
    inverse = colour_depth(depth, "grey", near=1.0, far=5.0).pixels[0, :, 0]
    assert linear.tolist() == [255, 191, 64]
    assert inverse.tolist() == [255, 96, 16]


def test_palettes_differ_and_edge_cases_do_not_fail():
    depth = DepthMap(np.linspace(1, 2, 64, dtype=np.float32).reshape(8, 8))
    pictures = {
        colour_depth(depth, palette).pixels.tobytes() for palette in ("turbo", "inferno", "viridis", "grey")
    }
    assert len(pictures) == 4
    warm = colour_depth(depth).pixels
    assert warm[0, 0, 0] > warm[0, 0, 2] and warm[-1, -1, 2] > warm[-1, -1, 0], "near red, far blue"
    assert not colour_depth(DepthMap(np.zeros((3, 3), np.float32))).pixels.any()
    assert colour_depth(DepthMap(np.full((3, 3), 2.0, np.float32))).pixels.any()
