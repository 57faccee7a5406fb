from __future__ import annotations

import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.nodes.cloud.load import load


def test_points_are_read_and_broken_ones_warned_of(tmp_path, run):
    (tmp_path / "a.xyz").write_text("0 0 0 255 0 0\n1 2 3 0 255 0\nnan 0 0 1 1 1\n")
    cloud = load(tmp_path / "a.xyz", run=run)
    assert cloud.positions.tolist() == [[0, 0, 0], [1, 2, 3]]
    assert cloud.colours is not None and cloud.colours.tolist() == [[255, 0, 0], [0, 255, 0]]
    assert "left out 1 points" in run.warnings[0]


def test_no_points_are_explained(tmp_path, run):
    (tmp_path / "a.ply").write_bytes(
        b"ply\nformat ascii 1.0\nelement vertex 5\nproperty float x\nend_header\n1\n"
    )
    with pytest.raises(NodeError, match="more than the file holds"):
        load(tmp_path / "a.ply", run=run)
