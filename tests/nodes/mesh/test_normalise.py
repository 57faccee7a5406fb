"""Size and place after normalising."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import Mesh
from meshloom.nodes.mesh.normalise import normalise
from meshloom.nodes.mesh.primitive import primitive
from meshloom.nodes.mesh.transform import transform


def box() -> Mesh:
    return transform(primitive("cube", (2.0, 4.0, 1.0)), move=(100, -50, 7))


def bounds(mesh: Mesh) -> list[list[float]]:
    return [mesh.vertices.min(axis=0).round(5).tolist(), mesh.vertices.max(axis=0).round(5).tolist()]


def test_size_and_place() -> None:
    assert bounds(normalise(box())) == [[-0.25, -0.5, -0.125], [0.25, 0.5, 0.125]]
    assert bounds(normalise(box(), 8.0, origin="base")) == [[-2, -8, -1], [2, 0, 1]]
    assert bounds(normalise(box(), 0.0)) == [[-1, -2, -0.5], [1, 2, 0.5]]
    assert bounds(normalise(box(), 2.0, origin="keep")) == [[99.5, -51, 6.75], [100.5, -49, 7.25]]
    by_diagonal = bounds(normalise(box(), 21**0.5, "diagonal"))
    assert by_diagonal[1] == pytest.approx([1, 2, 0.5], abs=1e-5)


def test_vertices_without_faces_do_not_count() -> None:
    stray = Mesh(np.concatenate([box().vertices, np.float32([[1e6, 0, 0]])]), box().faces)
    assert normalise(stray).vertices[:-1] == pytest.approx(normalise(box()).vertices)


def test_a_point_has_no_size() -> None:
    with pytest.raises(NodeError, match="one point"):
        normalise(Mesh(np.ones((3, 3), np.float32), np.int32([[0, 1, 2]])))
