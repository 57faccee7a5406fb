from __future__ import annotations

import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.nodes.cameras.load_colmap import load_colmap


def test_a_model_is_found_in_its_customary_place(tmp_path, run):
    folder = tmp_path / "sparse" / "0"
    folder.mkdir(parents=True)
    (folder / "cameras.txt").write_text("1 SIMPLE_RADIAL 64 48 50 32 24 0.1\n")
    (folder / "images.txt").write_text("1 1 0 0 0 1 2 3 1 a.jpg\n10.5 11.5 1\n")
    (folder / "points3D.txt").write_text("1 0 0 5 255 128 0 0.1 1 0\n")
    loaded = load_colmap(tmp_path, run=run)
    assert loaded.cameras.distortion is not None and loaded.cameras.distortion[0, 0] == 0.1
    assert loaded.points.positions.tolist() == [[0, 0, 5]]
    assert loaded.points.observations is not None and loaded.points.observations.tolist() == [[0, 0]]


def test_no_model_is_explained(tmp_path, run):
    with pytest.raises(NodeError, match="no folder is chosen"):
        load_colmap(run=run)
    with pytest.raises(NodeError, match="no COLMAP model"):
        load_colmap(tmp_path, run=run)
