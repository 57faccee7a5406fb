"""Values made ready for drawing, also when they are empty, broken or huge."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from meshloom.graph_runtime.types import Cameras, Image, Mesh, PointCloud
from meshloom.ui.viewport.things import GREY, Points, SolidMesh, Stands, Thing, is_spatial, mapped

from .conftest import box, ring


def cloud(count: int = 500, **said: np.ndarray) -> PointCloud:
    return PointCloud(np.random.default_rng(0).random((count, 3), np.float32), **said)


def test_what_belongs_in_a_3d_view() -> None:
    assert all(map(is_spatial, (box(), cloud(), ring())))
    assert not is_spatial(Image(np.zeros((2, 2, 3), np.uint8)))


def test_a_thing_is_made_once_also_by_two_threads() -> None:
    thing = Thing("k", "box", box())
    made: list[object] = []
    threads = [threading.Thread(target=lambda: made.append(thing.made())) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len({id(each) for each in made}) == 1 and isinstance(made[0], SolidMesh)


def test_every_edge_of_a_mesh_is_there_once() -> None:
    made = SolidMesh(box())
    edges = {tuple(sorted(map(tuple, np.round(ends, 3).tolist()))) for ends in made.edges()}
    assert len(made.edges()) == 6 * 5, "four sides and a diagonal of each of six squares"
    assert len(edges) == 12 + 6


def test_a_mesh_without_faces_is_drawn_as_points() -> None:
    made = SolidMesh(Mesh(box().vertices, np.zeros((0, 3), np.int32)))
    assert made.scene is None and made.points is not None and len(made.points.positions) == 24
    assert made.bounds is not None and made.bounds[0] == pytest.approx([-0.5] * 3)


def test_broken_vertices_cost_their_faces_alone() -> None:
    held = box()
    vertices = held.vertices.copy()
    vertices[0] = np.nan
    made = SolidMesh(Mesh(vertices, held.faces))
    assert made.scene is not None and len(made.scene.faces) == 10
    assert made.bounds is not None and np.isfinite(made.bounds).all()
    unused = np.concatenate([held.vertices, [[1e9, 0, 0]]]).astype(np.float32)
    bounds = SolidMesh(Mesh(unused, held.faces)).bounds
    assert bounds is not None and bounds[1] == pytest.approx([0.5] * 3), "what no face uses is not looked at"


@pytest.mark.parametrize("broken", [Mesh(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32))])
def test_an_empty_mesh_has_nothing_to_show(broken: Mesh) -> None:
    made = SolidMesh(broken)
    assert made.bounds is None and made.scene is None


def test_a_cloud_is_shuffled_whole() -> None:
    positions = np.arange(3000, dtype=np.float32).reshape(1000, 3)
    positions[5] = np.nan
    made = Points(PointCloud(positions))
    assert sorted(made.index) == [n for n in range(1000) if n != 5]
    assert (made.positions == positions[made.index]).all()
    some = made.positions[:100, 0]
    assert some.mean() == pytest.approx(1500, rel=0.2), "the first hundred are spread over all"
    assert (Points(PointCloud(positions)).index == made.index).all(), "the same each time"


def test_what_a_cloud_can_be_coloured_by() -> None:
    plain = Points(cloud())
    assert plain.offers() == ["height", "plain"]
    assert plain.colours("colour") is GREY or (plain.colours("colour") == GREY).all()
    count = 500
    colours = np.random.default_rng(1).integers(0, 256, (count, 3), np.uint8)
    confidence = np.linspace(0, 1, count, dtype=np.float32)
    normals = np.tile(np.array([0, -1, 0], np.float32), (count, 1))
    full = Points(cloud(count, colours=colours, confidence=confidence, normals=normals))
    assert full.offers() == ["colour", "confidence", "normals", "height", "plain"]
    assert (full.colours("colour") == colours[full.index]).all()
    assert (full.colours("confidence") == mapped(confidence)[full.index]).all()
    assert (np.unique(full.colours("normals"), axis=0) == [[127, 255, 127]]).all(), "up is green"
    height = full.colours("height").astype(int)
    order = np.argsort(full.positions[:, 1])  # y is down: the first is the highest
    assert abs(height[order[0]] - mapped(np.ones(1))[0]).max() <= 12
    assert abs(height[order[-1]] - mapped(np.zeros(1))[0]).max() <= 12


@pytest.mark.parametrize("count", [0, 1])
def test_clouds_of_nothing_and_of_one(count: int) -> None:
    made = Points(cloud(count))
    assert len(made.positions) == count and made.radius > 0
    assert (made.bounds is None) == (count == 0)
    for by in ("height", "plain", "colour"):
        assert made.colours(by).dtype == np.uint8


def test_cameras_that_are_no_numbers_are_left_out() -> None:
    held = ring(4)
    extrinsics = held.extrinsics.copy()
    extrinsics[1, 0, 0] = np.nan
    made = Stands(Cameras(held.intrinsics, extrinsics, held.sizes, held.names))
    assert list(made.index) == [0, 2, 3] and len(made.views) == 3
    assert made.centres == pytest.approx(held.centres()[[0, 2, 3]])
    none = Stands(held.select([]))
    assert none.bounds is None and none.length(None) > 0 and none.lines(1.0).shape[0] == 0


def test_pyramids_begin_at_the_cameras_and_look_where_they_look() -> None:
    held = ring(3)
    made = Stands(held)
    lines = made.lines(0.5)
    assert lines.shape == (3, 9, 2, 3)
    for n in range(3):
        assert lines[n, :4, 0] == pytest.approx(np.tile(held.centres()[n], (4, 1)))
        forward = held.extrinsics[n, 2, :3]
        assert (lines[n, :4, 1] - held.centres()[n]) @ forward == pytest.approx([0.5] * 4)
    assert made.lines(0.5) is lines and not np.allclose(made.lines(0.7), lines)


def test_photos_hang_in_the_mouths_of_the_pyramids() -> None:
    made = Stands(ring(3))
    assert made.photos(0.5, {}) is None
    thumbs = {"photo1.jpg": np.full((24, 32, 3), 77, np.uint8)}
    scene = made.photos(0.5, thumbs)
    assert scene is not None and len(scene.faces) == 2
    depth = (scene.vertices - made.centres[1]) @ made.views[1].rotation[2]
    assert depth == pytest.approx([0.4975] * 4, rel=1e-4)
    assert made.photos(0.5, thumbs) is scene
    assert made.photos(0.6, thumbs) is not scene
    other = made.photos(0.6, {"photo1.jpg": np.full((24, 32, 3), 9, np.uint8)})
    assert other is not None and int(other.pyramid.texels.max()) == 9, "other photos of the same names"
