"""Fewer faces, the same shape."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import Mesh
from meshloom.nodes.mesh.decimate import decimate
from meshloom.nodes.mesh.measure import measure
from meshloom.nodes.mesh.primitive import primitive


def painted_ball(scale: float = 1.0) -> Mesh:
    ball = primitive("sphere", (2.0 * scale,) * 3, 128)
    east = ball.vertices[:, :1] > 0
    return Mesh(ball.vertices, ball.faces, colours=np.where(east, (255, 0, 0), (0, 0, 255)).astype(np.uint8))


@pytest.mark.parametrize("scale", [1.0, 1e6, 1e-6])
def test_shape_closure_and_colours_survive(run, scale: float) -> None:
    ball = painted_ball(scale)
    less = decimate(ball, faces=1000, run=run)
    figures = dict(measure(less, run=run).rows)
    assert 950 <= len(less.faces) <= 1000
    assert figures["watertight"] and figures["volume"] == pytest.approx(4 / 3 * np.pi * scale**3, rel=0.02)
    assert less.colours is not None
    clear = np.abs(less.vertices[:, 0]) > 0.1 * scale
    assert ((less.colours[:, 0] == 255) == (less.vertices[:, 0] > 0))[clear].all()
    again = decimate(ball, faces=1000, run=run)
    assert (
        less.vertices.tobytes() == again.vertices.tobytes() and less.faces.tobytes() == again.faces.tobytes()
    )


def test_seams_do_not_crack_and_the_texture_goes_with_a_word(run) -> None:
    ball = painted_ball()
    rows = ball.faces.ravel()
    soup = Mesh(
        ball.vertices[rows], np.arange(rows.size, dtype=np.int32).reshape(-1, 3), ball.vertices[rows, :2]
    )
    less = decimate(soup, faces=800, run=run)
    assert less.uv is None and "texture" in run.warnings[0]
    assert dict(measure(less, run=run).rows)["watertight"]


def test_small_meshes_come_back_as_they_are(run) -> None:
    cube = primitive("cube")
    assert decimate(cube, faces=12, run=run) is cube
    with pytest.raises(NodeError, match="no faces"):
        decimate(Mesh(cube.vertices, np.zeros((0, 3), np.int32)), run=run)


def test_borders_can_be_kept(run) -> None:
    sheet = primitive("plane", (1.0, 1.0, 1.0), 256)
    kept = decimate(sheet, faces=600, keep_border=True, run=run)
    rim = sheet.vertices[(np.abs(sheet.vertices[:, [0, 2]]) > 0.4999).any(axis=1)]
    assert set(map(tuple, rim.round(5).tolist())) <= set(map(tuple, kept.vertices.round(5).tolist()))
