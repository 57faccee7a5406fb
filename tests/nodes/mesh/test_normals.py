"""Smooth and flat shading."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.types import Mesh
from meshloom.nodes.mesh.normals import normals
from meshloom.nodes.mesh.primitive import primitive


def test_smooth_normals_of_a_ball_point_outwards_even_at_seams() -> None:
    ball = primitive("sphere", (2.0, 2.0, 2.0), 64)
    soup = Mesh(ball.vertices[ball.faces.ravel()], np.arange(ball.faces.size, dtype=np.int32).reshape(-1, 3))
    shaded = normals(soup)
    assert shaded.normals is not None and shaded.normals == pytest.approx(soup.vertices, abs=0.02)
    inside = normals(soup, flip=True)
    assert inside.normals is not None and inside.normals == pytest.approx(-soup.vertices, abs=0.02)


def test_flat_normals_are_those_of_the_faces() -> None:
    cube = normals(primitive("cube"), "flat")
    assert len(cube.vertices) == 36 and cube.normals is not None
    assert (np.abs(cube.normals).sum(axis=1) == 1).all()
    assert np.einsum("ij,ij->i", cube.normals, cube.vertices) == pytest.approx(0.5)
    assert normals(cube, "none").normals is None


def test_corners_of_a_cube_average_three_sides() -> None:
    cube = normals(primitive("cube"))
    assert cube.normals == pytest.approx(cube.vertices / 0.75**0.5, abs=1e-6)
