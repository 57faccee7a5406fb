from __future__ import annotations

import numpy as np
import pytest

from meshloom.graph_runtime.errors import Cancelled
from meshloom.graph_runtime.spec import NodeError
from meshloom.graph_runtime.types import Cameras, Figure, Image, Mask, PointCloud
from meshloom.kernels.splatting.restraint import LARGEST
from meshloom.nodes.splats import _effort, _training
from meshloom.nodes.splats.train import train

from ._scenes import balls, photographed, points_of, ring

QUICK = {"iterations": 120, "max_side": 64, "splats": 150, "sh_degree": 0}


@pytest.fixture(scope="module")
def world():
    splats, cameras = balls(), ring()
    images = photographed(splats, cameras)
    return images, cameras, points_of(splats)


def mean_psnr(trained) -> float:
    assert trained.report.rows[-1][0] == "mean"
    return trained.report.rows[-1][1]


def test_photos_that_were_held_out_come_out_well(world, run):
    images, cameras, points = world
    trained = train(images, cameras, points, **QUICK, hold_out=5, run=run)
    assert mean_psnr(trained) > 20
    assert [row[0] for row in trained.report.rows] == ["photo_2.png", "photo_7.png", "mean"]
    assert len(trained.splats) <= 150 and trained.splats.degree == 0
    psnr = next(series for series in trained.curve.series if series.name.startswith("PSNR"))
    assert psnr.x[-1] == 120 and psnr.y[-1] > psnr.y[0] + 3
    assert any("splats" in message and "left" in message for _, _, message in run.progressed)
    assert not run.warnings


def test_the_scene_and_how_it_goes_are_seen_while_it_works(world, run, monkeypatch):
    images, cameras, points = world
    shown = []
    monkeypatch.setattr(run, "preview", shown.append)
    monkeypatch.setattr(_training, "PREVIEW_EVERY", 0.0)
    trained = train(images, cameras, points, **QUICK, hold_out=5, run=run)
    pictures = [value for value in shown if isinstance(value, Image)]
    curves = [value for value in shown if isinstance(value, Figure)]
    assert len(pictures) == 120
    photo = images[2].rgb().astype(np.float64)
    assert pictures[0].pixels.shape == photo.shape
    first, last = (float(np.abs(each.pixels - photo).mean()) for each in (pictures[0], pictures[-1]))
    assert last < 0.6 * first, "the held-out photo's view, better and better"
    assert [len(curve.series[0].x) for curve in curves] == list(range(1, 21))
    for ours, given in zip(curves[-1].series, trained.curve.series, strict=True):
        assert ours.name == given.name and np.array_equal(ours.y, given.y)


def test_the_result_depends_on_seed_and_inputs_alone(world, run):
    images, cameras, points = world
    settings = {**QUICK, "iterations": 30, "hold_out": 0}
    first = train(images, cameras, points, **settings, run=run)
    run.threads = 1
    again = train(images, cameras, points, **settings, run=run)
    for part in ("means", "quaternions", "scales", "opacities", "sh"):
        assert np.array_equal(getattr(first.splats, part), getattr(again.splats, part)), part
    other = train(images, cameras, points, **settings, seed=1, run=run)
    assert (
        other.splats.means.shape != first.splats.means.shape
        or (other.splats.means != first.splats.means).any()
    )


