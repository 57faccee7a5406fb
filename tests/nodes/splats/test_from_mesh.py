from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Material, Mesh
from meshloom.nodes.splats.from_mesh import from_mesh
from meshloom.nodes.splats.render import render

from ._scenes import ring


def quad(**more) -> Mesh:
    """A square of side 2 before the first camera of the ring, upright."""
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float32)
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    return Mesh(corners, np.array([[0, 1, 2], [0, 2, 3]], np.int32), uv, **more)


def test_it_looks_like_the_mesh(run):
    texture = np.zeros((64, 64, 3), np.uint8)
    texture[:, :32], texture[:, 32:] = [220, 40, 40], [40, 40, 220]
    splats = from_mesh(quad(material=Material(texture)), count=4000, run=run)
    assert len(splats) == 4000 and np.abs(splats.means[:, 2]).max() < 1e-6
    picture = render(splats, ring(1), transparent=True, run=run).images[0].pixels
    middle = picture[20:28]
    assert (middle[:, 22:28, :3].mean(axis=(0, 1)) - [220, 40, 40]).max() < 12
    assert np.abs(middle[:, 36:42, :3].mean(axis=(0, 1)) - [40, 40, 220]).max() < 12
    assert middle[:, 22:42, 3].min() > 230 and picture[:, :4, 3].max() < 20


def test_they_lie_flat_on_slanted_faces(run):
    from meshloom.kernels.splatting.densify import rotations

    corners = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 1], [0, 0, -1]], np.float32)
    mesh = Mesh(corners, np.array([[0, 1, 2], [0, 3, 1]], np.int32))
    splats = from_mesh(mesh, count=200, run=run)
    thin = rotations(splats.quaternions)[:, :, 2]
    one = np.isclose(splats.means[:, 1], splats.means[:, 2], atol=1e-6) & (splats.means[:, 2] > 0)
    np.testing.assert_allclose(np.abs(thin[one] @ [0, -1, 1]), 2**0.5, rtol=1e-5)
    np.testing.assert_allclose(np.abs(thin[~one] @ [0, 1, 0]), 1, rtol=1e-5)
    assert (splats.scales[:, 2] < splats.scales[:, 0]).all()


def test_colours_of_vertices_and_material(run):
    painted = from_mesh(quad(colours=np.full((4, 3), 200, np.uint8)), count=50, run=run)
    assert (painted.base_colours() == 200).all()
    plain = from_mesh(quad(material=Material(base_factor=(1.0, 0.0, 0.0, 1.0))), count=50, run=run)
    assert (plain.base_colours() == [255, 0, 0]).all()


def test_a_mesh_without_surface_is_told(run):
    with pytest.raises(NodeError, match="no surface"):
        from_mesh(Mesh(np.zeros((3, 3), np.float32), np.array([[0, 1, 2]], np.int32)), run=run)
    with pytest.raises(NodeError, match="no surface"):
        from_mesh(Mesh(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32)), run=run)
