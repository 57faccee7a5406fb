from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from meshloom.graph_runtime.errors import Cancelled, NodeError
from meshloom.graph_runtime.types import Image
from meshloom.nodes.reconstruct._model import project
from meshloom.nodes.reconstruct.features import features
from meshloom.nodes.reconstruct.map_cameras import map_cameras
from meshloom.nodes.reconstruct.match import match


class Again:
    """A ``Run`` that hands out a fresh scratch folder each time, as the engine does for each node."""

    def __init__(self, run, folder):
        self._run, self._folder, self._count = run, folder, 0

    def __getattr__(self, name):
        return getattr(self._run, name)

    @property
    def scratch(self):
        self._count += 1
        folder = self._folder / f"scratch{self._count}"
        folder.mkdir()
        return folder


@pytest.fixture
def run(run, tmp_path):
    return Again(run, tmp_path)


def found(images, run):
    return [features(image, max_features=300, run=run) for image in images]


def mapped(images, run, **more):
    items = found(images, run)
    return map_cameras(items, match(items, run=run), run=run, **more)


def rows(table):
    return {row[0]: dict(zip(table.columns, row, strict=True)) for row in table.rows}


def position_errors(cameras, truth) -> np.ndarray:
    """Camera positions against the truth after the best similarity (Umeyama), over the size of the scene."""
    kept = [truth.names.index(name) for name in cameras.names]
    ours, true = cameras.centres(), truth.select(kept).centres()
    a, b = ours - ours.mean(0), true - true.mean(0)
    u, s, v = np.linalg.svd(b.T @ a)
    flip = np.diag([1, 1, np.sign(np.linalg.det(u @ v))])
    scale = (s * np.diag(flip)).sum() / (a**2).sum()
    return np.linalg.norm(scale * a @ (u @ flip @ v).T - b, axis=1) / 4.0


@pytest.fixture(scope="module")
def world(photographs, arc):
    return photographs(arc, distortion=(-0.08, 0, 0, 0))


def test_all_photos_are_placed_where_they_were_taken(world, run):
    images, truth = world
    result = mapped(images, run)
    assert result.cameras.names == truth.names
    assert position_errors(result.cameras, truth).max() < 0.005
    assert abs(result.cameras.intrinsics[0, 0, 0] / 300 - 1) < 0.02
    assert abs(result.cameras.distortion[0, 0] + 0.08) < 0.02
    figures = dict(result.summary.rows)
    assert figures["photos placed"] == 6 and figures["separate models"] == 1
    assert figures["mean reprojection error (px)"] < 0.5
    assert figures["points"] == len(result.points) > 200
    report = rows(result.report)
    assert {row["placed"] for row in report.values()} == {"yes"}
    assert all(row["points"] > 50 and row["error_px"] < 1 and row["why"] == "" for row in report.values())


def test_points_project_to_the_photos_that_see_them_in_their_colour(world, run):
    images, _ = world
    result = mapped(images, run)
    points, cameras = result.points, result.cameras
    rows_, columns = points.observations.T
    assert rows_.max() == len(points) - 1 and columns.max() == len(cameras) - 1
    assert (np.bincount(rows_) >= 2).all()
    differences = []
    for index, image in enumerate(images):
        seen = rows_[columns == index]
        x, y = project(cameras, index, points.positions[seen].astype(np.float64)).T
        assert (x > 0).all() and (x < 320).all() and (y > 0).all() and (y < 240).all()
        pixels = image.pixels[y.astype(int), x.astype(int)].astype(float)
        differences.append(np.abs(pixels - points.colours[seen]).mean())
    assert np.mean(differences) < 25


def test_the_world_stands_upright_about_its_origin(world, run):
    result = mapped(world[0], run)
    positions = result.points.positions
    centres, rotations = result.cameras.centres(), result.cameras.extrinsics[:, :, :3]
    # All look at one point, from a usual distance of 1.
    assert (np.linalg.norm(np.cross(rotations[:, 2], centres), axis=1) < 0.05).all()
    depths = []
    for index in range(len(centres)):
        seen = positions[result.points.observations[:, 0][result.points.observations[:, 1] == index]]
        depths.append(np.median(seen @ rotations[index, 2] + result.cameras.extrinsics[index, 2, 3]))
    assert np.median(depths) == pytest.approx(1, abs=1e-4)
    # The floor of the scene is level and below; the cameras are level and look ahead.
    assert np.abs(rotations[:, 0, 1]).max() < 0.01
    assert (rotations[:, 1, 1] > 0.9).all()
    assert (centres[:, 2] < -0.5).all()
    assert rotations[0, 2, 2] > 0.9 and abs(rotations[0, 2, 0]) < 1e-6
    floor = positions[positions[:, 1] > np.quantile(positions[:, 1], 0.97)]
    assert floor[:, 1].std() < 0.02


def test_equal_input_gives_equal_bytes(world, run):
    items = found(world[0], run)
    matches = match(items, run=run)
    first, second = (map_cameras(items, matches, run=run) for _ in range(2))
    for one, two in ((first.cameras, second.cameras), (first.points, second.points)):
        for field in type(one).__dataclass_fields__:
            a, b = getattr(one, field), getattr(two, field)
            assert a.tobytes() == b.tobytes() if isinstance(a, np.ndarray) else a == b
    assert first.report.rows == second.report.rows


