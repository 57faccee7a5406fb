"""One picture of many things: they share a depth, are clipped together, and show what the style asks for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from meshloom.graph_runtime.types import Mesh, PointCloud
from meshloom.kernels.raycast.render import Frame
from meshloom.ui.viewport.draw import Overtaken, Style, bounds_of, draw, to_bytes
from meshloom.ui.viewport.eye import Eye
from meshloom.ui.viewport.things import Points, SolidMesh, Stands

from .conftest import SIDES, box, ring

BARE = Style(shading="plain", grid=False, axes=False, cameras=False)
#: From the front, straight on: the middle row looks along +z.
EYE = replace(Eye(), azimuth=0.0, elevation=0.0, distance=5.0)
SIZE = (161, 121)
VIEW = EYE.view(SIZE)
MIDDLE = (60, 80)


def tinted(colour: tuple[int, int, int]) -> np.ndarray:
    return np.tile(np.array(colour, np.uint8), (6, 1))


def colour_at(frame: Frame, place: tuple[int, int] = MIDDLE) -> list[int]:
    return [round(float(part) * 255) for part in frame.colour[place]]


def same(one: Frame, other: Frame) -> bool:
    return all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in ("colour", "depth", "alpha")
    )


def test_a_box_is_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = draw([SolidMesh(box())], VIEW, BARE)
    assert frame.depth[MIDDLE] == pytest.approx(4.5) and colour_at(frame) == list(SIDES[4]), "the side at -z"
    assert frame.face[MIDDLE] in (8, 9) and frame.normal[MIDDLE] == pytest.approx([0, 0, -1])
    half = 0.5 / 4.5 * VIEW.focal
    rows, columns = np.nonzero(frame.alpha)
    assert columns.min() == pytest.approx(80.5 - half, abs=1) and rows.max() == pytest.approx(
        60.5 + half, abs=1
    )
    assert frame.depth[0, 0] == 0 and frame.face[0, 0] == -1 and frame.alpha[0, 0] == 0


def test_nothing_is_drawn_of_nothing() -> None:
    for made in ([], [Points(PointCloud(np.zeros((0, 3), np.float32)))], [Stands(ring(3).select([]))],
                 [SolidMesh(Mesh(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.int32)))]):  # fmt: skip
        frame = draw(made, VIEW, Style())
        assert not frame.alpha.any() and bounds_of(made) is None


def test_layers_share_one_depth_whatever_their_order() -> None:
    red = SolidMesh(box(1.0, (0, 0, 0), tinted((200, 0, 0))))
    green = SolidMesh(box(0.4, (0.3, 0, -1.0), tinted((0, 200, 0))))
    blue = SolidMesh(box(3.0, (0, 0, 4.0), tinted((0, 0, 200))))
    frames = [
        draw(order, VIEW, BARE) for order in ([red, green, blue], [blue, red, green], [green, blue, red])
    ]
    assert same(frames[0], frames[1]) and same(frames[0], frames[2])
    held = {tuple(colour_at(frames[0], place)) for place in np.ndindex(frames[0].depth.shape)}
    assert {(200, 0, 0), (0, 200, 0), (0, 0, 200)} <= held
    assert colour_at(frames[0], (60, 92)) == [0, 200, 0], "the near one covers the middle one"


def test_every_mesh_tells_its_faces_and_normals_in_any_layer() -> None:
    near, far = SolidMesh(box(0.5, (-0.6, 0, 0))), SolidMesh(box(0.5, (0.6, 0, 0)))
    one, other = draw([near, far], VIEW, BARE), draw([far, near], VIEW, BARE)
    for place in ((60, 60), (60, 100)):
        assert one.face[place] in (8, 9) and other.face[place] in (8, 9)
        assert one.normal[place] == pytest.approx([0, 0, -1]) and other.normal[place] == pytest.approx(
            [0, 0, -1]
        )


@pytest.mark.parametrize("z", [-1.0, 1.0])
def test_points_are_before_or_behind_a_mesh(z: float) -> None:
    mesh = SolidMesh(box(1.0, (0, 0, 0), tinted((200, 0, 0))))
    cloud = Points(PointCloud(np.array([[0, 0, z]], np.float32), np.array([[0, 0, 255]], np.uint8)))
    for order in ([mesh, cloud], [cloud, mesh]):
        frame = draw(order, VIEW, replace(BARE, point_size=20.0), moving=True)
        seen = colour_at(frame)
        assert seen == ([0, 0, 255] if z < 0 else [200, 0, 0])
        assert frame.depth[MIDDLE] == pytest.approx(4.0 if z < 0 else 4.5, abs=0.15)
        assert (frame.face[MIDDLE] == -1) == (z < 0)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("beyond", [True, False])
def test_a_clip_plane_keeps_one_side_of_everything(axis: int, beyond: bool) -> None:
    """Against the same picture, keeping each pixel's world position if it is on the kept side."""
    sphere = np.random.default_rng(0).normal(size=(4000, 3))
    sphere = (sphere / np.linalg.norm(sphere, axis=1, keepdims=True) * 0.9).astype(np.float32)
    made = [SolidMesh(box(1.0)), Points(PointCloud(sphere))]
    bounds = bounds_of(made)
    assert bounds is not None
    share = 0.37
    at = bounds[0][axis] + share * (bounds[1][axis] - bounds[0][axis])
    view = replace(EYE, azimuth=35.0, elevation=25.0).view(SIZE)
    frame = draw(made, view, replace(BARE, clip=(axis, share, beyond)))
    rays = view.rays(0, SIZE[1]).astype(np.float64)
    hit = frame.depth > 0
    places = (rays[..., :3] + rays[..., 3:] * frame.depth[..., None])[hit][:, axis]
    assert hit.sum() > 200
    assert (places > at - 0.02).all() if beyond else (places < at + 0.02).all()
    whole = draw(made, view, BARE)
    full = (rays[..., :3] + rays[..., 3:] * whole.depth[..., None])[..., axis]
    kept = (whole.depth > 0) & ((full > at + 0.05) if beyond else (full < at - 0.05))
    assert (frame.depth[kept] > 0).all(), "nothing of the kept side is lost"


