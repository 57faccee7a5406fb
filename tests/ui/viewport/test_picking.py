"""What is under the pointer, against the numbers of the value itself."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QImage

from meshloom.graph_runtime.types import Mesh, PointCloud
from meshloom.ui.viewport.draw import Style, bounds_of, draw
from meshloom.ui.viewport.eye import Eye
from meshloom.ui.viewport.painter import Painted, Wanted
from meshloom.ui.viewport.picking import Pick, pick
from meshloom.ui.viewport.things import Thing

from .conftest import SIDES, box

STYLE = Style(shading="plain", grid=False, axes=False)
EYE = replace(Eye(), azimuth=25.0, elevation=20.0, distance=5.0)
SIZE = (320, 240)


def painted(*things: Thing, eye: Eye = EYE, samples: int = 1) -> Painted:
    view = eye.view(SIZE)
    made = [thing.made() for thing in things if thing.visible]
    frame = draw(made, view, STYLE, samples=samples)
    return Painted(
        Wanted(things, view, STYLE), QImage(), view, frame.depth, frame.face, *[bounds_of(made)] * 2
    )


def at(shown: Painted, point: np.ndarray) -> tuple[float, float]:
    """Where a point of the world is in the picture, 0..1."""
    x, y, z = shown.view.projection() @ [*point, 1.0]
    return x / z / SIZE[0], y / z / SIZE[1]


def on_triangle(mesh: Mesh, found: Pick) -> float:
    """How far a picked place is from the plane of the picked face; infinite when it is beside the face."""
    a, b, c = mesh.vertices[mesh.faces[found.index]].astype(float)
    normal = np.cross(b - a, c - a)
    normal /= np.linalg.norm(normal)
    weights = np.linalg.lstsq(np.stack([a, b, c]).T, found.position, rcond=None)[0]
    return abs(float((found.position - a) @ normal)) if (weights > -0.05).all() else float("inf")


@pytest.mark.parametrize("samples", [1, 2])
def test_a_face_and_the_place_on_it(samples: int) -> None:
    mesh = box(1.0, (0.2, 0.1, -0.3))
    thing = Thing("a", "castle", mesh)
    shown = painted(thing, samples=samples)
    sides = set()
    for weights in np.random.default_rng(0).dirichlet((2, 2, 2), 60):
        for face in range(12):
            point = weights @ mesh.vertices[mesh.faces[face]]
            found = pick(shown, [thing], *at(shown, point))
            assert found is not None and found.kind == "face" and found.title == "castle"
            assert on_triangle(mesh, found) < 0.006, "a pixel is 0.015 wide there"
            if np.linalg.norm(found.position - point) < 0.02:  # it faces the eye
                sides.add(face // 2)
                assert found.told["colour"] == str(tuple(map(int, SIDES[found.index // 2])))
    assert len(sides) == 3


def test_the_backdrop_is_nothing_and_near_misses_count() -> None:
    thing = Thing("a", "box", box())
    shown = painted(thing)
    assert pick(shown, [thing], 0.02, 0.02) is None
    assert pick(None, [thing], 0.5, 0.5) is None
    assert pick(shown, [thing], 1.0, 0.5) is None and pick(shown, [thing], -0.1, 0.5) is None
    row = SIZE[1] // 2
    edge = int(np.flatnonzero(shown.depth[row])[0])
    assert pick(shown, [thing], (edge - 2 + 0.5) / SIZE[0], (row + 0.5) / SIZE[1]) is not None
    assert pick(shown, [thing], (edge - 6 + 0.5) / SIZE[0], (row + 0.5) / SIZE[1]) is None


def test_a_point_with_its_attributes() -> None:
    count = 30
    rng = np.random.default_rng(3)
    cloud = PointCloud(
        rng.uniform(-1, 1, (count, 3)).astype(np.float32),
        rng.integers(0, 256, (count, 3), np.uint8),
        confidence=rng.random(count, np.float32),
    )
    thing = Thing("c", "cloud", cloud)
    shown = painted(thing)
    seen = 0
    for index in range(count):
        found = pick(shown, [thing], *at(shown, cloud.positions[index]))
        assert found is not None and found.kind == "point"
        assert (found.position == cloud.positions[found.index].astype(float)).all(), "the point's own place"
        assert found.told["colour"] == str(tuple(map(int, cloud.colours[found.index])))
        assert found.told["confidence"] == f"{float(cloud.confidence[found.index]):.3g}"
        seen += found.index == index
    assert seen > 0.8 * count, "but those behind another"


def test_each_layer_is_picked_as_itself() -> None:
    near, far = Thing("n", "near", box(0.5, (-0.6, 0, 0))), Thing("f", "far", box(0.5, (0.6, 0, 0)))
    for things in ([near, far], [far, near]):
        shown = painted(*things)
        for thing, centre in ((near, -0.6), (far, 0.6)):
            found = pick(shown, things, *at(shown, np.array([centre, 0.0, -0.25])))
            assert found is not None and (found.title, found.kind) == (thing.title, "face")
            assert on_triangle(thing.value, found) < 0.006


def test_layers_in_one_plane_are_told_apart() -> None:
    """Two boxes side by side: the same face of both lies in the same plane."""
    one, other = Thing("1", "one", box(0.5, (-0.6, 0, 0))), Thing("2", "other", box(0.5, (0.6, 0, 0)))
    straight = replace(EYE, azimuth=0.0, elevation=0.0)
    shown = painted(one, other, eye=straight)
    for title, x in (("one", -0.6), ("other", 0.6)):
        found = pick(shown, [one, other], *at(shown, np.array([x + 0.05, 0.02, -0.25])))
        assert found is not None and found.title == title


def test_hidden_layers_are_not_picked() -> None:
    thing, hidden = Thing("a", "box", box()), Thing("h", "hidden", box(3.0), visible=False)
    shown = painted(thing, hidden)
    found = pick(shown, [thing, hidden], 0.5, 0.5)
    assert found is not None and found.title == "box"


def test_the_face_is_that_of_the_value_also_where_others_are_broken() -> None:
    whole = box()
    vertices = np.concatenate([np.full((3, 3), np.nan, np.float32), whole.vertices])
    mesh = Mesh(vertices, np.concatenate([[[0, 1, 2]], whole.faces + 3]).astype(np.int32))
    thing = Thing("a", "box", mesh)
    found = pick(painted(thing), [thing], 0.5, 0.5)
    assert found is not None and on_triangle(mesh, found) < 0.006
    assert found.told["vertices"] == ", ".join(map(str, mesh.faces[found.index]))
