"""The 3D view with its controls: layers, shading, points, cameras, clipping, measuring."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QGuiApplication, QImage
from PySide6.QtWidgets import (
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSlider,
    QToolButton,
    QVBoxLayout,
    QWidget,
    QWidgetAction,
)

from meshloom.graph_runtime.types import Cameras
from meshloom.ui.look.image_view import to_screen
from meshloom.ui.theme import UNIT
from meshloom.ui.viewport.eye import SIDES
from meshloom.ui.viewport.picking import Pick
from meshloom.ui.viewport.soft import Soft
from meshloom.ui.viewport.things import Points, Stands, Thing
from meshloom.ui.viewport.tool import Tool
from meshloom.ui.viewport.viewport import Viewport
from meshloom.ui.words import _, mark

_SHADINGS = {
    "auto": mark("Automatic"),
    "material": mark("Material (PBR)"),
    "studio": mark("Clay"),
    "plain": mark("Unlit"),
    "normals": mark("Normals"),
}
_SIDES = {
    "front": mark("Front"),
    "back": mark("Behind"),
    "left": mark("Left"),
    "right": mark("Right"),
    "top": mark("Top"),
    "bottom": mark("Bottom"),
}
_ATTRIBUTES = {
    "colour": mark("Colour"),
    "base": mark("Base colour"),
    "height": mark("Height"),
    "confidence": mark("Confidence"),
    "normals": mark("Normals"),
    "opacity": mark("Opacity"),
    "size": mark("Size"),
    "plain": mark("One colour"),
}
_SPLATS = {
    "soft": mark("Soft"),
    "ellipsoids": mark("Ellipsoids"),
    "points": mark("Points only"),
}


class ModelView(QWidget):
    """Meshes, clouds and cameras together."""

    #: The photo of a camera is wanted: its name. Answer with :meth:`set_photo`.
    photo_wanted = Signal(str)
    #: The user asked to keep what is shown while other values come and go.
    kept_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.viewport = Viewport(self)
        self.readout = QLabel(self)
        self.readout.setMinimumWidth(1)
        self.readout.setContentsMargins(2 * UNIT, 0, 2 * UNIT, UNIT)
        self.readout.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._photo_name = ""
        self._shading = QActionGroup(self)
        self._points_by = QActionGroup(self)
        self._splats = QActionGroup(self)
        bar = QHBoxLayout()
        bar.setContentsMargins(2 * UNIT, UNIT, 2 * UNIT, UNIT)
        bar.setSpacing(UNIT)
        self.layers = QMenu(self)
        self.cameras = QMenu(self)
        self.measure = self._button(_("Measure"), _("Click two places to measure between them"))
        self.measure.setCheckable(True)
        self.measure.toggled.connect(self._set_measuring)
        for widget in (
            self._menu_button(_("Layers"), self.layers, self._fill_layers),
            self._menu_button(_("View"), self._view_menu()),
            self._menu_button(_("Shading"), self._shading_menu()),
            self._menu_button(_("Points"), self._points_menu()),
            self._menu_button(_("Cameras"), self.cameras, self._fill_cameras),
            self._menu_button(_("Clip"), self._clip_menu()),
            self.measure,
        ):
            bar.addWidget(widget)
        bar.addStretch(1)
        self.through = _Through(self)
        self._column = column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(bar)
        column.addWidget(self.viewport, 1)
        column.addWidget(self.through)
        column.addWidget(self.readout)
        self.viewport.picked.connect(self._tell_pick)
        self.viewport.camera_entered.connect(self._entered)
        self.viewport.failed.connect(self._tell_failed)
        self.through.hide()
        self.through.opacity.valueChanged.connect(lambda value: self.viewport.set_photo_opacity(value / 100))
        self.through.stepped.connect(self._step_camera)
        self.through.left.connect(self.viewport.leave_camera)

    def sizeHint(self) -> QSize:
        return QSize(560, 420)

    # ---------------------------------------------------------------------------------------------- values

    def show_value(self, value: Any, key: str = "", title: str = "") -> None:
        """Show a Mesh, PointCloud or Cameras, beside what is kept."""
        kept = [thing for thing in self.viewport.things if thing.kept and thing.key != key]
        known = next((thing for thing in self.viewport.things if key and thing.key == key), None)
        thing = known or Thing(key, title, value)
        thing.title = title
        self.viewport.set_things([*kept, thing])
        self._tell_counts()

    def set_tool(self, tool: Tool | None) -> None:
        """Put a tool into the viewport, its controls under it; the one before is put away."""
        before = self.viewport.tool
        if before is not None:
            before.leave()
            before.hide()
            before.deleteLater()
        self.viewport.set_tool(tool)
        if tool is not None:
            self._column.insertWidget(self._column.indexOf(self.through), tool)
            tool.show()

    def clear_value(self) -> None:
        """Nothing but what is kept."""
        self.viewport.set_things([thing for thing in self.viewport.things if thing.kept])

    def set_seen_from(self, key: str, cameras: Cameras) -> None:
        """The cameras of the photos that the thing of this key was made from."""
        for thing in self.viewport.things:
            if thing.key == key:
                self.viewport.set_seen_from(thing, cameras)

    def set_thumbs(self, photos: dict[str, NDArray[np.uint8]]) -> None:
        """Small pictures of the cameras' photos by name, (H, W, 3) uint8, all of one size."""
        self.viewport.thumbs = dict(photos)
        self.viewport.refresh()

    def set_photo(self, name: str, value: Any) -> None:
        """The photo of the camera that is looked through."""
        if name == self._photo_name:
            self.viewport.set_photo(to_screen(value.pixels))

    def close_view(self) -> None:
        """End the thread that draws."""
        self.viewport.close_painter()

    def _tell_counts(self) -> None:
        words = []
        for thing in self.viewport.things:
            value = thing.value
            if hasattr(value, "faces"):
                words.append(_("{count} triangles").format(count=f"{len(value.faces):,}"))
            elif hasattr(value, "positions"):
                words.append(_("{count} points").format(count=f"{len(value.positions):,}"))
            elif hasattr(value, "opacities"):
                words.append(_("{count} splats").format(count=f"{len(value):,}"))
            elif hasattr(value, "extrinsics"):
                words.append(_("{count} cameras").format(count=len(value)))
        self.readout.setText("   ".join(words))

    # ----------------------------------------------------------------------------------------------- menus

    def _button(self, text: str, tip: str = "") -> QToolButton:
        button = QToolButton(self)
        button.setText(text)
        button.setToolTip(tip)
        return button

    def _menu_button(self, text: str, menu: QMenu, fill: Callable[[], None] | None = None) -> QToolButton:
        button = self._button(text)
        button.setMenu(menu)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        if fill is not None:
            menu.aboutToShow.connect(fill)
        return button

    def _fill_layers(self) -> None:
        self.layers.clear()
        for thing in self.viewport.things:
            shown = self.layers.addAction(thing.title or thing.key[:8])
            shown.setCheckable(True)
            shown.setChecked(thing.visible)
            shown.toggled.connect(partial(self._set_visible, thing))
        self.layers.addSeparator()
        for thing in self.viewport.things:
            words = _("Let go of {title}") if thing.kept else _("Keep {title} in view")
            keep = self.layers.addAction(words.format(title=thing.title))
            keep.triggered.connect(partial(self._toggle_kept, thing))

    def _set_visible(self, thing: Thing, visible: bool) -> None:
        thing.visible = visible
        self.viewport.refresh()

    def _toggle_kept(self, thing: Thing) -> None:
        thing.kept = not thing.kept
        if not thing.kept and thing is not self.viewport.things[-1]:
            self.viewport.set_things([each for each in self.viewport.things if each is not thing])
        self._tell_counts()
        self.kept_changed.emit()

    def _view_menu(self) -> QMenu:
        menu = QMenu(self)
        menu.addAction(_("Fit all") + "\tF", self.viewport.fit)
        menu.addAction(_("As at first") + "\tHome", self.viewport.look_first)
        menu.addSeparator()
        keys = {"front": "1", "right": "3", "top": "7"}
        for side in SIDES:
            text = _(_SIDES[side]) + (f"\t{keys[side]}" if side in keys else "")
            menu.addAction(text, partial(self.viewport.stand, side))
        menu.addSeparator()
        self._check(menu, _("Parallel lines") + "\t5", False, self.viewport.set_parallel)
        self._check(menu, _("Turntable"), False, self.viewport.spin)
        menu.addSeparator()
        for name, words, on in (
            ("grid", _("Grid"), True),
            ("axes", _("Axes"), True),
            ("bounds", _("Bounds"), False),
        ):
            self._check(menu, words, on, lambda value, each=name: self.viewport.set_style(**{each: value}))
        menu.addSeparator()
        menu.addAction(_("Save a picture…"), self.save_picture)
        menu.addAction(
            _("Copy the picture"),
            lambda: QGuiApplication.clipboard().setImage(self.viewport.screenshot()),
        )
        return menu

    def _check(self, menu: QMenu, text: str, on: bool, call: Callable[[bool], object]) -> QAction:
        action = menu.addAction(text)
        action.setCheckable(True)
        action.setChecked(on)
        action.toggled.connect(call)
        return action

    def _shading_menu(self) -> QMenu:
        menu = QMenu(self)
        for name, words in _SHADINGS.items():
            action = self._check(menu, _(words), name == "auto", lambda on: None)
            action.setData(name)
            self._shading.addAction(action)
        self._shading.triggered.connect(lambda action: self.viewport.set_style(shading=action.data()))
        menu.addSeparator()
        self._check(menu, _("Wireframe"), False, lambda on: self.viewport.set_style(wireframe=on))
        return menu

    def _points_menu(self) -> QMenu:
        menu = self.points = QMenu(self)
        menu.aboutToShow.connect(self._offer_attributes)
        for name, words in _ATTRIBUTES.items():
            action = self._check(menu, _(words), name == "colour", lambda on: None)
            action.setData(name)
            self._points_by.addAction(action)
        self._points_by.triggered.connect(lambda action: self.viewport.set_style(points_by=action.data()))
        menu.addSection(_("Splats at rest"))
        for name, words in _SPLATS.items():
            action = self._check(menu, _(words), name == "soft", lambda on: None)
            action.setData(name)
            self._splats.addAction(action)
        self._splats.triggered.connect(lambda action: self.viewport.set_style(splats=action.data()))
        menu.addSeparator()
        size = _slider(menu, _("Size"), 10, 500, 100)
        size.valueChanged.connect(lambda value: self.viewport.set_style(point_size=value / 100))
        return menu

    def _offer_attributes(self) -> None:
        offered = {
            name
            for thing in self.viewport.things
            if isinstance(thing._made, Points)
            for name in thing._made.offers()
        }
        for action in self._points_by.actions():
            action.setEnabled(action.data() in offered)
        self._splats.setEnabled(any(isinstance(thing._made, Soft) for thing in self.viewport.things))

    def _fill_cameras(self) -> None:
        self.cameras.clear()
        style = self.viewport.drawing
        self._check(
            self.cameras, _("Show cameras"), style.cameras, lambda on: self.viewport.set_style(cameras=on)
        )
        self._check(
            self.cameras, _("Show photos"), style.photos, lambda on: self.viewport.set_style(photos=on)
        )
        stands = self.viewport.stands()
        if stands is not None:
            self.cameras.addSection(_("Look through"))
            for camera in stands.index[:200]:
                name = stands.cameras.names[camera] or str(camera)
                self.cameras.addAction(name, partial(self.viewport.look_through, int(camera)))

    def _clip_menu(self) -> QMenu:
        menu = QMenu(self)
        group = QActionGroup(self)
        for axis, words in enumerate((_("No clipping"), _("Across x"), _("Across y"), _("Across z")), -1):
            action = self._check(menu, words, axis < 0, lambda on: None)
            action.setData(axis)
            group.addAction(action)
        menu.addSeparator()
        flip = self._check(menu, _("The other side"), False, lambda on: change())
        place = _slider(menu, _("Where"), 0, 1000, 500)

        def change() -> None:
            axis = group.checkedAction().data()
            self.viewport.set_style(
                clip=None if axis < 0 else (axis, place.value() / 1000, not flip.isChecked())
            )

        group.triggered.connect(lambda action: change())
        place.valueChanged.connect(lambda value: change())
        return menu

    # -------------------------------------------------------------------------------------------- cameras

    def _entered(self, camera: int) -> None:
        stands = self.viewport.stands()
        self.through.setVisible(camera >= 0)
        self._photo_name = ""
        if camera >= 0 and stands is not None:
            self._photo_name = stands.cameras.names[camera]
            self.through.title.setText(self._photo_name or str(camera))
            self.photo_wanted.emit(self._photo_name)

    def _step_camera(self, by: int) -> None:
        stands = self.viewport.stands()
        if isinstance(stands, Stands) and len(stands.index):
            at = int(np.searchsorted(stands.index, self.viewport.camera))
            self.viewport.look_through(int(stands.index[(at + by) % len(stands.index)]))

    # ---------------------------------------------------------------------------------------------- telling

    def _set_measuring(self, on: bool) -> None:
        self.viewport.measuring = on
        self.viewport.marks = []
        self.viewport.update()
        self.readout.setText(_("Click two places.") if on else "")

    def _tell_pick(self, found: Pick | None) -> None:
        if found is None:
            self._tell_counts()
            return
        place = ", ".join(f"{each:.4g}" for each in found.position)
        words = f"({place})   {found.title}   " + (
            _("face {index}") if found.kind == "face" else _("point {index}")
        ).format(index=found.index)
        words += "".join(f"   {name} {held}" for name, held in found.told.items())
        if len(self.viewport.marks) == 2:
            words = (
                _("distance {distance}").format(distance=f"{self.viewport.distance():.5g}") + "   " + words
            )
        self.readout.setText(words)

    def _tell_failed(self, title: str, why: str) -> None:
        self.readout.setText(_("{title} cannot be drawn: {why}").format(title=title, why=why))

    def save_picture(self) -> None:
        """Ask where, and save what is shown as PNG."""
        file, _kind = QFileDialog.getSaveFileName(self, _("Save a picture"), "view.png", "PNG (*.png)")
        if file and not self.viewport.screenshot().save(file):
            self._tell_failed(file, _("the file cannot be written"))