def test_a_clip_shows_the_inside() -> None:
    frame = draw([SolidMesh(box(1.0))], VIEW, replace(BARE, clip=(2, 0.5, True)))
    assert frame.depth[MIDDLE] == pytest.approx(5.5) and colour_at(frame) == list(SIDES[5])


def test_normals_are_colours_of_directions_for_meshes_alone() -> None:
    """x red, up green, towards the eye blue; points and lines keep their own colours."""
    style = replace(BARE, shading="normals", point_size=20.0)
    mesh = SolidMesh(box())
    flat = to_bytes(draw([mesh], VIEW, style), style)
    assert flat[MIDDLE] == pytest.approx([128, 128, 255], abs=1)
    above = replace(EYE, elevation=89.5).view(SIZE)
    assert to_bytes(draw([mesh], above, style), style)[MIDDLE] == pytest.approx([128, 255, 128], abs=1)
    point = Points(PointCloud(np.array([[0, 0, -1.0]], np.float32), np.array([[255, 0, 0]], np.uint8)))
    both = to_bytes(draw([mesh, point], VIEW, style, moving=True), style)
    assert both[MIDDLE] == pytest.approx([255, 0, 0], abs=1), "a point before the mesh is not its normal"
    two = to_bytes(draw([mesh, SolidMesh(box(0.2, (0, 0, -1)))], VIEW, style), style)
    assert two[MIDDLE] == pytest.approx([128, 128, 255], abs=1)
    wired = replace(style, wireframe=True)
    frame = to_bytes(draw([mesh], VIEW, wired), wired).astype(int)
    assert np.abs(frame - flat).max(axis=2).sum() > 0 and (np.abs(frame - flat) > 60).any(), "wires are seen"


def test_the_backdrop_goes_from_top_to_bottom() -> None:
    style = replace(BARE, top=(1.0, 0.0, 0.0), bottom=(0.0, 0.0, 1.0))
    pixels = to_bytes(draw([], VIEW, style), style).astype(int)
    assert pixels[0, 0, 0] > 250 and pixels[-1, 0, 2] > 250
    assert (np.diff(pixels[:, 0, 0]) <= 0).all() and (pixels[:, 0] == pixels[:, -1]).all()


def test_shadings_differ_and_plain_is_exactly_the_colours() -> None:
    mesh = SolidMesh(box())
    view = replace(EYE, azimuth=35.0, elevation=25.0).view(SIZE)
    plain = draw([mesh], view, BARE)
    assert {tuple(np.round(c * 255).astype(int)) for c in plain.colour[plain.alpha > 0]} <= {
        tuple(map(int, side)) for side in SIDES
    }
    clay = draw([mesh], view, replace(BARE, shading="studio"))
    soft = draw([mesh], view, replace(BARE, shading="auto"))
    assert not np.allclose(clay.colour, plain.colour) and not np.allclose(clay.colour, soft.colour)


