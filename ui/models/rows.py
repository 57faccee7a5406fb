"""The list of models: two lines each, and a word on how it stands."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QPainter, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from meshloom.graph_runtime.models.licences import PRIVATE
from meshloom.ui.models.amounts import amount
from meshloom.ui.models.desk import Desk
from meshloom.ui.models.shelf import Row
from meshloom.ui.theme import UNIT, theme
from meshloom.ui.words import _

_ROW = Qt.ItemDataRole.UserRole
_HIGH, _HEAD = 50, 34


def standing(row: Row, desk: Desk) -> tuple[str, str]:
    """How a model stands, in a word, and the colour of the theme it is told in."""
    pulling = desk.pulls.get(row.source)
    if pulling is not None:
        return f"{pulling.share:.0%}", "accent"
    return {
        "here": (_("here"), "good"),
        "not here": (_("not commercial"), "warn") if _restricted(row) else ("", "dim"),
        "unfinished": (_("not finished"), "warn"),
        "incomplete": (_("incomplete"), "warn"),
        "pickled": (_("pickled"), "warn"),
        "other": (_("no pipeline"), "dim"),
        "damaged": (_("damaged"), "bad"),
    }[row.state]


def _restricted(row: Row) -> bool:
    return row.licence is not None and row.licence.kind == PRIVATE


class ModelList(QListView):
    """Those on this machine, then those that could be fetched."""

    #: The :class:`Row` that is current, or ``None``.
    chosen = Signal(object)

    def __init__(self, desk: Desk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.setAccessibleName(_("Models"))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self.setItemDelegate(_Painter(desk, self))
        self._model = QStandardItemModel(self)
        self.setModel(self._model)
        self.selectionModel().currentChanged.connect(self._chosen)
        desk.changed.connect(self._stands_otherwise)

    def show_rows(self, rows: list[Row], keep: str = "") -> None:
        """Replace what is shown; the model ``keep`` (a source), else the one chosen before, stays chosen."""
        before = self.current()
        self._model.clear()
        here, others = [row for row in rows if row.here], [row for row in rows if not row.here]
        for title, part in ((_("On this machine"), here), (_("To fetch from the Hub"), others)):
            if part:
                head = QStandardItem(title)
                head.setFlags(Qt.ItemFlag.NoItemFlags)
                self._model.appendRow(head)
            for row in part:
                item = QStandardItem(row.source)
                item.setData(row, _ROW)
                item.setToolTip(row.source)
                said = f"{row.source}. {line(row)}. {standing(row, self._desk)[0]}"
                item.setData(said, Qt.ItemDataRole.AccessibleTextRole)
                self._model.appendRow(item)
        wanted = [row.key for row in rows if row.source == keep] if keep else []
        wanted += [before.key] if before is not None else []
        self._choose(wanted, before.source if before is not None else "")

    def _choose(self, wanted: list[tuple[str, str]], source: str) -> None:
        held = {row.key: at for at in range(self._model.rowCount()) if (row := self._row(at)) is not None}
        found = next((held[key] for key in wanted if key in held), None)
        if found is None:  # another revision of it, or the first of all
            found = next(
                (at for key, at in held.items() if key[0] == source), min(held.values(), default=None)
            )
        if found is None:
            self.chosen.emit(None)
            return
        self.setCurrentIndex(self._model.index(found, 0))

    def _stands_otherwise(self, _source: str) -> None:
        self.viewport().update()

    def choose(self, source: str) -> bool:
        """Make a model the current one; ``False`` if it is not listed."""
        for at in range(self._model.rowCount()):
            row = self._row(at)
            if row is not None and row.source == source:
                self.setCurrentIndex(self._model.index(at, 0))
                return True
        return False

    def rows(self) -> list[Row]:
        return [row for at in range(self._model.rowCount()) if (row := self._row(at)) is not None]

    def current(self) -> Row | None:
        index = self.currentIndex()
        return index.data(_ROW) if index.isValid() else None

    def _row(self, at: int) -> Row | None:
        return self._model.item(at).data(_ROW)

    def _chosen(self, index: QModelIndex, _before: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(index.data(_ROW))


def line(row: Row) -> str:
    """What there is to tell in one line."""
    size = amount(row.bytes) if row.here else _("about {size}").format(size=amount(row.bytes))
    owner = row.source.rpartition("/")[0]
    parts = [owner, size if row.bytes else "", row.licence.name if row.licence is not None else ""]
    return " · ".join(part for part in parts if part)


class _Painter(QStyledItemDelegate):
    def __init__(self, desk: Desk, parent: QWidget) -> None:
        super().__init__(parent)
        self._desk = desk

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(220, _HIGH if index.data(_ROW) is not None else _HEAD)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row: Row | None = index.data(_ROW)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(option.rect).adjusted(2 * UNIT, 1, -2 * UNIT, -1)
        if row is None:
            self._head(painter, box, str(index.data()))
        else:
            self._model(painter, box, row, option)
        painter.restore()

    def _head(self, painter: QPainter, box: QRectF, words: str) -> None:
        font = QFont(painter.font())
        font.setPointSizeF(font.pointSizeF() * 0.9)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(theme().colour("dim"))
        at = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom
        painter.drawText(box.adjusted(3 * UNIT, 0, 0, -UNIT), at, words)

    def _model(self, painter: QPainter, box: QRectF, row: Row, option: QStyleOptionViewItem) -> None:
        colours = theme()
        chosen = bool(option.state & QStyle.StateFlag.State_Selected)
        if chosen or option.state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(colours.colour("raised", 1.0 if chosen else 0.5))
            painter.drawRoundedRect(box, 5, 5)
        if chosen:
            painter.setBrush(colours.colour("accent"))
            painter.drawRoundedRect(QRectF(box.left(), box.top() + 10, 3, box.height() - 20), 1.5, 1.5)
        inner = box.adjusted(3 * UNIT, 6, -3 * UNIT, -7)
        words, mood = standing(row, self._desk)
        room = inner.width() - self._standing(painter, inner, words, mood)
        bold = QFont(option.font)
        bold.setWeight(QFont.Weight.DemiBold)
        painter.setFont(bold)
        painter.setPen(colours.colour("text"))
        metrics = painter.fontMetrics()
        name = row.source.rpartition("/")[2]
        top = inner.top() + metrics.ascent()
        painter.drawText(
            int(inner.left()), int(top), metrics.elidedText(name, Qt.TextElideMode.ElideRight, int(room))
        )
        painter.setFont(option.font)
        painter.setPen(colours.colour("dim"))
        metrics = painter.fontMetrics()
        below = metrics.elidedText(line(row), Qt.TextElideMode.ElideRight, int(inner.width()))
        painter.drawText(int(inner.left()), int(inner.bottom() - metrics.descent()), below)
        self._bar(painter, box, row)

    def _standing(self, painter: QPainter, inner: QRectF, words: str, mood: str) -> float:
        """The word at the right of the first line; how much room it takes."""
        if not words:
            return 0.0
        font = QFont(painter.font())
        font.setPointSizeF(font.pointSizeF() * 0.9)
        painter.setFont(font)
        painter.setPen(theme().colour(mood))
        painter.drawText(inner, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignTop, words)
        return painter.fontMetrics().horizontalAdvance(words) + 3 * UNIT

    def _bar(self, painter: QPainter, box: QRectF, row: Row) -> None:
        pulling = self._desk.pulls.get(row.source)
        if pulling is None:
            return
        line = QRectF(box.left() + 3 * UNIT, box.bottom() - 3, box.width() - 6 * UNIT, 2)
        painter.fillRect(line, theme().colour("line"))
        line.setWidth(line.width() * pulling.share)
        painter.fillRect(line, theme().colour("accent"))
