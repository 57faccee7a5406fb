"""Large pieces stay, crumbs go."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import Mesh
from meshloom.nodes.mesh.keep_components import keep_components
from meshloom.nodes.mesh.measure import measure
from meshloom.nodes.mesh.merge import merge
from meshloom.nodes.mesh.primitive import primitive
from meshloom.nodes.mesh.transform import transform


def scene(run) -> Mesh:
    """Cubes of edge 1, 0.5 and 0.1, apart from each other; the small one first."""
    sizes = (0.1, 1.0, 0.5)
    cubes = [transform(primitive("cube", (s,) * 3), move=(3.0 * i, 0, 0)) for i, s in enumerate(sizes)]
    return merge(cubes, run=run)


@pytest.mark.parametrize(
    ("min_share", "at_most", "area"),
    [(0.005, 0, 6 + 1.5 + 0.06), (0.02, 0, 7.5), (0.3, 0, 6.0), (0.0, 2, 7.5), (1.0, 0, 6.0), (0.0, 9, 7.56)],
)
def test_which_pieces_stay(run, min_share: float, at_most: int, area: float) -> None:
    kept = dict(measure(keep_components(scene(run), min_share, at_most, run=run), run=run).rows)
    assert kept["area"] == pytest.approx(area, rel=1e-5)
    assert kept["vertices"] == kept["distinct positions"]


def test_texture_seams_do_not_part_a_piece(run) -> None:
    cube = primitive("cube")
    soup = Mesh(cube.vertices[cube.faces.ravel()], np.arange(36, dtype=np.int32).reshape(-1, 3))
    assert len(keep_components(soup, 1.0, run=run).faces) == 12


def test_no_surface_is_an_error(run) -> None:
    with pytest.raises(NodeError, match="no faces"):
        keep_components(Mesh(np.zeros((3, 3), np.float32), np.zeros((0, 3), np.int32)), run=run)
    with pytest.raises(NodeError, match="1 vertices that are not finite") as caught:
        keep_components(
            Mesh(np.float32([[0, 0, 0], [1, 0, 0], [np.nan, 1, 0]]), np.int32([[0, 1, 2]])), run=run
        )
    assert "mesh.repair" in caught.value.hint
