"""The preview picture: any combination of inputs, framed, lit and standing on its shadow."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Cameras, Material, Mesh, PointCloud
from meshloom.nodes.render.preview import preview

BACKGROUND = (0.93, 0.935, 0.945)


def cube(half: float = 1.0, colour: tuple[int, int, int] | None = (200, 30, 20)) -> Mesh:
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float32) * half
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))], np.int32)
    return Mesh(
        corners, faces, colours=None if colour is None else np.tile(np.array([colour], np.uint8), (8, 1))
    )


def ring(count: int = 6) -> Cameras:
    poses = []
    for angle in np.linspace(0, 2 * np.pi, count, endpoint=False):
        rotation = np.array(
            [[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]]
        )
        poses.append(np.hstack([rotation, [[0], [0], [5.0]]]))
    intrinsics = np.tile(np.array([[80.0, 0, 40], [0, 80, 30], [0, 0, 1]]), (count, 1, 1))
    names = tuple(str(k) for k in range(count))
    return Cameras(intrinsics, np.array(poses), np.tile(np.array([[80, 60]], np.int32), (count, 1)), names)


def cloud(count: int = 2000) -> PointCloud:
    points = np.random.default_rng(0).normal(size=(count, 3)).astype(np.float32)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return PointCloud(points, np.tile(np.array([[20, 120, 30]], np.uint8), (count, 1)))


def shown(pixels: np.ndarray, strongest: int) -> np.ndarray:
    """Pixels clearly of one of the primary colours."""
    others = [channel for channel in range(3) if channel != strongest]
    return (pixels[..., strongest].astype(int) - pixels[..., others].max(axis=2)) > 40


def test_a_mesh_fills_the_picture_and_throws_a_shadow(run):
    image = preview(mesh=cube(), width=120, height=90, run=run)
    assert image.pixels.shape == (90, 120, 3) and image.pixels.dtype == np.uint8
    red = shown(image.pixels, 0)
    rows, columns = np.nonzero(red)
    assert 0.75 * 90 < np.ptp(rows) < 90 or 0.75 * 120 < np.ptp(columns) < 120
    without = preview(mesh=cube(), width=120, height=90, floor=False, run=run).pixels.astype(int)
    darker = without - image.pixels
    assert darker[~red].max() > 25 and np.median(np.abs(darker[red])) == 0
    below, above = darker[60:][~red[60:]], darker[:15][~red[:15]]
    assert below.mean() > above.mean() + 3


def test_the_top_is_lit_more_than_the_sides(run):
    pixels = preview(mesh=cube(colour=None), width=120, height=90, elevation=35, floor=False, run=run).pixels
    middle = pixels[:, 60, 0].astype(int)
    assert middle[25] > middle[65] + 10


@pytest.mark.parametrize(
    "given", ["points", "cameras", "points+cameras", "mesh+cameras", "mesh+points+cameras"]
)
def test_any_combination_is_drawn(run, given: str):
    things = {"mesh": cube(0.5), "points": cloud(), "cameras": ring()}
    pixels = preview(
        **{name: things[name] for name in given.split("+")}, width=160, height=120, run=run
    ).pixels
    assert ("points" in given) == (shown(pixels, 1).sum() > 200)
    if "cameras" in given:
        assert (shown(pixels, 2) | shown(pixels, 0)).sum() > 100
    if given == "mesh+cameras":
        assert shown(pixels, 0).sum() > 300


def test_strays_do_not_shrink_the_subject(run):
    points = cloud()
    far = np.concatenate([points.positions, np.full((5, 3), 300, np.float32)])
    image = preview(points=PointCloud(far), width=120, height=90, run=run)
    rows, _ = np.nonzero((image.pixels < 180).all(axis=2))
    assert np.ptp(rows) > 60


def test_a_textured_mesh_shows_its_texture(run):
    mesh = cube(colour=None)
    uv = np.random.default_rng(0).random((8, 2)).astype(np.float32)
    green = Material(base_colour=np.tile(np.array([[[10, 180, 40]]], np.uint8), (8, 8, 1)))
    image = preview(mesh=Mesh(mesh.vertices, mesh.faces, uv, material=green), width=80, height=60, run=run)
    assert shown(image.pixels, 1).sum() > 800


def test_the_backdrop_has_the_colour_asked_for(run):
    pixels = preview(points=cloud(50), width=80, height=60, background=(0.2, 0.2, 0.5), run=run).pixels
    assert np.abs(pixels[0, 0].astype(int) - [51, 51, 127]).max() < 30


def test_odd_things_do_not_break_it(run):
    one = PointCloud(np.array([[3, 4, 5]], np.float32))
    assert preview(points=one, width=40, height=30, run=run).pixels.std() > 0
    holes = PointCloud(np.array([[0, 0, 0], [np.nan, 0, 0], [1, 1, 1], [0, np.inf, 0]], np.float32))
    assert preview(points=holes, width=40, height=30, run=run).pixels.shape == (30, 40, 3)
    flat = Mesh(cube().vertices * np.array([1, 0, 1], np.float32), cube().faces)
    assert preview(mesh=flat, width=40, height=30, run=run).pixels.std() > 0
    assert preview(cameras=ring(1), width=40, height=30, run=run).pixels.std() > 0
    assert preview(mesh=cube(), elevation=85, width=16, height=64, run=run).pixels.shape == (64, 16, 3)


def test_nothing_to_draw_is_explained(run):
    with pytest.raises(NodeError, match="nothing to draw"):
        preview(run=run)
    with pytest.raises(NodeError, match="nothing to draw"):
        preview(points=PointCloud(np.zeros((0, 3), np.float32)), run=run)
    with pytest.raises(NodeError, match="no faces"):
        preview(mesh=Mesh(np.zeros((3, 3), np.float32), np.zeros((0, 3), np.int32)), run=run)


def test_same_input_same_picture(run):
    first = preview(mesh=cube(), points=cloud(), cameras=ring(), width=80, height=60, run=run).pixels
    assert np.array_equal(
        first, preview(mesh=cube(), points=cloud(), cameras=ring(), width=80, height=60, run=run).pixels
    )
