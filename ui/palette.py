"""Find a node and add it: typed, ranked, filtered to what fits the socket it is for."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import (
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFont, QKeyEvent, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from meshloom.graph_runtime.catalog import Catalog
from meshloom.graph_runtime.listing import Listing, listings
from meshloom.graph_runtime.plan import fit
from meshloom.graph_runtime.spec import NodeSpec, Port
from meshloom.graph_runtime.types import SCALARS, VALUES
from meshloom.ui.canvas.paint import draw_node
from meshloom.ui.canvas.shape import NodeShape, plain_shape
from meshloom.ui.library import Library
from meshloom.ui.settings import data_folder
from meshloom.ui.theme import UNIT, theme
from meshloom.ui.words import _

_ROLE = Qt.ItemDataRole.UserRole
_MOST_RECENT = 12
_ROW = 26


@dataclass(frozen=True)
class Choice:
    """A line of the palette: a node, and the socket of it that fits (empty when none is asked for)."""

    listing: Listing
    title: str
    socket: str = ""
    rank: float = 0.0


def rank(words: str, listing: Listing, title: str) -> float | None:
    """How well a node answers to ``words``, smaller is better; ``None`` if it does not.

    Beginning of the title, then of a word of it, then aliases, then letters in order, then the description.
    """
    if not words:
        return 5.0
    best: float | None = None
    for name in {title.lower(), listing.title.lower()}:
        for score, holds in (
            (0.0, name == words),
            (0.5, name.startswith(words)),
            (1.0, any(part.startswith(words) for part in name.replace("-", " ").split())),
            (1.5, all(any(part.startswith(word) for part in name.split()) for word in words.split())),
            (2.5, words in name),
            (3.5, len(words) > 1 and _in_order(words, name)),
        ):
            if holds:
                best = min(score + len(name) / 1000, best if best is not None else score + 1)
                break
    if any(alias.lower().startswith(words) for alias in listing.aliases):
        best = min(best if best is not None else 2.0, 2.0)
    if best is None and (words in listing.id or any(words in alias.lower() for alias in listing.aliases)):
        best = 3.0
    if best is None and all(word in listing.summary.lower() for word in words.split()):
        best = 4.5
    return best


def _in_order(letters: str, text: str) -> bool:
    found = iter(text)
    return all(letter in found for letter in letters.replace(" ", ""))


class Remembered:
    """The user's favourites, and the nodes added last."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file or data_folder() / "palette.json"
        self.favourites: list[str] = []
        self.recent: list[str] = []
        with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
            held = json.loads(self._file.read_bytes())
            self.favourites = [str(each) for each in held.get("favourites", [])]
            self.recent = [str(each) for each in held.get("recent", [])]

    def used(self, node_id: str) -> None:
        self.recent = [node_id, *(each for each in self.recent if each != node_id)][:_MOST_RECENT]
        self._save()

    def toggle(self, node_id: str) -> bool:
        """Make a node a favourite, or no longer; whether it is one now."""
        if node_id in self.favourites:
            self.favourites.remove(node_id)
        else:
            self.favourites.append(node_id)
        self._save()
        return node_id in self.favourites

    def _save(self) -> None:
        with contextlib.suppress(OSError):
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps({"favourites": self.favourites, "recent": self.recent}))


