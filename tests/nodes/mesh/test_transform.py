"""Scaling, turning and moving, in the documented order and direction."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import Mesh
from meshloom.nodes.mesh.measure import measure
from meshloom.nodes.mesh.primitive import primitive
from meshloom.nodes.mesh.transform import transform


def at(point: tuple[float, float, float], **how) -> list[float]:
    corner = Mesh(np.float32([point, (9, 9, 9), (9, 8, 7)]), np.int32([[0, 1, 2]]))
    return transform(corner, **how).vertices[0].round(5).tolist()


def test_order_and_direction() -> None:
    assert at((1, 0, 0), turn=(0, 0, 90)) == [0, 1, 0]
    assert at((0, 1, 0), turn=(90, 0, 0)) == [0, 0, 1]
    assert at((0, 0, 1), turn=(0, 90, 0)) == [1, 0, 0]
    # About x first: y -> z; then about y: z -> x.
    assert at((0, 1, 0), turn=(90, 90, 0)) == [1, 0, 0]
    assert at((1, 2, 3), scale=(2, 1, 1), turn=(0, 0, 90), move=(10, 0, 0)) == [8, 2, 3]


@pytest.mark.parametrize(
    ("pivot", "still"), [("centre", (1, 0, 0)), ("base", (1, 0.5, 0)), ("origin", (0, 0, 0))]
)
def test_the_pivot_stays(pivot: str, still: tuple[float, float, float]) -> None:
    cube = transform(primitive("cube"), move=(1, 0, 0))
    marked = Mesh(np.concatenate([cube.vertices, np.float32([still])]), cube.faces)
    if pivot == "origin":
        marked = Mesh(np.concatenate([cube.vertices, np.float32([[0.5, 0, 0]])]), cube.faces)
        assert transform(marked, scale=(2, 2, 2), pivot="origin").vertices[-1].tolist() == [1, 0, 0]
        return
    turned = transform(marked, scale=(2, 3, 0.5), turn=(10, 20, 30), pivot=pivot)
    assert turned.vertices[-1] == pytest.approx(still, abs=1e-6)


def test_outside_stays_outside(run) -> None:
    ball = primitive("sphere", (2.0, 2.0, 2.0), 16)
    shaded = Mesh(ball.vertices, ball.faces, normals=ball.vertices)
    mirrored = transform(shaded, scale=(-1, 1, 2), turn=(20, 0, 0))
    assert dict(measure(mirrored, run=run).rows)["volume"] > 0
    corner = mirrored.vertices[mirrored.faces]
    facing = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    assert mirrored.normals is not None
    assert (np.einsum("ij,ij->i", facing, mirrored.normals[mirrored.faces[:, 0]]) > 0).all()
    assert np.linalg.norm(mirrored.normals, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_impossible_numbers_are_named() -> None:
    cube = primitive("cube")
    with pytest.raises(NodeError, match="scale"):
        transform(cube, scale=(1, 0, 1))
    with pytest.raises(NodeError, match="move"):
        transform(cube, move=(float("nan"), 0, 0))
    with pytest.raises(NodeError, match="too large"):
        transform(cube, scale=(1e39, 1, 1))
