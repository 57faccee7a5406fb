"""A cloud under a given motion."""

from __future__ import annotations

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import PointCloud, Table


@node("Apply matrix to cloud", aliases=("transform", "move", "align"))
def apply_matrix(points: PointCloud, matrix: Table, inverse: bool = False) -> PointCloud:
    """Move a cloud by a matrix, such as the one that aligning a part of it gave.

    matrix: three rows of four numbers, applied to columns (x, y, z, 1)
    inverse: undo the motion instead
    """
    import numpy as np

    from meshloom.nodes.cloud._placing import matrix_in, moved_points

    motion = matrix_in(matrix)
    return moved_points(points, np.linalg.inv(motion) if inverse else motion)
