"""The 3D view as a hand uses it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.types import PointCloud, Splats
from meshloom.kernels.raycast.light import UNLIT
from meshloom.kernels.raycast.render import render
from meshloom.kernels.raycast.view import View
from meshloom.ui import theme
from meshloom.ui.viewport.draw import Style, to_bytes
from meshloom.ui.viewport.model_view import ModelView, picture_of
from meshloom.ui.viewport.things import SolidMesh, Thing
from meshloom.ui.viewport.viewport import Viewport

from ..hand import MIDDLE, RIGHT, click, double_click, drag, hold, press, release, wheel
from .conftest import SIDES, box, ring
from .test_first_view import cameras, cloud

SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def view(qtbot: QtBot) -> Iterator[Viewport]:
    made = Viewport()
    qtbot.addWidget(made)
    made.resize(400, 300)
    made.set_style(shading="plain", grid=False, axes=False, cameras=False)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    yield made
    made.close_painter()
    made.close()


def rest(view: Viewport, qtbot: QtBot) -> None:
    """Wait for the picture of where the eye is now, in full size."""

    def there() -> bool:
        shown = view._painted
        return (
            shown is not None
            and shown.wanted.things == tuple(view.things)
            and shown.wanted.style == view.drawing
            and shown.view.size == view.view().size
            and np.array_equal(shown.view.projection(), view.view().projection())
        )

    qtbot.waitUntil(there, timeout=10_000)


@pytest.fixture
def thing(view: Viewport, qtbot: QtBot) -> Thing:
    """A box, in view."""
    made = Thing("box", "box", box())
    view.set_things([made])
    rest(view, qtbot)
    return made


def place(view: Viewport, point: tuple[float, float, float]) -> QPoint:
    found = view.on_screen(np.array(point))
    assert found is not None
    return found.toPoint()


def colour(view: Viewport, at: QPoint) -> tuple[int, int, int]:
    held = view.grab().toImage().pixelColor(at)
    return held.red(), held.green(), held.blue()


# ----------------------------------------------------------------------------------------------- the eye


def test_the_first_thing_is_brought_into_view(view: Viewport, thing: Thing) -> None:
    corners = [place(view, (x, y, z)) for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)]
    assert all(view.rect().contains(each) for each in corners)
    assert max(abs(each.y() - 150) for each in corners) > 90, "and large"


def test_a_drag_turns_what_is_grabbed_with_the_hand(view: Viewport, thing: Thing, qtbot: QtBot) -> None:
    before, near = view.eye, tuple(view.eye.target + 0.5 * view.eye.towards)
    start = place(view, near)
    drag(view, view.rect().center(), view.rect().center() + QPoint(40, 0))
    moved = place(view, near)
    assert moved.x() > start.x() + 10, "the near side goes to the right with the hand"
    assert view.eye.azimuth == pytest.approx(before.azimuth - 16) and view.eye.elevation == before.elevation
    drag(view, view.rect().center(), view.rect().center() + QPoint(0, 30))
    assert place(view, near).y() > moved.y() + 5
    assert view.eye.elevation == pytest.approx(before.elevation + 12)
    assert view.eye.distance == before.distance and (view.eye.target == before.target).all()
    rest(view, qtbot)
    assert view.marks == [], "a drag is no click"


@pytest.mark.parametrize(
    ("button", "modifiers"), [(MIDDLE, Qt.KeyboardModifier.NoModifier), (Qt.MouseButton.LeftButton, SHIFT)]
)
def test_a_pan_keeps_the_target_under_the_pointer(
    view: Viewport, thing: Thing, button: Qt.MouseButton, modifiers: Qt.KeyboardModifier
) -> None:
    before = tuple(view.eye.target)
    start = place(view, before)
    drag(view, start, start + QPoint(50, -30), button, modifiers)
    assert (place(view, before) - start - QPoint(50, -30)).manhattanLength() <= 1


def test_the_right_button_looks_around(view: Viewport, thing: Thing) -> None:
    before = view.eye.position
    drag(view, view.rect().center(), view.rect().center() + QPoint(60, 20), RIGHT)
    assert view.eye.position == pytest.approx(before) and not np.allclose(view.eye.target, 0)


def test_the_wheel_goes_to_what_is_under_the_pointer(view: Viewport, thing: Thing, qtbot: QtBot) -> None:
    corner = (-0.5, -0.5, -0.5)
    at = place(view, corner)
    if view.pick_at(QPointF(at)) is None:
        pytest.fail("the corner is not in view")
    before = view.eye.distance
    for _ in range(3):
        wheel(view, at, 1)
        rest(view, qtbot)
    assert view.eye.distance < 0.7 * before
    assert (place(view, corner) - at).manhattanLength() <= 3
    wheel(view, QPoint(2, 2), -2)
    assert view.eye.distance > 0.6 * before


def test_what_is_of_another_size_is_fitted_until_the_eye_was_moved(
    view: Viewport, thing: Thing, qtbot: QtBot
) -> None:
    fitted = view.eye.distance
    large = Thing("large", "large", box(10.0))
    view.set_things([large])
    rest(view, qtbot)
    assert view.eye.distance > 5 * fitted
    wheel(view, view.rect().center(), 1)
    moved = view.eye.distance
    view.set_things([thing])
    rest(view, qtbot)
    assert view.eye.distance == moved


def scene() -> Splats:
    """500 small splats in a cube of 1, and 200 large ones far around."""
    made, random = cloud(count=700), np.random.default_rng(1)
    means, scales = made.means.copy(), made.scales.copy()
    means[500:] = random.normal(size=(200, 3)) * 20
    scales[500:] = 4
    return replace(made, means=means, scales=scales)


def test_of_splats_the_dense_part_is_brought_into_view(view: Viewport, qtbot: QtBot) -> None:
    view.set_things([Thing("s", "scene", scene())])
    rest(view, qtbot)
    assert 1 < view.eye.distance < 4 and np.abs(view.eye.target).max() < 0.1
    first = view.eye
    drag(view, QPoint(100, 100), QPoint(180, 160), MIDDLE)
    qtbot.keyClick(view, Qt.Key.Key_Home)
    assert view.eye.target == pytest.approx(first.target), "without cameras, as F does"
    assert view.box is not None and np.ptp(view.box, axis=0).max() > 20, "it goes on around"


def test_a_scene_is_seen_from_where_its_photos_were_taken_until_the_eye_was_moved(
    view: Viewport, qtbot: QtBot
) -> None:
    thing = Thing("s", "scene", scene())
    view.set_things([thing])
    rest(view, qtbot)
    held = cameras(((0, -1, -2.5), (0, 0, 0)))
    view.set_seen_from(thing, held)
    rest(view, qtbot)
    assert view.eye.position == pytest.approx([0, -1, -2.5])
    wheel(view, view.rect().center(), 1)
    moved = view.eye
    view.set_seen_from(thing, cameras(((0, -1, 2.5), (0, 0, 0))))
    assert view.eye is moved
    qtbot.keyClick(view, Qt.Key.Key_Home)
    assert view.eye.position == pytest.approx([0, -1, 2.5])
    view.go_to(moved)
    other = Thing("o", "other", scene(), seen_from=held)
    view.set_things([other])
    rest(view, qtbot)
    assert view.eye is moved


def test_another_result_of_the_scene_does_not_move_the_eye(view: Viewport, qtbot: QtBot) -> None:
    around = cameras(*(((2.5 * np.sin(turn), -1, -2.5 * np.cos(turn)), (0, 0, 0)) for turn in range(6)))
    whole = Thing("1", "whole", scene())
    part = Thing("2", "part", scene().take(np.r_[0:400, 500:700]))
    eyes = []
    for thing in (whole, part, whole):
        view.set_things([thing])
        view.set_seen_from(thing, around)
        rest(view, qtbot)
        eyes.append(view.eye)
    assert np.linalg.norm(eyes[0].position) == pytest.approx(np.hypot(2.5, 1))
    assert eyes[1] is eyes[0] and eyes[2] is eyes[0]


def test_what_a_scene_was_cut_to_is_seen_from_the_same_place(view: Viewport, qtbot: QtBot) -> None:
    whole, part = scene(), scene().take(np.arange(500))
    eyes = []
    for value in (whole, part.take(part.means[:, 0] > -0.2), whole):
        view.set_things([Thing(str(len(eyes)), "scene", value)])
        rest(view, qtbot)
        eyes.append(view.eye)
    assert eyes[1] is eyes[0] and eyes[2] is eyes[0]
    away = replace(part, means=part.means + np.float32([9, 0, 0]))
    view.set_things([Thing("away", "scene", away)])
    rest(view, qtbot)
    assert view.eye.target[0] == pytest.approx(9, abs=0.2)


def test_looking_through_a_camera_goes_on_when_it_comes_again(view: Viewport, qtbot: QtBot) -> None:
    stands = Thing("c", "cameras", cameras(((0, -1, -2.5), (0, 0, 0))))
    thing = Thing("s", "scene", scene())
    view.set_things([stands, thing])
    rest(view, qtbot)
    view.look_through(0)
    view.set_seen_from(thing, stands.value)
    assert view.camera == 0


def test_what_lies_far_around_does_not_hide_what_is_near(view: Viewport, qtbot: QtBot) -> None:
    wide = scene()
    means = wide.means.copy()
    means[500:] *= 20
    colours = np.full_like(wide.sh, 1.7)
    view.set_things([Thing("s", "scene", replace(wide, means=means, sh=colours))])
    rest(view, qtbot)
    assert min(colour(view, view.rect().center())) > 180


def test_the_usual_angle_of_view_is_back_with_f(view: Viewport, thing: Thing, qtbot: QtBot) -> None:
    fitted = view.eye
    view.go_to(replace(fitted, span=90.0))
    qtbot.keyClick(view, Qt.Key.Key_F)
    assert (view.eye.span, view.eye.distance) == (fitted.span, pytest.approx(fitted.distance))


def test_cameras_that_come_before_the_first_picture_count_too(view: Viewport, qtbot: QtBot) -> None:
    first, second, away = (Thing(key, key, scene()) for key in "123")
    away.value = replace(away.value, means=away.value.means + np.float32([50, 0, 0]))
    view.set_things([first])
    rest(view, qtbot)
    view.set_things([second])
    view.set_seen_from(second, cameras(((-2.5, -1, 0), (0, 0, 0))))
    qtbot.waitUntil(lambda: abs(view.eye.position[0] + 2.5) < 1e-6)
    view.set_things([away])
    view.set_seen_from(away, cameras(((50, -1, 2.5), (50, 0, 0))))
    qtbot.waitUntil(lambda: abs(view.eye.position[2] - 2.5) < 1e-6)


def test_f_fits_and_numbers_stand_at_the_sides(view: Viewport, thing: Thing, qtbot: QtBot) -> None:
    fitted = view.eye.distance
    wheel(view, view.rect().center(), -8)
    drag(view, QPoint(100, 100), QPoint(180, 160), MIDDLE)
    assert view.eye.distance > 2 * fitted
    qtbot.keyClick(view, Qt.Key.Key_F)
    assert view.eye.distance == pytest.approx(fitted, rel=0.05) and np.abs(view.eye.target).max() < 0.01
    for key, side in ((Qt.Key.Key_1, 4), (Qt.Key.Key_3, 1), (Qt.Key.Key_7, 2)):
        qtbot.keyClick(view, key)
        rest(view, qtbot)
        assert colour(view, view.rect().center()) == tuple(map(int, SIDES[side]))


def test_5_makes_parallel_lines(view: Viewport, thing: Thing, qtbot: QtBot) -> None:
    qtbot.keyClick(view, Qt.Key.Key_1)
    near, far = [place(view, (0.5, 0, z)).x() for z in (-0.5, 0.5)]
    assert near > far + 5
    qtbot.keyClick(view, Qt.Key.Key_5)
    near, far = [place(view, (0.5, 0, z)).x() for z in (-0.5, 0.5)]
    assert near == pytest.approx(far, abs=1) and view.eye.parallel
    rest(view, qtbot)
    found = view.pick_at(QPointF(view.rect().center()))
    assert found is not None and found.position[2] == pytest.approx(-0.5, abs=0.01)


@pytest.mark.parametrize("parallel", [False, True])
def test_what_is_a_little_behind_is_hidden(
    view: Viewport, thing: Thing, qtbot: QtBot, parallel: bool
) -> None:
    view.stand("front")
    view.set_parallel(parallel)
    rest(view, qtbot)
    points = np.array([[0.1, 0.1, -0.5 + way] for way in (-0.05, 0.0, 0.05)])
    flat = np.concatenate([points, np.ones((3, 1))], axis=1) @ view.view().projection().T
    ratio = view.width() / view.view().size[0]
    places, depth = flat[:, :2] / flat[:, 2:] * ratio, flat[:, 2]
    assert view.hides(places, depth).tolist() == [False, False, True]


def test_arrows_turn_by_steps(view: Viewport, thing: Thing, qtbot: QtBot) -> None:
    before = view.eye
    qtbot.keyClick(view, Qt.Key.Key_Right)
    qtbot.keyClick(view, Qt.Key.Key_Up)
    assert view.eye.azimuth == before.azimuth + 10 and view.eye.elevation == before.elevation + 10


def test_flying_lasts_as_long_as_a_key_is_held(view: Viewport, thing: Thing, qtbot: QtBot) -> None:
    before = view.eye.position
    forward = view.eye.view((100, 100)).rotation[2]
    qtbot.keyPress(view, Qt.Key.Key_W)
    qtbot.waitUntil(lambda: (view.eye.position - before) @ forward > 0.1)
    qtbot.keyRelease(view, Qt.Key.Key_W)
    assert not view._fly_clock.isActive()
    qtbot.keyPress(view, Qt.Key.Key_E)
    view.hide()
    assert not view._fly_clock.isActive(), "a key let go elsewhere must not fly on"


def test_many_moves_end_in_the_picture_of_the_last(view: Viewport, thing: Thing, qtbot: QtBot) -> None:
    middle = view.rect().center()
    press(view, middle)
    for step in range(60):
        hold(view, middle + QPoint(step, step // 3))
    release(view, middle + QPoint(59, 19))
    rest(view, qtbot)


# -------------------------------------------------------------------------------------- picking, measuring


def test_a_click_picks_the_face_and_the_place_on_it(view: Viewport, thing: Thing, qtbot: QtBot) -> None:
    mesh = thing.value
    pixel = 2 * view.eye.distance * np.tan(np.radians(20)) / 300
    for face in range(12):
        corners = mesh.vertices[mesh.faces[face]].astype(float)
        normal = np.cross(corners[1] - corners[0], corners[2] - corners[0])
        middle = corners.mean(axis=0)
        if (view.eye.position - middle) @ normal <= 0.2 * np.linalg.norm(normal):
            continue  # it faces away
        with qtbot.waitSignal(view.picked) as told:
            click(view, place(view, tuple(middle)))
        found = told.args[0]
        assert (found.kind, found.index, found.title) == ("face", face, "box")
        there = place(view, tuple(found.position)) - place(view, tuple(middle))
        assert there.manhattanLength() <= 2, "under the pointer"
        unit = normal / np.linalg.norm(normal)
        assert abs((found.position - corners[0]) @ unit) < pixel, "on the face's plane"
        assert view.marks == [found]
    with qtbot.waitSignal(view.picked) as told:
        click(view, QPoint(3, 3))
    assert told.args == [None] and view.marks == []


def test_a_click_picks_a_point_exactly(view: Viewport, qtbot: QtBot) -> None:
    positions = np.array([[-1, 0, 0], [1, 0, 0], [0, -1, 0.5], [0, 1, -0.5]], np.float32)
    view.set_things([Thing("c", "cloud", PointCloud(positions, confidence=np.float32([0.1, 0.2, 0.3, 0.4])))])
    rest(view, qtbot)
    for index, point in enumerate(positions):
        with qtbot.waitSignal(view.picked) as told:
            click(view, place(view, tuple(point)))
        found = told.args[0]
        assert (found.kind, found.index) == ("point", index) and (found.position == point).all()
        assert found.told["confidence"] == f"{(index + 1) / 10:.3g}"


def test_measuring_is_the_distance_in_the_world(view: Viewport, qtbot: QtBot) -> None:
    positions = np.array([[-1, 0.2, 0], [1, -0.3, 0.4]], np.float32)
    view.set_things([Thing("c", "cloud", PointCloud(positions))])
    rest(view, qtbot)
    view.measuring = True
    assert np.isnan(view.distance())
    plain = view.grab().toImage()
    click(view, place(view, tuple(positions[0])))
    assert np.isnan(view.distance())
    click(view, place(view, tuple(positions[1])))
    assert view.distance() == pytest.approx(float(np.linalg.norm(positions[0] - positions[1])))
    middle = (place(view, tuple(positions[0])) + place(view, tuple(positions[1]))) / 2
    box_ = (middle.x() - 30, middle.y() - 8, 60, 16)
    assert view.grab().toImage().copy(*box_) != plain.copy(*box_), "the length stands at the line"
    click(view, place(view, tuple(positions[1])))
    assert len(view.marks) == 1, "the third click begins anew"
    qtbot.keyClick(view, Qt.Key.Key_Escape)
    assert view.marks == []


def test_a_double_click_makes_a_place_the_target(view: Viewport, thing: Thing) -> None:
    at = place(view, (-0.4, -0.5, -0.4))
    found = view.pick_at(QPointF(at))
    assert found is not None
    double_click(view, at)
    assert view.eye.target == pytest.approx(found.position)
    assert (place(view, tuple(found.position)) - QPoint(200, 150)).manhattanLength() <= 1


# ----------------------------------------------------------------------------------------------- cameras


def exact(scene: SolidMesh, view: View, style: Style) -> np.ndarray:
    """What the ray caster alone makes of a camera, two samples a pixel as the finest picture has."""
    assert scene.scene is not None
    return to_bytes(render(scene.scene, view, UNLIT, samples=2), style)


@pytest.mark.parametrize("camera", [0, 2])
def test_looking_through_a_camera_is_its_very_picture(view: Viewport, qtbot: QtBot, camera: int) -> None:
    cameras = ring(3, (400, 300))
    solid, stands = Thing("b", "box", box()), Thing("c", "cameras", cameras)
    view.set_things([solid, stands])
    rest(view, qtbot)
    with qtbot.waitSignal(view.camera_entered) as told:
        view.look_through(camera)
    assert told.args == [camera]
    seen = View(
        cameras.intrinsics[camera],
        cameras.extrinsics[camera, :, :3],
        cameras.extrinsics[camera, :, 3],
        (400, 300),
    )
    rest(view, qtbot)
    assert view.view().projection() == pytest.approx(seen.projection())
    wanted = exact(solid.made(), seen, view.drawing)
    qtbot.waitUntil(lambda: np.array_equal(picture_of(view.screenshot()), wanted), timeout=5000)
    assert (wanted == SIDES[:, None, None]).all(axis=-1).any(axis=0).sum() > 1000, "the box is in it"


def test_a_camera_of_another_shape_keeps_its_proportions(view: Viewport, qtbot: QtBot) -> None:
    cameras = ring(2, (300, 300))
    view.set_things([Thing("b", "box", box()), Thing("c", "cameras", cameras)])
    rest(view, qtbot)
    view.look_through(1)
    rest(view, qtbot)
    for point in ((0.5, 0.5, 0.5), (-0.3, 0.2, -0.5)):
        x, y, z = cameras.intrinsics[1] @ (cameras.extrinsics[1] @ [*point, 1.0])
        found = view.on_screen(np.array(point))
        assert found is not None
        assert (found.x(), found.y()) == pytest.approx((x / z + 50, y / z)), "the middle 300 pixels of 400"


def test_the_photo_lies_over_the_model_as_strongly_as_told(view: Viewport, qtbot: QtBot) -> None:
    view.set_things([Thing("b", "box", box()), Thing("c", "cameras", ring(2, (200, 300)))])
    rest(view, qtbot)
    view.look_through(0)
    rest(view, qtbot)
    bare = colour(view, QPoint(200, 150))
    photo = QImage(20, 30, QImage.Format.Format_RGB32)
    photo.fill(QColor(10, 250, 10))
    view.set_photo(photo)
    for opacity in (0.0, 0.25, 1.0):
        view.set_photo_opacity(opacity)
        mixed = [(1 - opacity) * a + opacity * b for a, b in zip(bare, (10, 250, 10), strict=True)]
        assert colour(view, QPoint(200, 150)) == pytest.approx(mixed, abs=2)
    assert colour(view, QPoint(102, 5)) == (10, 250, 10) and colour(view, QPoint(96, 5)) != (10, 250, 10)
    view.leave_camera()
    assert view.camera == -1 and colour(view, QPoint(200, 150)) != (10, 250, 10)


def test_any_movement_and_escape_leave_the_camera(view: Viewport, qtbot: QtBot) -> None:
    view.set_things([Thing("b", "box", box()), Thing("c", "cameras", ring(2))])
    rest(view, qtbot)
    for leave in (
        lambda: drag(view, QPoint(100, 100), QPoint(130, 100)),
        lambda: qtbot.keyClick(view, Qt.Key.Key_Escape),
    ):
        view.look_through(1)
        assert view.camera == 1
        with qtbot.waitSignal(view.camera_entered) as told:
            leave()
        assert told.args == [-1] and view.camera == -1
    view.look_through(17)
    assert view.camera == -1, "there is no such camera"


# ------------------------------------------------------------------------------------------------- around it


def test_another_value_keeps_the_view(view: Viewport, thing: Thing, qtbot: QtBot) -> None:
    drag(view, QPoint(100, 100), QPoint(150, 120))
    eye = view.eye
    view.set_things([Thing("other", "other", box(3.0))])
    rest(view, qtbot)
    assert view.eye is eye


def test_the_backdrop_follows_the_theme(view: Viewport, thing: Thing, qtbot: QtBot, qapp) -> None:
    theme.use("light", qapp)
    rest(view, qtbot)
    top = colour(view, QPoint(2, 2))
    assert max(abs(a - b) for a, b in zip(top, QColor(theme.LIGHT.raised).getRgb()[:3], strict=True)) <= 3
    theme.use("dark", qapp)


def test_a_linked_view_follows_without_telling(view: Viewport, thing: Thing, qtbot: QtBot) -> None:
    told: list[object] = []
    view.eye_moved.connect(told.append)
    view.follow(view.eye.turned(30, 10))
    assert told == []
    drag(view, QPoint(100, 100), QPoint(120, 100))
    assert told and told[-1] is view.eye


def test_hidden_it_paints_nothing_and_shown_it_is_right_again(
    view: Viewport, thing: Thing, qtbot: QtBot
) -> None:
    view.hide()
    held = view._painted
    view.stand("top")
    qtbot.wait(60)
    assert view._painted is held
    view.show()
    rest(view, qtbot)
    assert colour(view, view.rect().center()) == tuple(map(int, SIDES[2]))


def test_closing_ends_the_thread_and_the_clocks(view: Viewport, thing: Thing) -> None:
    view.spin(True)
    assert any(each.name == "viewport" for each in threading.enumerate())
    view.close_painter()
    assert not any(each.name == "viewport" for each in threading.enumerate())
    assert not view._spin_clock.isActive() and not view._fly_clock.isActive()


# --------------------------------------------------------------------------------------- with its controls


@pytest.fixture
def model(qtbot: QtBot) -> Iterator[ModelView]:
    made = ModelView()
    qtbot.addWidget(made)
    made.resize(560, 460)
    made.viewport.set_style(shading="plain", grid=False, axes=False)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close_view()
    made.close()


def test_values_come_and_go_and_kept_ones_stay(model: ModelView, qtbot: QtBot) -> None:
    model.show_value(box(), "a", "castle")
    rest(model.viewport, qtbot)
    assert "12 triangles" in model.readout.text()
    model._fill_layers()
    keep = next(each for each in model.layers.actions() if each.text() == "Keep castle in view")
    with qtbot.waitSignal(model.kept_changed):
        keep.trigger()
    model.show_value(PointCloud(np.zeros((1000, 3), np.float32)), "b", "cloud")
    assert [each.title for each in model.viewport.things] == ["castle", "cloud"]
    assert "12 triangles" in model.readout.text() and "1,000 points" in model.readout.text()
    made = model.viewport.things[0].made()
    model.show_value(ring(3), "c", "cameras")
    assert [each.title for each in model.viewport.things] == ["castle", "cameras"]
    assert model.viewport.things[0].made() is made, "and are not made ready again"
    model.clear_value()
    assert [each.title for each in model.viewport.things] == ["castle"]


def test_a_layer_is_hidden_and_shown(model: ModelView, qtbot: QtBot) -> None:
    model.show_value(box(), "a", "castle")
    rest(model.viewport, qtbot)
    view = model.viewport
    before = colour(view, view.rect().center())
    model._fill_layers()
    model.layers.actions()[0].trigger()
    qtbot.waitUntil(lambda: colour(view, view.rect().center()) != before)
    model._fill_layers()
    model.layers.actions()[0].trigger()
    qtbot.waitUntil(lambda: colour(view, view.rect().center()) == before)


def test_picks_and_lengths_are_told(model: ModelView, qtbot: QtBot) -> None:
    positions = np.array([[-1, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]], np.float32)
    model.show_value(PointCloud(positions), "c", "cloud")
    view = model.viewport
    rest(view, qtbot)
    click(view, place(view, (-1, 0, 0)))
    assert "(-1, 0, 0)" in model.readout.text() and "point 0" in model.readout.text()
    click(model.measure, model.measure.rect().center())
    click(view, place(view, (-1, 0, 0)))
    click(view, place(view, (1, 0, 0)))
    assert "distance 2 " in model.readout.text()
    click(view, QPoint(2, 2))
    assert "4 points" in model.readout.text()


def test_cameras_are_stepped_through_and_their_photos_asked_for(model: ModelView, qtbot: QtBot) -> None:
    model.show_value(ring(3), "c", "cameras")
    rest(model.viewport, qtbot)
    asked: list[str] = []
    model.photo_wanted.connect(asked.append)
    model._fill_cameras()
    next(each for each in model.cameras.actions() if each.text() == "photo1.jpg").trigger()
    assert model.through.isVisible() and model.through.title.text() == "photo1.jpg"
    model.through.stepped.emit(1)
    model.through.stepped.emit(1)
    model.through.stepped.emit(-1)
    assert asked == ["photo1.jpg", "photo2.jpg", "photo0.jpg", "photo2.jpg"]
    from meshloom.graph_runtime.types import Image

    model.set_photo("photo1.jpg", Image(np.zeros((3, 4, 3), np.uint8)))
    assert model.viewport._photo is None, "one that comes late for another camera is not shown"
    model.set_photo("photo2.jpg", Image(np.zeros((3, 4, 3), np.uint8)))
    assert model.viewport._photo is not None
    model.through.left.emit()
    assert not model.through.isVisible() and model.viewport.camera == -1


def test_what_cannot_be_drawn_is_told(model: ModelView, qtbot: QtBot) -> None:
    model.show_value("nothing with three dimensions", "x", "broken")
    qtbot.waitUntil(lambda: "broken cannot be drawn" in model.readout.text())


def test_splats_are_drawn_as_the_menu_says(model: ModelView, qtbot: QtBot) -> None:
    random = np.random.default_rng(0)
    splats = Splats(
        random.uniform(-1, 1, (300, 3)).astype(np.float32),
        random.normal(size=(300, 4)).astype(np.float32),
        np.full((300, 3), 0.06, np.float32),
        random.uniform(0.3, 0.9, 300).astype(np.float32),
        random.normal(size=(300, 4, 3)).astype(np.float32) * 0.3,
    )
    model.show_value(splats, "s", "scene")
    view = model.viewport
    rest(view, qtbot)
    pictures = {view._painted.image.cacheKey(): view.grab().toImage()}
    for words in ("Ellipsoids", "Points only", "Soft", "Opacity", "Base colour"):
        model.points.popup(model.mapToGlobal(QPoint(0, 0)))
        (action,) = [each for each in model.points.actions() if each.text() == words]
        assert action.isEnabled()
        click(model.points, model.points.actionGeometry(action).center())
        model.points.hide()
        rest(view, qtbot)
        held = view.grab().toImage()
        assert all(held != other for key, other in pictures.items()) or words == "Soft"
        pictures[words] = held
    assert view.drawing.splats == "soft" and view.drawing.points_by == "base"
    model.show_value(box(), "b", "box")
    rest(view, qtbot)
    model._offer_attributes()
    (action,) = [each for each in model.points.actions() if each.text() == "Ellipsoids"]
    assert not action.isEnabled()
