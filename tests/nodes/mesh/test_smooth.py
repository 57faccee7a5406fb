"""Noise goes, size stays."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.types import Mesh
from meshloom.nodes.mesh.measure import measure
from meshloom.nodes.mesh.primitive import primitive
from meshloom.nodes.mesh.smooth import smooth


def rough_ball() -> Mesh:
    ball = primitive("sphere", (2.0, 2.0, 2.0), 64)
    noise = np.random.default_rng(0).normal(0, 0.01, (len(ball.vertices), 1)).astype(np.float32)
    return Mesh(ball.vertices * (1 + noise), ball.faces)


def test_noise_goes_and_volume_stays(run) -> None:
    rough = rough_ball()
    fair = smooth(rough, 20, run=run)
    assert np.linalg.norm(fair.vertices, axis=1).std() < 0.5 * np.linalg.norm(rough.vertices, axis=1).std()
    volume = [dict(measure(mesh, run=run).rows)["volume"] for mesh in (rough, fair)]
    assert volume[1] == pytest.approx(volume[0], rel=0.01)
    shrunk = dict(measure(smooth(rough, 20, keep_volume=False, run=run), run=run).rows)["volume"]
    assert shrunk < 0.98 * volume[0]


def test_borders_stay_and_seams_do_not_open(run) -> None:
    sheet = primitive("plane", (1.0, 1.0, 1.0), 64)
    noise = np.random.default_rng(0).normal(0, 0.01, sheet.vertices.shape).astype(np.float32)
    bumpy = Mesh(sheet.vertices + noise, sheet.faces)
    rim = (np.abs(sheet.vertices[:, [0, 2]]) > 0.4999).any(axis=1)
    fair = smooth(bumpy, 5, run=run)
    assert (fair.vertices[rim] == bumpy.vertices[rim]).all()
    assert np.abs(fair.vertices[~rim, 1]).mean() < 0.6 * np.abs(bumpy.vertices[~rim, 1]).mean()
    soup = Mesh(
        rough_ball().vertices[rough_ball().faces.ravel()],
        np.arange(rough_ball().faces.size, dtype=np.int32).reshape(-1, 3),
    )
    assert dict(measure(smooth(soup, 3, run=run), run=run).rows)["watertight"]


def test_no_rounds_change_nothing_and_normals_follow(run) -> None:
    rough = rough_ball()
    assert smooth(rough, 0, run=run) is rough
    shaded = Mesh(
        rough.vertices, rough.faces, normals=np.tile(np.float32([1, 0, 0]), (len(rough.vertices), 1))
    )
    fair = smooth(shaded, 10, run=run)
    out = fair.vertices / np.linalg.norm(fair.vertices, axis=1, keepdims=True)
    assert fair.normals is not None
    assert np.median(np.einsum("ij,ij->i", fair.normals, out)) > 0.97
