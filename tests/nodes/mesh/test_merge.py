"""Several meshes side by side."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import Material, Mesh
from meshloom.nodes.mesh.merge import merge
from meshloom.nodes.mesh.primitive import primitive
from meshloom.nodes.mesh.transform import transform


def test_faces_and_colours_of_all(run) -> None:
    cube = primitive("cube")
    grey = Mesh(cube.vertices, cube.faces, colours=np.full((8, 3), 99, np.uint8))
    both = merge([grey, transform(grey, (2, 0, 0))], run=run)
    assert len(both.vertices) == 16 and both.faces[12:].min() == 8
    assert both.colours is not None and (both.colours == 99).all()
    assert not run.warnings
    assert merge([cube], run=run) is cube


def test_what_not_all_have_goes_with_a_word(run) -> None:
    cube = primitive("cube")
    grey = Mesh(
        cube.vertices, cube.faces, np.zeros((8, 2), np.float32), colours=np.full((8, 3), 99, np.uint8)
    )
    both = merge([grey, cube], run=run)
    assert both.colours is None and both.uv is None
    assert len(run.warnings) == 2
    skin = Material(np.zeros((2, 2, 3), np.uint8))
    textured = Mesh(cube.vertices, cube.faces, np.zeros((8, 2), np.float32), material=skin)
    one = merge([textured, textured], run=run)
    assert one.uv is not None and one.material is skin
    with pytest.raises(NodeError, match="no meshes"):
        merge([], run=run)
