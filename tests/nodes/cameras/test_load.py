from __future__ import annotations

import json

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.nodes.cameras.load import load


def test_a_camera_of_nerfstudio_stands_and_looks_as_it_should(tmp_path, run):
    # +Z up; 5 in front (y = -5) and 2 up (z = 2), looking along +y.
    pose = [[1, 0, 0, 0], [0, 0, -1, -5], [0, 1, 0, 2], [0, 0, 0, 1]]
    document = {
        "fl_x": 50,
        "w": 64,
        "h": 48,
        "frames": [{"file_path": "images/a.jpg", "transform_matrix": pose}],
    }
    (tmp_path / "transforms.json").write_text(json.dumps(document))
    loaded = load(tmp_path / "transforms.json", run=run)
    assert loaded.cameras.names == ("a.jpg",)
    np.testing.assert_allclose(loaded.cameras.centres(), [[0, -2, -5]], atol=1e-12)
    np.testing.assert_allclose(loaded.cameras.extrinsics[0, :, :3], np.eye(3), atol=1e-12)
    assert len(loaded.points) == 0


def test_no_cameras_are_explained(tmp_path, run):
    with pytest.raises(NodeError, match="nothing is chosen"):
        load(run=run)
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(NodeError, match="no cameras"):
        load(tmp_path / "a.json", run=run)
