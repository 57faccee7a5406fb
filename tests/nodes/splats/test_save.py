from __future__ import annotations

import numpy as np
import pytest

from meshloom.nodes.splats.load import load
from meshloom.nodes.splats.save import save

from ._scenes import balls


@pytest.mark.parametrize("format", ["ply", "compressed.ply", "spz", "spz4", "splat", "glb"])
def test_splats_come_back_from_their_file(tmp_path, run, format):
    splats = balls(30, 1)
    file = save(splats, format, "owl", run=run)
    assert file.name == "owl." + ("spz" if format == "spz4" else format)
    (tmp_path / file.name).write_bytes(file.data.tobytes())
    found = load(tmp_path / file.name, run=run)
    order, true = np.argsort(found.means[:, 0]), np.argsort(splats.means[:, 0])
    np.testing.assert_allclose(
        found.means[order], splats.means[true], atol=2e-3 if format[0] == "c" else 1e-5
    )
    assert found.degree == (0 if format == "splat" else 1)
    assert bool(run.warnings) == (format == "splat")
