"""Figures of solids that have formulas."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import Mesh
from meshloom.nodes.mesh.measure import measure
from meshloom.nodes.mesh.primitive import primitive


def figures(mesh: Mesh, run) -> dict[str, object]:
    return dict(measure(mesh, run=run).rows)


def test_a_box(run) -> None:
    found = figures(primitive("cube", (1.0, 2.0, 3.0)), run)
    assert found["volume"] == pytest.approx(6.0) and found["area"] == pytest.approx(22.0)
    assert (found["size x"], found["size y"], found["size z"]) == (1.0, 2.0, 3.0)
    assert (found["lowest y"], found["highest z"]) == (-1.0, 1.5)
    assert found["diagonal"] == pytest.approx(14**0.5)
    assert found["watertight"] and found["manifold"] and found["genus"] == 0
    assert (found["faces"], found["edges"], found["Euler characteristic"]) == (12, 18, 2)


def test_a_ball_and_a_ring(run) -> None:
    ball = figures(primitive("sphere", (2.0, 2.0, 2.0), 200), run)
    assert ball["volume"] == pytest.approx(4 / 3 * np.pi, rel=1e-3)
    assert ball["area"] == pytest.approx(4 * np.pi, rel=1e-3)
    # Radii 1 and 0.4 make a ring of size 2.8 by 0.8.
    ring = figures(primitive("torus", (2.8, 0.8, 2.8), 200), run)
    assert ring["volume"] == pytest.approx(2 * np.pi**2 * 0.4**2, rel=1e-3)
    assert ring["genus"] == 1


def test_seams_are_no_holes_but_holes_are(run) -> None:
    cube = primitive("cube")
    soup = Mesh(cube.vertices[cube.faces.ravel()], np.arange(36, dtype=np.int32).reshape(-1, 3))
    found = figures(soup, run)
    assert found["watertight"] and found["vertices"] == 36 and found["distinct positions"] == 8
    open_box = figures(Mesh(cube.vertices, cube.faces[1:]), run)
    assert not open_box["watertight"] and open_box["boundary edges"] == 3
    assert open_box["volume"] is None and open_box["genus"] is None
    turned = cube.faces.copy()
    turned[0] = turned[0, ::-1]
    assert not figures(Mesh(cube.vertices, turned), run)["consistently oriented"]
    inside_out = figures(Mesh(cube.vertices, cube.faces[:, ::-1]), run)
    assert inside_out["watertight"] and inside_out["volume"] == pytest.approx(-1.0)


def test_far_from_the_origin_the_volume_holds(run) -> None:
    cube = primitive("cube", (8.0, 8.0, 8.0))
    far = Mesh(cube.vertices + np.float32(1 << 20), cube.faces)
    assert figures(far, run)["volume"] == pytest.approx(512.0)


def test_faults_are_counted(run) -> None:
    # A fin on a shared edge, a face without area, a face with a broken vertex.
    vertices = np.float32([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [np.nan, 0, 0]])
    faces = np.int32([[0, 1, 2], [1, 0, 3], [0, 1, 4], [0, 0, 1], [0, 1, 5]])
    found = figures(Mesh(vertices, faces), run)
    assert found["edges of more than two faces"] == 1 and not found["manifold"]
    assert found["faces without area"] == 1 and found["vertices that are not finite"] == 1
    assert found["area"] == pytest.approx(1.5)
    # Two triangles that touch in a point.
    bow = Mesh(
        np.float32([[0, 0, 0], [1, 0, 0], [1, 1, 0], [-1, 0, 0], [-1, -1, 0]]),
        np.int32([[0, 1, 2], [0, 3, 4]]),
    )
    pinched = figures(bow, run)
    assert not pinched["manifold"] and pinched["components"] == 1


def test_next_to_nothing(run) -> None:
    lone = figures(Mesh(np.float32([[1, 2, 3]]), np.zeros((0, 3), np.int32)), run)
    assert lone["faces"] == 0 and lone["area"] == 0.0 and not lone["watertight"]
    with pytest.raises(NodeError, match="empty"):
        measure(Mesh(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32)), run=run)
