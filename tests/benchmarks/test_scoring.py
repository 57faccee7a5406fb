"""The figures of a reconstruction are only as good as what computes them."""

from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.types import Cameras, Mesh

from ._scoring import Similarity, compare_surfaces, cylinder, masked_psnr, position_errors, umeyama


def turned(seed: int = 0) -> Similarity:
    from scipy.spatial.transform import Rotation

    return Similarity(2.5, Rotation.random(random_state=seed).as_matrix(), np.array([3.0, -1.0, 0.5]))


def ring(count: int = 8) -> Cameras:
    """Cameras on a wavy circle, all looking at the origin."""
    angle = np.arange(count) * 2 * np.pi / count
    centres = np.stack([np.cos(angle), 0.3 * np.sin(3 * angle) - 0.5, np.sin(angle)], axis=1)
    extrinsics = np.empty((count, 3, 4))
    for row, centre in enumerate(centres):
        ahead = -centre / np.linalg.norm(centre)
        right = np.cross([0.0, 1.0, 0.0], ahead)
        right /= np.linalg.norm(right)
        rotation = np.stack([right, np.cross(ahead, right), ahead])
        extrinsics[row] = np.column_stack([rotation, -rotation @ centre])
    matrix = np.array([[500.0, 0, 320], [0, 500, 240], [0, 0, 1]])
    names = tuple(f"{row}.jpg" for row in range(count))
    return Cameras(np.tile(matrix, (count, 1, 1)), extrinsics, np.full((count, 2), 640, np.int32), names)


def plane(size: float, height: float = 0.0, left: float = 0.0) -> Mesh:
    x, z = left + np.array([0, 1, 1, 0]) * size, np.array([0, 0, 1, 1]) * size
    corners = np.stack([x, np.full(4, height), z], axis=1).astype(np.float32)
    return Mesh(corners, np.array([[0, 1, 2], [0, 2, 3]], np.int32))


def test_a_similarity_is_found_again():
    points = np.random.default_rng(1).normal(size=(20, 3))
    moved = turned()
    found = umeyama(points, moved.points(points))
    assert found.scale == pytest.approx(moved.scale)
    assert np.allclose(found.rotation, moved.rotation)
    assert np.allclose(found.shift, moved.shift)
    assert np.allclose(found.inverse().points(moved.points(points)), points)


def test_points_in_a_plane_and_mirrored_ones_give_a_rotation_not_a_mirror():
    points = np.random.default_rng(1).normal(size=(20, 3))
    for source, target in ((points * [1, 1, 0], points * [1, 1, 0]), (points, points * [1, 1, -1])):
        assert np.linalg.det(umeyama(source, target).rotation) == pytest.approx(1.0)


def test_points_in_a_line_are_refused():
    line = np.outer(np.arange(5.0), [1, 2, 3])
    with pytest.raises(ValueError, match="line"):
        umeyama(line, line)


def test_moved_cameras_see_the_moved_world_as_before():
    cameras, points, move = ring(), np.random.default_rng(2).normal(size=(30, 3)) * 0.2, turned(3)

    def seen(cameras: Cameras, points: np.ndarray) -> np.ndarray:
        local = (
            np.einsum("nij,pj->npi", cameras.extrinsics[:, :, :3], points) + cameras.extrinsics[:, None, :, 3]
        )
        return local[..., :2] / local[..., 2:]

    assert np.allclose(seen(move.cameras(cameras), move.points(points)), seen(cameras, points))
    assert np.allclose(move.cameras(cameras).centres(), move.points(cameras.centres()))


def test_position_errors_are_in_the_unit_of_the_truth_and_by_name():
    truth = ring()
    some = truth.select([5, 2, 7, 0, 3])
    exact, _ = position_errors(turned().cameras(some), truth)
    assert np.allclose(exact, 0, atol=1e-9)
    off = turned().cameras(some)
    extrinsics = off.extrinsics.copy()
    extrinsics[0, :, 3] += off.extrinsics[0, :, :3] @ np.array([0.0, 0.25, 0.0])  # 0.1 in the truth's unit
    wrong = Cameras(off.intrinsics, extrinsics, off.sizes, off.names)
    errors, _ = position_errors(wrong, truth)
    assert 0.05 < errors[0] < 0.1  # the others give way a little
    assert errors[0] == max(errors)


def test_f_score_of_known_distances():
    truth = plane(1.0)
    near, far = (compare_surfaces(plane(1.0, height), truth, 0.01) for height in (0.009, 0.011))
    assert (near.f_score, near.precision, near.recall) == (1.0, 1.0, 1.0)
    assert near.median == pytest.approx(0.009, rel=1e-3)
    assert (far.f_score, far.precision, far.recall) == (0.0, 0.0, 0.0)


def test_half_a_surface_is_precise_but_not_complete():
    half = compare_surfaces(plane(0.5), plane(1.0), 1e-3)
    assert half.precision == 1.0
    assert half.recall == pytest.approx(0.25, abs=0.01)
    assert half.f_score == pytest.approx(0.4, abs=0.02)


def test_only_what_is_meant_to_be_the_object_lowers_precision():
    object_, table = plane(1.0), plane(1.0, left=3.0)
    both = Mesh(
        np.concatenate([object_.vertices, table.vertices]), np.concatenate([object_.faces, table.faces + 4])
    )
    assert compare_surfaces(both, object_, 0.01).precision == pytest.approx(0.5, abs=0.01)
    around = cylinder((0.5, 0.5), 1.0, -0.1, 0.1)
    assert compare_surfaces(both, object_, 0.01, around).f_score == 1.0
    nowhere = compare_surfaces(table, object_, 0.01, around)
    assert (nowhere.f_score, nowhere.precision) == (0.0, 0.0)


def test_the_cylinder_stands_upright_and_ends():
    inside = cylinder((1.0, 2.0), 0.5, -1.0, 0.0)
    points = np.array([[1, -0.5, 2], [1.4, -0.5, 2], [1.4, -0.5, 2.4], [1, 0.1, 2], [1, -1.1, 2]])
    assert inside(points).tolist() == [True, True, False, False, False]


def test_psnr_counts_masked_pixels_only():
    photo = np.full((10, 10, 3), 100, np.uint8)
    picture = photo.copy()
    picture[:5] += 51  # a fifth of white: 20 log10(5) dB
    top = np.zeros((10, 10), bool)
    top[:5] = True
    assert masked_psnr(picture, photo, top) == pytest.approx(20 * np.log10(5))
    assert masked_psnr(picture, photo, ~top) == np.inf
    assert masked_psnr(picture, photo, top | ~top) == pytest.approx(20 * np.log10(5) + 10 * np.log10(2))


def test_exposure_is_forgiven_when_asked_and_nothing_else():
    random = np.random.default_rng(0)
    light = random.random((40, 40, 3)) * 0.5
    everywhere = np.ones((40, 40), bool)

    def srgb(light: np.ndarray) -> np.ndarray:
        return np.rint(
            255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
        ).astype(np.uint8)

    photo, darker = srgb(light), srgb(light * 0.7)
    assert masked_psnr(darker, photo, everywhere) < 22
    assert masked_psnr(darker, photo, everywhere, exposure=True) > 45
    shuffled = random.permutation(photo.reshape(-1, 3)).reshape(photo.shape)
    assert masked_psnr(shuffled, photo, everywhere, exposure=True) < 15
