from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import NodeError
from meshloom.graph_runtime.types import Cameras, Image
from meshloom.nodes.reconstruct._lens import distort, straighten
from meshloom.nodes.reconstruct.undistort import undistort

POSITIONS = [(0.0, 0.0, 0.0), (0.4, 0.0, 0.0)]


def inside(pixels: np.ndarray) -> np.ndarray:
    return pixels[12:-12, 12:-12].astype(float)


@pytest.mark.parametrize("lens", [(-0.2, 0.03, 0, 0), (0.15, 0, 0, 0), (-0.1, 0, 0.01, -0.01)])
def test_a_straightened_photo_is_what_a_pinhole_would_take(photographs, run, lens):
    bent, truth = photographs(POSITIONS, distortion=lens)
    images, cameras = undistort(bent, truth, run=run)
    assert not cameras.distortion.any()
    assert cameras.names == truth.names and np.array_equal(cameras.extrinsics, truth.extrinsics)
    focal = cameras.intrinsics[0, 0, 0]
    assert images[0].focal_px == focal
    from_pinhole, _ = photographs(POSITIONS)
    # Look the ideal picture up at the new focal length.
    rows, columns = np.mgrid[20:220, 20:300]
    x, y = ((columns + 0.5 - 160) / focal * 300 + 160 - 0.5, (rows + 0.5 - 120) / focal * 300 + 120 - 0.5)
    known = (x > 0) & (x < 319) & (y > 0) & (y < 239)
    ideal = from_pinhole[0].pixels[
        np.clip(np.rint(y), 0, 239).astype(int), np.clip(np.rint(x), 0, 319).astype(int)
    ]
    difference = np.abs(images[0].pixels[rows, columns].astype(float) - ideal)[known].mean()
    before = np.abs(bent[0].pixels[rows, columns].astype(float) - ideal)[known].mean()
    assert difference < 12 and difference < 0.4 * before


@pytest.mark.parametrize("bend", [-0.2, 0.2])
def test_nothing_is_blank_or_everything_is_kept(run, bend):
    white = Image(np.full((120, 160, 3), 255, np.uint8), "a")
    camera = Cameras(
        np.array([[[150.0, 0, 80], [0, 150, 60], [0, 0, 1]]]),
        np.eye(3, 4)[None],
        np.array([[160, 120]], np.int32),
        ("a",),
        np.array([[bend, 0, 0, 0]]),
    )
    cropped = undistort([white], camera, run=run)
    whole = undistort([white], camera, keep=1.0, run=run)
    assert cropped.images[0].pixels.min() == 255
    assert whole.images[0].pixels.min() == 0
    assert whole.cameras.intrinsics[0, 0, 0] < cropped.cameras.intrinsics[0, 0, 0]
    edges = np.array([(x, y) for x in (1, 80, 159) for y in (1, 60, 119)]) - (80, 60)
    seen = straighten(edges / 150, camera.distortion[0]) * whole.cameras.intrinsics[0, 0, 0] + (80, 60)
    assert (seen > -0.1).all() and (seen < (160.1, 120.1)).all()


def test_straightening_undoes_the_lens():
    points = np.random.default_rng(0).uniform(-0.6, 0.6, (50, 2))
    lens = np.array([-0.15, 0.02, 0.003, -0.002])
    assert np.allclose(straighten(distort(points, lens), lens), points, atol=1e-9)


def test_photos_come_in_the_order_of_the_cameras_and_the_rest_is_left_out(photographs, run):
    images, truth = photographs([(0, 0, 0), (0.2, 0, 0), (0.4, 0, 0)])
    result = undistort(images, truth.select([2, 0]), run=run)
    assert [image.name for image in result.images] == ["photo2.png", "photo0.png"]
    assert result.images[0] is images[2]
    assert np.array_equal(result.cameras.intrinsics, truth.intrinsics[[2, 0]])


def test_photos_of_another_size_scale_their_camera(photographs, run):
    images, truth = photographs(POSITIONS)
    half = [image.with_pixels(np.ascontiguousarray(image.pixels[::2, ::2])) for image in images]
    cameras = undistort(half, truth, run=run).cameras
    assert np.array_equal(cameras.sizes, [[160, 120]] * 2)
    assert np.allclose(cameras.intrinsics[0], [[150, 0, 80], [0, 150, 60], [0, 0, 1]])


def test_each_photo_is_remembered_by_itself(photographs, run):
    images, truth = photographs(POSITIONS, distortion=(-0.1, 0, 0, 0))
    undistort(images, truth, run=run)
    assert [(kind, parts[0].name) for kind, parts in run.remembered] == [
        ("photo", "photo0.png"),
        ("photo", "photo1.png"),
    ]


def test_float_and_grey_photos_with_nan(photographs, run):
    images, truth = photographs(POSITIONS, distortion=(-0.1, 0, 0, 0))
    grey = images[0].as_float()[:, :, :1].copy()
    grey[100, 100] = np.nan
    result = undistort([images[0].with_pixels(grey)], truth.select([0]), run=run)
    assert result.images[0].pixels.shape == (240, 320, 1) and np.isfinite(result.images[0].pixels).all()


def test_names_that_do_not_match_are_errors(photographs, run):
    images, truth = photographs(POSITIONS)
    other = Image(images[0].pixels, "other.png")
    for given, words in (
        ([other], "2 of 2 cameras have no photo: photo0.png, photo1.png"),
        ([], "given are none"),
        ([*images, images[0]], "named 'photo0.png'"),
    ):
        with pytest.raises(NodeError, match=words) as raised:
            undistort(given, truth, run=run)
        assert raised.value.hint
    with pytest.raises(NodeError, match="no cameras"):
        undistort(images, truth.select([]), run=run)


def test_equal_names_go_in_order(photographs, run):
    images, truth = photographs(POSITIONS)
    same = [Image(image.pixels, "a") for image in images]
    cameras = Cameras(truth.intrinsics, truth.extrinsics, truth.sizes, ("a", "a"))
    result = undistort(same, cameras, run=run)
    assert result.images[0] is same[0] and result.images[1] is same[1]