class _Through(QWidget):
    """Shown while looking through a camera."""

    stepped = Signal(int)
    left = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(2 * UNIT, UNIT, 2 * UNIT, UNIT)
        before, after, leave = QToolButton(self), QToolButton(self), QToolButton(self)
        before.setText("‹")
        after.setText("›")
        leave.setText(_("Leave"))
        before.setToolTip(_("The camera before"))
        after.setToolTip(_("The next camera"))
        self.title = QLabel(self)
        self.opacity = QSlider(Qt.Orientation.Horizontal, self)
        self.opacity.setRange(0, 100)
        self.opacity.setValue(50)
        self.opacity.setToolTip(_("Photo over the model"))
        row.addWidget(before)
        row.addWidget(self.title)
        row.addWidget(after)
        row.addWidget(self.opacity, 1)
        row.addWidget(leave)
        before.clicked.connect(lambda: self.stepped.emit(-1))
        after.clicked.connect(lambda: self.stepped.emit(1))
        leave.clicked.connect(self.left)


def _slider(menu: QMenu, text: str, low: int, high: int, value: int) -> QSlider:
    holder = QWidget(menu)
    grid = QGridLayout(holder)
    grid.setContentsMargins(3 * UNIT, UNIT, 3 * UNIT, UNIT)
    label = QLabel(text, holder)
    label.setProperty("mood", "dim")
    slider = QSlider(Qt.Orientation.Horizontal, holder)
    slider.setRange(low, high)
    slider.setValue(value)
    slider.setMinimumWidth(160)
    grid.addWidget(label, 0, 0)
    grid.addWidget(slider, 1, 0)
    action = QWidgetAction(menu)
    action.setDefaultWidget(holder)
    menu.addAction(action)
    return slider


def picture_of(image: QImage) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 of a QImage."""
    held = image.convertToFormat(QImage.Format.Format_RGB888)
    flat = np.frombuffer(held.constBits(), np.uint8).reshape(held.height(), held.bytesPerLine())
    return flat[:, : 3 * held.width()].reshape(held.height(), held.width(), 3).copy()
