"""ICP finds motions that are known."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import Mesh
from meshloom.nodes.mesh.align import align
from meshloom.nodes.mesh.apply_matrix import apply_matrix
from meshloom.nodes.mesh.boolean import boolean
from meshloom.nodes.mesh.crop import crop
from meshloom.nodes.mesh.primitive import primitive
from meshloom.nodes.mesh.transform import transform


@pytest.fixture
def part(run) -> Mesh:
    """A shape that looks different from every side."""
    bitten = boolean(
        primitive("cube", (1.0, 2.0, 0.6)),
        transform(primitive("sphere"), move=(0.5, 0.6, 0.3)),
        "difference",
        run=run,
    )
    knob = transform(primitive("cylinder", (0.4, 0.4, 0.4)), move=(0, -1.1, 0.1))
    return boolean(bitten, knob, "union", run=run)


@pytest.mark.parametrize(
    ("turn", "move", "scale", "start"),
    [
        ((5, 8, -6), (0.1, 0.05, 0.02), 1.0, "as placed"),
        ((15, 20, -10), (3, 2, 1), 0.4, "centres"),
        ((100, 200, 30), (5, -6, 7), 1000.0, "any pose"),
    ],
)
def test_a_known_motion_is_undone(run, part: Mesh, turn, move, scale: float, start) -> None:
    moved = transform(part, move, turn, (scale,) * 3)
    found = align(moved, part, start, scaling=scale != 1, run=run)
    assert np.abs(found.aligned.vertices - part.vertices).max() < 1e-3
    report = dict(found.report.rows)
    assert report["scale"] == pytest.approx(1 / scale, rel=1e-3)
    assert report["root mean square distance"] < 2e-3
    assert report["share within 1 % of the diagonal"] > 0.95
    assert apply_matrix(moved, found.matrix).vertices == pytest.approx(found.aligned.vertices)


def test_a_piece_finds_its_place_on_the_whole(run, part: Mesh) -> None:
    upper = crop(part, centre=(0, -0.6, 0), size=(0, 1.8, 0), run=run)
    moved = transform(upper, (0.03, -0.04, 0.02), (4, -3, 2))
    found = align(moved, part, "as placed", overlap=0.6, run=run)
    assert np.abs(found.aligned.vertices - upper.vertices).max() < 5e-3


def test_the_same_twice_and_odd_input(run, part: Mesh) -> None:
    first, second = (align(transform(part, (0.1, 0, 0)), part, rounds=3, run=run) for _ in range(2))
    assert first.matrix.rows == second.matrix.rows
    with pytest.raises(NodeError, match="the fixed mesh has no faces"):
        align(part, Mesh(part.vertices, part.faces[:0]), run=run)
