"""Volumes after cutting, and what cannot be cut."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import Mesh
from meshloom.nodes.mesh.boolean import boolean
from meshloom.nodes.mesh.measure import measure
from meshloom.nodes.mesh.primitive import primitive
from meshloom.nodes.mesh.transform import transform


def cubes(scale: float = 1.0, away: float = 0.0) -> tuple[Mesh, Mesh]:
    """Two cubes of edge 1 that share an eighth."""
    cube = transform(primitive("cube"), (away,) * 3, scale=(scale,) * 3)
    return cube, transform(cube, (0.5 * scale,) * 3)


@pytest.mark.parametrize(
    ("operation", "volume"), [("union", 1.875), ("difference", 0.875), ("intersection", 0.125)]
)
@pytest.mark.parametrize(("scale", "away"), [(1.0, 0.0), (4096.0, 1 << 20), (1e-5, 0.0)])
def test_two_cubes(run, operation, volume: float, scale: float, away: float) -> None:
    figures = dict(measure(boolean(*cubes(scale, away), operation, run=run), run=run).rows)
    assert figures["watertight"]
    assert figures["volume"] == pytest.approx(volume * scale**3, rel=1e-3)


def test_colours_are_carried_over(run) -> None:
    a, b = cubes()
    red = Mesh(a.vertices, a.faces, colours=np.tile(np.uint8([255, 0, 0]), (8, 1)))
    cut = boolean(red, b, "difference", run=run)
    assert cut.colours is not None
    outer = (np.abs(cut.vertices) == 0.5).sum(axis=1) >= 2
    inner = (cut.vertices == 0).all(axis=1)
    assert (cut.colours[outer & (cut.vertices < 0).any(axis=1)] == (255, 0, 0)).all()
    assert (cut.colours[inner] == (204, 204, 204)).all()


def test_inside_out_and_seamed_solids_are_understood(run) -> None:
    a, b = cubes()
    soup = Mesh(
        a.vertices[a.faces[:, ::-1].ravel()],
        np.arange(36, dtype=np.int32).reshape(-1, 3),
        np.zeros((36, 2), np.float32),
    )
    figures = dict(measure(boolean(soup, b, "union", run=run), run=run).rows)
    assert figures["volume"] == pytest.approx(1.875)
    assert "texture" in run.warnings[0]


def test_what_is_no_solid_is_named(run) -> None:
    a, b = cubes()
    with pytest.raises(NodeError, match="mesh b is not watertight: 3 edges lie at a hole") as caught:
        boolean(a, Mesh(b.vertices, b.faces[1:]), run=run)
    assert "mesh.fill_holes" in caught.value.hint
    with pytest.raises(NodeError, match="leaves nothing") as caught:
        boolean(a, transform(a, scale=(3, 3, 3)), "difference", run=run)
    assert "swap" in caught.value.hint
    with pytest.raises(NodeError, match="leaves nothing"):
        boolean(a, transform(a, move=(5, 0, 0)), "intersection", run=run)
    with pytest.raises(NodeError, match="mesh a has no faces"):
        boolean(Mesh(a.vertices, a.faces[:0]), b, run=run)
    with pytest.raises(NodeError, match="not finite"):
        boolean(Mesh(a.vertices * np.float32(np.nan), a.faces), b, run=run)


def test_the_same_twice(run) -> None:
    ball = primitive("sphere", detail=64)
    first, second = (boolean(ball, transform(ball, (0.2, 0.1, 0)), "union", run=run) for _ in range(2))
    assert (
        first.vertices.tobytes() == second.vertices.tobytes()
        and first.faces.tobytes() == second.faces.tobytes()
    )