def test_without_exif_the_focal_length_is_found(photographs, arc, run):
    images, truth = photographs(arc, known_focal=False)
    result = mapped(images, run)
    assert len(result.cameras) == 6
    assert abs(result.cameras.intrinsics[0, 0, 0] / 300 - 1) < 0.05
    assert position_errors(result.cameras, truth).max() < 0.02


def test_photos_of_different_sizes(photographs, arc, run):
    images, truth = photographs(arc, sizes=[(320, 240)] * 3 + [(400, 300)] * 2 + [(240, 320)])
    result = mapped(images, run)
    assert len(result.cameras) == 6
    assert np.array_equal(result.cameras.sizes, truth.sizes)
    assert position_errors(result.cameras, truth).max() < 0.01
    assert np.allclose(result.cameras.intrinsics[:, 0, 0], truth.intrinsics[:, 0, 0], rtol=0.05)


def test_two_photos_with_known_lens_are_enough(photographs, arc, run):
    images, truth = photographs([arc[0], arc[2]])
    result = mapped(images, run)
    assert result.cameras.names == truth.names
    assert len(result.points) > 50
    assert result.cameras.intrinsics[0, 0, 0] == 300
    relative = [c.extrinsics[1, :, :3] @ c.extrinsics[0, :, :3].T for c in (result.cameras, truth)]
    angle = np.degrees(np.arccos((np.trace(relative[0] @ relative[1].T) - 1) / 2))
    assert angle < 1


@pytest.mark.parametrize(
    "options",
    [{"mapper": "global"}, {"intrinsics": "per-photo", "camera_model": "opencv"}],
    ids=["global", "lenses"],
)
def test_other_ways_to_place(photographs, arc, run, options):
    images, truth = photographs(arc)
    result = mapped(images, run, **options)
    assert len(result.cameras) == 6
    assert position_errors(result.cameras, truth).max() < 0.02


def test_the_report_says_why_a_photo_is_not_placed(world, photographs, arc, run):
    stranger = Image(photographs(arc[:1], seed=70)[0][0].pixels, "stranger.png", 300.0)
    blank = Image(np.full((240, 320, 3), 128, np.uint8), "blank.png", 300.0)
    result = mapped([blank, *world[0][:4], stranger], run)
    assert result.cameras.names == ("photo0.png", "photo1.png", "photo2.png", "photo3.png")
    report = rows(result.report)
    assert list(report) == ["blank.png", *result.cameras.names, "stranger.png"]
    assert report["blank.png"]["placed"] == report["stranger.png"]["placed"] == "no"
    assert "only 0 features" in report["blank.png"]["why"]
    assert "shares nothing" in report["stranger.png"]["why"]
    assert any("2 of 6" in warning for warning in run.warnings)


def test_two_scenes_give_the_larger_and_say_so(world, photographs, arc, run):
    others = [
        Image(i.pixels, f"other{n}.png", i.focal_px) for n, i in enumerate(photographs(arc[:4], seed=30)[0])
    ]
    result = mapped([*others, *world[0]], run)
    assert result.cameras.names == tuple(image.name for image in world[0])
    assert dict(result.summary.rows)["separate models"] == 2
    assert "separate model of 4 photos" in rows(result.report)["other0.png"]["why"]
    assert any("2 models" in warning for warning in run.warnings)


def renamed(image, count):
    return [Image(image.pixels, f"{index}.png", image.focal_px) for index in range(count)]


def test_photos_that_cannot_be_placed_are_an_error_that_says_why(world, photographs, arc, run):
    image = world[0][0]
    strangers = [Image(photographs(arc[:1], seed=90 + 7 * k)[0][0].pixels, f"s{k}.png") for k in range(3)]
    flat = Image(np.full((240, 320, 3), 200, np.uint8))
    for images, words in (
        (renamed(image, 4), "show the same view"),
        (strangers, "no two of the 3 photos overlap"),
        (renamed(flat, 3), "next to no features"),
    ):
        with pytest.raises(NodeError, match=words) as raised:
            mapped(images, run)
        assert raised.value.hint


def test_input_that_does_not_belong_together_is_an_error(world, run):
    items = found(world[0][:3], run)
    matches = match(items, run=run)
    with pytest.raises(NodeError, match="matches are of other features"):
        map_cameras(items[::-1], matches, run=run)
    with pytest.raises(NodeError, match="no photos"):
        map_cameras([], matches, run=run)
    with pytest.raises(NodeError, match="only one photo"):
        map_cameras(items[:1], matches, run=run)


@pytest.mark.parametrize("mapper", ["incremental", "global"])
def test_placing_can_be_cancelled_at_once(world, run, mapper):
    items = found(world[0], run)
    matches = match(items, run=run)
    asked: list[float] = []

    class Stopping(Again):
        def progress(self, done: float, total: float = 1.0, message: str = "") -> None:
            if "plac" in message and done >= (1 if mapper == "incremental" else 0):
                asked.append(time.monotonic())
                raise Cancelled

    with pytest.raises(Cancelled):
        map_cameras(items, matches, mapper=mapper, run=Stopping(run, run.scratch))
    assert time.monotonic() - asked[0] < 0.5
    for thread in threading.enumerate():
        if thread.name == "meshloom-native":
            thread.join(20)
            assert not thread.is_alive()