def test_goes_on_from_the_last_checkpoint_after_a_cancel(world, run, tmp_path):
    images, cameras, points = world
    whole = train(images, cameras, points, **QUICK, hold_out=5, run=run)
    kept, progress = {}, run.progress

    def remember(kind, parts, make, returns):
        key = repr([part for part in parts if isinstance(part, (int, str))]), len(parts), parts[-1] is None
        if key not in kept:
            kept[key] = make()
        return kept[key]

    def stop(done, total=1.0, message=""):
        progress(done, total, message)
        if done > 75:
            raise Cancelled

    def iterations():
        return [done for done, total, message in run.progressed if message.startswith("iteration")]

    run.remember, run.progress = remember, stop
    with pytest.raises(Cancelled):
        train(images, cameras, points, **QUICK, hold_out=5, run=run)
    assert len(kept) == 6, "one after every tenth of it"
    assert any("72 of 120" in warning and "stop_after to 72" in warning for warning in run.warnings)
    run.progress = progress
    run.progressed.clear()
    asked = train(images, cameras, points, **QUICK, hold_out=5, stop_after=72, run=run)
    assert iterations() == [], "nothing was computed for it"
    assert asked.curve.series[0].x[-1] == 72 and mean_psnr(asked) > 10
    resumed = train(images, cameras, points, **QUICK, hold_out=5, run=run)
    assert iterations() == list(range(73, 121))
    assert np.array_equal(resumed.splats.means, whole.splats.means)
    assert resumed.report.rows == whole.report.rows


def test_an_early_end_may_lie_between_checkpoints(world, run):
    images, cameras, points = world
    trained = train(images, cameras, points, **QUICK, hold_out=5, stop_after=40, run=run)
    assert trained.curve.series[0].x[-1] == 40
    totals = {total for done, total, message in run.progressed if message.startswith("iteration")}
    assert totals == {40}
    later = train(images, cameras, points, **QUICK, hold_out=5, stop_after=5000, run=run)
    assert later.curve.series[0].x[-1] == 120, "never more than there are"


def test_without_points_it_begins_at_random(world, run):
    images, cameras, _ = world
    trained = train(images, cameras, **{**QUICK, "splats": 300}, hold_out=5, run=run)
    assert mean_psnr(trained) > 16


@pytest.mark.parametrize("densify", ["adc", "none"])
def test_other_ways_to_densify(world, run, densify):
    images, cameras, points = world
    trained = train(images, cameras, points, **QUICK, hold_out=5, densify=densify, run=run)
    assert mean_psnr(trained) > 18
    assert densify == "adc" or len(trained.splats) <= len(points)


def test_exposure_is_not_taken_for_paint(world, run):
    images, cameras, points = world
    factors = np.linspace(0.8, 1.2, len(images))
    uneven = [
        image.with_pixels(np.clip(image.pixels * factor, 0, 255).astype(np.uint8))
        for image, factor in zip(images, factors, strict=True)
    ]
    evened = {}
    for exposure in (False, True):
        # Without so many of so few splats the pictures would differ by more than by their exposure.
        settings = {**QUICK, "iterations": 300, "exposure": exposure, "dropout": 0.0}
        trained = train(uneven, cameras, points, **settings, hold_out=5, run=run)
        evened[exposure] = trained.report.rows[-1][2]
    assert evened[True] > evened[False] + 0.3


def test_cameras_that_are_a_little_off_are_moved_back(world, run):
    images, cameras, points = world
    random = np.random.default_rng(0)
    extrinsics = cameras.extrinsics.copy()
    extrinsics[:, :, 3] += random.normal(size=(len(cameras), 3)) * 0.03
    off = Cameras(cameras.intrinsics, extrinsics, cameras.sizes, cameras.names)
    settings = {**QUICK, "iterations": 250, "hold_out": 0}
    fixed = train(images, off, points, **settings, refine_cameras=True, run=run).cameras
    still = train(images, off, points, **{**settings, "iterations": 10}, run=run).cameras

    def uneven(found: Cameras) -> float:
        error = found.extrinsics[:, :, 3] - cameras.extrinsics[:, :, 3]
        return float(np.linalg.norm(error, axis=1).mean())

    assert np.array_equal(still.extrinsics, off.extrinsics)
    assert uneven(fixed) < 0.75 * uneven(off)


def test_what_a_mask_leaves_out_is_not_learned(world, run):
    images, cameras, points = world
    spoiled, masks = [], []
    for image in images:
        pixels, cover = image.pixels.copy(), np.ones((48, 64), np.float32)
        pixels[:16], cover[:16] = [255, 0, 255], 0
        spoiled.append(Image(pixels, image.name))
        masks.append(Mask(cover))
    trained = train(spoiled, cameras, points, masks, **QUICK, hold_out=5, run=run)
    assert mean_psnr(trained) > 19


