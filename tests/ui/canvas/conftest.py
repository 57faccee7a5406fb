"""A canvas over a small graph, and a mouse that does what a hand does."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.graph import GraphData, Link, NodeData
from meshloom.ui.canvas import commands
from meshloom.ui.canvas.view import CanvasView
from meshloom.ui.commands import Keymap
from meshloom.ui.document import OpenDocument

GRAPH = GraphData(
    {
        "photo": NodeData("image.generate"),
        "blur": NodeData("image.blur", {}, {"image": Link("photo", "image")}),
        "size": NodeData("image.resize", {}, {"image": Link("blur", "image")}),
        "cloud": NodeData("mesh.sample_points"),
    },
    {},
    {"photo": (0.0, 0.0), "blur": (300.0, 0.0), "size": (600.0, 0.0), "cloud": (0.0, 420.0)},
)


@pytest.fixture
def view(qtbot: QtBot, catalog: Catalog) -> Iterator[CanvasView]:
    made = CanvasView(OpenDocument(catalog, GRAPH))
    keymap = Keymap()
    keymap.bind(made, commands.COMMANDS, commands.handlers(made))
    qtbot.addWidget(made)
    made.resize(1200, 900)
    made.show()
    qtbot.waitExposed(made)
    made.activateWindow()
    made.setFocus()
    made.zoom_at(1 / made.zoom, QPointF(600, 450))
    yield made
    made.close()


class Hand:
    """Presses, moves and releases at points of the scene or on sockets."""

    def __init__(self, view: CanvasView) -> None:
        self.view = view

    def socket(self, node: str, name: str, outgoing: bool = False) -> QPoint:
        shape = self.view.model.shapes[node]
        socket = shape.socket(name, outgoing)
        assert socket is not None, f"{node} has no {name}"
        return self.view.mapFromScene(QPointF(shape.x + socket.x, shape.y + socket.y))

    def head(self, node: str) -> QPoint:
        shape = self.view.model.shapes[node]
        return self.view.mapFromScene(QPointF(shape.x + 60, shape.y + 15))

    def field(self, node: str, name: str) -> QPoint:
        shape = self.view.model.shapes[node]
        field = next(each for each in shape.fields if each.name == name)
        return self.view.mapFromScene(QPointF(shape.x + 60, shape.y + field.y + 10))

    def _send(self, kind: QEvent.Type, at: QPoint, button, buttons, modifiers) -> None:
        port = self.view.viewport()
        event = QMouseEvent(kind, QPointF(at), QPointF(port.mapToGlobal(at)), button, buttons, modifiers)
        QApplication.sendEvent(port, event)

    def drag(
        self,
        start: QPoint,
        end: QPoint,
        button: Qt.MouseButton = Qt.MouseButton.LeftButton,
        modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
        release: bool = True,
    ) -> None:
        none = Qt.MouseButton.NoButton
        self._send(QEvent.Type.MouseButtonPress, start, button, button, modifiers)
        for step in range(1, 6):
            at = start + (end - start) * step / 5
            self._send(QEvent.Type.MouseMove, at, none, button, modifiers)
        if release:
            self._send(QEvent.Type.MouseButtonRelease, end, button, none, modifiers)

    def click(self, at: QPoint, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        button, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        self._send(QEvent.Type.MouseButtonPress, at, button, button, modifiers)
        self._send(QEvent.Type.MouseButtonRelease, at, button, none, modifiers)

    def double_click(self, at: QPoint) -> None:
        self.click(at)
        button = Qt.MouseButton.LeftButton
        self._send(QEvent.Type.MouseButtonDblClick, at, button, button, Qt.KeyboardModifier.NoModifier)
        self._send(
            QEvent.Type.MouseButtonRelease,
            at,
            button,
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
        )


@pytest.fixture
def hand(view: CanvasView) -> Hand:
    return Hand(view)


@pytest.fixture
def key(view: CanvasView, qtbot: QtBot) -> Callable[..., None]:
    """A key typed into the canvas."""

    def press(code: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        qtbot.keyClick(view, code, modifiers)

    return press
