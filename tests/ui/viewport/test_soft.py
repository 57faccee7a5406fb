"""Splats in the viewport."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from meshloom.graph_runtime.types import Mesh, Splats
from meshloom.ui.viewport.box import Box
from meshloom.ui.viewport.draw import Overtaken, Style, draw
from meshloom.ui.viewport.eye import Eye
from meshloom.ui.viewport.fading import FAINT, Y0, dimmed_harmonics
from meshloom.ui.viewport.soft import Soft
from meshloom.ui.viewport.things import SolidMesh, make

BARE = Style(grid=False, axes=False)


def ball(at: tuple[float, float, float], colour: tuple[float, float, float], opacity: float = 0.99) -> Splats:
    sh = ((np.array(colour, np.float32) - 0.5) / 0.28209479).reshape(1, 1, 3).astype(np.float32)
    return Splats(
        np.array([at], np.float32),
        np.array([[1, 0, 0, 0]], np.float32),
        np.full((1, 3), 0.3, np.float32),
        np.array([opacity], np.float32),
        sh,
    )


def wall(z: float) -> Mesh:
    corners = np.array([[-2, -2, z], [2, -2, z], [2, 2, z], [-2, 2, z]], np.float32)
    return Mesh(corners, np.array([[0, 2, 1], [0, 3, 2]], np.int32), colours=np.full((4, 3), 255, np.uint8))


def seen(*values, moving: bool = False):
    eye = Eye(target=np.zeros(3), distance=4.0, azimuth=0.0, elevation=0.0)
    return draw([make(value) for value in values], eye.view((64, 64)), BARE, moving=moving)


def test_a_splat_at_rest_is_soft_and_of_its_colour() -> None:
    frame = seen(ball((0, 0, 0), (0.9, 0.1, 0.1)))
    middle, edge = frame.colour[32, 32], frame.alpha[32, 44]
    assert np.allclose(middle, (0.9, 0.1, 0.1), atol=0.03) and frame.alpha[32, 32] > 0.95
    assert 0.02 < edge < 0.9 and frame.alpha[2, 2] < 0.01
    assert abs(frame.depth[32, 32] - 4.0) < 0.1


def test_while_moving_it_is_a_point() -> None:
    frame = seen(ball((0, 0, 0), (0.9, 0.1, 0.1)), moving=True)
    assert set(np.unique(frame.alpha)) <= {0.0, 1.0} and frame.alpha.sum() < 400


def test_splats_and_meshes_hide_each_other() -> None:
    red = ball((0, 0, 0), (0.9, 0.1, 0.1))
    eye_side = seen(red, wall(1.5)).colour[32, 32]  # front is -z: the wall is behind
    assert eye_side[0] > 0.8 and eye_side[1] < 0.3
    covered = seen(red, wall(-1.5)).colour[32, 32]
    assert covered.min() > 0.3 and covered[0] - covered[1] < 0.1


def test_they_can_be_coloured_by_opacity_and_size() -> None:
    both = Soft(
        Splats(
            np.array([[0, 0, 0], [1, 0, 0]], np.float32),
            np.tile(np.array([[1, 0, 0, 0]], np.float32), (2, 1)),
            np.array([[0.01] * 3, [0.5] * 3], np.float32),
            np.array([0.2, 0.9], np.float32),
            np.zeros((2, 1, 3), np.float32),
        )
    )
    assert {"opacity", "size"} <= set(both.offers())
    for by in ("opacity", "size"):
        one, other = both.colours(by)
        assert one.tolist() != other.tolist()
    assert not isinstance(both, SolidMesh)


def scene(count: int = 400) -> Splats:
    random = np.random.default_rng(0)
    return Splats(
        random.uniform(-1, 1, (count, 3)).astype(np.float32),
        random.normal(size=(count, 4)).astype(np.float32),
        np.exp(random.normal(-2.5, 0.4, (count, 3))).astype(np.float32),
        random.uniform(0.2, 0.99, count).astype(np.float32),
        random.normal(size=(count, 4, 3)).astype(np.float32) * 0.4,
    )


@pytest.mark.parametrize("by", ["base", "opacity", "size", "height", "plain"])
def test_what_they_are_coloured_by_holds_at_rest(by: str) -> None:
    soft, eye = Soft(scene()), Eye(target=np.zeros(3), distance=4.0)
    plain, coloured = (
        draw([soft], eye.view((96, 96)), replace(BARE, points_by=each)) for each in ("colour", by)
    )
    shown = plain.alpha > 0.5
    assert np.allclose(plain.alpha, coloured.alpha), "only the colours are others"
    assert np.abs(plain.colour - coloured.colour)[shown].mean() > 0.02
    # Each Gaussian has the colour of its point.
    harmonics = soft.harmonics(by)
    wanted = np.zeros((len(soft.splats), 3))
    wanted[soft.index] = soft.colours(by) / 255
    clear = ((wanted > 0) & (wanted < 1)).all(axis=1)
    assert clear.sum() > 100
    np.testing.assert_allclose((harmonics[:, 0] * 0.28209479 + 0.5)[clear], wanted[clear], atol=0.006)
    assert harmonics.shape[1] == 1, "and the same from all sides"
    again = draw([soft], eye.view((96, 96)), BARE)
    assert np.array_equal(again.colour, plain.colour)


def test_more_samples_leave_gaussians_as_they_are() -> None:
    soft, view = Soft(scene()), Eye(target=np.zeros(3), distance=4.0).view((80, 60))
    one, two = draw([soft], view, BARE), draw([soft], view, BARE, samples=2)
    np.testing.assert_allclose(one.alpha, two.alpha, atol=1e-5)
    np.testing.assert_allclose(
        one.colour * one.alpha[..., None], two.colour * two.alpha[..., None], atol=1e-5
    )
    assert np.array_equal(one.depth, two.depth) and (one.depth > 0).any()


def test_while_moving_the_faint_are_left_out_and_the_large_are_large() -> None:
    small, large = ball((-0.5, 0, 0), (0.9, 0.1, 0.1)), ball((0.5, 0, 0), (0.1, 0.9, 0.1))
    faint = ball((0, -0.8, 0), (0.1, 0.1, 0.9), opacity=0.05)
    parts = [small, large, faint]
    scales = np.array([[0.05] * 3, [0.1] * 3, [0.3] * 3], np.float32)
    held = [np.concatenate([getattr(part, name) for part in parts]) for name in ("means", "quaternions")]
    splats = Splats(
        *held,
        scales,
        np.concatenate([part.opacities for part in parts]),
        np.concatenate([part.sh for part in parts]),
    )
    frame = seen(splats, moving=True)
    red, green, blue = ((frame.colour[..., channel] > 0.7) & (frame.alpha > 0) for channel in range(3))
    assert blue.sum() == 0 and 0 < red.sum() < 0.5 * green.sum()


def test_at_rest_they_can_be_solid_or_just_points() -> None:
    soft, view = Soft(scene()), Eye(target=np.zeros(3), distance=4.0).view((96, 96))
    kinds = {
        kind: draw([soft], view, replace(BARE, splats=kind)) for kind in ("soft", "ellipsoids", "points")
    }
    assert set(np.unique(kinds["ellipsoids"].alpha)) == {0.0, 1.0}
    assert 0 < kinds["points"].alpha.sum() < 0.5 * kinds["ellipsoids"].alpha.sum()
    solid = kinds["ellipsoids"].alpha > 0
    assert (kinds["soft"].alpha[solid] > 0.05).mean() > 0.95
    cut = draw([soft], view, replace(BARE, splats="ellipsoids", clip=(0, 0.5, True)))
    assert 0.2 < cut.alpha.sum() / solid.sum() < 0.8


@pytest.mark.parametrize("kind", ["soft", "ellipsoids"])
def test_something_newer_ends_the_drawing(kind: str) -> None:
    soft, view, style = (
        Soft(scene()),
        Eye(target=np.zeros(3), distance=4.0).view((96, 96)),
        replace(BARE, splats=kind),
    )
    asked = 0

    def count() -> None:
        nonlocal asked
        asked += 1

    whole = draw([soft], view, style, between=count)
    assert asked > 6
    assert np.array_equal(whole.colour, draw([soft], view, style).colour)

    def newer() -> None:
        nonlocal asked
        asked -= 1
        if asked == 2:
            raise Overtaken

    with pytest.raises(Overtaken):
        draw([soft], view, style, between=newer)
    assert asked == 2


@pytest.mark.parametrize("kind", ["soft", "ellipsoids"])
def test_what_a_crop_takes_away_is_dimmed_however_dense(kind: str) -> None:
    dense = scene(6000)
    opaque = replace(
        dense, sh=np.full((6000, 1, 3), 1.2, np.float32), opacities=np.full(6000, 0.95, np.float32)
    )
    view = Eye(target=np.zeros(3), distance=4.0, azimuth=0.0, elevation=0.0).view((96, 96))
    style = replace(BARE, splats=kind, top=(0.1, 0.1, 0.1), bottom=(0.1, 0.1, 0.1))
    half = Box((-2.0, 0.0, 0.0), (4.0, 4.0, 4.0))  # what is left of the middle
    whole, cut = (draw([make(opaque)], view, replace(style, crop=crop)) for crop in (None, half))
    left, right = slice(30, 42), slice(54, 66)
    assert np.allclose(cut.colour[40:56, left], whole.colour[40:56, left], atol=0.03)
    assert cut.colour[40:56, right].mean() < 0.45 * whole.colour[40:56, right].mean()


def test_the_colours_of_what_a_crop_keeps_stay_to_the_bit() -> None:
    random = np.random.default_rng(0)
    sh = random.normal(size=(200, 4, 3)).astype(np.float32)
    before, kept = sh.copy(), random.random(200) > 0.5
    found = dimmed_harmonics(sh, kept, (0.1, 0.4, 0.9))
    assert np.array_equal(sh, before) and found.dtype == np.float32
    assert np.array_equal(found[kept], sh[kept])
    assert np.array_equal(found[~kept, 1:], sh[~kept, 1:] * np.float32(FAINT))
    base = found[~kept, 0] * Y0 + 0.5
    np.testing.assert_allclose(
        base, FAINT * (sh[~kept, 0] * Y0 + 0.5) + (1 - FAINT) * np.array([0.1, 0.4, 0.9]), atol=1e-6
    )


def test_the_grid_is_not_seen_through_soft_things() -> None:
    """Not even where they have no depth that a line could lie behind."""
    cover = ball((0, 0, 0), (0.9, 0.9, 0.9))
    cover = replace(cover, scales=np.full((1, 3), 1.5, np.float32))
    eye = Eye(target=np.zeros(3), distance=6.0, azimuth=0.0, elevation=30.0)
    black = (0.0, 0.0, 0.0)
    for moving in (False, True):
        made = [make(cover)]
        with_grid, without = (
            draw(
                made, eye.view((96, 96)), Style(grid=grid, axes=False, line=black), moving=moving, whole=True
            )
            for grid in (True, False)
        )
        covered = without.alpha > 0.2
        assert covered.mean() > 0.05
        np.testing.assert_array_equal(with_grid.colour[covered], without.colour[covered])
        assert (with_grid.colour != without.colour).any() or (with_grid.alpha != without.alpha).any()
