"""Poisson reconstruction of shapes that are known."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import PointCloud
from meshloom.nodes.mesh.from_points import from_points
from meshloom.nodes.mesh.measure import measure


def ball(count: int, noise: float = 0.0, seed: int = 0) -> PointCloud:
    random = np.random.default_rng(seed)
    out = random.normal(size=(count, 3))
    out /= np.linalg.norm(out, axis=1, keepdims=True)
    positions = out + noise * random.normal(size=out.shape)
    colours = np.where(out[:, :1] > 0, (250, 10, 10), (10, 10, 250)).astype(np.uint8)
    return PointCloud(positions.astype(np.float32), colours, out.astype(np.float32))


def test_noisy_points_of_a_ball_become_a_closed_ball(run, capfd: pytest.CaptureFixture[str]) -> None:
    before = set(sys.modules)
    mesh = from_points(ball(8000, noise=0.01), depth=6, run=run)
    figures = dict(measure(mesh, run=run).rows)
    assert figures["watertight"] and figures["components"] == 1 and figures["genus"] == 0
    assert figures["volume"] == pytest.approx(4 / 3 * np.pi, rel=0.03)
    assert figures["area"] == pytest.approx(4 * np.pi, rel=0.03)
    assert mesh.colours is not None
    east = mesh.vertices[:, 0] > 0.1
    assert np.median(mesh.colours[east], axis=0)[0] > 200
    assert np.median(mesh.colours[mesh.vertices[:, 0] < -0.1], axis=0)[2] > 200
    assert capfd.readouterr() == ("", "")
    assert "open3d" not in sys.modules or "open3d" in before


def test_the_same_twice_wherever_and_however_large(run) -> None:
    small = ball(3000)
    large = PointCloud(small.positions * np.float32(1e6), normals=small.normals * np.float32(3.0))
    first, second = (from_points(large, depth=5, run=run) for _ in range(2))
    assert first.vertices.tobytes() == second.vertices.tobytes()
    assert first.faces.tobytes() == second.faces.tobytes()
    assert np.linalg.norm(first.vertices, axis=1) == pytest.approx(1e6, rel=0.02)


def test_trimming_opens_what_has_no_points_and_only_that(run) -> None:
    whole = ball(8000)
    assert whole.normals is not None
    upper = whole.positions[:, 1] < 0.2
    half = PointCloud(whole.positions[upper], normals=whole.normals[upper])
    invented = from_points(half, depth=5, trim=0, run=run)
    honest = from_points(half, depth=5, trim=1.5, run=run)
    # What has points reaches down to 0.2; a cell is 0.07.
    assert 0.1 < honest.vertices[:, 1].max() < 0.45
    assert invented.vertices[:, 1].max() > 0.5
    area = dict(measure(honest, run=run).rows)["area"]
    assert area == pytest.approx(2 * np.pi * 1.2, rel=0.2)


def test_odd_points_are_left_out_or_named(run) -> None:
    good = ball(2000)
    assert good.normals is not None
    positions, normals = good.positions.copy(), good.normals.copy()
    positions[3], normals[5], normals[7] = np.nan, 0.0, np.inf
    mesh = from_points(PointCloud(positions, normals=normals), depth=4, run=run)
    assert len(mesh.faces) and np.isfinite(mesh.vertices).all()
    assert run.warnings == ["3 points without a finite position and normal were left out"]
    with pytest.raises(NodeError, match="no normals") as caught:
        from_points(PointCloud(good.positions), run=run)
    assert "cloud.normals" in caught.value.hint
    with pytest.raises(NodeError, match="0 of 0 points"):
        from_points(PointCloud(np.zeros((0, 3), np.float32), normals=np.zeros((0, 3), np.float32)), run=run)
    with pytest.raises(NodeError, match="2 of 2 points"):
        from_points(PointCloud(positions[:2], normals=normals[:2]), run=run)
    with pytest.raises(NodeError, match="one place"):
        from_points(PointCloud(np.ones((50, 3), np.float32), normals=normals[8:58]), run=run)


def test_a_flat_cloud_becomes_a_flat_piece(run) -> None:
    random = np.random.default_rng(0)
    flat = random.uniform(-1, 1, (3000, 3)).astype(np.float32) * np.float32([1, 0, 1])
    normals = np.tile(np.float32([0, -1, 0]), (3000, 1))
    mesh = from_points(PointCloud(flat, normals=normals), depth=5, trim=1.0, run=run)
    assert np.abs(mesh.vertices[:, 1]).max() < 0.05
    assert dict(measure(mesh, run=run).rows)["area"] == pytest.approx(4.0, rel=0.2)
