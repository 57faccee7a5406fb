from __future__ import annotations

import numpy as np

from meshloom.graph_runtime.formats.meshes import read_mesh
from meshloom.graph_runtime.types import Material, Mesh
from meshloom.nodes.mesh.save_obj import save_obj


def test_the_three_files_belong_together(tmp_path, run):
    texture = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    uv = np.float32([[0, 0], [1, 0], [0.25, 1]])
    mesh = Mesh(
        np.float32([[0, 0, 0], [1, 0, 0], [0, 1, 0]]), np.int32([[0, 1, 2]]), uv, material=Material(texture)
    )
    files = save_obj(mesh, name="my model", run=run)
    assert [file.name for file in files] == ["my_model.obj", "my_model.png", "my_model.mtl"]
    for file in files:
        (tmp_path / file.name).write_bytes(file.data.tobytes())
    back = read_mesh(tmp_path / "my_model.obj")
    np.testing.assert_array_equal(back.uv, uv)
    assert back.material is not None
    np.testing.assert_array_equal(back.material.base_colour, texture)
