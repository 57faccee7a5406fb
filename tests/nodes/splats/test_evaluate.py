from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import save_file

from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Cameras, Image
from meshloom.kernels.perceptual.lpips import LAYOUTS, Lpips
from meshloom.nodes.splats.evaluate import evaluate

from ._scenes import balls, photographed, ring


def test_photos_of_the_scene_itself_are_shown_almost_exactly(run):
    splats, cameras = balls(), ring(2)
    found = evaluate(splats, photographed(splats, cameras), cameras, run=run)
    assert found.psnr > 50 and found.ssim > 0.999
    assert [row[0] for row in found.table.rows] == [*cameras.names, "mean"]
    assert found.pairs[0].pixels.shape == (48, 128, 3)


def test_exposure_is_told_apart_from_error(run):
    splats, cameras = balls(), ring(1)
    dark = [
        photo.with_pixels((photo.pixels * 0.7).astype(np.uint8)) for photo in photographed(splats, cameras)
    ]
    row = evaluate(splats, dark, cameras, run=run).table.rows[0]
    assert row[1] < 25 < 40 < row[2]


@pytest.fixture(scope="module")
def network() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {
        name: np.abs(random.standard_normal(shape, np.float32)) * 0.05 - 0.02 * (not name.startswith("lin"))
        for name, shape in LAYOUTS["AlexNet"].items()
    }


def test_lpips_is_there_where_weights_are(tmp_path, run, network):
    """Network and heads in two files, by the names they are published under."""
    files = (tmp_path / "alexnet.safetensors", tmp_path / "heads.safetensors")
    save_file({name: array for name, array in network.items() if name.startswith("features")}, files[0])
    heads = {f"{name.partition('.')[0]}.model.1.weight": a for name, a in network.items() if name[0] == "l"}
    save_file(heads, files[1])
    splats, cameras = balls(), ring(2)
    photos = photographed(splats, cameras)
    dark = Image((photos[1].pixels * 0.5).astype(np.uint8), photos[1].name)
    found = evaluate(splats, [photos[0], dark], cameras, lpips_weights=files, run=run)
    assert found.table.columns[-1] == "lpips"
    same, other, mean = (row[-1] for row in found.table.rows)
    assert same < 1e-3 < other and mean == pytest.approx((same + other) / 2, abs=1e-4)
    pair = found.pairs[1].pixels.astype(np.float32).transpose(2, 0, 1) / 255
    expected = Lpips("AlexNet", network).distance(pair[:, :, :64], pair[:, :, 64:])
    assert other == pytest.approx(expected, rel=0.05, abs=2e-4)
    assert evaluate(splats, photos, cameras, run=run).table.columns[-1] == "ssim"


def test_weights_that_lack_something_are_told_before_anything_is_drawn(tmp_path, run, network):
    path = tmp_path / "half.safetensors"
    save_file({name: array for name, array in network.items() if name != "features.6.bias"}, path)
    splats, cameras = balls(), ring(1)
    with pytest.raises(NodeError, match=r"1 of 15 tensors are missing: features.6.bias"):
        evaluate(splats, photographed(splats, cameras), cameras, lpips_weights=(path,), run=run)
    save_file(network, path)
    with pytest.raises(NodeError, match="too few for LPIPS"):
        evaluate(splats, photographed(splats, cameras), cameras, max_side=30, lpips_weights=(path,), run=run)
    assert not run.progressed


def seen_through(photos: list[Image], alphas: list[np.ndarray]) -> list[Image]:
    return [
        Image(np.dstack([photo.pixels, (alpha * 255).astype(np.uint8)]), photo.name)
        for photo, alpha in zip(photos, alphas, strict=True)
    ]


def test_ssim_is_of_what_counts_alone(run):
    splats, cameras = balls(), ring(1)
    photos = photographed(splats, cameras)
    wrong = [photo.with_pixels(255 - photo.pixels) for photo in photos]
    corner = np.zeros((48, 64))
    corner[18:30, 24:40] = 1
    whole = evaluate(splats, wrong, cameras, run=run).ssim
    part = evaluate(splats, seen_through(wrong, [corner]), cameras, run=run).ssim
    assert whole < 0.5 and part < 0.5


def test_photos_of_which_nothing_counts_are_left_out(run):
    splats, cameras = balls(), ring(2)
    photos = seen_through(photographed(splats, cameras), [np.ones((48, 64)), np.zeros((48, 64))])
    found = evaluate(splats, photos, cameras, run=run)
    assert [row[0] for row in found.table.rows] == [cameras.names[0], "mean"]
    assert cameras.names[1] in run.warnings[0]
    speck = np.zeros((48, 64))
    speck[10, 10:20] = 1
    with pytest.raises(NodeError, match="nothing to compare with"):
        evaluate(splats, seen_through(photographed(splats, cameras), [speck] * 2), cameras, run=run)


def test_photos_of_one_name_are_left_out_one_by_one(run):
    splats, cameras = balls(), ring(3)
    alike = Cameras(cameras.intrinsics, cameras.extrinsics, cameras.sizes, ("", "", "a"))
    alphas = [np.ones((48, 64)), np.zeros((48, 64)), np.ones((48, 64))]
    photos = [Image(photo.pixels) for photo in seen_through(photographed(splats, cameras), alphas)]
    found = evaluate(splats, photos, alike, run=run)
    assert [row[0] for row in found.table.rows] == ["photo 1", "a", "mean"]
    assert "photo 2" in run.warnings[0]


def test_ssim_of_scattered_pixels_is_one(run):
    splats, cameras = balls(), ring(1)
    wrong = [photo.with_pixels(255 - photo.pixels) for photo in photographed(splats, cameras)]
    dots = np.zeros((48, 64))
    dots[::6, ::6] = 1
    assert -1 <= evaluate(splats, seen_through(wrong, [dots]), cameras, run=run).ssim < 0.9
