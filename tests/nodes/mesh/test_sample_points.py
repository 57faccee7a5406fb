"""Where points fall and what they carry."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import Material, Mesh
from meshloom.nodes.mesh.primitive import primitive
from meshloom.nodes.mesh.sample_points import sample_points


def test_points_lie_on_the_surface_in_proportion_to_area(run) -> None:
    box = primitive("cube", (1.0, 2.0, 4.0))
    points = sample_points(box, 28_000, run=run)
    half = np.float32([0.5, 1.0, 2.0])
    off = np.abs(np.abs(points.positions) - half)
    assert off.min(axis=1).max() < 1e-6
    # Sides across x have 16, across y 8, across z 4 of the area of 28.
    assert np.bincount(off.argmin(axis=1)) / 1000 == pytest.approx([16, 8, 4], rel=0.01)
    assert points.normals is not None
    side = np.take_along_axis(
        np.sign(points.positions) * (off == off.min(axis=1, keepdims=True)), off.argmin(1)[:, None], 1
    )
    assert np.take_along_axis(points.normals, off.argmin(1)[:, None], 1) == pytest.approx(side)
    assert points.colours is None


def test_seeds(run) -> None:
    ball = primitive("sphere")
    one, same, other = (sample_points(ball, 50, seed, run=run) for seed in (1, 1, 2))
    assert one.positions.tobytes() == same.positions.tobytes() != other.positions.tobytes()


def test_colours_of_texture_before_those_of_vertices(run) -> None:
    square = np.float32([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    faces = np.int32([[0, 1, 2], [0, 2, 3]])
    ramp = np.zeros((4, 256, 3), np.uint8)
    ramp[:, :, 0] = np.arange(256)
    ramp[2:, :, 1] = 200
    textured = Mesh(
        square, faces, uv=square[:, :2], material=Material(ramp), colours=np.zeros((4, 3), np.uint8)
    )
    points = sample_points(textured, 2000, run=run)
    x, y = points.positions[:, 0], points.positions[:, 1]
    assert points.colours is not None
    inside = (x > 0.01) & (x < 0.99)
    assert np.abs(points.colours[inside, 0] - (x[inside] * 256 - 0.5)).max() <= 1
    # v counts down from the top of the picture.
    assert (points.colours[(y > 0.65) & (y < 0.85), 1] == 200).all()
    assert (points.colours[(y > 0.15) & (y < 0.35), 1] == 0).all()
    painted = Mesh(square, faces, colours=np.uint8([[0, 0, 0], [200, 0, 0], [200, 0, 0], [0, 0, 0]]))
    points = sample_points(painted, 500, run=run)
    assert points.colours is not None
    assert np.abs(points.colours[:, 0] - 200 * points.positions[:, 0]).max() <= 0.51


def test_no_surface_is_an_error(run) -> None:
    with pytest.raises(NodeError, match="no faces"):
        sample_points(Mesh(np.ones((3, 3), np.float32), np.zeros((0, 3), np.int32)), run=run)
    line = Mesh(np.float32([[0, 0, 0], [1, 0, 0], [2, 0, 0]]), np.int32([[0, 1, 2]]))
    with pytest.raises(NodeError, match="no area"):
        sample_points(line, run=run)
