from __future__ import annotations

import cv2
import numpy as np
import pytest

from meshloom.graph_runtime.errors import Cancelled, NodeError
from meshloom.graph_runtime.types import Image, Mask
from meshloom.nodes.reconstruct.features import features


@pytest.fixture(scope="module")
def photo(photographs) -> Image:
    return photographs([(0, 0, 0)])[0][0]


def same(first, second) -> bool:
    return all(
        np.array_equal(getattr(first, field), getattr(second, field))
        for field in ("keypoints", "descriptors", "colours")
    )


def test_a_spot_is_found_where_it_is(run):
    """The centre of a blob, in coordinates whose origin is the outer corner of the first pixel."""
    rows, columns = np.mgrid[:80, :100] + 0.5
    for x, y in ((50.0, 40.0), (43.3, 37.8)):
        blob = 40 + 180 * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 4.0**2))
        found = features(Image(blob.astype(np.uint8)[:, :, None], "blob"), run=run)
        nearest = np.linalg.norm(found.keypoints[:, :2] - [x, y], axis=1).min()
        assert nearest < 0.1


def test_features_are_the_same_each_time_and_for_any_kind_of_pixels(photo, run):
    found = features(photo, run=run)
    assert len(found) > 200
    assert (found.width, found.height, found.focal_px, found.name) == (320, 240, 300.0, "photo0.png")
    assert same(found, features(photo, run=run))
    assert same(found, features(photo.with_pixels(photo.as_float()), run=run))
    opaque = np.dstack([photo.pixels, np.full(photo.pixels.shape[:2], 255, np.uint8)])
    assert same(found, features(photo.with_pixels(opaque), run=run))
    grey = features(photo.with_pixels(cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2GRAY)[:, :, None]), run=run)
    assert np.array_equal(grey.keypoints, found.keypoints)
    assert (grey.colours[:, 0] == grey.colours[:, 2]).all()


def test_descriptors_are_unit_vectors_and_colours_those_of_the_photo(photo, run):
    found = features(photo, run=run)
    assert np.abs(np.linalg.norm(found.descriptors.astype(float), axis=1) - 512).max() < 8
    columns, rows = found.keypoints[:, :2].astype(int).T
    assert np.array_equal(found.colours, photo.pixels[rows, columns])


def test_the_largest_are_kept(photo, run):
    everything, few = features(photo, run=run), features(photo, max_features=100, run=run)
    assert len(few) == 100
    assert np.array_equal(few.keypoints, everything.keypoints[:100])
    assert (np.diff(everything.keypoints[:, 2]) <= 0).all()


def test_masks_and_transparency_leave_spots_out(photo, run):
    left = np.zeros((240, 320), np.float32)
    left[:, :160] = 1
    masked = features(photo, Mask(left), run=run)
    cut = np.dstack([photo.pixels, (left * 255).astype(np.uint8)])
    assert len(masked) > 50 and masked.keypoints[:, 0].max() < 161
    assert same(masked, features(photo.with_pixels(cut), run=run))
    assert len(features(photo, Mask(np.zeros_like(left)), run=run)) == 0
    with pytest.raises(NodeError, match="the mask is 10 x 20"):
        features(photo, Mask(np.ones((20, 10), np.float32)), run=run)


def test_positions_are_those_of_the_full_photo_when_searched_smaller(photo, run):
    large = photo.with_pixels(cv2.resize(photo.pixels, (1280, 960), interpolation=cv2.INTER_CUBIC))
    searched = features(large, max_side=320, run=run)
    direct = features(photo, run=run)
    gaps = np.linalg.norm(searched.keypoints[:, None, :2] / 4 - direct.keypoints[None, :, :2], axis=2).min(
        axis=1
    )
    assert np.median(gaps) < 0.1
    assert searched.width == 1280 and searched.focal_px == 1200


def test_blank_tiny_and_broken_photos_have_no_features(run):
    assert len(features(Image(np.full((60, 80, 3), 90, np.uint8)), run=run)) == 0
    assert len(features(Image(np.full((60, 80, 3), np.nan, np.float32)), run=run)) == 0
    assert len(features(Image(np.zeros((3, 200, 1), np.uint8)), run=run)) == 0
    assert "too small" in run.warnings[0]


def test_searching_can_be_cancelled(photo, run):
    def stop(*_: object) -> None:
        raise Cancelled

    run.progress = stop
    with pytest.raises(Cancelled):
        features(photo, run=run)
