"""Solids are closed, of the size asked for, and stand upright."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.nodes.mesh.measure import measure
from meshloom.nodes.mesh.primitive import primitive


@pytest.mark.parametrize("kind", ["cube", "sphere", "torus", "cylinder", "cone", "capsule"])
@pytest.mark.parametrize("detail", [3, 20])
def test_solids_are_closed_and_fill_their_box(run, kind, detail: int) -> None:
    figures = dict(measure(primitive(kind, (1.0, 2.0, 3.0), detail), run=run).rows)
    assert figures["watertight"] and figures["manifold"] and figures["volume"] > 0
    assert [figures[f"size {axis}"] for axis in "xyz"] == pytest.approx([1, 2, 3], rel=1e-6)
    assert figures["genus"] == (1 if kind == "torus" else 0)


def test_up_is_up(run) -> None:
    cone = primitive("cone")
    tip = cone.vertices[cone.vertices[:, 1].argmin()]
    assert tip == pytest.approx([0, -0.5, 0]) and (cone.vertices[:, 1] == tip[1]).sum() == 1
    plane = primitive("plane", (2.0, 1.0, 3.0))
    corner = plane.vertices[plane.faces]
    facing = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    assert (facing[:, 1] < 0).all()
    assert dict(measure(plane, run=run).rows)["area"] == pytest.approx(6.0)


def test_size_must_be_positive() -> None:
    with pytest.raises(NodeError, match="size"):
        primitive("cube", (1.0, 0.0, 1.0))