def test_empty_outside_of_masks_leaves_nothing_there(world, run):
    images, cameras, points = world
    masks = []
    for _ in images:
        cover = np.zeros((48, 64), np.float32)
        cover[12:36, 20:44] = 1
        masks.append(Mask(cover))
    settings = {**QUICK, "background": "random", "outside_masks": "empty", "hold_out": 0}
    trained = train(images, cameras, points, masks, **settings, run=run)
    from meshloom.nodes.splats.render import render

    picture = render(trained.splats, cameras.select([0]), transparent=True, run=run).images[0]
    alpha = picture.pixels[:, :, 3] / 255
    assert alpha[:8].mean() < 0.1 and alpha[18:30, 26:38].mean() > 0.5


def test_what_cannot_work_is_told(world, run):
    images, cameras, points = world
    with pytest.raises(NodeError, match="no cameras"):
        train([], cameras.select([]), run=run)
    with pytest.raises(NodeError, match="one photo"):
        train(images[:1], cameras.select([0]), run=run)
    with pytest.raises(NodeError, match="do not belong together"):
        train(images[:4], cameras, points, run=run)
    with pytest.raises(NodeError, match="leave nothing"):
        train(images, cameras, points, [Mask(np.zeros((48, 64), np.float32))] * 10, **QUICK, run=run)
    with pytest.raises(NodeError, match="masks and 10 photos"):
        train(images, cameras, points, [Mask(np.ones((48, 64), np.float32))], **QUICK, run=run)
    with pytest.raises(NodeError, match="GiB"):
        train(images, cameras, points, splats=5_000_000, sh_degree=3, run=run)
    distorted = Cameras(
        cameras.intrinsics, cameras.extrinsics, cameras.sizes, cameras.names, np.full((len(cameras), 4), 0.1)
    )
    with pytest.raises(NodeError, match="distortion"):
        train(images, distorted, points, run=run)
    few = PointCloud(points.positions[:3])
    train(images, cameras, few, **{**QUICK, "iterations": 5}, run=run)
    assert any("too few" in message for message in run.warnings)


def test_photos_of_differing_size_and_grey_ones(world, run):
    images, cameras, points = world
    mixed = list(images)
    mixed[0] = Image(np.ascontiguousarray(images[0].pixels[::2, ::2]), images[0].name)
    mixed[1] = Image(images[1].pixels.mean(axis=2, keepdims=True).astype(np.uint8), images[1].name)
    trained = train(mixed, cameras, points, **{**QUICK, "iterations": 10}, run=run)
    assert np.isfinite(trained.splats.means).all()


def test_gradients_that_are_no_numbers_are_left_out_and_told(world, run, monkeypatch):
    from meshloom.kernels.splatting.losses import PhotoLoss

    images, cameras, points = world
    plain, calls = PhotoLoss.__call__, []

    def spoiled(self, drawn, target):
        loss, ssim, slope = plain(self, drawn, target)
        calls.append(loss)
        if len(calls) == 5:
            slope[:, 10:14] = np.nan
        return (float("nan") if len(calls) == 8 else loss), ssim, slope

    monkeypatch.setattr(PhotoLoss, "__call__", spoiled)
    trained = train(images, cameras, points, **{**QUICK, "iterations": 40}, hold_out=0, run=run)
    for part in ("means", "quaternions", "scales", "opacities", "sh"):
        assert np.isfinite(getattr(trained.splats, part)).all(), part
    assert any("2 iterations had gradients that were no finite numbers" in said for said in run.warnings)


