from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Cameras
from meshloom.nodes.cameras.path import path


def arc(count: int = 5) -> Cameras:
    """Cameras on a quarter circle of radius 4 that look at the origin, level, y down."""
    extrinsics = []
    for angle in np.linspace(0, np.pi / 2, count):
        place = 4 * np.array([np.sin(angle), 0, -np.cos(angle)])
        forward = -place / 4
        turn = np.stack([np.cross([0, 1.0, 0], forward), [0, 1.0, 0], forward])
        extrinsics.append(np.column_stack([turn, -turn @ place]))
    lens = np.array([[100.0, 0, 60], [0, 100.0, 40], [0, 0, 1]])
    size = np.tile(np.array([[120, 80]], np.int32), (count, 1))
    return Cameras(np.tile(lens, (count, 1, 1)), np.array(extrinsics), size, tuple(map(str, range(count))))


def check_rotations(found: Cameras) -> None:
    turns = found.extrinsics[:, :, :3]
    np.testing.assert_allclose(
        turns @ turns.transpose(0, 2, 1), np.tile(np.eye(3), (len(found), 1, 1)), atol=1e-9
    )
    np.testing.assert_allclose(np.linalg.det(turns), 1)


def test_a_spline_goes_through_the_cameras_at_an_even_pace():
    found = path(arc(), "spline", 41, width=64, height=48)
    check_rotations(found)
    centres = found.centres()
    np.testing.assert_allclose(centres[[0, -1]], arc().centres()[[0, -1]], atol=1e-6)
    nearest = np.linalg.norm(centres[:, None] - arc().centres(), axis=2).min(axis=0)
    assert nearest.max() < 0.1
    steps = np.linalg.norm(np.diff(centres, axis=0), axis=1)
    assert steps.max() < 1.3 * steps.min() + 0.02
    assert np.abs(np.linalg.norm(centres, axis=1) - 4).max() < 0.05
    assert (found.sizes == [64, 48]).all()
    assert found.intrinsics[0, 0, 0] == pytest.approx(100 / 80 * 48)


def test_a_closed_spline_comes_back():
    centres = path(arc(), "spline", 60, closed=True).centres()
    steps = np.linalg.norm(np.diff(centres, axis=0), axis=1)
    assert np.linalg.norm(centres[0] - centres[-1]) < 1.6 * steps.mean()


def test_an_orbit_looks_at_what_the_cameras_look_at():
    found = path(arc(), "orbit", 12, radius=0.5)
    check_rotations(found)
    np.testing.assert_allclose(np.linalg.norm(found.centres(), axis=1), 2, atol=0.05)
    seen = np.einsum("nij,j->ni", found.extrinsics[:, :, :3], np.zeros(3)) + found.extrinsics[:, :, 3]
    np.testing.assert_allclose(seen[:, :2], 0, atol=1e-6)
    assert (found.extrinsics[:, 1, 1] > 0.9).all()  # upright


@pytest.mark.parametrize("kind", ["figure eight", "sway"])
def test_small_ways_stay_near_the_middle_camera(kind):
    found = path(arc(), kind, 24)
    check_rotations(found)
    away = np.linalg.norm(found.centres() - arc().centres()[2], axis=1)
    assert 0 < away.max() < 3


def test_what_is_no_way_is_told():
    with pytest.raises(NodeError, match="no cameras"):
        path(arc().select([]))
    with pytest.raises(NodeError, match="two or more"):
        path(arc().select([0]))
    check_rotations(path(arc().select([0]), "sway", 5))
