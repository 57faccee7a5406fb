from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.formats.clouds import read_cloud
from meshloom.graph_runtime.types import PointCloud
from meshloom.nodes.cloud.save import save


@pytest.mark.parametrize("format", ["ply", "xyz"])
def test_points_come_back_from_their_file(tmp_path, run, format):
    cloud = PointCloud(np.random.default_rng(0).random((9, 3), np.float32), confidence=np.ones(9, np.float32))
    file = save(cloud, format=format, run=run)
    assert file.name == f"points.{format}"
    (tmp_path / file.name).write_bytes(file.data.tobytes())
    np.testing.assert_array_equal(read_cloud(tmp_path / file.name).positions, cloud.positions)
    assert bool(run.warnings) == (format == "xyz")