def test_wires_grid_bounds_and_cameras_come_and_go() -> None:
    made = [SolidMesh(box()), Stands(ring(4))]
    view = replace(EYE, azimuth=35.0, elevation=25.0, distance=12.0).view(SIZE)
    bare = draw(made, view, BARE)
    for change in ({"wireframe": True}, {"grid": True}, {"bounds": True}, {"cameras": True}):
        other = draw(made, view, replace(BARE, **change))
        assert (np.abs(other.colour - bare.colour).max(axis=2) > 0.05).sum() > 20, change


def test_the_grid_lies_on_the_floor_and_behind_the_box() -> None:
    mesh = SolidMesh(box(1.0, (0, 0, 0), tinted((200, 0, 0))))
    view = replace(EYE, elevation=25.0).view(SIZE)
    bare, grid = draw([mesh], view, BARE), draw([mesh], view, replace(BARE, grid=True, line=(0.0, 1.0, 0.0)))
    covered = bare.alpha > 0
    inner = covered & (grid.colour[..., 1] > 0.5)
    assert inner.sum() < 0.1 * covered.sum(), "only at its feet"
    fresh = (grid.alpha > 0) & ~covered
    assert fresh.sum() > 100


def test_more_samples_smooth_the_edges_and_keep_the_places() -> None:
    mesh = SolidMesh(box(1.0, (0, 0, 0), tinted((255, 255, 255))))
    view = replace(EYE, azimuth=35.0, elevation=25.0).view(SIZE)
    one, two = draw([mesh], view, BARE), draw([mesh], view, BARE, samples=2)
    assert two.depth.shape == one.depth.shape == SIZE[::-1]
    assert set(np.unique(one.alpha)) == {0.0, 1.0} and len(np.unique(two.alpha)) > 2
    inside = (one.alpha == 1) & (two.alpha == 1)
    assert np.abs(one.depth - two.depth)[inside].max() < 0.05
    assert abs(float(two.alpha.sum()) - float(one.alpha.sum())) < 0.02 * one.alpha.sum()


def test_moving_leaves_points_out_and_keeps_the_size_of_the_whole() -> None:
    many = np.random.default_rng(0).random((250_000, 3), np.float32) - np.float32(0.5)
    cloud = Points(PointCloud(many))
    coarse = VIEW.resized(40, 30)
    moving, still = draw([cloud], coarse, BARE, moving=True), draw([cloud], coarse, BARE)
    assert abs(int((moving.alpha > 0).sum()) - int((still.alpha > 0).sum())) <= 0.05 * (still.alpha > 0).sum()


def test_drawing_can_be_overtaken() -> None:
    def newer() -> None:
        raise Overtaken

    with pytest.raises(Overtaken):
        draw([SolidMesh(box())], VIEW, BARE, between=newer)


def test_cameras_count_for_the_bounds_only_when_they_are_alone() -> None:
    mesh, cameras = SolidMesh(box()), Stands(ring(4))
    assert bounds_of([mesh, cameras]) == (pytest.approx([-0.5] * 3), pytest.approx([0.5] * 3))
    alone = bounds_of([cameras])
    assert alone is not None and alone[1][0] > 3
    single = Points(PointCloud(np.array([[1, 2, 3]], np.float32)))
    low, high = bounds_of([single])
    assert (high - low == 1).all(), "a point has a box one can stand before"


def test_photos_are_seen_in_the_mouths_of_the_cameras() -> None:
    cameras = Stands(ring(1))
    thumbs = {"photo0.jpg": np.full((24, 32, 3), (250, 10, 250), np.uint8)}
    style = replace(BARE, cameras=True)
    view = replace(EYE, distance=9.0, azimuth=160.0).view(SIZE)
    made = [SolidMesh(box()), cameras]

    def pink(frame: Frame) -> int:
        return int((np.abs(frame.colour - np.array([250, 10, 250]) / 255).max(axis=2) < 0.05).sum())

    assert pink(draw(made, view, style, thumbs=thumbs)) > 10
    assert pink(draw(made, view, replace(style, photos=False), thumbs=thumbs)) == 0
    assert pink(draw(made, view, replace(style, cameras=False), thumbs=thumbs)) == 0
