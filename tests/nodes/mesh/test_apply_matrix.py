"""Matrices as tables."""

from __future__ import annotations

import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import Table
from meshloom.nodes.mesh.apply_matrix import apply_matrix
from meshloom.nodes.mesh.primitive import primitive

COLUMNS = ("x", "y", "z", "move")


def test_there_and_back() -> None:
    cube = primitive("cube")
    quarter = Table(COLUMNS, ((0, -2, 0, 5), (2, 0, 0, 0), (0, 0, 2, -1)))
    moved = apply_matrix(cube, quarter)
    assert moved.vertices[0].tolist() == [
        -2 * cube.vertices[0, 1] + 5,
        2 * cube.vertices[0, 0],
        2 * cube.vertices[0, 2] - 1,
    ]
    assert apply_matrix(moved, quarter, inverse=True).vertices == pytest.approx(cube.vertices)


@pytest.mark.parametrize(
    "table",
    [
        Table(("a",), (("x",),)),
        Table(COLUMNS, ((1, 0, 0, 0), (0, 1, 0, 0))),
        Table(COLUMNS, ((1, 0, 0, 0), (0, None, 0, 0), (0, 0, 1, 0))),
        Table(COLUMNS, ((1, 0, 0, 0), (0, float("nan"), 0, 0), (0, 0, 1, 0))),
        Table(COLUMNS, ((1, 0, 0, 0), (1, 0, 0, 0), (0, 0, 1, 0))),
    ],
)
def test_other_tables_are_refused(table: Table) -> None:
    with pytest.raises(NodeError, match="matrix"):
        apply_matrix(primitive("cube"), table)
