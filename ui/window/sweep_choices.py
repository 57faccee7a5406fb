"""What of a sweep is seen: which result, what of it, and which axis lies which way."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSlider, QVBoxLayout, QWidget

from meshloom.ui.theme import UNIT
from meshloom.ui.window.sweep_cells import SweepCells
from meshloom.ui.window.sweep_model import NUMBERS, PICTURE, SweepModel
from meshloom.ui.words import _


class SweepChoices(QWidget):
    """Sets the model as its boxes say."""

    #: The axes lie another way.
    arranged = Signal()
    #: Another result, or something else of it, is looked at.
    looked = Signal()

    def __init__(self, cells: SweepCells, model: SweepModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cells = cells
        self._model = model
        #: What the user wants to see of the result; ``None``: what suits it.
        self._picked: str | None = None
        axes = cells.axes
        self.target = self._combo(_("Result to look at"))
        for target in cells.targets:
            self.target.addItem(target.title, target)
        self.what = self._combo(_("What to show of it"))
        self.across = self._combo(_("Across"))
        self.down = self._combo(_("Down"))
        for place, axis in enumerate(axes):
            for combo in (self.across, self.down):
                combo.addItem(cells.labels[axis.place], place)
        self.across.setCurrentIndex(len(axes) - 1)
        self.down.setCurrentIndex(len(axes) - 2)
        #: For each axis, the value to look at while it is neither across nor down.
        self.fixed: list[tuple[QLabel, QComboBox]] = []
        for axis in axes:
            named = cells.labels[axis.place]
            combo = self._combo(named)
            for held in axis.values:
                combo.addItem(cells.value_text(axis.place, held))
            combo.currentIndexChanged.connect(self.arrange)
            self.fixed.append((QLabel(named, self), combo))
        self.size = QSlider(Qt.Orientation.Horizontal, self)
        self.size.setRange(96, 360)
        self.size.setValue(168)
        self.size.setFixedWidth(96)
        self.size.setAccessibleName(_("Size of the cells"))
        self.size.setToolTip(_("Size of the cells"))
        self._lay_out()
        self.across.activated.connect(partial(self._swap, self.across, self.down))
        self.down.activated.connect(partial(self._swap, self.down, self.across))
        self.target.activated.connect(self._target_chosen)
        self.what.activated.connect(self._what_picked)
        cells.numbered.connect(self._offer_numbers)
        self.arrange()
        self._target_chosen()

    def _combo(self, name: str) -> QComboBox:
        combo = QComboBox(self)
        combo.setAccessibleName(name)
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        combo.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return combo

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(2 * UNIT)
        many = len(self._cells.axes) > 1
        for words, widget, shown in (
            (_("Show"), self.target, True),
            ("", self.what, True),
            (_("Across"), self.across, many),
            (_("Down"), self.down, many),
        ):
            if words and shown:
                named = QLabel(words, self)
                named.setProperty("mood", "dim")
                top.addWidget(named)
            top.addWidget(widget)
            widget.setVisible(shown)
            if widget is self.what:
                top.addSpacing(3 * UNIT)
        if not many:
            named = QLabel(self._cells.labels[self._cells.axes[0].place], self)
            named.setProperty("mood", "dim")
            top.addWidget(named)
        top.addStretch(1)
        top.addWidget(self.size)
        more = QHBoxLayout()
        more.setSpacing(2 * UNIT)
        for named, combo in self.fixed:
            more.addWidget(named)
            more.addWidget(combo)
            more.addSpacing(2 * UNIT)
        more.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2 * UNIT)
        column.addLayout(top)
        column.addLayout(more)

    # ----------------------------------------------------------------------------------------- arranging

    def _swap(self, changed: QComboBox, other: QComboBox, _index: int = 0) -> None:
        """An axis cannot lie both ways: the other way takes what this one had."""
        place = changed.currentData()
        if other.currentData() == place:
            before = self._model.across if changed is self.across else self._model.down
            other.setCurrentIndex(other.findData(before))
        self.arrange()

    def arrange(self) -> None:
        """Lay the axes as is chosen."""
        across, down = self.across.currentData(), self.down.currentData()
        lie = (across, down)
        down = None if down == across else down
        for place, (named, combo) in enumerate(self.fixed):
            for widget in (named, combo):
                widget.setVisible(place not in lie)
        fixed = {place: box.currentIndex() for place, (_n, box) in enumerate(self.fixed) if place not in lie}
        self._model.arrange(down, across, fixed)
        self.arranged.emit()

    # ------------------------------------------------------------------------------------------- looking

    def _target_chosen(self) -> None:
        self._picked = None
        self.what.clear()
        self._offer_numbers()

    def _offer_numbers(self) -> None:
        """Put what can be shown of the target into the list, keeping what was picked."""
        target = self.target.currentData()
        names = list(dict.fromkeys(
            name for cell in self._cells.cells for name in self._cells.numbers(cell.index, target)
        ))  # fmt: skip
        offered = [(_("Picture"), PICTURE)] if target.has_pictures or not target.parts else []
        if len(names) > 1 or not (offered or names):
            offered.append((_("All numbers"), NUMBERS))
        offered += [(name.removeprefix(f"{target.name}."), name) for name in names]
        if [key for _words, key in offered] == [self.what.itemData(row) for row in range(self.what.count())]:
            return
        self.what.clear()
        for words, key in offered:
            self.what.addItem(words, key)
        self.what.setCurrentIndex(max(0, self.what.findData(self._picked)))
        self.what.setVisible(len(offered) > 1)
        self._look()

    def _what_picked(self) -> None:
        self._picked = self.what.currentData()
        self._look()

    def _look(self) -> None:
        self._model.show_what(self.target.currentData(), self.what.currentData() or PICTURE)
        self.looked.emit()
