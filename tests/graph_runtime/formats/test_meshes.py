"""Meshes come back from every format, the right way up, and hostile files are refused."""

from __future__ import annotations

import json
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from numpy.typing import NDArray

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.formats.gltf_writing import glb
from meshloom.graph_runtime.formats.meshes import read_mesh, write_mesh, write_obj
from meshloom.graph_runtime.types import Material, Mesh

RNG = np.random.default_rng(4)
# An arrow that points up, right and towards the viewer by different lengths. Our world: y down, z away.
ARROW = np.float32([[0, 0, 0], [1, 0, 0], [0, -2, 0], [0, 0, -3]])
FACES = np.int32([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
NORMALS = (ARROW + np.float32(0.5)) / np.linalg.norm(ARROW + 0.5, axis=1, keepdims=True).astype(np.float32)
COLOURS = np.uint8([[0, 1, 2], [255, 128, 7], [30, 40, 50], [9, 99, 199]])
UV = np.float32([[0.125, 0.25], [1, 0], [0, 1], [0.75, 0.5]])
TEXTURE = RNG.integers(0, 256, (8, 16, 3), np.uint8)


def put(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


def full() -> Mesh:
    material = Material(
        base_colour=TEXTURE,
        base_factor=(1.0, 0.123456, 0.5, 1.0),
        metallic_roughness=TEXTURE[:4, :4],
        metallic=0.3,
        roughness=0.7,
        normal=TEXTURE[4:, :8],
    )
    return Mesh(ARROW, FACES, UV, NORMALS, COLOURS, material)


def same(one: Mesh, other: Mesh, *names: str, atol: float = 0) -> None:
    for name in names:
        left, right = getattr(one, name), getattr(other, name)
        assert left is not None and right is not None, name
        np.testing.assert_allclose(left, right, atol=atol, rtol=0, err_msg=name)


def test_glb_keeps_everything(tmp_path: Path) -> None:
    back = read_mesh(put(tmp_path, "a.glb", write_mesh(full())))
    same(back, full(), "vertices", "faces", "uv", "colours")
    same(back, full(), "normals", atol=1e-6)
    assert back.material is not None
    expected = full().material
    assert expected is not None
    for name in ("base_colour", "metallic_roughness", "normal"):
        np.testing.assert_array_equal(getattr(back.material, name), getattr(expected, name))
    assert back.material.base_factor == pytest.approx(expected.base_factor)
    assert (back.material.metallic, back.material.roughness) == (0.3, 0.7)


def test_glb_keeps_every_vertex_colour_and_stores_it_linear(tmp_path: Path) -> None:
    levels = np.arange(256, dtype=np.uint8).repeat(3).reshape(-1, 3)
    mesh = Mesh(RNG.random((256, 3), np.float32), np.int32([[0, 1, 2]]), colours=levels)
    path = put(tmp_path, "a.glb", write_mesh(mesh))
    same(read_mesh(path), mesh, "colours")
    # sRGB 188 is half of the light.
    stored = trimesh.load_scene(path).geometry.popitem()[1].visual.vertex_attributes["color"]
    assert stored[188, 0] == pytest.approx(0.5 * 65535, rel=0.01)


def test_up_in_our_world_is_plus_y_in_glb_and_obj_and_plus_z_in_stl(tmp_path: Path) -> None:
    expected = {
        "glb": [[0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 3]],
        "stl": [[0, 0, 0], [1, 0, 0], [0, 0, 2], [0, -3, 0]],
    }
    expected["obj"] = expected["glb"]
    mesh = Mesh(ARROW, FACES)
    for format, corners in expected.items():
        data = write_obj(mesh, "a")["a.obj"] if format == "obj" else write_mesh(mesh, format)
        seen = trimesh.load_mesh(put(tmp_path, f"a.{format}", data), process=True)
        seen_corners = sorted(np.asarray(seen.vertices).round(6).tolist())
        assert seen_corners == sorted(np.float64(corners).tolist()), format
        # Faces still look outwards.
        assert seen.volume == pytest.approx(1.0), format


@pytest.mark.parametrize("format", ["glb", "ply", "stl", "obj"])
def test_vertices_and_faces_come_back_exactly(tmp_path: Path, format: str) -> None:
    mesh = Mesh(
        RNG.normal(size=(30, 3)).astype(np.float32), RNG.permutation(30).reshape(-1, 3).astype(np.int32)
    )
    data = write_obj(mesh, "a")["a.obj"] if format == "obj" else write_mesh(mesh, format)
    back = read_mesh(put(tmp_path, f"a.{format}", data))
    np.testing.assert_array_equal(back.vertices[back.faces], mesh.vertices[mesh.faces])
    if format != "stl":
        np.testing.assert_array_equal(back.vertices, mesh.vertices)


def test_ply_keeps_all_but_the_material(tmp_path: Path) -> None:
    back = read_mesh(put(tmp_path, "a.ply", write_mesh(full(), "ply")))
    same(back, full(), "vertices", "faces", "colours")
    same(back, full(), "normals", "uv", atol=1e-6)
    import open3d

    seen = open3d.io.read_triangle_mesh(str(tmp_path / "a.ply"))
    np.testing.assert_allclose(np.asarray(seen.vertex_colors) * 255, COLOURS, atol=1e-4)
    np.testing.assert_array_equal(np.asarray(seen.triangles), FACES)


def test_obj_keeps_texture_colour_and_normals(tmp_path: Path) -> None:
    mesh = Mesh(ARROW, FACES, UV, NORMALS, None, Material(base_colour=TEXTURE))
    files = write_obj(mesh, "model")
    assert sorted(files) == ["model.mtl", "model.obj", "model.png"]
    for name, data in files.items():
        put(tmp_path, name, data)
    back = read_mesh(tmp_path / "model.obj")
    same(back, mesh, "vertices", "faces", "uv")
    same(back, mesh, "normals", atol=1e-6)
    assert back.material is not None
    np.testing.assert_array_equal(back.material.base_colour, TEXTURE)
    coloured = read_mesh(put(tmp_path, "c.obj", write_obj(Mesh(ARROW, FACES, colours=COLOURS), "c")["c.obj"]))
    same(coloured, Mesh(ARROW, FACES, colours=COLOURS), "vertices", "colours")


def test_stl_joins_corners_again_and_reads_text(tmp_path: Path) -> None:
    mesh = Mesh(ARROW, FACES)
    back = read_mesh(put(tmp_path, "a.stl", write_mesh(mesh, "stl")))
    assert len(back.vertices) == 4
    text = "solid a\nfacet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 0 2\n"
    text += "endloop\nendfacet\n"
    back = read_mesh(put(tmp_path, "b.stl", f"{text}endsolid a\n".encode()))
    assert back.vertices[back.faces[0]].tolist() == [[0, 0, 0], [1, 0, 0], [0, -2, 0]]


def test_ply_polygons_and_meshlab_corners(tmp_path: Path) -> None:
    header = "ply\nformat ascii 1.0\nelement vertex 4\nproperty float x\nproperty float y\nproperty float z\n"
    header += "element face 2\nproperty list uchar int vertex_indices\n"
    header += "property list uchar float texcoord\nend_header\n"
    corners = "0 0 0\n1 0 0\n1 1 0\n0 1 0\n"
    faces = "4 0 1 2 3 8 0 0 1 0 1 1 0 1\n3 0 1 2 6 0.5 0.5 1 0 1 1\n"
    mesh = read_mesh(put(tmp_path, "a.ply", (header + corners + faces).encode()))
    assert len(mesh.faces) == 3
    # Vertex 0 has another uv in the second face: it is there twice.
    assert len(mesh.vertices) == 5 and mesh.uv is not None
    where = mesh.uv[mesh.faces[2][0]]
    np.testing.assert_allclose(where, [0.5, 0.5])
    np.testing.assert_allclose(mesh.vertices[mesh.faces[1]], [[0, 0, 0], [1, 1, 0], [0, 1, 0]])


# ---------------------------------------------------------------------------------------------- scenes


def test_a_scene_is_flattened_with_its_transforms(tmp_path: Path) -> None:
    box = trimesh.creation.box(extents=[1, 2, 4])
    scene = trimesh.Scene()
    turn = trimesh.transformations.rotation_matrix(np.pi / 2, [0, 0, 1])
    turn[:3, 3] = [10, 0, 0]
    mirror = np.diag([-1.0, 1, 1, 1])
    scene.add_geometry(box, node_name="a", transform=turn)
    scene.add_geometry(box, node_name="b", transform=mirror)
    mesh = read_mesh(put(tmp_path, "a.glb", scene.export(file_type="glb")))
    assert len(mesh.faces) == 24
    world = trimesh.Trimesh(mesh.vertices, mesh.faces)
    # y-up to y-down: the box of 1 x 2 x 4 turned by 90 degrees about z lies 2 wide and 1 high at x = 10.
    np.testing.assert_allclose(mesh.vertices.max(axis=0), [11, 1, 2], atol=1e-5)
    np.testing.assert_allclose(mesh.vertices.min(axis=0), [-0.5, -1, -2], atol=1e-5)
    assert world.volume == pytest.approx(16, rel=1e-5)


def quad(left: float, uv_scale: float, material: Any) -> trimesh.Trimesh:
    corners = np.float64([[left, 0, 0], [left + 1, 0, 0], [left + 1, 1, 0], [left, 1, 0]])
    uv = np.float64([[0, 0], [1, 0], [1, 1], [0, 1]]) * uv_scale
    visual = trimesh.visual.TextureVisuals(uv=uv, material=material)
    return trimesh.Trimesh(corners, [[0, 1, 2], [0, 2, 3]], visual=visual, process=False)


def sampled(mesh: Mesh, face: int, weights: tuple[float, float, float]) -> NDArray[np.uint8]:
    """The colour of the texture at a place of a face."""
    assert mesh.uv is not None and mesh.material is not None and mesh.material.base_colour is not None
    u, v = np.float64(weights) @ mesh.uv[mesh.faces[face]].astype(np.float64)
    height, width = mesh.material.base_colour.shape[:2]
    return mesh.material.base_colour[int(v * height), int(u * width), :3]


@pytest.mark.parametrize("format", ["glb", "obj"])
def test_several_textures_become_one_atlas(tmp_path: Path, format: str) -> None:
    from PIL import Image as Pillow

    pbr = trimesh.visual.material.PBRMaterial
    checker = np.zeros((32, 32, 3), np.uint8)
    checker[:16, :16], checker[16:, 16:] = (255, 0, 0), (0, 0, 255)
    materials = [
        pbr(name="one", baseColorTexture=Pillow.fromarray(checker)),
        pbr(name="two", baseColorTexture=Pillow.new("RGB", (64, 16), (0, 200, 0))),
        pbr(name="three", baseColorFactor=[0, 0, 255, 255]),
    ]
    scene = trimesh.Scene([quad(0, 1, materials[0]), quad(2, 3, materials[1]), quad(4, 1, materials[2])])
    if format == "obj":
        text, files = trimesh.exchange.obj.export_obj(scene, return_texture=True, mtl_name="a.mtl")
        for name, data in files.items():
            put(tmp_path, name, data)
        path = put(tmp_path, "a.obj", text.encode())
    else:
        path = put(tmp_path, "a.glb", scene.export(file_type="glb"))
    told: list[str] = []
    mesh = read_mesh(path, told.append)
    assert len(mesh.faces) == 6
    order = {int(mesh.vertices[mesh.faces[face], 0].min()): face for face in range(0, 6, 2)}
    # Upright: uv (0, 0) of trimesh is bottom left; the checker is red top left and blue bottom right.
    assert sampled(mesh, order[0] + 1, (0.1, 0.1, 0.8)).tolist() == [255, 0, 0]
    assert sampled(mesh, order[0], (0.1, 0.8, 0.1)).tolist() == [0, 0, 255]
    assert sampled(mesh, order[2], (0.3, 0.3, 0.4)).tolist() == [0, 200, 0]
    assert sampled(mesh, order[4], (0.3, 0.3, 0.4)).tolist() == [0, 0, 255]
    assert not told


def test_several_plain_materials_become_vertex_colours(tmp_path: Path) -> None:
    pbr = trimesh.visual.material.PBRMaterial
    red, grey = pbr(baseColorFactor=[255, 0, 0, 255]), pbr(baseColorFactor=[55, 55, 55, 255])
    scene = trimesh.Scene([quad(0, 1, red), quad(2, 1, grey)])
    mesh = read_mesh(put(tmp_path, "a.glb", scene.export(file_type="glb")))
    assert mesh.colours is not None
    # The factor is linear: 55 of 255 is sRGB 128.
    found = {tuple(colour) for colour in mesh.colours.tolist()}
    assert (255, 0, 0) in found and len(found) == 2
    assert all(abs(part - 128) <= 1 for part in (found - {(255, 0, 0)}).pop())


def test_gltf_with_files_beside_it(tmp_path: Path) -> None:
    scene = trimesh.Scene([trimesh.creation.box()])
    for name, data in trimesh.exchange.gltf.export_gltf(scene).items():
        put(tmp_path, name, data)
    assert len(read_mesh(tmp_path / "model.gltf").faces) == 12
    document = json.loads((tmp_path / "model.gltf").read_text())
    for uri, says in (
        ("../secret.bin", "outside"),
        ("/etc/passwd", "outside"),
        ("http://a.b/c", "outside"),
        ("no.bin", "beside"),
    ):
        document["buffers"][0]["uri"] = uri
        with pytest.raises(NodeError, match=says):
            read_mesh(put(tmp_path, "b.gltf", json.dumps(document).encode()))


# ----------------------------------------------------------------------------------------------- hostile


def changed(change: Any) -> bytes:
    data = write_mesh(full())
    length = struct.unpack_from("<I", data, 12)[0]
    document = json.loads(data[20 : 20 + length])
    change(document)
    return glb(json.dumps(document).encode(), data[28 + length :])


def set_in(*path: Any, to: Any) -> Any:
    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = to

    return change


@pytest.mark.parametrize(
    "change",
    [
        set_in("accessors", 0, "count", to=4_000_000_000),
        set_in("accessors", 0, "count", to=-1),
        set_in("accessors", 0, "byteOffset", to=-8),
        set_in("accessors", 0, "componentType", to=77),
        set_in("accessors", 0, "type", to="MAT4"),
        set_in("accessors", 1, "count", to=3),
        set_in("bufferViews", 0, "byteLength", to=10**12),
        set_in("bufferViews", 0, "byteStride", to=0),
        set_in("bufferViews", 0, "buffer", to=5),
        set_in("meshes", 0, "primitives", 0, "attributes", "POSITION", to=99),
        set_in("meshes", 0, "primitives", 0, "attributes", to={}),
        set_in("nodes", 0, "mesh", to="x"),
        set_in("nodes", 0, "children", to=[0]),
        set_in("scenes", 0, "nodes", to=[9]),
        set_in("nodes", 0, "matrix", to=[1, 2]),
        set_in("materials", 0, "pbrMetallicRoughness", "baseColorFactor", to=[1]),
        set_in("extensionsRequired", to=["KHR_draco_mesh_compression"]),
        set_in("scenes", to="hello"),
        set_in("accessors", 0, to={"componentType": 5126, "count": 10**11, "type": "VEC3"}),
    ],
)
def test_glb_that_lies_is_refused_without_spending_memory(tmp_path: Path, change: Any) -> None:
    path = put(tmp_path, "a.glb", changed(change))
    tracemalloc.start()
    with pytest.raises(NodeError, match=r"a\.glb"):
        read_mesh(path)
    assert tracemalloc.get_traced_memory()[1] < 50e6
    tracemalloc.stop()


def test_a_scene_that_multiplies_itself_is_refused(tmp_path: Path) -> None:
    def multiply(document: Any) -> None:
        document["accessors"][0] = {"componentType": 5126, "count": 60_000_000, "type": "VEC3"}
        document["meshes"][0]["primitives"] = [{"attributes": {"POSITION": 0}, "mode": 1}]
        document["nodes"] = [{"mesh": 0, "children": [1]}, {"mesh": 0}]

    with pytest.raises(NodeError, match="no triangles"):
        read_mesh(put(tmp_path, "a.glb", changed(multiply)))


@pytest.mark.parametrize("format", ["glb", "ply", "stl"])
def test_truncated_files_are_named_and_explained(tmp_path: Path, format: str) -> None:
    data = write_mesh(full(), format)
    for part in (0.05, 0.5, 0.95):
        with pytest.raises(NodeError, match=r"cut\."):
            read_mesh(put(tmp_path, f"cut.{format}", data[: int(len(data) * part)]))


@pytest.mark.parametrize("format", ["glb", "ply", "stl", "obj"])
def test_damaged_files_raise_clean_errors_or_still_read(tmp_path: Path, format: str) -> None:
    mesh = full()
    data = write_obj(mesh, "a")["a.obj"] if format == "obj" else write_mesh(mesh, format)
    random = np.random.default_rng(8)
    for _ in range(150):
        broken = np.frombuffer(data, np.uint8).copy()
        places = random.integers(0, min(len(broken), 3000), random.integers(1, 8))
        broken[places] = random.integers(0, 256, len(places))
        try:
            read_mesh(put(tmp_path, f"a.{format}", broken.tobytes()))
        except NodeError as error:
            assert "a." in str(error)


def test_a_broken_texture_is_left_out_and_told_of(tmp_path: Path) -> None:
    data = write_mesh(full())
    at = data.index(b"\x89PNG")
    told: list[str] = []
    mesh = read_mesh(put(tmp_path, "a.glb", data[:at] + b"junk" + data[at + 4 :]), told.append)
    assert mesh.material is not None and mesh.material.base_colour is None
    assert "left out" in told[0]


def test_what_is_no_mesh_says_so(tmp_path: Path) -> None:
    points = (
        b"ply\nformat ascii 1.0\nelement vertex 1\nproperty float x\nproperty float y\nproperty float z\n"
    )
    points += b"end_header\n1 2 3\n"
    nan = points.replace(b"1 2 3", b"nan 2 3\n3 0 0 0").replace(
        b"end_header", b"element face 1\nproperty list uchar int vertex_indices\nend_header"
    )
    cases = [
        ("a.ply", points, "cloud.load"),
        ("a.ply", nan, "no finite number"),
        ("a.obj", b"v 1 2 3\n", "no faces"),
        ("a.obj", b"v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 900\n", "a.obj"),
        ("a.fbx", b"Kaydara FBX", "expected GLB"),
        ("a.glb", b"", "empty"),
        ("a.glb", b"\x89PNG....", "glTF"),
        ("a.stl", b"\0" * 100, "no triangles"),
        ("a.stl", b"\0" * 80 + b"\xff\xff\xff\xff" + b"\0" * 50, "more than the file"),
    ]
    for name, data, says in cases:
        with pytest.raises(NodeError, match=says):
            read_mesh(put(tmp_path, name, data))


def test_nothing_cannot_be_a_glb() -> None:
    with pytest.raises(NodeError, match="0 faces"):
        write_mesh(Mesh(ARROW, np.empty((0, 3), np.int32)))
    with pytest.raises(NodeError, match="expected one of glb, ply, stl"):
        write_mesh(full(), "fbx")
