from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.formats.meshes import read_mesh
from meshloom.graph_runtime.types import Material, Mesh
from meshloom.nodes.mesh.save import save

MESH = Mesh(np.float32([[0, 0, 0], [1, 0, 0], [0, 1, 0]]), np.int32([[0, 1, 2]]))
TEXTURED = Mesh(
    MESH.vertices,
    MESH.faces,
    np.zeros((3, 2), np.float32),
    material=Material(base_colour=np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)),
)


@pytest.mark.parametrize("format", ["glb", "ply", "stl"])
def test_the_mesh_comes_back_from_its_file(tmp_path, run, format):
    file = save(MESH, format=format, name="my model", run=run)
    assert file.name == f"my model.{format}"
    path = tmp_path / file.name
    path.write_bytes(file.data.tobytes())
    np.testing.assert_array_equal(read_mesh(path).vertices, MESH.vertices)
    assert not run.warnings


def test_a_texture_is_kept_in_glb_and_missed_with_a_warning_elsewhere(run):
    exact, small = save(TEXTURED, run=run), save(TEXTURED, textures="jpg", quality=50, run=run)
    assert len(small.data) < len(exact.data) and not run.warnings
    save(TEXTURED, format="ply", run=run)
    assert "texture" in run.warnings[0]
