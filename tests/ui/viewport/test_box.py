"""The box of a crop: what it holds is what the nodes keep; sides go where they are pulled."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.types import PointCloud, Splats
from meshloom.nodes.cloud.crop import crop as crop_cloud
from meshloom.nodes.splats.crop import crop as crop_splats
from meshloom.ui.viewport.box import Box, along_axis, on_plane

TURNED = Box((0.2, -0.1, 0.3), (1.4, 0.9, 2.0), (20.0, -35.0, 10.0))


def cloud(count: int = 3000) -> np.ndarray:
    return np.random.default_rng(0).uniform(-1.5, 1.5, (count, 3)).astype(np.float32)


@pytest.mark.parametrize("shape", ["box", "ellipsoid"])
@pytest.mark.parametrize("keep", ["inside", "outside"])
@pytest.mark.parametrize("size", [(1.4, 0.9, 2.0), (1.4, 0.0, 2.0)])
def test_it_keeps_what_the_nodes_keep(shape: str, keep: str, size: tuple[float, float, float]) -> None:
    points = cloud()
    box = Box(TURNED.centre, size, TURNED.turn, shape, keep)
    kept = points[box.kept(points)]
    node = crop_cloud(PointCloud(points), box.centre, box.size, box.turn, shape, keep)
    assert abs(len(kept) - len(node.positions)) <= 1 and 50 < len(kept) < 2900
    splats = Splats(
        points,
        np.tile(np.float32([1, 0, 0, 0]), (len(points), 1)),
        np.full((len(points), 3), 0.1, np.float32),
        np.full(len(points), 0.5, np.float32),
        np.zeros((len(points), 1, 3), np.float32),
    )
    assert abs(len(kept) - len(crop_splats(splats, box.centre, box.size, box.turn, shape, keep))) <= 1


@pytest.mark.parametrize("handle", range(1, 7))
def test_a_side_goes_and_the_opposite_one_stays(handle: int) -> None:
    before = TURNED.handles(None)
    other = handle + 1 if handle % 2 else handle - 1
    after = TURNED.pulled(handle, 0.25, None).handles(None)
    way = (before[handle] - before[0]) / np.linalg.norm(before[handle] - before[0])
    np.testing.assert_allclose(after[handle], before[handle] + 0.25 * way, atol=1e-9)
    np.testing.assert_allclose(after[other], before[other], atol=1e-9)
    both = TURNED.pulled(handle, 0.25, None, both=True)
    assert both.centre == TURNED.centre
    np.testing.assert_allclose(both.handles(None)[other], before[other] - 0.25 * way, atol=1e-9)


def test_a_side_cannot_pass_the_opposite_one() -> None:
    flat = TURNED.pulled(1, -5.0, None)
    assert 0 < flat.size[0] < 0.01 and flat.size[1:] == TURNED.size[1:]


def test_what_is_unlimited_reaches_around_the_scene_until_it_is_pulled() -> None:
    scene = (np.array([-2.0, -3.0, -1.0]), np.array([2.0, 3.0, 1.0]))
    box = Box(size=(1.0, 0.0, 1.0))
    assert box.half(scene)[1] > 3 and box.half(scene)[0] == 0.5
    pulled = box.pulled(4, -1.0, scene)
    assert pulled.size[1] == pytest.approx(2 * box.half(scene)[1] - 1)


@pytest.mark.parametrize("shape", ["box", "ellipsoid"])
def test_it_fits_around_a_scene(shape: str) -> None:
    points = cloud()
    scene = (points.min(axis=0).astype(float), points.max(axis=0).astype(float))
    fitted = Box(turn=(10.0, 20.0, 30.0), shape=shape).around(scene)
    assert fitted.kept(points).all() and fitted.turn == (10.0, 20.0, 30.0)
    assert max(fitted.size) < 12


def test_numbers_stay_short() -> None:
    box = Box((1 / 3, 1e-7, 2.0), (2 / 3, 5.123456, 1.0)).rounded(Box())
    assert box.centre == (0.3333, 0.0, 2.0) and box.size == (0.6667, 5.123, 1.0)
    assert Box(size=(0.0, 0.0, 0.0)).rounded(Box()).size == (0.0, 0.0, 0.0)


def test_rounding_leaves_alone_what_was_not_changed() -> None:
    before = Box((0.123456, 0.0, 0.0), (0.83456, 0.83456, 0.83456), (12.345, 0.0, 0.0))
    after = before.pulled(1, 0.1, None).rounded(before)
    assert after.size[1:] == before.size[1:] and after.turn == before.turn
    assert after.size[0] == 0.9346 and after.centre[1:] == before.centre[1:]


def test_thin_sides_do_not_become_unlimited() -> None:
    flat = Box(size=(1000.0, 0.04, 1000.0))
    assert flat.moved(np.array([1.0, 0.0, 0.0])).rounded(flat).size == flat.size
    shut = flat.pulled(3, -5.0, None).rounded(flat)
    assert 0 < shut.size[1] < 0.04
    terrain = np.random.default_rng(0).uniform(-1, 1, (3000, 3)) * [505.0, 0.55, 505.0] + [7.0, 3.3333, 1.0]
    scene = (terrain.min(axis=0), terrain.max(axis=0))
    for shape in ("box", "ellipsoid"):
        assert Box(shape=shape).around(scene).rounded(Box()).kept(terrain).all()


def test_rays_meet_axes_and_planes() -> None:
    eye, start = np.array([1.0, 2.0, -5.0]), np.array([0.5, 0.0, 0.0])
    axis = np.array([1.0, 0.0, 0.0])
    for at in (-2.0, 0.0, 1.5):
        assert along_axis(eye, start + at * axis - eye, start, axis) == pytest.approx(at)
    assert along_axis(eye, axis, start, axis) is None
    met = on_plane(eye, np.array([0.1, -0.2, 1.0]), start, np.array([0.0, 0.0, 1.0]))
    np.testing.assert_allclose(met, [1.5, 1.0, 0.0])
    assert on_plane(eye, -np.array([0.1, -0.2, 1.0]), start, np.array([0.0, 0.0, 1.0])) is None


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("turn", [(20.0, -35.0, 10.0), (10.0, 90.0, 5.0), (0.0, -90.0, 40.0)])
def test_it_turns_about_its_own_axes(axis: int, turn: tuple[float, float, float]) -> None:
    box = Box(turn=turn)
    swung = box.swung(axis, 33.0)
    np.testing.assert_allclose(swung.axes[:, axis], box.axes[:, axis], atol=1e-6)
    one, other = box.axes[:, axis - 1], swung.axes[:, axis - 1]
    assert np.degrees(np.arccos(one @ other)) == pytest.approx(33)
    assert np.cross(one, other) @ box.axes[:, axis] > 0
    np.testing.assert_allclose(swung.swung(axis, -33.0).axes, box.axes, atol=1e-6)
