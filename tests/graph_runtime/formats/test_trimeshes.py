"""A mesh goes to trimesh and back without losing anything."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats.trimeshes import checked_mesh, from_trimesh, to_trimesh
from meshloom.graph_runtime.types import Material, Mesh

RNG = np.random.default_rng(3)
VERTICES = np.float32([[0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3]])
FACES = np.int32([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
UV = RNG.random((4, 2), np.float32)
COLOURS = RNG.integers(0, 256, (4, 3), np.uint8)
NORMALS = (VERTICES + 0.5) / np.linalg.norm(VERTICES + 0.5, axis=1, keepdims=True).astype(np.float32)


def same(one: Mesh, other: Mesh) -> None:
    for name in ("vertices", "faces", "uv", "colours"):
        left, right = getattr(one, name), getattr(other, name)
        assert (left is None) == (right is None), name
        if left is not None:
            np.testing.assert_array_equal(left, right, err_msg=name)
    assert (one.normals is None) == (other.normals is None)
    if one.normals is not None:
        np.testing.assert_allclose(one.normals, other.normals, atol=1e-6)


@pytest.mark.parametrize("uv", [None, UV])
@pytest.mark.parametrize("colours", [None, COLOURS])
@pytest.mark.parametrize("normals", [None, NORMALS])
def test_geometry_comes_back_exactly(
    uv: np.ndarray | None, colours: np.ndarray | None, normals: np.ndarray | None
) -> None:
    mesh = Mesh(VERTICES, FACES, uv, normals, colours)
    same(from_trimesh(to_trimesh(mesh)), mesh)


def test_the_material_comes_back() -> None:
    material = Material(
        base_colour=RNG.integers(0, 256, (4, 6, 3), np.uint8),
        base_factor=(1.0, 0.2, 0.4, 1.0),
        metallic_roughness=RNG.integers(0, 256, (2, 2, 3), np.uint8),
        metallic=0.25,
        roughness=0.75,
        normal=RNG.integers(0, 256, (2, 2, 3), np.uint8),
    )
    back = from_trimesh(to_trimesh(Mesh(VERTICES, FACES, UV, material=material))).material
    assert back is not None
    np.testing.assert_array_equal(back.base_colour, material.base_colour)
    np.testing.assert_array_equal(back.metallic_roughness, material.metallic_roughness)
    np.testing.assert_array_equal(back.normal, material.normal)
    assert back.base_factor == pytest.approx(material.base_factor)
    assert (back.metallic, back.roughness) == (0.25, 0.75)


def test_trimesh_samples_the_texel_that_the_uv_names() -> None:
    texture = np.zeros((2, 2, 3), np.uint8)
    texture[0, 0] = (255, 0, 0)  # top left, which is uv (0, 0) in glTF
    uv = np.float32([[0.25, 0.25]] * 4)
    made = to_trimesh(Mesh(VERTICES, FACES, uv, material=Material(base_colour=texture)))
    colours = made.visual.to_color().vertex_colors
    np.testing.assert_array_equal(colours[:, :3], [[255, 0, 0]] * 4)


def test_the_copy_may_be_changed() -> None:
    made = to_trimesh(Mesh(VERTICES, FACES, colours=COLOURS))
    made.apply_translation([1, 2, 3])
    made.update_faces([True, False, True, True])
    assert from_trimesh(made).faces.shape == (3, 3)


def test_face_colours_give_each_face_its_own_vertices() -> None:
    made = trimesh.Trimesh(
        VERTICES, FACES, process=False, face_colors=[[i * 10, 0, 0, 255] for i in range(4)]
    )
    mesh = from_trimesh(made)
    assert mesh.vertices.shape == (12, 3) and mesh.colours is not None
    np.testing.assert_array_equal(mesh.colours[:, 0].reshape(4, 3), np.arange(4)[:, None] * [10, 10, 10])
    np.testing.assert_array_equal(mesh.vertices[mesh.faces], VERTICES[FACES])


def test_what_is_no_mesh_says_why() -> None:
    with pytest.raises(NodeError, match="2 vertices that are no finite"):
        checked_mesh("a.ply", [[0, 0, 0], [np.nan, 0, 0], [1e300, 0, 0]], [[0, 1, 2]])
    with pytest.raises(NodeError, match="face of vertex 7"):
        checked_mesh("a.ply", VERTICES, [[0, 1, 7]])
    with pytest.raises(NodeError, match="face of vertex -1"):
        checked_mesh("a.ply", VERTICES, [[0, 1, -1]])
