"""Metal, roughness and normal maps as they show in pictures."""

from __future__ import annotations

import numpy as np

from meshloom.kernels.raycast.light import REFLECTING, UNLIT
from meshloom.kernels.raycast.render import render
from meshloom.kernels.raycast.scene import Scene, Surface
from meshloom.kernels.raycast.view import look_from

UP = np.array([0.0, -1.0, 0.0])
RED = (0.8, 0.05, 0.05)


def ball(surface: Surface | None, steps: int = 48) -> Scene:
    across, down = np.meshgrid(np.linspace(0, 2 * np.pi, steps + 1), np.linspace(0, np.pi, steps + 1))
    vertices = np.stack([np.cos(across) * np.sin(down), -np.cos(down), np.sin(across) * np.sin(down)], -1)
    index = np.arange(steps * (steps + 1)).reshape(steps, steps + 1)[:, :-1].ravel()
    other = index + steps + 1
    faces = np.concatenate(
        [np.stack([index, other + 1, index + 1], 1), np.stack([index, other, other + 1], 1)]
    )
    flat = vertices.reshape(-1, 3).astype(np.float32)
    return Scene(flat, faces.astype(np.int32), normals=flat, factor=RED, surface=surface)


def picture(scene: Scene, look=REFLECTING) -> np.ndarray:
    view = look_from(np.array([0.0, 0.0, -4.0]), np.zeros(3), UP, 150.0, (96, 96))
    frame = render(scene, view, look)
    assert frame.alpha[48, 48] == 1
    return frame.colour


def test_a_smooth_surface_has_a_small_bright_glint_and_a_rough_one_has_none() -> None:
    peak = {rough: picture(ball(Surface(0.0, rough))).max(axis=2).max() for rough in (0.15, 1.0)}
    bright = {rough: (picture(ball(Surface(0.0, rough))).min(axis=2) > 0.7).mean() for rough in (0.15, 0.4)}
    assert peak[0.15] > 0.98 > peak[1.0]
    assert 0 < bright[0.15] < 0.02


def test_the_glint_of_a_metal_has_the_metals_colour_and_that_of_plastic_is_white() -> None:
    for metal, rough, white in ((0.0, 0.3, True), (1.0, 0.6, False)):
        shown = picture(ball(Surface(metal, rough)))
        glint = shown.reshape(-1, 3)[shown.sum(axis=2).argmax()]
        assert bool(glint[1] > 0.75 * glint[0]) is white, (metal, glint)


def test_nothing_reflects_more_light_than_white_at_rest() -> None:
    middle = picture(ball(Surface(0.0, 1.0)))[40:56, 40:56].mean(axis=(0, 1))
    base = picture(ball(None), UNLIT)[48, 48]
    assert 0.6 * base[0] < middle[0] < 1.15 * base[0]
    assert middle[0] > 3 * middle[1]


def test_a_normal_map_leans_the_surface_the_way_it_says() -> None:
    """Blue-ish pixels lean to +u with red above the middle, upwards in the picture with green above it."""
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float32)
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    faces = np.array([[0, 2, 1], [0, 3, 2]], np.int32)  # seen from -z
    view = look_from(np.array([0.0, 0.0, -4.0]), np.zeros(3), UP, 150.0, (32, 32))
    for red, green, axis, sign in ((220, 128, 0, 1), (36, 128, 0, -1), (128, 220, 1, -1), (128, 36, 1, 1)):
        bumps = np.full((4, 4, 3), (red, green, 220), np.uint8)
        scene = Scene(corners, faces, uv=uv, surface=Surface(0.0, 0.6, None, bumps))
        normal = render(scene, view, REFLECTING).normal[16, 16]
        # Looking along +z with y down, the picture's right is +x: u grows to the right.
        assert normal[2] < -0.5 and normal[axis] * sign > 0.3, (red, green, normal)


def test_the_map_of_metal_and_roughness_is_read_from_blue_and_green() -> None:
    corners = np.array([[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]], np.float32)
    uv = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    faces = np.array([[0, 2, 1], [0, 3, 2]], np.int32)
    view = look_from(np.array([0.0, 0.0, -4.0]), np.zeros(3), UP, 150.0, (32, 32))
    held = {}
    for name, pixel in (("metal", (0, 200, 255)), ("plastic", (0, 200, 0))):
        texture = np.full((4, 4, 3), pixel, np.uint8)
        made = Scene(corners, faces, uv=uv, factor=RED, surface=Surface(1.0, 1.0, texture))
        held[name] = render(made, view, REFLECTING).colour[16, 16]
    same = Scene(corners, faces, uv=uv, factor=RED, surface=Surface(0.0, 200 / 255))
    assert np.allclose(held["plastic"], render(same, view, REFLECTING).colour[16, 16], atol=2e-3)
    assert not np.allclose(held["metal"], held["plastic"], atol=0.05)
