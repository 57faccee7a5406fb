"""Commands by place, each with its keys drawn as caps."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter
from PySide6.QtWidgets import (
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from meshloom.ui.commands import Command, Keymap
from meshloom.ui.theme import UNIT, theme
from meshloom.ui.window.key_catcher import caps, same, shown
from meshloom.ui.words import _

#: Places whose keys work wherever the focus is in the window.
EVERYWHERE = frozenset({"window", "run"})

_COMMAND = Qt.ItemDataRole.UserRole
#: Of the second column: the keys as Qt writes them, and the colour of the theme they are drawn in.
_KEYS = Qt.ItemDataRole.UserRole + 1
_MOOD = Qt.ItemDataRole.UserRole + 2
_ROW = 30


def label_of(command: Command) -> str:
    """What a command is called, without the dots that announce a question."""
    return _(command.label).removesuffix("…")


def meet(one: Command, other: Command) -> bool:
    """Whether two commands can hear the same keys."""
    return one.place == other.place or one.place in EVERYWHERE or other.place in EVERYWHERE


def clashes(keymap: Keymap, command: Command, key: str, among: Iterable[Command]) -> list[Command]:
    """The other commands that a key already belongs to, where ``command`` would hear it."""
    return [
        other
        for other in among
        if other.id != command.id
        and meet(command, other)
        and any(same(key, held) for held in keymap.keys(other))
    ]


def _place_words(place: str) -> str:
    words = {"canvas": _("Canvas"), "window": _("Window"), "run": _("Running")}
    return words.get(place) or _(place.replace("_", " ").capitalize())


class KeyTable(QTreeWidget):
    """Every command that is bound, and those of ``more``."""

    def __init__(self, keymap: Keymap, more: Iterable[Command] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._keymap = keymap
        self._more = tuple(more)
        self._words: list[str] = []
        #: By id: the commands, and their rows.
        self.commands: dict[str, Command] = {}
        self.rows: dict[str, QTreeWidgetItem] = {}
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setIndentation(0)
        self.setItemsExpandable(False)
        self.setMouseTracking(True)
        self.setAccessibleName(_("Commands and their keys"))
        self.setItemDelegate(_Rows(self))
        self.setVerticalScrollMode(QTreeWidget.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.header().setStretchLastSection(False)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.header().setSectionResizeMode(1, QHeaderView.ResizeMode.Fixed)
        self.header().resizeSection(1, 300)
        self.fill()
        self.setCurrentItem(next(iter(self.rows.values()), None))

    def dress(self) -> None:
        """Take on the colours of the theme."""
        colours = theme()
        self.setStyleSheet(
            f"QTreeWidget {{ background: {colours.panel}; border: 1px solid {colours.line}; "
            f"border-radius: 4px; }} QTreeWidget:focus {{ border-color: {colours.accent}; }}"
        )

    def chosen(self) -> Command | None:
        """The command of the current row."""
        item = self.currentItem()
        return self.commands.get(item.data(0, _COMMAND)) if item is not None else None

    def trouble(self, command: Command) -> str:
        """Which other commands have a key of this one too; empty for none."""
        return self.rows[command.id].toolTip(1) if command.id in self.rows else ""

    def fill(self) -> None:
        """A row for each command, below the heading of its place."""
        before = self.chosen()
        bound = [command for command, _action in self._keymap.commands()]
        self.commands = {each.id: each for each in (*bound, *self._more)}
        self.rows = {}
        self.clear()
        places: dict[str, QTreeWidgetItem] = {}
        for command in self.commands.values():
            if command.place not in places:
                head = QTreeWidgetItem(self, [_place_words(command.place)])
                head.setFlags(Qt.ItemFlag.ItemIsEnabled)
                head.setFirstColumnSpanned(True)
                places[command.place] = head
            row = QTreeWidgetItem(places[command.place], [label_of(command)])
            row.setData(0, _COMMAND, command.id)
            self.rows[command.id] = row
        self.expandAll()
        self._show_keys()
        self._show_matching()
        if before is not None and before.id in self.rows:
            self.setCurrentItem(self.rows[before.id])

    def refresh(self) -> None:
        """Show the keys of now."""
        if all(command.id in self.rows for command, _action in self._keymap.commands()):
            self._show_keys()
        else:
            self.fill()

    def _show_keys(self) -> None:
        for name, row in self.rows.items():
            command = self.commands[name]
            keys = [key for key in self._keymap.keys(command) if key]
            others = [
                each for key in keys for each in clashes(self._keymap, command, key, self.commands.values())
            ]
            names = ", ".join(dict.fromkeys(label_of(each) for each in others))
            row.setText(1, " / ".join(map(shown, keys)) if keys else "–")
            row.setData(1, _KEYS, keys)
            row.setData(1, _MOOD, "warn" if others else "accent" if name in self._keymap.own else "dim")
            row.setToolTip(1, _("Also the keys of: {names}").format(names=names) if names else "")

    def search(self, text: str) -> None:
        """Show only what answers to the words: by label in either language, id, place or keys."""
        self._words = text.lower().split()
        self._show_matching()

    def _show_matching(self) -> None:
        for index in range(self.topLevelItemCount()):
            head = self.topLevelItem(index)
            seen = 0
            for row in (head.child(each) for each in range(head.childCount())):
                command = self.commands[row.data(0, _COMMAND)]
                said = f"{row.text(0)} {row.text(1)} {command.label} {command.id} {head.text(0)}".lower()
                row.setHidden(not all(word in said for word in self._words))
                seen += not row.isHidden()
            head.setHidden(not seen)
        current = self.currentItem()
        if current is None or current.isHidden():
            self.setCurrentItem(next((row for row in self.rows.values() if not row.isHidden()), None))


class _Rows(QStyledItemDelegate):
    """Rows of a command and its keys as caps; rows without a parent are headings."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(40, _ROW + (UNIT * 2 if not index.parent().isValid() and index.row() else 0))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        colours = theme()
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not index.parent().isValid():
            font = QFont(option.font)
            font.setWeight(QFont.Weight.DemiBold)
            painter.setFont(font)
            painter.setPen(colours.colour("dim"))
            below = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom
            painter.drawText(option.rect.adjusted(2 * UNIT, 0, 0, -UNIT * 3 // 2), below, index.data() or "")
            painter.restore()
            return
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, colours.colour("raised"))
            if index.column() == 0:
                edge = option.rect.adjusted(0, 0, 3 - option.rect.width(), 0)
                painter.fillRect(edge, colours.colour("accent"))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(option.rect, colours.colour("raised", 0.5))
        box = option.rect.adjusted(4 * UNIT, 0, -4 * UNIT, 0)
        if index.column() == 0:
            painter.setPen(colours.colour("text"))
            words = painter.fontMetrics().elidedText(index.data(), Qt.TextElideMode.ElideRight, box.width())
            painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, words)
        else:
            _paint_keys(
                painter, QRectF(box), index.data(_KEYS) or [], index.data(_MOOD) or "dim", index.data()
            )
        painter.restore()


