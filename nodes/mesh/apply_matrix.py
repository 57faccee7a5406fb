"""A mesh under a given motion."""

from __future__ import annotations

from meshloom.graph_runtime.spec import node
from meshloom.graph_runtime.types import Mesh, Table


@node("Apply matrix to mesh", aliases=("transform", "move", "align"))
def apply_matrix(mesh: Mesh, matrix: Table, inverse: bool = False) -> Mesh:
    """Move a mesh by a matrix, such as the one that aligning a simpler copy of it gave.

    matrix: three rows of four numbers, applied to columns (x, y, z, 1)
    inverse: undo the motion instead
    """
    import numpy as np

    from meshloom.nodes.mesh._placing import matrix_in, moved_mesh

    motion = matrix_in(matrix)
    return moved_mesh(mesh, np.linalg.inv(motion) if inverse else motion)
