"""Two meshes, clouds or sets of cameras beside each other, seen by one eye; and how far apart they are."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSplitter, QVBoxLayout, QWidget

from meshloom.graph_runtime.types import Mesh, PointCloud
from meshloom.ui.theme import UNIT
from meshloom.ui.viewport.eye import Eye
from meshloom.ui.viewport.things import Thing, mapped
from meshloom.ui.viewport.viewport import Viewport
from meshloom.ui.words import _


def distances(points: NDArray[np.float32], other: Any) -> NDArray[np.float32]:
    """(P,) from each point (P, 3) to the nearest place on a Mesh, or the nearest point of a PointCloud."""
    if isinstance(other, Mesh) and len(other.faces):
        import open3d as o3d

        scene = o3d.t.geometry.RaycastingScene()
        scene.add_triangles(
            o3d.core.Tensor.from_numpy(np.ascontiguousarray(other.vertices)),
            o3d.core.Tensor.from_numpy(np.ascontiguousarray(other.faces).astype(np.uint32)),
        )
        found = [
            scene.compute_distance(o3d.core.Tensor.from_numpy(np.ascontiguousarray(part))).numpy()
            for part in np.array_split(points, max(1, len(points) // 20_000))
        ]
        return np.concatenate(found) if found else np.zeros(0, np.float32)
    from scipy.spatial import cKDTree

    held = other.vertices if isinstance(other, Mesh) else other.positions
    return cKDTree(held).query(points)[0].astype(np.float32)


def coloured_by_distance(value: Any, other: Any) -> tuple[Any, NDArray[np.float32]]:
    """``value`` with each vertex or point coloured by how far from ``other`` it is, dark at 0, yellow at the 95th
    percentile and beyond; and the distances."""
    points = value.vertices if isinstance(value, Mesh) else value.positions
    away = distances(points, other)
    top = float(np.percentile(away, 95)) if len(away) else 1.0
    colours = mapped(away / max(top, 1e-12))
    if isinstance(value, Mesh):
        return Mesh(value.vertices, value.faces, normals=value.normals, colours=colours), away
    return PointCloud(value.positions, colours, value.normals), away


class CompareModels(QWidget):
    """A on the left, B on the right."""

    _measured = Signal(object, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.views = (Viewport(self), Viewport(self))
        self.titles = (QLabel(self), QLabel(self))
        self._values: tuple[Any, Any] = (None, None)
        self._asked = 0
        self.by_distance = QCheckBox(_("Colour by distance from the other"), self)
        self.readout = QLabel(self)
        splitter = QSplitter(self)
        for title, view in zip(self.titles, self.views, strict=True):
            side = QWidget(splitter)
            column = QVBoxLayout(side)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(0)
            title.setContentsMargins(2 * UNIT, UNIT, 2 * UNIT, UNIT)
            column.addWidget(title)
            column.addWidget(view, 1)
            splitter.addWidget(side)
        bar = QHBoxLayout()
        bar.setContentsMargins(2 * UNIT, UNIT, 2 * UNIT, UNIT)
        bar.addWidget(self.by_distance)
        bar.addWidget(self.readout, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(splitter, 1)
        column.addLayout(bar)
        self.views[0].eye_moved.connect(self._lead_right)
        self.views[1].eye_moved.connect(self._lead_left)
        self.by_distance.toggled.connect(self._show)
        self._measured.connect(self._show_measured)

    def show_values(
        self, one: Any, other: Any, titles: tuple[str, str] = ("A", "B"), eye: Eye | None = None
    ) -> None:
        """Two meshes, clouds, scenes or cameras; at first as ``eye`` sees them."""
        self._values = (one, other)
        for label, title in zip(self.titles, titles, strict=True):
            label.setText(title)
        fits = all(isinstance(value, (Mesh, PointCloud)) for value in self._values)
        self.by_distance.setEnabled(fits)
        self._show()
        if eye is not None:
            self.views[0].go_to(eye)

    def _show(self) -> None:
        self.readout.clear()
        self._asked += 1
        if self.by_distance.isChecked() and self.by_distance.isEnabled():
            self.readout.setText(_("Measuring…"))
            asked, values = self._asked, self._values
            threading.Thread(target=self._measure, args=(asked, values), name="compare", daemon=True).start()
            return
        self._put(self._values)

    def _measure(self, asked: int, values: tuple[Any, Any]) -> None:
        try:
            made = [coloured_by_distance(values[0], values[1]), coloured_by_distance(values[1], values[0])]
        except Exception as error:
            self._measured.emit(asked, str(error))
            return
        self._measured.emit(asked, made)

    def _show_measured(self, asked: int, made: Any) -> None:
        if asked != self._asked:
            return
        if isinstance(made, str):
            self.readout.setText(made)
            return
        self._put((made[0][0], made[1][0]))
        parts = [
            _("{side}: mean {mean}, largest {most}").format(
                side=side, mean=f"{float(away.mean()):.4g}", most=f"{float(away.max()):.4g}"
            )
            for side, (_value, away) in zip(("A → B", "B → A"), made, strict=True)
            if len(away)
        ]
        self.readout.setText("   ".join(parts))

    def _put(self, values: tuple[Any, Any]) -> None:
        for view, label, value in zip(self.views, self.titles, values, strict=True):
            view.set_things([Thing("", label.text(), value)])

    def _lead_right(self, eye: Eye) -> None:
        self.views[1].follow(eye)

    def _lead_left(self, eye: Eye) -> None:
        self.views[0].follow(eye)

    def leave(self) -> None:
        """End the threads that draw."""
        self._asked += 1
        for view in self.views:
            view.close_painter()
