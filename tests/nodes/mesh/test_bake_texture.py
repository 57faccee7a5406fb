"""Baking, judged by rendering the result where no photo was taken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from meshloom.graph_runtime.spec import Cancelled, NodeError
from meshloom.graph_runtime.types import Cameras, Image, Mesh
from meshloom.kernels.raycast.framing import direction
from meshloom.kernels.raycast.render import render
from meshloom.kernels.raycast.scene import Scene
from meshloom.kernels.raycast.view import View, look_from
from meshloom.nodes.mesh.bake_texture import bake_texture

UP = np.array([0.0, -1.0, 0.0])
SIZE = (160, 120)


def globe(rings: int = 20, around: int = 40) -> Mesh:
    """A unit sphere, unrolled: u goes around, v from the north pole (-y) down."""
    v, u = np.meshgrid(np.linspace(0, 1, rings + 1), np.linspace(0, 1, around + 1), indexing="ij")
    polar, azimuth = v * np.pi, u * 2 * np.pi
    points = np.stack([np.sin(polar) * np.cos(azimuth), -np.cos(polar), np.sin(polar) * np.sin(azimuth)], -1)
    row, column = np.meshgrid(np.arange(rings), np.arange(around), indexing="ij")
    a = row * (around + 1) + column
    b, c, d = a + 1, a + around + 1, a + around + 2
    faces = np.stack([a, b, d, a, d, c], -1).reshape(-1, 3).astype(np.int32)
    points = points.reshape(-1, 3).astype(np.float32)
    corner = points[faces]
    outward = np.einsum(
        "ij,ij->i", np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0]), corner.mean(axis=1)
    )
    faces = np.where((outward < 0)[:, None], faces[:, ::-1], faces)
    uv = np.stack([u, v], -1).reshape(-1, 2).astype(np.float32)
    return Mesh(points, faces, uv)


def pattern(size: int = 256) -> np.ndarray:
    """A texture with smooth tones and sharp patches."""
    y, x = np.mgrid[0:size, 0:size] / size
    tones = np.stack([0.5 + 0.3 * np.sin(6.28 * x), 0.5 + 0.3 * np.cos(9.42 * y), 0.4 + 0.2 * x], -1)
    patches = ((np.floor(x * 16) + np.floor(y * 12)) % 3 == 0)[..., None]
    return (np.where(patches, tones * 0.5, tones) * 255).astype(np.uint8)


def around(count: int, elevation: float = 20.0, distance: float = 4.0) -> list[View]:
    front = np.array([0.0, 0.0, -1.0])
    return [
        look_from(
            direction(360 * k / count, elevation * (-1) ** k, front) * distance, np.zeros(3), UP, 200, SIZE
        )
        for k in range(count)
    ]


def cameras_of(views: list[View]) -> Cameras:
    return Cameras(
        np.stack([view.intrinsics for view in views]),
        np.stack([np.hstack([view.rotation, view.shift[:, None]]) for view in views]),
        np.array([view.size for view in views], np.int32),
        tuple(f"{k}.jpg" for k in range(len(views))),
    )


def shoot(mesh: Mesh, texture: np.ndarray, views: list[View]) -> list[Image]:
    """Photos of the textured mesh before a bright background."""
    scene = Scene(mesh.vertices, mesh.faces, uv=mesh.uv, texture=texture)
    out = []
    for index, view in enumerate(views):
        frame = render(scene, view, samples=3)
        alpha = frame.alpha[..., None]
        colour = frame.colour * alpha + np.array([1.0, 0.2, 0.9]) * (1 - alpha)
        out.append(Image((colour * 255 + 0.5).astype(np.uint8), f"{index}.jpg"))
    return out


def psnr(mesh: Mesh, view: View, photo: Image) -> float:
    """Of the mesh against the photo, on pixels wholly on the mesh."""
    scene = Scene(mesh.vertices, mesh.faces, uv=mesh.uv, texture=mesh.material.base_colour)
    frame = render(scene, view, samples=3)
    inside = frame.alpha > 0.999
    return float(-10 * np.log10(((frame.colour - photo.as_float())[inside] ** 2).mean()))


@pytest.fixture(scope="module")
def taken() -> tuple[Mesh, list[View], list[Image], View, Image]:
    """(mesh, views, photos, a view from where no photo was taken, what it would have shown)."""
    mesh, views = globe(), around(8)
    unseen = look_from(direction(22.0, 5.0, np.array([0, 0, -1.0])) * 4, np.zeros(3), UP, 200, SIZE)
    *photos, held_out = shoot(mesh, pattern(), [*views, unseen])
    return mesh, views, photos, unseen, held_out


def test_a_view_from_elsewhere_looks_like_the_photo(taken, run):
    mesh, views, photos, unseen, held_out = taken
    baked = bake_texture(mesh, photos, cameras_of(views), size=512, run=run)
    assert psnr(baked.mesh, unseen, held_out) > 27
    assert baked.texture.pixels.shape == (512, 512, 3) and baked.texture.pixels.dtype == np.uint8
    assert np.array_equal(baked.mesh.material.base_colour, baked.texture.pixels)
    assert np.array_equal(baked.mesh.vertices, mesh.vertices) and mesh.material is None
    rows = baked.coverage.rows
    assert [row[0] for row in rows] == [*(f"{k}.jpg" for k in range(8)), "all"]
    assert rows[-1][1] > 0.85 and all(0.15 < row[1] < 0.6 for row in rows[:-1])
    # The background is nowhere on the model, not even along outlines.
    pixels = baked.texture.pixels.astype(int)
    assert (pixels[..., 0] - pixels[..., 1]).max() < 170


def test_it_is_deterministic_whatever_the_threads(taken, run):
    mesh, views, photos, _, _ = taken
    first = bake_texture(mesh, photos, cameras_of(views), size=128, run=run).texture.pixels
    run.threads = 1
    again = bake_texture(mesh, photos, cameras_of(views), size=128, run=run).texture.pixels
    assert np.array_equal(first, again)


def test_exposure_is_evened_out(taken, run):
    mesh, views, photos, unseen, held_out = taken
    stops = np.array([0.5, -0.5, 0.3, -0.3, 0.4, -0.4, 0.2, -0.2])
    uneven = []
    for photo, stop in zip(photos, stops, strict=True):
        level = photo.as_float()
        linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4) * 2.0**stop
        srgb = np.where(
            linear <= 0.0031308, linear * 12.92, 1.055 * np.maximum(linear, 1e-9) ** (1 / 2.4) - 0.055
        )
        uneven.append(Image((np.clip(srgb, 0, 1) * 255 + 0.5).astype(np.uint8), photo.name))
    baked = bake_texture(mesh, uneven, cameras_of(views), size=256, run=run)
    plain = bake_texture(mesh, uneven, cameras_of(views), size=256, exposure=False, run=run)
    assert psnr(baked.mesh, unseen, held_out) > 25
    assert psnr(baked.mesh, unseen, held_out) > psnr(plain.mesh, unseen, held_out) + 3
    found = np.log2([row[4] for row in baked.coverage.rows[:-1]])
    assert np.abs(found + stops - stops.mean()).max() < 0.06


def test_a_box_before_a_wall_does_not_paint_the_wall(run):
    wall = np.array([[-2, -2, 0], [2, -2, 0], [2, 2, 0], [-2, 2, 0]], np.float32)
    plate = np.array([[-0.4, -0.4, -1], [0.4, -0.4, -1], [0.4, 0.4, -1], [-0.4, 0.4, -1]], np.float32)
    square = np.array([[0, 2, 1], [0, 3, 2]], np.int32)  # facing -z, where the cameras are
    uv = np.array([[0, 0], [0.45, 0], [0.45, 1], [0, 1], [0.55, 0], [1, 0], [1, 1], [0.55, 1]], np.float32)
    corners = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
    normal = np.cross(wall[1] - wall[0], wall[2] - wall[0])
    faces = corners if normal[2] < 0 else square
    mesh = Mesh(np.concatenate([wall, plate]), np.concatenate([faces, faces + 4]), uv)
    truth = np.zeros((64, 128, 3), np.uint8)
    truth[:, :64], truth[:, 64:] = (0, 200, 0), (220, 0, 0)  # green wall, red plate
    views = [look_from(np.array([x, 0.0, -5]), np.zeros(3), UP, 150, SIZE) for x in (-1.5, 0.0, 1.5)]
    baked = bake_texture(
        mesh, shoot(mesh, truth, views), cameras_of(views), size=256, exposure=False, run=run
    )
    left, right = baked.texture.pixels[:, :110].astype(int), baked.texture.pixels[:, 146:].astype(int)
    assert (
        left[..., 0].max() < 40 and left[..., 1].min() > 120
    )  # also what the plate hides from all is filled green
    assert right[..., 0].min() > 150 and right[..., 1].max() < 60


def test_a_passer_by_in_one_photo_is_ignored(taken, run):
    mesh = taken[0]
    views = around(14)
    photos = shoot(mesh, pattern(), views)
    spoilt = photos[0].pixels.copy()
    spoilt[40:80, 60:100] = 255, 255, 0
    spoilt = [Image(spoilt, "0.jpg"), *photos[1:]]
    kept = bake_texture(mesh, spoilt, cameras_of(views), size=256, exposure=False, run=run)
    naive = bake_texture(mesh, spoilt, cameras_of(views), size=256, exposure=False, reject=False, run=run)
    assert psnr(kept.mesh, views[0], photos[0]) > psnr(naive.mesh, views[0], photos[0]) + 4


def test_the_unseen_is_filled_from_around_it(taken, run):
    mesh, views, _, _, _ = taken
    grey = np.full((16, 16, 3), 90, np.uint8)
    few = views[:1]
    baked = bake_texture(mesh, shoot(mesh, grey, few), cameras_of(few), size=128, run=run)
    assert np.abs(baked.texture.pixels.astype(int) - 90).max() <= 2
    assert baked.coverage.rows[-1][1] < 0.5 and "filled" in run.warnings[0]


def test_transparent_pixels_and_black_borders_are_not_used(taken, run):
    mesh, views, photos, unseen, held_out = taken
    cut, framed_ = [], []
    for photo in photos:
        alpha = np.full((120, 160, 1), 255, np.uint8)
        alpha[:, :75] = 0
        pixels = photo.pixels.copy()
        pixels[:, :75] = 255, 255, 0
        cut.append(Image(np.concatenate([pixels, alpha], axis=2), photo.name))
        black = photo.pixels.copy()
        black[:50] = 0
        framed_.append(Image(black, photo.name))
    for altered in (cut, framed_):
        baked = bake_texture(
            mesh, altered, cameras_of(views), size=256, exposure=False, reject=False, run=run
        )
        assert psnr(baked.mesh, unseen, held_out) > 24


def test_photos_of_another_size_than_the_cameras_fit(taken, run):
    mesh, views, photos, unseen, held_out = taken
    half = cameras_of(views).scaled(np.full((8, 2), (80, 60)))
    baked = bake_texture(mesh, photos, half, size=256, run=run)
    assert psnr(baked.mesh, unseen, held_out) > 25


def test_what_does_not_fit_is_explained(taken, run):
    mesh, views, photos, _, _ = taken
    cameras = cameras_of(views)
    with pytest.raises(NodeError, match="no UV") as problem:
        bake_texture(Mesh(mesh.vertices, mesh.faces), photos, cameras, run=run)
    assert "mesh.unwrap" in problem.value.hint
    with pytest.raises(NodeError, match="7 photos but 8 cameras"):
        bake_texture(mesh, photos[1:], cameras, run=run)
    with pytest.raises(NodeError, match="no photos"):
        bake_texture(mesh, [], cameras.select([]), run=run)
    with pytest.raises(NodeError, match="belongs to"):
        bake_texture(mesh, photos[::-1], cameras, run=run)
    with pytest.raises(NodeError, match="distortion"):
        bake_texture(mesh, photos, replace(cameras, distortion=np.full((8, 4), 0.1)), run=run)
    with pytest.raises(NodeError, match="another shape"):
        bake_texture(mesh, [Image(p.pixels[:60], p.name) for p in photos], cameras, run=run)
    with pytest.raises(NodeError, match="no faces"):
        bake_texture(Mesh(mesh.vertices, np.zeros((0, 3), np.int32), mesh.uv), photos, cameras, run=run)
    with pytest.raises(NodeError, match="cover no texel"):
        bake_texture(Mesh(mesh.vertices, mesh.faces, mesh.uv * 0), photos, cameras, size=64, run=run)
    away = replace(cameras, extrinsics=cameras.extrinsics * np.array([1, 1, 1, -1.0]))
    with pytest.raises(NodeError, match="no photo sees the mesh") as problem:
        bake_texture(mesh, photos, away, size=64, run=run)
    assert "same reconstruction" in problem.value.hint
    with pytest.raises(NodeError, match="front of any face"):
        bake_texture(
            Mesh(mesh.vertices, mesh.faces[:, ::-1].copy(), mesh.uv), photos, cameras, size=64, run=run
        )


def test_it_can_be_cancelled_while_blending(taken, run, monkeypatch):
    mesh, views, photos, _, _ = taken

    def progress(done: float, total: float = 1.0, message: str = "") -> None:
        if message == "blending":
            raise Cancelled

    monkeypatch.setattr(run, "progress", progress)
    with pytest.raises(Cancelled):
        bake_texture(mesh, photos, cameras_of(views), size=128, run=run)