def _paint_keys(painter: QPainter, box: QRectF, keys: list[str], mood: str, text: str) -> None:
    """Caps from the right edge leftwards; ``text`` stands where there are no keys."""
    colours = theme()
    metrics = QFontMetricsF(painter.font())
    if not keys:
        painter.setPen(colours.colour(mood))
        painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        return
    right, middle = box.right(), box.center().y()
    for index, key in enumerate(reversed(keys)):
        for name in reversed(caps(key)):
            width = max(metrics.horizontalAdvance(name) + 3 * UNIT, 24.0)
            cap = QRectF(right - width, middle - 10, width, 20)
            painter.setPen(colours.colour("line" if mood == "dim" else mood))
            painter.setBrush(colours.colour("field"))
            painter.drawRoundedRect(cap, 4, 4)
            painter.setPen(colours.colour("text" if mood == "dim" else mood))
            painter.drawText(cap, Qt.AlignmentFlag.AlignCenter, name)
            right -= width + UNIT
        if index < len(keys) - 1:
            painter.setPen(colours.colour("dim"))
            slash = QRectF(right - 2 * UNIT, middle - 10, 2 * UNIT, 20)
            painter.drawText(slash, Qt.AlignmentFlag.AlignCenter, "/")
            right -= 3 * UNIT
