"""What a node does, from its own words: opened by F1."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QPointF, Qt, QUrl, Signal
from PySide6.QtGui import QImage, QPainter, QTextDocument
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.graph import GraphData
from meshloom.graph_runtime.spec import NodeSpec
from meshloom.ui.canvas.paint import draw_node, draw_socket
from meshloom.ui.canvas.shape import NodeShape, Socket, plain_shape
from meshloom.ui.theme import UNIT, current, theme
from meshloom.ui.window.examples import example_of, made_around
from meshloom.ui.window.node_page import PICTURE, page
from meshloom.ui.window.templates import PRESETS
from meshloom.ui.words import _

#: The margin around the picture of a node, in its own units, and the greatest width that it is shown in.
_AROUND = 14
_WIDEST = 210
_DOT = 11


class _Browser(QTextBrowser):
    """Tells of Alt+Left instead of going back in files that it has opened."""

    back_wanted = Signal()

    def backward(self) -> None:
        self.back_wanted.emit()


class NodeDocs(QDialog):
    """A page about one kind of node; links lead to the pages of others."""

    #: The path of a workflow that has such a node.
    example_wanted = Signal(str)
    #: The same, as a graph that no file holds.
    graph_wanted = Signal(object)

    def __init__(self, catalog: Catalog, parent: QWidget | None = None, presets: Path = PRESETS) -> None:
        super().__init__(parent)
        self._catalog = catalog
        self._presets = presets
        self._spec: NodeSpec | None = None
        self._before: list[str] = []
        self._example: Path | GraphData | None = None
        self.browser = _Browser()
        self.back = QPushButton(_("Back"))
        self.example = QPushButton(_("Open an example"))
        self._none = QLabel(_("No node of this kind is installed."))
        self._lay_out()
        self.browser.anchorClicked.connect(self._follow)
        self.back.clicked.connect(self._go_back)
        self.browser.back_wanted.connect(self._go_back)
        self.example.clicked.connect(self._open_example)
        current().changed.connect(self._render)

    def _lay_out(self) -> None:
        self.resize(600, 680)
        self.setWindowTitle(_("About this node"))
        self.browser.setOpenLinks(False)
        self.browser.setAccessibleName(_("What the node does"))
        self.browser.document().setDocumentMargin(5 * UNIT)
        self.back.setToolTip(_("Back (Alt+←)"))
        self._none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        close = QPushButton(_("Close"))
        close.clicked.connect(self.accept)
        end = QHBoxLayout()
        end.setContentsMargins(4 * UNIT, 3 * UNIT, 4 * UNIT, 4 * UNIT)
        end.addWidget(self.example)
        end.addWidget(self.back)
        end.addStretch(1)
        end.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.browser, 1)
        column.addWidget(self._none, 1)
        column.addLayout(end)
        for button in (self.example, self.back, close):
            button.setAutoDefault(False)
        self.back.hide()
        self._none.hide()
        self.setFocusProxy(self.browser)

    # ------------------------------------------------------------------------------------------------- showing

    @property
    def node_type(self) -> str:
        """The kind of node shown; empty for none."""
        return self._spec.id if self._spec is not None else ""

    def show_node(self, node_type: str) -> bool:
        """Show the page of a kind of node; ``False`` if there is none of that name."""
        self._before.clear()
        return self._turn_to(node_type)

    def _turn_to(self, node_type: str) -> bool:
        self._spec = self._catalog.get(node_type)
        self._example = None
        if self._spec is not None:
            self._example = example_of(self._spec, self._presets) or made_around(self._spec, self._catalog)
        self.example.setVisible(self._example is not None)
        named = isinstance(self._example, Path)
        self.example.setToolTip(self._example.stem.replace("_", " ") if named else "")  # type: ignore[union-attr]
        self.back.setVisible(bool(self._before))
        self.browser.setVisible(self._spec is not None)
        self._none.setVisible(self._spec is None)
        self.setWindowTitle(_(self._spec.title) if self._spec is not None else node_type)
        self._render()
        self.browser.setFocus()
        return self._spec is not None

    def _render(self) -> None:
        if self._spec is None:
            return
        paper = theme().panel
        self.browser.setStyleSheet(f"QTextBrowser {{ background: {paper}; border: none; border-radius: 0; }}")
        document = self.browser.document()
        document.clear()
        picture, width = self._picture(self._spec)
        kind = QTextDocument.ResourceType.ImageResource.value
        document.addResource(kind, QUrl(PICTURE), picture)
        for port in (*self._spec.inputs, *self._spec.outputs):
            many = "list:" if port.wire.many else ""
            name = port.wire.base.__name__
            document.addResource(kind, QUrl(f"socket:{many}{name}"), self._dot(name, port.wire.many))
        self.browser.setHtml(page(self._spec, self._catalog, width))

    def _canvas(self, width: float, height: float) -> QImage:
        ratio = max(2.0, self.devicePixelRatioF())
        image = QImage(round(width * ratio), round(height * ratio), QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(ratio)
        image.fill(Qt.GlobalColor.transparent)
        return image

    def _picture(self, spec: NodeSpec) -> tuple[QImage, int]:
        """The node as the canvas paints it, and the width to show it in."""
        shape: NodeShape = plain_shape(spec)
        width, height = shape.width + 2 * _AROUND, shape.height + 2 * _AROUND
        scale = min(1.0, _WIDEST / width)
        image = self._canvas(width * scale, height * scale)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(scale, scale)
        painter.translate(_AROUND, _AROUND)
        draw_node(painter, shape, None)
        painter.end()
        return image, round(width * scale)

    def _dot(self, type_name: str, many: bool) -> QImage:
        image = self._canvas(_DOT, _DOT)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        socket = Socket(type_name, type_name, type_name, many, outgoing=True, required=True, x=0.0, y=0.0)
        painter.translate(_DOT / 2, _DOT / 2)
        painter.scale(0.6, 0.6)
        draw_socket(painter, QPointF(0, 0), socket)
        painter.end()
        return image

    # ------------------------------------------------------------------------------------------------- leading on

    def _follow(self, link: QUrl) -> None:
        if link.scheme() == "node" and self._spec is not None:
            self._before.append(self._spec.id)
            self._turn_to(link.path())

    def _go_back(self) -> None:
        if self._before:
            self._turn_to(self._before.pop())

    def _open_example(self) -> None:
        if isinstance(self._example, Path):
            self.example_wanted.emit(str(self._example))
        elif self._example is not None:
            self.graph_wanted.emit(self._example)
