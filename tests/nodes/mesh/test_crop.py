"""Exact cuts."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import Mesh
from meshloom.nodes.mesh.crop import crop
from meshloom.nodes.mesh.fill_holes import fill_holes
from meshloom.nodes.mesh.measure import measure
from meshloom.nodes.mesh.primitive import primitive


def test_a_turned_box_leaves_the_volume_of_the_overlap(run) -> None:
    cube = primitive("cube", (2.0, 2.0, 2.0))
    # A box turned by 45 degrees with its edges at the cube's side middles: half of the cube stays.
    inner = crop(cube, size=(2**0.5, 0, 2**0.5), turn=(0, 45, 0), run=run)
    area = dict(measure(inner, run=run).rows)["area"]
    assert area == pytest.approx(2 * 2.0)
    closed = dict(measure(fill_holes(inner, 1.0, run=run), run=run).rows)
    assert closed["area"] >= area


def test_what_vertices_carry_is_interpolated_at_the_cut(run) -> None:
    square = np.float32([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    shade = (square[:, :1] * 200).repeat(3, axis=1).astype(np.uint8)
    normals = np.tile(np.float32([0, 0, -1]), (4, 1))
    mesh = Mesh(square, np.int32([[0, 1, 2], [0, 2, 3]]), square[:, :2], normals, shade)
    cut = crop(mesh, centre=(0.35, 0.5, 0), size=(0.3, 0, 0), run=run)
    assert cut.vertices[:, 0].min() == pytest.approx(0.2) and cut.vertices[:, 0].max() == pytest.approx(0.5)
    assert dict(measure(cut, run=run).rows)["area"] == pytest.approx(0.3)
    assert cut.uv is not None and cut.uv == pytest.approx(cut.vertices[:, :2])
    assert cut.colours is not None and np.abs(cut.colours[:, 0] - 200 * cut.vertices[:, 0]).max() <= 0.51
    assert cut.normals is not None and (cut.normals == (0, 0, -1)).all()
    corner = cut.vertices[cut.faces]
    assert (np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])[:, 2] > 0).all()


def test_cuts_stay_closed_between_neighbours(run) -> None:
    ball = primitive("sphere", (2.0, 2.0, 2.0), 32)
    slab = dict(measure(crop(ball, size=(0, 1.0, 0), run=run), run=run).rows)
    assert slab["components"] == 1 and slab["Euler characteristic"] == 0
    assert slab["area"] == pytest.approx(2 * np.pi, rel=0.02)


def test_boxes_that_hold_all_or_nothing(run) -> None:
    ball = primitive("sphere")
    whole = crop(ball, size=(2, 2, 2), run=run)
    assert whole.faces.tolist() == ball.faces.tolist()
    with pytest.raises(NodeError, match="no part"):
        crop(ball, centre=(5, 0, 0), run=run)
    with pytest.raises(NodeError, match="centre"):
        crop(ball, centre=(float("inf"), 0, 0), run=run)
