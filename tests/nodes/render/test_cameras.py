"""Pictures through the photos' cameras."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import Cancelled, NodeError
from meshloom.graph_runtime.types import Cameras, Material, Mesh
from meshloom.nodes.render.cameras import cameras as render_cameras

SQUARE = np.array([[-1, -1, 4], [1, -1, 4], [1, 1, 4], [-1, 1, 4]], np.float32)
FACES = np.array([[0, 2, 1], [0, 3, 2]], np.int32)
UV = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)


def eyes(count: int = 2, distortion: np.ndarray | None = None) -> Cameras:
    """Cameras at the origin, 64x48, that see the square 32 pixels wide in their middle."""
    intrinsics = np.tile(np.array([[64.0, 0, 32], [0, 64, 24], [0, 0, 1]]), (count, 1, 1))
    poses = np.tile(np.eye(3, 4), (count, 1, 1))
    names = tuple(f"IMG_{k}.jpg" for k in range(count))
    return Cameras(intrinsics, poses, np.tile(np.array([[64, 48]], np.int32), (count, 1)), names, distortion)


def test_size_name_alpha_and_texture(run):
    texture = np.zeros((4, 4, 3), np.uint8)
    texture[:2], texture[2:] = (200, 40, 10), (10, 60, 220)
    pictures = render_cameras(
        Mesh(SQUARE, FACES, UV, material=Material(base_colour=texture)), eyes(), run=run
    )
    assert [each.name for each in pictures] == ["IMG_0.jpg", "IMG_1.jpg"]
    pixels = pictures[0].pixels
    assert pixels.shape == (48, 64, 4) and pixels.dtype == np.uint8 and pictures[0].focal_px == 64
    assert (pixels[..., 3] == 255).sum() == 32 * 32 and (pixels[..., 3] == 0).sum() == 48 * 64 - 32 * 32
    assert pixels[10, 32, :3].tolist() == [200, 40, 10] and pixels[38, 32, :3].tolist() == [10, 60, 220]


def test_scale_and_background(run):
    (picture,) = render_cameras(Mesh(SQUARE, FACES), eyes(1), scale=0.5, background=(1.0, 0.0, 0.0), run=run)
    assert picture.pixels.shape == (24, 32, 4)
    assert picture.pixels[0, 0].tolist() == [255, 0, 0, 0]


def test_vertex_colours_and_material_colour(run):
    colours = np.tile(np.array([[30, 140, 70]], np.uint8), (4, 1))
    (picture,) = render_cameras(Mesh(SQUARE, FACES, colours=colours), eyes(1), run=run)
    assert picture.pixels[24, 32, :3].tolist() == [30, 140, 70]
    tinted = Mesh(SQUARE, FACES, material=Material(base_factor=(1.0, 0.0, 0.0, 1.0)))
    (picture,) = render_cameras(tinted, eyes(1), run=run)
    assert picture.pixels[24, 32, :3].tolist() == [255, 0, 0]


def test_lens_distortion_is_followed(run):
    barrel = np.array([[-0.3, 0.0, 0.0, 0.0]])
    (straight,) = render_cameras(Mesh(SQUARE, FACES), eyes(1), run=run)
    (bent,) = render_cameras(Mesh(SQUARE, FACES), eyes(1, barrel), run=run)
    # The edge at 0.25 on the plane z = 1 moves by 1 - 0.3 * 0.0625 or more: from pixel 48 to 47.7.
    assert bent.pixels[24, 46, 3] == 255
    assert bent.pixels[..., 3].sum() < 0.98 * straight.pixels[..., 3].sum()


def test_studio_light_changes_what_unlit_keeps(run):
    grey = np.full((4, 3), 128, np.uint8)
    (unlit,) = render_cameras(Mesh(SQUARE, FACES, colours=grey), eyes(1), run=run)
    (lit,) = render_cameras(Mesh(SQUARE, FACES, colours=grey), eyes(1), shading="studio", run=run)
    assert unlit.pixels[24, 32, 0] == 128 and lit.pixels[24, 32, 0] != 128


def test_nothing_in_sight_is_an_empty_picture_and_bad_input_is_explained(run):
    (picture,) = render_cameras(Mesh(SQUARE - np.float32(20), FACES), eyes(1), run=run)
    assert picture.pixels[..., 3].max() == 0
    with pytest.raises(NodeError, match="no faces"):
        render_cameras(Mesh(SQUARE, np.zeros((0, 3), np.int32)), eyes(1), run=run)
    with pytest.raises(NodeError, match="no cameras"):
        render_cameras(Mesh(SQUARE, FACES), eyes(1).select([]), run=run)
    with pytest.raises(NodeError, match="finite"):
        render_cameras(Mesh(SQUARE * np.float32(np.nan), FACES), eyes(1), run=run)


def test_it_stops_between_tiles(run, monkeypatch):
    def progress(done: float, total: float = 1.0, message: str = "") -> None:
        raise Cancelled

    monkeypatch.setattr(run, "progress", progress)
    with pytest.raises(Cancelled):
        render_cameras(Mesh(SQUARE, FACES), eyes(1), run=run)