def test_few_photos_are_not_looked_at_too_often():
    from meshloom.nodes.splats._effort import A_PHOTO, chosen, for_photos

    standard = chosen("standard", 0, 0, 0, -1)
    assert for_photos(standard, 9).iterations == 9 * A_PHOTO < standard.iterations
    assert for_photos(standard, 100) == standard and for_photos(standard, 1).iterations == 1000


def test_the_fewer_photos_the_more_is_left_out(world, run):
    assert _effort.dropout_for(3) == _effort.dropout_for(10) == 0.4
    assert 0 < _effort.dropout_for(15) < 0.4
    assert _effort.dropout_for(20) == _effort.dropout_for(500) == 0
    _, _, points = world
    many = ring(13)
    photos = photographed(balls(), many)
    settings = {**QUICK, "iterations": 30, "hold_out": 3}
    by_number = train(photos, many, points, **settings, run=run).splats
    told = train(photos, many, points, **settings, dropout=_effort.dropout_for(9), run=run).splats
    without = train(photos, many, points, **settings, dropout=0.0, run=run).splats
    assert np.array_equal(by_number.means, told.means)
    assert by_number.means.shape != without.means.shape or (by_number.means != without.means).any()


def test_from_few_photos_no_splat_is_as_large_as_its_distance_from_the_cameras(world, run):
    images, cameras, _ = world
    settings = {**QUICK, "iterations": 130, "hold_out": 0, "seed": 1}
    splats = train(images, cameras, None, **settings, run=run).splats
    eyes = np.array([-turn[:, :3].T @ turn[:, 3] for turn in cameras.extrinsics])
    away = np.linalg.norm(splats.means[:, None] - eyes[None], axis=2).min(axis=1)
    assert (splats.scales.max(axis=1) <= LARGEST * away * 1.001).all()


def test_a_photo_of_which_nothing_counts_says_nothing_of_the_others(world, run):
    images, cameras, points = world
    masks = [Mask(np.full((48, 64), n not in (0, 3), np.float32)) for n in range(len(images))]
    train(images, cameras, points, masks, **QUICK, hold_out=5, run=run)
    assert not any("trained on are shown" in said for said in run.warnings)


def test_another_kernel_learns_the_same_scene(world, run):
    from meshloom.graph_runtime.types import SplattingKernel

    images, cameras, points = world
    torch = SplattingKernel("torch.tiles", "", "")
    run.threads = 1
    settings = {**QUICK, "iterations": 3, "max_side": 32, "hold_out": 0, "densify": "none"}
    ours = train(images, cameras, points, **settings, run=run).splats
    theirs = train(images, cameras, points, None, torch, **settings, run=run).splats
    moved = np.linalg.norm(ours.means - points.positions, axis=1)
    apart = np.linalg.norm(ours.means - theirs.means, axis=1)
    assert np.median(moved) > 0 and np.median(apart) < 0.01 * np.median(moved)
    with pytest.raises(NodeError, match="no kernel of splatting"):
        train(images, cameras, points, None, SplattingKernel("mine", "", ""), **settings, run=run)


def test_with_nothing_held_out_the_end_is_returned(run, monkeypatch):
    """Losses of small pictures, early on, are lower than those of whole ones: they must not win."""
    splats, cameras = balls(), ring(6, 160, 128)
    noisy = []
    for image in photographed(splats, cameras):
        noise = np.random.default_rng(0).normal(0, 30, image.pixels.shape)
        noisy.append(image.with_pixels(np.clip(image.pixels + noise, 0, 255).astype(np.uint8)))

    def trained(ends: list[int]) -> np.ndarray:
        monkeypatch.setattr(_effort, "segments", lambda plan, stop_after: ends)
        return train(
            noisy, cameras, points_of(splats), iterations=60, splats=80, hold_out=0, run=run
        ).splats.means

    np.testing.assert_array_equal(trained([20, 40, 60]), trained([60]))


def test_holding_out_what_cannot_be_is_told(world, run):
    images, cameras, points = world
    train(images, cameras, points, iterations=10, hold_out=1, run=run)
    assert any("no photo is held out" in warning for warning in run.warnings)