class Palette(QFrame):
    """A popup of nodes. Everything works from the keyboard."""

    #: The type of node, and the socket to link (empty for none).
    chosen = Signal(str, str)

    def __init__(self, catalog: Catalog, remembered: Remembered | None = None, parent: QWidget | None = None):
        super().__init__(parent, Qt.WindowType.Popup)
        self._catalog = catalog
        self._all: list[Listing] = []
        self._kept: list[Listing] = []
        self._library = Library()
        self._type, self._direction = "", ""
        self.remembered = remembered or Remembered()
        self.line = QLineEdit(self)
        self.line.setPlaceholderText(_("Find a node"))
        self.list = QListView(self)
        self.list.setItemDelegate(_Row(self.list))
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setUniformItemSizes(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._model = QStandardItemModel(self)
        self.list.setModel(self._model)
        self.side = _Side(self)
        self._for = QLabel(self)
        self._lay_out()
        self.line.installEventFilter(self)
        self.line.textChanged.connect(self._show)
        self.list.clicked.connect(self._take)
        self.list.selectionModel().currentChanged.connect(self._describe)
        self.side.star.clicked.connect(self._toggle_favourite)

    def _lay_out(self) -> None:
        self.setFixedSize(720, 24 * _ROW)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        left = QVBoxLayout()
        left.setSpacing(UNIT)
        left.addWidget(self.line)
        left.addWidget(self._for)
        left.addWidget(self.list, 1)
        across = QHBoxLayout(self)
        across.setContentsMargins(2 * UNIT, 2 * UNIT, 2 * UNIT, 2 * UNIT)
        across.setSpacing(3 * UNIT)
        across.addLayout(left, 3)
        across.addWidget(self.side, 2)

    def open_at(self, at: QPoint, type_name: str = "", direction: str = "") -> None:
        """Show it with its corner at a point of the screen, for any node or for those that fit a socket."""
        if not self._all:
            self._all = listings(self._catalog, data_folder())
        self._kept = self._library.groups()
        self._type, self._direction = type_name, direction
        wanted = _("that take {type}") if direction == "in" else _("that give {type}")
        self._for.setText(_("Nodes") + " " + wanted.format(type=_(type_name)) if type_name else "")
        self._for.setVisible(bool(type_name))
        self.line.clear()
        self._show()
        area = self.screen().availableGeometry()
        left = min(max(at.x(), area.left()), area.right() - self.width())
        top = min(max(at.y() - 20, area.top()), area.bottom() - self.height())
        self.move(left, top)
        self.show()
        self.line.setFocus()

    # -------------------------------------------------------------------------------------------- what is shown

    def choices(self, words: str = "") -> list[Choice]:
        """The nodes that answer to ``words`` and fit the socket, best first."""
        words = words.strip().lower()
        found = []
        for listing in (*self._all, *self._kept):
            title = _(listing.title)
            score = rank(words, listing, title)
            if score is None:
                continue
            socket = ""
            if self._type:
                port, fits = self._fitting(self._catalog.get(listing.id))
                if port is None:
                    continue
                socket, score = port.name, score + fits
            if listing.id in self.remembered.favourites:
                score -= 0.45
            if listing.id in self.remembered.recent:
                place = self.remembered.recent.index(listing.id)
                score -= 0.4 * (1 - place / _MOST_RECENT)
            found.append(Choice(listing, title, socket, score))
        return sorted(found, key=lambda choice: (choice.rank, choice.title.lower()))

    def _fitting(self, spec: NodeSpec | None) -> tuple[Port | None, float]:
        """The socket that would be linked, and by how much the fit is worse than an equal type."""
        if spec is None:
            return None, 0.0
        types = {**VALUES, **SCALARS}
        held = types.get(self._type)
        best: tuple[Port | None, float] = (None, 9.0)
        for port in spec.inputs if self._direction == "in" else spec.outputs:
            given, taken = (held, port.wire.base) if self._direction == "in" else (port.wire.base, held)
            if held is None or given is None or taken is None:
                continue
            if port.wire.base is held:
                score = 0.0 if port.required else 0.2
            elif fit(given, taken)[0]:
                score = 0.6
            else:
                continue
            if score < best[1]:
                best = (port, score)
        return best

    def _show(self) -> None:
        self._model.clear()
        for choice in self.choices(self.line.text()):
            item = QStandardItem(choice.title)
            item.setEditable(False)
            item.setData(choice, _ROLE)
            item.setData(f"{choice.title}. {choice.listing.summary}", Qt.ItemDataRole.AccessibleTextRole)
            self._model.appendRow(item)
        if self._model.rowCount():
            self.list.setCurrentIndex(self._model.index(0, 0))
        else:
            self.side.tell(_("No node answers to this."))

    def _describe(self, index: QModelIndex) -> None:
        choice: Choice | None = index.data(_ROLE)
        if choice is not None:
            spec = self._catalog.get(choice.listing.id)
            self.side.show_node(choice, spec, choice.listing.id in self.remembered.favourites)

    def _toggle_favourite(self) -> None:
        choice: Choice | None = self.list.currentIndex().data(_ROLE)
        if choice is not None:
            self.side.set_star(self.remembered.toggle(choice.listing.id))

    # ------------------------------------------------------------------------------------------------- choosing

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.KeyPress:
            key: QKeyEvent = event  # type: ignore[assignment]
            steps = {
                Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 15, Qt.Key.Key_PageUp: -15,
            }  # fmt: skip
            if key.key() in steps:
                rows = self._model.rowCount()
                row = min(max(self.list.currentIndex().row() + steps[Qt.Key(key.key())], 0), rows - 1)
                self.list.setCurrentIndex(self._model.index(row, 0))
                return True
            if key.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._take(self.list.currentIndex())
                return True
            if key.key() == Qt.Key.Key_D and key.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self._toggle_favourite()
                return True
        return super().eventFilter(watched, event)

    def _take(self, index: QModelIndex) -> None:
        choice: Choice | None = index.data(_ROLE)
        if choice is None:
            return
        self.remembered.used(choice.listing.id)
        self.hide()
        self.chosen.emit(choice.listing.id, choice.socket)


class _Row(QStyledItemDelegate):
    """Title at the left, the group it belongs to at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(200, _ROW)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        choice: Choice = index.data(_ROLE)
        colours = theme()
        current = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        box: QRect = option.rect
        if current:
            painter.fillRect(box, colours.colour("accent"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(box, colours.colour("raised"))
        inner = box.adjusted(2 * UNIT, 0, -2 * UNIT, 0)
        group = choice.listing.id.partition(".")[0]
        side = painter.fontMetrics().horizontalAdvance(group) + 2 * UNIT
        painter.setPen(colours.colour("on_accent" if current else "dim"))
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(inner, right, group)
        painter.setPen(colours.colour("on_accent" if current else "text"))
        fitting = painter.fontMetrics().elidedText(
            choice.title, Qt.TextElideMode.ElideRight, inner.width() - side
        )
        painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, fitting)
        painter.restore()


class _Side(QWidget):
    """What the node looks like and does."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._picture = _Picture(self)
        self._title = QLabel(self)
        font = QFont(self._title.font())
        font.setWeight(QFont.Weight.DemiBold)
        self._title.setFont(font)
        self._title.setWordWrap(True)
        self.star = QToolButton(self)
        self.star.setToolTip(_("Favourite (Ctrl+D)"))
        self._words = QLabel(self)
        self._words.setWordWrap(True)
        self._words.setAlignment(Qt.AlignmentFlag.AlignTop)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self.star)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, UNIT, UNIT, UNIT)
        column.addLayout(head)
        column.addWidget(self._words)
        column.addWidget(self._picture, 1)

    def tell(self, words: str) -> None:
        self._title.clear()
        self._words.setText(words)
        self._picture.show_node(None)
        self.star.hide()

    def set_star(self, on: bool) -> None:
        self.star.setText("★" if on else "☆")

    def show_node(self, choice: Choice, spec: NodeSpec | None, favourite: bool) -> None:
        self._title.setText(choice.title)
        self._words.setText(_(choice.listing.summary))
        self._picture.show_node(spec)
        self.star.show()
        self.set_star(favourite)


class _Picture(QWidget):
    """The node as the canvas would paint it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._shape: NodeShape | None = None

    def show_node(self, spec: NodeSpec | None) -> None:
        self._shape = plain_shape(spec) if spec is not None else None
        self.update()

    def paintEvent(self, event: QEvent) -> None:
        if self._shape is None:
            return
        painter = QPainter(self)
        scale = min((self.width() - 24) / self._shape.width, (self.height() - 24) / self._shape.height, 1.0)
        painter.translate((self.width() - self._shape.width * scale) / 2, 12)
        painter.scale(scale, scale)
        draw_node(painter, self._shape, None)
