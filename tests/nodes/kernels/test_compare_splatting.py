from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Cameras, Splats, SplattingKernel
from meshloom.nodes.kernels.compare_splatting import compare_splatting

OWN, TORCH = SplattingKernel("own.cpu", "", ""), SplattingKernel("torch.tiles", "", "")
SMALL = {"count": 200, "side": 40, "sh_degree": 0, "rounds": 6, "check": False}


def test_ours_is_faster_than_torch(run):
    found = compare_splatting(TORCH, OWN, **SMALL, run=run)
    by_name = {row[0]: row for row in found.table.rows}
    assert by_name["own.cpu"][4] > 1 and by_name["own.cpu"][7] == "faster"
    assert by_name["torch.tiles"][7] == "baseline" and "noise" in by_name["A/A (baseline again)"][7]
    assert found.best.id == "own.cpu"
    assert [len(series.y) for series in found.rounds.series] == [6, 6]


def test_a_scene_of_ones_own(run):
    random = np.random.default_rng(0)
    splats = Splats(
        random.normal(size=(50, 3)).astype(np.float32),
        np.tile(np.array([1, 0, 0, 0], np.float32), (50, 1)),
        np.full((50, 3), 0.1, np.float32),
        np.full(50, 0.5, np.float32),
        np.zeros((50, 1, 3), np.float32),
    )
    pose = np.array([[[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 4.0]]])
    lens = np.array([[[100, 0, 40], [0, 100, 30], [0, 0, 1.0]]])
    cameras = Cameras(lens, pose, np.array([[80, 60]], np.int32), ("a",))
    found = compare_splatting(OWN, TORCH, splats=splats, cameras=cameras, **SMALL, run=run)
    assert {row[1] for row in found.table.rows} == {"ok"}
    with pytest.raises(NodeError, match="go together"):
        compare_splatting(OWN, TORCH, splats=splats, **SMALL, run=run)


def test_a_kernel_that_cannot_be_used_is_told_and_the_other_measured(run):
    from meshloom.kernels.splatting import registry

    if registry.get("gsplat").usable():
        pytest.skip("gsplat can be used here")
    found = compare_splatting(OWN, SplattingKernel("gsplat", "", ""), **SMALL, run=run)
    assert found.best.id == "own.cpu" and "cannot be used" in run.warnings[0]
    with pytest.raises(NodeError, match="no kernel"):
        compare_splatting(SplattingKernel("mine", "", ""), OWN, **SMALL, run=run)
