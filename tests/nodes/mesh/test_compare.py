"""Scores of shapes at known distances."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import Mesh
from meshloom.nodes.mesh.compare import compare
from meshloom.nodes.mesh.primitive import primitive
from meshloom.nodes.mesh.transform import transform


def scores(mesh: Mesh, reference: Mesh, run, **how) -> dict[str, float]:
    return dict(compare(mesh, reference, samples=5000, run=run, **how).scores.rows)


def test_a_mesh_equals_itself(run) -> None:
    ball = primitive("sphere")
    found = scores(ball, ball, run)
    assert found["F-score"] == found["accuracy"] == found["completeness"] == 1.0
    assert found["Chamfer distance"] < 1e-6
    assert found["reference diagonal"] == pytest.approx(3**0.5, rel=1e-5)
    assert found["threshold"] == pytest.approx(0.01 * 3**0.5, rel=1e-5)


@pytest.mark.parametrize("scale", [1.0, 1e5])
def test_a_larger_ball_is_as_far_as_its_radius_says(run, scale: float) -> None:
    ball = primitive("sphere", (2.0 * scale,) * 3, 128)
    larger = transform(ball, scale=(1.1,) * 3)
    found = scores(larger, ball, run)
    assert found["F-score"] == 0.0
    assert found["Chamfer distance"] == pytest.approx(0.1 * scale, rel=0.01)
    assert found["median distance from reference"] == pytest.approx(0.1 * scale, rel=0.01)
    assert scores(larger, ball, run, threshold=0.03)["F-score"] == 1.0


def test_half_a_mesh_is_accurate_but_not_complete(run) -> None:
    box = primitive("cube", (1.0, 1.0, 1.0))
    side = np.abs(box.vertices[box.faces][:, :, 0].sum(axis=1)) == 1.5
    pair = Mesh(box.vertices, box.faces[side])
    found = scores(pair, box, run)
    assert found["accuracy"] == 1.0
    # Two sides of six, and a strip of one threshold around each.
    limit = 0.01 * 3**0.5
    assert found["completeness"] == pytest.approx((2 + 8 * limit) / 6, abs=0.01)
    back = scores(box, pair, run, threshold=0.01)
    assert back["accuracy"] == pytest.approx(found["completeness"], abs=0.02) and back["completeness"] == 1.0
    recall, precision = found["completeness"], found["accuracy"]
    assert found["F-score"] == pytest.approx(2 * recall * precision / (recall + precision))


def test_colours_and_histogram_show_the_distances(run) -> None:
    sheet = primitive("plane", (1.0, 1.0, 1.0), 64)
    lifted = sheet.vertices.copy()
    lifted[lifted[:, 0] > 0, 1] -= 0.5
    found = compare(Mesh(lifted, sheet.faces), sheet, samples=5000, run=run)
    assert found.coloured.colours is not None
    assert (found.coloured.colours[lifted[:, 1] == 0] == (49, 54, 149)).all()
    assert (found.coloured.colours[lifted[:, 1] < 0] == (165, 0, 38)).all()
    there = found.histogram.series[0]
    assert there.kind == "bars" and there.y.sum() == pytest.approx(100.0)
    assert there.y[-1] > 40 and there.y[0] > 30


def test_odd_input_is_named(run) -> None:
    ball = primitive("sphere")
    with pytest.raises(NodeError, match="the reference has no faces"):
        compare(ball, Mesh(ball.vertices, ball.faces[:0]), run=run)
    with pytest.raises(NodeError, match="threshold"):
        compare(ball, ball, 0.0, run=run)
