from __future__ import annotations

import numpy as np
import pytest
import trimesh

from meshloom.graph_runtime.errors import NodeError
from meshloom.nodes.mesh.load import load


def test_a_glb_is_turned_to_y_down(tmp_path, run):
    trimesh.creation.cone(radius=1, height=3).apply_transform(
        trimesh.transformations.rotation_matrix(-np.pi / 2, [1, 0, 0])
    ).export(tmp_path / "cone.glb")
    mesh = load(tmp_path / "cone.glb", run=run)
    # Its tip, 3 up (+Y) in the file, is at y = -3.
    assert mesh.vertices[:, 1].min() == pytest.approx(-3, abs=1e-5)
    assert mesh.vertices[:, 1].max() == pytest.approx(0, abs=1e-5)
    assert not run.warnings


def test_what_could_not_be_kept_is_warned_of(tmp_path, run):
    text = "mtllib gone.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nusemtl a\nf 1 2 3\n"
    (tmp_path / "a.obj").write_text(text)
    assert len(load(tmp_path / "a.obj", run=run).faces) == 1
    assert "gone.mtl" in run.warnings[0]


def test_no_mesh_is_explained(tmp_path, run):
    (tmp_path / "a.glb").write_bytes(b"glTF\2\0\0\0")
    with pytest.raises(NodeError, match=r"a\.glb is cut off"):
        load(tmp_path / "a.glb", run=run)
